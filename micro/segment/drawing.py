"""Labels drawn with the levels of their phases and blurred as the picture is, beside it; whole numbers only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["SCALE", "Weights", "blur_weights", "difference_at", "draw_row", "match_at", "match_row"]

SCALE = 1024
"""The weights of a blur are integers that add up to this."""

Weights = NDArray[np.int32]


def blur_weights(blur_voxels: float, edges_um: tuple[float, float, float], shape: tuple[int, ...]) -> Weights:
    """Return the integer weights of a Gaussian blur, alike in um along all axes; they add up to `SCALE`.

    Parameters
    ----------
    blur_voxels
        Standard deviation in voxels of the finest axis.
    edges_um, shape
        Voxel edges and shape of the picture; an axis of one voxel is not blurred.

    Examples
    --------
    >>> blur_weights(0.5, (2.0, 1.0, 1.0), (9, 9, 9)).shape, int(blur_weights(0.5, (1, 1, 1), (1, 9, 9)).sum())
    ((3, 5, 5), 1024)
    """
    finest = min(edge for edge, length in zip(edges_um, shape, strict=True) if length > 1)
    taps = []
    for edge, length in zip(edges_um, shape, strict=True):
        sigma = blur_voxels * finest / edge if length > 1 else 0.0
        reach = min(2, math.ceil(3 * sigma))
        taps.append(np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2))
    weights = taps[0][:, None, None] * taps[1][None, :, None] * taps[2][None, None, :]
    out: Weights = np.rint(SCALE * weights / weights.sum()).astype(np.int32)
    middle = tuple(length // 2 for length in out.shape)
    out[middle] += SCALE - int(out.sum())
    return out


@kernel
def difference_at(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    levels: NDArray[np.int32],
    weights: Weights,
    z: int,
    y: int,
    x: int,
) -> int:
    """Return the picture less the blurred drawing at one voxel, times SCALE."""
    depth, height, width = labels.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    drawn = 0
    for dz in range(-rz, rz + 1):
        k = min(max(z + dz, 0), depth - 1)
        for dy in range(-ry, ry + 1):
            j = min(max(y + dy, 0), height - 1)
            for dx in range(-rx, rx + 1):
                i = min(max(x + dx, 0), width - 1)
                drawn += weights[dz + rz, dy + ry, dx + rx] * levels[labels[k, j, i]]
    return int(SCALE * np.int64(grey[z, y, x]) - drawn)


@kernel
def draw_row(
    drawn: NDArray[np.int32],
    grey: NDArray[np.uint16],
    weights: Weights,
    at: tuple[int, int],
    span: tuple[int, int],
    folded: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Write the picture less the blurred drawing, times SCALE, for a part of a row; ``drawn`` holds the levels.

    The weights are symmetric along each axis: rows that weigh the same are added up first.
    """
    depth, height, width = drawn.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    z, y = at
    low, count = span[0], span[1] - span[0]
    row, own = grey[z, y, low:], out[low:]
    for i in range(count):
        own[i] = SCALE * np.int32(row[i])
    first, last = max(low - rx, 0), min(span[1] + rx, width)
    inside = folded[first - (low - rx) :]
    for az in range(rz + 1):
        for ay in range(ry + 1):
            folded[:] = 0
            for k in range(-az, az + 1, max(2 * az, 1)):
                for j in range(-ay, ay + 1, max(2 * ay, 1)):
                    line = drawn[min(max(z + k, 0), depth - 1), min(max(y + j, 0), height - 1), first:]
                    for i in range(last - first):
                        inside[i] += line[i]
            for i in range(first - (low - rx)):
                folded[i] = inside[0]
            for i in range(last - (low - rx), count + 2 * rx):
                folded[i] = inside[last - first - 1]
            for ax in range(rx + 1):
                weight, left, right = weights[rz + az, ry + ay, rx + ax], folded[rx - ax :], folded[rx + ax :]
                if ax == 0:
                    for i in range(count):
                        own[i] -= weight * left[i]
                else:
                    for i in range(count):
                        own[i] -= weight * (left[i] + right[i])


@kernel
def match_row(
    difference: NDArray[np.int32],
    weights: Weights,
    at: tuple[int, int],
    span: tuple[int, int],
    folded: NDArray[np.int32],
    out: NDArray[np.float64],
) -> None:
    """Write the differences around each voxel of a part of a row, weighted by the blur and added up.

    As in `draw_row`. Below 2^53 whole numbers are exact in double precision, of which more are multiplied at once.
    """
    depth, height, width = difference.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    z, y = at
    low, count = span[0], span[1] - span[0]
    own = out[low:]
    for i in range(count):
        own[i] = 0
    first, last = max(low - rx, 0), min(span[1] + rx, width)
    inside = folded[first - (low - rx) :]
    for az in range(rz + 1):
        for ay in range(ry + 1):
            folded[:] = 0
            for k in range(z - az, z + az + 1, max(2 * az, 1)):
                for j in range(y - ay, y + ay + 1, max(2 * ay, 1)):
                    if 0 <= k < depth and 0 <= j < height:
                        line = difference[k, j, first:]
                        for i in range(last - first):
                            inside[i] += line[i]
            for ax in range(rx + 1):
                weight = np.float64(weights[rz + az, ry + ay, rx + ax])
                left, right = folded[rx - ax :], folded[rx + ax :]
                if ax == 0:
                    for i in range(count):
                        own[i] += weight * left[i]
                else:
                    for i in range(count):
                        own[i] += weight * np.float64(left[i] + right[i])


@kernel
def match_at(difference: NDArray[np.int32], weights: Weights, z: int, y: int, x: int) -> int:
    """Return the differences around one voxel, weighted by the blur and added up."""
    depth, height, width = difference.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    match = np.int64(0)
    for k in range(max(z - rz, 0), min(z + rz + 1, depth)):
        for j in range(max(y - ry, 0), min(y + ry + 1, height)):
            for i in range(max(x - rx, 0), min(x + rx + 1, width)):
                match += np.int64(weights[k - z + rz, j - y + ry, i - x + rx]) * difference[k, j, i]
    return int(match)
