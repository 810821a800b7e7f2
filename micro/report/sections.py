"""Plane sections through a sample for its figures: a few slices are read, never the volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import dask.array as da
import numpy as np
from dask.local import get_sync
from numpy.typing import NDArray

from micro.cell import Cell, ReferencePlane
from micro.model import Labels, Volume

__all__ = ["Section", "best_index", "grey_window", "read_section", "section_axis", "trace_um"]

Trace = tuple[tuple[float, float], ...]

_SMALL_VOXELS = 1 << 26
_CANDIDATES_SMALL, _CANDIDATES_LARGE = 15, 5
_CURVE = 97


@dataclass(frozen=True, slots=True)
class Section:
    """One slice of a sample, thinned out for display.

    Parameters
    ----------
    axis, index
        The slice: at right angles to this axis (0 z, 1 y, 2 x), at this voxel.
    rows, columns
        The axes that run down and to the right.
    position_um
        Distance of the slice from the edge of the volume along ``axis``, at its middle.
    size_um
        Height and width on display, in um.
    labels
        uint8, shape (rows, columns).
    grey
        Grey values as read, same shape; None where there is no grey picture.
    """

    axis: int
    index: int
    rows: int
    columns: int
    position_um: float
    size_um: tuple[float, float]
    labels: NDArray[np.uint8]
    grey: NDArray[np.float64] | None


def section_axis(cell: Cell) -> int:
    """Return the axis to slice at right angles to, so that the section shows the cell from the side."""
    if cell.labels.is_2d or cell.normal is None or cell.normal.axis != 0:
        return 0
    return 1


def best_index(labels: Labels, axis: int) -> int:
    """Return the slice with most dendrite and crack among some evenly spaced ones; at a tie the middle-most.

    At most 15 slices of a small volume are read, and 5 of one beyond 64 million voxels.
    """
    length = labels.shape[axis]
    voxels = int(np.prod(labels.shape))
    count = min(length, _CANDIDATES_SMALL if voxels <= _SMALL_VOXELS else _CANDIDATES_LARGE)
    candidates = [int((2 * k + 1) * length // (2 * count)) for k in range(count)]
    if count == 1:
        return candidates[0]
    wanted = labels.phases.mask_table("filament") | labels.phases.mask_table("fracture")
    scores = [int(wanted[_slice(labels.data, axis, index)].sum()) for index in candidates]
    return max(zip(scores, candidates, strict=True), key=lambda pair: (pair[0], -abs(2 * pair[1] + 1 - length)))[1]


def read_section(
    labels: Labels, volume: Volume | None, *, axis: int, index: int, max_pixels: int, transposed: bool = False
) -> Section:
    """Read one slice of labels and grey, thinned so that no side has more than ``max_pixels``.

    Grey values are averaged over what they stand for, labels are those of the middle voxel.
    """
    rows, columns = (a for a in range(3) if a != axis)
    shape = labels.shape[rows], labels.shape[columns]
    steps = tuple(min(-(-length // max_pixels), length) for length in shape)
    picked = _slice(labels.data, axis, index, steps=steps)
    grey = None if volume is None else _grey(volume, axis, index, steps)
    edges = labels.spacing.um
    height, width = (
        count * step * edges[a] for count, step, a in zip(picked.shape, steps, (rows, columns), strict=True)
    )
    if transposed:
        rows, columns, height, width = columns, rows, width, height
        picked, grey = picked.T, None if grey is None else grey.T
    return Section(
        axis, index, rows, columns, (index + 0.5) * edges[axis], (height, width), cast(NDArray[np.uint8], picked), grey
    )


def grey_window(sections: Sequence[Section]) -> tuple[float, float]:
    """Return the grey values that are drawn black and white: 0.5 and 99.5 % of those in all sections."""
    greys = [section.grey[np.isfinite(section.grey)] for section in sections if section.grey is not None]
    if not any(grey.size for grey in greys):
        return (0.0, 1.0)
    low, high = (float(end) for end in np.percentile(np.concatenate(greys), (0.5, 99.5)))
    return (low, high if high > low else low + 1.0)


def trace_um(plane: ReferencePlane, section: Section) -> Trace | None:
    """Return where a reference interface cuts a section: points (x to the right, y down) in um, or None.

    Two points for a plane: they lie on the section's left and right edge, or on its upper and lower
    one where the trace is steep, and may lie outside the picture. A curved one has `_CURVE` points from
    edge to edge, and none in a section along it.
    """
    down, right = plane.direction[section.rows], plane.direction[section.columns]
    rest = plane.offset_um - plane.direction[section.axis] * section.position_um
    height, width = section.size_um
    if plane.bow is not None:
        return _curve_um(plane, section)
    if abs(down) < 1e-9 and abs(right) < 1e-9:
        return None
    if abs(down) >= abs(right):
        return (0.0, rest / down), (width, (rest - right * width) / down)
    return (rest / right, 0.0), ((rest - down * height) / right, height)


def _curve_um(plane: ReferencePlane, section: Section) -> Trace | None:
    assert plane.bow is not None
    axis = plane.bow.axis
    if axis == section.axis:
        return None
    across, length = (
        (section.columns, section.size_um[1]) if axis == section.rows else (section.rows, section.size_um[0])
    )
    along = np.linspace(0.0, length, _CURVE)
    still = np.full(_CURVE, section.position_um)
    u, v = (along, still) if across < section.axis else (still, along)
    place = plane.place_um(axis, u, v)
    x, y = (along, place) if axis == section.rows else (place, along)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def _slice(data: da.Array, axis: int, index: int, *, steps: tuple[int, ...] = (1, 1)) -> NDArray[np.generic]:
    plane = da.take(data, index, axis=axis)
    stop = tuple(length // step * step for length, step in zip(plane.shape, steps, strict=True))
    picked = plane[tuple(slice(step // 2, end, step) for step, end in zip(steps, stop, strict=True))]
    return np.asarray(picked.compute(scheduler=get_sync))


def _grey(volume: Volume, axis: int, index: int, steps: tuple[int, ...]) -> NDArray[np.float64]:
    plane = da.take(volume.data, index, axis=axis)
    if max(steps) > 1:
        plane = da.coarsen(np.mean, plane.astype(np.float64), dict(enumerate(steps)), trim_excess=True)
    values: NDArray[np.float64] = np.asarray(plane.compute(scheduler=get_sync), dtype=np.float64)
    return values
