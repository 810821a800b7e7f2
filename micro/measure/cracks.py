"""How cracked the electrolyte is: density, number, porosity and aperture, and each crack by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import Part
from micro.measure.aperture import SheetGeometry, mid_surface_shares
from micro.measure.census import Grid
from micro.measure.counting import count_row, cut_weights
from micro.measure.intervals import ratio_spread, value_interval
from micro.measure.objects import ObjectPartial, Objects, box_columns, merge_objects, object_block
from micro.measure.protocol import BlockView, Context
from micro.measure.results import Findings
from micro.model import Measurement

__all__ = ["Cracks"]

CRACK = int(Part.CRACK)
WANTED = np.zeros(8, bool)
WANTED[CRACK] = True

FOLLOWS = "no interval of its own: crack_porosity over crack_density"


@dataclass(frozen=True)
class _Partial:
    """Mid-surface of a block: by object id, and of voxels in the SE region by cell of the coarse grid."""

    objects: ObjectPartial
    ids: NDArray[np.int64]
    areas: NDArray[np.float64]
    corner: Shape
    cells: NDArray[np.float64]


@dataclass(frozen=True)
class Cracks:
    """P32 (P21 in a section), counts and aperture of the cracks in SE, and a table of all cracks."""

    def halo(self, context: Context) -> Shape:
        """As wide as the window of the local normal; nothing where there are no cracks."""
        if not context.objects.ids_of(Part.CRACK).size:
            return (0, 0, 0)
        return _geometry(context).halo

    def on_block(self, context: Context, view: BlockView) -> _Partial | None:
        """Sum the mid-surface of the block's cracks."""
        if not view.found[CRACK]:
            return None
        core = view.core(view.parts)
        geometry = _geometry(context)
        objects = object_block(context, view, WANTED, crack=CRACK)
        assert objects is not None
        shares = mid_surface_shares(view.parts & 127 == CRACK, view.block, geometry)
        ids, slots = np.unique(view.core(view.ids)[shares > 0], return_inverse=True)
        areas = np.bincount(slots, weights=shares[shares > 0], minlength=ids.size).astype(np.float64)
        grid = Grid.fitting(context.shape, context.spacing.um)
        corner, cells = _by_cell(grid, view, np.where(core >= 128, shares, 0.0))
        return _Partial(objects, ids.astype(np.int64), areas, corner, cells)

    def merge(self, context: Context, partials: list[_Partial | None]) -> Findings:
        """Return densities, counts, apertures and the object table."""
        found = [one for one in partials if one is not None]
        objects = merge_objects([one.objects for one in found], context.objects.count)
        areas = np.zeros(context.objects.count + 1)
        for one in found:
            areas[one.ids] += one.areas
        table = _table(context, objects, areas)
        if context.plane is None:
            rows = tuple(replace(row, note=context.no_interface) for row in _empty_rows(context))
            return Findings(rows, {"cracks": table})
        return Findings(_rows(context, found, table), {"cracks": table})


def _geometry(context: Context) -> SheetGeometry:
    return SheetGeometry.of(context.shape, context.spacing, context.params.crack_window_um)


def _by_cell(grid: Grid, view: BlockView, shares: NDArray[np.float64]) -> tuple[Shape, NDArray[np.float64]]:
    """Return the sums of ``shares`` over the cells that the block's core meets, and the first of these cells."""
    z, y, x = (grid.cells(axis, core.start, core.stop) for axis, core in enumerate(view.block.core))
    corner = (int(z[0]), int(y[0]), int(x[0]))
    sums = np.zeros((int(z[-1]) - corner[0] + 1, int(y[-1]) - corner[1] + 1, int(x[-1]) - corner[2] + 1))
    k, j, i = np.nonzero(shares)
    np.add.at(sums, (z[k] - corner[0], y[j] - corner[1], x[i] - corner[2]), shares[k, j, i])
    return corner, sums


def _empty_rows(context: Context) -> tuple[Measurement, Measurement, Measurement]:
    density = ("P21", "1/um") if context.is_2d else ("P32", "1/um")
    count = ("P20", "1/um2") if context.is_2d else ("P30", "1/um3")
    return (
        Measurement("crack_density", None, density[1], f"crack_density/{density[0]}/v1", roi="se_region"),
        Measurement("crack_count_density", None, count[1], f"crack_count_density/{count[0]}/v2", roi="se_region"),
        Measurement("crack_aperture_mean", None, "um", "crack_aperture_mean/v1", roi="se_region"),
    )


def _table(context: Context, objects: Objects, areas: NDArray[np.float64]) -> pd.DataFrame:
    ids = context.objects.ids_of(Part.CRACK)
    table = box_columns(context, context.objects, ids)
    size = context.objects.voxels[ids] * context.voxel_measure
    table["trace_length_um" if context.is_2d else "mid_surface_um2"] = areas[ids]
    table["aperture_mean_um"] = size / np.where(areas[ids] > 0, areas[ids], np.nan)
    missing = context.plane is None
    table["depth_start_um"] = np.nan if missing else objects.low_um[ids]
    table["depth_um"] = np.nan if missing else objects.high_um[ids]
    in_se = 2 * objects.region[ids] >= context.objects.voxels[ids]
    before = objects.high_um[ids] + objects.low_um[ids] < 0
    table.insert(1, "host", np.where(in_se, "SE", np.where(before, "anode side", "far side")))
    if missing:
        table["host"] = "unknown"
    return table


def _rows(context: Context, found: list[_Partial], table: pd.DataFrame) -> tuple[Measurement, ...]:
    density, number, aperture = _empty_rows(context)
    census = context.census
    assert census is not None
    region = census.labelled(se_region=True)
    size = int(region.sum()) * context.voxel_measure
    if size == 0:
        return tuple(replace(row, note="the SE region is empty") for row in (density, number, aperture))
    cells = np.zeros(census.grid.counts)
    for one in found:
        z, y, x = (slice(c, c + n) for c, n in zip(one.corner, one.cells.shape, strict=True))
        cells[z, y, x] += one.cells
    area = float(cells.sum())
    interval = value_interval(area / size, ratio_spread(cells, region * context.voxel_measure, census.grid.edges_um))
    low, high = interval or (None, None)
    note = "" if interval else "no interval: no crack, or too few independent samples"
    hosted = table["id"].to_numpy(np.int64)[(table["host"] == "SE").to_numpy()]
    count = int(hosted.size)
    weights = cut_weights(context.objects, hosted, context.shape, (0, 1, 2))
    cracks = int(census.of_parts(Part.CRACK, se_region=True).sum())
    if area:
        aperture = replace(aperture, value=cracks * context.voxel_measure / area, n=count, note=FOLLOWS)
    else:
        aperture = replace(aperture, n=0, note="no crack")
    return (
        replace(density, value=area / size, ci_low=low, ci_high=high, n=count, note=note),
        count_row(number, weights, size),
        aperture,
    )
