"""A grey-value volume with its voxel size and its history."""

from __future__ import annotations

from dataclasses import dataclass, replace

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro.errors import ShapeMismatchError
from micro.model.spacing import Spacing
from micro.model.step import Step

__all__ = ["Volume", "as_zyx"]


def as_zyx(array: da.Array | NDArray[np.generic]) -> da.Array:
    """Return ``array`` as a lazy dask array of shape (z, y, x); a 2-D image becomes one slice.

    Raises
    ------
    ShapeMismatchError
        If the array has other than two or three axes, or an axis of length zero.

    Examples
    --------
    >>> as_zyx(np.zeros((4, 5))).shape
    (1, 4, 5)
    """
    lazy = array if isinstance(array, da.Array) else da.from_array(np.asarray(array), name=False)
    if lazy.ndim == 2:
        lazy = lazy[np.newaxis]
    if lazy.ndim != 3 or 0 in lazy.shape:
        raise ShapeMismatchError(f"an image of shape {array.shape}; expected (y, x) or (z, y, x) without empty axes")
    return lazy


@dataclass(frozen=True, slots=True)
class Volume:
    """A grey-value volume: a lazy array in z, y, x, with spacing in um.

    Parameters
    ----------
    data
        Dask array of shape (z, y, x); a 2-D image is one slice. Numpy arrays are wrapped.
    spacing
        Voxel edges in um. In a 2-D image z is a stand-in that cancels in every result.
    modality
        ``sem``, ``fibsem``, ``xct`` or empty.
    history
        What was done so far, first step first.
    name
        Name of the sample, by default that of the file.

    Examples
    --------
    >>> image = Volume(np.zeros((4, 5), np.uint8), Spacing.parse("10nm"))
    >>> image.shape, image.is_2d
    ((1, 4, 5), True)
    """

    data: da.Array
    spacing: Spacing
    modality: str = ""
    history: tuple[Step, ...] = ()
    name: str = "sample"

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", as_zyx(self.data))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along z, y and x."""
        z, y, x = self.data.shape
        return (int(z), int(y), int(x))

    @property
    def is_2d(self) -> bool:
        """Whether this is a single section, of which no 3-D quantity can be known."""
        return self.shape[0] == 1

    def after(self, step: Step, data: da.Array | None = None) -> Volume:
        """Return the volume with ``step`` appended to its history, and new data if given."""
        return replace(self, data=self.data if data is None else data, history=(*self.history, step))
