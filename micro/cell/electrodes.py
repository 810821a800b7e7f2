"""Where the electrodes are: the normal, their bodies, and the reference interface, found or given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source
from micro.cell.body import ANODE, COUNTER, Bodies, find_bodies
from micro.cell.cell import Normal, ReferencePlane
from micro.cell.given import given_reference, is_given, normal_of
from micro.cell.interface import fit_reference, scatter_um, surface_map
from micro.cell.normal import find_normal, metal_profiles
from micro.cell.outside import Inside
from micro.cell.params import CellParams
from micro.errors import ParameterError
from micro.model import Labels, PhaseSet, Spacing

__all__ = ["NO_METAL", "Electrodes", "finest_um", "locate"]

NO_METAL = "no metal body found"
ALL_METAL = "no interface: all that is labelled is metal"
PLAN_VIEW = "a plan view has no interface"
ANODE_SHARE_MIN = 0.15
"""An anode body covers at least this share of the columns along the normal; less is a speck at the border."""


@dataclass(frozen=True)
class Electrodes:
    """The bodies and the reference interface; ``reference`` says where that comes from.

    Without an anode body (``has_anode``) the mask's `ANODE` is the metal at or below the reference.
    """

    normal: Normal
    bodies: Bodies
    plane: ReferencePlane
    reference: str

    @property
    def has_anode(self) -> bool:
        """Whether there is an anode body."""
        return self.bodies.has_anode


def finest_um(count: float, spacing: Spacing, shape: tuple[int, ...]) -> float:
    """Return the length in um of ``count`` voxels of the finest axis that the picture has."""
    return count * min(edge for edge, length in zip(spacing.um, shape, strict=True) if length > 1 or max(shape) == 1)


def locate(
    labels: Labels,
    inside: Inside,
    params: CellParams,
    table: NDArray[np.bool_],
    engine: Engine,
    first: ReferencePlane | None,
) -> Electrodes | str:
    """Find the normal, the electrode bodies and the reference interface; or say why not.

    Parameters
    ----------
    inside
        The labels of the cell itself.
    table
        256 booleans: which of them may be electrode.
    first
        The reference interface of the first state, for parameters that ask for it.

    Raises
    ------
    AmbiguousNormalError
        If the normal is to be found and two directions are about as likely.
    ParameterError
        If a normal or a reference that was stated doesn't fit the picture.
    """
    if params.normal == "none":
        return PLAN_VIEW
    given = is_given(params, first)
    data = inside.labels
    normal = _normal(inside, params, table, engine, first)
    if normal is None and given:
        return f"{NO_METAL}: state the normal, to measure from the reference that is given"
    if normal is None:
        return ALL_METAL if _all_metal(data, table, engine) else NO_METAL
    if labels.shape[normal.axis] == 1:
        raise ParameterError(
            f"the normal {normal} lies along an axis of one slice; expected one in the picture, such as --normal=-y"
        )
    radius = params.body_radius_um or finest_um(8, labels.spacing, labels.shape)
    bodies = find_bodies(
        data, table, normal, spacing=labels.spacing, radius_um=radius, engine=engine, need_anode=not given
    )
    if bodies is None:
        return NO_METAL if params.normal == "auto" else f"{NO_METAL} where the stated normal {normal} begins"
    surface = _surface(labels, data, normal, bodies, engine)
    if given:
        return _from_given(labels, data, params, engine, first, normal=normal, bodies=bodies, surface=surface)
    return _fitted(labels, params, normal, bodies, surface)


def _fitted(
    labels: Labels,
    params: CellParams,
    normal: Normal,
    bodies: Bodies,
    surface: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> Electrodes | str:
    """Return the electrodes about a reference that is fitted to the anode body, if that is one."""
    covered = float(np.mean(surface[0] >= 0))
    if covered < ANODE_SHARE_MIN:
        return f"{NO_METAL}: metal on the side where the normal {normal} begins covers {100 * covered:.0f} % of it only"
    plane = fit_reference(*surface, normal, spacing=labels.spacing, shape=params.shape)
    if plane is None:
        return NO_METAL
    shape = "plane" if plane.bow is None else "curved surface"
    return Electrodes(normal, bodies, plane, f"{shape} fitted to the anode")


def _normal(
    inside: Inside, params: CellParams, table: NDArray[np.bool_], engine: Engine, first: ReferencePlane | None
) -> Normal | None:
    if params.normal != "auto":
        return Normal.parse(params.normal)
    if params.reference == "first-state" and first is not None:
        return normal_of(first)
    return find_normal(inside.labels, table, engine, rimmed=bool(inside.sides) or inside.differs)


def _all_metal(data: Source, table: NDArray[np.bool_], engine: Engine) -> bool:
    metal, labelled = (metal_profiles(data, one, engine)[0].sum() for one in (table, np.arange(256) > 0))
    return bool(metal == labelled > 0)


def _surface(
    labels: Labels, data: Source, normal: Normal, bodies: Bodies, engine: Engine
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    solid = _solid_table(labels.phases)
    return surface_map(bodies.mask, data, normal, body=ANODE, solid=solid, engine=engine)


def _solid_table(phases: PhaseSet) -> NDArray[np.bool_]:
    table = np.zeros(256, bool)
    for role in ("electrolyte", "interphase", "filament"):
        table |= phases.mask_table(role)
    return table


def _from_given(
    labels: Labels,
    data: Source,
    params: CellParams,
    engine: Engine,
    first: ReferencePlane | None,
    *,
    normal: Normal,
    bodies: Bodies,
    surface: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> Electrodes:
    """Return the electrodes about the reference that is given; too little body is none."""
    spacing = labels.spacing
    plane, source = given_reference(params, normal, ends=bodies.ends, spacing=spacing, first=first)
    if float(np.mean(surface[0] >= 0)) < ANODE_SHARE_MIN:
        bodies = _below(labels, data, bodies, plane, engine)
    elif params.reference_thickness_um is not None:
        plane = replace(plane, residual_um=scatter_um(plane, *surface, normal, spacing=spacing))
    return Electrodes(normal, bodies, plane, source)


def _below(labels: Labels, data: Source, bodies: Bodies, plane: ReferencePlane, engine: Engine) -> Bodies:
    """Return the bodies with the metal at or below the reference in the place of an anode body."""
    out = engine.array(labels.shape, np.uint8)
    constants = {"metal": labels.phases.mask_table("metal"), "plane": plane, "spacing": labels.spacing}
    engine.run(_mark_below, [data, bodies.mask], outputs=[out], stage="anode body", constants=constants)
    return replace(bodies, mask=out, has_anode=False)


def _mark_below(
    block: Block,
    labels: NDArray[np.uint8],
    bodies: NDArray[np.uint8],
    *,
    metal: NDArray[np.bool_],
    plane: ReferencePlane,
    spacing: Spacing,
) -> Done[None]:
    out = np.where(bodies == COUNTER, np.uint8(COUNTER), np.uint8(0))
    here = metal[labels] & (bodies != COUNTER)
    if here.any():
        out[here & ~plane.above(labels.shape, spacing, block.outer_start)] = ANODE
    return Done(None, (out,))
