"""Neighbours that agree: from the probabilities of single voxels to labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.segment.neighbours import alike_around, grow
from micro.segment.regularise import UNIT

__all__ = ["agree_on", "byte_costs", "leave_edges_to_grey"]


def byte_costs() -> NDArray[np.int32]:
    """Return the cost of each of the 256 probabilities, less the logarithm, in units of UNIT."""
    share = np.maximum(np.arange(256), 0.25) / 255
    return np.asarray(np.rint(-np.log(share) * UNIT), np.int32)


@kernel
def _mixed_places(labels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Mark the voxels that have a neighbour of another phase."""
    depth, height, width = labels.shape
    for k in range(depth):
        for j in range(height):
            row = out[k, j]
            own = labels[k, j]
            row[:] = 0
            for dz in range(max(-1, -k), min(1, depth - 1 - k) + 1):
                for dy in range(max(-1, -j), min(1, height - 1 - j) + 1):
                    near = labels[k + dz, j + dy]
                    for i in range(width):
                        row[i] |= near[i] != own[i]
                    for i in range(width - 1):
                        row[i] |= near[i + 1] != own[i]
                        row[i + 1] |= near[i] != own[i + 1]


@kernel
def _half_round(
    labels: NDArray[np.uint8],
    mixed: NDArray[np.uint8],
    chances: NDArray[np.uint8],
    costs: NDArray[np.int32],
    grey: NDArray[np.uint16],
    grey_costs: NDArray[np.int32],
    weights: NDArray[np.int32],
    parity: int,
    out: NDArray[np.uint8],
) -> None:
    """Give every other voxel the phase of least cost among the labels as they stand."""
    depth, height, width = labels.shape
    phases = chances.shape[0]
    like = np.zeros(phases, np.int64)
    for k in range(depth):
        for j in range(height):
            out[k, j] = labels[k, j]
            for i in range((k + j + parity) % 2, width, 2):
                if mixed[k, j, i] == 0 and chances[labels[k, j, i], k, j, i] >= 128:
                    continue
                like[:] = 0
                for dz in range(max(-1, -k), min(1, depth - 1 - k) + 1):
                    for dy in range(max(-1, -j), min(1, height - 1 - j) + 1):
                        for dx in range(max(-1, -i), min(1, width - 1 - i) + 1):
                            like[labels[k + dz, j + dy, i + dx]] += weights[dz + 1, dy + 1, dx + 1]
                best = labels[k, j, i]
                tone = grey_costs[grey[k, j, i]]
                least = costs[chances[best, k, j, i]] + tone[best] - like[best]
                for phase in range(phases):
                    cost = costs[chances[phase, k, j, i]] + tone[phase] - like[phase]
                    if cost < least:
                        least = cost
                        best = np.uint8(phase)
                out[k, j, i] = best


@kernel
def _likeliest(
    chances: NDArray[np.uint8],
    costs: NDArray[np.int32],
    grey: NDArray[np.uint16],
    grey_costs: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> None:
    """Give each voxel the phase of least cost by itself."""
    phases, depth, height, width = chances.shape
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                tone = grey_costs[grey[k, j, i]]
                best = 0
                least = costs[chances[0, k, j, i]] + tone[0]
                for phase in range(1, phases):
                    cost = costs[chances[phase, k, j, i]] + tone[phase]
                    if cost < least:
                        least = cost
                        best = phase
                out[k, j, i] = best


def agree_on(
    chances: NDArray[np.uint8],
    weights: NDArray[np.int32],
    *,
    rounds: int,
    start: tuple[int, int, int],
    grey: NDArray[np.uint16] | None = None,
    grey_costs: NDArray[np.int32] | None = None,
) -> NDArray[np.uint8]:
    """Let each voxel take its most probable phase given its neighbours, for some rounds.

    Iterated conditional modes on a Potts model, every other voxel at a time. Only integers, so blocks
    agree exactly; a round reaches two voxels far.

    Parameters
    ----------
    chances
        255 times the probability, shape (phase, z, y, x).
    weights
        Of `micro.segment.regularise.neighbour_weights`.
    rounds
        How many.
    start
        The first voxel's index in the picture.
    grey, grey_costs
        The picture, and what its grey adds to the cost of each phase, shape (grey, phase); both or neither.

    Returns
    -------
    NDArray[np.uint8]
        Place of the phase (0, 1, ...) of each voxel, shape (z, y, x).

    Examples
    --------
    >>> chances = np.full((2, 1, 3, 3), 64, np.uint8); chances[0] = 191
    >>> chances[:, 0, 1, 1] = 100, 155
    >>> int(agree_on(chances, np.full((3, 3, 3), 100, np.int32), rounds=1, start=(0, 0, 0)).sum())
    0
    """
    costs = byte_costs()
    if grey is None or grey_costs is None:
        grey, grey_costs = np.zeros(chances.shape[1:], np.uint16), np.zeros((1, len(chances)), np.int32)
    here, there, mixed = (np.empty(chances.shape[1:], np.uint8) for _ in range(3))
    _likeliest(chances, costs, grey, grey_costs, here)
    for turn in range(2 * rounds):
        _mixed_places(here, mixed)
        _half_round(here, mixed, chances, costs, grey, grey_costs, weights, (sum(start) + turn) % 2, there)
        here, there = there, here
    return here


def leave_edges_to_grey(chances: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return probabilities that say nothing between the phases that meet at an edge.

    Strokes lie beside edges, more of one phase than of the other, and a network learns from them on which
    side the mixed voxels are: a voxel's width, but half of a thin crack's. Where the phases have greys of their
    own, the grey tells it better. A voxel beside another phase keeps which phases it may be of: those around it.

    Parameters
    ----------
    chances
        255 times the probability, shape (phase, z, y, x). The outermost voxels don't know what is beyond.

    Examples
    --------
    >>> chances = np.zeros((3, 1, 1, 6), np.uint8); chances[0, ..., :3] = chances[1, ..., 3:] = 240
    >>> leave_edges_to_grey(chances)[:, 0, 0].tolist()
    [[240, 240, 127, 127, 0, 0], [0, 0, 127, 127, 240, 240], [0, 0, 0, 0, 0, 0]]
    """
    places = np.argmax(chances, axis=0).astype(np.uint8)
    edge = ~alike_around(places)
    near = np.stack([grow(places == phase) for phase in range(len(chances))])
    alike = (255 // near.sum(axis=0)).astype(np.uint8)
    return np.where(edge, near * alike, chances)
