"""Cutting a volume into blocks with halos."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

__all__ = ["Block", "Region", "Shape", "split"]

Shape = tuple[int, int, int]
Region = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a volume: the core it answers for, and the outer region that it may read.

    ``core`` and ``outer`` are in voxels of the volume; `inner` is the core within the outer region.
    """

    number: int
    core: Region
    outer: Region

    @property
    def inner(self) -> Region:
        """The core in coordinates of the outer region."""
        z, y, x = (
            slice(core.start - outer.start, core.stop - outer.start)
            for core, outer in zip(self.core, self.outer, strict=True)
        )
        return (z, y, x)

    def within(self, halo: Shape) -> Block:
        """Return the block with an outer region of at most ``halo`` voxels beyond the core.

        Examples
        --------
        >>> split((9, 9, 9), (3, 3, 3), (2, 2, 2))[13].within((1, 1, 0)).outer
        (slice(2, 7, None), slice(2, 7, None), slice(3, 6, None))
        """
        z, y, x = (
            slice(max(outer.start, core.start - reach), min(outer.stop, core.stop + reach))
            for core, outer, reach in zip(self.core, self.outer, halo, strict=True)
        )
        return Block(self.number, self.core, (z, y, x))

    def beyond(self, halo: Shape, shape: Shape) -> Block:
        """Return the block with an outer region of ``halo`` voxels beyond the core, as far as ``shape`` goes.

        Examples
        --------
        >>> split((9, 9, 9), (3, 3, 3))[0].beyond((1, 2, 9), (9, 9, 9)).outer
        (slice(0, 4, None), slice(0, 5, None), slice(0, 9, None))
        """
        z, y, x = (
            slice(max(core.start - reach, 0), min(core.stop + reach, length))
            for core, reach, length in zip(self.core, halo, shape, strict=True)
        )
        return Block(self.number, self.core, (z, y, x))

    def cropped(self, box: Region) -> Block:
        """Return the part of the block in a box of its outer region; the core may have nothing of it.

        Examples
        --------
        >>> split((9, 9, 9), (3, 3, 3), (2, 2, 2))[13].cropped((slice(1, 5), slice(0, 7), slice(0, 1))).core
        (slice(3, 6, None), slice(3, 6, None), slice(2, 2, None))
        """
        spans = []
        for outer, core, part in zip(self.outer, self.core, box, strict=True):
            start, stop = outer.start + part.start, outer.start + part.stop
            first = min(max(core.start, start), stop)
            spans.append((slice(first, max(min(core.stop, stop), first)), slice(start, stop)))
        (z, oz), (y, oy), (x, ox) = spans
        return Block(self.number, (z, y, x), (oz, oy, ox))

    @property
    def start(self) -> Shape:
        """First voxel of the core."""
        z, y, x = (axis.start for axis in self.core)
        return (z, y, x)

    @property
    def outer_start(self) -> Shape:
        """First voxel of the outer region."""
        z, y, x = (axis.start for axis in self.outer)
        return (z, y, x)


def split(shape: Shape, block_shape: Shape, halo: Shape = (0, 0, 0)) -> tuple[Block, ...]:
    """Cut a volume of ``shape`` into blocks, in raster order; halos end at the volume's border.

    Examples
    --------
    >>> blocks = split((1, 5, 4), (1, 3, 4), halo=(0, 1, 1))
    >>> [b.core[1] for b in blocks], [b.outer[1] for b in blocks]
    ([slice(0, 3, None), slice(3, 5, None)], [slice(0, 4, None), slice(2, 5, None)])
    """
    starts = [range(0, length, step) for length, step in zip(shape, block_shape, strict=True)]
    blocks = []
    for number, corner in enumerate(itertools.product(*starts)):
        ends = [min(c + step, length) for c, step, length in zip(corner, block_shape, shape, strict=True)]
        core = [slice(c, e) for c, e in zip(corner, ends, strict=True)]
        outer = [
            slice(max(c - h, 0), min(e + h, length)) for c, e, h, length in zip(corner, ends, halo, shape, strict=True)
        ]
        blocks.append(Block(number, (core[0], core[1], core[2]), (outer[0], outer[1], outer[2])))
    return tuple(blocks)
