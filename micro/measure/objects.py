"""Extremes of single objects along the normal, told across blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.cell import Part
from micro.measure.protocol import BlockView, Context, ObjectTable

__all__ = [
    "FILAMENTS",
    "ObjectPartial",
    "Objects",
    "box_columns",
    "heights_at",
    "mean_heights_um",
    "merge_objects",
    "object_block",
    "voxels_of",
]


FILAMENTS = np.isin(np.arange(8), [Part.DENDRITE, Part.ISOLATED])
"""Which of the eight parts are dendrites, joined or isolated."""

Voxels = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class ObjectPartial:
    """Of each object in a block: lowest, highest and sum of the voxel heights, voxels in SE, a crack beside it."""

    ids: NDArray[np.int64]
    low_um: NDArray[np.float64]
    high_um: NDArray[np.float64]
    sum_um: NDArray[np.float64]
    region: NDArray[np.int64]
    touches: NDArray[np.bool_]


@dataclass(frozen=True)
class Objects:
    """The same for all objects, by id (row 0 is the background)."""

    low_um: NDArray[np.float64]
    high_um: NDArray[np.float64]
    sum_um: NDArray[np.float64]
    region: NDArray[np.int64]
    touches: NDArray[np.bool_]


@kernel
def _number(ids: NDArray[np.uint32], voxels: Voxels, slots: NDArray[np.int32]) -> int:
    """Number the objects of the voxels from 1 in ``slots`` (by id), and return how many there are."""
    used = 0
    for n in range(voxels[0].size):
        number = ids[voxels[0][n], voxels[1][n], voxels[2][n]]
        if slots[number] == 0:
            used += 1
            slots[number] = used
    return used


@kernel
def _extremes(
    ids: NDArray[np.uint32],
    parts: NDArray[np.uint8],
    voxels: Voxels,
    heights: NDArray[np.float64],
    crack: int,
    slots: NDArray[np.int32],
    table: NDArray[np.float64],
) -> None:
    """Fill ``table`` (id, low, high, region, touches, sum); ``slots`` maps ids to its rows, from 1."""
    for n in range(voxels[0].size):
        k, j, i = voxels[0][n], voxels[1][n], voxels[2][n]
        number, height = ids[k, j, i], heights[n]
        row = table[slots[number] - 1]
        if row[0] == 0:
            row[0], row[1], row[2] = number, height, height
        row[1], row[2] = min(row[1], height), max(row[2], height)
        row[5] += height
        row[3] += parts[k, j, i] >> 7
        for step in range(6):
            z = k + (step == 1) - (step == 0)
            y = j + (step == 3) - (step == 2)
            x = i + (step == 5) - (step == 4)
            if 0 <= z < ids.shape[0] and 0 <= y < ids.shape[1] and 0 <= x < ids.shape[2]:
                row[4] += parts[z, y, x] & 127 == crack


@kernel
def _list(
    parts: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    out: NDArray[np.int64],
) -> int:
    """Write z, y and x of the wanted voxels into ``out`` (3, n), as far as it goes; return how many there are."""
    count = 0
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[2], hi[2]):
                if wanted[parts[k, j, i] & 7]:
                    if count < out.shape[1]:
                        out[0, count], out[1, count], out[2, count] = k, j, i
                    count += 1
    return count


def voxels_of(view: BlockView, wanted: NDArray[np.bool_]) -> Voxels:
    """Return z, y and x, in the outer region, of the core's voxels of the parts in ``wanted`` (8 entries)."""
    inner = view.block.inner
    lo = (inner[0].start, inner[1].start, inner[2].start)
    hi = (inner[0].stop, inner[1].stop, inner[2].stop)
    out = np.empty((3, 2**12), np.int64)
    count = _list(view.parts, wanted, lo, hi, out)
    if count > out.shape[1]:
        out = np.empty((3, count), np.int64)
        _list(view.parts, wanted, lo, hi, out)
    return (out[0, :count], out[1, :count], out[2, :count])


def object_block(context: Context, view: BlockView, wanted: NDArray[np.bool_], *, crack: int) -> ObjectPartial | None:
    """Return the extremes of the objects in a block's core, of the parts in ``wanted`` (8 entries), or None."""
    if not (wanted & view.found).any():
        return None
    voxels = voxels_of(view, wanted)
    slots = np.zeros(context.objects.count + 1, np.int32)
    table = np.zeros((_number(view.ids, voxels, slots), 6))
    _extremes(view.ids, view.parts, voxels, heights_at(context, view, voxels), crack, slots, table)
    return ObjectPartial(
        table[:, 0].astype(np.int64),
        table[:, 1],
        table[:, 2],
        table[:, 5],
        table[:, 3].astype(np.int64),
        table[:, 4] > 0,
    )


def heights_at(context: Context, view: BlockView, voxels: Voxels) -> NDArray[np.float64]:
    """Return the heights above the reference of voxels of the outer region; zeros without an interface."""
    if context.plane is None:
        return np.zeros(voxels[0].size)
    return context.plane.heights_at_um(voxels, context.spacing, view.block.outer_start)


def merge_objects(partials: list[ObjectPartial | None], count: int) -> Objects:
    """Merge the extremes of all blocks."""
    low, high = np.full(count + 1, np.inf), np.full(count + 1, -np.inf)
    total, region, touches = np.zeros(count + 1), np.zeros(count + 1, np.int64), np.zeros(count + 1, bool)
    for one in partials:
        if one is not None:
            low[one.ids] = np.minimum(low[one.ids], one.low_um)
            high[one.ids] = np.maximum(high[one.ids], one.high_um)
            total[one.ids] += one.sum_um
            region[one.ids] += one.region
            touches[one.ids] |= one.touches
    return Objects(low, high, total, region, touches)


def box_columns(context: Context, table: ObjectTable, ids: NDArray[np.int64]) -> pd.DataFrame:
    """Return id, size, bounding box and centroid of the objects, in um.

    The size is ``volume_um3``, in a section ``area_um2``; a section has no columns along z.
    """
    edges = np.array(context.spacing.um)
    size = "area_um2" if context.is_2d else "volume_um3"
    columns: dict[str, NDArray[np.generic]] = {"id": ids, size: table.voxels[ids] * context.voxel_measure}
    centre = (table.sums[ids] / np.maximum(table.voxels[ids], 1)[:, None] + 0.5) * edges
    for axis, name in enumerate("zyx"):
        if context.is_2d and axis == 0:
            continue
        columns[f"start_{name}_um"] = table.start[ids, axis] * edges[axis]
        columns[f"stop_{name}_um"] = table.stop[ids, axis] * edges[axis]
        columns[f"centroid_{name}_um"] = centre[:, axis]
    return pd.DataFrame(columns)


def mean_heights_um(context: Context, objects: Objects, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each object's mean height: above a plane from the exact sums of its voxel indices."""
    assert context.plane is not None
    voxels = context.objects.voxels[ids]
    if context.plane.bow is not None:
        return np.asarray(objects.sum_um[ids] / np.maximum(voxels, 1))
    steps = np.array(context.spacing.um) * np.array(context.plane.direction)
    means = (context.objects.sums[ids] / np.maximum(voxels, 1)[:, None] + 0.5) @ steps
    return np.asarray(means - context.plane.offset_um)
