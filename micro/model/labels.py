"""A label volume: which phase every voxel is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import dask.array as da
import numpy as np

from micro.errors import PhaseError, ShapeMismatchError
from micro.model.phases import SSB_PHASES, PhaseSet
from micro.model.spacing import Spacing
from micro.model.step import Step
from micro.model.volume import as_zyx

__all__ = ["Labels"]


@dataclass(frozen=True, slots=True)
class Labels:
    """Phase labels: uint8 in z, y, x, with the phases that the values stand for.

    Parameters
    ----------
    data
        Dask array of uint8, shape (z, y, x); 0 is unlabelled. Numpy arrays are wrapped.
    spacing
        Voxel edges in um.
    phases
        Names, values, roles and colours.
    history
        What was done so far, first step first.
    probabilities
        Optional, uint8 of shape (phase, z, y, x): 255 times the probability, in the order of ``probability_phases``.
        Numpy arrays are wrapped.
    probability_phases
        Names of the phases along the first axis of ``probabilities``.
    name
        Name of the sample.

    Raises
    ------
    PhaseError
        If the data are not uint8.

    Examples
    --------
    >>> Labels(np.ones((4, 5), np.uint8), Spacing.parse("10nm")).shape
    (1, 4, 5)
    """

    data: da.Array
    spacing: Spacing
    phases: PhaseSet = SSB_PHASES
    history: tuple[Step, ...] = ()
    probabilities: da.Array | None = None
    probability_phases: tuple[str, ...] = ()
    name: str = "sample"

    def __post_init__(self) -> None:
        data = as_zyx(self.data)
        if data.dtype != np.uint8:
            raise PhaseError(f"labels of type {data.dtype}; expected uint8 with 0 for unlabelled")
        if self.probabilities is not None and self.probabilities.shape != (len(self.probability_phases), *data.shape):
            raise ShapeMismatchError(
                f"probabilities of shape {self.probabilities.shape} for phases {self.probability_phases} do not fit "
                f"labels of shape {data.shape}; expected (phase, z, y, x)"
            )
        object.__setattr__(self, "data", data)
        if self.probabilities is not None and not isinstance(self.probabilities, da.Array):
            object.__setattr__(self, "probabilities", da.from_array(np.asarray(self.probabilities), name=False))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along z, y and x."""
        z, y, x = self.data.shape
        return (int(z), int(y), int(x))

    @property
    def is_2d(self) -> bool:
        """Whether this is a single section."""
        return self.shape[0] == 1

    def after(self, step: Step, data: da.Array | None = None) -> Labels:
        """Return the labels with ``step`` appended to their history, and new data if given."""
        return replace(self, data=self.data if data is None else data, history=(*self.history, step))
