"""What is done to slices of single precision, compiled: the same values as scipy and numpy give, in less time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["median", "median_of", "smoothed"]

_BINS = 256
_FEW_VALUES = 24
"""So few values are sorted."""


@kernel
def _smooth_columns(
    source: NDArray[np.float32], weights: NDArray[np.float64], rows: NDArray[np.int64], out: NDArray[np.float32]
) -> None:
    """Correlate down the columns, in double precision, from the farthest neighbours inwards as scipy does."""
    height, width = source.shape
    reach = weights.size // 2
    sums = np.empty(width, np.float64)
    for j in range(height):
        row = source[j]
        for i in range(width):
            sums[i] = np.float64(row[i]) * weights[reach]
        step = reach
        while step > 2:
            one, two, three = weights[reach - step], weights[reach - step + 1], weights[reach - step + 2]
            a, b = source[rows[j + reach - step]], source[rows[j + reach + step]]
            c, d = source[rows[j + reach - step + 1]], source[rows[j + reach + step - 1]]
            e, f = source[rows[j + reach - step + 2]], source[rows[j + reach + step - 2]]
            for i in range(width):
                total = sums[i] + (np.float64(a[i]) + np.float64(b[i])) * one
                total += (np.float64(c[i]) + np.float64(d[i])) * two
                sums[i] = total + (np.float64(e[i]) + np.float64(f[i])) * three
            step -= 3
        while step > 0:
            one, a, b = weights[reach - step], source[rows[j + reach - step]], source[rows[j + reach + step]]
            for i in range(width):
                sums[i] += (np.float64(a[i]) + np.float64(b[i])) * one
            step -= 1
        for i in range(width):
            out[j, i] = sums[i]


@kernel
def _smooth_rows(
    source: NDArray[np.float32], weights: NDArray[np.float64], columns: NDArray[np.int64], out: NDArray[np.float32]
) -> None:
    """Correlate along the rows; see `_smooth_columns`."""
    height, width = source.shape
    reach = weights.size // 2
    padded, sums = np.empty(width + 2 * reach, np.float64), np.empty(width, np.float64)
    for j in range(height):
        for i in range(padded.size):
            padded[i] = source[j, columns[i]]
        for i in range(width):
            sums[i] = padded[reach + i] * weights[reach]
        step = reach
        while step > 2:
            one, two, three = weights[reach - step], weights[reach - step + 1], weights[reach - step + 2]
            left, right = padded[reach - step :], padded[reach + step - 2 :]
            for i in range(width):
                total = sums[i] + (left[i] + right[i + 2]) * one
                total += (left[i + 1] + right[i + 1]) * two
                sums[i] = total + (left[i + 2] + right[i]) * three
            step -= 3
        while step > 0:
            one, left, right = weights[reach - step], padded[reach - step :], padded[reach + step :]
            for i in range(width):
                sums[i] += (left[i] + right[i]) * one
            step -= 1
        for i in range(width):
            out[j, i] = sums[i]


def smoothed(grey: NDArray[np.float32], sigma: float, *, truncate: float) -> NDArray[np.float32]:
    """Return a slice under a Gaussian, to the last bit as ``scipy.ndimage.gaussian_filter`` has it.

    Parameters
    ----------
    grey
        Shape (y, x).
    sigma
        In pixels.
    truncate
        The Gaussian ends after so many sigma.

    Examples
    --------
    >>> float(smoothed(np.ones((5, 4), np.float32), 1.0, truncate=3).sum())
    20.0
    """
    reach = int(truncate * sigma + 0.5)
    weights = np.exp(-0.5 / (sigma * sigma) * np.arange(-reach, reach + 1) ** 2)
    weights /= weights.sum()
    rows, columns = (np.pad(np.arange(length), reach, mode="symmetric") for length in grey.shape)
    source = np.ascontiguousarray(grey, np.float32)
    down, out = np.empty_like(source), np.empty_like(source)
    _smooth_columns(source, weights, rows, down)
    _smooth_rows(down, weights, columns, out)
    return out


@kernel
def _ranked(values: NDArray[np.float32], rank: int) -> tuple[np.float32, np.float32]:
    """Return the values of rank ``rank`` - 1 and ``rank`` (from 0) of some finite ones, whose order is lost.

    Bin by bin: of equal bins between the least and the greatest the one that holds the rank is looked into again.
    """
    count, before = values.size, values[0]
    counts = np.empty(_BINS, np.int64)
    any_before = False
    while True:
        low, high = values[0], values[0]
        for i in range(count):
            low, high = min(low, values[i]), max(high, values[i])
        if count <= _FEW_VALUES or low == high:
            break
        counts[:] = 0
        begin, scale = np.float64(low), _BINS / (np.float64(high) - np.float64(low))
        for i in range(count):
            counts[min(int((values[i] - begin) * scale), _BINS - 1)] += 1
        chosen = 0
        while counts[chosen] <= rank:
            rank -= counts[chosen]
            chosen += 1
        kept = 0
        for i in range(count):
            value = values[i]
            place = min(int((value - begin) * scale), _BINS - 1)
            if place < chosen:
                before = max(before, value) if any_before else value
                any_before = True
            elif place == chosen:
                values[kept] = value
                kept += 1
        count = kept
    rising = np.sort(values[:count])
    return (rising[rank - 1] if rank > 0 else before), rising[rank]


@kernel
def median_of(values: NDArray[np.float32]) -> np.float32:
    """Return the median of some finite values as numpy has it, in single precision; their order is lost."""
    lower, upper = _ranked(values, values.size // 2)
    return upper if values.size % 2 else (lower + upper) / np.float32(2)


def median(values: NDArray[np.float32]) -> float:
    """Return the median of finite values in single precision, as ``numpy.median`` has it.

    Examples
    --------
    >>> median(np.float32([[3, 1], [8, 2]]))
    2.5
    """
    return float(median_of(values.flatten()))
