"""The bodies of the electrodes: metal, opened so that filaments fall off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Done, Engine, Source, kernel, label_components, looked_up, within_um
from micro.cell.cell import Normal
from micro.model import Spacing

__all__ = ["ANODE", "COUNTER", "Bodies", "find_bodies"]

ANODE, COUNTER = 1, 2
_SAFETY = 1.0001
"""Distances are sums of squares of edges; a radius just beside one can't be rounded across it."""


@dataclass(frozen=True)
class Bodies:
    """The electrode bodies.

    ``mask`` is uint8: `ANODE`, `COUNTER` or 0. ``radius_um`` is that of the opening. ``ends`` are the first
    plane with a label along the normal's axis and one past the last.
    """

    mask: Any
    radius_um: float
    has_anode: bool
    has_counter: bool
    ends: tuple[int, int]


def reach_voxels(distance_um: float, spacing: Spacing, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the halo that covers ``distance_um`` along each axis."""
    z, y, x = (
        math.ceil(distance_um / edge) + 1 if length > 1 else 0 for edge, length in zip(spacing.um, shape, strict=True)
    )
    return (z, y, x)


@kernel
def _planes_held(labels: NDArray[np.uint8], axis: int) -> NDArray[np.bool_]:
    """Return which planes across an axis hold a label."""
    held = np.zeros(labels.shape[axis], np.bool_)
    along = np.zeros(labels.shape[2], np.uint8)
    for k in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            row = labels[k, j]
            some = np.uint8(0)
            for i in range(row.size):
                along[i] |= row[i]
                some |= row[i]
            if axis < 2 and some:
                held[k if axis == 0 else j] = True
    return held if axis < 2 else along != 0


def _erode(
    block: Block,
    labels: NDArray[np.uint8],
    *,
    table: NDArray[np.bool_],
    spacing: Spacing,
    radius_um: float,
    axis: int,
) -> Done[tuple[bool, int, int]]:
    """Keep the metal that is farther than the radius from all else that is labelled.

    What is unlabelled ends the picture, as its border does: slices that were put in line have such rims. Also
    say whether there is metal at all, and the first and the last plane with a label along ``axis``.
    """
    metal = looked_up(labels, table)
    held = bool(metal[block.inner].any())
    if held:
        other = (labels != 0) & ~metal
        if other.any():
            metal &= ~within_um(other, spacing.um, radius_um)
    planes = np.flatnonzero(_planes_held(labels[block.inner], axis)) + block.core[axis].start
    low, high = (int(planes[0]), int(planes[-1])) if planes.size else (np.iinfo(np.int64).max, -1)
    return Done((held, low, high), (metal[block.inner].astype(np.uint8),))


def _dilate(
    block: Block,
    labels: NDArray[np.uint8],
    ids: NDArray[np.uint32],
    *,
    table: NDArray[np.bool_],
    which: NDArray[np.uint8],
    spacing: Spacing,
    radius_um: float,
) -> Done[None]:
    seeds = looked_up(ids, which)
    metal = looked_up(labels[block.inner], table)
    out = np.zeros(metal.shape, np.uint8)
    for body in (COUNTER, ANODE):
        here = seeds == body
        if here.any():
            out[metal & within_um(here, spacing.um, radius_um)[block.inner]] = body
    return Done(None, (out,))


@dataclass(frozen=True)
class _Seeds:
    """What is left of the metal after erosion, by piece, and which body each piece belongs to."""

    found: Components
    which: NDArray[np.uint8]
    radius_um: float
    ends: tuple[int, int]
    held: bool


def find_bodies(
    labels: Source,
    table: NDArray[np.bool_],
    normal: Normal,
    *,
    spacing: Spacing,
    radius_um: float,
    engine: Engine,
    need_anode: bool = True,
) -> Bodies | None:
    """Find the anode body (and the counter electrode's, if any); None where no metal touches the anode's side.

    The metal is opened with a ball of ``radius_um``, which is halved where the anode is so thin
    that nothing would be left.

    Parameters
    ----------
    labels
        uint8 labels, shape (z, y, x).
    table
        256 booleans: which label values are metal.
    normal
        From the anode into the electrolyte.
    need_anode
        Without it the bodies are returned even where there is no anode.
    """
    z, y, x = labels.shape
    first: _Seeds | None = None
    radius = radius_um
    while radius >= 0.75 * max(spacing.um[axis] for axis, length in enumerate((z, y, x)) if length > 1):
        seeds = _seeds(labels, table, normal, spacing=spacing, radius_um=radius, engine=engine)
        first = first or seeds
        if not seeds.held:
            break
        if ANODE in seeds.which:
            return _grown(labels, table, seeds, spacing=spacing, engine=engine)
        radius /= 2
    if need_anode or first is None:
        return None
    return _grown(labels, table, first, spacing=spacing, engine=engine)


def _seeds(
    labels: Source, table: NDArray[np.bool_], normal: Normal, *, spacing: Spacing, radius_um: float, engine: Engine
) -> _Seeds:
    z, y, x = labels.shape
    exact = radius_um * _SAFETY
    eroded = engine.array((z, y, x), np.uint8)
    constants = {"table": table, "spacing": spacing, "radius_um": exact, "axis": normal.axis}
    halo = reach_voxels(exact, spacing, (z, y, x))
    parts = engine.run(_erode, [labels], outputs=[eroded], halo=halo, stage="anode body", constants=constants)
    ends = min(low for _, low, _ in parts), 1 + max(high for _, _, high in parts)
    found = label_components(eroded, engine=engine)
    which = _choose(found.start, found.stop, found.voxels, ends, normal)
    return _Seeds(found, which, radius_um, ends, any(held for held, _, _ in parts))


def _grown(labels: Source, table: NDArray[np.bool_], seeds: _Seeds, *, spacing: Spacing, engine: Engine) -> Bodies:
    z, y, x = labels.shape
    exact = seeds.radius_um * _SAFETY
    mask = engine.array((z, y, x), np.uint8)
    constants = {"table": table, "spacing": spacing, "radius_um": exact, "which": seeds.which}
    halo = reach_voxels(exact, spacing, (z, y, x))
    engine.run(_dilate, [labels, seeds.found.ids], outputs=[mask], halo=halo, stage="anode body", constants=constants)
    return Bodies(mask, seeds.radius_um, bool(ANODE in seeds.which), bool(COUNTER in seeds.which), seeds.ends)


def _choose(
    start: NDArray[np.int64], stop: NDArray[np.int64], voxels: NDArray[np.int64], ends: tuple[int, int], normal: Normal
) -> NDArray[np.uint8]:
    """Name the largest component at the anode's side ANODE, and all that touch the far side only COUNTER.

    ``ends`` are the first plane with a label along the normal's axis and one past the last.
    """
    low, high = start[:, normal.axis] == ends[0], stop[:, normal.axis] == ends[1]
    near, far = (low, high) if normal.sign > 0 else (high, low)
    which = np.zeros(len(voxels), np.uint8)
    near[0] = far[0] = False
    which[far & ~near] = COUNTER
    if near.any():
        which[int(np.argmax(np.where(near, voxels, -1)))] = ANODE
    return which
