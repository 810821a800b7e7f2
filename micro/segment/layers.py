"""Which grey makes up a layer at a border of the picture: the sign of an anode."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source

__all__ = ["metal_layers"]

SHARE = 0.7
"""At least this much of a border must be of one grey to be a layer."""


def _border_counts(
    block: Block, grey: NDArray[np.uint16], *, edges: NDArray[np.int64], shape: tuple[int, ...], depth: tuple[int, ...]
) -> Done[NDArray[np.int64]]:
    """Count the greys, by class, in a slab at each of the six borders and across the middle: shape (9, class)."""
    counts = np.zeros((9, len(edges) + 1), np.int64)
    for axis in range(3):
        if shape[axis] == 1:
            continue
        start = block.core[axis].start
        index = np.arange(start, block.core[axis].stop)
        middle = np.abs(2 * index + 1 - shape[axis]) <= depth[axis]
        for side, inside in enumerate((index < depth[axis], index >= shape[axis] - depth[axis], middle)):
            if inside.any():
                place = np.searchsorted(edges, np.compress(inside, grey, axis=axis), side="right")
                counts[3 * axis + side] = np.bincount(place.ravel(), minlength=len(edges) + 1)
    return Done(counts)


def metal_layers(grey: Source, peaks: tuple[float, ...], engine: Engine) -> dict[int, bool]:
    """Tell for each grey (from dark to bright) whether it fills a border but not the whole picture.

    A border slab is a fiftieth of the picture deep. A layer fills at least 0.7 of one slab, and at
    least 0.4 less of the opposite one; or, with an electrode on both sides, of a slab across the middle.
    """
    if len(peaks) < 2:
        return dict.fromkeys(range(len(peaks)), False)
    shape = grey.shape
    depth = tuple(max(1, length // 50) for length in shape)
    edges = np.array([(a + b) / 2 for a, b in itertools.pairwise(peaks)]).astype(np.int64)
    constants = {"edges": edges, "shape": shape, "depth": depth}
    counts = np.sum(engine.run(_border_counts, [grey], stage="layers", constants=constants), axis=0)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    found = {}
    for k in range(len(peaks)):
        low, high, middle = shares[0::3, k], shares[1::3, k], shares[2::3, k]
        one_side = (np.maximum(low, high) >= SHARE) & (np.abs(low - high) >= 0.4)
        both_sides = (np.minimum(low, high) >= SHARE) & (np.minimum(low, high) - middle >= 0.4)
        layer = one_side | both_sides
        found[k] = bool(layer.any())
    return found
