"""Slopes and curvatures of a smoothed picture, one slice at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["interpolate_slice", "shape_features"]


@kernel
def _thirds(r: np.float32) -> np.float32:
    """Return cos(acos(r) / 3) for r from -1 to 1.

    With t = sqrt((1 + r) / 2) it is cos(2/3 acos(t)), which is smooth in t: a least-squares polynomial on
    Chebyshev nodes, good to 1.3e-6. Only sums, products and a square root, so that every processor agrees.
    """
    t = np.sqrt(max((np.float32(1.0) + r) * np.float32(0.5), np.float32(0.0)))
    upper = (np.float32(0.00419271) * t - np.float32(0.01930408)) * t + np.float32(0.04779688)
    return np.float32(((upper * t - np.float32(0.10994389)) * t + np.float32(0.5772581)) * t + np.float32(0.50000121))


@kernel
def _curvatures_3d(tensor: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Turn rows zz, yy, xx, zy, zx, yx of a symmetric tensor into its eigenvalues, the largest first.

    Smith, O. K. (1961), Eigenvalues of a symmetric 3 x 3 matrix, Communications of the ACM 4, 168.
    """
    third, half, two, one = np.float32(1 / 3), np.float32(0.5), np.float32(2.0), np.float32(1.0)
    for i in range(out.shape[1]):
        a, b, c = tensor[0, i], tensor[1, i], tensor[2, i]
        d, e, f = tensor[3, i], tensor[4, i], tensor[5, i]
        mean = (a + b + c) * third
        a -= mean
        b -= mean
        c -= mean
        size = (a * a + b * b + c * c + two * (d * d + e * e + f * f)) * np.float32(1 / 6)
        p = np.sqrt(size)
        determinant = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
        r = half * determinant / max(p * size, np.float32(1e-30))
        r = min(max(r, -one), one)
        high = mean + two * p * _thirds(r)
        low = mean - two * p * _thirds(-r)
        out[0, i] = high
        out[1, i] = np.float32(3.0) * mean - high - low
        out[2, i] = low


@kernel
def _curvatures_2d(tensor: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Turn rows yy, xx, yx of a symmetric tensor into its eigenvalues, the larger first."""
    half = np.float32(0.5)
    for i in range(out.shape[1]):
        mean = half * (tensor[0, i] + tensor[1, i])
        difference = half * (tensor[0, i] - tensor[1, i])
        root = np.sqrt(difference * difference + tensor[2, i] * tensor[2, i])
        out[0, i] = mean + root
        out[1, i] = mean - root


@kernel
def _second(rows: NDArray[np.float32], low: int, high: int, weight: np.float32, out: NDArray[np.float32]) -> None:
    """Second difference of the middle row (4) and two others."""
    for i in range(out.size):
        out[i] = (rows[low, i + 1] + rows[high, i + 1] - np.float32(2.0) * rows[4, i + 1]) * weight


@kernel
def _mixed(
    rows: NDArray[np.float32], four: tuple[int, int, int, int], weight: np.float32, out: NDArray[np.float32]
) -> None:
    """Mixed difference of four rows: the first and last less the two between."""
    a, b, c, d = four
    for i in range(out.size):
        out[i] = (rows[a, i + 1] + rows[d, i + 1] - rows[b, i + 1] - rows[c, i + 1]) * weight


@kernel
def _mixed_x(rows: NDArray[np.float32], low: int, high: int, weight: np.float32, out: NDArray[np.float32]) -> None:
    """Mixed difference of two rows along x."""
    for i in range(out.size):
        out[i] = (rows[high, i + 2] - rows[high, i] - rows[low, i + 2] + rows[low, i]) * weight


@kernel
def _slope(
    rows: NDArray[np.float32], weights: tuple[np.float32, np.float32, np.float32], out: NDArray[np.float32]
) -> None:
    wz, wy, wx = weights
    half = np.float32(0.5)
    for i in range(out.size):
        z = (rows[7, i + 1] - rows[1, i + 1]) * wz
        y = (rows[5, i + 1] - rows[3, i + 1]) * wy
        x = (rows[4, i + 2] - rows[4, i]) * wx
        out[i] = half * np.sqrt(z * z + y * y + x * x)


@kernel
def shape_features(
    smooth: NDArray[np.float32],
    corner: tuple[int, int, int],
    weights: tuple[np.float32, np.float32, np.float32],
    wanted: tuple[int, int, int],
    out: NDArray[np.float32],
) -> None:
    """Compute mean grey, slope and curvatures of one slice of a smoothed picture.

    Parameters
    ----------
    smooth
        Smoothed grey, shape (z, y, x); beyond its ends the outermost value goes on.
    corner
        Place in ``smooth`` of the first voxel of the slice.
    weights
        One over the voxel edges along z, y and x, in finest voxels.
    wanted
        Number of features wanted of each kind: mean grey (0 or 1), slope (0 or 1), curvatures (0, 2 or 3).
    out
        Shape (feature, y, x), filled.
    """
    depth, height, width = smooth.shape
    k, j0, i0 = corner
    wz, wy, wx = weights
    quarter = np.float32(0.25)
    rows = np.empty((9, out.shape[2] + 2), np.float32)
    tensor = np.empty((6, out.shape[2]), np.float32)
    for j in range(out.shape[1]):
        for dz in range(-1, 2):
            for dy in range(-1, 2):
                source = smooth[min(max(k + dz, 0), depth - 1), min(max(j0 + j + dy, 0), height - 1)]
                row = rows[3 * dz + dy + 4]
                row[0] = source[max(i0 - 1, 0)]
                row[1:-1] = source[i0 : i0 + row.size - 2]
                row[-1] = source[min(i0 + row.size - 2, width - 1)]
        place = 0
        if wanted[0]:
            out[place, j] = rows[4, 1:-1]
            place += 1
        if wanted[1]:
            _slope(rows, weights, out[place, j])
            place += 1
        if wanted[2] == 2:
            _second(rows, 3, 5, wy * wy, tensor[0])
            for i in range(out.shape[2]):
                tensor[1, i] = (rows[4, i] + rows[4, i + 2] - np.float32(2.0) * rows[4, i + 1]) * (wx * wx)
            _mixed_x(rows, 3, 5, quarter * wy * wx, tensor[2])
            _curvatures_2d(tensor, out[place : place + 2, j])
        elif wanted[2] == 3:
            _second(rows, 1, 7, wz * wz, tensor[0])
            _second(rows, 3, 5, wy * wy, tensor[1])
            for i in range(out.shape[2]):
                tensor[2, i] = (rows[4, i] + rows[4, i + 2] - np.float32(2.0) * rows[4, i + 1]) * (wx * wx)
            _mixed(rows, (0, 2, 6, 8), quarter * wz * wy, tensor[3])
            _mixed_x(rows, 1, 7, quarter * wz * wx, tensor[4])
            _mixed_x(rows, 3, 5, quarter * wy * wx, tensor[5])
            _curvatures_3d(tensor, out[place : place + 3, j])


@kernel
def interpolate_slice(
    coarse: NDArray[np.float32],
    origin: tuple[int, int, int],
    step: tuple[int, int, int],
    corner: tuple[int, int, int],
    out: NDArray[np.float32],
) -> None:
    """Interpolate features of a coarse grid linearly to one slice of the fine grid.

    Parameters
    ----------
    coarse
        Shape (feature, z, y, x); beyond its ends the outermost value goes on.
    origin
        Index on the coarse grid, counted from the picture's first voxel, of ``coarse[:, 0, 0, 0]``.
    step
        Fine voxels from one coarse voxel to the next.
    corner
        Index in the picture of the first voxel of the slice.
    out
        Shape (feature, y, x), filled.
    """
    features, depth, height, width = coarse.shape
    row = np.empty(width + 1, np.float32)
    sz, sy, sx = step
    z = corner[0] // sz - origin[0]
    fz = np.float32((corner[0] % sz) / sz)
    z1 = min(z + 1, depth - 1)
    for feature in range(features):
        for j in range(out.shape[1]):
            y = (corner[1] + j) // sy - origin[1]
            fy = np.float32(((corner[1] + j) % sy) / sy)
            y1 = min(y + 1, height - 1)
            a, b = coarse[feature, z, y], coarse[feature, z, y1]
            c, d = coarse[feature, z1, y], coarse[feature, z1, y1]
            for i in range(width):
                low = a[i] + fy * (b[i] - a[i])
                high = c[i] + fy * (d[i] - c[i])
                row[i] = low + fz * (high - low)
            row[width] = row[width - 1]
            x = corner[2] // sx - origin[2]
            part = corner[2] % sx
            for i in range(out.shape[2]):
                out[feature, j, i] = row[x] + np.float32(part / sx) * (row[x + 1] - row[x])
                part += 1
                if part == sx:
                    part = 0
                    x += 1
