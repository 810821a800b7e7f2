"""Where the classifier is unsure: the next place to paint."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine
from micro.errors import ParameterError
from micro.model import Labels

__all__ = ["most_uncertain", "uncertainty"]

REACH = 6
"""Half the edge of the neighbourhood that is judged, in voxels of the finest axis."""


def _one_less_margin(chances: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 255 less the margin between the two largest along the first axis."""
    best = np.zeros(chances.shape[1:], np.uint8)
    second = best.copy()
    for chance in chances:
        second = np.maximum(second, np.minimum(best, chance))
        best = np.maximum(best, chance)
    return np.asarray(255 - (best - second), np.uint8)


def uncertainty(labels: Labels) -> da.Array:
    """Return how unsure each voxel is: uint8, 0 sure to 255 no idea; shape (z, y, x), lazy.

    One less the margin between the two most probable phases, times 255.

    Raises
    ------
    ParameterError
        If the labels carry no probabilities.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> chances = np.uint8([[[[255, 130]]], [[[0, 125]]]])
    >>> labels = Labels(np.ones((1, 1, 2), np.uint8), Spacing(1, 1, 1), probabilities=da.from_array(chances),
    ...                 probability_phases=("void", "SE"))
    >>> uncertainty(labels).compute().tolist()
    [[[0, 250]]]
    """
    if labels.probabilities is None:
        raise ParameterError(f"the labels {labels.name!r} carry no probabilities; expected those of a classifier")
    together = labels.probabilities.rechunk({0: -1})
    return da.map_blocks(_one_less_margin, together, dtype=np.uint8, drop_axis=0)


def _box_sums(values: NDArray[np.int64], reach: tuple[int, int, int]) -> NDArray[np.int64]:
    """Return the sum over a box of ``reach`` voxels to every side; outside the array there is nothing."""
    out = values
    for axis in range(3):
        total = np.cumsum(out, axis=axis)
        total = np.insert(total, 0, 0, axis=axis)
        index = np.arange(values.shape[axis])
        high = np.minimum(index + reach[axis] + 1, values.shape[axis])
        out = np.take(total, high, axis=axis) - np.take(total, np.maximum(index - reach[axis], 0), axis=axis)
    return out


def _worst(block: Block, unsure: NDArray[np.uint8], *, reach: tuple[int, int, int]) -> Done[tuple[int, int, int, int]]:
    sums = _box_sums(unsure.astype(np.int64), reach)[block.inner]
    z, y, x = np.unravel_index(int(np.argmax(sums)), sums.shape)
    oz, oy, ox = block.start
    return Done((-int(sums[z, y, x]), int(z) + oz, int(y) + oy, int(x) + ox))


def most_uncertain(labels: Labels, engine: Engine) -> tuple[int, int, int]:
    """Return the voxel (z, y, x) whose neighbourhood is the most uncertain; the first of equals.

    Parameters
    ----------
    labels
        With probabilities, from `micro.classify.classify`.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> chances = np.zeros((2, 1, 30, 40), np.uint8); chances[0] = 255
    >>> chances[:, 0, 20:23, 7:10] = 128
    >>> labels = Labels(np.ones((1, 30, 40), np.uint8), Spacing(1, 1, 1), probabilities=da.from_array(chances),
    ...                 probability_phases=("void", "SE"))
    >>> most_uncertain(labels, Engine())
    (0, 16, 3)
    """
    unsure: Any = uncertainty(labels)
    flat = 1 if labels.is_2d else 0
    finest = min(labels.spacing.um[flat:])
    z, y, x = (
        max(1, round(REACH * finest / edge)) if length > 1 else 0
        for edge, length in zip(labels.spacing.um, labels.shape, strict=True)
    )
    found = engine.run(_worst, [unsure], halo=(z, y, x), stage="uncertainty", constants={"reach": (z, y, x)})
    _, k, j, i = min(found)
    return (k, j, i)
