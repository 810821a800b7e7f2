"""How many voxels of each phase and part lie in each cell of a coarse grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Shape, kernel
from micro.cell import Part
from micro.model import PhaseSet

__all__ = ["Census", "CensusPartial", "Grid", "census_block", "merge_census"]

CELLS_MAX = 2**14
"""About so many cells has the coarse grid: enough for a covariance, few enough for its transform."""

PARTS = 8


@dataclass(frozen=True, slots=True)
class Grid:
    """A coarse grid over the volume; depends on shape and spacing only, never on the blocks."""

    counts: Shape
    shape: Shape
    edges_um: tuple[float, float, float]

    @classmethod
    def fitting(cls, shape: Shape, spacing_um: tuple[float, float, float], *, cells: int = CELLS_MAX) -> Grid:
        """Return the grid of near-cubic cells over a volume.

        Examples
        --------
        >>> Grid.fitting((256, 256, 128), (0.5, 0.5, 1.0)).counts
        (25, 25, 25)
        """
        lengths = [n * edge for n, edge in zip(shape, spacing_um, strict=True)]
        wide = [length for length, n in zip(lengths, shape, strict=True) if n > 1] or [1.0]
        edge = (math.prod(wide) / cells) ** (1 / len(wide))
        z, y, x = (min(n, max(1, round(length / edge))) for n, length in zip(shape, lengths, strict=True))
        ez, ey, ex = (length / n for length, n in zip(lengths, (z, y, x), strict=True))
        return cls((z, y, x), shape, (ez, ey, ex))

    def cells(self, axis: int, start: int, stop: int) -> NDArray[np.int64]:
        """Return the cell of each voxel from ``start`` to ``stop`` along an axis, by the voxel's centre."""
        middle = 2 * np.arange(start, stop, dtype=np.int64) + 1
        return np.asarray(middle * self.counts[axis] // (2 * self.shape[axis]))

    def pool(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return the sums of an array of the grid's full shape over the cells."""
        pooled = np.asarray(values, np.float64)
        for axis in range(3):
            first = np.searchsorted(self.cells(axis, 0, self.shape[axis]), np.arange(self.counts[axis]))
            pooled = np.add.reduceat(pooled, first, axis=axis)
        return pooled


@dataclass(frozen=True)
class Census:
    """Voxel counts, int64 of shape (cells z, y, x, kinds).

    The first half of the kinds lies outside the SE region, the second in it. Each half holds
    unlabelled, the phases in their order, any other label, then the eight parts.
    """

    counts: NDArray[np.int64]
    grid: Grid
    phases: PhaseSet

    def of_labels(self, values: tuple[int, ...], *, se_region: bool = False) -> NDArray[np.int64]:
        """Return the voxels with one of the label values in each cell."""
        columns = sorted({int(column) for column in label_columns(self.phases)[list(values)]})
        return self._sum(columns, se_region)

    def of_parts(self, *parts: Part, se_region: bool = False) -> NDArray[np.int64]:
        """Return the voxels of the parts in each cell."""
        return self._sum([len(self.phases) + 2 + int(part) for part in parts], se_region)

    def labelled(self, *, se_region: bool = False) -> NDArray[np.int64]:
        """Return the voxels with a label in each cell."""
        return self._sum(range(1, len(self.phases) + 2), se_region)

    def _sum(self, columns: list[int] | range, se_region: bool) -> NDArray[np.int64]:
        half = self.counts.shape[3] // 2
        inside = self.counts[..., [half + column for column in columns]].sum(axis=3)
        result: NDArray[np.int64] = inside if se_region else inside + self.counts[..., list(columns)].sum(axis=3)
        return result


@dataclass(frozen=True)
class CensusPartial:
    """Counts of a block, and the first cell that they belong to."""

    corner: Shape
    counts: NDArray[np.int32]

    @property
    def parts_found(self) -> NDArray[np.bool_]:
        """Which of the eight parts occur."""
        half = self.counts.shape[3] // 2
        some = self.counts.reshape(-1, 2 * half).sum(axis=0) > 0
        found: NDArray[np.bool_] = some[half - PARTS : half] | some[-PARTS:]
        return found


def label_columns(phases: PhaseSet) -> NDArray[np.uint8]:
    """Return 256 entries: the column of each label value (0 unlabelled, then the phases, then any other)."""
    columns = np.full(256, len(phases) + 1, np.uint8)
    columns[0] = 0
    for column, phase in enumerate(phases, start=1):
        columns[phase.value] = column
    return columns


@kernel
def _count(
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    cells: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    out: NDArray[np.int32],
) -> None:
    """Add each voxel to the column of its label and to that of its part, in the half of its region, run by run."""
    half = out.shape[3] // 2
    for k in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            row = out[cells[0][k], cells[1][j]]
            label, part, where = labels[k, j, 0], parts[k, j, 0], cells[2][0]
            begin = 0
            for i in range(1, labels.shape[2] + 1):
                more = i < labels.shape[2]
                if more and label == labels[k, j, i] and part == parts[k, j, i] and where == cells[2][i]:
                    continue
                first = half if part & 128 else 0
                row[where, first + columns[label]] += i - begin
                row[where, first + half - 8 + (part & 7)] += i - begin
                if more:
                    label, part, where, begin = labels[k, j, i], parts[k, j, i], cells[2][i], i


def census_block(
    block: Block, labels: NDArray[np.uint8], parts: NDArray[np.uint8], grid: Grid, phases: PhaseSet
) -> CensusPartial:
    """Count the voxels of a block; ``labels`` and ``parts`` are those of its core."""
    z, y, x = (grid.cells(axis, block.core[axis].start, block.core[axis].stop) for axis in range(3))
    corner = (int(z[0]), int(y[0]), int(x[0]))
    size = (int(z[-1]) - corner[0] + 1, int(y[-1]) - corner[1] + 1, int(x[-1]) - corner[2] + 1)
    out = np.zeros((*size, 2 * (len(phases) + 2 + PARTS)), np.int32)
    local = (z - corner[0], y - corner[1], x - corner[2])
    _count(np.ascontiguousarray(labels), np.ascontiguousarray(parts), label_columns(phases), local, out)
    return CensusPartial(corner, out)


def merge_census(partials: list[CensusPartial], grid: Grid, phases: PhaseSet) -> Census:
    """Add the blocks' counts."""
    total = np.zeros((*grid.counts, partials[0].counts.shape[3]), np.int64)
    for one in partials:
        z, y, x = (slice(c, c + n) for c, n in zip(one.corner, one.counts.shape[:3], strict=True))
        total[z, y, x] += one.counts
    return Census(total, grid, phases)
