"""The anatomy of a labelled cell: what every voxel is part of, and where the interface lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.cell.bow import Bow
from micro.model import Labels, Spacing

__all__ = ["SE_REGION", "Cell", "Normal", "Part", "ReferencePlane"]

Places = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

SE_REGION = 128
"""Bit of ``Cell.parts`` that marks the SE region: between the interface and the far side, label not 0."""


class Part(IntEnum):
    """What a voxel is part of; the low seven bits of ``Cell.parts``."""

    OTHER = 0
    ANODE = 1
    COUNTER = 2
    DENDRITE = 3
    ISOLATED = 4
    GAP = 5
    CRACK = 6
    PORE = 7


@dataclass(frozen=True, slots=True)
class Normal:
    """The axis (0 z, 1 y, 2 x) and sign that lead from the anode into the electrolyte.

    Examples
    --------
    >>> Normal.parse("-y"), str(Normal(0, 1))
    (Normal(axis=1, sign=-1), '+z')
    """

    axis: int
    sign: int

    @classmethod
    def parse(cls, text: str) -> Normal:
        """Read ``+z``, ``-y`` and so on."""
        return cls("zyx".index(text[1]), -1 if text[0] == "-" else 1)

    def __str__(self) -> str:
        return ("-" if self.sign < 0 else "+") + "zyx"[self.axis]


@kernel
def _plane_bins(
    z: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64], bin_um: float, out: NDArray[np.int32]
) -> None:
    for k in range(z.size):
        for j in range(y.size):
            for i in range(x.size):
                out[k, j, i] = math.floor(((z[k] + y[j]) + x[i]) / bin_um)


@kernel
def _plane_above(
    z: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64], than_um: float, out: NDArray[np.bool_]
) -> None:
    for k in range(z.size):
        for j in range(y.size):
            for i in range(x.size):
                out[k, j, i] = (z[k] + y[j]) + x[i] > than_um


@dataclass(frozen=True, slots=True)
class ReferencePlane:
    """A plane in um: the height of a point p (z, y, x) above it is ``p . direction - offset_um``.

    ``direction`` is a unit vector that points from the anode into the electrolyte. The centre of
    voxel (k, j, i) lies at ((k + 0.5) z, (j + 0.5) y, (i + 0.5) x). ``residual_um`` is the robust
    standard deviation of the surface about the plane.

    Where ``bow`` says so the reference is curved: the height is the distance from the nearest point of
    the curved surface, and the plane is the one that fits the surface best.
    """

    direction: tuple[float, float, float]
    offset_um: float
    residual_um: float = 0.0
    bow: Bow | None = None

    def heights_um(
        self, shape: tuple[int, ...], spacing: Spacing, start: tuple[int, ...] = (0, 0, 0)
    ) -> NDArray[np.float64]:
        """Return the heights of the voxel centres of a block that begins at voxel ``start``.

        Each voxel's value depends on its own index only, so blocks agree to the last bit.
        """
        lines = [np.arange(begin, begin + length) for begin, length in zip(start, shape, strict=True)]
        z, y, x = self._terms(lines, spacing)
        if self.bow is not None:
            return self.bow.heights_um((z, y, x), self.direction, self.offset_um)
        return (z[:, None, None] + y[None, :, None]) + (x[None, None, :] - self.offset_um)

    def above(
        self, shape: tuple[int, ...], spacing: Spacing, start: tuple[int, ...] = (0, 0, 0), *, than_um: float = 0.0
    ) -> NDArray[np.bool_]:
        """Return which voxel centres of a block lie higher than ``than_um``, as `heights_um` has them.

        Examples
        --------
        >>> plane = ReferencePlane((1.0, 0.0, 0.0), 2.0)
        >>> plane.above((4, 1, 1), Spacing(1.0, 1.0, 1.0), than_um=0.5).ravel()
        array([False, False, False,  True])
        """
        lines = [np.arange(begin, begin + length) for begin, length in zip(start, shape, strict=True)]
        z, y, x = self._terms(lines, spacing)
        if self.bow is not None:
            return self.bow.above((z, y, x), self.direction, self.offset_um, than_um)
        out = np.empty((z.size, y.size, x.size), np.bool_)
        _plane_above(z, y, x - self.offset_um, than_um, out)
        return out

    def below(
        self, shape: tuple[int, ...], spacing: Spacing, start: tuple[int, ...] = (0, 0, 0), *, than_um: float = 0.0
    ) -> NDArray[np.bool_]:
        """Return which voxel centres of a block lie lower than ``than_um``, as `heights_um` has them.

        Examples
        --------
        >>> plane = ReferencePlane((1.0, 0.0, 0.0), 2.0)
        >>> plane.below((4, 1, 1), Spacing(1.0, 1.0, 1.0), than_um=0.5).ravel()
        array([ True,  True, False, False])
        """
        return ~self.above(shape, spacing, start, than_um=math.nextafter(than_um, -math.inf))

    def heights_at_um(
        self, voxels: Sequence[NDArray[np.int64]], spacing: Spacing, start: tuple[int, ...] = (0, 0, 0)
    ) -> NDArray[np.float64]:
        """Return the heights of single voxels, given by their z, y and x counted from ``start``.

        Equal to `heights_um` to the last bit.
        """
        z, y, x = self._terms([axis + begin for axis, begin in zip(voxels, start, strict=True)], spacing)
        if self.bow is not None:
            return self.bow.heights_at_um((z, y, x), self.direction, self.offset_um)
        return np.asarray((z + y) + (x - self.offset_um))

    def bins(
        self, shape: tuple[int, ...], spacing: Spacing, start: tuple[int, ...] = (0, 0, 0), *, bin_um: float
    ) -> NDArray[np.int32]:
        """Return floor(height / bin) of the voxel centres of a block, as `heights_um` has them.

        Examples
        --------
        >>> plane = ReferencePlane((1.0, 0.0, 0.0), 2.0)
        >>> plane.bins((6, 1, 1), Spacing(1.0, 1.0, 1.0), bin_um=2.0).ravel()
        array([-1, -1,  0,  0,  1,  1], dtype=int32)
        """
        lines = [np.arange(begin, begin + length) for begin, length in zip(start, shape, strict=True)]
        z, y, x = self._terms(lines, spacing)
        if self.bow is not None:
            return self.bow.bins((z, y, x), self.direction, self.offset_um, bin_um)
        out = np.empty((z.size, y.size, x.size), np.int32)
        _plane_bins(z, y, x - self.offset_um, bin_um, out)
        return out

    def _terms(self, voxels: Sequence[NDArray[np.int64]], spacing: Spacing) -> Places:
        """Return the places of voxel centres along each axis in um; for a plane what they add to the height."""
        parts = self.direction if self.bow is None else (1.0, 1.0, 1.0)
        z, y, x = (
            (axis.astype(np.float64) + 0.5) * (edge * part)
            for axis, edge, part in zip(voxels, spacing.um, parts, strict=True)
        )
        return (z, y, x)

    @property
    def sag_um(self) -> float:
        """Highest less lowest point of the bow; 0 for a plane."""
        return 0.0 if self.bow is None else self.bow.sag_um

    def place_um(self, axis: int, u_um: NDArray[np.float64], v_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where the reference lies along ``axis`` above points of the two other axes (u, v), in um."""
        first, second = (other for other in range(3) if other != axis)
        rest = self.offset_um - self.direction[first] * u_um - self.direction[second] * v_um
        place = rest / self.direction[axis]
        return np.asarray(place if self.bow is None else place + self.bow.at(u_um, v_um))

    def reversed(self) -> ReferencePlane:
        """Return the same surface with the other side as the one above it."""
        z, y, x = (-part for part in self.direction)
        return replace(self, direction=(z, y, x), offset_um=-self.offset_um)


@dataclass(frozen=True, slots=True)
class Cell:
    """Labels with their anatomy.

    Parameters
    ----------
    labels
        The final labels, with dendrite (4) and crack (5) told apart.
    parts
        uint8 array of the labels' shape (numpy, zarr or dask): a `Part`, plus `SE_REGION` where it holds.
    normal
        None where no metal body was found, or for a plan view.
    plane
        The reference interface; None where there is none.
    far_plane
        The far side of the electrolyte, pointing the same way; None where the picture cuts it.
    far_side
        ``cathode``, ``counter electrode`` or ``cut by the picture``.
    notes
        What could not be found and why, in one line each; they end in the note column of the tables.
    reference
        Where the reference interface comes from, in a few words; empty where there is none.
    has_anode
        False where the reference interface was given and no anode body is left.
    stated
        The normal that was stated, where there is no interface.
    inside
        uint8 array of the labels' shape: the labels with 0 for what lies behind an electrode (air, mounting);
        None where nothing does.
    unnamed_um
        How far metal that is labelled no dendrite reaches beyond the reference interface; 0 where none does.
    """

    labels: Labels
    parts: Any
    normal: Normal | None = None
    plane: ReferencePlane | None = None
    far_plane: ReferencePlane | None = None
    far_side: str = "cut by the picture"
    notes: tuple[str, ...] = ()
    reference: str = ""
    has_anode: bool = True
    stated: Normal | None = None
    inside: Any | None = None
    unnamed_um: float = 0.0

    @property
    def values(self) -> Any:  # noqa: ANN401
        """What is measured: the label values, without what lies behind an electrode."""
        return self.labels.data if self.inside is None else self.inside
