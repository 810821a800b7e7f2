"""Columns of voxels along the normal's axis, told across blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.measure.protocol import BlockView, Context

__all__ = ["Along", "AlongNumbers", "ColumnEnds", "Ends", "layer_ends", "merge_ends", "place_of", "same_rows"]

AlongNumbers = tuple[int, int, tuple[int, int, int], tuple[int, int, int], tuple[int, int, int], int]
"""Axis and sign of the normal, the core's first and last corner, the outer region's start, the picture's length."""


@dataclass(frozen=True, slots=True)
class Along:
    """How the columns of a block run: what kernels need to follow them in an outer region as it lies in memory.

    Attributes
    ----------
    axis, sign
        Of the normal.
    lo, hi
        The core within the outer region.
    start
        First voxel of the outer region.
    length
        Voxels of the picture along the normal.
    """

    axis: int
    sign: int
    lo: tuple[int, int, int]
    hi: tuple[int, int, int]
    start: tuple[int, int, int]
    length: int

    @classmethod
    def of(cls, context: Context, view: BlockView) -> Along:
        """Return how the columns of a block run; the context has a normal."""
        normal, inner = context.normal, view.block.inner
        assert normal is not None
        lo = (inner[0].start, inner[1].start, inner[2].start)
        hi = (inner[0].stop, inner[1].stop, inner[2].stop)
        return cls(normal.axis, normal.sign, lo, hi, view.block.outer_start, context.shape[normal.axis])

    @property
    def numbers(self) -> AlongNumbers:
        """The same as a tuple, for kernels."""
        return self.axis, self.sign, self.lo, self.hi, self.start, self.length

    @property
    def map_shape(self) -> tuple[int, int]:
        """Columns of the core."""
        rows, columns = (b - a for axis, (a, b) in enumerate(zip(self.lo, self.hi, strict=True)) if axis != self.axis)
        return (rows, columns)

    @property
    def corner(self) -> tuple[int, int]:
        """The core's corner on the map."""
        row, column = (a + s for axis, (a, s) in enumerate(zip(self.lo, self.start, strict=True)) if axis != self.axis)
        return (row, column)


@kernel
def place_of(along: AlongNumbers, k: int, j: int, i: int) -> tuple[int, int, int]:
    """Return row and column on the core's map, and the voxel's number from the picture's anode side."""
    axis, sign, lo, _, start, length = along
    if axis == 0:
        row, column, step = j - lo[1], i - lo[2], start[0] + k
    elif axis == 1:
        row, column, step = k - lo[0], i - lo[2], start[1] + j
    else:
        row, column, step = k - lo[0], j - lo[1], start[2] + i
    return row, column, step if sign > 0 else length - 1 - step


@kernel
def same_rows(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
    """Return whether two rows are equal; the loop has no way out, so that it runs many voxels at a time."""
    differ = np.uint8(0)
    for i in range(a.size):
        differ |= a[i] ^ b[i]
    return bool(differ == 0)


@kernel
def _note(ends: NDArray[np.int32], bits: int, side: int, row: int, column: int, step: int) -> None:
    for layer in range(ends.shape[0]):
        if bits >> layer & 1:
            known = ends[layer, side, row, column]
            if known < 0 or (step < known if side == 0 else step > known):
                ends[layer, side, row, column] = step


@kernel
def _layer_ends(
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    label_bits: NDArray[np.uint16],
    part_bits: NDArray[np.uint16],
    along: AlongNumbers,
    ends: NDArray[np.int32],
) -> None:
    """Write the first beginning and the last end of each layer in each column of the core."""
    axis, sign, lo, hi, _, _ = along
    dk, dj, di = int(axis == 0), int(axis == 1), int(axis == 2)
    width = hi[2] if di == 0 else min(hi[2], labels.shape[2] - 1)
    first = lo[2] - di * (lo[2] > 0)
    for k in range(lo[0] - dk * (lo[0] > 0), hi[0]):
        for j in range(lo[1] - dj * (lo[1] > 0), hi[1]):
            if k + dk >= labels.shape[0] or j + dj >= labels.shape[1]:
                continue
            own, other = labels[k, j, first:width], labels[k + dk, j + dj, first + di : width + di]
            own_part, other_part = parts[k, j, first:width], parts[k + dk, j + dj, first + di : width + di]
            if same_rows(own, other) and same_rows(own_part, other_part):
                continue
            for n in range(own.size):
                here = label_bits[own[n]] | part_bits[own_part[n]]
                there = label_bits[other[n]] | part_bits[other_part[n]]
                if here == there:
                    continue
                i = first + n
                inside = k >= lo[0] and j >= lo[1] and i >= lo[2]
                beyond = k + dk < hi[0] and j + dj < hi[1] and i + di < hi[2]
                # Along the normal a layer ends at the voxel before a change, and begins at the one behind it.
                if inside:
                    row, column, step = place_of(along, k, j, i)
                    _note(ends, here & ~there, 1 if sign > 0 else 0, row, column, step)
                if beyond:
                    row, column, step = place_of(along, k + dk, j + dj, i + di)
                    _note(ends, there & ~here, 0 if sign > 0 else 1, row, column, step)
    _borders(labels, parts, label_bits, part_bits, along, ends)


@kernel
def _borders(
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    label_bits: NDArray[np.uint16],
    part_bits: NDArray[np.uint16],
    along: AlongNumbers,
    ends: NDArray[np.int32],
) -> None:
    """Layers begin and end at the picture's borders across the normal."""
    axis, _, lo, hi, start, length = along
    for edge in range(2):
        plane = -start[axis] if edge == 0 else length - 1 - start[axis]
        if plane < lo[axis] or plane >= hi[axis]:
            continue
        for k in range(plane if axis == 0 else lo[0], plane + 1 if axis == 0 else hi[0]):
            for j in range(plane if axis == 1 else lo[1], plane + 1 if axis == 1 else hi[1]):
                for i in range(plane if axis == 2 else lo[2], plane + 1 if axis == 2 else hi[2]):
                    bits = label_bits[labels[k, j, i]] | part_bits[parts[k, j, i]]
                    row, column, step = place_of(along, k, j, i)
                    _note(ends, bits, 0 if step == 0 else 1, row, column, step)
                    if length == 1:
                        _note(ends, bits, 1, row, column, step)


@dataclass(frozen=True)
class ColumnEnds:
    """First beginning and last end of a layer in the columns of a block, shape (2, rows, columns); -1 is none.

    They count from the picture's anode side.
    """

    corner: tuple[int, int]
    ends: NDArray[np.int32]


def layer_ends(
    view: BlockView, label_bits: NDArray[np.uint16], part_bits: NDArray[np.uint16], layers: int, along: Along
) -> list[ColumnEnds | None]:
    """Return where each layer begins and ends within a block; None for one that does it neither there.

    A voxel belongs to the layers whose bit its label or its part has. The view reaches one voxel beyond the core along
    the normal where the picture goes on.
    """
    ends = np.full((layers, 2, *along.map_shape), -1, np.int32)
    _layer_ends(view.labels, view.parts, label_bits, part_bits, along.numbers, ends)
    return [ColumnEnds(along.corner, one) if (one >= 0).any() else None for one in ends]


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
