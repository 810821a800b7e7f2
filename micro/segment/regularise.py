"""From grey levels to labels, with neighbours that agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel, looked_up
from micro.model import Spacing
from micro.segment.levels import GreyLevels
from micro.segment.neighbours import alike_around

__all__ = ["ThinPhase", "agree", "cost_table", "nearest_level", "neighbour_weights"]

UNIT = 1024
"""Integer value of a cost of one (half a squared standard deviation)."""
MANY = 8
"""One voxel of so many in a row, and the neighbours of all are added up at once."""


@dataclass(frozen=True, slots=True)
class ThinPhase:
    """A phase in layers so thin that they never reach its grey.

    Attributes
    ----------
    place, towards
        Its place in the order of greys, and that of the phase next to it.
    share
        How much of the step to that phase it is looked for nearer to it.
    """

    place: int
    towards: int
    share: float


def cost_table(levels: GreyLevels, *, noise: float, thin: ThinPhase | None = None) -> NDArray[np.int32]:
    """Return the cost of each phase at each of 65536 grey values, shape (grey, phase); UNIT is one.

    Half the squared distance from the phase's level in units of ``noise``, cut off at 12; beyond
    the darkest and the brightest level it stays zero, since nothing lies there but these phases.

    Parameters
    ----------
    levels
        Grey level of each phase.
    noise
        Standard deviation of the grey of one phase.
    thin
        A phase whose level moves towards the next.
    """
    grey = np.arange(65536, dtype=np.float64)[:, None]
    level = np.array(levels.greys)[None]
    if thin is not None:
        level[0, thin.place] += thin.share * (level[0, thin.towards] - level[0, thin.place])
    distance = np.abs(grey - level)
    distance[:, 0] = np.maximum(grey[:, 0] - level[0, 0], 0)
    distance[:, -1] = np.maximum(level[0, -1] - grey[:, 0], 0)
    cost = np.minimum(0.5 * (distance / noise) ** 2, 12.0)
    # the cut keeps the order of the levels: a grey far from all of them still goes to the nearest
    return np.asarray(np.rint((cost + distance / 65536.0) * UNIT), np.int32)


def nearest_level(grey: NDArray[np.uint16], costs: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return for each voxel the place (0, 1, ...) of the phase of least cost."""
    return looked_up(grey, np.argmin(costs, axis=1).astype(np.uint8))


def neighbour_weights(spacing: Spacing, strength: float) -> NDArray[np.int32]:
    """Return the integer weights of the 26 neighbours, shape (3, 3, 3).

    They fall with the square of the distance in um and add up to 6 ``strength`` UNIT.
    """
    finest = min(spacing.um)
    offsets = np.stack(np.meshgrid(*([-1, 0, 1],) * 3, indexing="ij"), axis=-1) * (np.asarray(spacing.um) / finest)
    distance = np.linalg.norm(offsets, axis=-1)
    weights = np.where(distance > 0, 1 / np.maximum(distance, 1e-9) ** 2, 0.0)
    return np.asarray(np.rint(6 * strength * UNIT * weights / weights.sum()), np.int32)


@kernel
def _add_likes(
    labels: NDArray[np.uint8], weights: NDArray[np.int32], at: tuple[int, int, int], like: NDArray[np.int64]
) -> None:
    """Add up, for each phase, the weights of the neighbours of one voxel."""
    k, j, i = at
    depth, height, width = labels.shape
    like[:] = 0
    for dz in range(max(-1, -k), min(1, depth - 1 - k) + 1):
        for dy in range(max(-1, -j), min(1, height - 1 - j) + 1):
            for dx in range(max(-1, -i), min(1, width - 1 - i) + 1):
                like[labels[k + dz, j + dy, i + dx]] += weights[dz + 1, dy + 1, dx + 1]


@kernel
def _decide(own: int, costs: NDArray[np.int32], like: NDArray[np.int64]) -> int:
    """Return the phase of least cost for a voxel, its own where others cost as much."""
    best = int(own)
    least = costs[best] - like[best]
    for phase in range(costs.size):
        cost = costs[phase] - like[phase]
        if cost < least:
            least = cost
            best = phase
    return best


@kernel
def _row_likes(labels: NDArray[np.uint8], weights: NDArray[np.int32], k: int, j: int, likes: NDArray[np.int32]) -> None:
    """Add up, for each phase and voxel of a row, the weights of the neighbours of that phase.

    Neighbours that weigh the same, on both sides of an axis, are counted first.
    """
    depth, height, width = labels.shape
    likes[:] = 0
    counts = np.zeros(width + 2, np.uint8)
    middle, left, right = counts[1 : 1 + width], counts[:width], counts[2:]
    for phase in range(likes.shape[0]):
        like, number = likes[phase], np.uint8(phase)
        for az in range(2):
            for ay in range(2):
                middle[:] = 0
                for z in range(max(k - az, 0), min(k + az, depth - 1) + 1):
                    if abs(z - k) != az:
                        continue
                    for y in range(max(j - ay, 0), min(j + ay, height - 1) + 1):
                        if abs(y - j) == ay:
                            near = labels[z, y]
                            for i in range(width):
                                middle[i] += np.uint8(near[i] == number)
                own, beside = weights[1 + az, 1 + ay, 1], weights[1 + az, 1 + ay, 2]
                for i in range(width):
                    like[i] += own * np.int32(middle[i]) + beside * (np.int32(left[i]) + np.int32(right[i]))


@kernel
def _half_round(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    costs: NDArray[np.int32],
    weights: NDArray[np.int32],
    parity: int,
    due: NDArray[np.bool_],
    out: NDArray[np.uint8],
) -> None:
    """Give every other voxel that is due the phase of least cost among the labels as they stand.

    A voxel is due again when one around it has changed; else it would decide as before. In rows where many
    are due, all neighbours are added up at once.
    """
    depth, height, width = labels.shape
    phases = costs.shape[1]
    like, likes = np.zeros(phases, np.int64), np.empty((phases, width), np.int32)
    changed = np.zeros((depth, height), np.bool_)
    for k in range(depth):
        for j in range(height):
            many, own = np.int32(0), due[k, j]
            for i in range(width):
                many += np.int32(own[i])
            if many == 0:
                continue
            if MANY * many > width:
                _row_likes(labels, weights, k, j, likes)
            for i in range((k + j + parity) % 2, width, 2):
                if not due[k, j, i]:
                    continue
                due[k, j, i] = False
                if MANY * many > width:
                    for phase in range(phases):
                        like[phase] = likes[phase, i]
                else:
                    _add_likes(labels, weights, (k, j, i), like)
                out[k, j, i] = _decide(labels[k, j, i], costs[grey[k, j, i]], like)
                changed[k, j] |= out[k, j, i] != labels[k, j, i]
    for k in range(depth):
        for j in range(height):
            for i in range((k + j + parity) % 2, width if changed[k, j] else 0, 2):
                if out[k, j, i] != labels[k, j, i]:
                    for z in range(max(k - 1, 0), min(k + 2, depth)):
                        for y in range(max(j - 1, 0), min(j + 2, height)):
                            due[z, y, max(i - 1, 0) : i + 2] = True


def agree(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    costs: NDArray[np.int32],
    weights: NDArray[np.int32],
    *,
    rounds: int,
    start: tuple[int, int, int],
) -> NDArray[np.uint8]:
    """Let each voxel take the phase of least cost given its neighbours, for some rounds.

    Iterated conditional modes on a Potts model, every other voxel at a time from the labels as
    they stood. Only integers, so blocks agree exactly; a round reaches two voxels far.

    Parameters
    ----------
    labels, grey
        Places of the phases, and grey values, shape (z, y, x).
    costs
        Of `cost_table`.
    weights
        Of `neighbour_weights`.
    start
        The first voxel's index in the volume.

    Examples
    --------
    >>> speck = np.zeros((1, 5, 5), np.uint8); speck[0, 2, 2] = 1
    >>> flat = np.full((1, 5, 5), 100, np.uint16)
    >>> costs = np.zeros((65536, 2), np.int32)
    >>> weights = np.ones((3, 3, 3), np.int32)
    >>> int(agree(speck, flat, costs, weights, rounds=1, start=(0, 0, 0)).sum())
    0
    """
    here = np.ascontiguousarray(labels)
    # whoever has the least cost by grey alone, and neighbours of its own phase only, stays as it is
    due = ~(alike_around(here) & (nearest_level(grey, costs) == here))
    for turn in range(2 * rounds):
        there = here.copy()
        _half_round(here, grey, costs, weights, (sum(start) + turn) % 2, due, there)
        here = there
    return here
