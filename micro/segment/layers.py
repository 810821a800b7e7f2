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
    """Count the greys, by class, in a slab at each of the six borders, and in the block: shape (7, class)."""
    place = np.searchsorted(edges, grey, side="right")
    counts = np.zeros((7, len(edges) + 1), np.int64)
    counts[6] = np.bincount(place.ravel(), minlength=len(edges) + 1)
    for axis in range(3):
        if shape[axis] == 1:
            continue
        start = block.core[axis].start
        index = np.arange(start, block.core[axis].stop)
        for side, inside in enumerate((index < depth[axis], index >= shape[axis] - depth[axis])):
            slab = np.compress(inside, place, axis=axis)
            counts[2 * axis + side] = np.bincount(slab.ravel(), minlength=len(edges) + 1)
    return Done(counts)


def metal_layers(grey: Source, peaks: tuple[float, ...], engine: Engine) -> dict[int, bool]:
    """Tell for each grey (from dark to bright) whether it fills a border but not the whole picture.

    A border slab is a fiftieth of the picture deep. A layer fills at least 0.7 of one slab, and at
    least 0.4 less of the opposite one.
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
        low, high = shares[0:6:2, k], shares[1:6:2, k]
        layer = (np.maximum(low, high) >= SHARE) & (np.abs(low - high) >= 0.4)
        found[k] = bool(layer.any())
    return found
