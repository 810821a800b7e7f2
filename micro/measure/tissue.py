"""Which way filaments run, voxel by voxel, and how they are connected: both add up over blocks.

The direction comes from the structure tensor: g g^T h summed over a window, g the gradient of the metal at the
surface of the filament (3-D Sobel filter), h the width of a voxel across that surface, |g_z| e_z + |g_y| e_y +
|g_x| e_x over |g|. A step across an edge e has a gradient as 1 / e in voxels of which there are as 1 / e less a wall:
with h a wall counts by its area, whichever edges its voxels have. Walls have no gradient along a filament, so that its
direction is the eigenvector of the least eigenvalue (Bigun & Granlund, ICCV 1987, 433). Of a sheet, whose two lesser
eigenvalues are alike, the mean over the directions in the sheet is taken.

The Euler number comes from the 2 x 2 x 2 neighbourhoods of the voxels' corners (Ohser & Muecklich, Statistical
Analysis of Microstructures in Materials Science, 2000, section 4.2), voxels joined by faces, edges or corners.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Shape, box_of, kernel, looked_up
from micro.cell import Part, ReferencePlane
from micro.measure.objects import FILAMENTS
from micro.model import Spacing

__all__ = [
    "DIRECTED",
    "EULER",
    "LATERAL",
    "VERTICAL",
    "VOXELS",
    "Tissue",
    "TissueParams",
    "euler_table",
    "merge_tissue",
    "tissue_block",
]

VERTICAL_DEG, LATERAL_DEG = 30.0, 60.0
"""A filament this close to the normal is vertical; one this far from it is lateral."""

ROUND = 0.75
"""Tissue whose least eigenvalue is above this share of the greatest has no direction."""

VOXELS, DIRECTED, VERTICAL, LATERAL, EULER = 0, 1, 2, 3, 4
"""Columns of the counts: filament voxels, those with a direction, vertical and lateral ones.

The last holds eight times the Euler number, which is an integer at every corner of a voxel.
"""
COLUMNS = 5

SUBDIVIDED = 64
"""Parts of a tensor's unit that are told apart: a window's sum stays below 2^31 where 2^19 of its voxels are walls."""

OF_FILAMENTS = FILAMENTS[np.arange(256) & 7].astype(np.uint8)
OF_METAL = OF_FILAMENTS | np.isin(np.arange(256) & 7, [Part.ANODE, Part.COUNTER]).astype(np.uint8)


@dataclass(frozen=True)
class TissueParams:
    """What every block needs to know.

    Attributes
    ----------
    window
        Voxels along z, y and x that the window of the direction reaches on either side; 0 along a flat axis.
    bin_um
        Height of a bin.
    objects
        Number of objects in the picture.
    """

    plane: ReferencePlane
    spacing: Spacing
    window: Shape
    bin_um: float
    objects: int

    @property
    def halo(self) -> Shape:
        """Voxels that a block reads beyond its core."""
        z, y, x = (reach + 1 for reach in self.window)
        return (z, y, x)


@dataclass(frozen=True)
class Tissue:
    """Counts in bins of height above the interface and by object, and sums of the angle to the normal in degrees.

    Filament voxels below the reference interface count in the first bin.
    ``ids`` are the objects of the rows of ``by_object``; in a block those that it holds.
    """

    by_bin: NDArray[np.int64]
    angle_by_bin: NDArray[np.float64]
    ids: NDArray[np.int64]
    by_object: NDArray[np.int64]
    angle_by_object: NDArray[np.float64]


def euler_table() -> NDArray[np.int64]:
    """Return eight times the Euler number of the corner in each of the 256 neighbourhoods.

    Vertices less edges plus faces less voxels; a corner owns half an edge, a quarter of a face, an eighth of a voxel.

    Examples
    --------
    >>> table = euler_table()
    >>> int(table[0]), int(table[1]), int(table[255])
    (0, 1, 0)
    """
    cubes = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(bool).reshape(256, 2, 2, 2)
    total = 8 * cubes.any(axis=(1, 2, 3)).astype(np.int64) - cubes.sum(axis=(1, 2, 3))
    for axis in (1, 2, 3):
        others = tuple(a for a in (1, 2, 3) if a != axis)
        total -= 4 * cubes.any(axis=others).sum(axis=1)
        total += 2 * cubes.any(axis=axis).sum(axis=(1, 2))
    return np.asarray(total)


@kernel
def _gradients(metal: NDArray[np.uint8], own: NDArray[np.uint8], out: NDArray[np.int32]) -> None:
    """Write the Sobel gradient (z, y, x) at every voxel of ``own``; beyond the array its last voxel goes on."""
    depth, height, width = metal.shape
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                if not own[k, j, i]:
                    continue
                for dz in range(-1, 2):
                    for dy in range(-1, 2):
                        for dx in range(-1, 2):
                            z = min(max(k + dz, 0), depth - 1)
                            y = min(max(j + dy, 0), height - 1)
                            x = min(max(i + dx, 0), width - 1)
                            if metal[z, y, x]:
                                wz, wy, wx = 2 - abs(dz), 2 - abs(dy), 2 - abs(dx)
                                out[0, k, j, i] += dz * wy * wx
                                out[1, k, j, i] += dy * wz * wx
                                out[2, k, j, i] += dx * wz * wy


@kernel
def _products(
    gradient: NDArray[np.int32], scale: tuple[float, float, float], pair: tuple[int, int], out: NDArray[np.int32]
) -> None:
    """Write an entry of g g^T h as whole numbers, so that sums don't depend on their order.

    ``scale`` is the finest edge over the edges; g is up to 16, and `SUBDIVIDED` parts of 16 are told apart.
    """
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                z, y, x = gradient[0, k, j, i], gradient[1, k, j, i], gradient[2, k, j, i]
                if z == 0 and y == 0 and x == 0:
                    continue
                g = (z * scale[0], y * scale[1], x * scale[2])
                size = math.sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2])
                h = (abs(g[0]) / scale[0] + abs(g[1]) / scale[1] + abs(g[2]) / scale[2]) / size
                out[k, j, i] = round(SUBDIVIDED * g[pair[0]] * g[pair[1]] * h / 16)


@kernel
def _window_sum(source: NDArray[np.int32], reach: int, out: NDArray[np.int32]) -> None:
    """Sum over ``reach`` voxels on either side along the middle axis of (before, along, after)."""
    before, along, after = source.shape
    for i in range(before):
        total = np.zeros(after, np.int32)
        for j in range(min(reach, along)):
            total += source[i, j]
        for j in range(along):
            if j + reach < along:
                total += source[i, j + reach]
            if j - reach > 0:
                total -= source[i, j - reach - 1]
            out[i, j] = total


@kernel
def _window_sum_rows(source: NDArray[np.int32], reach: int, out: NDArray[np.int32]) -> None:
    """Sum over ``reach`` voxels on either side along the last axis of (row, along)."""
    rows, along = source.shape
    for i in range(rows):
        total = np.int32(0)
        for j in range(min(reach, along)):
            total += source[i, j]
        for j in range(along):
            if j + reach < along:
                total += source[i, j + reach]
            if j - reach > 0:
                total -= source[i, j - reach - 1]
            out[i, j] = total


def _window_sums(array: NDArray[np.int32], window: Shape) -> NDArray[np.int32]:
    for axis, reach in enumerate(window):
        if reach:
            source = array.reshape(math.prod(array.shape[:axis]), array.shape[axis], -1)
            out = np.empty_like(source)
            if source.shape[2] == 1:
                _window_sum_rows(source[:, :, 0], reach, out[:, :, 0])
            else:
                _window_sum(source, reach, out)
            array = out.reshape(array.shape)
    return array


@kernel
def _angle(t: NDArray[np.float64], normal: tuple[float, float, float], flat: bool) -> float:
    """Return the angle in degrees between the normal and the filament of a structure tensor; -1 where it has none."""
    zz, zy, zx, yy, yx, xx = t[0], t[1], t[2], t[3], t[4], t[5]
    if flat:
        half, mean = math.sqrt(0.25 * (yy - xx) ** 2 + yx * yx), 0.5 * (yy + xx)
        if mean <= 0 or mean - half > ROUND * (mean + half):
            return -1.0
        turn = 0.5 * math.atan2(2 * yx, yy - xx)  # of the greatest eigenvector from y; the least one is across
        cosine = abs(-math.sin(turn) * normal[1] + math.cos(turn) * normal[2])
        return math.degrees(math.acos(min(1.0, cosine)))
    mean = (zz + yy + xx) / 3
    if mean <= 0:
        return -1.0
    a, b, c = zz - mean, yy - mean, xx - mean
    p = math.sqrt((a * a + b * b + c * c + 2 * (zy * zy + zx * zx + yx * yx)) / 6)
    if p < 1e-9 * mean:
        return -1.0
    det = a * (b * c - yx * yx) - zy * (zy * c - yx * zx) + zx * (zy * yx - b * zx)
    turn = math.acos(min(1.0, max(-1.0, det / (2 * p * p * p)))) / 3
    most, least = mean + 2 * p * math.cos(turn), mean + 2 * p * math.cos(turn + 2 * math.pi / 3)
    middle = 3 * mean - most - least
    if least > ROUND * most:
        return -1.0
    line = middle - least >= most - middle
    value = least if line else most
    rows = ((zz - value, zy, zx), (zy, yy - value, yx), (zx, yx, xx - value))
    best, along = -1.0, 0.0
    for one in range(3):
        r, s = rows[one], rows[(one + 1) % 3]
        z, y, x = r[1] * s[2] - r[2] * s[1], r[2] * s[0] - r[0] * s[2], r[0] * s[1] - r[1] * s[0]
        size = z * z + y * y + x * x
        if size > best:
            best = size
            along = (z * normal[0] + y * normal[1] + x * normal[2]) ** 2 / max(size, 1e-300)
    cosine2 = along if line else 0.5 * (1 - along)
    return math.degrees(math.acos(math.sqrt(min(1.0, max(0.0, cosine2)))))


@kernel
def _count_voxels(
    tensors: NDArray[np.float64],
    places: NDArray[np.int64],
    bins: NDArray[np.int64],
    slots: NDArray[np.int64],
    normal: tuple[float, float, float],
    flat: bool,
    by_bin: NDArray[np.int64],
    angle_by_bin: NDArray[np.float64],
    by_object: NDArray[np.int64],
    angle_by_object: NDArray[np.float64],
) -> None:
    for row in range(places.size):
        angle = _angle(tensors[row], normal, flat)
        where, which = by_bin[bins[row]], by_object[slots[row]]
        where[VOXELS] += 1
        which[VOXELS] += 1
        if angle < 0:
            continue
        where[DIRECTED] += 1
        which[DIRECTED] += 1
        where[VERTICAL] += angle < VERTICAL_DEG
        which[VERTICAL] += angle < VERTICAL_DEG
        where[LATERAL] += angle > LATERAL_DEG
        which[LATERAL] += angle > LATERAL_DEG
        angle_by_bin[bins[row]] += angle
        angle_by_object[slots[row]] += angle


@kernel
def _count_corners(
    own: NDArray[np.uint8],
    heights: NDArray[np.float64],
    ids: NDArray[np.uint32],
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    table: NDArray[np.int64],
    bin_um: float,
    slots: NDArray[np.int32],
    by_bin: NDArray[np.int64],
    by_object: NDArray[np.int64],
) -> None:
    """Add the Euler number of the corners from ``lo`` to before ``hi``: corner k lies between voxels k - 1 and k.

    Each counts at the height of the highest filament voxel around it.
    """
    depth, height, width = own.shape
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            if not own[max(k - 1, 0) : k + 1, max(j - 1, 0) : j + 1].any():
                continue
            for i in range(lo[2], hi[2]):
                code, number, top = 0, 0, -np.inf
                for bit in range(8):
                    z, y, x = k - (bit >> 2), j - (bit >> 1 & 1), i - (bit & 1)
                    if 0 <= z < depth and 0 <= y < height and 0 <= x < width and own[z, y, x]:
                        code |= 1 << bit
                        number = ids[z, y, x]
                        top = max(top, heights[z, y, x])
                if code and table[code]:
                    by_bin[max(math.floor(top / bin_um), 0), EULER] += table[code]
                    by_object[slots[number], EULER] += table[code]


def _cropped(
    block: Block, parts: NDArray[np.uint8], ids: NDArray[np.uint32]
) -> tuple[Block, NDArray[np.uint8], NDArray[np.uint32]] | None:
    """Return the block, its parts and ids with one voxel around its filaments; None where its core is not near any."""
    box = box_of(parts, OF_FILAMENTS)
    if box is None:
        return None
    z, y, x = (slice(max(a.start - 1, 0), min(a.stop + 1, n)) for a, n in zip(box, parts.shape, strict=True))
    near = block.cropped((z, y, x))
    if any(core.start == core.stop for core in near.core):
        return None
    return near, np.ascontiguousarray(parts[z, y, x]), np.ascontiguousarray(ids[z, y, x])


def tissue_block(
    block: Block, parts: NDArray[np.uint8], ids: NDArray[np.uint32], *, params: TissueParams, shape: Shape
) -> Done[Tissue | None]:
    """Count a block's filament voxels by direction, and its corners by Euler number."""
    cropped = _cropped(block, parts, ids)
    if cropped is None:
        return Done(None)
    block, parts, ids = cropped
    own = looked_up(parts, OF_FILAMENTS)
    filaments = np.nonzero(own)
    heights = np.zeros(parts.shape)  # of filaments; no other is asked for
    heights[filaments] = params.plane.heights_at_um(filaments, params.spacing, block.outer_start)
    bins = math.floor(max(float(heights[filaments].max()), 0.0) / params.bin_um) + 1
    by_bin, angle = np.zeros((bins, COLUMNS), np.int64), np.zeros(bins)
    numbers = np.unique(ids[own > 0]).astype(np.int64)
    by_object, angle_by_object = np.zeros((numbers.size, COLUMNS), np.int64), np.zeros(numbers.size)
    slots = np.zeros(params.objects + 1, np.int32)
    slots[numbers] = np.arange(numbers.size)
    inner = block.inner
    lo = (inner[0].start, inner[1].start, inner[2].start)
    z, y, x = (i.stop + (c.stop == n) for i, c, n in zip(inner, block.core, shape, strict=True))
    _count_corners(own, heights, ids, lo, (z, y, x), euler_table(), params.bin_um, slots, by_bin, by_object)
    places, tensors = _tensors(block, parts, own, params)
    if places.size:
        where = np.maximum(np.floor(heights.ravel()[places] / params.bin_um), 0).astype(np.int64)
        which = slots[ids.ravel()[places]].astype(np.int64)
        normal, flat = params.plane.direction, shape[0] == 1
        _count_voxels(tensors, places, where, which, normal, flat, by_bin, angle, by_object, angle_by_object)
    return Done(Tissue(by_bin, angle, numbers, by_object, angle_by_object))


def _tensors(
    block: Block, parts: NDArray[np.uint8], own: NDArray[np.uint8], params: TissueParams
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the flat places of the core's filament voxels in the outer region, and their structure tensors (n, 6)."""
    core = np.zeros(own.shape, bool)
    core[block.inner] = own[block.inner] > 0
    places = np.flatnonzero(core.ravel())
    if not places.size:
        return places, np.zeros((0, 6))
    metal = looked_up(parts, OF_METAL)
    gradient = np.zeros((3, *metal.shape), np.int32)
    _gradients(metal, own, gradient)
    tensors = np.empty((places.size, 6))
    finest = min(params.spacing.um)
    scale = (finest / params.spacing.z, finest / params.spacing.y, finest / params.spacing.x)
    for entry, pair in enumerate(((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))):
        products = np.zeros(metal.shape, np.int32)
        _products(gradient, scale, pair, products)
        tensors[:, entry] = _window_sums(products, params.window)[core]
    return places, tensors


def merge_tissue(partials: list[Tissue | None], objects: int) -> Tissue | None:
    """Add the blocks' counts; the rows of ``by_object`` are then those of the object ids."""
    found = [one for one in partials if one is not None]
    if not found:
        return None
    bins = max(len(one.by_bin) for one in found)
    total = Tissue(
        np.zeros((bins, COLUMNS), np.int64),
        np.zeros(bins),
        np.arange(objects + 1),
        np.zeros((objects + 1, COLUMNS), np.int64),
        np.zeros(objects + 1),
    )
    for one in found:
        here = slice(0, len(one.by_bin))
        total.by_bin[here] += one.by_bin
        total.angle_by_bin[here] += one.angle_by_bin
        total.by_object[one.ids] += one.by_object
        total.angle_by_object[one.ids] += one.angle_by_object
    return total
