"""What lies in the 3 x 3 x 3 voxels around each voxel, found for whole rows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["alike_around", "grow"]


@kernel
def _rows_around(values: NDArray[np.uint8], k: int, j: int, low: NDArray[np.uint8], high: NDArray[np.uint8]) -> None:
    """Write the least and the greatest of the nine rows about a row, for each x."""
    depth, height, width = values.shape
    low[:] = 255
    high[:] = 0
    for z in range(max(k - 1, 0), min(k + 2, depth)):
        for y in range(max(j - 1, 0), min(j + 2, height)):
            row = values[z, y]
            for i in range(width):
                low[i] = min(low[i], row[i])
                high[i] = max(high[i], row[i])


@kernel
def _alike(values: NDArray[np.uint8], out: NDArray[np.bool_]) -> None:
    depth, height, width = values.shape
    low, high = np.empty(width, np.uint8), np.empty(width, np.uint8)
    for k in range(depth):
        for j in range(height):
            _rows_around(values, k, j, low, high)
            for i in range(width):
                left, right = max(i - 1, 0), min(i + 1, width - 1)
                least = min(low[left], low[i], low[right])
                most = max(high[left], high[i], high[right])
                out[k, j, i] = least == most


@kernel
def _grow(mask: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    depth, height, width = mask.shape
    low, high = np.empty(width, np.uint8), np.empty(width, np.uint8)
    for k in range(depth):
        for j in range(height):
            _rows_around(mask, k, j, low, high)
            for i in range(width):
                out[k, j, i] = max(high[max(i - 1, 0)], high[i], high[min(i + 1, width - 1)])


def alike_around(values: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where all 26 neighbours, as far as the array goes, have the voxel's own value.

    Examples
    --------
    >>> alike_around(np.uint8([[[1, 1, 1, 2]]]))
    array([[[ True,  True, False, False]]])
    """
    out = np.empty(values.shape, np.bool_)
    _alike(np.ascontiguousarray(values), out)
    return out


def grow(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with all 26 neighbours of its voxels.

    Examples
    --------
    >>> grow(np.array([[[True, False, False]]]))
    array([[[ True,  True, False]]])
    """
    out = np.empty(mask.shape, np.uint8)
    _grow(np.ascontiguousarray(mask).view(np.uint8), out)
    return out.view(np.bool_)
