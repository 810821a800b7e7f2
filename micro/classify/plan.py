"""Which feature is computed where: scales, and the coarser copies of the picture that large scales use."""

from __future__ import annotations

import math
from dataclasses import dataclass

from micro.classify.params import TrainParams
from micro.model import Spacing

__all__ = ["FeaturePlan", "Level", "Scale", "plan_features"]

Triple = tuple[float, float, float]
Steps = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Level:
    """A copy of the picture with every ``step``-th voxel along z, y and x, from voxel 0 on.

    ``sigmas`` is the Gaussian, in voxels of the level before, that it is smoothed with before voxels are left
    out; ``ratio`` is its step over that of the level before; ``variance`` is the smoothing so far, in squared
    voxels of the picture itself.
    """

    step: Steps
    ratio: Steps
    sigmas: Triple
    variance: Triple

    def shape_of(self, shape: Steps) -> Steps:
        """Return the number of its voxels in a picture of ``shape``."""
        z, y, x = (-(-length // step) for length, step in zip(shape, self.step, strict=True))
        return (z, y, x)


@dataclass(frozen=True, slots=True)
class Scale:
    """One size at which the picture is looked at: the level it is computed on, and its Gaussian there.

    ``inverse_edges`` are the finest edge of the picture over those of the level's voxels: slopes are per
    finest voxel along every axis.
    """

    level: int
    sigmas: Triple
    inverse_edges: Triple


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """All features of a picture, in the order of ``names``.

    ``sizes`` is the scale of each, None for the grey itself; ``active`` tells which axes have more than one
    voxel; ``levels[0]`` is the picture itself.
    """

    names: tuple[str, ...]
    sizes: tuple[float | None, ...]
    kinds: tuple[str, ...]
    levels: tuple[Level, ...]
    scales: tuple[Scale, ...]
    active: tuple[bool, bool, bool]

    @property
    def per_scale(self) -> int:
        """Number of features of one scale."""
        count = 0
        for kind, size in (("gaussian", 1), ("gradient", 1), ("hessian", sum(self.active))):
            count += size if kind in self.kinds else 0
        return count


def plan_features(params: TrainParams, spacing: Spacing, *, is_2d: bool) -> FeaturePlan:
    """Return the features of ``params`` for pictures of this voxel shape.

    A scale is computed on the coarsest level on which its Gaussian is still two voxels wide along the
    finest axis.

    Examples
    --------
    >>> plan = plan_features(TrainParams(scales=(1, 8)), Spacing.parse("50,25,25nm"), is_2d=False)
    >>> [level.step for level in plan.levels]
    [(1, 1, 1), (1, 2, 2), (2, 4, 4)]
    >>> plan.names[:4], len(plan.names)
    (('grey', 'gaussian 1', 'gradient 1', 'hessian 1 high'), 11)
    """
    active = (not is_2d, True, True)
    edges = spacing.um
    finest = min(edge for edge, used in zip(edges, active, strict=True) if used)
    relative = [edge / finest if used else 1.0 for edge, used in zip(edges, active, strict=True)]
    levels = [Level((1, 1, 1), (1, 1, 1), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))]
    deepest = max((_depth(scale) for scale in params.scales), default=0)
    for depth in range(1, deepest + 1):
        levels.append(_coarser(levels[-1], depth, relative, active))
    scales = []
    for sigma in params.scales:
        number = min(_depth(sigma), len(levels) - 1)
        level = levels[number]
        z, y, x = (
            math.sqrt(max((sigma / r) ** 2 - v, 0.0)) / step if used else 0.0
            for r, v, step, used in zip(relative, level.variance, level.step, active, strict=True)
        )
        dz, dy, dx = (1 / (r * step) for r, step in zip(relative, level.step, strict=True))
        scales.append(Scale(number, (z, y, x), (dz, dy, dx)))
    names, sizes = _names(params, 2 if is_2d else 3)
    return FeaturePlan(names, sizes, tuple(params.features), tuple(levels), tuple(scales), active)


def _depth(sigma: float) -> int:
    return max(0, math.floor(math.log2(sigma / 2)))


def _coarser(before: Level, depth: int, relative: list[float], active: tuple[bool, bool, bool]) -> Level:
    step, ratio, sigmas, variance = [], [], [], []
    for axis in range(3):
        # an axis of long voxels keeps them until the others have caught up
        wanted = 2 ** max(0, math.floor(depth - math.log2(relative[axis]) + 1e-9)) if active[axis] else 1
        ratio.append(wanted // before.step[axis])
        sigmas.append(1.0 if ratio[axis] > 1 else 0.0)
        step.append(wanted)
        variance.append(before.variance[axis] + (sigmas[axis] * before.step[axis]) ** 2)
    return Level(
        (step[0], step[1], step[2]),
        (ratio[0], ratio[1], ratio[2]),
        (sigmas[0], sigmas[1], sigmas[2]),
        (variance[0], variance[1], variance[2]),
    )


def _names(params: TrainParams, axes: int) -> tuple[tuple[str, ...], tuple[float | None, ...]]:
    names: list[str] = ["grey"] if "grey" in params.features else []
    sizes: list[float | None] = [None] * len(names)
    parts = ("high", "low") if axes == 2 else ("high", "middle", "low")
    for scale in params.scales:
        names += [f"gaussian {scale:g}"] if "gaussian" in params.features else []
        names += [f"gradient {scale:g}"] if "gradient" in params.features else []
        names += [f"hessian {scale:g} {part}" for part in parts] if "hessian" in params.features else []
        sizes += [scale] * (len(names) - len(sizes))
    return tuple(names), tuple(sizes)
