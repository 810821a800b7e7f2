"""A second look at thin objects: each is judged by the mean grey around it, and not voxel by voxel.

Where void and lithium are both much darker than the electrolyte and close to each other, noise
decides between them in a single voxel. Along a thin object, the mean of many voxels does not
depend on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Region, box_of, gaussian, gaussian_reach, within_um
from micro.segment.levels import GreyLevels

__all__ = ["THICK_VOXELS", "judge_objects", "judge_reach", "undecided_pair"]

THICK_VOXELS = 5.5
"""Objects with room for a ball of this radius (finest voxels) are layers; these and what is near stay as they are."""
NEAR_VOXELS = 7.5
"""How far from the middle of a layer its neighbourhood goes."""
SHARE = 0.65
"""Where between the two greys the decision lies: beyond the middle, since blurred rims lie nearer to the matrix."""


def undecided_pair(levels: GreyLevels, matrix: str | None) -> tuple[int, int] | None:
    """Return the places of two phases on the same side of the matrix in the order of greys, the nearer one second.

    Examples
    --------
    >>> undecided_pair(GreyLevels(("void", "Li", "SE"), (1, 2, 3), 0.1), "SE")
    (0, 1)
    >>> undecided_pair(GreyLevels(("void", "SE", "Li"), (1, 2, 3), 0.1), "SE") is None
    True
    """
    if matrix not in levels.names:
        return None
    place = levels.names.index(matrix)
    if place >= 2:
        return (place - 2, place - 1)
    if place <= len(levels.names) - 3:
        return (place + 2, place + 1)
    return None


def judge_reach(sigmas: tuple[float, float, float], edges_um: tuple[float, float, float]) -> tuple[int, int, int]:
    """Return how many voxels along each axis `judge_objects` reads around a voxel."""
    thick = (THICK_VOXELS + NEAR_VOXELS) * min(edge for edge, s in zip(edges_um, sigmas, strict=True) if s > 0)
    z, y, x = (
        gaussian_reach(sigma) + int(thick / edge) + 2 if sigma > 0 else 0
        for edge, sigma in zip(edges_um, sigmas, strict=True)
    )
    return (z, y, x)


def judge_objects(
    block: Block,
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    *,
    levels: GreyLevels,
    pair: tuple[int, int],
    sigmas: tuple[float, float, float],
    edges_um: tuple[float, float, float],
) -> Done[None]:
    """Give each voxel of a thin object of the two phases of ``pair`` to the one that the mean grey around it is near.

    The mean is weighted by a Gaussian of ``sigmas`` voxels and taken over the voxels of thin objects only.
    """
    inside = (places == pair[0]) | (places == pair[1])
    if not inside[block.inner].any():
        return Done(None, (places[block.inner],))
    finest = min(edge for edge, sigma in zip(edges_um, sigmas, strict=True) if sigma > 0)
    middle = inside & ~within_um(~inside, edges_um, THICK_VOXELS * finest)
    thin = inside & ~within_um(middle, edges_um, NEAR_VOXELS * finest)
    box = _around(thin[block.inner], block, sigmas)
    if box is None:
        return Done(None, (places[block.inner],))
    weight = thin[box].astype(np.float32)
    mean = gaussian(weight * grey[box], sigmas) / np.maximum(gaussian(weight, sigmas), np.float32(1e-6))
    far, near = levels.greys[pair[0]], levels.greys[pair[1]]
    limit = np.float32(far + SHARE * (near - far))
    is_far = mean < limit if far < near else mean > limit
    judged = places.copy()
    judged[box][thin[box]] = np.where(is_far, pair[0], pair[1])[thin[box]]
    return Done(None, (judged[block.inner],))


def _around(thin: NDArray[np.bool_], block: Block, sigmas: tuple[float, float, float]) -> Region | None:
    """Return the box of the thin objects of the core with all that their means read, or None without any."""
    found = box_of(np.ascontiguousarray(thin).view(np.uint8), np.arange(256, dtype=np.uint8))
    if found is None:
        return None
    z, y, x = (
        slice(max(inner.start + span.start - gaussian_reach(sigma), 0), inner.start + span.stop + gaussian_reach(sigma))
        for inner, span, sigma in zip(block.inner, found, sigmas, strict=True)
    )
    return (z, y, x)
