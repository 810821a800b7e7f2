"""Gaussians for features: fast along every axis, and the same sum for a voxel in whatever block."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import gaussian_reach, kernel

__all__ = ["smooth_steps", "taps"]


def taps(sigma: float) -> NDArray[np.float32]:
    """Return the middle and the upper half of a Gaussian's weights, cut at three sigma; one tap where sigma is 0.

    Examples
    --------
    >>> taps(0.0).tolist(), taps(1.0).size
    ([1.0], 4)
    """
    reach = gaussian_reach(sigma)
    weights = np.exp(-0.5 * (np.arange(reach + 1) / max(sigma, 1e-6)) ** 2)
    return np.asarray(weights / (2 * weights.sum() - weights[0]), np.float32)


@kernel
def _along_rows(
    source: NDArray[np.float32], weights: NDArray[np.float32], first: int, step: int, out: NDArray[np.float32]
) -> None:
    """Smooth (before, along, after) along the middle axis at places first, first + step, ...; ends go on."""
    before, along, after = source.shape
    for i in range(before):
        for j in range(out.shape[1]):
            middle = first + j * step
            row = out[i, j]
            for k in range(after):
                row[k] = weights[0] * source[i, middle, k]
            for reach in range(1, weights.size):
                weight = weights[reach]
                low, high = source[i, max(middle - reach, 0)], source[i, min(middle + reach, along - 1)]
                for k in range(after):
                    row[k] += weight * (low[k] + high[k])


@kernel
def _within_rows(
    source: NDArray[np.float32], weights: NDArray[np.float32], first: int, step: int, out: NDArray[np.float32]
) -> None:
    """Smooth (rows, along) along the last axis at places first, first + step, ...; ends go on."""
    rows, along = source.shape
    reach = weights.size - 1
    padded = np.empty(along + 2 * reach, np.float32)
    full = np.empty(along, np.float32)
    for i in range(rows):
        padded[:reach] = source[i, 0]
        padded[reach : reach + along] = source[i]
        padded[reach + along :] = source[i, along - 1]
        for k in range(along):
            full[k] = weights[0] * padded[reach + k]
        for far in range(1, reach + 1):
            weight = weights[far]
            low, high = padded[reach - far :], padded[reach + far :]
            for k in range(along):
                full[k] += weight * (low[k] + high[k])
        for k in range(out.shape[1]):
            out[i, k] = full[first + k * step]


def smooth_steps(
    array: NDArray[np.float32],
    sigmas: tuple[float, float, float],
    places: tuple[slice, slice, slice] | None = None,
) -> NDArray[np.float32]:
    """Smooth a volume with a Gaussian of ``sigmas`` voxels, at some places of a regular grid only.

    Parameters
    ----------
    array
        float32, shape (z, y, x); beyond its ends the outermost value goes on.
    sigmas
        Along z, y and x; 0 leaves an axis alone.
    places
        Slices with start, stop and step along each axis: where the result is wanted; by default everywhere.

    Examples
    --------
    >>> spike = np.zeros((1, 1, 9), np.float32); spike[0, 0, 4] = 1
    >>> smooth_steps(spike, (0, 0, 1), (slice(0, 1, 1), slice(0, 1, 1), slice(2, 8, 2))).round(2)
    array([[[0.05, 0.4 , 0.05]]], dtype=float32)
    """
    out = np.ascontiguousarray(array, np.float32)
    for axis in range(3):
        where = slice(0, array.shape[axis], 1) if places is None else places[axis]
        first, step = int(where.start), int(where.step)
        count = len(range(first, int(where.stop), step))
        if sigmas[axis] <= 0 and count == array.shape[axis]:
            continue
        weights = taps(sigmas[axis])
        shape = (*out.shape[:axis], count, *out.shape[axis + 1 :])
        before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        result = np.empty(shape, np.float32)
        if axis == 2:
            _within_rows(out.reshape(before, -1), weights, first, step, result.reshape(before, count))
        else:
            source = out.reshape(before, out.shape[axis], after)
            _along_rows(source, weights, first, step, result.reshape(before, count, after))
        out = result
    return out
