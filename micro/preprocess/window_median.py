"""The median over a window, by a sorting network whose every exchange is done for a piece of a row at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["window_median"]

_PIECE = 256
"""Pixels of a row that are done together: the values of their windows stay in the fastest memory."""


@lru_cache(maxsize=8)
def _exchanges(count: int) -> NDArray[np.int64]:
    """Return the pairs, shape (exchange, 2), whose lesser and greater change places until the middle is the median.

    Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M), without the exchanges that
    the middle does not hang on.

    Examples
    --------
    >>> _exchanges(3).tolist()
    [[0, 2], [0, 1], [1, 2]]
    """
    pairs = []
    half = top = 1 << max(count - 1, 1).bit_length() - 1
    while half > 0:
        step, kind, apart = top, 0, half
        while True:
            pairs += [(i, i + apart) for i in range(count - apart) if i & half == kind]
            if step == half:
                break
            apart, step, kind = step - half, step // 2, half
        half //= 2
    needed, kept = {count // 2}, []
    for pair in reversed(pairs):
        if needed & set(pair):
            needed |= set(pair)
            kept.append(pair)
    return np.array(kept[::-1], np.int64).reshape(-1, 2)


@kernel
def _medians(
    padded: NDArray[np.float32], size: tuple[int, int], exchanges: NDArray[np.int64], out: NDArray[np.float32]
) -> None:
    """Write the median of the window of each pixel; ``padded`` is larger than ``out`` by a window less one."""
    height, width = out.shape
    values = np.empty((size[0] * size[1], _PIECE), np.float32)
    for j in range(height):
        for begin in range(0, width, _PIECE):
            pixels = min(_PIECE, width - begin)
            for dy in range(size[0]):
                for dx in range(size[1]):
                    values[dy * size[1] + dx, :pixels] = padded[j + dy, begin + dx : begin + dx + pixels]
            for number in range(exchanges.shape[0]):
                low, high = values[exchanges[number, 0]], values[exchanges[number, 1]]
                for i in range(pixels):
                    one, other = low[i], high[i]
                    low[i] = one if one < other else other
                    high[i] = other if one < other else one
            out[j, begin : begin + pixels] = values[values.shape[0] // 2, :pixels]


def window_median(
    grey: NDArray[np.float32], size: tuple[int, int], border: Literal["symmetric", "edge"] = "symmetric"
) -> NDArray[np.float32]:
    """Return the median of the pixels in a window about each pixel.

    The values of ``scipy.ndimage.median_filter`` for finite greys, in a fraction of its time.

    Parameters
    ----------
    grey
        One slice, shape (y, x).
    size
        Edges of the window in pixels (y, x), odd.
    border
        What lies beyond the picture: its mirror image, or its outermost pixels again.

    Examples
    --------
    >>> window_median(np.float32([[1, 9, 2, 3]]), (3, 3)).tolist()
    [[1.0, 2.0, 3.0, 3.0]]
    """
    out = np.empty(grey.shape, np.float32)
    y, x = (edge // 2 for edge in size)
    _medians(np.pad(grey, ((y, y), (x, x)), mode=border), size, _exchanges(size[0] * size[1]), out)
    return out
