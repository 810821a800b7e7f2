"""Splitting touching particles: the watershed of their distance map."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import distance_um, kernel

__all__ = ["NECK", "split_touching"]

State = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]
"""Of each label: the one it was merged into, its greatest height, its voxels so far, and room to choose in."""

_LEVELS = 65535
"""Distances are told apart to this share of the greatest: what rounding of sums tells apart is level."""

NECK = 0.1
"""Two particles stay apart where the neck between them is thinner than the smaller one by more than this share."""


@kernel
def _root(parents: NDArray[np.int32], label: int) -> int:
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


@kernel
def _before(peaks: NDArray[np.int64], sizes: NDArray[np.int64], a: int, b: int) -> bool:
    """Return whether label a goes before b: the higher peak, then the larger one, then the one found first."""
    if peaks[a] != peaks[b]:
        return bool(peaks[a] > peaks[b])
    if sizes[a] != sizes[b]:
        return bool(sizes[a] > sizes[b])
    return a < b


@kernel
def _inward(
    voxel: int,
    heights: NDArray[np.uint16],
    labels: NDArray[np.int32],
    steps: NDArray[np.int64],
    inverse: NDArray[np.float64],
    state: State,
) -> int:
    """Return the label that the steepest way up leads to, or the nearest on the level where nothing is higher; or 0."""
    parents, peaks, sizes, _ = state
    here = np.int64(heights[voxel])
    steepest, label = -2e6, 0
    for n in range(len(steps)):
        beside = voxel + steps[n]
        rise = np.int64(heights[beside]) - here
        if rise < 0 or labels[beside] <= 0:
            continue
        slope = rise * inverse[n] if rise > 0 else inverse[n] - 1e6
        if slope < steepest or (slope == steepest and labels[beside] == label):
            continue
        if slope > steepest:
            steepest, label = slope, labels[beside]
            continue
        root, own = _root(parents, labels[beside]), _root(parents, label)
        if root != own and _before(peaks, sizes, root, own):
            label = root
    return _root(parents, label)


@kernel
def _spread(
    level: NDArray[np.int64],
    heights: NDArray[np.uint16],
    labels: NDArray[np.int32],
    steps: NDArray[np.int64],
    inverse: NDArray[np.float64],
    state: State,
) -> int:
    """Label the voxels of a level that have higher neighbours, then those beside them; return how many have none."""
    found = np.zeros(len(level), np.int32)
    left = len(level)
    front = level
    while left > 0 and len(front) > 0:
        for n in range(len(front)):
            found[n] = _inward(front[n], heights, labels, steps, inverse, state)
        for n in range(len(front)):
            labels[front[n]] = found[n]
            left -= found[n] > 0
        nearby = np.zeros(left, np.int64)
        count = 0
        if left > 0:
            for voxel in front:
                if labels[voxel] <= 0:
                    continue
                for step in steps:
                    beside = voxel + step
                    if heights[beside] == heights[voxel] and labels[beside] == 0:
                        labels[beside] = -1
                        nearby[count] = beside
                        count += 1
        front = nearby[:count]
    return left


@kernel
def _start(
    level: NDArray[np.int64],
    heights: NDArray[np.uint16],
    labels: NDArray[np.int32],
    steps: NDArray[np.int64],
    state: State,
    used: int,
) -> int:
    """Give each connected piece of the level's voxels without a label one of its own; return the last one."""
    parents, peaks, _, _ = state
    stack = np.zeros(len(level), np.int64)
    for seed in level:
        if labels[seed] != 0:
            continue
        used += 1
        parents[used], peaks[used] = used, heights[seed]
        labels[seed] = used
        stack[0] = seed
        held = 1
        while held > 0:
            held -= 1
            voxel = stack[held]
            for step in steps:
                beside = voxel + step
                if heights[beside] == heights[voxel] and labels[beside] == 0:
                    labels[beside] = used
                    stack[held] = beside
                    held += 1
    return used


@kernel
def _meetings(
    level: NDArray[np.int64],
    labels: NDArray[np.int32],
    steps: NDArray[np.int64],
    state: State,
    least: float,
) -> NDArray[np.int32]:
    """Return the pairs of labels that meet at a level and of which one has a peak below ``least``, shape (n, 2)."""
    parents, peaks, _, _ = state
    pairs = np.zeros((16, 2), np.int32)
    count = 0
    for voxel in level:
        own = labels[voxel]
        for step in steps:
            other = labels[voxel + step]
            if other <= 0 or other == own:
                continue
            a, b = _root(parents, own), _root(parents, other)
            if a == b or min(peaks[a], peaks[b]) >= least:
                continue
            if count == len(pairs):
                pairs = np.concatenate((pairs, np.zeros_like(pairs)))
            pairs[count, 0], pairs[count, 1] = a, b
            count += 1
    return pairs[:count]


@kernel
def _merge(pairs: NDArray[np.int32], state: State, least: float) -> None:
    """Merge what meets and is low with each other, then each such group with the first in order that it meets."""
    parents, peaks, sizes, best = state
    for n in range(len(pairs)):
        a, b = _root(parents, pairs[n, 0]), _root(parents, pairs[n, 1])
        if a != b and peaks[a] < least and peaks[b] < least:
            low, high = (b, a) if _before(peaks, sizes, a, b) else (a, b)
            parents[low] = high
            sizes[high] += sizes[low]
    for n in range(len(pairs)):
        a, b = _root(parents, pairs[n, 0]), _root(parents, pairs[n, 1])
        if a == b:
            continue
        low, high = (a, b) if peaks[a] < least else (b, a)
        if best[low] == 0 or _before(peaks, sizes, high, best[low]):
            best[low] = high
    for n in range(len(pairs)):
        for side in range(2):
            low = pairs[n, side]
            if best[low] > 0 and parents[low] == low:
                parents[low] = best[low]
                sizes[best[low]] += sizes[low]
                best[low] = 0


@kernel
def _flood(
    order: NDArray[np.int64],
    heights: NDArray[np.uint16],
    steps: NDArray[np.int64],
    inverse: NDArray[np.float64],
    least: float,
    neck: float,
    labels: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Label voxels from the farthest inside outward; return for each label the one it was merged into.

    All voxels of one height are labelled, and all that meet there merged, before the next: nothing hangs on the order
    in which the axes are read. ``heights`` and ``labels`` are flat, with a rim of 0.
    """
    parents, best = np.zeros(1024, np.int32), np.zeros(1024, np.int32)
    peaks, sizes = np.zeros(1024, np.int64), np.zeros(1024, np.int64)
    used, begin = 0, 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and heights[order[end]] == heights[order[begin]]:
            end += 1
        level, here = order[begin:end], np.float64(heights[order[begin]])
        if used + len(level) >= len(parents):
            more = max(len(level), len(parents))
            parents = np.concatenate((parents, np.zeros(more, np.int32)))
            best = np.zeros(len(parents), np.int32)
            peaks = np.concatenate((peaks, np.zeros(more, np.int64)))
            sizes = np.concatenate((sizes, np.zeros(more, np.int64)))
        state = (parents, peaks, sizes, best)
        if _spread(level, heights, labels, steps, inverse, state) > 0:
            used = _start(level, heights, labels, steps, state, used)
        limit = max(here + least, here / (1 - neck))
        pairs = _meetings(level, labels, steps, state, limit)
        if len(pairs) > 0:
            _merge(pairs, state, limit)
        for voxel in level:
            sizes[_root(parents, labels[voxel])] += 1
        begin = end
    return parents[: used + 1]


def split_touching(
    mask: NDArray[np.bool_],
    edges_um: tuple[float, float, float],
    *,
    unknown: NDArray[np.bool_] | None = None,
    neck: float = NECK,
) -> NDArray[np.int32]:
    """Return the particles of a mask: int32 of its shape, 0 outside, numbers from 1 by their greatest distance.

    Watershed of the distance map (Beucher & Lantuejoul 1979), flooded from its maxima. Two maxima are one particle
    where the saddle between them is lower than the lower one by less than the mean voxel edge, or less than
    ``neck`` of it: roughness and voxels split nothing. There is no line between particles: every voxel counts.

    Parameters
    ----------
    mask
        The phase, shape (z, y, x), in memory (about 20 bytes a voxel are used).
    edges_um
        Voxel edges along z, y and x.
    unknown
        What does not bound the phase (unlabelled); the border of the array doesn't either.
    neck
        See above.

    Examples
    --------
    >>> y, x = np.ogrid[:20, :36]
    >>> discs = ((y - 10) ** 2 + (x - 9) ** 2 < 72) | ((y - 10) ** 2 + (x - 25) ** 2 < 72)
    >>> np.bincount(split_touching(discs[None], (1.0, 1.0, 1.0)).ravel())[1:].tolist()
    [221, 216]
    """
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    distance = distance_um(mask if unknown is None else mask | unknown, edges_um)
    if not np.isfinite(distance).all():
        return mask.astype(np.int32)
    scale = _LEVELS / float(distance[mask].max())
    rim = [int(n > 1) for n in mask.shape]
    levels = np.where(mask, np.maximum(np.round(distance * scale), 1), 0).astype(np.uint16)
    heights = np.pad(levels, [(n, n) for n in rim])
    del distance, levels
    inside = np.flatnonzero(heights)
    order = inside[np.argsort(_LEVELS - heights.ravel()[inside], kind="stable")]
    steps, inverse = _neighbours(heights.shape, edges_um)
    labels = np.zeros(heights.shape, np.int32)
    wide = [edge for edge, n in zip(edges_um, mask.shape, strict=True) if n > 1] or list(edges_um)
    least = math.prod(sorted(wide)) ** (1 / len(wide)) * scale
    roots = _roots(_flood(order, heights.ravel(), steps, inverse, least, neck, labels.reshape(-1)))
    numbers = np.unique(roots[1:], return_inverse=True)[1]
    final = np.zeros(len(roots), np.int32)
    final[1:] = numbers + 1
    z, y, x = (slice(n, n + length) for n, length in zip(rim, mask.shape, strict=True))
    return np.asarray(final[labels[z, y, x]])


def _neighbours(
    shape: tuple[int, ...], edges_um: tuple[float, float, float]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the steps to a voxel's neighbours in a flat array, and how much shorter the shortest is than each.

    That is the same in every order of axes.
    """
    reach = [(-1, 0, 1) if n > 1 else (0,) for n in shape]
    steps = np.array([step for step in itertools.product(*reach) if any(step)], np.int64).reshape(-1, 3)
    squares = np.sort((steps * np.array(edges_um)) ** 2, axis=1)
    lengths = np.sqrt(squares[:, 0] + squares[:, 1] + squares[:, 2])
    return steps @ np.array([shape[1] * shape[2], shape[2], 1]), lengths.min(initial=np.inf) / lengths


@kernel
def _roots(parents: NDArray[np.int32]) -> NDArray[np.int32]:
    out = np.zeros_like(parents)
    for label in range(1, parents.size):
        out[label] = _root(parents, label)
    return out
