"""Coarser copies of the picture, anchored to its first voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, gaussian_reach, read_region
from micro.classify.plan import FeaturePlan, Level, Scale
from micro.classify.smooth import smooth_steps

__all__ = ["build_levels", "smooth_region"]

Bounds = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def _cut(bounds: Bounds, reach: tuple[int, int, int], shape: tuple[int, ...]) -> tuple[slice, slice, slice]:
    z, y, x = (
        slice(max(low - r, 0), min(high + r, length))
        for (low, high), r, length in zip(bounds, reach, shape, strict=True)
    )
    return (z, y, x)


def smooth_region(source: Source, bounds: Bounds, scale: Scale) -> tuple[NDArray[np.float32], tuple[int, int, int]]:
    """Return the smoothed grey of a level between ``bounds``, with one voxel around, and where it begins.

    Parameters
    ----------
    source
        The level, shape (z, y, x).
    bounds
        First and last-plus-one voxel wanted along each axis, in voxels of the level.
    scale
        Gaussian along each axis.
    """
    shape = source.shape
    z, y, x = (gaussian_reach(sigma) + 1 for sigma in scale.sigmas)
    outer = _cut(bounds, (z, y, x), shape)
    inner = _cut(bounds, (1, 1, 1), shape)
    places = [slice(i.start - o.start, i.stop - o.start, 1) for i, o in zip(inner, outer, strict=True)]
    grey = np.asarray(read_region(source, outer), np.float32)
    smooth = smooth_steps(grey, scale.sigmas, (places[0], places[1], places[2]))
    return smooth, (inner[0].start, inner[1].start, inner[2].start)


def _coarsen(block: Block, _: NDArray[np.float32], *, finer: Source, level: Level) -> Done[None]:
    """Smooth the finer level and keep every second voxel."""
    bounds, places = [], []
    for axis in range(3):
        core, ratio = block.core[axis], level.ratio[axis]
        first, last = core.start * ratio, (core.stop - 1) * ratio
        bounds.append((first, last + 1))
        begin = max(first - gaussian_reach(level.sigmas[axis]), 0)
        places.append(slice(first - begin, last - begin + 1, ratio))
    z, y, x = (gaussian_reach(sigma) for sigma in level.sigmas)
    outer = _cut((bounds[0], bounds[1], bounds[2]), (z, y, x), finer.shape)
    grey = np.asarray(read_region(finer, outer), np.float32)
    return Done(None, (smooth_steps(grey, level.sigmas, (places[0], places[1], places[2])),))


def build_levels(grey: Source, plan: FeaturePlan, engine: Engine) -> tuple[Source, ...]:
    """Return the levels of the plan: the picture itself, then float32 copies with fewer voxels.

    Examples
    --------
    >>> from micro.classify.params import TrainParams
    >>> from micro.classify.plan import plan_features
    >>> from micro.model import Spacing
    >>> plan = plan_features(TrainParams(scales=(1, 4)), Spacing(1, 1, 1), is_2d=True)
    >>> [level.shape for level in build_levels(np.ones((1, 9, 8), np.uint16), plan, Engine())]
    [(1, 9, 8), (1, 5, 4)]
    """
    z, y, x = grey.shape
    levels: list[Source] = [grey]
    for level in plan.levels[1:]:
        out: Source = engine.array(level.shape_of((z, y, x)), np.float32)
        constants = {"finer": levels[-1], "level": level}
        engine.run(_coarsen, [out], outputs=[out], stage="coarser copies", constants=constants)
        levels.append(out)
    return tuple(levels)
