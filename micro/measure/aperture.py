"""Mid-surface of thin sheets from the local aperture, voxel by voxel.

Along the sheet's normal the voxels of one chord share one patch of mid-surface. So each voxel adds
its volume over its chord, and the sum is the mid-surface's area: the rim adds nothing, a junction
counts once, no normal of a facet is needed. Where the voxels' corners cut a chord short at the rim,
the chord is at least `SHORTEST` of the mean chord near by.

Measured on flat pennies (traces in sections) in 20 orientations at random places, against pi R2 (2 R), least
to greatest: radius 20 of the largest voxel edge, cubic voxels, aperture 3 edges: .96 to 1.02, 4: 1.00 to 1.02,
8: 1.00 to 1.03; voxels of 1:1:2.5, aperture 3 of the largest edge: .99 to 1.01, 8: 1.00 to 1.02; radius 10, 3 and
4 edges: .98 to 1.04. Traces: .96 to 1.04. Below three edges the corners of the voxels show: 2 edges .92 to 1.02,
1 edge .64 to 1.00. Two traces that cross: .98. Alternatives, same pennies: the plain sum over chords reads the
rim's corners as surface (up to 8 % high at 6 cubic voxels, 15 % at 1:1:2.5), volume over the mean chord is 5 %
low at 3 voxels, volume over the median chord 12 % low to 7 % high. With exact normals instead of local ones the
figures stay the same, so the window is not what limits them, as long as it is wider than a crack is thick: where
the chords say that it is not, a window twice as wide is taken. (One window of 10 edges for all read a crack of
8 of the largest edges at 1:1:2.5 15 % high.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Shape
from micro.measure.aperture_kernels import changes, chords_of, list_core, moments, power_sums, shares_of, window_rows
from micro.model import Spacing

__all__ = ["SheetGeometry", "Sheets", "mid_surface_shares", "sheets_in"]

SHORTEST = 0.7
"""Least length of a chord, as a share of the mean chord near by."""

CELL = 3.0
"""Edge of the cells that share one normal, in mean voxel edges."""


WINDOW = 10.0
"""Radius over which a sheet counts as flat, in mean voxel edges."""

THICK = 0.5
"""A sheet thicker than this share of the window is looked at again through one twice as wide."""

WIDENED = 3
"""How often, at most, a window is doubled."""

ENTRIES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Entries of a symmetric tensor, in the order in which they are kept."""


@dataclass(frozen=True, slots=True)
class SheetGeometry:
    """Lengths: the cells (in voxels) that share a normal, and the windows (in um) about them, each twice the last."""

    edges_um: tuple[float, float, float]
    cell: Shape
    windows_um: tuple[float, ...]
    is_2d: bool

    @classmethod
    def of(cls, shape: Shape, spacing: Spacing, window_um: float | None, *, thickest_um: float = 0.0) -> SheetGeometry:
        """Return the geometry for a volume.

        Parameters
        ----------
        shape
            Voxels of the whole volume.
        spacing
            Their edges.
        window_um
            The one window that a user wants; None is 10 times the voxel's mean edge, and wider ones for thick sheets.
        thickest_um
            No sheet is thicker, as far as is known: as wide as this needs are the windows.
        """
        wide = [edge for edge, n in zip(spacing.um, shape, strict=True) if n > 1] or [spacing.x]
        mean = math.prod(wide) ** (1 / len(wide))
        windows = [window_um or WINDOW * mean]
        while window_um is None and thickest_um > THICK * windows[-1] and len(windows) <= WIDENED:
            windows.append(2 * windows[-1])
        size = [1 if n == 1 else max(1, round(CELL * mean / edge)) for edge, n in zip(spacing.um, shape, strict=True)]
        return cls(spacing.um, (size[0], size[1], size[2]), tuple(windows), shape[0] == 1)

    def reach(self, window_um: float) -> Shape:
        """Return how many voxels a window reaches along z, y and x."""
        z, y, x = (math.ceil(window_um / edge) for edge in self.edges_um)
        return (0 if self.is_2d else z, y, x)

    @property
    def halo(self) -> Shape:
        """Voxels that a block reads beyond its core: the widest window beyond two rings of cells about it."""
        z, y, x = (reach + 3 * cell + 1 for reach, cell in zip(self.reach(self.windows_um[-1]), self.cell, strict=True))
        return (0 if self.is_2d else z, y, x)

    @property
    def voxel_measure(self) -> float:
        """Volume of a voxel in um3, in a section its area in um2."""
        z, y, x = self.edges_um
        return y * x if self.is_2d else z * y * x


@dataclass(frozen=True)
class Sheets:
    """The voxels of sheets in a block's core, in raster order.

    Attributes
    ----------
    voxels
        Where they are in the core, int32 of shape (n, 3).
    shares
        Mid-surface that each stands for, um2 (in a section um).
    apertures_um
        Local aperture: volume over mid-surface of the cells around.
    normals
        Unit normals of the sheet in um space, shape (n, 3); their sign says nothing.
    resolution_um
        The voxel's edge along the normal, (sum (n_a e_a)^2)^(1/2).
    """

    voxels: NDArray[np.int32]
    shares: NDArray[np.float64]
    apertures_um: NDArray[np.float64]
    normals: NDArray[np.float64]
    resolution_um: NDArray[np.float64]


def _normals(covariances: NDArray[np.float64], *, is_2d: bool) -> NDArray[np.float64]:
    """Return the unit vectors of least extent of covariances (n, 6), zz, zy, zx, yy, yx, xx."""
    tensors = np.zeros((len(covariances), 3, 3))
    for entry, (a, b) in enumerate(ENTRIES):
        tensors[:, a, b] = tensors[:, b, a] = covariances[:, entry]
    if is_2d:
        tensors[:, 0, 0] = 4 * covariances.max(initial=0.0) + 1.0
    return np.asarray(np.linalg.eigh(tensors)[1][:, :, 0])


def _covariances(
    change: NDArray[np.int32],
    first: Shape,
    counts: Shape,
    geometry: SheetGeometry,
    window: float,
    todo: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which cells of ``todo`` hold sheets, and about each the sheets' covariance (zz, zy, zx, yy, yx, xx)."""
    reach, size, edges = geometry.reach(window), geometry.cell, geometry.edges_um
    places, numbers = window_rows(size, reach, edges, window)
    powers = power_sums(size[2] + 2 * reach[2])[reach[2] + int(places[:, 2].min()) :]
    sums = np.zeros((*counts, 10))
    scale = (edges[2], (edges[2] / window) ** 2)
    moments(change, first, counts, size, places, numbers, powers, scale, todo, sums)
    filled = sums[..., 0] > 0
    means = sums[filled][:, 1:] / sums[filled][:, :1]
    out = means[:, 3:].copy()
    for entry, (a, b) in enumerate(ENTRIES):
        # Voxels are boxes, not points.
        out[:, entry] += (edges[a] * edges[a] / 12.0 if a == b else 0.0) - means[:, a] * means[:, b]
    return filled, out


def _measured(
    sheet: NDArray[np.uint8], first: Shape, counts: Shape, geometry: SheetGeometry
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the normals of the cells, the chords of the voxels, and each cell's sum and number of chords."""
    change = np.empty(sheet.shape, np.int32)
    changes(sheet, change)
    normals, sums = np.zeros((*counts, 3)), np.zeros((*counts, 2))
    chords = np.zeros([n * edge for n, edge in zip(counts, geometry.cell, strict=True)])
    todo = np.ones(counts, bool)
    for window in geometry.windows_um:
        todo, covariances = _covariances(change, first, counts, geometry, window, todo)
        normals[todo] = _normals(covariances, is_2d=geometry.is_2d)
        chords_of(sheet, first, geometry.cell, geometry.edges_um, window, todo, normals, chords, sums)
        # Sheets along the axes are whole voxels thick: one that is just so thick is not thicker by rounding.
        todo &= sums[..., 0] > THICK * window * sums[..., 1] * (1 + 1e-9)
        if not todo.any():
            break
    return normals, chords, sums


def sheets_in(mask: NDArray[np.bool_], block: Block, geometry: SheetGeometry) -> Sheets:
    """Return the sheet voxels of a block's core with their share of the mid-surface, aperture and normal.

    Parameters
    ----------
    mask
        The sheets in the block's outer region, which reaches `SheetGeometry.halo` beyond the core.
    block
        The block; the result does not depend on how the volume was cut into blocks.
    geometry
        Cells, windows and voxel edges.

    Examples
    --------
    >>> sheet = np.zeros((1, 40, 40), bool)
    >>> sheet[0, 18:21, 5:35] = True
    >>> whole = Block(0, *(2 * [(slice(0, 1), slice(0, 40), slice(0, 40))]))
    >>> found = sheets_in(sheet, whole, SheetGeometry.of(sheet.shape, Spacing(1.0, 0.5, 0.5), None))
    >>> round(float(found.shares.sum()), 2), round(float(found.apertures_um.mean()), 2)
    (15.0, 1.5)
    """
    box = _box(mask, block, geometry)
    if box is None:
        nothing = np.zeros(0)
        return Sheets(np.zeros((0, 3), np.int32), nothing, nothing, np.zeros((0, 3)), nothing)
    # Outside of the sheets' box nothing is inside a sheet, as beyond the picture's border.
    found = _sheets_of_box(mask[box.outer], _moved(box, block.outer_start), geometry)
    shift = [span.start - inner.start for span, inner in zip(box.core, block.inner, strict=True)]
    return replace(found, voxels=found.voxels + np.array(shift, np.int32))


def _moved(block: Block, by: tuple[int, int, int]) -> Block:
    core, outer = (
        tuple(slice(span.start + step, span.stop + step) for span, step in zip(region, by, strict=True))
        for region in (block.core, block.outer)
    )
    return Block(block.number, (core[0], core[1], core[2]), (outer[0], outer[1], outer[2]))


def _sheets_of_box(mask: NDArray[np.bool_], block: Block, geometry: SheetGeometry) -> Sheets:
    core, size, inner = block.core, geometry.cell, block.inner
    rings = (0 if geometry.is_2d else 2, 2, 2)
    cells = [
        range(c.start // s - ring, (c.stop - 1) // s + ring + 1) for c, s, ring in zip(core, size, rings, strict=True)
    ]
    corner = [c.start * s - o for c, s, o in zip(cells, size, block.outer_start, strict=True)]
    first, counts = (corner[0], corner[1], corner[2]), (len(cells[0]), len(cells[1]), len(cells[2]))
    sheet = np.ascontiguousarray(mask, np.uint8)
    normals, chords, sums = _measured(sheet, first, counts, geometry)
    areas = np.zeros((*counts, 2))
    shares_of(sheet, first, size, chords, sums, geometry.voxel_measure, SHORTEST, areas)
    lo = (inner[0].start, inner[1].start, inner[2].start)
    hi = (inner[0].stop, inner[1].stop, inner[2].stop)
    found = int(np.count_nonzero(sheet[inner]))
    voxels, out = np.zeros((found, 3), np.int32), np.zeros((found, 5))
    list_core(sheet, lo, hi, first, size, chords, areas, normals, voxels, out)
    vectors = out[:, 2:]
    resolution = np.sqrt(((vectors * np.array(geometry.edges_um)) ** 2).sum(axis=1))
    return Sheets(voxels, out[:, 0], out[:, 1], vectors, resolution)


def mid_surface_shares(mask: NDArray[np.bool_], block: Block, geometry: SheetGeometry) -> NDArray[np.float64]:
    """Return the mid-surface that each voxel of a block's core stands for, as an array of the core's shape.

    In um2 (um in a section); see `sheets_in`.

    Examples
    --------
    >>> sheet = np.zeros((1, 40, 40), bool)
    >>> sheet[0, 18:21, 5:35] = True
    >>> whole = Block(0, *(2 * [(slice(0, 1), slice(0, 40), slice(0, 40))]))
    >>> geometry = SheetGeometry.of(sheet.shape, Spacing(1.0, 0.5, 0.5), None)
    >>> round(float(mid_surface_shares(sheet, whole, geometry).sum()), 2)
    15.0
    """
    found = sheets_in(mask, block, geometry)
    shape = [axis.stop - axis.start for axis in block.core]
    out = np.zeros(shape)
    out[tuple(found.voxels.T)] = found.shares
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
