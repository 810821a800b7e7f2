"""The grey-value histogram of a whole stack, counted block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel
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
    return Done(np.bincount(_bins(grey.ravel(), low, high), minlength=BINS))


@kernel
def _add_greys(grey: NDArray[np.generic], counts: NDArray[np.int64]) -> None:
    """Count each grey value, neighbours in two tables: adding twice to one place has to wait for itself."""
    width = grey.shape[2]
    for k in range(grey.shape[0]):
        for j in range(grey.shape[1]):
            for i in range(0, width - 1, 2):
                counts[0, grey[k, j, i]] += 1
                counts[1, grey[k, j, i + 1]] += 1
            if width % 2:
                counts[0, grey[k, j, width - 1]] += 1


def _count_values(_: Block, grey: NDArray[np.generic]) -> Done[NDArray[np.int64]]:
    counts = np.zeros((2, BINS), np.int64)
    _add_greys(grey, counts)
    return Done(counts.sum(axis=0))


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
    if grey.dtype in (np.uint8, np.uint16):
        # the voxels of each value that there may be, in one pass
        voxels = np.sum(engine.run(_count_values, [grey], stage="histogram"), axis=0)
        values = np.flatnonzero(voxels)
        _require_range(float(values[0]), float(values[-1]))
        bins = _bins(values, float(values[0]), float(values[-1]))
        counts = np.bincount(bins, weights=voxels[values], minlength=BINS).astype(np.int64)
        return GreyHistogram(counts, float(values[0]), float(values[-1]))
    parts = engine.run(_extremes, [grey], stage="read")
    broken = sum(part[2] for part in parts)
    if broken:
        raise ImageContentError(
            f"{broken} voxels are NaN or infinite; expected finite grey values: replace them or cut the picture"
        )
    low, high = min(part[0] for part in parts), max(part[1] for part in parts)
    _require_range(low, high)
    parts_counted = engine.run(_count, [grey], stage="histogram", constants={"low": low, "high": high})
    return GreyHistogram(np.sum(parts_counted, axis=0), low, high)


def _require_range(low: float, high: float) -> None:
    if low == high:
        raise ImageContentError(f"every voxel has the grey value {low:g}; expected a picture with contrast")
    single = np.finfo(np.float32)
    if max(-low, high) > float(single.max) or high - low < float(single.tiny):
        raise ImageContentError(
            f"grey values lie between {low:g} and {high:g}; expected none beyond {single.max:.1g} and a range of more "
            f"than {single.tiny:.1g}: scale the picture"
        )
