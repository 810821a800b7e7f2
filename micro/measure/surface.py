"""Area of surfaces whose orientations average out: pores, particles."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import SphericalVoronoi

from micro.blocks import Block, Done, Engine, Source, kernel
from micro.model import Spacing

__all__ = ["crofton_weights", "surface_area"]

STEPS: tuple[tuple[int, int, int], ...] = (
    (0, 0, 1),
    (0, 1, 0),
    (1, 0, 0),
    (0, 1, 1),
    (0, 1, -1),
    (1, 0, 1),
    (1, 0, -1),
    (1, 1, 0),
    (1, -1, 0),
    (1, 1, 1),
    (1, 1, -1),
    (1, -1, 1),
    (1, -1, -1),
)
"""The 13 directions to a voxel's neighbours, of each pair of opposites one."""


@lru_cache(maxsize=32)
def crofton_weights(spacing: Spacing, *, is_2d: bool) -> NDArray[np.float64]:
    """Return the share of all directions that lie nearest to each of the 13 (in a section, 4 of them).

    In 3-D the solid angle of the spherical Voronoi cell, which follows the voxel's shape (Ohser &
    Schladitz, 3D Images of Materials Structures, 2009); in 2-D the angle.

    Examples
    --------
    >>> weights = crofton_weights(Spacing.parse("1um"), is_2d=False)
    >>> [round(float(w), 4) for w in weights[[0, 3, 9]]], round(float(weights.sum()), 12)
    ([0.0916, 0.074, 0.0704], 1.0)
    """
    vectors = np.array(STEPS) * np.array(spacing.um)
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    weights = np.zeros(len(STEPS))
    if is_2d:
        flat = np.flatnonzero(vectors[:, 0] == 0)
        angles = np.arctan2(unit[flat, 1], unit[flat, 2]) % math.pi
        order = np.argsort(angles)
        around = np.concatenate([angles[order][-1:] - math.pi, angles[order], angles[order][:1] + math.pi])
        weights[flat[order]] = (around[2:] - around[:-2]) / (2 * math.pi)
        return weights
    areas = SphericalVoronoi(np.concatenate([unit, -unit])).calculate_areas()
    return np.asarray((areas[: len(STEPS)] + areas[len(STEPS) :]) / (4 * math.pi))


@kernel
def _crossings(
    mask: NDArray[np.uint8], steps: NDArray[np.int64], lo: tuple[int, int, int], hi: tuple[int, int, int]
) -> NDArray[np.int64]:
    """Count, for each step, the pairs of voxels from the core on that differ (and both lie in the picture)."""
    counts = np.zeros(steps.shape[0], np.int64)
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for i in range(lo[2], hi[2]):
                here = mask[k, j, i]
                for step in range(steps.shape[0]):
                    z, y, x = k + steps[step, 0], j + steps[step, 1], i + steps[step, 2]
                    if z < mask.shape[0] and 0 <= y < mask.shape[1] and 0 <= x < mask.shape[2]:
                        counts[step] += mask[z, y, x] != here
    return counts


def _count_block(block: Block, values: NDArray[np.uint8], *, table: NDArray[np.uint8]) -> Done[NDArray[np.int64]]:
    mask = np.ascontiguousarray(table[values])
    inner = block.inner
    lo = (inner[0].start, inner[1].start, inner[2].start)
    hi = (inner[0].stop, inner[1].stop, inner[2].stop)
    return Done(_crossings(mask, np.array(STEPS, np.int64), lo, hi))


def surface_area(source: Source, spacing: Spacing, engine: Engine, *, table: NDArray[np.bool_]) -> float:
    """Return the area of the surface of a phase in um2; in a section the length of its outline in um.

    Crofton's formula, S = 2 sum(c_d N_d v / |d|) with N_d the changes of phase along direction d, v
    the voxel's volume and c_d of `crofton_weights` (in 2-D L = pi/2 sum(c_d N_d a / |d|)). Within 2 %
    for spheres from a radius of 10 voxels. Not for interfaces and cracks: on a plane along the axes
    it is 7 % low, on anisotropic voxels up to 14 % off.

    Parameters
    ----------
    source
        Labels or any uint8 array of shape (z, y, x).
    spacing
        Voxel edges in um.
    engine
        How blocks are run; never changes the result.
    table
        256 booleans: which values belong to the phase.

    Examples
    --------
    >>> z, y, x = np.ogrid[-15:16, -15:16, -15:16]
    >>> ball = (z * z + y * y + x * x <= 12.5**2).astype(np.uint8)
    >>> area = surface_area(ball, Spacing.parse("1um"), Engine(), table=np.arange(256) == 1)
    >>> bool(abs(area / (4 * np.pi * 12.5**2) - 1) < 0.02)
    True
    """
    counts = engine.run(
        _count_block,
        [source],
        halo=(1, 1, 1),
        stage="surface",
        constants={"table": np.asarray(table, np.uint8)},
    )
    total = np.sum(counts, axis=0)
    is_2d = source.shape[0] == 1
    lengths = np.linalg.norm(np.array(STEPS) * np.array(spacing.um), axis=1)
    measure = spacing.y * spacing.x if is_2d else spacing.voxel_volume_um3
    factor = math.pi / 2 if is_2d else 2.0
    return float(factor * (crofton_weights(spacing, is_2d=is_2d) * total * measure / lengths).sum())
