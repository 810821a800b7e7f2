"""Edges of the metal to the last voxel: the labels whose blurred picture is the picture.

A voxel at the tip of a thin gap, or in a filament two voxels wide, has the grey of a mixture, and the
phase of that grey is the wrong one. So the labels are drawn with the levels of their phases, blurred as
the picture is, and compared with the picture: a voxel changes when that brings both closer together by
more than its neighbours object. (An iterated conditional mode of a Potts model whose data term holds the
blur, as in image restoration; Geman and Geman 1984, Besag 1986.) Only integers are added up, so blocks
agree exactly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, kernel
from micro.segment.levels import GreyLevels
from micro.segment.neighbours import alike_around, grow
from micro.segment.regularise import UNIT

__all__ = ["blur_weights", "difference_at", "refine_edges", "refine_reach"]

SCALE = 1024
"""The weights of a blur are integers that add up to this."""
ALIKE = 3.0
"""Neighbours weigh this much more than in the first labels: in a denoised picture they share their noise."""
ROUNDS = 4
MANY = 24
"""One voxel of so many in a row, and the whole row is drawn."""
NEAR = 3
"""Edges this close to metal (voxels) are drawn anew. Those between void and electrolyte far from metal lie where
the grey is halfway, which bright rims move less."""

Weights = NDArray[np.int32]


def blur_weights(blur_voxels: float, edges_um: tuple[float, float, float], shape: tuple[int, ...]) -> Weights:
    """Return the integer weights of a Gaussian blur, alike in um along all axes; they add up to `SCALE`.

    Parameters
    ----------
    blur_voxels
        Standard deviation in voxels of the finest axis.
    edges_um, shape
        Voxel edges and shape of the picture; an axis of one voxel is not blurred.

    Examples
    --------
    >>> blur_weights(0.5, (2.0, 1.0, 1.0), (9, 9, 9)).shape, int(blur_weights(0.5, (1, 1, 1), (1, 9, 9)).sum())
    ((3, 5, 5), 1024)
    """
    finest = min(edge for edge, length in zip(edges_um, shape, strict=True) if length > 1)
    taps = []
    for edge, length in zip(edges_um, shape, strict=True):
        sigma = blur_voxels * finest / edge if length > 1 else 0.0
        reach = min(2, math.ceil(3 * sigma))
        taps.append(np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2))
    weights = taps[0][:, None, None] * taps[1][None, :, None] * taps[2][None, None, :]
    out: Weights = np.rint(SCALE * weights / weights.sum()).astype(np.int32)
    middle = tuple(length // 2 for length in out.shape)
    out[middle] += SCALE - int(out.sum())
    return out


def refine_reach(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return how many voxels along each axis `refine_edges` reads around a voxel."""
    # a proposal reads the picture within 2 voxels and labels within 2 more; it is compared with those around it
    z, y, x = (ROUNDS * 5 + NEAR if length > 1 else 0 for length in shape)
    return (z, y, x)


@kernel
def difference_at(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    levels: NDArray[np.int32],
    weights: Weights,
    z: int,
    y: int,
    x: int,
) -> int:
    """Return the picture less the blurred drawing at one voxel, times SCALE."""
    depth, height, width = labels.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    drawn = 0
    for dz in range(-rz, rz + 1):
        k = min(max(z + dz, 0), depth - 1)
        for dy in range(-ry, ry + 1):
            j = min(max(y + dy, 0), height - 1)
            for dx in range(-rx, rx + 1):
                i = min(max(x + dx, 0), width - 1)
                drawn += weights[dz + rz, dy + ry, dx + rx] * levels[labels[k, j, i]]
    return int(SCALE * np.int64(grey[z, y, x]) - drawn)


@kernel
def _near_metal(labels: NDArray[np.uint8], metal: int, reach: tuple[int, int, int], out: NDArray[np.uint8]) -> None:
    """Mark what lies within ``reach`` of a voxel of ``metal`` at an edge of it."""
    depth, height, width = labels.shape
    rz, ry, rx = reach
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                if labels[k, j, i] != metal:
                    continue
                edge = (
                    (k > 0 and labels[k - 1, j, i] != metal)
                    or (k + 1 < depth and labels[k + 1, j, i] != metal)
                    or (j > 0 and labels[k, j - 1, i] != metal)
                    or (j + 1 < height and labels[k, j + 1, i] != metal)
                    or (i > 0 and labels[k, j, i - 1] != metal)
                    or (i + 1 < width and labels[k, j, i + 1] != metal)
                )
                if not edge:
                    continue
                for z in range(max(k - rz, 0), min(k + rz + 1, depth)):
                    for y in range(max(j - ry, 0), min(j + ry + 1, height)):
                        for x in range(max(i - rx, 0), min(i + rx + 1, width)):
                            out[z, y, x] = 1


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
def _draw_row(
    drawn: NDArray[np.int32], grey: NDArray[np.uint16], weights: Weights, z: int, y: int, out: NDArray[np.int32]
) -> None:
    """Write the picture less the blurred drawing, times SCALE, for a row; ``drawn`` holds the levels."""
    depth, height, width = drawn.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    padded = np.empty(width + 2 * rx, np.int32)
    for i in range(width):
        out[i] = SCALE * np.int32(grey[z, y, i])
    for dz in range(-rz, rz + 1):
        for dy in range(-ry, ry + 1):
            row = drawn[min(max(z + dz, 0), depth - 1), min(max(y + dy, 0), height - 1)]
            padded[:rx] = row[0]
            padded[rx : rx + width] = row
            padded[rx + width :] = row[width - 1]
            for dx in range(2 * rx + 1):
                weight, shifted = weights[dz + rz, dy + ry, dx], padded[dx:]
                for i in range(width):
                    out[i] -= weight * shifted[i]


@kernel
def _compare(
    labels: NDArray[np.uint8],
    drawn: NDArray[np.int32],
    grey: NDArray[np.uint16],
    levels: NDArray[np.int32],
    weights: Weights,
    needed: NDArray[np.bool_],
    difference: NDArray[np.int32],
) -> None:
    """Write `difference_at` where it is needed: of whole rows where many voxels of a row need it."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            many = np.sum(needed[z, y])
            if MANY * many > width:
                _draw_row(drawn, grey, weights, z, y, difference[z, y])
            elif many:
                for x in range(width):
                    if needed[z, y, x]:
                        difference[z, y, x] = difference_at(labels, grey, levels, weights, z, y, x)


@kernel
def _match_row(difference: NDArray[np.int32], weights: Weights, z: int, y: int, out: NDArray[np.int64]) -> None:
    """Write the differences around each voxel of a row, weighted by the blur and added up."""
    depth, height, width = difference.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    out[:] = 0
    for k in range(max(z - rz, 0), min(z + rz + 1, depth)):
        for j in range(max(y - ry, 0), min(y + ry + 1, height)):
            for dx in range(-rx, rx + 1):
                weight = np.int64(weights[k - z + rz, j - y + ry, dx + rx])
                shifted, sums = difference[k, j, max(0, dx) :], out[max(0, -dx) :]
                for i in range(min(width, width - dx) - max(0, -dx)):
                    sums[i] += weight * shifted[i]


@kernel
def _match_at(difference: NDArray[np.int32], weights: Weights, z: int, y: int, x: int) -> int:
    """Return the differences around one voxel, weighted by the blur and added up."""
    depth, height, width = difference.shape
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    match = np.int64(0)
    for k in range(max(z - rz, 0), min(z + rz + 1, depth)):
        for j in range(max(y - ry, 0), min(y + ry + 1, height)):
            for i in range(max(x - rx, 0), min(x + rx + 1, width)):
                match += np.int64(weights[k - z + rz, j - y + ry, i - x + rx]) * difference[k, j, i]
    return int(match)


@kernel
def _propose(
    labels: NDArray[np.uint8],
    edge: NDArray[np.bool_],
    levels: NDArray[np.int32],
    weights: Weights,
    potts: NDArray[np.int32],
    scale: float,
    difference: NDArray[np.int32],
    gain: NDArray[np.float32],
    wish: NDArray[np.uint8],
) -> None:
    """Write for every voxel at an edge the phase it would change to by itself, and how much is gained by it."""
    depth, height, width = labels.shape
    like, matches = np.zeros(levels.size, np.int64), np.empty(width, np.int64)
    squares = np.sum(weights.astype(np.int64) ** 2)
    for z in range(depth):
        for y in range(height):
            gain[z, y] = 0
            many = np.sum(edge[z, y])
            if MANY * many > width:
                _match_row(difference, weights, z, y, matches)
            for x in range(width if many else 0):
                if not edge[z, y, x]:
                    continue
                _look_around(labels, potts, z, y, x, like)
                match = matches[x] if MANY * many > width else _match_at(difference, weights, z, y, x)
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
    labels: NDArray[np.uint8], gain: NDArray[np.float32], wish: NDArray[np.uint8], out: NDArray[np.uint8]
) -> None:
    """Change the voxels that gain more than all around them: changes side by side would undo each other's gain."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            out[z, y] = labels[z, y]
            for x in range(width):
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
                    out[z, y, x] = wish[z, y, x]


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
    allowed = np.zeros_like(places)
    z, y, x = (NEAR if length > 1 else 0 for length in places.shape)
    _near_metal(places, metal, (z, y, x), allowed)
    if not allowed[block.inner].any():
        return Done(None, (places[block.inner],))
    greys = np.rint(levels.greys).astype(np.int32)
    scale = UNIT / (2 * noise**2 * SCALE**2)
    stiff = np.rint(ALIKE * potts).astype(np.int32)
    reach = max(weights.shape) // 2
    stale = np.ones(places.shape, np.bool_)
    difference = np.empty(places.shape, np.int32)
    gain = np.zeros(places.shape, np.float32)
    wish = np.zeros_like(places)
    here, there = np.ascontiguousarray(places), np.empty_like(places)
    for _ in range(ROUNDS):
        edge = allowed.view(np.bool_) & ~alike_around(here)
        needed = stale & _grown(edge, reach)
        _compare(here, greys[here], grey, greys, weights, needed, difference)
        stale &= ~needed
        _propose(here, edge, greys, weights, stiff, scale, difference, gain, wish)
        _accept(here, gain, wish, there)
        stale |= _grown(here != there, reach)
        here, there = there, np.empty_like(places)
    return Done(None, (here[block.inner],))


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return the mask with what lies within ``reach`` voxels, along each axis, of its voxels."""
    for _ in range(reach):
        mask = grow(mask)
    return mask
