"""The direction from the anode into the electrolyte, from the profile of the metal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel
from micro.cell.cell import Normal
from micro.errors import AmbiguousNormalError

__all__ = ["find_normal", "metal_profiles", "step_scores"]

STEP_MIN = 0.35
"""Least step of the metal's share (of 1) that counts as an anode."""
CLEAR = 0.75
"""The best direction is clear where the second best scores below this share of it."""


@kernel
def _profiles(
    labels: NDArray[np.uint8], table: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Count the metal of each plane along z, y and x."""
    depth, height, width = labels.shape
    along_z, along_y, along_x = np.zeros(depth, np.int64), np.zeros(height, np.int64), np.zeros(width, np.int64)
    for k in range(depth):
        for j in range(height):
            row = 0
            for i in range(width):
                metal = table[labels[k, j, i]]
                row += metal
                along_x[i] += metal
            along_z[k] += row
            along_y[j] += row
    return along_z, along_y, along_x


def _count_metal(
    _: Block, labels: NDArray[np.uint8], *, table: NDArray[np.bool_]
) -> Done[tuple[NDArray[np.int64], ...]]:
    return Done(_profiles(labels, table))


def metal_profiles(labels: Source, table: NDArray[np.bool_], engine: Engine) -> tuple[NDArray[np.float64], ...]:
    """Return the metal's share of each plane along z, y and x."""
    shape = labels.shape
    z, y, x = shape
    blocks = engine.blocks((z, y, x))
    parts = engine.run(_count_metal, [labels], stage="profile", constants={"table": table})
    profiles = [np.zeros(length, np.int64) for length in shape]
    for block, counts in zip(blocks, parts, strict=True):
        for axis in range(3):
            profiles[axis][block.core[axis]] += counts[axis]
    total = z * y * x
    return tuple(profile / (total / length) for profile, length in zip(profiles, shape, strict=True))


def step_scores(profiles: tuple[NDArray[np.float64], ...]) -> dict[str, float]:
    """Return how step-like the metal's profile is along each direction, from 0 to 1.

    The mean share before the best place of a step, less the mean share of what follows: of all that
    follows, or of a stretch of it (a tenth of the picture at least), since a counter electrode may come
    after it, however thick.

    Examples
    --------
    >>> anode = np.repeat([1.0, 0.0], [3, 7])
    >>> flat = np.full(5, 0.3)
    >>> scores = step_scores((anode, flat, flat))
    >>> scores["+z"], scores["-z"] < 0.5, scores["+x"]
    (1.0, True, 0.0)
    """
    scores = {}
    for axis, profile in enumerate(profiles):
        for sign, seen in ((1, profile), (-1, profile[::-1])):
            if seen.size < 2:
                continue
            scores[str(Normal(axis, sign))] = max(0.0, float(np.round(_step(seen), 6)))
    return scores


def _step(seen: NDArray[np.float64]) -> float:
    """Return the highest step of a profile: mean before a place, less the least mean of a stretch right behind it."""
    total = np.concatenate([[0.0], np.cumsum(seen)])
    length = seen.size
    shortest = max(2, length // 10)
    best = float(np.max(total[1:-1] / np.arange(1, length) - (total[-1] - total[1:-1]) / np.arange(length - 1, 0, -1)))
    for place in range(1, length - shortest + 1):
        stops = np.arange(place + shortest, length + 1)
        behind = float(np.min((total[stops] - total[place]) / (stops - place)))
        best = max(best, float(total[place]) / place - behind)
    return best


def _within(metal: NDArray[np.float64], labelled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the metal's share of what is labelled, from the first plane to the last that is so for the most part."""
    full = np.flatnonzero(labelled >= 0.5 * max(labelled.max(), 1e-12))
    here = slice(full[0], full[-1] + 1) if full.size else slice(0)
    return np.asarray(metal[here] / np.maximum(labelled[here], 1e-12))


def find_normal(labels: Source, table: NDArray[np.bool_], engine: Engine, *, rimmed: bool = False) -> Normal | None:
    """Find the direction along which the metal's profile is most like a step; None without an anode.

    Parameters
    ----------
    labels
        uint8 labels of the cell itself.
    table
        256 booleans: which label values are metal.
    rimmed
        Whether the picture has sides without a label: then the profile is that of what is labelled.

    Raises
    ------
    AmbiguousNormalError
        If two directions are about as likely; the message lists the scores.

    Examples
    --------
    >>> labels = np.full((1, 8, 4), 2, np.uint8); labels[0, 6:] = 3
    >>> str(find_normal(labels, np.arange(256) == 3, Engine()))
    '-y'
    """
    profiles = metal_profiles(labels, table, engine)
    if rimmed:
        labelled = metal_profiles(labels, np.arange(256) > 0, engine)
        profiles = tuple(_within(*pair) for pair in zip(profiles, labelled, strict=True))
    scores = step_scores(profiles)
    ranked = sorted(scores, key=lambda name: -scores[name])
    if not ranked or scores[ranked[0]] < STEP_MIN:
        return None
    best, second = ranked[0], ranked[1]
    if scores[second] > CLEAR * scores[best]:
        listed = ", ".join(f"{name} {scores[name]:.2f}" for name in ranked)
        if second[1] == best[1]:
            raise AmbiguousNormalError(
                f"metal at both ends along {best[1]}, as in a symmetric cell: step scores {listed}; expected to "
                f"be told which electrode to measure: state it (--normal={best} or --normal={second})"
            )
        raise AmbiguousNormalError(
            f"the anode's side can't be told: step scores {listed}; expected one clear best: state it (--normal={best})"
        )
    return Normal.parse(best)
