"""How deep metal has grown into the electrolyte, how often, and each dendrite by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import Part
from micro.measure.clusters import clustered_ratio, few_objects
from micro.measure.counting import count_row, cut_weights
from micro.measure.intervals import value_interval
from micro.measure.objects import (
    FILAMENTS,
    ObjectPartial,
    Objects,
    box_columns,
    heights_at,
    mean_heights_um,
    merge_objects,
    object_block,
    voxels_of,
)
from micro.measure.protocol import BlockView, Context
from micro.measure.results import Findings
from micro.model import Measurement

__all__ = ["BESIDE", "DEEPER", "Dendrites"]

BINS_PER_EDGE = 32
"""Bins of the height histogram within one voxel edge along the normal's axis."""

JOINED = np.zeros(8, bool)
JOINED[int(Part.DENDRITE)] = True

DEEPER = "a section misses most tips: a lower bound"
BESIDE = "what a section shows apart may be joined beside it"

MM2 = 1e6
"""um2 in a mm2."""


@dataclass(frozen=True)
class _Partial:
    objects: ObjectPartial
    lowest: int
    histogram: NDArray[np.int64]


def _bin_um(context: Context) -> float:
    assert context.normal is not None
    return context.spacing.um[context.normal.axis] / BINS_PER_EDGE


@dataclass(frozen=True)
class Dendrites:
    """Depths of dendrites above the reference interface, their number, and a table of them."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """One voxel: whether a dendrite touches a crack."""
        return (1, 1, 1)

    def on_block(self, context: Context, view: BlockView) -> _Partial | None:
        """Find each dendrite's extremes and the histogram of heights of the joined ones."""
        if context.plane is None:
            return None
        objects = object_block(context, view, FILAMENTS, crack=int(Part.CRACK))
        if objects is None:
            return None
        bin_um = _bin_um(context)
        lowest = math.floor(float(objects.low_um.min()) / bin_um)
        length = math.floor(float(objects.high_um.max()) / bin_um) - lowest + 1
        heights = heights_at(context, view, voxels_of(view, JOINED))
        bins = np.floor(heights / bin_um).astype(np.int64) - lowest
        histogram = np.bincount(bins, minlength=length).astype(np.int64)
        return _Partial(objects, lowest, histogram)

    def merge(self, context: Context, partials: list[_Partial | None]) -> Findings:
        """Return depths, counts and the object table."""
        found = [one for one in partials if one is not None]
        objects = merge_objects([one.objects for one in found], context.objects.count)
        table = _table(context, objects)
        if context.plane is None:
            rows = [replace(row, note=context.no_interface) for row in _empty_rows(context)]
            return Findings(tuple(rows), objects={"dendrites": table})
        rows = [*_depth_rows(context, found, table), _count_row(context, table)]
        return Findings(tuple(rows), objects={"dendrites": table})


def _empty_rows(context: Context) -> list[Measurement]:
    names = ("dendrite_depth_max", "dendrite_depth_p95", "dendrite_depth_mean", "isolated_depth_max")
    versions = ("v1", "v1", "v2", "v1")
    rows = [
        Measurement(name, None, "um", f"{name}/{version}", roi="se_region")
        for name, version in zip(names, versions, strict=True)
    ]
    kind, unit = ("2D", "1/mm") if context.is_2d else ("3D", "1/mm2")
    return [
        *rows,
        Measurement("dendrite_count_density", None, unit, f"dendrite_count_density/{kind}/v2", roi="interface"),
    ]


def _table(context: Context, objects: Objects) -> pd.DataFrame:
    joined, isolated = (context.objects.ids_of(part) for part in (Part.DENDRITE, Part.ISOLATED))
    ids = np.sort(np.concatenate([joined, isolated]))
    table = box_columns(context, context.objects, ids)
    table.insert(1, "kind", np.where(np.isin(ids, joined), "joined", "isolated"))
    missing = context.plane is None
    table["depth_um"] = np.nan if missing else objects.high_um[ids]
    table["depth_start_um"] = np.nan if missing else objects.low_um[ids]
    table["depth_mean_um"] = np.nan if missing else mean_heights_um(context, objects, ids)
    table["touches_crack"] = objects.touches[ids]
    start, stop = context.objects.start[ids], context.objects.stop[ids]
    cut = (start == 0) | (stop == np.array(context.shape))
    table["cut_by_border"] = cut[:, [n > 1 for n in context.shape]].any(axis=1)
    return table


def _depth_rows(context: Context, found: list[_Partial], table: pd.DataFrame) -> list[Measurement]:
    deepest, p95, mean, isolated, _ = _empty_rows(context)
    joined = table[table["kind"] == "joined"]
    others = table[table["kind"] == "isolated"]
    no_maximum = "a maximum has no honest interval"
    rows = []
    if len(joined):
        voxels = int(context.objects.voxels[joined["id"].to_numpy()].sum())
        value, interval = _clustered_mean(context, joined)
        low, high = interval or (None, None)
        note = "" if interval else few_objects(len(joined), "dendrites")
        rows += [
            replace(deepest, value=float(joined["depth_um"].max()), n=voxels, note=no_maximum),
            replace(
                p95,
                value=min(_quantile(context, found, 0.95), float(joined["depth_um"].max())),
                n=voxels,
                note="no interval: set by the few deepest",
            ),
            replace(mean, value=value, ci_low=low, ci_high=high, n=len(joined), note=note),
        ]
    else:
        rows += [replace(row, n=0, note="no joined dendrite") for row in (deepest, p95, mean)]
    if len(others):
        rows.append(replace(isolated, value=float(others["depth_um"].max()), n=len(others), note=no_maximum))
    else:
        rows.append(replace(isolated, n=0, note="no isolated metal"))
    if not context.is_2d:
        return rows
    told = (DEEPER, DEEPER, "depths of what the section shows", BESIDE)
    return [row.noted(why) if row.value is not None else row for row, why in zip(rows, told, strict=True)]


def _clustered_mean(context: Context, joined: pd.DataFrame) -> tuple[float, tuple[float, float] | None]:
    """Return the mean depth by volume, and its interval with whole dendrites as clusters."""
    weight = context.objects.voxels[joined["id"].to_numpy()].astype(np.float64)
    mean, spread = clustered_ratio(weight * joined["depth_mean_um"].to_numpy(), weight)
    return mean, value_interval(mean, spread)


def _quantile(context: Context, found: list[_Partial], share: float) -> float:
    """Return the height below which ``share`` of the joined voxels lie, within a bin's width."""
    lowest = min(one.lowest for one in found)
    counts = np.zeros(max(one.lowest + one.histogram.size for one in found) - lowest, np.int64)
    for one in found:
        counts[one.lowest - lowest : one.lowest - lowest + one.histogram.size] += one.histogram
    reached = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
    return (lowest + reached + 0.5) * _bin_um(context)


def _count_row(context: Context, table: pd.DataFrame) -> Measurement:
    row = _empty_rows(context)[-1]
    joined = table["id"].to_numpy(np.int64)[(table["kind"] == "joined").to_numpy()]
    exposure = context.interface_measure / (1e3 if context.is_2d else MM2)
    if exposure == 0:
        return replace(row, n=int(joined.size), note="the reference interface lies outside the picture")
    boxes = context.objects.start[joined], context.objects.stop[joined]
    return count_row(row, cut_weights(*boxes, context.shape, context.map_axes), exposure)
