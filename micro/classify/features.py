"""The features of a block, slice by slice: what the network sees of each voxel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Source, read_region
from micro.classify.plan import FeaturePlan, Scale
from micro.classify.pyramid import Bounds, smooth_region
from micro.classify.shape_kernels import interpolate_slice, shape_features

__all__ = ["BlockFeatures", "feature_slices", "prepare"]


@dataclass(frozen=True)
class _Ready:
    """One scale in a block: smoothed grey where it is computed on the picture itself, else its coarse features."""

    array: NDArray[np.float32]
    origin: tuple[int, int, int]
    step: tuple[int, int, int]
    scale: Scale


@dataclass(frozen=True)
class BlockFeatures:
    """What the slices of a block need: its grey values and every scale."""

    plan: FeaturePlan
    block: Block
    grey: NDArray[np.float32]
    scales: tuple[_Ready, ...]


def prepare(block: Block, levels: Sequence[Source], plan: FeaturePlan) -> BlockFeatures:
    """Smooth the picture around a block at every scale.

    Parameters
    ----------
    block
        Its core is what features are wanted for.
    levels
        Of `micro.classify.pyramid.build_levels`.
    plan
        Of `micro.classify.plan.plan_features`.
    """
    grey = np.asarray(read_region(levels[0], block.core), np.float32)
    ready = []
    for scale in plan.scales:
        level = plan.levels[scale.level]
        z, y, x = (
            (core.start // step, min((core.stop - 1) // step + 2, length))
            for core, step, length in zip(block.core, level.step, levels[scale.level].shape, strict=True)
        )
        bounds: Bounds = (z, y, x)
        smooth, origin = smooth_region(levels[scale.level], bounds, scale)
        if scale.level > 0:
            smooth, origin = _all_slices(smooth, origin, bounds, scale, plan)
        ready.append(_Ready(smooth, origin, level.step, scale))
    return BlockFeatures(plan, block, grey, tuple(ready))


def _weights(scale: Scale) -> tuple[np.float32, np.float32, np.float32]:
    z, y, x = (np.float32(weight) for weight in scale.inverse_edges)
    return (z, y, x)


def _wanted(plan: FeaturePlan) -> tuple[int, int, int]:
    curvatures = sum(plan.active) if "hessian" in plan.kinds else 0
    return (int("gaussian" in plan.kinds), int("gradient" in plan.kinds), curvatures)


def _all_slices(
    smooth: NDArray[np.float32], origin: tuple[int, int, int], bounds: Bounds, scale: Scale, plan: FeaturePlan
) -> tuple[NDArray[np.float32], tuple[int, int, int]]:
    """Return the features on the coarse grid between ``bounds``, shape (feature, z, y, x), and where they begin."""
    (z0, z1), (y0, y1), (x0, x1) = bounds
    out = np.empty((plan.per_scale, z1 - z0, y1 - y0, x1 - x0), np.float32)
    one = np.empty((plan.per_scale, y1 - y0, x1 - x0), np.float32)
    for k in range(z0, z1):
        corner = (k - origin[0], y0 - origin[1], x0 - origin[2])
        shape_features(smooth, corner, _weights(scale), _wanted(plan), one)
        out[:, k - z0] = one
    return out, (z0, y0, x0)


def feature_slices(ready: BlockFeatures, slices: Sequence[int] | None = None) -> Iterator[NDArray[np.float32]]:
    """Give the features of the core's slices one after the other, shape (feature, y, x); the array is used again.

    Parameters
    ----------
    ready
        Of `prepare`.
    slices
        Which slices of the core, counted from its first; by default all.
    """
    plan, core = ready.plan, ready.block.core
    y, x = (core[axis].stop - core[axis].start for axis in (1, 2))
    out = np.empty((len(plan.names), y, x), np.float32)
    for k in range(ready.grey.shape[0]) if slices is None else slices:
        place = 0
        if "grey" in plan.kinds:
            out[0] = ready.grey[k]
            place = 1
        corner = (core[0].start + k, core[1].start, core[2].start)
        for one in ready.scales if plan.per_scale else ():
            part = out[place : place + plan.per_scale]
            if one.scale.level > 0:
                interpolate_slice(one.array, one.origin, one.step, corner, part)
            else:
                z, y0, x0 = (c - o for c, o in zip(corner, one.origin, strict=True))
                shape_features(one.array, (z, y0, x0), _weights(one.scale), _wanted(plan), part)
            place += plan.per_scale
        yield out
