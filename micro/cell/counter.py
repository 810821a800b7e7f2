"""The counter electrode, whole: its body, its roughness, and the filaments that grow out of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Done, Engine, Source, label_components, relabelled, within_um
from micro.cell.body import ANODE, COUNTER, reach_voxels
from micro.cell.cell import ReferencePlane
from micro.cell.dendrites import beneath, components_holding, root_reach_um
from micro.model import Spacing

__all__ = ["hanging", "whole_counter"]

_LOOSE, _AT_ANODE, _AT_COUNTER = 1, 2, 3


def _zone(
    block: Block,
    labels: NDArray[np.uint8],
    bodies: NDArray[np.uint8],
    *,
    table: NDArray[np.bool_],
    plane: ReferencePlane,
    tolerance_um: float,
    root_um: float,
    spacing: Spacing,
) -> Done[None]:
    """Return the bodies, with all metal at the counter electrode's surface but the roots of what stands on it.

    The opening leaves a fillet in the corner between the body and a filament: what lies straight under the filament
    is its root, down to the interface.
    """
    metal = table[labels] & (bodies != ANODE)
    if not metal.any():
        return Done(None, (bodies[block.inner],))
    below, deep = (
        plane.below(labels.shape, spacing, block.outer_start, than_um=than_um) for than_um in (0.0, -tolerance_um)
    )
    loose = metal & (bodies != COUNTER)
    beyond = loose & deep
    rough = loose & below & ~beyond
    if rough.any():
        rough &= ~within_um(beyond, spacing.um, root_um)
    z, y, x = (-part for part in plane.direction)
    root = beneath(beyond, metal & below & ~deep, (z, y, x)) & ~beyond
    zone = (((bodies == COUNTER) | rough) & ~root) | (loose & ~below)
    own = np.where(zone, np.uint8(COUNTER), np.where(root, np.uint8(0), bodies))
    return Done(None, (own[block.inner],))


def _beside(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the voxels of a mask and all their neighbours, corners too."""
    for axis in range(3):
        if mask.shape[axis] > 1:
            out = mask.copy()
            moved, still = np.moveaxis(mask, axis, 0), np.moveaxis(out, axis, 0)
            still[1:] |= moved[:-1]
            still[:-1] |= moved[1:]
            mask = out
    return mask


def _sides(
    block: Block,
    labels: NDArray[np.uint8],
    bodies: NDArray[np.uint8],
    zone: NDArray[np.uint8],
    *,
    table: NDArray[np.bool_],
) -> Done[None]:
    """Mark the metal that is not in the zone, where it is the anode's, and where it touches the zone."""
    counter = zone == COUNTER
    loose = table[labels] & ~counter
    marks = np.where(loose, np.uint8(_LOOSE), np.uint8(0))
    if counter.any():
        marks[loose & _beside(counter)] = _AT_COUNTER
    marks[loose & (bodies == ANODE)] = _AT_ANODE
    return Done(None, (marks[block.inner],))


def hanging(
    labels: Source, bodies: Source, zone: Source, *, table: NDArray[np.bool_], engine: Engine
) -> tuple[Components, NDArray[np.uint8]]:
    """Return the pieces of metal without the counter electrode, and what each hangs on.

    That is `ANODE` where it holds some of it, else `COUNTER` where it touches that (by a corner at least), else 0.

    Parameters
    ----------
    labels
        uint8 labels, shape (z, y, x).
    bodies
        The same shape, `ANODE` where the anode is.
    zone
        The same shape, `COUNTER` where the counter electrode is.
    table
        256 booleans: which label values are metal.
    """
    z, y, x = labels.shape
    marks = engine.array((z, y, x), np.uint8)
    known = {"table": table}
    engine.run(
        _sides, [labels, bodies, zone], outputs=[marks], halo=(1, 1, 1), stage="counter electrode", constants=known
    )
    found = label_components(marks, engine=engine, table=(np.arange(256) > 0).astype(np.uint8))
    which = np.zeros(found.count + 1, np.uint8)
    which[components_holding(found, marks, _AT_COUNTER, engine)] = COUNTER
    which[components_holding(found, marks, _AT_ANODE, engine)] = ANODE
    return found, which


def _add(_: Block, zone: NDArray[np.uint8], ids: NDArray[np.uint32], *, own: NDArray[np.bool_]) -> Done[None]:
    return Done(None, (relabelled(zone, ids, own, COUNTER),))


def whole_counter(
    labels: Source,
    bodies: Source,
    far_plane: ReferencePlane,
    *,
    table: NDArray[np.bool_],
    tolerance_um: float,
    spacing: Spacing,
    engine: Engine,
) -> Source:
    """Return the bodies, with the counter electrode's roughness and filaments as `COUNTER`.

    Metal beyond the counter electrode's own interface is a part of it. What stands on it by more than
    ``tolerance_um`` is judged by what it hangs on without it: the anode, and then it is a dendrite that
    has come all the way; or nothing else, and then it is the counter electrode's own.

    Parameters
    ----------
    labels
        uint8 labels, shape (z, y, x).
    bodies
        Of `micro.cell.body.find_bodies`.
    far_plane
        The counter electrode's interface, which points into it.
    table
        256 booleans: which label values are metal.
    """
    z, y, x = labels.shape
    zone, out = (engine.array((z, y, x), np.uint8) for _ in range(2))
    root_um = root_reach_um(tolerance_um, spacing, (z, y, x))
    constants = {
        "table": table,
        "plane": far_plane,
        "tolerance_um": tolerance_um,
        "root_um": root_um,
        "spacing": spacing,
    }
    halo = reach_voxels(root_um, spacing, (z, y, x))
    stage = "counter electrode"
    engine.run(_zone, [labels, bodies], outputs=[zone], halo=halo, stage=stage, constants=constants)
    found, which = hanging(labels, zone, zone, table=table, engine=engine)
    engine.run(_add, [zone, found.ids], outputs=[out], stage=stage, constants={"own": which == COUNTER})
    result: Source = out
    return result
