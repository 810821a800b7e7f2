"""All measurements of a cell in one pass over its voxels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Done, Engine, Source, label_components
from micro.cell import Cell, Part
from micro.errors import ParameterError
from micro.measure.census import Census, CensusPartial, Grid, census_block, merge_census
from micro.measure.crack_shapes import CrackShapes
from micro.measure.cracks import Cracks
from micro.measure.dendrite_form import DendriteForm
from micro.measure.dendrites import Dendrites
from micro.measure.fractions import Fractions
from micro.measure.gaps import Gaps
from micro.measure.heights import Heights, heights_block, merge_heights
from micro.measure.interface import Interface
from micro.measure.layers import Layers
from micro.measure.params import MeasureParams
from micro.measure.particles import Particles
from micro.measure.pores import PoreSizes
from micro.measure.profiles import Profiles
from micro.measure.protocol import BlockMeasurement, BlockView, Context, ObjectTable
from micro.measure.reach import Reach
from micro.measure.results import Results, join_objects, merge_findings
from micro.measure.scene import Scene, WholeMeasurement
from micro.measure.section_notes import with_section_note
from micro.measure.transport import Transport
from micro.measure.unnamed import with_unnamed
from micro.registry import Registry

__all__ = ["BUILT_IN", "MEASUREMENTS", "WHOLE", "measure"]

BINS_MOST = 100_000
"""More bins of a profile are no profile, and don't fit into memory."""

BUILT_IN: Mapping[str, BlockMeasurement] = {
    "interface": Interface(),
    "dendrites": Dendrites(),
    "reach": Reach(),
    "cracks": Cracks(),
    "gaps": Gaps(),
    "fractions": Fractions(),
    "layers": Layers(),
    "profiles": Profiles(),
}
"""The measurements that every cell gets, in the order of the table."""

WHOLE: Mapping[str, WholeMeasurement] = {
    "crack shapes": CrackShapes(),
    "pore sizes": PoreSizes(),
    "particles": Particles(),
    "transport": Transport(),
    "dendrite form": DendriteForm(),
}
"""Those that look at objects or the cell as a whole, after the pass over the blocks."""

MEASUREMENTS: Registry[BlockMeasurement] = Registry("micro.measurements")
"""Further measurements, brought by other distributions and asked for by name in `MeasureParams.extra`."""

NEAR = (1, 1, 1)
"""What every block is read with; measurements that reach farther read the few blocks that they need once more."""

OBJECT_PARTS = (Part.DENDRITE, Part.ISOLATED, Part.GAP, Part.CRACK)


@dataclass(frozen=True)
class _Partial:
    census: CensusPartial
    heights: Heights | None
    others: tuple[Any, ...]


def _measure_block(
    block: Block,
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    ids: NDArray[np.uint32],
    *,
    sources: tuple[Source, Source, Source],
    context: Context,
    grid: Grid,
    measurements: tuple[BlockMeasurement, ...],
) -> Done[_Partial]:
    inner = block.inner
    own = np.ascontiguousarray(labels[inner]), np.ascontiguousarray(parts[inner])
    census = census_block(block, *own, grid, context.phases)
    heights = None
    if context.plane is not None:
        bins = context.plane.bins(own[0].shape, context.spacing, block.start, bin_um=context.profile_bin_um)
        heights = heights_block(*own, bins, context.phases)
    near = BlockView.of(block, census.parts_found, sources, labels, parts, ids)
    others = []
    for one in measurements:
        halo = one.halo(context)
        view = near if max(halo) <= max(NEAR) else near.beyond(halo, context.shape)
        others.append(one.on_block(context, view))
    return Done(_Partial(census, heights, tuple(others)))


def _label_objects(cell: Cell, engine: Engine) -> Components:
    table = np.zeros(256, np.uint8)
    for part in OBJECT_PARTS:
        table[[int(part), int(part) | 128]] = int(part)
    return label_components(cell.parts, engine=engine, table=table)


def measure(cell: Cell, params: MeasureParams, engine: Engine) -> Results:
    """Measure a cell: interface, dendrites, cracks, gaps, fractions, layers, profiles.

    Parameters
    ----------
    cell
        Labels with their anatomy. Without a reference interface its rows are there, empty, with the reason.
    params
        What the measurements may be told.
    engine
        How blocks are run; it never changes a result (floats to rounding).

    Returns
    -------
    Results
        Rows, object tables, profiles and maps. Lengths in um; the definitions stand in `DEFINITIONS`.

    Raises
    ------
    UnknownNameError
        If ``params.extra`` asks for a measurement that nobody brings.
    ParameterError
        If the bins of the profiles are so small that there are more than `BINS_MOST` of them.

    Examples
    --------
    >>> from micro.model import Labels, Spacing
    >>> labels = np.repeat(np.uint8([[1, 2, 2, 2]]), 4, axis=0)
    >>> cell = Cell(Labels(labels, Spacing.parse("1um")), np.zeros((1, 4, 4), np.uint8))
    >>> results = measure(cell, MeasureParams(), Engine())
    >>> results.row("porosity", roi="all").value
    0.25
    >>> results.row("contact_fraction").note
    'no metal body found'
    """
    _require_few_bins(cell, params)
    measurements = (*BUILT_IN.values(), *(MEASUREMENTS.get(name) for name in params.extra))
    objects = _label_objects(cell, engine)
    context = Context.of(cell, params, ObjectTable.of(objects))
    grid = Grid.fitting(context.shape, context.spacing.um)
    sources = (cell.values, cell.parts, objects.ids)
    constants = {"sources": sources, "context": context, "grid": grid, "measurements": measurements}
    partials = engine.run(_measure_block, sources, halo=NEAR, stage="measure", constants=constants)
    census: Census = merge_census([one.census for one in partials], grid, context.phases)
    heights = [one.heights for one in partials if one.heights is not None]
    context = replace(context, census=census, heights=merge_heights(heights) if heights else None)
    found = [one.merge(context, [p.others[rank] for p in partials]) for rank, one in enumerate(measurements)]
    scene = Scene(cell, context, objects, engine, join_objects(found))
    found += [one.measure(scene) for one in WHOLE.values()]
    return _told(merge_findings(found), context)


def _require_few_bins(cell: Cell, params: MeasureParams) -> None:
    edges_um = cell.labels.spacing.um
    across_um = math.hypot(*(n * edge for n, edge in zip(cell.labels.shape, edges_um, strict=True)))
    if params.profile_bin_um is not None and across_um > BINS_MOST * params.profile_bin_um:
        raise ParameterError(
            f"measure.profile_bin_um = {params.profile_bin_um:g}: more than {BINS_MOST} bins in a picture "
            f"{across_um:.4g} um across; expected about a voxel edge ({min(edges_um):g} um) or more, or none given"
        )


def _told(results: Results, context: Context) -> Results:
    """Return the results with what all rows of a kind have to say.

    Rows of a section what it can't know; those of dendrites and cracks what has no such label; without an anode body
    those of dendrites what joined means.
    """
    rows = [with_unnamed(context, row) for row in results.rows]
    results = replace(results, rows=tuple(with_section_note(context, row) for row in rows))
    if not context.no_anode:
        return results
    told = f"joined: connected with metal at or below the reference interface, from the {context.reference}"
    rows = [row.noted(told) if row.metric.startswith(("dendrite_", "isolated_")) else row for row in results.rows]
    return replace(results, rows=tuple(rows))
