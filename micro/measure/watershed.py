"""Splitting touching particles: the watershed of their distance map."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import distance_um, kernel

__all__ = ["NECK", "split_touching"]

NECK = 0.1
"""Two particles stay apart where the neck between them is thinner than the smaller one by more than this share."""


@kernel
def _root(parents: NDArray[np.int32], label: int) -> int:
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


@kernel
def _flood(
    order: NDArray[np.int64],
    distance: NDArray[np.float32],
    edges: tuple[float, float, float],
    least: float,
    neck: float,
    labels: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Label voxels from the farthest inside outward; return for each label the one it was merged into."""
    parents = np.zeros(1024, np.int32)
    peaks = np.zeros(1024, np.float32)
    used = 0
    depth, height, width = labels.shape
    roots = np.zeros(26, np.int32)
    for flat in order:
        k, rest = flat // (height * width), flat % (height * width)
        j, i = rest // width, rest % width
        here = distance[k, j, i]
        found = 0
        steepest, label = -1e30, 0
        for dz in range(-1, 2):
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    z, y, x = k + dz, j + dy, i + dx
                    if z < 0 or z >= depth or y < 0 or y >= height or x < 0 or x >= width or labels[z, y, x] == 0:
                        continue
                    length = ((dz * edges[0]) ** 2 + (dy * edges[1]) ** 2 + (dx * edges[2]) ** 2) ** 0.5
                    slope = (distance[z, y, x] - here) / length
                    if slope > steepest:
                        steepest = slope
                        label = labels[z, y, x]
                    root = _root(parents, labels[z, y, x])
                    known = False
                    for n in range(found):
                        known = known or roots[n] == root
                    if not known:
                        roots[found] = root
                        found += 1
        if found == 0:
            used += 1
            if used == len(parents):
                parents = np.concatenate((parents, np.zeros(used, np.int32)))
                peaks = np.concatenate((peaks, np.zeros(used, np.float32)))
            parents[used], peaks[used] = used, here
            labels[k, j, i] = used
            continue
        labels[k, j, i] = label
        for n in range(1, found):
            for m in range(n):
                a, b = _root(parents, roots[n]), _root(parents, roots[m])
                if a == b:
                    continue
                low, high = (a, b) if peaks[a] < peaks[b] or (peaks[a] == peaks[b] and a > b) else (b, a)
                if peaks[low] - here < max(least, neck * peaks[low]):
                    parents[low] = high
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
    labels = np.zeros(mask.shape, np.int32)
    if not mask.any():
        return labels
    distance = distance_um(mask if unknown is None else mask | unknown, edges_um)
    if not np.isfinite(distance).all():
        labels[mask] = 1
        return labels
    inside = np.flatnonzero(mask)
    values = distance.ravel()[inside]
    ranks = (65535 - np.round(values * (65535 / values.max()))).astype(np.uint16)
    order = inside[np.argsort(ranks, kind="stable")]
    wide = [edge for edge, n in zip(edges_um, mask.shape, strict=True) if n > 1] or list(edges_um)
    parents = _flood(order, distance, edges_um, math.prod(wide) ** (1 / len(wide)), neck, labels)
    roots = _roots(parents)
    numbers = np.unique(roots[1:], return_inverse=True)[1]
    final = np.zeros(len(parents), np.int32)
    final[1:] = numbers + 1
    return np.asarray(final[labels])


@kernel
def _roots(parents: NDArray[np.int32]) -> NDArray[np.int32]:
    out = np.zeros_like(parents)
    for label in range(1, parents.size):
        out[label] = _root(parents, label)
    return out
