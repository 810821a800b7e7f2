"""How cracked the electrolyte is: density, number, aperture, orientation and depth, and each crack by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import Part
from micro.measure.aperture import SheetGeometry, Sheets, sheets_in
from micro.measure.census import Grid
from micro.measure.crack_rows import HOSTS, CrackSums, crack_findings
from micro.measure.objects import (
    ObjectPartial,
    Objects,
    box_columns,
    heights_at,
    mean_heights_um,
    merge_objects,
    object_block,
)
from micro.measure.orientation import AXIAL_BINS, STEP_DEG, angles_deg, axial_bins, strikes_deg, trace_angles_deg
from micro.measure.protocol import BlockView, Context
from micro.measure.results import Findings

__all__ = ["Cracks"]

CRACK = int(Part.CRACK)
WANTED = np.zeros(8, bool)
WANTED[CRACK] = True

BINS_PER_EDGE = 32
"""Bins of the histogram of apertures within one mean voxel edge."""


@dataclass(frozen=True)
class _Bins:
    """Sums in bins of equal width, from bin ``lowest`` on; each row one quantity."""

    lowest: int
    sums: NDArray[np.float64]


@dataclass(frozen=True)
class _Partial:
    """Mid-surface of a block by object, by cell of the coarse grid, by aperture, by direction and by height.

    ``table`` has a row an object: its mid-surface, that below resolution, and the six sums of the
    orientation tensor; then, in the SE region only (without an interface everywhere), the mid-surface, that
    below resolution, and the sums of angle, squared sine of the angle and height, each times the mid-surface.
    """

    objects: ObjectPartial
    ids: NDArray[np.int64]
    table: NDArray[np.float64]
    corner: Shape
    cells: NDArray[np.float64]
    apertures: _Bins
    heights: _Bins
    angles: NDArray[np.float64]
    axial: NDArray[np.float64]


@dataclass(frozen=True)
class Cracks:
    """Densities, counts, apertures, orientations and depths of the cracks in SE, and a table of all cracks."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """One voxel; blocks with cracks read as far as the window of the local normal once more."""
        return (1, 1, 1)

    def on_block(self, context: Context, view: BlockView) -> _Partial | None:
        """Sum the mid-surface of the block's cracks."""
        if not view.found[CRACK]:
            return None
        objects = object_block(context, view, WANTED, crack=CRACK)
        assert objects is not None
        return _sums(context, view, objects, _sheets(context, view))

    def merge(self, context: Context, partials: list[_Partial | None]) -> Findings:
        """Return densities, counts, apertures, orientations, depths and the object table."""
        found = [one for one in partials if one is not None]
        objects = merge_objects([one.objects for one in found], context.objects.count)
        sums = np.zeros((context.objects.count + 1, 13))
        for one in found:
            sums[one.ids] += one.table
        lowest, by_height = _by_height(context, found)
        first, by_aperture = _merge_bins([one.apertures for one in found], 2)
        assert context.census is not None
        cells = np.zeros(context.census.grid.counts)
        for one in found:
            z, y, x = (slice(c, c + n) for c, n in zip(one.corner, one.cells.shape, strict=True))
            cells[z, y, x] += one.cells
        merged = CrackSums(
            table=_table(context, objects, sums),
            in_region=sums[context.objects.ids_of(Part.CRACK), 8:],
            cells=cells,
            aperture_bin_um=_mean_edge(context) / BINS_PER_EDGE,
            apertures=np.pad(by_aperture, ((0, 0), (first, 0))),
            angles=sum((one.angles for one in found), np.zeros((2, 90 // STEP_DEG))),
            axial=sum((one.axial for one in found), np.zeros((2, AXIAL_BINS))),
            lowest=lowest,
            heights=by_height,
        )
        return crack_findings(context, merged)


def _sheets(context: Context, view: BlockView) -> Sheets:
    geometry = _geometry(context)
    wide = view.beyond(geometry.halo, context.shape)
    return sheets_in(wide.parts & 127 == CRACK, wide.block, geometry)


def _mean_edge(context: Context) -> float:
    edges = [edge for edge, n in zip(context.spacing.um, context.shape, strict=True) if n > 1] or [context.spacing.x]
    return math.prod(edges) ** (1 / len(edges))


def _geometry(context: Context) -> SheetGeometry:
    return SheetGeometry.of(
        context.shape, context.spacing, context.params.crack_window_um, thickest_um=_thickest_um(context)
    )


def _thickest_um(context: Context) -> float:
    """Return about how thick the thickest crack is: its volume over the two extents of its moments, or the third.

    A flat disc gives 1.05 of its thickness; bent and branched sheets give more.
    """
    table, ids = context.objects, context.objects.ids_of(Part.CRACK)
    edges = np.array(context.spacing.um)
    moments = table.covariances[ids] * edges[:, None] * edges[None, :]
    if context.is_2d:
        moments = moments[:, 1:, 1:]
    extents = np.sqrt(12 * np.maximum(np.linalg.eigvalsh(moments), 0))
    size = table.voxels[ids] * context.voxel_measure
    return float(np.minimum(size / extents[:, 1:].prod(axis=1), extents[:, 0]).max(initial=0.0))


def _by_height(context: Context, found: list[_Partial]) -> tuple[int, NDArray[np.float64]]:
    """Return the first bin of height, and in each the voxels of the SE region and the mid-surface in it."""
    if context.heights is None or not context.objects.ids_of(Part.CRACK).size:
        return 0, np.zeros((2, 0))
    lowest, region = context.heights.lowest, context.heights.region.astype(np.float64)
    first, area = _merge_bins([one.heights for one in found if one.heights.sums.any()], 1)
    out = np.stack([region, np.zeros(region.size)])
    if area.size:
        out[1, first - lowest : first - lowest + area.shape[1]] = area[0]
    return lowest, out


def _sums(context: Context, view: BlockView, objects: ObjectPartial, sheets: Sheets) -> _Partial:
    where = tuple(sheets.voxels.T)
    heights = _heights_um(context, view, sheets)
    inside = (view.core(view.parts)[where] >= 128) | (context.plane is None)
    direction = context.up or (0.0, 0.0, 0.0)
    area, normals = sheets.shares, sheets.normals
    below = area * (sheets.apertures_um < 2 * sheets.resolution_um)
    angle, sine = angles_deg(normals, direction), normals @ np.array(direction)
    tensor = [area * normals[:, a] * normals[:, b] for a, b in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))]
    local = [one * inside for one in (area, below, area * angle, area * sine**2, area * heights)]
    ids, slots = np.unique(view.core(view.ids)[where], return_inverse=True)
    columns = [np.bincount(slots, weights=one, minlength=ids.size) for one in (area, below, *tensor, *local)]
    corner, cells = _by_cell(Grid.fitting(context.shape, context.spacing.um), view, sheets, area * inside)
    angles, axial = _roses(context, normals[inside], area[inside], angle[inside])
    apertures = _apertures(context, sheets.apertures_um[inside], area[inside])
    places = _bins_of(np.floor(heights[inside] / context.profile_bin_um).astype(np.int64), area[inside])
    table = np.stack(columns, axis=1).astype(np.float64)
    return _Partial(objects, ids.astype(np.int64), table, corner, cells, apertures, places, angles, axial)


def _bins_of(bins: NDArray[np.int64], *weights: NDArray[np.float64]) -> _Bins:
    lowest = int(bins.min()) if bins.size else 0
    return _Bins(lowest, np.stack([np.bincount(bins - lowest, weights=one, minlength=1) for one in weights]))


def _heights_um(context: Context, view: BlockView, sheets: Sheets) -> NDArray[np.float64]:
    z, y, x = (
        axis.astype(np.int64) + inner.start for axis, inner in zip(sheets.voxels.T, view.block.inner, strict=True)
    )
    return heights_at(context, view, (z, y, x))


def _by_cell(
    grid: Grid, view: BlockView, sheets: Sheets, shares: NDArray[np.float64]
) -> tuple[Shape, NDArray[np.float64]]:
    """Return the sums of ``shares`` over the cells that the block's core meets, and the first of these cells."""
    z, y, x = (grid.cells(axis, core.start, core.stop) for axis, core in enumerate(view.block.core))
    corner = (int(z[0]), int(y[0]), int(x[0]))
    sums = np.zeros((int(z[-1]) - corner[0] + 1, int(y[-1]) - corner[1] + 1, int(x[-1]) - corner[2] + 1))
    k, j, i = sheets.voxels.T
    np.add.at(sums, (z[k] - corner[0], y[j] - corner[1], x[i] - corner[2]), shares)
    return corner, sums


def _apertures(context: Context, apertures: NDArray[np.float64], area: NDArray[np.float64]) -> _Bins:
    # To the nearest, because sheets along the axes are whole voxels thick, and rounding must not move them.
    bins = np.rint(apertures / (_mean_edge(context) / BINS_PER_EDGE)).astype(np.int64)
    return _bins_of(bins, area, np.ones(area.size))


def _roses(
    context: Context, normals: NDArray[np.float64], area: NDArray[np.float64], angle: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mid-surface and voxels by angle to the normal, and trace length and voxels by direction across it."""
    angles, axial = np.zeros((2, 90 // STEP_DEG)), np.zeros((2, AXIAL_BINS))
    if context.up is None:
        return angles, axial
    bins = np.minimum((angle / STEP_DEG).astype(np.int64), angles.shape[1] - 1)
    angles[0], angles[1] = np.bincount(bins, area, angles.shape[1]), np.bincount(bins, minlength=angles.shape[1])
    if context.is_2d:
        bins, weight = axial_bins(trace_angles_deg(context, normals), -90.0), area
    else:
        strikes, length = strikes_deg(context, normals)
        bins, weight = axial_bins(strikes, 0.0), area * length
    axial[0], axial[1] = np.bincount(bins, weight, AXIAL_BINS), np.bincount(bins, minlength=AXIAL_BINS)
    return angles, axial


def _merge_bins(found: list[_Bins], rows: int) -> tuple[int, NDArray[np.float64]]:
    if not found:
        return 0, np.zeros((rows, 0))
    lowest = min(one.lowest for one in found)
    out = np.zeros((rows, max(one.lowest + one.sums.shape[1] for one in found) - lowest))
    for one in found:
        out[:, one.lowest - lowest : one.lowest - lowest + one.sums.shape[1]] += one.sums
    return lowest, out


def _table(context: Context, objects: Objects, sums: NDArray[np.float64]) -> pd.DataFrame:
    ids = context.objects.ids_of(Part.CRACK)
    table = box_columns(context, context.objects, ids)
    area = np.where(sums[ids, 0] > 0, sums[ids, 0], np.nan)
    size = context.objects.voxels[ids] * context.voxel_measure
    table["trace_length_um" if context.is_2d else "mid_surface_um2"] = sums[ids, 0]
    table["aperture_mean_um"] = size / area
    table["below_resolution_share"] = sums[ids, 1] / area
    table["below_resolution"] = sums[ids, 1] > 0.5 * sums[ids, 0]
    missing = context.plane is None
    table["angle_deg"] = np.nan if context.up is None else _mean_angles(sums[ids, 2:8], context.up)
    table["depth_start_um"] = np.nan if missing else objects.low_um[ids]
    table["depth_um"] = np.nan if missing else objects.high_um[ids]
    table["depth_mean_um"] = np.nan if missing else mean_heights_um(context, objects, ids)
    in_se = 2 * objects.region[ids] >= context.objects.voxels[ids]
    before = objects.high_um[ids] + objects.low_um[ids] < 0
    table.insert(1, "host", np.where(in_se, HOSTS[0], np.where(before, HOSTS[1], HOSTS[2])))
    if missing:
        table["host"] = "unknown"
    return table


def _mean_angles(tensors: NDArray[np.float64], direction: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the angle of each object's mean plane: its normal is the tensor's main direction."""
    full = np.zeros((len(tensors), 3, 3))
    for entry, (a, b) in enumerate(((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))):
        full[:, a, b] = full[:, b, a] = tensors[:, entry]
    return angles_deg(np.linalg.eigh(full)[1][:, :, 2], direction)
