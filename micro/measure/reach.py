"""How near dendrites come to the far electrode, and whether metal joins the two."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Shape, kernel
from micro.cell import Part
from micro.measure.dendrites import DEEPER
from micro.measure.objects import FILAMENTS
from micro.measure.protocol import BRIDGED, BlockView, Context
from micro.measure.results import Findings
from micro.model import Measurement

__all__ = ["Reach"]

NO_MAXIMUM = "a maximum has no honest interval"
NO_MINIMUM = "a minimum has no honest interval"
FACT = "no interval: a fact of this picture"
BESIDE = "none in this section, which can't exclude one beside it"


@kernel
def _nearest(
    ids: NDArray[np.uint32],
    parts: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
    near: NDArray[np.float64],
    far: NDArray[np.float64],
    slots: NDArray[np.int32],
    table: NDArray[np.float64],
) -> int:
    """Write id, greatest share of the way and least distance of every wanted object; return how many there are."""
    used = 0
    for k in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            for i in range(ids.shape[2]):
                if not wanted[parts[k, j, i] & 127]:
                    continue
                number = ids[k, j, i]
                if slots[number] == 0:
                    used += 1
                    slots[number] = used
                    table[used, 0], table[used, 1], table[used, 2] = number, -np.inf, np.inf
                row = table[slots[number]]
                height, left = near[k, j, i], max(-far[k, j, i], 0.0)
                if height > 0:
                    row[1] = max(row[1], height / (height + left))
                row[2] = min(row[2], left)
    return used


@kernel
def _touch(
    ids: NDArray[np.uint32],
    parts: NDArray[np.uint8],
    far: NDArray[np.bool_],
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    anode: int,
    dendrite: int,
) -> list[np.int64]:
    """Return the ids of the joined metal in the core with a voxel of ``far`` next to it; 0 stands for the anode."""
    found = [np.int64(-1)]
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[2], hi[2]):
                part = parts[k, j, i] & 127
                if part not in (anode, dendrite):
                    continue
                number = np.int64(ids[k, j, i]) if part == dendrite else np.int64(0)
                if number == found[-1]:
                    continue
                near = far[max(k - 1, 0) : k + 2, max(j - 1, 0) : j + 2, max(i - 1, 0) : i + 2]
                if near.any():
                    found.append(number)
    return found


NEARER = "a section misses most tips: an upper bound"


@dataclass(frozen=True)
class _Partial:
    ids: NDArray[np.int64]
    share: NDArray[np.float64]
    left_um: NDArray[np.float64]
    touching: NDArray[np.int64]


@dataclass(frozen=True)
class Reach:
    """Depth relative to the local thickness of the electrolyte, distance left to the far electrode, short circuit."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """One voxel: what touches the far electrode."""
        return (1, 1, 1)

    def on_block(self, context: Context, view: BlockView) -> _Partial | None:
        """Find how far each object of the block has come, and what touches the far electrode."""
        if context.far_plane is None or not (view.found[int(Part.ANODE)] or (FILAMENTS & view.found).any()):
            return None
        ids, parts = (np.ascontiguousarray(view.core(array)) for array in (view.ids, view.parts))
        table = np.zeros((1, 3))
        used = 0
        if (FILAMENTS & view.found).any():
            assert context.plane is not None
            near = context.plane.heights_um(parts.shape, context.spacing, view.block.start)
            far = context.far_plane.heights_um(parts.shape, context.spacing, view.block.start)
            slots = np.zeros(context.objects.count + 1, np.int32)
            table = np.zeros((np.unique(ids).size + 1, 3))
            used = _nearest(ids, parts, FILAMENTS, near, far, slots, table)
        rows = table[1 : used + 1]
        return _Partial(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2], _touching(context, view))

    def merge(self, context: Context, partials: list[_Partial | None]) -> Findings:
        """Return three rows, and three columns of the dendrites' table."""
        found = [one for one in partials if one is not None]
        share, left = np.full(context.objects.count + 1, np.nan), np.full(context.objects.count + 1, np.nan)
        touching = np.unique(np.concatenate([np.zeros(0, np.int64), *(one.touching for one in found)]))
        for one in found:
            share[one.ids] = np.fmax(share[one.ids], one.share)
            left[one.ids] = np.fmin(left[one.ids], one.left_um)
        arrived = touching[touching > 0]
        share[arrived], left[arrived] = 1.0, 0.0
        joined = context.objects.ids_of(Part.DENDRITE)
        ids = np.sort(np.concatenate([joined, context.objects.ids_of(Part.ISOLATED)]))
        columns = {"id": ids, "depth_relative": np.where(np.isfinite(share[ids]), share[ids], np.nan)}
        table = pd.DataFrame({**columns, "far_distance_um": left[ids], "touches_far": np.isin(ids, touching)})
        return Findings(_rows(context, share[joined], left[joined], touching), {"dendrites": table})


def _touching(context: Context, view: BlockView) -> NDArray[np.int64]:
    cathode = np.zeros(256, bool)
    cathode[list(context.phases.values_with("cathode"))] = True
    far = (view.parts & 127 == int(Part.COUNTER)) | cathode[view.labels]
    if not far.any():
        return np.zeros(0, np.int64)
    inner = view.block.inner
    lo = (inner[0].start, inner[1].start, inner[2].start)
    hi = (inner[0].stop, inner[1].stop, inner[2].stop)
    return np.unique(_touch(view.ids, view.parts, far, lo, hi, int(Part.ANODE), int(Part.DENDRITE))[1:]).astype(
        np.int64
    )


def _rows(
    context: Context, share: NDArray[np.float64], left: NDArray[np.float64], touching: NDArray[np.int64]
) -> tuple[Measurement, ...]:
    relative = Measurement("dendrite_depth_relative", None, "1", "dendrite_depth_relative/v1", roi="se_region")
    distance = Measurement("dendrite_far_distance_min", None, "um", "dendrite_far_distance_min/v1", roi="se_region")
    short = Measurement("short_circuit", None, "1", "short_circuit/v1", roi="se_region")
    if context.plane is None or context.far_plane is None:
        why = context.no_interface or f"no far electrode: {context.far_side}"
        return tuple(replace(row, note=why) for row in (relative, distance, short))
    count = len(share)
    if count and np.isfinite(share).any():
        relative = replace(relative, value=float(np.nanmax(share)), n=count, note=NO_MAXIMUM)
        distance = replace(distance, value=float(np.nanmin(left)), n=count, note=NO_MINIMUM)
    else:
        relative, distance = (replace(row, n=0, note="no joined dendrite") for row in (relative, distance))
    if context.is_2d and relative.value is not None:
        relative, distance = relative.noted(DEEPER), distance.noted(NEARER)
    if context.is_bridged:
        relative, distance = (replace(row, value=None, n=0, note=BRIDGED) for row in (relative, distance))
        return relative, distance, replace(short, value=1.0, n=0, note=f"{BRIDGED}; {FACT}")
    if context.is_2d and not touching.size:
        return relative, distance, replace(short, n=0, note=BESIDE)
    return relative, distance, replace(short, value=float(touching.size > 0), n=int(touching.size), note=FACT)
