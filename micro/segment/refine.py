"""Edges of the metal to the last voxel: the labels whose blurred picture is the picture.

A voxel at the tip of a thin gap, or in a filament two voxels wide, has the grey of a mixture, and the
phase of that grey is the wrong one. So the labels are drawn with the levels of their phases, blurred as
the picture is, and compared with the picture: a voxel changes when that brings both closer together by
more than its neighbours object. (An iterated conditional mode of a Potts model whose data term holds the
blur, as in image restoration; Geman and Geman 1984, Besag 1986.) Only integers are added up, so blocks
agree exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Region, box_of, kernel, looked_up
from micro.segment.drawing import SCALE, Weights, blur_weights, difference_at, draw_row, match_at, match_row
from micro.segment.levels import GreyLevels
from micro.segment.neighbours import edges_within, some_of, spread
from micro.segment.regularise import UNIT

__all__ = ["SCALE", "blur_weights", "difference_at", "refine_edges", "refine_reach"]

ALIKE = 3.0
"""Neighbours weigh this much more than in the first labels: in a denoised picture they share their noise."""
ROUNDS = 4
READS = 5
"""Voxels that a round reads: a proposal reads the picture within 2 and labels within 2 more, and those beside it."""
MANY = 24
"""One voxel of so many in a row, and the whole row is drawn."""
NEAR = 3
"""Edges this close to metal (voxels) are drawn anew. Those between void and electrolyte far from metal lie where
the grey is halfway, which bright rims move less."""


def refine_reach(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return how many voxels along each axis `refine_edges` reads around a voxel."""
    z, y, x = (ROUNDS * READS + NEAR if length > 1 else 0 for length in shape)
    return (z, y, x)


@kernel
def _metal_edges(labels: NDArray[np.uint8], metal: int, out: NDArray[np.uint8]) -> None:
    """Mark the voxels of ``metal`` of which a neighbour along an axis is none."""
    depth, height, width = labels.shape
    for k in range(depth):
        for j in range(height):
            row, own = labels[k, j], out[k, j]
            some = np.uint8(0)
            for i in range(width):
                some |= np.uint8(row[i] == metal)
            if some == 0:
                continue
            above, below = labels[max(k - 1, 0), j], labels[min(k + 1, depth - 1), j]
            before, behind = labels[k, max(j - 1, 0)], labels[k, min(j + 1, height - 1)]
            for i in range(width):
                around = (above[i] != metal) | (below[i] != metal) | (before[i] != metal) | (behind[i] != metal)
                own[i] = np.uint8(around) & np.uint8(row[i] == metal)
            for i in range(width - 1):
                own[i] |= np.uint8(row[i] == metal) & np.uint8(row[i + 1] != metal)
            for i in range(1, width):
                own[i] |= np.uint8(row[i] == metal) & np.uint8(row[i - 1] != metal)


@kernel
def _look_around(
    labels: NDArray[np.uint8], potts: NDArray[np.int32], z: int, y: int, x: int, like: NDArray[np.int64]
) -> None:
    """Add up the weights of the neighbours by phase."""
    depth, height, width = labels.shape
    like[:] = 0
    for dz in range(max(-1, -z), min(1, depth - 1 - z) + 1):
        for dy in range(max(-1, -y), min(1, height - 1 - y) + 1):
            for dx in range(max(-1, -x), min(1, width - 1 - x) + 1):
                # one more than the weight, so that a neighbour is seen however little it weighs
                like[labels[z + dz, y + dy, x + dx]] += potts[dz + 1, dy + 1, dx + 1] + 1


@kernel
def _span(mask: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Return how many are true, the first of them, and the one after the last."""
    many, first, last = 0, mask.size, 0
    for i in range(mask.size):
        if mask[i]:
            many += 1
            first = min(first, i)
            last = i + 1
    return many, first, last


@kernel
def _compare(
    labels: NDArray[np.uint8],
    drawn: NDArray[np.int32],
    grey: NDArray[np.uint16],
    levels: NDArray[np.int32],
    weights: Weights,
    near: NDArray[np.uint8],
    stale: NDArray[np.uint8],
    difference: NDArray[np.int32],
) -> None:
    """Write `difference_at` where it is stale and near an edge: at once where many voxels of a row are."""
    depth, height, width = labels.shape
    folded = np.empty(width + weights.shape[2], np.int32)
    needed = np.empty(width, np.uint8)
    for z in range(depth):
        for y in range(height):
            if not some_of(near[z, y]):
                continue
            for x in range(width):
                needed[x] = near[z, y, x] & stale[z, y, x]
            many, first, last = _span(needed)
            for x in range(width):
                stale[z, y, x] ^= needed[x]
            if MANY * many > last - first:
                draw_row(drawn, grey, weights, (z, y), (first, last), folded, difference[z, y])
                continue
            for x in range(first, last):
                if needed[x]:
                    difference[z, y, x] = difference_at(labels, grey, levels, weights, z, y, x)


@kernel
def _propose(
    labels: NDArray[np.uint8],
    edge: NDArray[np.uint8],
    levels: NDArray[np.int32],
    weights: Weights,
    potts: NDArray[np.int32],
    scale: float,
    difference: NDArray[np.int32],
    held: NDArray[np.bool_],
    gain: NDArray[np.float32],
    wish: NDArray[np.uint8],
) -> None:
    """Write for every voxel at an edge the phase it would change to by itself, and how much is gained by it.

    ``held`` says which rows have a voxel at an edge; in the other rows nothing is gained.
    """
    depth, height, width = labels.shape
    like, matches = np.zeros(levels.size, np.int64), np.empty(width, np.float64)
    folded = np.empty(width + weights.shape[2], np.int32)
    squares = np.sum(weights.astype(np.int64) ** 2)
    for z in range(depth):
        for y in range(height):
            if held[z, y]:
                gain[z, y] = 0
            held[z, y] = some_of(edge[z, y])
            if not held[z, y]:
                continue
            many, first, last = _span(edge[z, y])
            whole = MANY * many > last - first
            if whole:
                match_row(difference, weights, (z, y), (first, last), folded, matches)
            for x in range(first, last):
                if not edge[z, y, x]:
                    continue
                _look_around(labels, potts, z, y, x, like)
                match = np.int64(matches[x]) if whole else match_at(difference, weights, z, y, x)
                here = labels[z, y, x]
                for phase in range(levels.size):
                    if like[phase] == 0 or phase == here:
                        continue
                    step = np.int64(levels[phase] - levels[here])
                    won = like[phase] - like[here] - scale * float(step * step * squares - 2 * step * match)
                    if won > gain[z, y, x]:
                        gain[z, y, x] = won
                        wish[z, y, x] = phase


@kernel
def _accept(
    gain: NDArray[np.float32],
    wish: NDArray[np.uint8],
    held: NDArray[np.bool_],
    levels: NDArray[np.int32],
    labels: NDArray[np.uint8],
    drawn: NDArray[np.int32],
    changed: NDArray[np.bool_],
) -> None:
    """Change the voxels that gain more than all around them: changes side by side would undo each other's gain."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width if held[z, y] else 0):
                if gain[z, y, x] <= 0:
                    continue
                first = True
                for dz in range(max(-1, -z), min(1, depth - 1 - z) + 1):
                    for dy in range(max(-1, -y), min(1, height - 1 - y) + 1):
                        for dx in range(max(-1, -x), min(1, width - 1 - x) + 1):
                            other = gain[z + dz, y + dy, x + dx]
                            earlier = 9 * dz + 3 * dy + dx < 0
                            if other > gain[z, y, x] or (other == gain[z, y, x] and earlier):
                                first = False
                if first:
                    changed[z, y, x] = wish[z, y, x] != labels[z, y, x]
                    labels[z, y, x] = wish[z, y, x]
                    drawn[z, y, x] = levels[wish[z, y, x]]


def refine_edges(
    block: Block,
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    *,
    levels: GreyLevels,
    metal: int,
    weights: Weights,
    potts: NDArray[np.int32],
    noise: float,
) -> Done[None]:
    """Draw the edges of the metal anew, from places and grey with a halo of `refine_reach`.

    Parameters
    ----------
    block, places, grey
        The block, the places of the phases, and the picture.
    levels, metal
        Grey level of each phase, and which place is the metal's.
    weights
        Of `blur_weights`.
    potts
        Of `micro.segment.regularise.neighbour_weights`.
    noise
        Standard deviation of the grey of one phase.
    """
    metal_edges = np.zeros(places.shape, np.uint8)
    whole = np.array(places, order="C")
    _metal_edges(whole, metal, metal_edges)
    z, y, x = (NEAR if length > 1 else 0 for length in places.shape)
    allowed = spread(metal_edges.view(np.bool_), (z, y, x))
    box = box_of(allowed.view(np.uint8), np.arange(256, dtype=np.uint8))
    if box is None or not allowed[block.inner].any():
        return Done(None, (whole[block.inner],))
    # all labels and greys that proposals in the box read
    along_z, along_y, along_x = (
        slice(max(part.start - READS, 0), min(part.stop + READS, length))
        for part, length in zip(box, whole.shape, strict=True)
    )
    near: Region = (along_z, along_y, along_x)
    whole[near] = _refined(
        block.cropped(near),
        np.ascontiguousarray(whole[near]),
        np.ascontiguousarray(grey[near]),
        np.ascontiguousarray(allowed[near]),
        greys=np.rint(levels.greys).astype(np.int32),
        weights=weights,
        potts=np.rint(ALIKE * potts).astype(np.int32),
        scale=UNIT / (2 * noise**2 * SCALE**2),
    )
    return Done(None, (whole[block.inner],))


def _refined(
    block: Block,
    here: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    allowed: NDArray[np.bool_],
    *,
    greys: NDArray[np.int32],
    weights: Weights,
    potts: NDArray[np.int32],
    scale: float,
) -> NDArray[np.uint8]:
    """Return the places after all rounds, which change voxels of ``allowed`` only; ``here`` is overwritten."""
    reach = (weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2)
    stale, drawn = np.ones(here.shape, np.uint8), looked_up(here, greys)
    difference, held = np.zeros(here.shape, np.int32), np.zeros(here.shape[:2], np.bool_)
    gain, wish = np.zeros(here.shape, np.float32), np.zeros_like(here)
    for turn in range(ROUNDS):
        edge = edges_within(here, allowed, _read_after(block, turn))
        beside = spread(edge, reach).view(np.uint8)
        _compare(here, drawn, grey, greys, weights, beside, stale, difference)
        _propose(here, edge.view(np.uint8), greys, weights, potts, scale, difference, held, gain, wish)
        changed = np.zeros(here.shape, np.bool_)
        _accept(gain, wish, held, greys, here, drawn, changed)
        stale |= spread(changed, reach).view(np.uint8)
    return here


def _read_after(block: Block, turn: int) -> Region:
    """Return the box whose proposals in a round still matter for the core: what the rounds after it read, and one."""
    margin = READS * (ROUNDS - 1 - turn) + 1
    z, y, x = (
        slice(max(part.start - margin, 0), min(part.stop + margin, outer.stop - outer.start))
        for part, outer in zip(block.inner, block.outer, strict=True)
    )
    return (z, y, x)
