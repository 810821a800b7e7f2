"""What needs a whole crack: its perimeter, the Budiansky-O'Connell density, and the metal that fills it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import box_of
from micro.cell import Part
from micro.measure.clusters import few_objects
from micro.measure.crack_rows import clustered_interval, counted, within
from micro.measure.filling import OF_METAL, Runs, filling_of, union_voxels
from micro.measure.intervals import Spread, value_interval
from micro.measure.outline import mean_plane, outline_of
from micro.measure.protocol import Context
from micro.measure.results import Findings
from micro.measure.scene import ObjectView, Scene, map_objects
from micro.model import Measurement

__all__ = ["REACH_VOXELS", "CrackShapes"]

REACH_VOXELS = 48
"""Metal is looked for as far as this beyond a crack's bounding box."""

TOO_LARGE = "too large to be looked at as a whole"


@dataclass(frozen=True)
class _Shape:
    """Perimeter of a crack's mid-surface as its shadow shows it, the shadow's area, and whether metal is beside it."""

    perimeter_um: float
    shadow_um2: float
    beside_metal: bool


@dataclass(frozen=True)
class CrackShapes:
    """Perimeters, Budiansky-O'Connell density and metal filling; columns of the table of cracks."""

    def measure(self, scene: Scene) -> Findings:
        """Look at every crack in its own box, and at those beside metal in a wider one."""
        context = scene.context
        ids = context.objects.ids_of(Part.CRACK)
        look = partial(_look, edges_um=context.spacing.um, is_2d=context.is_2d)
        shapes = map_objects(look, ids, scene, stage="cracks")
        filled = _fillings(scene, ids, shapes)
        table = _columns(context, scene.tables["cracks"], shapes, filled)
        rows = (*_intensity(context, table), _filling_row(context, table, filled))
        return Findings(rows, {"cracks": _new(table)})


def _look(view: ObjectView, *, edges_um: tuple[float, float, float], is_2d: bool) -> _Shape:
    beside = _beside_metal(view)
    if is_2d:
        return _Shape(math.nan, math.nan, beside)
    shadow = outline_of(view.mask, edges_um, mean_plane(view.mask, edges_um))
    return _Shape(shadow.perimeter_um, shadow.area_um2, beside)


def _beside_metal(view: ObjectView) -> bool:
    """Return whether metal touches the object by a face, an edge or a corner."""
    box = box_of(view.parts, OF_METAL)
    if box is None:
        return False
    z, y, x = (slice(max(span.start - 1, 0), span.stop + 1) for span in box)
    return bool((_grown(view.mask[z, y, x]) & (OF_METAL[view.parts[z, y, x]] > 0)).any())


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with all voxels that touch it by a face, an edge or a corner."""
    out = mask
    for axis in range(3):
        moved = np.moveaxis(out, axis, 0).copy()
        still = np.moveaxis(out, axis, 0)
        moved[1:] |= still[:-1]
        moved[:-1] |= still[1:]
        out = np.moveaxis(moved, 0, axis)
    return out


def _fillings(scene: Scene, ids: NDArray[np.int64], shapes: list[_Shape | None]) -> dict[int, Runs | None]:
    """Return the metal in each crack that has metal beside it; None where its box is too large."""
    beside = np.array([one is not None and one.beside_metal for one in shapes], bool)
    chosen = ids[beside] if ids.size else ids
    table = scene.tables["cracks"].set_index("id")
    apertures = {int(number): float(table.loc[number, "aperture_mean_um"]) for number in chosen}

    look = partial(_filled, apertures=apertures, context=scene.context)
    found = map_objects(look, chosen, scene, margin=REACH_VOXELS, stage="cracks")
    return {int(number): one for number, one in zip(chosen, found, strict=True)}


def _filled(view: ObjectView, *, apertures: dict[int, float], context: Context) -> Runs:
    return filling_of(view, aperture_um=apertures[view.id], edges_um=context.spacing.um, shape=context.shape)


def _columns(
    context: Context, known: pd.DataFrame, shapes: list[_Shape | None], filled: dict[int, Runs | None]
) -> pd.DataFrame:
    """Return the table of cracks with the columns of this module added."""
    table = known.copy()
    ids = table["id"].to_numpy()
    ends = [axis for axis, n in enumerate(context.shape) if n > 1]
    first, last = context.objects.start[ids][:, ends], context.objects.stop[ids][:, ends]
    table["cut"] = ((first == 0) | (last == np.array(context.shape)[ends])).any(axis=1)
    size = table["area_um2" if context.is_2d else "volume_um3"].to_numpy()
    if not context.is_2d:
        perimeter = np.array([math.nan if one is None else one.perimeter_um for one in shapes], np.float64)
        shadow = np.array([math.nan if one is None else one.shadow_um2 for one in shapes], np.float64)
        # A bent sheet's rim is longer than its shadow's, by about the root of what its area is larger.
        bent = np.sqrt(np.maximum(table["mid_surface_um2"].to_numpy() / np.where(shadow > 0, shadow, np.nan), 1.0))
        table["perimeter_um"] = perimeter * bent
    metal = np.zeros(len(ids))
    for row, (number, shape) in enumerate(zip(ids.tolist(), shapes, strict=True)):
        runs = filled.get(number, Runs(np.zeros(0, np.int64), np.zeros(0, np.int64)))
        metal[row] = math.nan if shape is None or runs is None else runs.voxels * context.voxel_measure
    table["metal_um2" if context.is_2d else "metal_um3"] = metal
    table["metal_filling"] = metal / (metal + size)
    return table


def _new(table: pd.DataFrame) -> pd.DataFrame:
    names = ("id", "cut", "perimeter_um", "metal_um2", "metal_um3", "metal_filling")
    return table[[name for name in names if name in table]]


def _region_size(context: Context) -> float:
    return int(context.region.sum()) * context.voxel_measure


def _why_empty(context: Context) -> str:
    """Return why there is nothing to give of the SE region, or nothing."""
    if context.plane is None:
        return context.no_interface
    return "" if _region_size(context) else "the SE region is empty"


def _intensity(context: Context, table: pd.DataFrame) -> tuple[Measurement, ...]:
    kind = "2D" if context.is_2d else "3D"
    row = Measurement("crack_intensity", None, "1", f"crack_intensity/{kind}/v1", roi="se_region")
    why = _why_empty(context)
    empty = (replace(row, note=why),) if why else ()
    if _region_size(context) == 0:
        return empty
    return (*empty, _summed(context, counted(context, table), replace(row, roi=context.roi)))


def _summed(context: Context, chosen: pd.DataFrame, row: Measurement) -> Measurement:
    """Return the row of the cracks' density parameter."""
    if context.is_2d:
        each = (chosen["trace_length_um"].to_numpy() / 2) ** 2
    else:
        each = 2 / math.pi * (chosen["mid_surface_um2"] ** 2 / chosen["perimeter_um"]).to_numpy()
    count, large = len(each), int(np.isnan(each).sum())
    if large:
        return replace(row, n=count, note=f"{large} of {count} cracks: {TOO_LARGE}")
    value = float(each.sum()) / _region_size(context)
    notes = ["of the section's plane: the density in space is 3/pi of it for round cracks of every direction"]
    notes = notes if context.is_2d else []
    if chosen["cut"].any():
        notes.append(f"{int(chosen['cut'].sum())} of {count} cracks go on beyond the picture: a lower bound")
    if not count:
        return replace(row, value=0.0, n=0, note="; ".join(["no interval: no crack", *notes]))
    # Cracks that lie about independently: a compound Poisson process, whose sum has the variance sum(x^2).
    spread = Spread(float((each**2).sum()) / _region_size(context) ** 2, float(each.sum() ** 2 / (each**2).sum()))
    interval = value_interval(value, spread)
    low, high = interval or (None, None)
    notes = notes if interval else ["no interval: set by the few largest cracks", *notes]
    return replace(row, value=value, ci_low=low, ci_high=high, n=count, note="; ".join(notes))


def _filling_row(context: Context, table: pd.DataFrame, filled: dict[int, Runs | None]) -> Measurement:
    row = Measurement("crack_metal_filling", None, "1", "crack_metal_filling/v1", roi="se_region")
    why = _why_empty(context)
    if why:
        return replace(row, note=why)
    chosen = counted(context, table)
    count = len(chosen)
    if not count:
        return replace(row, n=0, note="no crack")
    metal, unit = ("metal_um2", "area_um2") if context.is_2d else ("metal_um3", "volume_um3")
    large = int(chosen[metal].isna().sum())
    if large:
        return replace(row, n=count, note=f"{large} of {count} cracks: {TOO_LARGE}")
    runs = [one for number in chosen["id"].tolist() if (one := filled.get(number)) is not None]
    volume = union_voxels(runs) * context.voxel_measure
    value = volume / (volume + float(chosen[unit].sum()))
    each = chosen[metal].to_numpy()
    interval = (
        within(clustered_interval(value, each, each + chosen[unit].to_numpy()), 0.0, 1.0) if 0 < value < 1 else None
    )
    low, high = interval or (None, None)
    note = "a crack that metal fills altogether has no void to be found by, and does not count"
    few = few_objects(count, "cracks") if 0 < value < 1 else "no interval: none filled, or all"
    notes = [note] if interval else [few, note]
    low = None if low is None else max(low, 0.0)
    return replace(row, value=value, ci_low=low, ci_high=high, n=count, note="; ".join(notes))
