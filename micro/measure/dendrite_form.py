"""Dendrites looked at as a whole: their paths, the way their tissue runs, and what they look like at each depth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.measure.clusters import clustered_fraction, few_objects
from micro.measure.dendrite_shape import measure_shapes, shape_findings
from micro.measure.enclosed import find_enclosed
from micro.measure.fragment_rows import empty_fragments, fragment_profile, fragment_rows, no_fragments
from micro.measure.fragments import section_table
from micro.measure.morphology import FORMS, Morphology, find_morphology
from micro.measure.objects import FILAMENTS
from micro.measure.protocol import Context
from micro.measure.results import PROFILE_COLUMNS, Findings
from micro.measure.scene import Scene
from micro.measure.tissue import DIRECTED, EULER, LATERAL, VERTICAL, VOXELS
from micro.model import Measurement

__all__ = ["DendriteForm"]

NO_DENDRITE = "no dendrite"
NO_EULER = "a section can't tell the Euler number per volume"
OF_PICTURE = "no interval: a description of this picture"

METRICS = (
    ("dendrite_orientation", "deg", "dendrite_orientation/v2"),
    ("dendrite_vertical_fraction", "1", "dendrite_vertical_fraction/v2"),
    ("dendrite_lateral_fraction", "1", "dendrite_lateral_fraction/v2"),
    *((f"dendrite_{form}_fraction", "1", f"dendrite_{form}_fraction/v3") for form in FORMS),
    ("dendrite_euler_density", "1/um3", "dendrite_euler_density/v1"),
    ("dendrite_enclosed_fraction", "1", "dendrite_enclosed_fraction/v1"),
)


@dataclass(frozen=True)
class DendriteForm:
    """Length, thickness, tortuosity and direction of dendrites, and their morphology against depth."""

    def measure(self, scene: Scene) -> Findings:
        """Return rows, profiles, and further columns of the dendrites' table."""
        context = scene.context
        shapes = measure_shapes(scene)
        found = shape_findings(context, shapes)
        empty = [Measurement(name, None, unit, known, roi="se_region") for name, unit, known in METRICS]
        ids = np.flatnonzero(FILAMENTS[context.objects.classes & 7])
        why = context.no_interface or ("" if ids.size else NO_DENDRITE)
        form = None
        if not why:
            form = find_morphology(scene, shapes, step_um=context.profile_bin_um)
        if form is None:
            rows = tuple(
                replace(row, note=_why_empty(context, row, why)) for row in (*empty, *empty_fragments(context))
            )
            return Findings((*found.rows, *rows), {**found.objects, "fragments": no_fragments(context)})
        bodies = section_table(scene, form.fragments) if context.is_2d else find_enclosed(scene)
        tables = {"dendrites": _add_columns(found.objects["dendrites"], ids, form, context), "fragments": bodies}
        rows = (*found.rows, *_rows(context, empty, form), *fragment_rows(context, bodies))
        return Findings(rows, tables, _profiles(context, form, bodies))


def _why_empty(context: Context, row: Measurement, why: str) -> str:
    if context.is_2d and row.metric == "dendrite_euler_density":
        return NO_EULER
    return why or NO_DENDRITE


def _add_columns(table: pd.DataFrame, ids: NDArray[np.int64], form: Morphology, context: Context) -> pd.DataFrame:
    """Add what the tissue tells of each object; objects without a path have these columns too."""
    counts, angles = form.tissue.by_object[ids], form.tissue.angle_by_object[ids]
    directed = counts[:, DIRECTED]
    columns = {"id": ids, "tissue_angle_deg": angles / np.where(directed > 0, directed, np.nan)}
    if not context.is_2d:
        columns["euler_number"] = counts[:, EULER] // 8
    return pd.DataFrame(columns).merge(table, on="id", how="left")[
        ["id", *[name for name in table if name != "id"], *[name for name in columns if name != "id"]]
    ]


def _rows(context: Context, empty: list[Measurement], form: Morphology) -> list[Measurement]:
    orientation, vertical, lateral, *forms, euler, enclosed = empty
    known = form.tissue.by_object[:, DIRECTED] > 0
    weight = form.tissue.by_object[known, DIRECTED].astype(np.float64)
    rows = [_orientation_row(orientation, form.tissue.angle_by_object[known], weight)]
    for row, column in ((vertical, VERTICAL), (lateral, LATERAL)):
        rows.append(_share_row(row, form.tissue.by_object[known, column].astype(np.float64), weight))
    voxels = form.tissue.by_bin[:, VOXELS]
    told = voxels[form.forms >= 0].sum()
    for number, row in enumerate(forms):
        if told:
            rows.append(
                replace(row, value=float(voxels[form.forms == number].sum() / told), n=int(told), note=OF_PICTURE)
            )
        else:
            rows.append(replace(row, n=0, note="too little metal in every bin of depth"))
    return [*rows, _euler_row(context, euler, form), _enclosed_row(context, enclosed, form)]


def _orientation_row(row: Measurement, angles: NDArray[np.float64], weight: NDArray[np.float64]) -> Measurement:
    if not weight.size:
        return replace(row, n=0, note="no dendrite has a direction")
    value, interval = clustered_fraction(angles / 90.0, weight)
    low, high = (None, None) if interval is None else (90 * interval[0], 90 * interval[1])
    note = "" if interval else few_objects(len(weight), "dendrites")
    return replace(row, value=90 * value, ci_low=low, ci_high=high, n=len(weight), note=note)


def _share_row(row: Measurement, numerator: NDArray[np.float64], weight: NDArray[np.float64]) -> Measurement:
    if not weight.size:
        return replace(row, n=0, note="no dendrite has a direction")
    value, interval = clustered_fraction(numerator, weight)
    low, high = interval or (None, None)
    few = few_objects(len(weight), "dendrites") if 0 < value < 1 or len(weight) < 3 else "no interval: none, or all"
    return replace(row, value=value, ci_low=low, ci_high=high, n=len(weight), note="" if interval else few)


def _euler_row(context: Context, row: Measurement, form: Morphology) -> Measurement:
    if context.is_2d:
        return replace(row, note=NO_EULER)
    census = context.census
    assert census is not None
    region = int(census.labelled(se_region=True).sum())
    if not region:
        return replace(row, note="the SE region is empty")
    objects = int((form.tissue.by_object[:, VOXELS] > 0).sum())
    euler = float(form.tissue.by_object[:, EULER].sum()) / 8
    return replace(row, value=euler / (region * context.voxel_measure), n=objects, note=OF_PICTURE)


def _enclosed_row(context: Context, row: Measurement, form: Morphology) -> Measurement:
    area = float(form.fragments.area_um2.sum())
    edges = context.spacing.um
    axes = (0,) if context.is_2d else context.map_axes
    pixels = sum(float(np.prod([edge for a, edge in enumerate(edges) if a != axis])) for axis in axes)
    metal = float(form.tissue.by_bin[:, VOXELS].sum()) * pixels
    return replace(row, value=area / (area + metal), n=int(form.fragments.area_um2.size), note=OF_PICTURE)


def _profiles(context: Context, form: Morphology, bodies: pd.DataFrame) -> pd.DataFrame:
    """Return the profiles of direction, connectivity, enclosed electrolyte and form, in bins that hold dendrites."""
    counts, depth = form.tissue.by_bin, form.depth_um
    some, directed = counts[:, VOXELS] > 0, counts[:, DIRECTED] > 0
    n = counts[directed, DIRECTED]
    tables = [
        _table(depth[directed], "dendrite_angle_mean", "", form.tissue.angle_by_bin[directed] / n, "deg", n),
        _table(depth[directed], "dendrite_vertical_fraction", "", counts[directed, VERTICAL] / n, "1", n),
        _table(depth[directed], "dendrite_lateral_fraction", "", counts[directed, LATERAL] / n, "1", n),
        _table(depth[some], "dendrite_enclosed_fraction", "", form.enclosed[some], "1", counts[some, VOXELS]),
    ]
    if not context.is_2d:
        voxels = _region(context, form)
        region = some & (voxels > 0)
        density = counts[region, EULER] / (8 * voxels[region] * context.voxel_measure)
        tables.append(_table(depth[region], "dendrite_euler_density", "", density, "1/um3", voxels[region]))
    where, mean, number = fragment_profile(bodies, form.bin_um)
    tables.append(_table(where, "dendrite_fragment_diameter_mean", "", mean, "um", number))
    for number_of, name in enumerate(FORMS):
        here = form.forms == number_of
        tables.append(_table(depth[here], "dendrite_form", name, np.ones(here.sum()), "1", counts[here, VOXELS]))
    return pd.concat([table for table in tables if len(table)], ignore_index=True)


def _region(context: Context, form: Morphology) -> NDArray[np.int64]:
    """Return the voxels of the SE region in each bin, which is a whole number of the profiles' bins high."""
    heights = context.heights
    assert heights is not None
    out = np.zeros(len(form.forms), np.int64)
    bins = (heights.lowest + np.arange(heights.region.size)) // round(form.bin_um / context.profile_bin_um)
    inside = (bins >= 0) & (bins < out.size)
    np.add.at(out, bins[inside], heights.region[inside])
    return out


def _table(
    depth: NDArray[np.float64],
    quantity: str,
    phase: str,
    value: NDArray[np.float64],
    unit: str,
    n: NDArray[np.int64],
) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(PROFILE_COLUMNS, (depth, quantity, phase, value, unit, n), strict=True)))
