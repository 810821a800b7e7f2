"""Gaps between anode and electrolyte: thickness, volume, and each gap by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import Part
from micro.measure.census import Grid
from micro.measure.intervals import ratio_spread, value_interval
from micro.measure.objects import box_columns
from micro.measure.protocol import BlockView, Context
from micro.measure.results import Findings, ThicknessMap
from micro.model import Measurement

__all__ = ["Gaps"]


@dataclass(frozen=True)
class _Partial:
    corner: tuple[int, int]
    voxels: NDArray[np.int32]


@dataclass(frozen=True)
class Gaps:
    """Thickness of the gaps over the interface, their volume, and a table of them."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """None."""
        return (0, 0, 0)

    def on_block(self, context: Context, view: BlockView) -> _Partial | None:
        """Count the gap voxels of each column."""
        if context.normal is None or not view.found[Part.GAP]:
            return None
        gaps = view.core(view.parts) & 127 == int(Part.GAP)
        a, b = context.map_axes
        corner = (view.block.core[a].start, view.block.core[b].start)
        return _Partial(corner, gaps.sum(axis=context.normal.axis, dtype=np.int32))

    def merge(self, context: Context, partials: list[_Partial | None]) -> Findings:
        """Return thickness, volume, map and table."""
        table = box_columns(context, context.objects, context.objects.ids_of(Part.GAP))
        rows = _empty_rows(context)
        if context.normal is None or context.no_anode:
            why = context.no_anode or context.no_interface
            return Findings(tuple(replace(row, note=why) for row in rows), {"gaps": table})
        a, b = context.map_axes
        voxels = np.zeros((context.shape[a], context.shape[b]), np.int64)
        for one in partials:
            if one is not None:
                rows_, columns = one.voxels.shape
                voxels[one.corner[0] : one.corner[0] + rows_, one.corner[1] : one.corner[1] + columns] += one.voxels
        filled = _rows(context, voxels)
        edges = (context.spacing.um[a], context.spacing.um[b])
        thickness = voxels.astype(np.float64) * (context.spacing.um[context.normal.axis] * context.cosine)
        gap_map = ThicknessMap(thickness, edges, ("zyx"[a], "zyx"[b]))
        return Findings(filled, {"gaps": table}, thickness_maps={"gap": gap_map})


def _empty_rows(context: Context) -> tuple[Measurement, Measurement, Measurement]:
    size = ("gap_area", "um2") if context.is_2d else ("gap_volume", "um3")
    return (
        Measurement("gap_thickness_mean", None, "um", "gap_thickness/v1", roi="interface"),
        Measurement("gap_thickness_p95", None, "um", "gap_thickness/v1", roi="interface"),
        Measurement(size[0], None, size[1], f"{size[0]}/v1", roi="interface"),
    )


def _rows(context: Context, voxels: NDArray[np.int64]) -> tuple[Measurement, ...]:
    mean, p95, size = _empty_rows(context)
    assert context.normal is not None
    open_ = voxels > 0
    count = int(np.count_nonzero(open_))
    size = replace(size, value=int(voxels.sum()) * context.voxel_measure, n=int(voxels.sum()))
    if not count:
        return (*(replace(row, n=0, note="no gap") for row in (mean, p95)), size)
    step = context.spacing.um[context.normal.axis] * context.cosine
    a, b = context.map_axes
    grid = Grid.fitting((1, *voxels.shape), (1.0, context.spacing.um[a], context.spacing.um[b]), cells=2**14)
    spread = ratio_spread(grid.pool(voxels[None] * step), grid.pool(open_[None]), grid.edges_um)
    value = int(voxels.sum()) / count * step
    interval = value_interval(value, spread)
    low, high = interval or (None, None)
    note = "" if interval else "no interval: too small, or the same everywhere"
    deep = float(np.quantile(voxels[open_], 0.95, method="inverted_cdf")) * step
    return (
        replace(mean, value=value, ci_low=low, ci_high=high, n=count, note=note),
        replace(p95, value=deep, n=count, note="no interval: set by the few thickest"),
        size,
    )
