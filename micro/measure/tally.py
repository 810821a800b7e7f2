"""Numbers and sums by key, small enough to travel from block to block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tally"]


@dataclass(frozen=True)
class Tally:
    """How many values there are of each key, and their sum; keys ascend, those without values are left out."""

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]

    @classmethod
    def of(cls, keys: NDArray[np.int64], values: NDArray[np.float64]) -> Tally:
        """Count and sum ``values`` by ``keys``.

        Examples
        --------
        >>> tally = Tally.of(np.array([7, 2, 7]), np.array([1.0, 2.0, 3.0]))
        >>> tally.keys.tolist(), tally.counts.tolist(), tally.sums.tolist()
        ([2, 7], [1, 2], [2.0, 4.0])
        """
        found, which = np.unique(keys, return_inverse=True)
        counts = np.bincount(which, minlength=len(found))
        return cls(
            found, counts.astype(np.int64), np.bincount(which, weights=values, minlength=len(found)).astype(np.float64)
        )

    @classmethod
    def merged(cls, tallies: Sequence[Tally]) -> Tally:
        """Add up several tallies."""
        keys = np.concatenate([one.keys for one in tallies])
        found, which = np.unique(keys, return_inverse=True)
        counts, sums = np.zeros(len(found), np.int64), np.zeros(len(found))
        np.add.at(counts, which, np.concatenate([one.counts for one in tallies]))
        np.add.at(sums, which, np.concatenate([one.sums for one in tallies]))
        return cls(found, counts, sums)
