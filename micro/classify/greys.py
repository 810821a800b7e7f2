"""Whether a classifier's phases can be told by their grey too, and which grey each has in this picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source
from micro.classify.model import Classifier
from micro.model import PhaseSet
from micro.segment.finish import like_pair
from micro.segment.levels import GREY_BINS, GreyLevels

__all__ = ["EDGE_SHIFT", "grey_levels"]

TOLD, TOLD_LEAST = 0.9, 0.8
"""Share of a phase's inner voxels that must be nearest to its own grey level, the mean over phases and the least;
below, grey says too little. (Phantoms with hard noise reach 0.96, an alloy told by texture 0.82.)"""
FEW = 200
"""With fewer inner voxels than this a phase keeps the grey level of its strokes."""
LARGE = 0.1
"""Phases with this share of the inner voxels tell the noise; a small one's spread is that of its edges and depths."""
EDGE_SHIFT = 0.2
"""How far towards its neighbour the level of the outer one of two like phases lies at its edges: void is darkest in
the middle of wide pores, and edges are what its level is for."""
_PER_BIN = 65536 // GREY_BINS


def _inner_counts(block: Block, grey: NDArray[np.uint16], *chances: NDArray[np.uint8]) -> Done[NDArray[np.int64]]:
    """Count the greys of the voxels whose neighbours along the axes are of the same most probable phase."""
    places = np.argmax(np.stack(chances), axis=0)
    alike = np.ones(places.shape, bool)
    for axis in range(3):
        step = np.diff(places, axis=axis) == 0
        before, after = [slice(None)] * 3, [slice(None)] * 3
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        alike[tuple(before)] &= step
        alike[tuple(after)] &= step
    keep = alike[block.inner]
    joint = places[block.inner][keep] * GREY_BINS + grey[block.inner][keep] // _PER_BIN
    return Done(np.bincount(joint, minlength=len(chances) * GREY_BINS).reshape(len(chances), GREY_BINS))


def _median(values: NDArray[np.floating[Any]], counts: NDArray[np.int64]) -> float:
    """Return the median of values that occur ``counts`` times."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(counts[order])
    return float(values[order[np.searchsorted(below, below[-1] / 2)]])


def _measured(counts: NDArray[np.int64], classifier: Classifier) -> tuple[list[float], list[float]]:
    """Return the median grey of each phase and its spread as a standard deviation."""
    axis = (np.arange(GREY_BINS) + 0.5) * _PER_BIN
    levels, widths = list(classifier.levels), list(classifier.widths)
    for phase, own in enumerate(counts):
        if own.sum() >= FEW:
            levels[phase] = _median(axis, own)
            # 1.4826: a Gaussian's standard deviation over its median absolute deviation
            widths[phase] = max(1.4826 * _median(np.abs(axis - levels[phase]), own), float(_PER_BIN))
    return levels, widths


def grey_levels(
    grey: Source,
    chances: Sequence[Source],
    classifier: Classifier,
    *,
    phases: PhaseSet,
    engine: Engine,
    edge_shift: float = EDGE_SHIFT,
) -> GreyLevels | None:
    """Return the grey level of each phase in this picture, from dark to bright; None where grey tells too little.

    The level is the median grey of the voxels inside the phase, as the network sees it. Grey tells the phases
    when nine tenths of these voxels, in the mean over phases, are nearer to their own level than to another
    one, and in no phase less than eight tenths. So it is left out where phases differ by texture or
    surroundings; and with two phases, where no grey between them can be taken for a third.

    Parameters
    ----------
    grey
        uint16, shape (z, y, x).
    chances
        255 times the probability of every phase of the classifier.
    classifier
        Names the phases; its strokes tell the levels of phases that have nearly no inner voxels.
    phases
        Roles of the phases.
    engine
        Where the block tasks run.
    edge_shift
        How far the level of void moves towards lithium; see `EDGE_SHIFT`.

    Examples
    --------
    See `tests/classify/test_greys.py`: phases of three greys, and phases of one grey and two textures.
    """
    halo = tuple(1 if length > 1 else 0 for length in grey.shape)
    parts = engine.run(_inner_counts, [grey, *chances], halo=(halo[0], halo[1], halo[2]), stage="grey levels")
    counts = np.sum(parts, axis=0)
    greys, widths = _measured(counts, classifier)
    nearest = np.argmin(np.abs((np.arange(GREY_BINS) + 0.5)[:, None] * _PER_BIN - np.array(greys)), axis=1)
    told = [own[nearest == phase].sum() / own.sum() for phase, own in enumerate(counts) if own.sum() >= FEW]
    if len(greys) < 3 or not told or np.mean(told) < TOLD or min(told) < TOLD_LEAST:
        return None
    order = sorted(range(len(greys)), key=lambda phase: greys[phase])
    large = counts.sum(axis=1) >= LARGE * counts.sum()
    noise = max((widths[phase] for phase in order if large[phase]), default=max(widths))
    levels = [greys[phase] for phase in order]
    names, spreads = tuple(classifier.phases[p] for p in order), tuple(widths[p] for p in order)
    pair = like_pair(GreyLevels(names, tuple(levels), noise, (), spreads), phases)
    if pair is not None:
        levels[pair[0]] += edge_shift * (levels[pair[1]] - levels[pair[0]])
    return GreyLevels(names, tuple(levels), noise, (), spreads)
