"""Thickness of each layer, column by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import SE_REGION, Part
from micro.measure.census import Grid
from micro.measure.columns import Along, ColumnEnds, Ends, layer_ends, merge_ends
from micro.measure.intervals import ratio_spread, value_interval
from micro.measure.protocol import BlockView, Context
from micro.measure.results import Findings, ThicknessMap
from micro.model import Measurement

__all__ = ["LAYERS", "Layers"]

LAYERS: dict[str, int] = {"Li": 1, "SE": 2, "cathode": 4, "counter electrode": 8}
"""Name of each layer and its bit in the flags; Li is the anode body, SE the whole SE region."""

NO_LAYER = frozenset({"pore", "fracture", "filament", "metal", "electrolyte", "cathode", "collector"})
"""Roles of phases that are no layer of their own: voids and objects, and what `LAYERS` holds already."""

OWN_MAX = 12
"""So many phases more, the first ones by their values, are looked at as layers."""

FILLED_MIN = 0.5
"""What fills less than this of the columns between its first and last voxels lies scattered, and is no layer."""

CUT = "cut by the picture"


def own_layers(context: Context) -> dict[str, int]:
    """Return the phases that are layers by themselves (interphase, phases of the user's own) and their bits.

    Those that occur, up to `OWN_MAX`.
    """
    others = [phase for phase in context.phases if phase.value > 0 and not NO_LAYER & phase.roles]
    return {phase.name: 16 << rank for rank, phase in enumerate(others[:OWN_MAX])}


def _bits(context: Context) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Return 256 entries for labels and for parts: a bit for each layer that a voxel belongs to."""
    labels, parts = np.zeros(256, np.uint16), np.zeros(256, np.uint16)
    for name, bit in own_layers(context).items():
        labels[context.phases[name].value] = bit
    labels[list(context.phases.values_with("cathode"))] = LAYERS["cathode"]
    part = np.arange(256) & 127
    parts[part == int(Part.ANODE)] = LAYERS["Li"]
    parts[part == int(Part.COUNTER)] = LAYERS["counter electrode"]
    parts[SE_REGION:] |= LAYERS["SE"]
    return labels, parts


@dataclass(frozen=True)
class Layers:
    """Mean, spread, least and greatest thickness of each layer.

    The anode, the SE region, the cathode, a counter electrode, and phases that are layers by themselves.
    """

    def halo(self, context: Context) -> Shape:
        """One voxel along the normal."""
        if context.normal is None:
            return (0, 0, 0)
        z, y, x = (int(axis == context.normal.axis) for axis in range(3))
        return (z, y, x)

    def on_block(self, context: Context, view: BlockView) -> dict[str, ColumnEnds | None]:
        """Find where each layer begins and ends in the block's columns."""
        if context.normal is None:
            return {}
        names = [*LAYERS, *own_layers(context)]
        found = layer_ends(view, *_bits(context), len(names), Along.of(context, view))
        return dict(zip(names, found, strict=True))

    def merge(self, context: Context, partials: list[dict[str, ColumnEnds | None]]) -> Findings:
        """Turn first and last voxels into thicknesses."""
        if context.normal is None:
            rows = [row for name in ("Li", "SE") for row in _layer_rows(name, None, context.no_interface)]
            return Findings(tuple(rows))
        shape = (context.shape[context.map_axes[0]], context.shape[context.map_axes[1]])
        rows, maps = [], {}
        names = [*LAYERS, *own_layers(context)]
        found = {name: merge_ends([one.get(name) for one in partials], shape) for name in names}
        if context.far_plane is not None:
            found["SE"] = _up_to(found["SE"], found[context.far_side])
        for name, ends in found.items():
            if not ends.found.any() and name not in ("Li", "SE"):
                continue
            why = _why_cut(context, name, ends)
            thickness = _thickness(context, ends)
            rows += _layer_rows(name, thickness, why)
            if not why:
                maps[name] = thickness
        return Findings(tuple(rows), thickness_maps=maps)


def _up_to(layer: Ends, far: Ends) -> Ends:
    """Return the columns of a layer from its first voxel up to where the far electrode really begins in each."""
    whole = layer.found & far.found & (far.first > layer.first)
    return Ends(np.where(whole, layer.first, -1), np.where(whole, far.first - 1, -1))


def _why_cut(context: Context, name: str, ends: Ends) -> str:
    """Return why the layer has no thickness, or nothing."""
    assert context.normal is not None
    found = ends.found
    if not found.any():
        return "no such layer"
    if name == "SE" and context.far_plane is None:
        return context.far_side
    length = context.shape[context.normal.axis]
    cut = (ends.first == 0) | (ends.last == length - 1)
    share = np.count_nonzero(cut & found) / np.count_nonzero(found)
    if share == 1 or share > context.params.cut_columns_max:
        return CUT
    return _why_scattered(context, name, ends) if name not in LAYERS else ""


def _why_scattered(context: Context, name: str, ends: Ends) -> str:
    """Return why a phase is no layer: it lies here and there, and not between its first and last voxels."""
    assert context.census is not None
    spans = int((ends.last - ends.first + 1)[ends.found].sum())
    share = int(context.census.of_labels((context.phases[name].value,)).sum()) / spans
    if share >= FILLED_MIN:
        return ""
    return f"no layer: it fills {100 * share:.3g} % of what lies between its first and last voxels along the normal"


def _thickness(context: Context, ends: Ends) -> ThicknessMap:
    """Return the thickness of the whole columns; NaN where the layer is missing or runs into the border."""
    assert context.normal is not None
    axis = context.normal.axis
    a, b = context.map_axes
    whole = ends.found & (ends.first > 0) & (ends.last < context.shape[axis] - 1)
    voxels = (ends.last - ends.first + 1).astype(np.float64)
    values = np.where(whole, voxels * (context.spacing.um[axis] * context.cosine), np.nan)
    return ThicknessMap(values, (context.spacing.um[a], context.spacing.um[b]), ("zyx"[a], "zyx"[b]))


def _layer_rows(name: str, found: ThicknessMap | None, why: str) -> list[Measurement]:
    """Return the four rows of a layer, empty where ``why`` says that they can't be given."""
    metrics = ("mean", "sd", "min", "max")
    if why or found is None:
        return [_row(metric, name, note=why) for metric in metrics]
    whole = np.isfinite(found.values_um)
    values, count = found.values_um[whole], int(np.count_nonzero(whole))
    grid = Grid.fitting((1, *whole.shape), (1.0, *found.spacing_um), cells=2**14)
    sums = grid.pool(np.where(whole, found.values_um, 0.0)[None])
    mean = float(values.mean())
    interval = value_interval(mean, ratio_spread(sums, grid.pool(whole[None]), grid.edges_um))
    note = "" if interval else "no interval: too small, or the same everywhere"
    low, high = interval or (None, None)
    extreme = "an extreme has no honest interval"
    return [
        _row("mean", name, value=mean, interval=(low, high), n=count, note=note),
        _row("sd", name, value=float(values.std()), n=count, note="no interval: a description of this picture"),
        _row("min", name, value=float(values.min()), n=count, note=extreme),
        _row("max", name, value=float(values.max()), n=count, note=extreme),
    ]


def _row(
    metric: str,
    name: str,
    *,
    value: float | None = None,
    interval: tuple[float | None, float | None] = (None, None),
    n: int | None = None,
    note: str = "",
) -> Measurement:
    return Measurement(
        f"layer_thickness_{metric}",
        value,
        "um",
        "layer_thickness/SE/v1" if name == "SE" else "layer_thickness/v1",
        name,
        ci_low=interval[0],
        ci_high=interval[1],
        n=n,
        note=note,
    )
