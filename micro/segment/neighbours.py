"""What lies in the 3 x 3 x 3 voxels around each voxel, found for whole rows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["alike_around", "edges_within", "grow", "some_of", "spread"]


@kernel
def some_of(row: NDArray[np.uint8]) -> bool:
    """Return whether a row has anything; the loop has no way out, so that it runs many voxels at a time."""
    found = np.uint8(0)
    for i in range(row.size):
        found |= row[i]
    return bool(found != 0)


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
def _rims(width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the least and the greatest of a row with a voxel before and behind it that changes neither."""
    return np.full(width + 2, 255, np.uint8), np.zeros(width + 2, np.uint8)


@kernel
def _alike(values: NDArray[np.uint8], out: NDArray[np.bool_]) -> None:
    depth, height, width = values.shape
    low, high = _rims(width)
    for k in range(depth):
        for j in range(height):
            _rows_around(values, k, j, low[1 : width + 1], high[1 : width + 1])
            row = out[k, j]
            for i in range(width):
                least = min(low[i], low[i + 1], low[i + 2])
                most = max(high[i], high[i + 1], high[i + 2])
                row[i] = least == most


@kernel
def _edges(
    values: NDArray[np.uint8], allowed: NDArray[np.uint8], bounds: NDArray[np.int64], out: NDArray[np.uint8]
) -> None:
    width = values.shape[2]
    low, high = _rims(width)
    for k in range(bounds[0, 0], bounds[0, 1]):
        for j in range(bounds[1, 0], bounds[1, 1]):
            if not some_of(allowed[k, j]):
                continue
            _rows_around(values, k, j, low[1 : width + 1], high[1 : width + 1])
            row, own = out[k, j], allowed[k, j]
            for i in range(bounds[2, 0], bounds[2, 1]):
                least = min(low[i], low[i + 1], low[i + 2])
                most = max(high[i], high[i + 1], high[i + 2])
                row[i] = own[i] & np.uint8(least != most)


@kernel
def _along_rows(mask: NDArray[np.uint8], reach: int, out: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Spread along rows; return which rows have something."""
    depth, height, width = mask.shape
    held = np.zeros((depth, height), np.bool_)
    for k in range(depth):
        for j in range(height):
            row, own = mask[k, j], out[k, j]
            if not some_of(row):
                continue
            held[k, j] = True
            for i in range(width):
                own[i] = row[i]
            for step in range(1, min(reach, width - 1) + 1):
                ahead, behind, later = row[step:], row[: width - step], own[step:]
                for i in range(width - step):
                    own[i] |= ahead[i]
                for i in range(width - step):
                    later[i] |= behind[i]
    return held


@kernel
def _across_rows(
    source: NDArray[np.uint8], held: NDArray[np.bool_], reach: int, out: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Spread from row to row of the middle axis; return which rows have something."""
    depth, height, width = source.shape
    found = np.zeros((depth, height), np.bool_)
    for k in range(depth):
        for j in range(height):
            row = out[k, j]
            for other in range(max(0, j - reach), min(height, j + reach + 1)):
                if held[k, other]:
                    found[k, j] = True
                    line = source[k, other]
                    for i in range(width):
                        row[i] |= line[i]
    return found


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
    return spread(mask, (1, 1, 1))


def spread(mask: NDArray[np.bool_], reach: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Return the mask with what lies within ``reach`` voxels along each axis; rows with nothing near cost little.

    Examples
    --------
    >>> spread(np.array([[[True, False, False, False]]]), (0, 0, 2))
    array([[[ True,  True,  True, False]]])
    """
    out = np.zeros(mask.shape, np.uint8)
    held = _along_rows(np.ascontiguousarray(mask).view(np.uint8), reach[2], out)
    if reach[1]:
        source, out = out, np.zeros(mask.shape, np.uint8)
        held = _across_rows(source, held, reach[1], out)
    if reach[0]:
        source, out = out, np.zeros(mask.shape, np.uint8)
        _across_rows(source.swapaxes(0, 1), np.ascontiguousarray(held.T), reach[0], out.swapaxes(0, 1))
    return out.view(np.bool_)


def edges_within(
    values: NDArray[np.uint8], allowed: NDArray[np.bool_], box: tuple[slice, slice, slice]
) -> NDArray[np.bool_]:
    """Return the voxels of ``allowed`` in a box, of which one of the 26 neighbours has another value.

    Examples
    --------
    >>> values, allowed = np.uint8([[[1, 1, 2, 2]]]), np.array([[[True, True, True, True]]])
    >>> edges_within(values, allowed, (slice(0, 1), slice(0, 1), slice(2, 4)))
    array([[[False, False,  True, False]]])
    """
    out = np.zeros(values.shape, np.uint8)
    bounds = np.array([(part.start, part.stop) for part in box], np.int64)
    _edges(values, allowed.view(np.uint8), bounds, out)
    return out.view(np.bool_)
