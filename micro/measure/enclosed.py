"""Fragments of electrolyte in space: whole bodies that metal and void cut off from the rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Block, Done, Region, Shape, Source, as_dask, kernel, label_components
from micro.cell import ReferencePlane
from micro.measure.counting import whole_weights
from micro.measure.objects import FILAMENTS, box_columns
from micro.measure.protocol import ObjectTable
from micro.measure.scene import Scene
from micro.model import Spacing

__all__ = ["VOXELS_MIN", "find_enclosed"]

VOXELS_MIN = 27
"""A smaller body can't be told from mislabelled voxels."""

REACH = 32
"""Voxels around the box of all dendrites that are looked at: what closes a fragment off there is anode or void."""

TOUCHED, OPEN = 1, 2
"""What lies beside a body: a dendrite; something that is neither metal nor void."""

BESIDE = ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1))


@dataclass(frozen=True)
class _Sides:
    """Of the candidates in a block: their ids, what lies beside them, and the sums of their voxels' heights."""

    ids: NDArray[np.int64]
    bits: NDArray[np.uint8]
    heights_um: NDArray[np.float64]


def find_enclosed(scene: Scene) -> pd.DataFrame:
    """Return one row a fragment: electrolyte, joined by faces, that metal and void cut off from the rest in space.

    A body of electrolyte (or interphase) counts that has nothing but metal and void beside its faces, a dendrite among
    them; that does not reach the border of the picture; that holds `VOXELS_MIN` voxels or more, and whose mean height
    is above the reference interface. Beyond the dendrites' box it may reach `REACH` voxels.

    Parameters
    ----------
    scene
        Of a volume with a reference interface.

    Returns
    -------
    pandas.DataFrame
        ``id`` in raster order, ``volume_um3``, box and centroid in um, ``equivalent_diameter_um`` (of the sphere of
        the same volume), ``depth_um`` (mean height), and ``weight``: how many fragments like it there are for each
        that the picture holds whole.
    """
    box = _box(scene)
    if box is None:
        return _table(scene, None, np.zeros(0, np.int64), np.zeros(0), (0, 0, 0))
    phases = scene.context.phases
    labels, parts = (_crop(array, box) for array in (scene.cell.values, scene.cell.parts))
    solid = phases.mask_table("electrolyte") | phases.mask_table("interphase")
    found = label_components(labels, engine=scene.engine, table=solid.astype(np.uint8), connectivity=6)
    inside = (found.start > 0) & (found.stop < np.array(labels.shape))
    wanted = inside.all(axis=1) & (found.voxels >= VOXELS_MIN)
    corner: Shape = (box[0].start, box[1].start, box[2].start)
    bits, heights = np.zeros(found.count + 1, np.uint8), np.zeros(found.count + 1)
    if wanted.any():
        assert scene.context.plane is not None
        constants = {
            "wanted": wanted,
            "walls": phases.mask_table("metal") | phases.mask_table("pore"),
            "plane": scene.context.plane,
            "spacing": scene.context.spacing,
            "corner": corner,
        }
        sources = [labels, parts, found.ids]
        for one in scene.engine.run(_sides, sources, halo=(1, 1, 1), stage="fragments", constants=constants):
            if one is not None:
                bits[one.ids] |= one.bits
                heights[one.ids] += one.heights_um
    mean = heights / np.maximum(found.voxels, 1)
    return _table(scene, ObjectTable.of(found), np.flatnonzero(wanted & (bits == TOUCHED) & (mean > 0)), mean, corner)


def _box(scene: Scene) -> Region | None:
    """Return the box of all dendrites and `REACH` voxels around it, or None without dendrites."""
    tables, shape = scene.context.objects, scene.context.shape
    ids = np.flatnonzero(FILAMENTS[tables.classes & 7])
    if scene.context.plane is None or not ids.size:
        return None
    low, high = tables.start[ids].min(axis=0) - REACH, tables.stop[ids].max(axis=0) + REACH
    z, y, x = (slice(max(int(a), 0), min(int(b), n)) for a, b, n in zip(low, high, shape, strict=True))
    return (z, y, x)


def _crop(array: Any, box: Region) -> Source:  # noqa: ANN401
    """Return the part of an array that lies in the box, not read yet where it is lazy."""
    cropped: Source = (array if isinstance(array, np.ndarray) or hasattr(array, "dask") else as_dask(array))[box]
    return cropped


@kernel
def _look(
    ids: NDArray[np.uint32],
    labels: NDArray[np.uint8],
    filament: NDArray[np.bool_],
    walls: NDArray[np.bool_],
    voxels: NDArray[np.int64],
    slots: NDArray[np.int64],
    bits: NDArray[np.uint8],
) -> None:
    """Set the bits of what lies beside each voxel; ``voxels`` (n, 3) are none of the array's outermost."""
    for n in range(voxels.shape[0]):
        k, j, i = voxels[n, 0], voxels[n, 1], voxels[n, 2]
        for dz, dy, dx in BESIDE:
            z, y, x = k + dz, j + dy, i + dx
            if ids[z, y, x] == ids[k, j, i]:
                continue
            if not walls[labels[z, y, x]]:
                bits[slots[n]] |= OPEN
            elif filament[z, y, x]:
                bits[slots[n]] |= TOUCHED


def _sides(
    block: Block,
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    ids: NDArray[np.uint32],
    *,
    wanted: NDArray[np.bool_],
    walls: NDArray[np.bool_],
    plane: ReferencePlane,
    spacing: Spacing,
    corner: Shape,
) -> Done[_Sides | None]:
    """Look beside the candidates' voxels in a block's core: no candidate reaches the border, so all have neighbours."""
    core = np.zeros(ids.shape, bool)
    core[block.inner] = wanted[ids[block.inner]]
    voxels = np.argwhere(core)
    if not len(voxels):
        return Done(None)
    z, y, x = voxels.T
    numbers, slots = np.unique(ids[z, y, x], return_inverse=True)
    bits = np.zeros(numbers.size, np.uint8)
    ids, labels = np.ascontiguousarray(ids), np.ascontiguousarray(labels)
    _look(ids, labels, FILAMENTS[parts & 7], walls, voxels, slots, bits)
    start = [a + b for a, b in zip(block.outer_start, corner, strict=True)]
    heights = plane.heights_at_um((z, y, x), spacing, tuple(start))
    sums = np.bincount(slots, weights=heights).astype(np.float64)
    return Done(_Sides(numbers.astype(np.int64), bits, sums))


def _table(
    scene: Scene, found: ObjectTable | None, ids: NDArray[np.int64], mean_um: NDArray[np.float64], corner: Shape
) -> pd.DataFrame:
    """Return the table of the bodies in ``ids``, with places in the whole picture."""
    context = scene.context
    if found is None:
        found = context.objects
    at = np.array(corner)
    moved = ObjectTable(
        found.count,
        found.classes,
        found.voxels,
        found.start + at,
        found.stop + at,
        found.sums + found.voxels[:, None] * at,
        found.covariances,
    )
    table = box_columns(context, moved, ids)
    table["id"] = np.arange(1, len(ids) + 1)
    table["equivalent_diameter_um"] = np.cbrt(6 * table["volume_um3"].to_numpy() / math.pi)
    table["depth_um"] = mean_um[ids]
    table["weight"] = whole_weights(moved.stop[ids] - moved.start[ids], context.shape, context.map_axes)
    return table
