"""The loops behind `micro.measure.aperture`: normals of cells, chords of voxels, shares of the mid-surface."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["changes", "chords_along", "chords_of", "list_core", "moments", "power_sums", "shares_of", "window_rows"]


def power_sums(positions: int) -> NDArray[np.float64]:
    """Return the sums of u^p over the first n of ``positions`` voxels, u from their middle: shape (positions + 1, 7).

    They are multiples of 1/64 and exact, so that a run of voxels adds the same wherever an array was cut.
    """
    u = np.arange(positions) - 0.5 * (positions - 1)
    sums = np.zeros((positions + 1, 7))
    np.cumsum(u[:, None] ** np.arange(7), axis=0, out=sums[1:])
    return sums


@lru_cache(maxsize=32)
def window_rows(
    size: tuple[int, int, int], reach: tuple[int, int, int], edges: tuple[float, float, float], window: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the rows of voxels that a cell's window meets.

    Whole numbers (n, 4): z and y from the cell's first voxel, and where along x the row begins and ends; and z and y
    from the cell's middle in um, and 1 - (z2 + y2) / window2.
    """
    places, numbers = [], []
    for k in range(-reach[0], size[0] + reach[0]):
        z = (k - 0.5 * (size[0] - 1)) * edges[0]
        for j in range(-reach[1], size[1] + reach[1]):
            y = (j - 0.5 * (size[1] - 1)) * edges[1]
            inside = 1.0 - (z * z + y * y) / (window * window)
            if inside > 0:
                half, middle = math.sqrt(inside) * window / edges[2], 0.5 * (size[2] - 1)
                left, right = max(math.ceil(middle - half), -reach[2]), math.floor(middle + half) + 1
                places.append((k, j, left, min(right, size[2] + reach[2])))
                numbers.append((z, y, inside))
    return np.array(places, np.int64).reshape(-1, 4), np.array(numbers, np.float64).reshape(-1, 3)


@kernel
def changes(mask: NDArray[np.uint8], out: NDArray[np.int32]) -> None:
    """Write where in a voxel's row the next voxel lies that is not like it (or the row's end), twice, plus the mask."""
    width = mask.shape[2]
    for k in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            some = np.uint8(0)
            for i in range(width):
                some |= mask[k, j, i]
            following = width
            if some == 0:
                out[k, j] = 2 * width
                continue
            for i in range(width - 1, -1, -1):
                if i + 1 < width and mask[k, j, i] != mask[k, j, i + 1]:
                    following = i + 1
                out[k, j, i] = 2 * following + mask[k, j, i]


@kernel
def moments(
    change: NDArray[np.int32],
    first: tuple[int, int, int],
    cells: tuple[int, int, int],
    size: tuple[int, int, int],
    places: NDArray[np.int64],
    numbers: NDArray[np.float64],
    powers: NDArray[np.float64],
    scale: tuple[float, float],
    todo: NDArray[np.bool_],
    sums: NDArray[np.float64],
) -> None:
    """Write the weighted sums (1, z, y, x, zz, zy, zx, yy, yx, xx) of the mask about each cell of ``todo``.

    A voxel's weight is (1 - r2 / window2)2, r from the cell's middle. Cell (0, 0, 0) begins at voxel ``first``, which
    may lie outside the array; cells that hold nothing of the mask are left out. A row adds run by run: its weights
    are a polynomial in x, so that sums of powers of x are enough, which ``powers`` holds (`power_sums`, from the
    first voxel that a row can begin with). ``change`` is that of `changes`, ``places`` and ``numbers`` those of
    `window_rows`; ``scale`` holds the edge along x, and its square over the window's.
    """
    s = np.zeros(7)
    begin = places[:, 2].min()
    for a in range(cells[0]):
        for b in range(cells[1]):
            for c in range(cells[2]):
                z0, y0, x0 = first[0] + a * size[0], first[1] + b * size[1], first[2] + c * size[2]
                if not todo[a, b, c] or not _holds(change, (z0, y0, x0), size):
                    continue
                for n in range(places.shape[0]):
                    k, j = z0 + places[n, 0], y0 + places[n, 1]
                    if k < 0 or j < 0 or k >= change.shape[0] or j >= change.shape[1]:
                        continue
                    i, right = max(x0 + places[n, 2], 0), min(x0 + places[n, 3], change.shape[2])
                    if i >= right:
                        continue
                    if not change[k, j, i] & 1:
                        i = change[k, j, i] >> 1
                        if i >= right:
                            continue
                    s[:] = 0.0
                    while i < right:
                        stop = min(change[k, j, i] >> 1, right)
                        for p in range(7):
                            s[p] += powers[stop - x0 - begin, p] - powers[i - x0 - begin, p]
                        i = change[k, j, stop] >> 1 if stop < right else right
                    _add_row(sums[a, b, c], s, numbers[n, 2], scale[1], numbers[n, 0], numbers[n, 1], scale[0])


@kernel
def _holds(change: NDArray[np.int32], corner: tuple[int, int, int], size: tuple[int, int, int]) -> bool:
    """Return whether a cell holds something of the mask."""
    for k in range(max(corner[0], 0), min(corner[0] + size[0], change.shape[0])):
        for j in range(max(corner[1], 0), min(corner[1] + size[1], change.shape[1])):
            for i in range(max(corner[2], 0), min(corner[2] + size[2], change.shape[2])):
                if change[k, j, i] & 1:
                    return True
    return False


@kernel
def _add_row(
    total: NDArray[np.float64], s: NDArray[np.float64], inside: float, steep: float, z: float, y: float, edge: float
) -> None:
    """Add a row's weighted sums of 1, x and x2, from its sums of powers: the weight is (inside - steep u2)2."""
    one, two, four = inside * inside, -2.0 * inside * steep, steep * steep
    plain = one * s[0] + two * s[2] + four * s[4]
    first = (one * s[1] + two * s[3] + four * s[5]) * edge
    second = (one * s[2] + two * s[4] + four * s[6]) * edge * edge
    total[0] += plain
    total[1] += plain * z
    total[2] += plain * y
    total[3] += first
    total[4] += plain * z * z
    total[5] += plain * z * y
    total[6] += first * z
    total[7] += plain * y * y
    total[8] += first * y
    total[9] += second


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
    """Write the chord of every voxel of the cells ``todo`` along its cell's normal, and each cell's sum and number.

    ``chords`` begins where the cells do, at voxel ``first`` of the mask.
    """
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
                                chords[k - first[0], j - first[1], i - first[2]] = chord
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
                                z, y, x = k - first[0], j - first[1], i - first[2]
                                share = volume / max(chords[z, y, x], least)
                                chords[z, y, x] = share
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
                share = shares[k - first[0], j - first[1], i - first[2]]
                out[row, 0], out[row, 1] = share, volume / area
                out[row, 2], out[row, 3], out[row, 4] = normals[a, b, c, 0], normals[a, b, c, 1], normals[a, b, c, 2]
                row += 1
