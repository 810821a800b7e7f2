"""Halving a volume for the coarser levels of a multiscale image."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["halve_by_mean", "halve_by_mode", "halved_shape", "level_factors"]

_SMALLEST = 64
_MOST_LEVELS = 8


def level_factors(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return how much coarser each level is than the first, by axis: halved until all edges are below 128.

    Examples
    --------
    >>> level_factors((1, 300, 100))
    [(1, 1, 1), (1, 2, 1), (1, 4, 1)]
    """
    levels = [(1,) * len(shape)]
    while len(levels) < _MOST_LEVELS:
        last = levels[-1]
        now = tuple(2 * f if -(-n // f) >= 2 * _SMALLEST else f for n, f in zip(shape, last, strict=True))
        if now == last:
            break
        levels.append(now)
    return levels


def halved_shape(shape: tuple[int, ...], steps: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape after merging ``steps`` (1 or 2) voxels along each axis; an odd rest counts."""
    return tuple(-(-length // step) for length, step in zip(shape, steps, strict=True))


def halve_by_mean(block: NDArray[Any], steps: tuple[int, ...]) -> NDArray[Any]:
    """Return the mean of every ``steps`` voxels, in the type of ``block``; halves of integers round up.

    Examples
    --------
    >>> halve_by_mean(np.array([[1, 2], [3, 5]], np.uint8), (2, 2))
    array([[3]], dtype=uint8)
    """
    parts = _parts(block, steps)
    if block.dtype == np.bool_:
        return np.asarray(2 * np.sum(parts, axis=0, dtype=np.int64) >= len(parts))
    if np.issubdtype(block.dtype, np.integer) and block.dtype.itemsize < 8:
        total = np.sum(parts, axis=0, dtype=np.int64)
        return ((total + len(parts) // 2) // len(parts)).astype(block.dtype)
    return np.mean(parts, axis=0, dtype=np.float64).astype(block.dtype)


def halve_by_mode(block: NDArray[Any], steps: tuple[int, ...]) -> NDArray[Any]:
    """Return the most frequent of every ``steps`` voxels; of equals, the first in raster order.

    Examples
    --------
    >>> halve_by_mode(np.array([[1, 2], [2, 3]], np.uint8), (2, 2))
    array([[2]], dtype=uint8)
    """
    parts = _parts(block, steps)
    best = parts[0].copy()
    # Nearly everywhere all agree: vote only where they do not.
    mixed = np.zeros(best.shape, dtype=bool)
    for part in parts[1:]:
        mixed |= part != best
    best[mixed] = _elected(np.stack([part[mixed] for part in parts]))
    return best


def _elected(votes: NDArray[Any]) -> NDArray[Any]:
    """Return the most frequent value of each column of ``votes``; of equals, the first."""
    best: NDArray[Any] = votes[0].copy()
    most = np.zeros(best.shape, np.uint8)
    for candidate in votes:
        count = np.asarray(np.sum(votes == candidate, axis=0, dtype=np.uint8))
        better = count > most
        best[better], most[better] = candidate[better], count[better]
    return best


def _parts(block: NDArray[Any], steps: tuple[int, ...]) -> list[NDArray[Any]]:
    """Return the voxels that are merged, one array a place; an odd edge repeats its last voxel."""
    padding = [(0, -length % step) for length, step in zip(block.shape, steps, strict=True)]
    padded = np.pad(block, padding, mode="edge")
    places = itertools.product(*(range(step) for step in steps))
    return [padded[tuple(slice(p, None, step) for p, step in zip(place, steps, strict=True))] for place in places]
