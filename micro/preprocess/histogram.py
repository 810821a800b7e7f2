"""The grey-value histogram of a whole stack, counted block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source
from micro.errors import ImageContentError

__all__ = ["GreyHistogram", "grey_histogram"]

BINS = 65536


@dataclass(frozen=True)
class GreyHistogram:
    """Counts of grey values in equal bins between ``low`` and ``high`` (both included)."""

    counts: NDArray[np.int64]
    low: float
    high: float

    def percentile(self, percent: float) -> float:
        """Return the grey value below which ``percent`` of the voxels lie.

        Examples
        --------
        >>> GreyHistogram(np.array([1, 1, 1, 1, 1]), 0, 4).percentile(50)
        2.0
        """
        below = np.cumsum(self.counts)
        position = int(np.searchsorted(below, percent / 100 * below[-1]))
        position = min(position, self.counts.size - 1)
        return float(self.low + (self.high - self.low) * position / (self.counts.size - 1))


def _extremes(_: Block, grey: NDArray[np.generic]) -> Done[tuple[float, float, int]]:
    if grey.dtype.kind == "f":
        finite = np.isfinite(grey)
        if not finite.all():
            return Done((0.0, 0.0, int(grey.size - np.count_nonzero(finite))))
    return Done((float(grey.min()), float(grey.max()), 0))


def _count(_: Block, grey: NDArray[np.generic], *, low: float, high: float) -> Done[NDArray[np.int64]]:
    if grey.dtype in (np.uint8, np.uint16):
        # the bin of each value that there may be, and the voxels of each value
        voxels = np.bincount(grey.ravel(), minlength=int(high) + 1)
        bins = _bins(np.arange(int(low), int(high) + 1), low, high)
        return Done(np.bincount(bins, weights=voxels[int(low) :], minlength=BINS).astype(np.int64))
    return Done(np.bincount(_bins(grey.ravel(), low, high), minlength=BINS))


def _bins(grey: NDArray[np.generic], low: float, high: float) -> NDArray[np.int64]:
    return np.rint((grey.astype(np.float64) - low) * ((BINS - 1) / (high - low))).astype(np.int64)


def grey_histogram(grey: Source, engine: Engine) -> GreyHistogram:
    """Count the grey values of a stack.

    Raises
    ------
    ImageContentError
        If a voxel is not finite, all are the same, or single precision does not hold their range.

    Examples
    --------
    >>> found = grey_histogram(np.uint8([[[0, 1, 1, 2]]]), Engine())
    >>> found.low, found.high, round(found.percentile(50), 3)
    (0.0, 2.0, 1.0)
    """
    parts = engine.run(_extremes, [grey], stage="read")
    broken = sum(part[2] for part in parts)
    if broken:
        raise ImageContentError(
            f"{broken} voxels are NaN or infinite; expected finite grey values: replace them or cut the picture"
        )
    low, high = min(part[0] for part in parts), max(part[1] for part in parts)
    if low == high:
        raise ImageContentError(f"every voxel has the grey value {low:g}; expected a picture with contrast")
    single = np.finfo(np.float32)
    if max(-low, high) > float(single.max) or high - low < float(single.tiny):
        raise ImageContentError(
            f"grey values lie between {low:g} and {high:g}; expected none beyond {single.max:.1g} and a range of more "
            f"than {single.tiny:.1g}: scale the picture"
        )
    counts = engine.run(_count, [grey], stage="histogram", constants={"low": low, "high": high})
    return GreyHistogram(np.sum(counts, axis=0), low, high)
