"""A multigrid cycle for steady diffusion between the voxels of one phase.

Finite volumes: two voxels of the phase that share a face exchange area / distance, and those at the ends of the first
axis exchange with a concentration that is given on their outer faces. The coarse grids add up these conductances over
2 x 2 x 2 cells, fewer along an axis with long voxels (aggregation; Braess, Computing 55, 1995, 379).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from micro.measure.multigrid_kernels import EVEN, ODD, Floats, Grid, down, encode, gather, relax, residual, start, up

__all__ = ["END", "Level", "Slabs", "cycle", "hierarchy"]

END = 2.0
"""What a face at an end conducts, in units of a face between two voxels along the first axis: half the distance."""

_COARSEST = 512
_SOFTER = 0.6
"""What a coarse face conducts of the fine ones in it, along a halved axis: near 1/2, for twice the distance."""
_ROUNDS = 12
"""Sweeps on the coarsest grid, before and after."""
_THREADED = 2**16
"""Cells of a grid below which one thread does it."""

_NONE = np.zeros(0)
_NO_FACES = np.zeros((3, 0))


@dataclass(frozen=True)
class Slabs:
    """Threads of this process that share arrays, each some planes of a grid; no pool: all in this thread."""

    workers: int = 1
    pool: Executor | None = None

    def run(self, task: Callable[[tuple[int, int]], None], shape: tuple[int, int, int]) -> None:
        """Call ``task`` with the first plane and one past the last of each slab, and wait for all."""
        slabs = self.of(shape)
        if self.pool is None or len(slabs) == 1:
            for planes in slabs:
                task(planes)
            return
        list(self.pool.map(task, slabs))

    def of(self, shape: tuple[int, int, int]) -> list[tuple[int, int]]:
        """Return the slabs of a grid; they begin at even planes, so that no coarse cell lies in two.

        Examples
        --------
        >>> Slabs(2).of((9, 200, 200))
        [(0, 4), (4, 9)]
        """
        pieces = 1 if np.prod(shape) < _THREADED else min(self.workers, shape[0] // 4)
        starts = [2 * (shape[0] * n // (2 * max(pieces, 1))) for n in range(max(pieces, 1))]
        return list(zip(starts, [*starts[1:], shape[0]], strict=True))


@dataclass(frozen=True)
class Level:
    """A grid of cells with a rim of empty ones, all arrays flat; and how cells make up the next coarser grid's.

    ``grid`` is what kernels take. ``x`` and ``b`` are room for a solution and a right side; none on the finest grid.
    """

    grid: Grid
    edges: tuple[float, float, float]
    ends: Floats
    factor: tuple[int, int, int] = (1, 1, 1)
    x: Floats = field(default_factory=lambda: _NONE)
    b: Floats = field(default_factory=lambda: _NONE)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along the axes, without the rim."""
        return self.grid[1]

    @property
    def codes(self) -> NDArray[np.uint8]:
        """Which cells conduct: other than 0."""
        return self.grid[2]


def _finest(mask: NDArray[np.bool_], edges: tuple[float, float, float], slabs: Slabs) -> Level:
    shape = (mask.shape[0], mask.shape[1], mask.shape[2])
    codes = np.zeros(tuple(n + 2 for n in shape), np.uint8)
    slabs.run(lambda planes: encode(mask, planes, codes), shape)
    g = np.array([1.0, (edges[0] / edges[1]) ** 2, (edges[0] / edges[2]) ** 2])
    bits = np.arange(256)[:, None] >> np.arange(8) & 1
    inverse = _inverse(bits @ np.append(np.repeat(g, 2), [END, END]))
    return Level((True, shape, codes.ravel(), inverse, g, _NO_FACES), edges, np.array([END]))


def _inverse(diagonal: Floats) -> Floats:
    return np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)


def _coarser(fine: Level, slabs: Slabs) -> Level:
    """Return the grid of cells twice as long along the axes with short edges."""
    shape, factor = _coarse_shape(fine), fine.factor
    size = int(np.prod([n + 2 for n in shape]))
    faces, ends, codes = np.zeros((3, size)), np.zeros(size), np.zeros(size, np.uint8)
    slabs.run(lambda planes: gather(fine.grid, fine.ends, planes, factor, shape, faces, ends, codes), fine.shape)
    for axis in range(3):
        faces[axis] *= _SOFTER if factor[axis] == 2 else 1.0
    ends *= _SOFTER if factor[0] == 2 else 1.0
    sy = shape[2] + 2
    diagonal = ends.copy()
    for axis, stride in enumerate(((shape[1] + 2) * sy, sy, 1)):
        diagonal += faces[axis]
        diagonal[stride:] += faces[axis][:-stride]
    ez, ey, ex = (edge * f for edge, f in zip(fine.edges, factor, strict=True))
    grid = (False, shape, codes, _inverse(diagonal), _NONE, faces)
    return Level(grid, (ez, ey, ex), ends, x=np.zeros(size), b=np.zeros(size))


def _coarse_shape(fine: Level) -> tuple[int, int, int]:
    z, y, x = (-(-n // f) for n, f in zip(fine.shape, fine.factor, strict=True))
    return (z, y, x)


def _with_factor(level: Level) -> Level:
    """Return the level with the axes halved that have short edges."""
    least = min(edge for edge, n in zip(level.edges, level.shape, strict=True) if n > 1)
    z, y, x = (2 if n > 1 and edge < 1.9 * least else 1 for edge, n in zip(level.edges, level.shape, strict=True))
    return replace(level, factor=(z, y, x))


def hierarchy(mask: NDArray[np.bool_], edges: tuple[float, float, float], slabs: Slabs) -> list[Level]:
    """Return the grids for a phase, finest first; ``edges`` are the voxel edges, in any unit."""
    levels = [_finest(mask, edges, slabs)]
    while np.count_nonzero(levels[-1].codes) > _COARSEST and max(levels[-1].shape) > 2:
        levels[-1] = _with_factor(levels[-1])
        levels.append(_coarser(levels[-1], slabs))
    return levels


def cycle(
    levels: list[Level], x: Floats, b: Floats, slabs: Slabs, *, rank: int = 0, q: Floats = _NONE, alpha: float = 0.0
) -> None:
    """Write an approximate solution for ``b`` into ``x``: one V-cycle, symmetric, from zero.

    Before, ``alpha`` times ``q`` is taken off ``b``; ``q`` may be ``x``.
    """
    level = levels[rank]
    grid, shape = level.grid, level.shape
    if rank + 1 == len(levels):
        _coarsest(level, x, b, q, alpha)
        return
    below, factor = levels[rank + 1], level.factor
    borders = [plane for first, last in slabs.of(shape) for plane in {first, last - 1}]

    def at_borders() -> None:
        for k in borders:
            relax(grid, x, b, (k, k + 1), ODD)

    slabs.run(lambda planes: down(grid, x, b, planes, q, alpha), shape)
    at_borders()
    below.b[:] = 0.0
    slabs.run(lambda planes: residual(grid, x, planes, factor, below.shape, below.b), shape)
    cycle(levels, below.x, below.b, slabs, rank=rank + 1)
    slabs.run(lambda planes: up(grid, x, b, planes, factor, below.shape, below.x), shape)
    at_borders()
    slabs.run(lambda planes: relax(grid, x, b, planes, EVEN), shape)


def _coarsest(level: Level, x: Floats, b: Floats, q: Floats, alpha: float) -> None:
    planes = (0, level.shape[0])
    start(level.grid, x, b, planes, q, alpha)
    colours = [ODD, *[EVEN, ODD] * (_ROUNDS - 1), *[ODD, EVEN] * _ROUNDS]
    for colour in colours:
        relax(level.grid, x, b, planes, colour)
