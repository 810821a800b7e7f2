"""Which phase is labelled as which: the confusion matrix, and the ratios that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source
from micro.compare.groups import Group

__all__ = ["Confusion", "count_confusion"]


@dataclass(frozen=True)
class Confusion:
    """Voxel counts by label (row) and truth (column), and how many differ in each slice.

    Attributes
    ----------
    counts
        int64, shape (256, 256); row and column 0 are the unlabelled voxels.
    differing
        For each axis the number of voxels in each slice across it that are labelled in both and differ.
    """

    counts: NDArray[np.int64]
    differing: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

    @property
    def compared(self) -> int:
        """Voxels that are labelled in both; all others are left out of every ratio."""
        return int(self.counts[1:, 1:].sum())

    @property
    def left_out(self) -> float:
        """Share of the voxels that are unlabelled (0) in either."""
        return 1 - self.compared / max(int(self.counts.sum()), 1)

    @property
    def accuracy(self) -> float:
        """Share of the compared voxels that carry the same label."""
        return int(np.trace(self.counts[1:, 1:])) / max(self.compared, 1)

    def values(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the values other than 0 that occur in the labels, and in the truth."""
        labels, truth = (np.flatnonzero(self.counts.sum(axis=axis)) for axis in (1, 0))
        return tuple(v for v in labels.tolist() if v), tuple(v for v in truth.tolist() if v)

    def overlap(self, group: Group) -> tuple[int, int, int]:
        """Return a group's voxels in both, in the labels only, and in the truth only.

        Examples
        --------
        >>> counts = np.zeros((256, 256), np.int64); counts[1, 1] = 6; counts[1, 2] = 2; counts[2, 1] = 1
        >>> none = np.zeros(0, np.int64)
        >>> Confusion(counts, (none, none, none)).overlap(Group("void", (1,)))
        (6, 2, 1)
        """
        values = list(group.values)
        both = int(self.counts[np.ix_(values, values)].sum())
        return both, int(self.counts[values, 1:].sum()) - both, int(self.counts[1:, values].sum()) - both


def count_confusion(labels: Source, truth: Source, engine: Engine) -> Confusion:
    """Count the voxels of each pair of label and truth, block by block.

    Parameters
    ----------
    labels, truth
        uint8, of one shape (z, y, x).
    engine
        Where the block tasks run; it never changes a count.

    Examples
    --------
    >>> found = count_confusion(np.uint8([[[1, 2, 0]]]), np.uint8([[[1, 1, 1]]]), Engine())
    >>> int(found.counts[1, 1]), int(found.counts[2, 1]), found.compared, round(found.left_out, 3)
    (1, 1, 2, 0.333)
    """
    partials = engine.run(_count, [labels, truth], stage="confusion")
    counts = np.zeros(65536, np.int64)
    z, y, x = (np.zeros(length, np.int64) for length in labels.shape)
    for one in partials:
        counts[one.pairs] += one.voxels
        for axis, total in enumerate((z, y, x)):
            total[one.start[axis] : one.start[axis] + one.differing[axis].size] += one.differing[axis]
    return Confusion(counts.reshape(256, 256), (z, y, x))


@dataclass(frozen=True)
class _Partial:
    pairs: NDArray[np.int64]
    voxels: NDArray[np.int64]
    start: tuple[int, int, int]
    differing: tuple[NDArray[np.int64], ...]


def _count(block: Block, labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Done[_Partial]:
    pairs = np.bincount((labels.astype(np.int64) * 256 + truth).ravel(), minlength=65536)
    differs = (labels != truth) & (labels != 0) & (truth != 0)
    slices = tuple(differs.sum(axis=tuple(a for a in range(3) if a != axis), dtype=np.int64) for axis in range(3))
    found = np.flatnonzero(pairs)
    return Done(_Partial(found, pairs[found], block.start, slices))
