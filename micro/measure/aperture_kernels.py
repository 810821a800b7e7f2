"""The loops behind `micro.measure.aperture`: normals of cells, chords of voxels, shares of the mid-surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["chords_along", "chords_of", "list_core", "moments", "shares_of"]


@kernel
def moments(
    mask: NDArray[np.uint8],
    before: NDArray[np.int32],
    first: tuple[int, int, int],
    cells: tuple[int, int, int],
    size: tuple[int, int, int],
    reach: tuple[int, int, int],
    edges: tuple[float, float, float],
    window: float,
    todo: NDArray[np.bool_],
    out: NDArray[np.float64],
) -> None:
    """Write the covariance (zz, zy, zx, yy, yx, xx) of the mask about each cell of ``todo`` that holds some of it.

    Cell (0, 0, 0) begins at voxel ``first``, which may lie outside the array. ``before`` holds how
    many voxels of the mask lie in a row up to and with each voxel: most rows are empty. Voxels are boxes, not points.
    """
    for a in range(cells[0]):
        for b in range(cells[1]):
            for c in range(cells[2]):
                if not todo[a, b, c]:
                    continue
                z0, y0, x0 = first[0] + a * size[0], first[1] + b * size[1], first[2] + c * size[2]
                z1, y1, x1 = max(z0 + size[0], 0), max(y0 + size[1], 0), max(x0 + size[2], 0)
                if not mask[max(z0, 0) : z1, max(y0, 0) : y1, max(x0, 0) : x1].any():
                    continue
                mz, my, mx = z0 + 0.5 * (size[0] - 1), y0 + 0.5 * (size[1] - 1), x0 + 0.5 * (size[2] - 1)
                total = np.zeros(10)
                for k in range(max(z0 - reach[0], 0), min(z0 + size[0] + reach[0], mask.shape[0])):
                    z = (k - mz) * edges[0]
                    for j in range(max(y0 - reach[1], 0), min(y0 + size[1] + reach[1], mask.shape[1])):
                        y = (j - my) * edges[1]
                        left, right = max(x0 - reach[2], 0), min(x0 + size[2] + reach[2], mask.shape[2])
                        inside = before[k, j, right - 1] - before[k, j, left] + mask[k, j, left]
                        if inside == 0 or z * z + y * y >= window * window:
                            continue
                        for i in range(left, right):
                            if not mask[k, j, i]:
                                continue
                            x = (i - mx) * edges[2]
                            far = (z * z + y * y + x * x) / (window * window)
                            if far >= 1.0:
                                continue
                            weight = (1.0 - far) * (1.0 - far)
                            total[0] += weight
                            total[1] += weight * z
                            total[2] += weight * y
                            total[3] += weight * x
                            total[4] += weight * z * z
                            total[5] += weight * z * y
                            total[6] += weight * z * x
                            total[7] += weight * y * y
                            total[8] += weight * y * x
                            total[9] += weight * x * x
                z, y, x = total[1] / total[0], total[2] / total[0], total[3] / total[0]
                out[a, b, c, 0] = total[4] / total[0] - z * z + edges[0] * edges[0] / 12.0
                out[a, b, c, 1] = total[5] / total[0] - z * y
                out[a, b, c, 2] = total[6] / total[0] - z * x
                out[a, b, c, 3] = total[7] / total[0] - y * y + edges[1] * edges[1] / 12.0
                out[a, b, c, 4] = total[8] / total[0] - y * x
                out[a, b, c, 5] = total[9] / total[0] - x * x + edges[2] * edges[2] / 12.0


@kernel
def _run(
    mask: NDArray[np.uint8],
    voxel: tuple[int, int, int],
    direction: tuple[float, float, float],
    edges: tuple[float, float, float],
    limit: float,
) -> float:
    """Return how far one gets inside the mask from a voxel's centre (Amanatides & Woo 1987), at most ``limit``."""
    at_z, at_y, at_x = voxel
    whole_z = edges[0] / abs(direction[0]) if abs(direction[0]) > 1e-12 else 1e30
    whole_y = edges[1] / abs(direction[1]) if abs(direction[1]) > 1e-12 else 1e30
    whole_x = edges[2] / abs(direction[2]) if abs(direction[2]) > 1e-12 else 1e30
    next_z, next_y, next_x = 0.5 * whole_z, 0.5 * whole_y, 0.5 * whole_x
    while True:
        if next_z <= next_y and next_z <= next_x:
            length = next_z
            next_z += whole_z
            at_z += 1 if direction[0] > 0 else -1
        elif next_y <= next_x:
            length = next_y
            next_y += whole_y
            at_y += 1 if direction[1] > 0 else -1
        else:
            length = next_x
            next_x += whole_x
            at_x += 1 if direction[2] > 0 else -1
        if length >= limit:
            return limit
        inside = 0 <= at_z < mask.shape[0] and 0 <= at_y < mask.shape[1] and 0 <= at_x < mask.shape[2]
        if not inside or not mask[at_z, at_y, at_x]:
            return length


@kernel
def chords_of(
    mask: NDArray[np.uint8],
    first: tuple[int, int, int],
    size: tuple[int, int, int],
    edges: tuple[float, float, float],
    limit: float,
    todo: NDArray[np.bool_],
    normals: NDArray[np.float64],
    chords: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Write the chord of every voxel of the cells ``todo`` along its cell's normal, and each cell's sum and number."""
    for a in range(normals.shape[0]):
        for b in range(normals.shape[1]):
            for c in range(normals.shape[2]):
                if not todo[a, b, c]:
                    continue
                normal = normals[a, b, c]
                up, down = (normal[0], normal[1], normal[2]), (-normal[0], -normal[1], -normal[2])
                z0, y0, x0 = first[0] + a * size[0], first[1] + b * size[1], first[2] + c * size[2]
                sums[a, b, c, 0], sums[a, b, c, 1] = 0.0, 0.0
                for k in range(max(z0, 0), min(z0 + size[0], mask.shape[0])):
                    for j in range(max(y0, 0), min(y0 + size[1], mask.shape[1])):
                        for i in range(max(x0, 0), min(x0 + size[2], mask.shape[2])):
                            if mask[k, j, i]:
                                chord = _run(mask, (k, j, i), up, edges, limit)
                                chord += _run(mask, (k, j, i), down, edges, limit)
                                chords[k, j, i] = chord
                                sums[a, b, c, 0] += chord
                                sums[a, b, c, 1] += 1.0


@kernel
def chords_along(
    mask: NDArray[np.uint8],
    voxels: NDArray[np.int64],
    direction: tuple[float, float, float],
    edges: tuple[float, float, float],
    limit: float,
    out: NDArray[np.float64],
) -> None:
    """Write the chord through each of the voxels (n, 3) along one direction, up to ``limit`` on either side."""
    back = (-direction[0], -direction[1], -direction[2])
    for row in range(voxels.shape[0]):
        voxel = (voxels[row, 0], voxels[row, 1], voxels[row, 2])
        out[row] = _run(mask, voxel, direction, edges, limit) + _run(mask, voxel, back, edges, limit)


@kernel
def around(sums: NDArray[np.float64], a: int, b: int, c: int) -> tuple[float, float]:
    """Return the sums of both columns over a cell and the cells next to it."""
    first, second = 0.0, 0.0
    for z in range(max(a - 1, 0), min(a + 2, sums.shape[0])):
        for y in range(max(b - 1, 0), min(b + 2, sums.shape[1])):
            for x in range(max(c - 1, 0), min(c + 2, sums.shape[2])):
                first += sums[z, y, x, 0]
                second += sums[z, y, x, 1]
    return first, second


@kernel
def shares_of(
    mask: NDArray[np.uint8],
    first: tuple[int, int, int],
    size: tuple[int, int, int],
    chords: NDArray[np.float64],
    sums: NDArray[np.float64],
    volume: float,
    shortest: float,
    areas: NDArray[np.float64],
) -> None:
    """Turn the chords into each voxel's volume over its chord; ``areas`` gets each cell's sum and volume.

    A chord is at least ``shortest`` of the mean chord of its cell and the cells around. The outermost
    cells know too few of these and get nothing.
    """
    planar = mask.shape[0] == 1
    for a in range(0 if planar else 1, sums.shape[0] if planar else sums.shape[0] - 1):
        for b in range(1, sums.shape[1] - 1):
            for c in range(1, sums.shape[2] - 1):
                if sums[a, b, c, 1] == 0.0:
                    continue
                total, count = around(sums, a, b, c)
                least = shortest * total / count
                z0, y0, x0 = first[0] + a * size[0], first[1] + b * size[1], first[2] + c * size[2]
                for k in range(max(z0, 0), min(z0 + size[0], mask.shape[0])):
                    for j in range(max(y0, 0), min(y0 + size[1], mask.shape[1])):
                        for i in range(max(x0, 0), min(x0 + size[2], mask.shape[2])):
                            if mask[k, j, i]:
                                share = volume / max(chords[k, j, i], least)
                                chords[k, j, i] = share
                                areas[a, b, c, 0] += share
                                areas[a, b, c, 1] += volume


@kernel
def list_core(
    mask: NDArray[np.uint8],
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    first: tuple[int, int, int],
    size: tuple[int, int, int],
    shares: NDArray[np.float64],
    areas: NDArray[np.float64],
    normals: NDArray[np.float64],
    voxels: NDArray[np.int32],
    out: NDArray[np.float64],
) -> None:
    """Write the core's voxels (z, y, x in the core) in raster order, each one's share, local aperture and normal."""
    row = 0
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[2], hi[2]):
                if not mask[k, j, i]:
                    continue
                a, b, c = (k - first[0]) // size[0], (j - first[1]) // size[1], (i - first[2]) // size[2]
                area, volume = around(areas, a, b, c)
                voxels[row, 0], voxels[row, 1], voxels[row, 2] = k - lo[0], j - lo[1], i - lo[2]
                out[row, 0], out[row, 1] = shares[k, j, i], volume / area
                out[row, 2], out[row, 3], out[row, 4] = normals[a, b, c, 0], normals[a, b, c, 1], normals[a, b, c, 2]
                row += 1
