"""What a segmentation looks like in numbers: the evidence behind `micro.segment.doubts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel, looked_up
from micro.segment.levels import GREY_BINS, GreyLevels

__all__ = ["Evidence", "gather_evidence"]

CELLS = 24
"""Coarse cells along the longest axis, for what varies from place to place."""

_PER_BIN = 65536 // GREY_BINS


@dataclass(frozen=True)
class Evidence:
    """Counts over the whole picture, by the place of each phase in the order of greys.

    Attributes
    ----------
    histogram
        Voxels by phase and grey, int64, shape (phases, 1024 bins).
    inside
        The same for the voxels whose neighbours along the axes are of their phase.
    pairs
        Faces between voxels of two phases, int64, shape (phases, phases), symmetric.
    plain_pairs
        The same for the labels by grey alone, before neighbours have their say.
    borders
        Voxels by side (-z, +z, -y, +y, -x, +x) and phase in a slab at each border; none where the axis has one voxel.
    cells
        For each coarse cell the voxels by phase, and the sums of their greys, int64, shape (2, phases, cells).
    columns
        Voxels of one phase in each column along y, int32, shape (z, x); empty where none was asked for.
    """

    histogram: NDArray[np.int64]
    inside: NDArray[np.int64]
    pairs: NDArray[np.int64]
    plain_pairs: NDArray[np.int64]
    borders: NDArray[np.int64]
    cells: NDArray[np.int64]
    columns: NDArray[np.int32]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of each phase."""
        voxels = self.histogram.sum(axis=1)
        return np.asarray(voxels / max(int(voxels.sum()), 1), np.float64)

    def clustering(self, place: int) -> float:
        """Share of a phase's neighbours, by grey alone, that are of it too; objects give more than noise."""
        faces = self.plain_pairs[place]
        return float(faces[place] / max(int(faces.sum()), 1))

    def touching(self, place: int, other: int) -> float:
        """Share of the faces of ``place`` towards other phases that lead to ``other``."""
        faces = self.pairs[place].copy()
        faces[place] = 0
        return float(faces[other] / max(int(faces.sum()), 1))


def gather_evidence(
    labels: Source, grey: Source, levels: GreyLevels, engine: Engine, *, columns_of: int | None = None
) -> Evidence:
    """Count what the doubts are drawn from, in one pass over the blocks.

    Parameters
    ----------
    labels
        uint8: the place of each voxel's phase in the order of ``levels``.
    grey
        The grey values that the labels were made of, uint16.
    levels
        The levels they were made by.
    engine
        Where the block tasks run; it never changes a count.
    columns_of
        The place of the phase whose voxels are counted by columns; None: of none.

    Examples
    --------
    >>> grey = np.full((1, 4, 6), 100, np.uint16); grey[:, 2:] = 60000
    >>> levels = GreyLevels(("void", "SE"), (100.0, 60000.0), 10.0)
    >>> found = gather_evidence((grey > 30000).astype(np.uint8), grey, levels, Engine())
    >>> found.shares.tolist(), found.pairs.tolist(), found.borders[2].tolist()
    ([0.5, 0.5], [[32, 6], [6, 32]], [6, 0])
    """
    shape = (int(labels.shape[0]), int(labels.shape[1]), int(labels.shape[2]))
    longest = max(shape)
    counts = tuple(min(max(1, round(CELLS * length / longest)), length) for length in shape)
    constants = {
        "nearest": _nearest(levels),
        "phases": len(levels.names),
        "shape": shape,
        "counts": counts,
        "depths": tuple(max(1, length // 50) for length in shape),
        "columns_of": columns_of,
    }
    parts = engine.run(_gather, [labels, grey], halo=(1, 1, 1), stage="evidence", constants=constants)
    histogram, inside, pairs, plain, borders = (np.sum([part[k] for part in parts], axis=0) for k in range(5))
    cells = np.zeros((2, len(levels.names), int(np.prod(counts))), np.int64)
    columns = np.zeros((0, 0) if columns_of is None else (shape[0], shape[2]), np.int32)
    for part, block in zip(parts, engine.blocks(shape), strict=True):
        cells[:, :, part[5]] += part[6]
        if columns_of is not None:
            columns[block.core[0], block.core[2]] += part[7]
    # each face was counted once, from its first voxel: both of its voxels have it
    return Evidence(histogram, inside, pairs + pairs.T, plain + plain.T, borders, cells, columns)


def _nearest(levels: GreyLevels) -> NDArray[np.uint8]:
    grey = np.arange(65536, dtype=np.float64)[:, None]
    return np.asarray(np.argmin(np.abs(grey - np.array(levels.greys)[None]), axis=1).astype(np.uint8))


@kernel
def _count_pairs(
    here: NDArray[np.uint8], there: NDArray[np.uint8], phases: int, codes: NDArray[np.uint16], out: NDArray[np.int64]
) -> None:
    """Count the voxels of two rows by their two phases."""
    for i in range(here.size):
        codes[i] = np.uint16(here[i]) * np.uint16(phases) + np.uint16(there[i])
    for pair in range(phases * phases):
        number = np.int32(0)
        for i in range(here.size):
            number += np.int32(codes[i] == pair)
        out[pair // phases, pair % phases] += number


@kernel
def _faces(
    labels: NDArray[np.uint8], start: tuple[int, int, int], stop: tuple[int, int, int], phases: int
) -> NDArray[np.int64]:
    """Count the faces from each voxel of the core to the next one along each axis, by the two phases."""
    out = np.zeros((phases, phases), np.int64)
    depth, height, width = labels.shape
    codes = np.empty(width, np.uint16)
    begin, end = start[2], stop[2]
    for k in range(start[0], stop[0]):
        for j in range(start[1], stop[1]):
            here = labels[k, j, begin:end]
            if k + 1 < depth:
                _count_pairs(here, labels[k + 1, j, begin:end], phases, codes, out)
            if j + 1 < height:
                _count_pairs(here, labels[k, j + 1, begin:end], phases, codes, out)
            last = min(end, width - 1)
            _count_pairs(labels[k, j, begin:last], labels[k, j, begin + 1 : last + 1], phases, codes, out)
    return out


Part = tuple[NDArray[Any], ...]


def _gather(
    block: Block,
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    *,
    nearest: NDArray[np.uint8],
    phases: int,
    shape: tuple[int, int, int],
    counts: tuple[int, int, int],
    depths: tuple[int, int, int],
    columns_of: int | None,
) -> Done[Part]:
    start, stop = (tuple(getattr(axis, end) for axis in block.inner) for end in ("start", "stop"))
    here = labels[block.inner]
    which, places = _cells(block, shape, counts)
    joint, cells = np.zeros((2, phases, GREY_BINS), np.int64), np.zeros((2, phases, which.size), np.int64)
    inside = np.ones(here.shape, np.bool_)
    _inside(labels, start, inside)
    _tally(here, inside, grey[block.inner], places, joint, cells)
    return Done(
        (
            *joint,
            _faces(labels, start, stop, phases),
            _faces(looked_up(grey, nearest), start, stop, phases),
            _borders(block, here, phases, shape, depths),
            which,
            cells,
            *(() if columns_of is None else (np.count_nonzero(here == columns_of, axis=1),)),
        )
    )


@kernel
def _inside(labels: NDArray[np.uint8], start: tuple[int, int, int], out: NDArray[np.bool_]) -> None:
    """Mark the voxels of the core whose neighbours along the axes, as far as there are any, are of their phase."""
    depth, height, width = labels.shape
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            z, y, x = k + start[0], j + start[1], start[2]
            row, own = labels[z, y], out[k, j]
            here, length = row[x:], own.size
            for beside in (labels[max(z - 1, 0), y], labels[min(z + 1, depth - 1), y]):
                there = beside[x:]
                for i in range(length):
                    own[i] &= here[i] == there[i]
            for beside in (labels[z, max(y - 1, 0)], labels[z, min(y + 1, height - 1)]):
                there = beside[x:]
                for i in range(length):
                    own[i] &= here[i] == there[i]
            for i in range(max(1 - x, 0), length):
                own[i] &= row[x + i] == row[x + i - 1]
            for i in range(min(length, width - 1 - x)):
                own[i] &= row[x + i] == row[x + i + 1]


def _borders(
    block: Block, labels: NDArray[np.uint8], phases: int, shape: tuple[int, int, int], depths: tuple[int, int, int]
) -> NDArray[np.int64]:
    counts = np.zeros((6, phases), np.int64)
    for axis in range(3):
        if shape[axis] == 1:
            continue
        index = np.arange(block.core[axis].start, block.core[axis].stop)
        for side, inside in enumerate((index < depths[axis], index >= shape[axis] - depths[axis])):
            slab = np.compress(inside, labels, axis=axis)
            counts[2 * axis + side] = np.bincount(slab.ravel(), minlength=phases)
    return counts


def _cells(
    block: Block, shape: tuple[int, int, int], counts: tuple[int, int, int]
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Return the numbers of the coarse cells that the block touches, and what z, y and x add to the place of one."""
    numbers = []
    for axis in range(3):
        index = np.arange(block.core[axis].start, block.core[axis].stop)
        numbers.append(index * counts[axis] // shape[axis])
    z, y, x = (np.unique(number) for number in numbers)
    which = (z[:, None, None] * counts[1] + y[None, :, None]) * counts[2] + x
    local = [number - number[0] for number in numbers]
    return which.ravel(), (local[0] * (y.size * x.size), local[1] * x.size, local[2])


@kernel
def _tally(
    labels: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    grey: NDArray[np.uint16],
    places: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    joint: NDArray[np.int64],
    cells: NDArray[np.int64],
) -> None:
    """Count by phase and grey, all and those ``inside``; by phase and coarse cell, with the sums of their greys."""
    along_z, along_y, along_x = places
    phases, width = joint.shape[1], labels.shape[2]
    apart = np.zeros((2, phases, GREY_BINS), np.int64)
    for k in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            begin = along_z[k] + along_y[j]
            for i in range(width):
                phase, here = labels[k, j, i], grey[k, j, i]
                apart[np.int64(inside[k, j, i]), phase, here // _PER_BIN] += 1
                cells[0, phase, begin + along_x[i]] += 1
                cells[1, phase, begin + along_x[i]] += here
    joint[0] += apart[0] + apart[1]
    joint[1] += apart[1]
