"""Mid-surface of thin sheets from the local aperture, voxel by voxel.

Along the sheet's normal the voxels of one chord share one patch of mid-surface. So each voxel adds
its volume over its chord, and the sum is the mid-surface's area: the rim adds nothing, a junction
counts once, no normal of a facet is needed. Where the voxels' corners cut a chord short at the rim,
the chord is at least `SHORTEST` of the mean chord near by.

Measured on flat pennies of radius 22 voxels in 12 directions, against pi R2 (least to greatest):
cubic voxels, aperture 2: .91 to 1.00, 3: .96 to 1.02, 4: 1.00 to 1.01, 6: 1.00 to 1.01, 8: .97 to .98;
voxels of 1:1:2.5, aperture 3 of the largest edge: .98 to 1.02, 4: .98 to .99, 6: .99 to 1.00. Two traces
that cross: .98. Alternatives, same pennies: the plain sum over chords reads the rim's corners as surface
(up to 8 % high at 6 cubic voxels, 15 % at 1:1:2.5), volume over the mean chord is 5 % low at 3 voxels,
volume over the median chord 12 % low to 7 % high. With exact normals instead of local ones the figures
stay the same, so the window is not what limits them; it has to be wider than a crack is thick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Region, Shape, kernel
from micro.model import Spacing

__all__ = ["SheetGeometry", "mid_surface_shares"]

SHORTEST = 0.7
"""Least length of a chord, as a share of the mean chord near by."""

CELL = 3.0
"""Edge of the cells that share one normal, in mean voxel edges."""


@dataclass(frozen=True, slots=True)
class SheetGeometry:
    """Lengths in voxels: the cells that share a normal, and how far the window reaches from their centres."""

    edges_um: tuple[float, float, float]
    cell: Shape
    reach: Shape
    window_um: float
    is_2d: bool

    @classmethod
    def of(cls, shape: Shape, spacing: Spacing, window_um: float | None) -> SheetGeometry:
        """Return the geometry for a volume; an empty window is 10 times the voxel's mean edge."""
        wide = [edge for edge, n in zip(spacing.um, shape, strict=True) if n > 1] or [spacing.x]
        mean = math.prod(wide) ** (1 / len(wide))
        window = window_um or 10 * mean
        flat = [n == 1 for n in shape]
        cell = [1 if f else max(1, round(CELL * mean / edge)) for edge, f in zip(spacing.um, flat, strict=True)]
        reach = [0 if f else math.ceil(window / edge) for edge, f in zip(spacing.um, flat, strict=True)]
        return cls(spacing.um, (cell[0], cell[1], cell[2]), (reach[0], reach[1], reach[2]), window, shape[0] == 1)

    @property
    def halo(self) -> Shape:
        """Voxels that a block reads beyond its core: the window beyond the cells next to it."""
        z, y, x = (0 if reach == 0 else reach + 2 * cell + 1 for reach, cell in zip(self.reach, self.cell, strict=True))
        return (z, y, x)


@kernel
def _moments(
    mask: NDArray[np.uint8],
    before: NDArray[np.int32],
    first: tuple[int, int, int],
    cells: tuple[int, int, int],
    size: tuple[int, int, int],
    reach: tuple[int, int, int],
    edges: tuple[float, float, float],
    window: float,
    out: NDArray[np.float64],
) -> None:
    """Write the covariance (zz, zy, zx, yy, yx, xx) of the mask about each cell that holds some of it.

    Cell (0, 0, 0) begins at voxel ``first``, which may lie outside the array. ``before`` holds how
    many voxels of the mask lie in a row up to and with each voxel: most rows are empty.
    """
    for a in range(cells[0]):
        for b in range(cells[1]):
            for c in range(cells[2]):
                z0, y0, x0 = first[0] + a * size[0], first[1] + b * size[1], first[2] + c * size[2]
                z1, y1, x1 = min(z0 + size[0], mask.shape[0]), min(y0 + size[1], mask.shape[1]), x0 + size[2]
                if not mask[max(z0, 0) : z1, max(y0, 0) : y1, max(x0, 0) : min(x1, mask.shape[2])].any():
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
                out[a, b, c, 0] = total[4] / total[0] - z * z
                out[a, b, c, 1] = total[5] / total[0] - z * y
                out[a, b, c, 2] = total[6] / total[0] - z * x
                out[a, b, c, 3] = total[7] / total[0] - y * y
                out[a, b, c, 4] = total[8] / total[0] - y * x
                out[a, b, c, 5] = total[9] / total[0] - x * x


def _normals(moments: NDArray[np.float64], *, is_2d: bool) -> NDArray[np.float64]:
    """Return the unit vector of least extent of each cell's covariance; zero where the cell is empty."""
    tensors = np.zeros((*moments.shape[:3], 3, 3))
    for entry, (a, b) in enumerate(((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))):
        tensors[..., a, b] = tensors[..., b, a] = moments[..., entry]
    filled = moments.any(axis=3)
    if is_2d:
        tensors[..., 0, 0] = np.inf if not filled.any() else 4 * moments[filled].max() + 1.0
    normals = np.zeros((*moments.shape[:3], 3))
    normals[filled] = np.linalg.eigh(tensors[filled])[1][:, :, 0]
    return normals


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
def _chords(
    mask: NDArray[np.uint8],
    first: tuple[int, int, int],
    size: tuple[int, int, int],
    edges: tuple[float, float, float],
    limit: float,
    normals: NDArray[np.float64],
    chords: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Write the chord of every voxel of the cells along its cell's normal, and each cell's sum and number of them."""
    for a in range(normals.shape[0]):
        for b in range(normals.shape[1]):
            for c in range(normals.shape[2]):
                normal = normals[a, b, c]
                z0, y0, x0 = first[0] + a * size[0], first[1] + b * size[1], first[2] + c * size[2]
                for k in range(max(z0, 0), min(z0 + size[0], mask.shape[0])):
                    for j in range(max(y0, 0), min(y0 + size[1], mask.shape[1])):
                        for i in range(max(x0, 0), min(x0 + size[2], mask.shape[2])):
                            if mask[k, j, i]:
                                up = (normal[0], normal[1], normal[2])
                                down = (-normal[0], -normal[1], -normal[2])
                                chord = _run(mask, (k, j, i), up, edges, limit)
                                chord += _run(mask, (k, j, i), down, edges, limit)
                                chords[k, j, i] = chord
                                sums[a, b, c, 0] += chord
                                sums[a, b, c, 1] += 1.0


@kernel
def _shares(
    mask: NDArray[np.uint8],
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    first: tuple[int, int, int],
    size: tuple[int, int, int],
    chords: NDArray[np.float64],
    sums: NDArray[np.float64],
    volume: float,
    shortest: float,
    out: NDArray[np.float64],
) -> None:
    """Write each core voxel's volume over its chord, or over ``shortest`` of the mean chord of the cells around."""
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[2], hi[2]):
                if not mask[k, j, i]:
                    continue
                a, b, c = (k - first[0]) // size[0], (j - first[1]) // size[1], (i - first[2]) // size[2]
                total, count = 0.0, 0.0
                for z in range(max(a - 1, 0), min(a + 2, sums.shape[0])):
                    for y in range(max(b - 1, 0), min(b + 2, sums.shape[1])):
                        for x in range(max(c - 1, 0), min(c + 2, sums.shape[2])):
                            total += sums[z, y, x, 0]
                            count += sums[z, y, x, 1]
                out[k - lo[0], j - lo[1], i - lo[2]] = volume / max(chords[k, j, i], shortest * total / count)


def mid_surface_shares(mask: NDArray[np.bool_], block: Block, geometry: SheetGeometry) -> NDArray[np.float64]:
    """Return the mid-surface that each voxel of a block's core stands for, in um2 (um in a section).

    Parameters
    ----------
    mask
        The sheets in the block's outer region, which reaches `SheetGeometry.halo` beyond the core.
    block
        The block; the result does not depend on how the volume was cut into blocks.
    geometry
        Cells, window and voxel edges.

    Examples
    --------
    >>> sheet = np.zeros((1, 40, 40), bool)
    >>> sheet[0, 18:21, 5:35] = True
    >>> whole = Block(0, *(2 * [(slice(0, 1), slice(0, 40), slice(0, 40))]))
    >>> geometry = SheetGeometry.of(sheet.shape, Spacing(1.0, 0.5, 0.5), None)
    >>> round(float(mid_surface_shares(sheet, whole, geometry).sum()), 2)
    15.0
    """
    z, y, x = (axis.stop - axis.start for axis in block.core)
    out = np.zeros((z, y, x))
    box = _box(mask, block, geometry)
    if box is None:
        return out
    # Outside of the sheets' box nothing is inside a sheet, as beyond the picture's border.
    here = tuple(
        slice(span.start - core.start, span.stop - core.start) for span, core in zip(box.core, block.inner, strict=True)
    )
    start = [outer.start + low.start for outer, low in zip(block.outer, box.outer, strict=True)]
    out[here] = _shares_of_box(np.ascontiguousarray(mask[box.outer], np.uint8), box.inner, start, geometry)
    return out


def _shares_of_box(
    sheet: NDArray[np.uint8], inner: Region, start: list[int], geometry: SheetGeometry
) -> NDArray[np.float64]:
    """Return the shares in the region ``inner`` of a box that begins at voxel ``start`` of the picture."""
    size = geometry.cell
    cells = [
        range((o + c.start) // s - 1, (o + c.stop - 1) // s + 2) for o, c, s in zip(start, inner, size, strict=True)
    ]
    first = [c.start * s - o for c, s, o in zip(cells, size, start, strict=True)]
    corner, counts = (first[0], first[1], first[2]), (len(cells[0]), len(cells[1]), len(cells[2]))
    moments = np.zeros((*counts, 6))
    before = np.cumsum(sheet, axis=2, dtype=np.int32)
    _moments(sheet, before, corner, counts, size, geometry.reach, geometry.edges_um, geometry.window_um, moments)
    normals = _normals(moments, is_2d=geometry.is_2d)
    chords, sums = np.zeros(sheet.shape), np.zeros((*counts, 2))
    _chords(sheet, corner, size, geometry.edges_um, geometry.window_um, normals, chords, sums)
    lo = (inner[0].start, inner[1].start, inner[2].start)
    hi = (inner[0].stop, inner[1].stop, inner[2].stop)
    out = np.zeros((hi[0] - lo[0], hi[1] - lo[1], hi[2] - lo[2]))
    z, y, x = geometry.edges_um
    volume = y * x if geometry.is_2d else z * y * x
    _shares(sheet, lo, hi, corner, size, chords, sums, volume, SHORTEST, out)
    return out


def _box(mask: NDArray[np.bool_], block: Block, geometry: SheetGeometry) -> Block | None:
    """Return the sheets' box in the core, and around it as far as the halo reaches, in voxels of the mask."""
    core = mask[block.inner]
    spans = []
    for axis, inner in enumerate(block.inner):
        others = tuple(other for other in range(3) if other != axis)
        some = np.flatnonzero(core.any(axis=others))
        if not some.size:
            return None
        spans.append(slice(inner.start + int(some[0]), inner.start + int(some[-1]) + 1))
    outer = [
        slice(max(span.start - halo, 0), min(span.stop + halo, length))
        for span, halo, length in zip(spans, geometry.halo, mask.shape, strict=True)
    ]
    return Block(0, (spans[0], spans[1], spans[2]), (outer[0], outer[1], outer[2]))
