"""Metal that has left the anode: dendrites, joined or isolated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Done, Engine, Source, ids_among, label_components, relabelled, within_um
from micro.cell.body import ANODE, COUNTER, reach_voxels
from micro.cell.cell import ReferencePlane
from micro.model import Spacing

__all__ = ["beneath", "components_holding", "mark_dendrites", "root_reach_um"]

_NEAR, _FAR = 1, 2
_SKIN = 0.75
"""Metal closer to the anode body than this share of the tolerance, or than a voxel, is what the opening took off."""
_MOUND = 2.0
"""A mound of the anode body itself is a dendrite from this many tolerances on."""


def _mark(
    block: Block,
    labels: NDArray[np.uint8],
    bodies: NDArray[np.uint8],
    *,
    table: NDArray[np.bool_],
    plane: ReferencePlane,
    tolerance_um: float,
    root_um: float,
    skin_um: float,
    spacing: Spacing,
) -> Done[None]:
    """Mark metal beyond the tolerance, and the metal under it, down to the interface, that is no body.

    What lies farther than ``root_um`` from all metal beyond the tolerance is roughness; so is the skin
    that the opening took off the anode body, and the body itself up to `_MOUND` tolerances, unless
    metal hangs on it that is neither.
    """
    metal = table[labels] & (bodies != COUNTER)
    if not metal.any():
        return Done(None, (np.zeros(labels[block.inner].shape, np.uint8),))
    above, over, high = (
        plane.above(labels.shape, spacing, block.outer_start, than_um=than_um)
        for than_um in (0.0, tolerance_um, _MOUND * tolerance_um)
    )
    anode = bodies == ANODE
    beyond = metal & over
    far = beyond
    if beyond.any():
        skin = within_um(anode, spacing.um, skin_um)
        far = beyond & (~skin | (anode & high))
    mound = beyond & anode & ~far
    near = metal & above & ~far & ~anode
    if near.any():
        near &= within_um(far | mound, spacing.um, root_um)
    foot = beneath(far & ~anode, metal & above, plane.direction)
    near |= mound | (foot & ~far)
    return Done(None, ((_FAR * far + _NEAR * near).astype(np.uint8)[block.inner],))


def beneath(
    marked: NDArray[np.bool_], metal: NDArray[np.bool_], direction: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Return the metal straight below what is marked, down along the axis of ``direction``, without a break.

    The foot of a filament stands in the roughness of the anode, which the body fills to the brim.
    """
    axis = int(np.argmax(np.abs(direction)))
    along = 1 if direction[axis] > 0 else -1
    above, below = (np.moveaxis(mask, axis, 0)[::-along] for mask in (marked, metal))
    out = np.array(above)
    for plane in range(1, len(out)):
        out[plane] |= below[plane] & out[plane - 1]
    return np.moveaxis(out[::-along], 0, axis)


def _held(
    _: Block, ids: NDArray[np.uint32], marks: NDArray[np.uint8], *, value: int, count: int
) -> Done[NDArray[np.int64]]:
    return Done(ids_among(ids, marks, value, count))


def components_holding(found: Components, marks: Source, value: int, engine: Engine) -> NDArray[np.bool_]:
    """Return for each component whether any of its voxels has this value in ``marks``."""
    parts = engine.run(_held, [found.ids, marks], stage="objects", constants={"value": value, "count": found.count})
    held = np.zeros(found.count + 1, bool)
    for part in parts:
        held[part] = True
    held[0] = False
    return held


def _relabel(
    _: Block, labels: NDArray[np.uint8], ids: NDArray[np.uint32], *, chosen: NDArray[np.bool_], value: int
) -> Done[None]:
    return Done(None, (relabelled(labels, ids, chosen, value),))


def root_reach_um(tolerance_um: float, spacing: Spacing, shape: tuple[int, int, int]) -> float:
    """Return how far from metal beyond the tolerance a root that slants by 45 degrees reaches at most."""
    return 1.4143 * tolerance_um + coarsest_um(spacing, shape)


def coarsest_um(spacing: Spacing, shape: tuple[int, int, int]) -> float:
    """Return the longest voxel edge of the axes that the picture has."""
    return max(edge for edge, length in zip(spacing.um, shape, strict=True) if length > 1)


def mark_dendrites(
    labels: Source,
    bodies: Source,
    plane: ReferencePlane,
    *,
    table: NDArray[np.bool_],
    value: int,
    tolerance_um: float,
    spacing: Spacing,
    engine: Engine,
) -> Any:  # noqa: ANN401
    """Return the labels with dendrites set to ``value``.

    Metal that reaches beyond the reference interface by more than ``tolerance_um``, grown back
    through connected metal down to the interface, the anode body left out but for what lies straight
    below. A root reaches no farther from it than one that slants by 45 degrees, so that the roughness
    around it stays anode, and so does a skin on the anode body no thicker than three quarters of the
    tolerance (or a voxel).
    """
    z, y, x = labels.shape
    marks = engine.array((z, y, x), np.uint8)
    root_um = root_reach_um(tolerance_um, spacing, (z, y, x))
    skin_um = max(_SKIN * tolerance_um, 1.0001 * coarsest_um(spacing, (z, y, x)))
    constants = {
        "table": table,
        "plane": plane,
        "tolerance_um": tolerance_um,
        "root_um": root_um,
        "skin_um": skin_um,
        "spacing": spacing,
    }
    halo = reach_voxels(root_um + skin_um, spacing, (z, y, x))
    engine.run(_mark, [labels, bodies], outputs=[marks], halo=halo, stage="dendrites", constants=constants)
    found = label_components(marks, engine=engine, table=(np.arange(256) > 0).astype(np.uint8))
    out = engine.array((z, y, x), np.uint8)
    chosen = components_holding(found, marks, _FAR, engine)
    engine.run(
        _relabel, [labels, found.ids], outputs=[out], stage="dendrites", constants={"chosen": chosen, "value": value}
    )
    return out
