"""Extremes of single objects along the normal, told across blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.cell import Part
from micro.measure.protocol import BlockView, Context, ObjectTable

__all__ = ["FILAMENTS", "ObjectPartial", "Objects", "box_columns", "heights_of", "merge_objects", "object_block"]

FILAMENTS = np.isin(np.arange(8), [Part.DENDRITE, Part.ISOLATED])
"""Which of the eight parts are dendrites, joined or isolated."""


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
def _number(
    ids: NDArray[np.uint32],
    parts: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    slots: NDArray[np.int32],
) -> int:
    """Number the wanted objects of the core from 1 in ``slots`` (by id), and return how many there are."""
    used = 0
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[2], hi[2]):
                if wanted[parts[k, j, i] & 127] and slots[ids[k, j, i]] == 0:
                    used += 1
                    slots[ids[k, j, i]] = used
    return used


@kernel
def _extremes(
    ids: NDArray[np.uint32],
    parts: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
    crack: int,
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    heights: NDArray[np.float64],
    slots: NDArray[np.int32],
    table: NDArray[np.float64],
) -> None:
    """Fill ``table`` (id, low, high, region, touches, sum); ``slots`` maps ids to its rows, from 1."""
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[2], hi[2]):
                if not wanted[parts[k, j, i] & 127]:
                    continue
                number = ids[k, j, i]
                height = heights[k, j, i]
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


def object_block(context: Context, view: BlockView, wanted: NDArray[np.bool_], *, crack: int) -> ObjectPartial | None:
    """Return the extremes of the objects in a block's core, of the parts in ``wanted`` (8 entries), or None."""
    if not (wanted & view.found).any():
        return None
    inner = view.block.inner
    lo = (inner[0].start, inner[1].start, inner[2].start)
    hi = (inner[0].stop, inner[1].stop, inner[2].stop)
    slots = np.zeros(context.objects.count + 1, np.int32)
    table = np.zeros((_number(view.ids, view.parts, wanted, lo, hi, slots), 6))
    _extremes(view.ids, view.parts, wanted, crack, lo, hi, heights_of(context, view), slots, table)
    return ObjectPartial(
        table[:, 0].astype(np.int64),
        table[:, 1],
        table[:, 2],
        table[:, 5],
        table[:, 3].astype(np.int64),
        table[:, 4] > 0,
    )


def heights_of(context: Context, view: BlockView) -> NDArray[np.float64]:
    """Return the heights of the outer region's voxel centres above the reference; zeros without an interface."""
    outer = view.block.outer
    shape = tuple(axis.stop - axis.start for axis in outer)
    if context.plane is None:
        return np.zeros(shape)
    return context.plane.heights_um(shape, context.spacing, tuple(axis.start for axis in outer))


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
