"""The brush: which voxels a stroke passes over, in um, and what it makes of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Region, Shape
from micro.correct.patch import box
from micro.errors import ParameterError
from micro.model import Spacing

__all__ = ["Stamp", "painted", "stamp"]

_FLOAT_SLACK = 1e-9
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stamp:
    """The voxels under the brush: a box of the volume, and which of its voxels; ``mask`` has the shape (z, y, x)."""

    start: Shape
    mask: NDArray[np.bool_]

    @property
    def region(self) -> Region:
        """The box in the volume."""
        return box(self.start, self.mask.shape)


def stamp(
    points: Sequence[Point], radius_um: float, spacing: Spacing, shape: Shape, *, across: int | None = None
) -> Stamp | None:
    """Return the voxels whose centres lie within ``radius_um`` of a path; None where that is outside of the volume.

    Parameters
    ----------
    points
        Corners of the path in voxels (z, y, x), fractions allowed; a single one is a dab. The voxel nearest to a corner
        is always under the brush.
    radius_um
        Radius of the disc or ball in um, whatever the shape of the voxels.
    spacing
        Voxel edges.
    shape
        Voxels of the volume.
    across
        Axis that the brush does not leave: the disc lies in the slice of the first point. None: a ball.

    Raises
    ------
    ParameterError
        If the radius is no positive length.

    Examples
    --------
    >>> flat = stamp([(5, 10, 10)], 0.1, Spacing(0.2, 0.05, 0.05), (20, 20, 20), across=0)
    >>> flat.start, flat.mask.shape, int(flat.mask.sum())
    ((5, 8, 8), (1, 5, 5), 13)
    """
    if not (math.isfinite(radius_um) and radius_um > 0):
        raise ParameterError(f"a brush with a radius of {radius_um:g} um; expected a positive length")
    path = np.array(points, float).reshape(-1, 3)
    edges = np.array(spacing.um)
    if across is not None:
        path[:, across] = round(path[0, across])
    reach = radius_um / edges
    if across is not None:
        reach[across] = 0
    lows = np.maximum(np.floor(path.min(axis=0) - reach).astype(int), 0)
    highs = np.minimum(np.ceil(path.max(axis=0) + reach).astype(int) + 1, shape)
    if (lows >= highs).any():
        return None
    axes = [np.arange(low, high) * edge for low, high, edge in zip(lows, highs, edges, strict=True)]
    mask = np.zeros([len(axis) for axis in axes], bool)
    limit = radius_um**2 * (1 + _FLOAT_SLACK)
    corners = path * edges
    for begin, end in itertools.pairwise(corners if len(corners) > 1 else np.repeat(corners, 2, axis=0)):
        mask |= _squares(axes, begin, end) <= limit
    for corner in np.rint(path).astype(int) - lows:
        if ((corner >= 0) & (corner < mask.shape)).all():
            mask[tuple(corner)] = True
    return _cut(lows, mask)


def painted(
    values: NDArray[np.uint8], mask: NDArray[np.bool_], value: int, *, only: Sequence[int] = ()
) -> NDArray[np.uint8]:
    """Return ``values`` with ``value`` where the mask is set, and only where they are in ``only`` if that names any.

    Examples
    --------
    >>> painted(np.uint8([1, 2, 3, 2]), np.array([True, True, True, False]), 7, only=(2, 3)).tolist()
    [1, 7, 7, 2]
    """
    hit = mask & np.isin(values, list(only)) if only else mask
    return np.where(hit, np.uint8(value), values)


def _squares(
    axes: Sequence[NDArray[np.float64]], begin: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the squared distances in um2 of all voxel centres from a segment."""
    along = end - begin
    length = float(along @ along)
    steps = [axis - origin for axis, origin in zip(axes, begin, strict=True)]
    z, y, x = steps[0][:, None, None], steps[1][None, :, None], steps[2][None, None, :]
    squares: NDArray[np.float64] = z**2 + y**2 + x**2
    if length > 0:
        share = np.clip((z * along[0] + y * along[1] + x * along[2]) / length, 0, 1)
        squares = (z - share * along[0]) ** 2 + (y - share * along[1]) ** 2 + (x - share * along[2]) ** 2
    return squares


def _cut(lows: NDArray[np.intp], mask: NDArray[np.bool_]) -> Stamp | None:
    """Cut a mask to the smallest box around it."""
    if not mask.any():
        return None
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    z, y, x = (int(low) + span.start for low, span in zip(lows, spans, strict=True))
    return Stamp((z, y, x), mask[spans[0], spans[1], spans[2]])
