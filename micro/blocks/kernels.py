"""Compiled kernels shared by the stages: each voxel's sum runs in a fixed order, so blocks agree to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["gaussian", "gaussian_reach", "kernel", "smooth_axis"]

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile ``function`` on first use; it releases the interpreter lock and is cached on disk.

    A division by zero gives what numpy gives: a check of every divisor would keep loops from being vectorised.
    """
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


_STRIP = 1024
"""Voxels of a row that are worked on together."""


@kernel
def _correlate(source: NDArray[np.float32], weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Correlate along the middle axis of (before, along, after); beyond the ends the outermost value goes on.

    In strips that stay in the nearest cache, three steps at once: the sums of a voxel keep their order.
    """
    before, along, after = source.shape
    reach = weights.size // 2
    last = along - 1
    for i in range(before):
        for begin in range(0, after, _STRIP):
            end = min(begin + _STRIP, after)
            for j in range(along):
                own, here = out[i, j, begin:end], source[i, j, begin:end]
                for k in range(end - begin):
                    own[k] = weights[reach] * here[k]
                step = 1
                while step + 2 <= reach:
                    w1, w2, w3 = weights[reach + step], weights[reach + step + 1], weights[reach + step + 2]
                    # rows of the whole array: of a view of it the compiler wouldn't know that they are in one piece
                    a1, b1 = source[i, max(j - step, 0), begin:end], source[i, min(j + step, last), begin:end]
                    a2, b2 = source[i, max(j - step - 1, 0), begin:end], source[i, min(j + step + 1, last), begin:end]
                    a3, b3 = source[i, max(j - step - 2, 0), begin:end], source[i, min(j + step + 2, last), begin:end]
                    for k in range(end - begin):
                        own[k] = own[k] + w1 * (a1[k] + b1[k]) + w2 * (a2[k] + b2[k]) + w3 * (a3[k] + b3[k])
                    step += 3
                while step <= reach:
                    w1 = weights[reach + step]
                    a1, b1 = source[i, max(j - step, 0), begin:end], source[i, min(j + step, last), begin:end]
                    for k in range(end - begin):
                        own[k] += w1 * (a1[k] + b1[k])
                    step += 1


@kernel
def _correlate_rows(source: NDArray[np.float32], weights: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Correlate along the last axis of (row, along), with the sums of each voxel in the order of `_correlate`."""
    rows, along = source.shape
    reach = weights.size // 2
    for i in range(rows):
        for j in range(along):
            out[i, j] = weights[reach] * source[i, j]
        for step in range(1, reach + 1):
            weight = weights[reach + step]
            left, right = min(step, along), max(along - step, min(step, along))
            for j in range(left):
                out[i, j] += weight * (source[i, 0] + source[i, min(j + step, along - 1)])
            own, behind, ahead = out[i, left:right], source[i, left - step :], source[i, left + step :]
            for j in range(right - left):
                own[j] += weight * (behind[j] + ahead[j])
            for j in range(right, along):
                out[i, j] += weight * (source[i, max(j - step, 0)] + source[i, along - 1])


def smooth_axis(array: NDArray[np.float32], weights: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Correlate a volume with symmetric ``weights`` (odd length) along one axis.

    Examples
    --------
    >>> smooth_axis(np.float32([[[0, 4, 0]]]), np.float32([0.25, 0.5, 0.25]), 2)
    array([[[1., 2., 1.]]], dtype=float32)
    """
    before = math.prod(array.shape[:axis])
    source = np.ascontiguousarray(array, np.float32).reshape(before, array.shape[axis], -1)
    out = np.empty_like(source)
    if source.shape[2] == 1:
        _correlate_rows(source[:, :, 0], weights, out[:, :, 0])
    else:
        _correlate(source, weights, out)
    return out.reshape(array.shape)


def gaussian_reach(sigma: float) -> int:
    """Return how many voxels the Gaussian of `gaussian` reads on either side."""
    return math.ceil(3 * sigma) if sigma > 0 else 0


def gaussian(array: NDArray[np.float32], sigmas: tuple[float, float, float]) -> NDArray[np.float32]:
    """Smooth a volume with a Gaussian of ``sigmas`` voxels along z, y and x, cut at three sigma.

    Examples
    --------
    >>> float(gaussian(np.ones((3, 4, 5), np.float32), (1, 1, 1)).std()) < 1e-6
    True
    """
    out = np.ascontiguousarray(array, np.float32)
    for axis, sigma in enumerate(sigmas):
        if sigma > 0 and array.shape[axis] > 1:
            offsets = np.arange(-gaussian_reach(sigma), gaussian_reach(sigma) + 1)
            weights = np.exp(-0.5 * (offsets / sigma) ** 2)
            out = smooth_axis(out, (weights / weights.sum()).astype(np.float32), axis)
    return out
