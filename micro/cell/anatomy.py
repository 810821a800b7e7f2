"""The whole anatomy: split the phases of a segmentation, and name the parts of a labelled cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, Source, as_dask, label_components
from micro.cell.body import ANODE, COUNTER, Bodies, find_bodies
from micro.cell.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.cell.counter import whole_counter
from micro.cell.cracks import CrackLimits, mark_cracks
from micro.cell.dendrites import components_holding, mark_dendrites
from micro.cell.interface import fit_reference, surface_map
from micro.cell.normal import find_normal
from micro.cell.params import CellParams
from micro.cell.voids import mark_gaps
from micro.errors import ParameterError
from micro.model import Labels, PhaseSet, Spacing, Step

__all__ = ["anatomy", "split_phases"]

NO_METAL = "no metal body found"
PLAN_VIEW = "a plan view has no interface"
CUT = "cut by the picture"
ANODE_SHARE_MIN = 0.15
"""An anode body covers at least this share of the columns along the normal; less is a speck at the border."""


@dataclass(frozen=True)
class _Electrodes:
    normal: Normal
    bodies: Bodies
    plane: ReferencePlane


def _voxels(count: float, spacing: Spacing, shape: tuple[int, ...]) -> float:
    """Return the length in um of ``count`` voxels of the coarsest axis that the picture has."""
    return count * max(edge for edge, length in zip(spacing.um, shape, strict=True) if length > 1 or max(shape) == 1)


def _finest(count: float, spacing: Spacing, shape: tuple[int, ...]) -> float:
    return count * min(edge for edge, length in zip(spacing.um, shape, strict=True) if length > 1 or max(shape) == 1)


def _solid_table(phases: PhaseSet) -> NDArray[np.bool_]:
    table = np.zeros(256, bool)
    for role in ("electrolyte", "interphase", "filament"):
        table |= phases.mask_table(role)
    return table


def _locate(
    labels: Labels, data: Source, params: CellParams, table: NDArray[np.bool_], engine: Engine
) -> _Electrodes | str:
    """Find the normal, the electrode bodies and the reference interface; or say why not."""
    if params.normal == "none":
        return PLAN_VIEW
    normal = find_normal(data, table, engine) if params.normal == "auto" else Normal.parse(params.normal)
    if normal is None:
        return NO_METAL
    if labels.shape[normal.axis] == 1:
        raise ParameterError(
            f"the normal {normal} lies along an axis of one slice; expected one in the picture, such as --normal=-y"
        )
    radius = params.body_radius_um or _finest(8, labels.spacing, labels.shape)
    bodies = find_bodies(data, table, normal, spacing=labels.spacing, radius_um=radius, engine=engine)
    if bodies is None:
        return NO_METAL if params.normal == "auto" else f"{NO_METAL} where the stated normal {normal} begins"
    solid = _solid_table(labels.phases)
    index, contact = surface_map(bodies.mask, data, normal, body=ANODE, solid=solid, engine=engine)
    covered = float(np.mean(index >= 0))
    if covered < ANODE_SHARE_MIN:
        return f"{NO_METAL}: metal on the side where the normal {normal} begins covers {100 * covered:.0f} % of it only"
    plane = fit_reference(index, contact, normal, spacing=labels.spacing, shape=params.reference)
    return NO_METAL if plane is None else _Electrodes(normal, bodies, plane)


def _tolerance_um(params: CellParams, plane: ReferencePlane, normal: Normal, spacing: Spacing) -> float:
    if params.tolerance_um is not None:
        return params.tolerance_um
    return max(2 * spacing.um[normal.axis], 3 * plane.residual_um)


def _band_um(params: CellParams, plane: ReferencePlane, labels: Labels) -> float:
    return params.band_um or max(_finest(12, labels.spacing, labels.shape), 3 * plane.residual_um)


def _crack_limits(labels: Labels, params: CellParams) -> CrackLimits:
    return CrackLimits(
        thickness_max_um=params.crack_thickness_max_um or _finest(8, labels.spacing, labels.shape),
        extent_min_um=params.crack_extent_min_um or _voxels(12, labels.spacing, labels.shape),
        aspect_min=params.crack_aspect_min,
        planarity_max=params.crack_planarity_max,
        branching_max=params.crack_branching_max,
    )


def split_phases(labels: Labels, params: CellParams, engine: Engine) -> Labels:
    """Split metal into anode and dendrite, and void into crack and the rest.

    Parameters
    ----------
    labels
        Void, SE, Li (and others, which stay as they are).
    params
        Limits in um; see `CellParams`.
    engine
        Where the block tasks run.

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
    data: Any = labels.data
    found: dict[str, Any] = {}
    electrodes = _locate(labels, data, params, metal, engine)
    gaps: Source | None = None
    if isinstance(electrodes, str):
        found["note"] = electrodes
    else:
        tolerance = _tolerance_um(params, electrodes.plane, electrodes.normal, spacing)
        found |= {"normal": str(electrodes.normal), "tolerance_um": tolerance, "radius_um": electrodes.bodies.radius_um}
        found |= {"residual_um": electrodes.plane.residual_um, "sag_um": electrodes.plane.sag_um}
        data = mark_dendrites(
            data,
            _counter(labels, electrodes, params, metal, engine),
            electrodes.plane,
            table=metal,
            value=phases["dendrite"].value,
            tolerance_um=tolerance,
            spacing=spacing,
            engine=engine,
        )
        gaps = mark_gaps(
            data,
            electrodes.bodies.mask,
            electrodes.plane,
            electrodes.normal,
            void=phases["void"].value,
            band_um=_band_um(params, electrodes.plane, labels),
            spacing=spacing,
            engine=engine,
        )
    data, cracks = mark_cracks(
        data,
        gaps,
        void=phases["void"].value,
        crack=phases["crack"].value,
        limits=_crack_limits(labels, params),
        spacing=spacing,
        engine=engine,
    )
    found["cracks"] = cracks
    step = Step("split phases", {**params.model_dump(mode="json"), "found": found}, version=__version__)
    return labels.after(step, as_dask(data))


def anatomy(labels: Labels, params: CellParams, engine: Engine) -> Cell:
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
    electrodes = _locate(labels, labels.data, params, body_table, engine)
    if isinstance(electrodes, str):
        parts = _parts(labels, None, engine)
        return Cell(labels, parts, notes=(electrodes,))
    far_plane, far_side = _far_side(labels, electrodes, params, engine)
    found = _Found(
        plane=electrodes.plane,
        far_plane=far_plane,
        anode=_metal_parts(labels, electrodes.bodies, body_table, engine),
        joined=_joined(labels, electrodes.bodies, engine),
        gaps=mark_gaps(
            labels.data,
            electrodes.bodies.mask,
            electrodes.plane,
            electrodes.normal,
            void=labels.phases["void"].value,
            band_um=_band_um(params, electrodes.plane, labels),
            spacing=labels.spacing,
            engine=engine,
        ),
    )
    notes = () if far_plane is not None else (f"the SE region's far side is {CUT}",)
    return Cell(labels, _parts(labels, found, engine), electrodes.normal, electrodes.plane, far_plane, far_side, notes)


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
    return Done(None, (which[ids],))


def _metal_parts(labels: Labels, bodies: Bodies, table: NDArray[np.bool_], engine: Engine) -> Any:  # noqa: ANN401
    return _spread_from(labels, bodies.mask, table, (ANODE, COUNTER), engine)


def _joined(labels: Labels, bodies: Bodies, engine: Engine) -> Any:  # noqa: ANN401
    return _spread_from(labels, bodies.mask, labels.phases.mask_table("metal"), (ANODE,), engine)


def _counter(
    labels: Labels, electrodes: _Electrodes, params: CellParams, metal: NDArray[np.bool_], engine: Engine
) -> Source:
    """Return the bodies with the whole counter electrode: its roughness, and the filaments that grow out of it."""
    far_plane, _ = _far_side(labels, electrodes, params, engine) if electrodes.bodies.has_counter else (None, "")
    if far_plane is None:
        return cast("Source", electrodes.bodies.mask)
    return whole_counter(
        labels.data,
        electrodes.bodies.mask,
        far_plane,
        table=metal,
        tolerance_um=_tolerance_um(params, far_plane, electrodes.normal, labels.spacing),
        spacing=labels.spacing,
        engine=engine,
    )


def _far_side(
    labels: Labels, electrodes: _Electrodes, params: CellParams, engine: Engine
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
        other = find_bodies(labels.data, cathode, back, spacing=labels.spacing, radius_um=radius, engine=engine)
        if other is None:
            return None, CUT
        found, name, body = other, "cathode", ANODE
    index, contact = surface_map(found.mask, labels.data, back, body=body, solid=anything, engine=engine)
    plane = fit_reference(index, contact, back, spacing=labels.spacing, shape=params.reference)
    return (None, CUT) if plane is None else (plane.reversed(), name)


def _parts(labels: Labels, found: _Found | None, engine: Engine) -> Any:  # noqa: ANN401
    out = engine.array(labels.shape, np.uint8)
    phases = labels.phases
    sources: list[Source] = [labels.data]
    if found is not None:
        sources += [found.anode, found.joined, found.gaps]
    constants = {
        "metal": phases.mask_table("metal"),
        "filament": phases.mask_table("filament"),
        "pore": phases.mask_table("pore"),
        "fracture": phases.mask_table("fracture"),
        "planes": None if found is None else (found.plane, found.far_plane),
        "spacing": labels.spacing,
    }
    engine.run(_name_parts, sources, outputs=[out], stage="parts", constants=constants)
    return out


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
) -> Done[None]:
    parts = np.full(labels.shape, Part.OTHER, np.uint8)
    parts[pore[labels]] = Part.PORE
    parts[fracture[labels]] = Part.CRACK
    if planes is None or anode is None or joined is None or gaps is None:
        return Done(None, (parts,))
    parts[gaps != 0] = Part.GAP
    parts[anode == ANODE] = Part.ANODE
    parts[anode == COUNTER] = Part.COUNTER
    loose = metal[labels] & (anode == 0)
    parts[loose & (joined == ANODE)] = Part.DENDRITE
    parts[filament[labels] & (joined != ANODE)] = Part.ISOLATED
    plane, far_plane = planes
    region = (labels != 0) & (plane.heights_um(labels.shape, spacing, block.outer_start) > 0)
    if far_plane is not None:
        region &= far_plane.heights_um(labels.shape, spacing, block.outer_start) <= 0
    parts[region] |= SE_REGION
    return Done(None, (parts,))
