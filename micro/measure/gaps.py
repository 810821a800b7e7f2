"""Gaps between anode and electrolyte: thickness, volume, and each gap by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import Part
from micro.measure.census import Grid
from micro.measure.objects import box_columns, voxels_of
from micro.measure.places import place_interval
from micro.measure.protocol import BlockView, Context
from micro.measure.results import Findings, ThicknessMap
from micro.model import Measurement

__all__ = ["Gaps"]

WANTED = np.arange(8) == int(Part.GAP)


@dataclass(frozen=True)
class _Columns:
    """Pairs of a column and a gap that it holds, as ``column * stride + gap``, ascending, with their voxels."""

    keys: NDArray[np.int64]
    voxels: NDArray[np.int64]


@dataclass(frozen=True)
class Gaps:
    """Thickness of the gaps over the interface, their volume, and a table of them."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """None."""
        return (0, 0, 0)

    def on_block(self, context: Context, view: BlockView) -> _Columns | None:
        """Count the voxels of each gap in each column."""
        if context.normal is None or not view.found[Part.GAP]:
            return None
        a, b = context.map_axes
        places = voxels_of(view, WANTED)
        row, column = (places[axis] + view.block.outer_start[axis] for axis in (a, b))
        ids = view.ids[places].astype(np.int64)
        keys, counts = np.unique((row * context.shape[b] + column) * _stride(context) + ids, return_counts=True)
        return _Columns(keys, counts.astype(np.int64))

    def merge(self, context: Context, partials: list[_Columns | None]) -> Findings:
        """Return thickness, volume, map and table."""
        ids = context.objects.ids_of(Part.GAP)
        table = box_columns(context, context.objects, ids)
        rows = _empty_rows(context)
        if context.normal is None or context.no_anode:
            why = context.no_anode or context.no_interface
            empty = (*(replace(row, note=why) for row in rows), *(row.noted(why) for row in _not_in_sections(context)))
            return Findings(empty, {"gaps": table})
        a, b = context.map_axes
        found = _merged([one for one in partials if one is not None])
        size = context.shape[a] * context.shape[b]
        counts = np.bincount(found.keys // _stride(context), weights=found.voxels, minlength=size)
        voxels = np.rint(counts).astype(np.int64).reshape(context.shape[a], context.shape[b])
        edges = (context.spacing.um[a], context.spacing.um[b])
        gap_map = ThicknessMap(voxels.astype(np.float64) * _step_um(context), edges, ("zyx"[a], "zyx"[b]))
        shapes = _shapes(context, ids, found)
        filled = (*_rows(context, voxels), *_not_in_sections(context))
        return Findings(filled, {"gaps": table.join(shapes)}, thickness_maps={"gap": gap_map})


def _stride(context: Context) -> int:
    return context.objects.count + 1


def _step_um(context: Context) -> float:
    """Return what a voxel of a column adds along the reference normal."""
    assert context.normal is not None
    return context.spacing.um[context.normal.axis] * context.cosine


def _merged(found: list[_Columns]) -> _Columns:
    """Put the blocks' pairs together; a column that a block's border cuts has its voxels added."""
    none = np.zeros(0, np.int64)
    keys, where = np.unique(np.concatenate([none, *(one.keys for one in found)]), return_inverse=True)
    voxels = np.zeros(keys.size, np.int64)
    np.add.at(voxels, where, np.concatenate([none, *(one.voxels for one in found)]))
    return _Columns(keys, voxels)


def _shapes(context: Context, ids: NDArray[np.int64], found: _Columns) -> pd.DataFrame:
    """Return area on the reference interface (of a section length), mean and greatest thickness of each gap."""
    across = [axis for axis in context.map_axes if not (context.is_2d and axis == 0)]
    column = float(np.prod([context.spacing.um[axis] for axis in across])) / context.cosine
    owner = found.keys % _stride(context)
    columns = np.bincount(owner, minlength=_stride(context))[ids]
    most = np.zeros(_stride(context), np.int64)
    np.maximum.at(most, owner, found.voxels)
    return pd.DataFrame(
        {
            "length_um" if context.is_2d else "area_um2": columns * column,
            "thickness_mean_um": context.objects.voxels[ids] / np.maximum(columns, 1) * _step_um(context),
            "thickness_max_um": most[ids] * _step_um(context),
        }
    )


def _empty_rows(context: Context) -> tuple[Measurement, Measurement, Measurement]:
    size = ("gap_area", "um2") if context.is_2d else ("gap_volume", "um3")
    return (
        Measurement("gap_thickness_mean", None, "um", "gap_thickness/v1", roi="interface"),
        Measurement("gap_thickness_p95", None, "um", "gap_thickness/v1", roi="interface"),
        Measurement(size[0], None, size[1], f"{size[0]}/v1", roi="interface"),
    )


def _not_in_sections(context: Context) -> tuple[Measurement, ...]:
    """Return, of a section, the row that only a volume can fill."""
    note = "a section shows the gaps' area; their volume can't be told from it"
    row = Measurement("gap_volume", None, "um3", "gap_volume/v1", roi="interface", note=note)
    return (row,) if context.is_2d else ()


def _rows(context: Context, voxels: NDArray[np.int64]) -> tuple[Measurement, ...]:
    mean, p95, size = _empty_rows(context)
    open_ = voxels > 0
    count = int(np.count_nonzero(open_))
    size = replace(
        size,
        value=int(voxels.sum()) * context.voxel_measure,
        n=int(voxels.sum()),
        note="no interval: a sum over the picture",
    )
    if not count:
        return (*(replace(row, n=0, note="no gap") for row in (mean, p95)), size)
    step = _step_um(context)
    a, b = context.map_axes
    grid = Grid.fitting((1, *voxels.shape), (1.0, context.spacing.um[a], context.spacing.um[b]), cells=2**14)
    interval = place_interval(grid.pool(voxels[None] * step), grid.pool(open_[None]), grid.edges_um)
    value = int(voxels.sum()) / count * step
    low, high = interval or (None, None)
    note = "" if interval else "no interval: fewer than three gaps, or the same everywhere"
    deep = float(np.quantile(voxels[open_], 0.95, method="inverted_cdf")) * step
    return (
        replace(mean, value=value, ci_low=low, ci_high=high, n=count, note=note),
        replace(p95, value=deep, n=count, note="no interval: set by the few thickest"),
        size,
    )
