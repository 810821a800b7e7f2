"""Whether an image looks like those that a model was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine
from micro.model import FULL_SCALE, Labels, Volume

__all__ = ["Greys", "doubts_of_greys", "doubts_of_share", "phase_greys", "unsure_share"]

Greys = Mapping[str, Sequence[float]]
"""By phase: mean and standard deviation of the corrected grey (0 to 1), and number of voxels."""

SURE = 204
"""A voxel is sure from this probability on (0.8 of 255)."""

UNSURE_MOST = 0.25
"""Share of unsure voxels from which on a run is doubted: 0.03 to 0.07 on cells like those of the training, 0.25 to
0.7 on noise."""

SPREAD_MOST = 1.5
"""Spread of a phase's grey over that of the training from which on a run is doubted: 0.9 to 1.3 on cells like those of
the training, hard noise included; 1.7 to 2.3 on inverted greys and on smooth noise."""

SHIFT_MOST = 0.12
"""Shift of a phase's mean grey from which on a run is doubted: to 0.1 on cells, hard noise included."""


def phase_greys(volume: Volume, labels: Labels, engine: Engine) -> dict[str, tuple[float, float, float]]:
    """Return mean and spread of the corrected grey (0 to 1) of each phase that is there, and its voxels.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> edge = Spacing.parse("10nm")
    >>> grey = Volume(np.uint16([[13107, 26214, 65535]]), edge)
    >>> phase_greys(grey, Labels(np.uint8([[1, 1, 2]]), edge), Engine())
    {'void': (0.3, 0.1, 2.0), 'SE': (1.0, 0.0, 1.0)}
    """
    parts = engine.run(_sums, [volume.data, labels.data], stage="greys of phases")
    # Whole numbers, far below 2**63: a block's squares are, and Python's own have no end.
    totals = [[sum(int(part[row, value]) for part in parts) for value in range(256)] for row in range(3)]
    found = {}
    for value, (count, total, squares) in enumerate(zip(*totals, strict=True)):
        if value and count:
            mean = total / count
            spread = math.sqrt(max(squares / count - mean**2, 0.0))
            found[labels.phases.name_of(value)] = (
                round(mean / FULL_SCALE, 4),
                round(spread / FULL_SCALE, 4),
                float(count),
            )
    return found


def _sums(_: Block, grey: NDArray[np.uint16], labels: NDArray[np.uint8]) -> Done[NDArray[np.int64]]:
    out = np.zeros((3, 256), np.int64)
    out[0] = np.bincount(labels.ravel(), minlength=256)
    for value in np.flatnonzero(out[0]):
        own = grey[labels == value].astype(np.int64)
        out[1:, value] = own.sum(), (own**2).sum()
    return Done(out)


def doubts_of_greys(here: Greys, there: Greys) -> list[str]:
    """Return a line where the grey of the largest phase, there or here, is not what it was at the training.

    Examples
    --------
    >>> doubts_of_greys({"SE": (0.6, 0.12, 9)}, {"SE": (0.69, 0.05, 9), "Li": (0.3, 0.1, 4)})
    ['the grey of SE is 0.60 +- 0.12 here and was 0.69 +- 0.05 at the training: this image looks otherwise']
    """
    largest = [max(greys, key=lambda name: greys[name][2]) for greys in (there, here) if greys]
    for phase in dict.fromkeys(largest):
        if phase not in here or phase not in there:
            continue
        (mean, spread, _), (then, then_spread, _) = here[phase], there[phase]
        if abs(mean - then) > SHIFT_MOST or spread > SPREAD_MOST * max(then_spread, 0.02):
            return [
                f"the grey of {phase} is {mean:.2f} +- {spread:.2f} here and was {then:.2f} +- {then_spread:.2f} "
                "at the training: this image looks otherwise"
            ]
    return []


def unsure_share(labels: Labels, engine: Engine) -> float | None:
    """Return the share of voxels that have no phase of a probability of 0.8; None without probabilities."""
    if labels.probabilities is None:
        return None
    shares: list[Any] = [labels.probabilities[n] for n in range(len(labels.probability_phases))]
    return float(sum(engine.run(_unsure, shares, stage="unsure voxels")) / labels.data.size)


def doubts_of_share(unsure: float | None) -> list[str]:
    """Return a line where too many voxels have no phase of a probability of 0.8.

    Examples
    --------
    >>> doubts_of_share(0.05), len(doubts_of_share(0.5))
    ([], 1)
    """
    if unsure is None or unsure <= UNSURE_MOST:
        return []
    return [
        f"the model is unsure of {unsure:.0%} of the voxels: does this image look like those that it was trained on?"
    ]


def _unsure(_: Block, *shares: NDArray[np.uint8]) -> Done[int]:
    return Done(int(np.count_nonzero(np.maximum.reduce(shares) < SURE)))
