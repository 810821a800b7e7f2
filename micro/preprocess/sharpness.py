"""How sharp a picture is at its strong edges, which says how much sharpening it can bear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfinv

from micro.blocks import Block, Done, Engine, Source
from micro.model import BLACK, WHITE, Spacing

__all__ = ["edge_blur"]

STEP = 0.25 * (WHITE - BLACK)
"""A strong edge: at least this much from three voxels before to three behind it."""
QUANTILE = 0.8
"""Edges that are met aslant look softer than they are; one in five is as sharp as this or sharper."""
BESIDE = 2
"""Along an edge this many voxels on either side are added up, against noise."""
EDGES_MIN = 50
BINS = 256


def _calm(grey: NDArray[np.int32], axes: list[int]) -> NDArray[np.int32]:
    """Return the sums over `BESIDE` voxels on either side along some axes; whole numbers, the same in any block."""
    for axis in axes:
        along = np.moveaxis(grey, axis, 0)
        length = along.shape[0]
        place = np.arange(length)
        total = np.zeros_like(along)
        for step in range(-BESIDE, BESIDE + 1):
            total += along[np.clip(place + step, 0, length - 1)]
        grey = np.moveaxis(total, 0, axis)
    return grey


def _steepness(block: Block, grey: NDArray[np.uint16], *, axes: tuple[int, ...]) -> Done[NDArray[np.int64]]:
    """Count the strong edges that begin in the core by the share of their step that lies between two neighbours."""
    counts = np.zeros(BINS, np.int64)
    for axis in axes:
        beside = [a for a in range(3) if a != axis and grey.shape[a] > 1]
        voxels = (2 * BESIDE + 1) ** len(beside)
        across = tuple(slice(None) if a == axis else part for a, part in enumerate(block.inner))
        along = np.moveaxis(_calm(grey.astype(np.int32), beside)[across], axis, 0)
        if along.shape[0] < 6:
            continue
        steps = np.abs(np.diff(along, axis=0))
        middle = steps[2:-2]
        whole = np.abs(along[5:] - along[:-5])
        edge = (middle >= steps[1:-3]) & (middle >= steps[3:-1]) & (whole >= STEP * voxels)
        first = np.arange(2, along.shape[0] - 3)
        edge &= ((first >= block.inner[axis].start) & (first < block.inner[axis].stop)).reshape(-1, 1, 1)
        share = np.minimum(middle[edge] / whole[edge], 1)
        counts += np.bincount((share * (BINS - 1)).astype(np.int64), minlength=BINS)
    return Done(counts)


def edge_blur(grey: Source, spacing: Spacing, engine: Engine) -> float | None:
    """Return the blur (sigma in voxels) of the strong edges of a picture, or None where it has too few.

    An edge that is blurred by a Gaussian has the share erf(1 / (2 sqrt(2) sigma)) of its step between two neighbours.
    Looked at along the axes of the finest voxel edge.

    Parameters
    ----------
    grey
        uint16 stack, black at `BLACK` and white at `WHITE`.
    spacing
        Voxel edges.

    Examples
    --------
    >>> from micro.blocks import gaussian
    >>> step = np.full((1, 60, 60), 20000, np.float32); step[..., 30:] = 50000
    >>> soft = gaussian(step, (0, 0, 1.0)).round().astype(np.uint16)
    >>> round(edge_blur(soft, Spacing(1, 1, 1), Engine()), 1)
    1.0
    """
    lengths = grey.shape
    finest = min(edge for edge, length in zip(spacing.um, lengths, strict=True) if length > 1)
    axes = tuple(a for a in range(3) if lengths[a] > 1 and spacing.um[a] <= 1.001 * finest)
    z, y, x = (3 if axis in axes else BESIDE for axis in range(3))
    parts = engine.run(_steepness, [grey], halo=(z, y, x), stage="sharpness", constants={"axes": axes})
    counts = np.sum(parts, axis=0)
    if counts.sum() < EDGES_MIN:
        return None
    below = np.cumsum(counts)
    share = (int(np.searchsorted(below, QUANTILE * below[-1])) + 0.5) / BINS
    return float(0.5 / (np.sqrt(2) * erfinv(min(share, 0.999))))
