"""How many voxels of each phase and part lie in each bin of height above the reference interface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.cell import Part
from micro.measure.census import PARTS, label_columns
from micro.model import PhaseSet

__all__ = ["Heights", "heights_block", "merge_heights"]


@dataclass(frozen=True)
class Heights:
    """Voxel counts, int64 of shape (bins, kinds), from bin ``lowest`` on.

    The kinds are unlabelled, the phases in their order, any other label, the eight parts, and last the SE region.
    """

    lowest: int
    counts: NDArray[np.int64]

    def of_phase(self, rank: int) -> NDArray[np.int64]:
        """Return the voxels of a phase in each bin, by its place in the phase set."""
        found: NDArray[np.int64] = self.counts[:, 1 + rank]
        return found

    def of_parts(self, *parts: Part) -> NDArray[np.int64]:
        """Return the voxels of the parts in each bin."""
        first = self.counts.shape[1] - 1 - PARTS
        found: NDArray[np.int64] = self.counts[:, [first + int(part) for part in parts]].sum(axis=1)
        return found

    @property
    def labelled(self) -> NDArray[np.int64]:
        """The voxels with a label in each bin."""
        found: NDArray[np.int64] = self.counts[:, 1 : -1 - PARTS].sum(axis=1)
        return found

    @property
    def region(self) -> NDArray[np.int64]:
        """The voxels of the SE region in each bin."""
        found: NDArray[np.int64] = self.counts[:, -1]
        return found


@kernel
def _count(
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    bins: NDArray[np.int32],
    lowest: int,
    out: NDArray[np.int64],
) -> None:
    """Count run by run of voxels that are alike."""
    last = out.shape[1] - 1
    for k in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            label, part, where = labels[k, j, 0], parts[k, j, 0], bins[k, j, 0]
            begin = 0
            for i in range(1, labels.shape[2] + 1):
                more = i < labels.shape[2]
                if more and label == labels[k, j, i] and part == parts[k, j, i] and where == bins[k, j, i]:
                    continue
                row = out[where - lowest]
                row[columns[label]] += i - begin
                row[last - 8 + (part & 7)] += i - begin
                if part & 128:
                    row[last] += i - begin
                if more:
                    label, part, where, begin = labels[k, j, i], parts[k, j, i], bins[k, j, i], i


def heights_block(
    labels: NDArray[np.uint8], parts: NDArray[np.uint8], bins: NDArray[np.int32], phases: PhaseSet
) -> Heights:
    """Count the voxels of a block's core, which lie in ``bins``."""
    lowest = int(bins.min())
    out = np.zeros((int(bins.max()) - lowest + 1, len(phases) + 2 + PARTS + 1), np.int64)
    _count(np.ascontiguousarray(labels), np.ascontiguousarray(parts), label_columns(phases), bins, lowest, out)
    return Heights(lowest, out)


def merge_heights(partials: list[Heights]) -> Heights:
    """Add the blocks' counts.

    Examples
    --------
    >>> merged = merge_heights([Heights(3, np.ones((2, 12), np.int64)), Heights(2, np.ones((2, 12), np.int64))])
    >>> merged.lowest, merged.region.tolist()
    (2, [1, 2, 1])
    """
    lowest = min(one.lowest for one in partials)
    bins = max(one.lowest + len(one.counts) for one in partials) - lowest
    counts = np.zeros((bins, partials[0].counts.shape[1]), np.int64)
    for one in partials:
        counts[one.lowest - lowest : one.lowest - lowest + len(one.counts)] += one.counts
    return Heights(lowest, counts)
