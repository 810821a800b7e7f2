"""Phase fractions, porosity, relative density: what can be counted in voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import Part
from micro.measure.census import Census
from micro.measure.dendrites import BESIDE
from micro.measure.intervals import fraction_interval, ratio_spread
from micro.measure.protocol import BlockView, Context
from micro.measure.results import Findings
from micro.model import Measurement

__all__ = ["Fractions", "fraction_row"]

ALWAYS = frozenset({"pore", "electrolyte", "metal"})
"""Phases with these roles have a row even where there is none of them: zero is a finding."""


def fraction_row(
    metric: str,
    definition: str,
    numerator: NDArray[np.int64],
    denominator: NDArray[np.int64],
    census: Census,
    *,
    phase: str = "",
    roi: str = "se_region",
    along: int | None = None,
) -> Measurement:
    """Return the row of a ratio of voxel counts, with its interval for a finite field of view.

    ``numerator`` and ``denominator`` are counts in the cells of the census's grid. What changes with
    depth by its nature is no random field along the normal: for it the cells are summed ``along``
    that axis, and columns are the samples.
    """
    total = int(denominator.sum())
    if total == 0:
        return Measurement(metric, None, "1", definition, phase, roi=roi, note="no voxels to divide by")
    value = int(numerator.sum()) / total
    if along is not None:
        numerator, denominator = (counts.sum(axis=along, keepdims=True) for counts in (numerator, denominator))
    interval = fraction_interval(value, ratio_spread(numerator, denominator, census.grid.edges_um))
    low, high = interval or (None, None)
    note = "" if interval else "no interval: none of it, all of it, or too few independent samples"
    return Measurement(metric, value, "1", definition, phase, roi=roi, ci_low=low, ci_high=high, n=total, note=note)


@dataclass(frozen=True)
class Fractions:
    """All fractions by voxel count; the counts come from the census, so it reads no blocks of its own."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """None."""
        return (0, 0, 0)

    def on_block(self, context: Context, view: BlockView) -> None:  # noqa: ARG002
        """Nothing: the census has counted."""
        return

    def merge(self, context: Context, partials: list[None]) -> Findings:  # noqa: ARG002
        """Return the rows of the whole picture and of the SE region."""
        census = context.census
        assert census is not None
        rows = [*_phase_rows(context, census, se_region=False), _porosity(context, census, se_region=False)]
        rows.append(_relative_density(context, census, se_region=False))
        if context.ends_early:
            rows = [row.noted(LEFT_OUT) if _counts_pores(context, row) else row for row in rows]
        if context.plane is None:
            return Findings((*rows, *_rows_without_region(context), *_void_rows(context, census)))
        rows += [*_phase_rows(context, census, se_region=True), _porosity(context, census, se_region=True)]
        rows += [_porosity_pore(context, census), _relative_density(context, census, se_region=True)]
        rows += _part_rows(context, census)
        return Findings(tuple(rows))


LEFT_OUT = "without what lies behind an electrode: air, mounting"


def _counts_pores(context: Context, row: Measurement) -> bool:
    return row.metric != "phase_fraction" or "pore" in context.phases[row.phase_a].roles


def _roi(se_region: bool) -> str:
    return "se_region" if se_region else "all"


def _phase_rows(context: Context, census: Census, *, se_region: bool) -> list[Measurement]:
    labelled = census.labelled(se_region=se_region)
    rows = []
    # metal in the electrolyte grows from the anode: see `fraction_row`
    grown = context.normal.axis if se_region and context.normal is not None else None
    for phase in context.phases:
        counts = census.of_labels((phase.value,), se_region=se_region)
        if phase.roles & ALWAYS or census.of_labels((phase.value,)).any():
            rows.append(
                fraction_row(
                    "phase_fraction",
                    "phase_fraction/v1",
                    counts,
                    labelled,
                    census,
                    phase=phase.name,
                    roi=_roi(se_region),
                    along=grown if "metal" in phase.roles else None,
                )
            )
    return rows


def _porosity(context: Context, census: Census, *, se_region: bool) -> Measurement:
    pores = census.of_labels(context.phases.values_with("pore"), se_region=se_region)
    labelled = census.labelled(se_region=se_region)
    return fraction_row("porosity", "porosity/v1", pores, labelled, census, roi=_roi(se_region))


def _porosity_pore(context: Context, census: Census) -> Measurement:
    inside = context.plane is not None
    pores = census.of_labels(context.phases.values_with("pore"), se_region=inside)
    others = census.of_parts(Part.GAP, Part.CRACK, se_region=inside)
    return fraction_row("porosity_pore", "porosity_pore/v1", pores - others, context.region, census, roi=context.roi)


def _crack_porosity(context: Context, census: Census) -> Measurement:
    cracks = census.of_parts(Part.CRACK, se_region=context.plane is not None)
    name_id = _crack_porosity_id(context)
    row = fraction_row("crack_porosity", name_id, cracks, context.region, census, roi=context.roi)
    return row.noted(NO_P33 if context.is_2d else "")


def _void_rows(context: Context, census: Census) -> list[Measurement]:
    """Return, of a picture without an interface, the cracks and pores in all that is labelled."""
    return [_porosity_pore(context, census), _crack_porosity(context, census)]


def _relative_density(context: Context, census: Census, *, se_region: bool) -> Measurement:
    solid = census.of_labels(context.phases.values_with("electrolyte"), se_region=se_region)
    pores = census.of_labels(context.phases.values_with("pore"), se_region=se_region)
    return fraction_row("relative_density", "relative_density/v1", solid, solid + pores, census, roi=_roi(se_region))


NO_P33 = "P22: a section doesn't tell P33, which it equals only on average over many sections (Delesse)"


def _part_rows(context: Context, census: Census) -> list[Measurement]:
    labelled = census.labelled(se_region=True)
    metal = census.of_parts(Part.DENDRITE, Part.ISOLATED, se_region=True)
    along = context.normal.axis if context.normal else None
    return [
        fraction_row("dendrite_fraction", "dendrite_fraction/v1", metal, labelled, census, along=along),
        fraction_row(
            "dendrite_isolated_fraction",
            "dendrite_isolated_fraction/v1",
            census.of_parts(Part.ISOLATED),
            census.of_parts(Part.DENDRITE, Part.ISOLATED),
            census,
            along=along,
        ).noted(BESIDE if context.is_2d else ""),
        _crack_porosity(context, census),
    ]


def _crack_porosity_id(context: Context) -> str:
    return "crack_porosity/P22/v1" if context.is_2d else "crack_porosity/P33/v1"


def _rows_without_region(context: Context) -> list[Measurement]:
    note = context.no_interface
    ids = [
        ("porosity", "porosity/v1"),
        ("porosity_pore", "porosity_pore/v1"),
        ("relative_density", "relative_density/v1"),
        ("dendrite_fraction", "dendrite_fraction/v1"),
        ("dendrite_isolated_fraction", "dendrite_isolated_fraction/v1"),
        ("crack_porosity", _crack_porosity_id(context)),
    ]
    return [Measurement(metric, None, "1", name, roi="se_region", note=note) for metric, name in ids]
