"""The whole anatomy: split the phases of a segmentation, and name the parts of a labelled cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, Source, as_dask, kernel, label_components, looked_up
from micro.cell.body import ANODE, COUNTER, Bodies, find_bodies
from micro.cell.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.cell.counter import hanging, whole_counter
from micro.cell.cracks import CrackLimits, mark_cracks
from micro.cell.dendrites import components_holding, mark_dendrites
from micro.cell.electrodes import Electrodes, finest_um, locate
from micro.cell.given import is_given
from micro.cell.interface import fit_reference, surface_map
from micro.cell.misplaced import misplaced
from micro.cell.outside import Inside, find_inside, restored
from micro.cell.params import CellParams
from micro.cell.unnamed import UNNAMED, UNNAMED_TOLERANCES, unnamed_um
from micro.cell.voids import mark_gaps
from micro.errors import ShapeMismatchError
from micro.model import Labels, Spacing, Step

__all__ = ["anatomy", "split_phases"]

CUT = "cut by the picture"
JOINED = "joined means connected with metal at or below it"


def _voxels(count: float, spacing: Spacing, shape: tuple[int, ...]) -> float:
    """Return the length in um of ``count`` voxels of the coarsest axis that the picture has."""
    return count * max(edge for edge, length in zip(spacing.um, shape, strict=True) if length > 1 or max(shape) == 1)


def _tolerance_um(params: CellParams, plane: ReferencePlane, normal: Normal, spacing: Spacing) -> float:
    if params.tolerance_um is not None:
        return params.tolerance_um
    return max(2 * spacing.um[normal.axis], 3 * plane.residual_um)


def _band_um(params: CellParams, plane: ReferencePlane, labels: Labels) -> float:
    return params.band_um or max(finest_um(12, labels.spacing, labels.shape), 3 * plane.residual_um)


def _crack_limits(labels: Labels, params: CellParams) -> CrackLimits:
    return CrackLimits(
        thickness_max_um=params.crack_thickness_max_um or finest_um(8, labels.spacing, labels.shape),
        extent_min_um=params.crack_extent_min_um or _voxels(12, labels.spacing, labels.shape),
        aspect_min=params.crack_aspect_min,
        planarity_max=params.crack_planarity_max,
        branching_max=params.crack_branching_max,
    )


def split_phases(labels: Labels, params: CellParams, engine: Engine, *, first: ReferencePlane | None = None) -> Labels:
    """Split metal into anode and dendrite, and void into crack and the rest.

    Parameters
    ----------
    labels
        Void, SE, Li (and others, which stay as they are).
    params
        Limits in um; see `CellParams`.
    engine
        Where the block tasks run.
    first
        Reference interface of the first state, for ``params.reference`` first-state; without it this is the
        first state, and the interface is fitted.

    Returns
    -------
    Labels
        The history's last step says what was found.

    Raises
    ------
    AmbiguousNormalError
        If ``params.normal`` is auto and two directions are about as likely.
    """
    phases, spacing = labels.phases, labels.spacing
    metal = phases.mask_table("metal")
    found: dict[str, Any] = {}
    inside = _inside(labels, params, engine, first)
    data: Any = inside.labels
    if inside.cleared:
        found["outside"] = [f"where {side} begins" for side in inside.cleared]
    electrodes = locate(labels, inside, params, metal, engine, first)
    gaps: Source | None = None
    if isinstance(electrodes, str):
        found["note"] = electrodes
    else:
        tolerance = _tolerance_um(params, electrodes.plane, electrodes.normal, spacing)
        found |= {"normal": str(electrodes.normal), "tolerance_um": tolerance, "radius_um": electrodes.bodies.radius_um}
        found |= {"residual_um": electrodes.plane.residual_um, "sag_um": electrodes.plane.sag_um}
        found |= {"reference": electrodes.reference}
        data = mark_dendrites(
            data,
            _counter(labels, data, electrodes, params, metal, engine),
            electrodes.plane,
            table=metal,
            value=phases["dendrite"].value,
            tolerance_um=tolerance,
            spacing=spacing,
            engine=engine,
        )
        gaps = _gaps(labels, data, electrodes, params, engine)
    data, cracks = mark_cracks(
        data,
        gaps,
        normal=None if isinstance(electrodes, str) else electrodes.normal,
        void=phases["void"].value,
        crack=phases["crack"].value,
        limits=_crack_limits(labels, params),
        spacing=spacing,
        engine=engine,
    )
    found["cracks"] = cracks
    if inside.differs:
        data = restored(labels, inside.labels, data, engine)
    step = Step("split phases", {**params.model_dump(mode="json"), "found": found}, version=__version__)
    return labels.after(step, as_dask(data))


def anatomy(labels: Labels, params: CellParams, engine: Engine, *, first: ReferencePlane | None = None) -> Cell:
    """Name the parts of a labelled cell: anode body, counter electrode, dendrites, gaps, cracks, pores, SE region.

    From the final labels alone, so that a run, a hand correction and a label file from elsewhere are
    measured alike.

    Parameters
    ----------
    labels
        Final labels, with dendrites and cracks told apart where there are any.
    params
        See `CellParams`.
    engine
        Where the block tasks run.
    first
        As in `split_phases`.

    Examples
    --------
    >>> values = np.full((1, 60, 50), 2, np.uint8); values[0, 40:] = 3; values[0, 30:40, 20:24] = 4
    >>> cell = anatomy(Labels(values, Spacing(1, 1, 1)), CellParams(), Engine())
    >>> str(cell.normal), round(cell.plane.offset_um), cell.far_side
    ('-y', -40, 'cut by the picture')
    >>> int((np.asarray(cell.parts) & 127 == Part.DENDRITE).sum())
    40
    """
    body_table = labels.phases.mask_table("metal", without="filament")
    inside = _inside(labels, params, engine, first)
    electrodes = locate(labels, inside, params, body_table, engine, first)
    values = inside.values if inside.cleared else None
    if isinstance(electrodes, str):
        parts, _ = _parts(labels, inside.labels, None, engine)
        return Cell(labels, parts, notes=(electrodes,), stated=_stated(params), inside=values)
    far_plane, far_side = _far_side(labels, inside.labels, electrodes, params, engine)
    electrode_parts = _metal_parts(labels, electrodes.bodies, body_table, engine)
    found = _Found(
        plane=electrodes.plane,
        far_plane=far_plane,
        anode=electrode_parts,
        joined=_joined(labels, electrodes.bodies, electrode_parts, engine),
        gaps=_gaps(labels, inside.labels, electrodes, params, engine),
    )
    notes = () if far_plane is not None else (f"the SE region's far side is {CUT}",)
    notes = (*notes, *(inside.doubts if electrodes.has_anode else ()))
    if not electrodes.has_anode:
        notes = (f"no anode body left: reference interface from the {electrodes.reference}; {JOINED}", *notes)
    if is_given(params, first):
        doubt = misplaced(labels, electrodes.plane, electrodes.normal, electrodes.reference, engine)
        notes = (*notes, doubt) if doubt else notes
    beyond_um = _mounds_um(labels, electrodes, params)
    parts, unnamed = _parts(labels, inside.labels, found, engine, beyond_um=beyond_um)
    notes = (*notes, UNNAMED.format(unnamed)) if unnamed else notes
    return Cell(
        labels,
        parts,
        electrodes.normal,
        electrodes.plane,
        far_plane,
        far_side,
        notes,
        electrodes.reference,
        electrodes.has_anode,
        inside=values,
        unnamed_um=unnamed,
    )


def _mounds_um(labels: Labels, electrodes: Electrodes, params: CellParams) -> float:
    """Return up to which height metal is a mound of the anode."""
    tolerance = _tolerance_um(params, electrodes.plane, electrodes.normal, labels.spacing)
    # a voxel more: `split_phases` fitted its interface to other labels
    return UNNAMED_TOLERANCES * tolerance + labels.spacing.um[electrodes.normal.axis]


def _stated(params: CellParams) -> Normal | None:
    return None if params.normal in ("auto", "none") else Normal.parse(params.normal)


def _inside(labels: Labels, params: CellParams, engine: Engine, first: ReferencePlane | None) -> Inside:
    """Return the labels of the cell itself; where the reference is given, void at a side may be a stripped anode."""
    z, y, x = labels.shape
    if z > 1 and 1 in (y, x):
        raise ShapeMismatchError(
            f"{labels.name}: labels of {z} x {y} x {x} voxels (z, y, x); expected a volume, or a section as one slice: "
            "turn it, so that z is the axis of one voxel"
        )
    stated = _stated(params)
    only = params.normal == "none" or is_given(params, first)
    return find_inside(labels, engine, axis=None if stated is None else stated.axis, collectors_only=only)


def _gaps(labels: Labels, data: Source, electrodes: Electrodes, params: CellParams, engine: Engine) -> Source:
    """Return the gaps; none without an anode body that they could touch."""
    if not electrodes.has_anode:
        return cast("Source", engine.array(labels.shape, np.uint8))
    return cast(
        "Source",
        mark_gaps(
            data,
            electrodes.bodies.mask,
            electrodes.plane,
            electrodes.normal,
            void=labels.phases["void"].value,
            band_um=_band_um(params, electrodes.plane, labels),
            spacing=labels.spacing,
            engine=engine,
        ),
    )


@dataclass(frozen=True)
class _Found:
    plane: ReferencePlane
    far_plane: ReferencePlane | None
    anode: Source
    joined: Source
    gaps: Source


def _spread_from(
    labels: Labels, marks: Source, table: NDArray[np.bool_], values: tuple[int, ...], engine: Engine
) -> Any:  # noqa: ANN401
    """Return uint8: for each component of the phases in ``table`` the first of ``values`` it holds in ``marks``."""
    found = label_components(labels.data, engine=engine, table=table.astype(np.uint8))
    which = np.zeros(found.count + 1, np.uint8)
    for value in reversed(values):
        which[components_holding(found, marks, value, engine)] = value
    out = engine.array(labels.shape, np.uint8)
    engine.run(_look_up, [found.ids], outputs=[out], stage="parts", constants={"which": which})
    return out


def _look_up(_: Block, ids: NDArray[np.uint32], *, which: NDArray[np.uint8]) -> Done[None]:
    return Done(None, (looked_up(ids, which),))


def _metal_parts(labels: Labels, bodies: Bodies, table: NDArray[np.bool_], engine: Engine) -> Any:  # noqa: ANN401
    return _spread_from(labels, bodies.mask, table, (ANODE, COUNTER), engine)


def _joined(labels: Labels, bodies: Bodies, electrode_parts: Source, engine: Engine) -> Any:  # noqa: ANN401
    """Return what metal hangs on: `ANODE`, or `COUNTER` where that is all it touches, whichever label it has."""
    metal = labels.phases.mask_table("metal")
    if not bodies.has_counter:
        return _spread_from(labels, bodies.mask, metal, (ANODE,), engine)
    found, which = hanging(labels.data, bodies.mask, electrode_parts, table=metal, engine=engine)
    out = engine.array(labels.shape, np.uint8)
    engine.run(_look_up, [found.ids], outputs=[out], stage="parts", constants={"which": which})
    return out


def _counter(
    labels: Labels,
    data: Source,
    electrodes: Electrodes,
    params: CellParams,
    metal: NDArray[np.bool_],
    engine: Engine,
) -> Source:
    """Return the bodies with the whole counter electrode: its roughness, and the filaments that grow out of it."""
    far_plane, _ = _far_side(labels, data, electrodes, params, engine) if electrodes.bodies.has_counter else (None, "")
    if far_plane is None:
        return cast("Source", electrodes.bodies.mask)
    return whole_counter(
        data,
        electrodes.bodies.mask,
        far_plane,
        table=metal,
        tolerance_um=_tolerance_um(params, far_plane, electrodes.normal, labels.spacing),
        spacing=labels.spacing,
        engine=engine,
    )


def _far_side(
    labels: Labels, data: Source, electrodes: Electrodes, params: CellParams, engine: Engine
) -> tuple[ReferencePlane | None, str]:
    """Find the plane, or curved surface, where the electrolyte ends: at the cathode or the counter electrode."""
    normal = electrodes.normal
    back = Normal(normal.axis, -normal.sign)
    cathode = labels.phases.mask_table("cathode")
    radius = electrodes.bodies.radius_um
    anything = np.ones(256, bool)
    if electrodes.bodies.has_counter:
        found, name, body = electrodes.bodies, "counter electrode", COUNTER
    else:
        other = find_bodies(data, cathode, back, spacing=labels.spacing, radius_um=radius, engine=engine)
        if other is None:
            return None, CUT
        found, name, body = other, "cathode", ANODE
    index, contact = surface_map(found.mask, data, back, body=body, solid=anything, engine=engine)
    plane = fit_reference(index, contact, back, spacing=labels.spacing, shape=params.shape)
    return (None, CUT) if plane is None else (plane.reversed(), name)


def _parts(
    labels: Labels, data: Source, found: _Found | None, engine: Engine, *, beyond_um: float = 0.0
) -> tuple[Any, float]:
    """Return the parts, and how far beyond the interface metal of no name reaches; 0 where it stays below a height."""
    out = engine.array(labels.shape, np.uint8)
    phases = labels.phases
    sources: list[Source] = [data]
    if found is not None:
        sources += [found.anode, found.joined, found.gaps]
    constants = {
        "metal": phases.mask_table("metal"),
        "filament": phases.mask_table("filament"),
        "pore": phases.mask_table("pore"),
        "fracture": phases.mask_table("fracture"),
        "planes": None if found is None else (found.plane, found.far_plane),
        "spacing": labels.spacing,
        "beyond_um": beyond_um,
    }
    return out, max(engine.run(_name_parts, sources, outputs=[out], stage="parts", constants=constants))


_GAP, _ANODE, _COUNTER, _DENDRITE, _ISOLATED = (
    np.uint8(part) for part in (Part.GAP, Part.ANODE, Part.COUNTER, Part.DENDRITE, Part.ISOLATED)
)
"""As compiled kernels want them."""


def _name_parts(
    block: Block,
    labels: NDArray[np.uint8],
    anode: NDArray[np.uint8] | None = None,
    joined: NDArray[np.uint8] | None = None,
    gaps: NDArray[np.uint8] | None = None,
    *,
    metal: NDArray[np.bool_],
    filament: NDArray[np.bool_],
    pore: NDArray[np.bool_],
    fracture: NDArray[np.bool_],
    planes: tuple[ReferencePlane, ReferencePlane | None] | None,
    spacing: Spacing,
    beyond_um: float,
) -> Done[float]:
    own = np.zeros(256, np.uint8)
    own[pore], own[fracture] = Part.PORE, Part.CRACK
    parts = looked_up(labels, own)
    if planes is None or anode is None or joined is None or gaps is None:
        return Done(0.0, (parts,))
    plane, far_plane = planes
    region = plane.above(labels.shape, spacing, block.outer_start)
    if far_plane is not None:
        region &= ~far_plane.above(labels.shape, spacing, block.outer_start)
    _set_parts(labels, anode, joined, gaps, (metal, filament), np.ascontiguousarray(region), parts)
    highest = unnamed_um(
        labels, parts, plane, table=metal & ~filament, beyond_um=beyond_um, spacing=spacing, start=block.outer_start
    )
    return Done(highest, (parts,))


@kernel
def _set_parts(
    labels: NDArray[np.uint8],
    anode: NDArray[np.uint8],
    joined: NDArray[np.uint8],
    gaps: NDArray[np.uint8],
    tables: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    region: NDArray[np.bool_],
    parts: NDArray[np.uint8],
) -> None:
    """Name gaps, bodies and dendrites over pores and cracks, and mark the labels of the SE region."""
    metal, filament = tables
    for k in range(parts.shape[0]):
        for j in range(parts.shape[1]):
            for i in range(parts.shape[2]):
                label, body, part = labels[k, j, i], anode[k, j, i], parts[k, j, i]
                hangs, loose = joined[k, j, i] == ANODE, metal[label] & (body == 0)
                part = _GAP if gaps[k, j, i] != 0 else part
                part = _ANODE if body == ANODE else part
                part = _COUNTER if body == COUNTER else part
                part = _DENDRITE if loose & hangs else part
                part = _ISOLATED if filament[label] & (not hangs) else part
                part = _COUNTER if loose & (joined[k, j, i] == COUNTER) else part
                parts[k, j, i] = part | (np.uint8(SE_REGION) if region[k, j, i] & (label != 0) else np.uint8(0))
