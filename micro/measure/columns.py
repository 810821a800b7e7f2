"""Columns of voxels along the normal's axis, told across blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.cell import Normal
from micro.measure.protocol import BlockView, Context

__all__ = ["ColumnEnds", "Ends", "Oriented", "column_ends", "merge_ends", "orient"]


@dataclass(frozen=True, slots=True)
class Oriented:
    """Where a block's core lies once the normal's axis is the last and leads into the electrolyte.

    ``lo`` and ``hi`` bound the core within the oriented outer region, ``begin`` is the core's first
    voxel along the normal, ``corner`` its corner on the map.
    """

    lo: tuple[int, int, int]
    hi: tuple[int, int, int]
    begin: int
    corner: tuple[int, int]


def orient(array: NDArray[np.uint8], normal: Normal) -> NDArray[np.uint8]:
    """Return a view or copy whose last axis follows ``normal``; the other two keep their order."""
    return np.ascontiguousarray(np.moveaxis(array, normal.axis, 2)[:, :, :: normal.sign])


def oriented(context: Context, view: BlockView) -> Oriented:
    """Return where the core of a block lies in its oriented outer region."""
    normal = context.normal
    assert normal is not None
    core, outer, inner = view.block.core, view.block.outer, view.block.inner
    a, b = context.map_axes
    along, length = normal.axis, context.shape[normal.axis]
    width = outer[along].stop - outer[along].start
    first, last = inner[along].start, inner[along].stop
    begin = core[along].start
    if normal.sign < 0:
        first, last = width - last, width - first
        begin = length - core[along].stop
    return Oriented(
        (inner[a].start, inner[b].start, first),
        (inner[a].stop, inner[b].stop, last),
        begin,
        (core[a].start, core[b].start),
    )


@kernel
def _ends(
    flags: NDArray[np.uint8],
    bit: int,
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    out: NDArray[np.int32],
) -> int:
    """Write the first beginning and the last end of runs with ``bit`` in each column; return how many were found."""
    found = 0
    for a in range(lo[0], hi[0]):
        for b in range(lo[1], hi[1]):
            for t in range(lo[2], hi[2]):
                if flags[a, b, t] & bit and (t == 0 or not flags[a, b, t - 1] & bit):
                    out[0, a - lo[0], b - lo[1]] = t - lo[2]
                    found += 1
                    break
            for t in range(hi[2] - 1, lo[2] - 1, -1):
                if flags[a, b, t] & bit and (t == flags.shape[2] - 1 or not flags[a, b, t + 1] & bit):
                    out[1, a - lo[0], b - lo[1]] = t - lo[2]
                    found += 1
                    break
    return found


@dataclass(frozen=True)
class ColumnEnds:
    """First beginning and last end of a layer in the columns of a block, shape (2, rows, columns); -1 is none.

    They count from the picture's anode side.
    """

    corner: tuple[int, int]
    ends: NDArray[np.int32]


def column_ends(flags: NDArray[np.uint8], bit: int, where: Oriented) -> ColumnEnds | None:
    """Return where the layer of ``bit`` begins and ends within a block, or None if it does neither there.

    ``flags`` is the oriented outer region, one voxel wider than the core along the normal where the
    picture goes on.
    """
    out = np.full((2, where.hi[0] - where.lo[0], where.hi[1] - where.lo[1]), -1, np.int32)
    if not _ends(flags, bit, where.lo, where.hi, out):
        return None
    out[out >= 0] += where.begin
    return ColumnEnds(where.corner, out)


@dataclass(frozen=True)
class Ends:
    """First and last voxel of a layer in every column, counted along the normal; -1 where it is missing."""

    first: NDArray[np.int32]
    last: NDArray[np.int32]

    @property
    def found(self) -> NDArray[np.bool_]:
        """The columns that hold the layer."""
        return self.last >= 0


def merge_ends(partials: list[ColumnEnds | None], shape: tuple[int, int]) -> Ends:
    """Merge the ends of all blocks over a map of ``shape``."""
    none = np.iinfo(np.int32).max
    first, last = np.full(shape, none, np.int32), np.full(shape, -1, np.int32)
    for one in partials:
        if one is None:
            continue
        rows, columns = one.ends.shape[1:]
        here = (slice(one.corner[0], one.corner[0] + rows), slice(one.corner[1], one.corner[1] + columns))
        np.minimum(first[here], np.where(one.ends[0] < 0, none, one.ends[0]), out=first[here])
        np.maximum(last[here], one.ends[1], out=last[here])
    first[first == none] = -1
    return Ends(first, last)
