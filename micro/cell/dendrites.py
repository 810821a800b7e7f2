"""Metal that has left the anode: dendrites, joined or isolated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import (
    Block,
    Components,
    Done,
    Engine,
    Source,
    box_of,
    grown_box,
    ids_among,
    kernel,
    label_components,
    relabelled,
    within_um,
)
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
    metal = plane.above(labels.shape, spacing, block.outer_start)
    _keep_metal(labels, bodies, table, metal)
    held = box_of(metal.view(np.uint8), np.arange(256, dtype=np.uint8))
    if held is None:
        return Done(None, (None,))
    # all metal above the plane, and what of the body is near it
    box = grown_box(held, reach_voxels(skin_um, spacing, labels.shape), labels.shape)
    z, y, x = (begin + part.start for begin, part in zip(block.outer_start, box, strict=True))
    metal, anode = np.ascontiguousarray(metal[box]), np.ascontiguousarray(bodies[box]) == ANODE
    beyond = metal & plane.above(metal.shape, spacing, (z, y, x), than_um=tolerance_um)
    if not beyond.any():
        return Done(None, (None,))
    high = plane.above(metal.shape, spacing, (z, y, x), than_um=_MOUND * tolerance_um)
    skin = within_um(anode, spacing.um, skin_um)
    far = beyond & (~skin | (anode & high))
    mound = beyond & anode & ~far
    near = metal & ~far & ~anode
    if near.any():
        near &= within_um(far | mound, spacing.um, root_um)
    foot = beneath(far & ~anode, metal, plane.direction)
    near |= mound | (foot & ~far)
    marks = np.zeros(labels.shape, np.uint8)
    marks[box] = _FAR * far.view(np.uint8) + _NEAR * near.view(np.uint8)
    return Done(None, (marks[block.inner],))


@kernel
def _keep_metal(
    labels: NDArray[np.uint8], bodies: NDArray[np.uint8], table: NDArray[np.bool_], mask: NDArray[np.bool_]
) -> None:
    """Leave in the mask what ``table`` has for metal and is no counter electrode."""
    for k in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            for i in range(mask.shape[2]):
                mask[k, j, i] &= table[labels[k, j, i]] & (bodies[k, j, i] != COUNTER)


@kernel
def _go_down(marked: NDArray[np.bool_], metal: NDArray[np.bool_], axis: int, step: int, out: NDArray[np.bool_]) -> None:
    """Mark the metal that lies ``step`` before marked voxels along an axis, one after the other."""
    depth, height, width = marked.shape
    for a in range(depth):
        k = depth - 1 - a if step > 0 else a
        for b in range(height):
            j = height - 1 - b if step > 0 else b
            if axis == 2:
                before = False
                for c in range(width):
                    i = width - 1 - c if step > 0 else c
                    before = marked[k, j, i] | (metal[k, j, i] & before)
                    out[k, j, i] = before
                continue
            z, y = (k + step, j) if axis == 0 else (k, j + step)
            if 0 <= z < depth and 0 <= y < height:
                own, here, there, above = out[k, j], marked[k, j], metal[k, j], out[z, y]
                for i in range(width):
                    own[i] = here[i] | (there[i] & above[i])
            else:
                out[k, j] = marked[k, j]


def beneath(
    marked: NDArray[np.bool_], metal: NDArray[np.bool_], direction: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Return the metal straight below what is marked, down along the axis of ``direction``, without a break.

    The foot of a filament stands in the roughness of the anode, which the body fills to the brim.
    """
    axis = int(np.argmax(np.abs(direction)))
    out = np.empty(marked.shape, np.bool_)
    _go_down(np.ascontiguousarray(marked), np.ascontiguousarray(metal), axis, 1 if direction[axis] > 0 else -1, out)
    return out


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
