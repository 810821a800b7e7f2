"""A multigrid cycle for steady diffusion between the voxels of one phase.

Finite volumes: two voxels of the phase that share a face exchange area / distance, and those at the ends of the first
axis exchange with a concentration that is given on their outer faces. The coarse grids add up these conductances over
2 x 2 x 2 cells, fewer along an axis with long voxels (aggregation; Braess, Computing 55, 1995, 379).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["END", "Floats", "Level", "apply", "cycle", "hierarchy"]

END = 2.0
"""What a face at an end conducts, in units of a face between two voxels along the first axis: half the distance."""

_COARSEST = 512
_SOFTER = 0.6
"""What a coarse face conducts of the fine ones in it, along a halved axis: near 1/2, for twice the distance."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """A grid of cells with a rim of empty ones, all arrays flat.

    ``cells`` holds those that conduct, first those of the even colour (``even`` of them); ``inverse`` is 1 over the
    diagonal, of each entry of ``codes`` on the finest grid and of each cell on the others; ``faces`` are the
    conductances to the next cell along z, y and x: one number an axis on the finest grid, else one a cell.
    """

    strides: tuple[int, int]
    size: int
    cells: NDArray[np.int32]
    even: int
    parents: NDArray[np.int32]
    codes: NDArray[np.uint8]
    inverse: Floats
    faces: Floats


@kernel
def _row_fine(x: Floats, c: int, sz: int, sy: int, g: Floats) -> float:
    """Return what the neighbours of a cell bring; cells that don't conduct hold 0."""
    total: float = g[0] * (x[c - sz] + x[c + sz]) + g[1] * (x[c - sy] + x[c + sy]) + g[2] * (x[c - 1] + x[c + 1])
    return total


@kernel
def _row_coarse(x: Floats, c: int, sz: int, sy: int, g: Floats) -> float:
    total: float = g[0, c - sz] * x[c - sz] + g[0, c] * x[c + sz]
    total += g[1, c - sy] * x[c - sy] + g[1, c] * x[c + sy]
    total += g[2, c - 1] * x[c - 1] + g[2, c] * x[c + 1]
    return total


@kernel
def _smooth_fine(x: Floats, b: Floats, cells: NDArray[np.int32], codes: NDArray[np.uint8], inverse: Floats,
                 sz: int, sy: int, g: Floats) -> None:  # fmt: skip
    """One sweep of Gauss and Seidel over cells of one colour."""
    for c in cells:
        x[c] = (b[c] + _row_fine(x, c, sz, sy, g)) * inverse[codes[c]]


@kernel
def _smooth_coarse(x: Floats, b: Floats, cells: NDArray[np.int32], inverse: Floats, sz: int, sy: int,
                   g: Floats) -> None:  # fmt: skip
    for c in cells:
        x[c] = (b[c] + _row_coarse(x, c, sz, sy, g)) * inverse[c]


@kernel
def _restrict_fine(x: Floats, b: Floats, cells: NDArray[np.int32], parents: NDArray[np.int32],
                   codes: NDArray[np.uint8], inverse: Floats, sz: int, sy: int, g: Floats,
                   out: Floats) -> None:  # fmt: skip
    """Add the residual of every cell to its parent's."""
    for n in range(cells.size):
        c = cells[n]
        out[parents[n]] += b[c] - x[c] / inverse[codes[c]] + _row_fine(x, c, sz, sy, g)


@kernel
def _restrict_coarse(x: Floats, b: Floats, cells: NDArray[np.int32], parents: NDArray[np.int32], inverse: Floats,
                     sz: int, sy: int, g: Floats, out: Floats) -> None:  # fmt: skip
    for n in range(cells.size):
        c = cells[n]
        out[parents[n]] += b[c] - x[c] / inverse[c] + _row_coarse(x, c, sz, sy, g)


@kernel
def _prolong(x: Floats, cells: NDArray[np.int32], parents: NDArray[np.int32], coarse: Floats) -> None:
    for n in range(cells.size):
        x[cells[n]] += coarse[parents[n]]


@kernel
def apply(x: Floats, cells: NDArray[np.int32], codes: NDArray[np.uint8], inverse: Floats, sz: int, sy: int,
           g: Floats, out: Floats) -> float:  # fmt: skip
    """Write the operator's product with ``x``; return its product with ``x`` again."""
    total = 0.0
    for c in cells:
        out[c] = x[c] / inverse[codes[c]] - _row_fine(x, c, sz, sy, g)
        total += out[c] * x[c]
    return total


@kernel
def _encode(mask: NDArray[np.bool_], codes: NDArray[np.uint8]) -> None:
    """Write a bit for each neighbour that conducts, and two for the ends of the box, into the rimmed ``codes``."""
    depth, height, width = mask.shape
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                if not mask[k, j, i]:
                    continue
                code = 64 * (k == 0) + 128 * (k == depth - 1)
                code += 1 * (k > 0 and mask[k - 1, j, i]) + 2 * (k < depth - 1 and mask[k + 1, j, i])
                code += 4 * (j > 0 and mask[k, j - 1, i]) + 8 * (j < height - 1 and mask[k, j + 1, i])
                code += 16 * (i > 0 and mask[k, j, i - 1]) + 32 * (i < width - 1 and mask[k, j, i + 1])
                codes[k + 1, j + 1, i + 1] = code


@kernel
def _gather(shape: tuple[int, int, int], counts: tuple[int, int, int], factor: tuple[int, int, int], fine_faces: Floats,
            ends: Floats, codes: NDArray[np.uint8], faces: Floats, diagonal: Floats,
            held: NDArray[np.uint8]) -> None:  # fmt: skip
    """Add up the conductances between coarse cells, and to the ends, over the faces of the fine ones.

    ``fine_faces`` has one column where the fine grid is the finest; ``ends`` is then what an end face conducts, else
    what each fine cell conducts to the ends. ``diagonal`` gets the latter, for the coarse cells; ``held`` says which
    of them hold fine cells that conduct.
    """
    finest = fine_faces.shape[1] == 1
    sy = shape[2] + 2
    sz = (shape[1] + 2) * sy
    ty = counts[2] + 2
    tz = (counts[1] + 2) * ty
    for k in range(shape[0]):
        for j in range(shape[1]):
            for i in range(shape[2]):
                c = (k + 1) * sz + (j + 1) * sy + i + 1
                if codes[c] == 0:
                    continue
                a, b, d = k // factor[0], j // factor[1], i // factor[2]
                t = (a + 1) * tz + (b + 1) * ty + d + 1
                held[t] = 1
                if finest:
                    diagonal[t] += ends[0] * ((codes[c] >> 6 & 1) + (codes[c] >> 7 & 1))
                else:
                    diagonal[t] += ends[c]
                for axis in range(3):
                    last = (k + 1) // factor[0] != a if axis == 0 else (j + 1) // factor[1] != b
                    if axis == 2:
                        last = (i + 1) // factor[2] != d
                    if not last:
                        continue
                    if finest:
                        faces[axis, t] += fine_faces[axis, 0] * (codes[c] >> (2 * axis + 1) & 1)
                    else:
                        faces[axis, t] += fine_faces[axis, c]


@dataclass(frozen=True)
class _Grid:
    """A level in the making: its shape, edges, and what its cells conduct (flat, with a rim)."""

    shape: tuple[int, int, int]
    edges: tuple[float, float, float]
    codes: NDArray[np.uint8]
    faces: Floats
    ends: Floats


def _coarser(grid: _Grid) -> tuple[_Grid, tuple[int, int, int]]:
    """Return the grid of cells twice as long along the axes with short edges, and the factors."""
    least = min(edge for edge, n in zip(grid.edges, grid.shape, strict=True) if n > 1)
    fz, fy, fx = (2 if n > 1 and edge < 1.9 * least else 1 for edge, n in zip(grid.edges, grid.shape, strict=True))
    factor = (fz, fy, fx)
    z, y, x = (-(-n // f) for n, f in zip(grid.shape, factor, strict=True))
    size = (z + 2) * (y + 2) * (x + 2)
    faces, ends, codes = np.zeros((3, size)), np.zeros(size), np.zeros(size, np.uint8)
    _gather(grid.shape, (z, y, x), factor, grid.faces, grid.ends, grid.codes, faces, ends, codes)
    for axis in range(3):
        faces[axis] *= _SOFTER if factor[axis] == 2 else 1.0
    ends *= _SOFTER if fz == 2 else 1.0
    ez, ey, ex = (edge * f for edge, f in zip(grid.edges, factor, strict=True))
    return _Grid((z, y, x), (ez, ey, ex), codes, faces, ends), factor


@kernel
def _list_cells(
    codes: NDArray[np.uint8],
    shape: tuple[int, int, int],
    counts: tuple[int, int, int],
    factor: tuple[int, int, int],
    cells: NDArray[np.int32],
    parents: NDArray[np.int32],
) -> int:
    """List the cells that conduct, the even colour first, and their parents; return how many are even."""
    sy = shape[2] + 2
    sz = (shape[1] + 2) * sy
    ty = counts[2] + 2
    tz = (counts[1] + 2) * ty
    n = 0
    even = 0
    for colour in range(2):
        for k in range(shape[0]):
            for j in range(shape[1]):
                for i in range((k + j + colour) % 2, shape[2], 2):
                    c = (k + 1) * sz + (j + 1) * sy + i + 1
                    if codes[c]:
                        cells[n] = c
                        parents[n] = (k // factor[0] + 1) * tz + (j // factor[1] + 1) * ty + i // factor[2] + 1
                        n += 1
        if colour == 0:
            even = n
    return even


def _level(grid: _Grid, coarse: _Grid | None, factor: tuple[int, int, int]) -> Level:
    sy = grid.shape[2] + 2
    sz = (grid.shape[1] + 2) * sy
    found = int(np.count_nonzero(grid.codes))
    cells, parents = np.empty(found, np.int32), np.empty(found, np.int32)
    counts = grid.shape if coarse is None else coarse.shape
    even = _list_cells(grid.codes, grid.shape, counts, factor, cells, parents)
    if grid.faces.shape[1] == 1:
        bits = np.arange(256)[:, None] >> np.arange(8) & 1
        diagonal = bits @ np.append(np.repeat(grid.faces[:, 0], 2), [grid.ends[0]] * 2)
    else:
        diagonal = grid.ends.copy()
        for axis, stride in enumerate((sz, sy, 1)):
            diagonal += grid.faces[axis]
            diagonal[stride:] += grid.faces[axis][:-stride]
    inverse = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)
    faces = grid.faces[:, 0].copy() if grid.faces.shape[1] == 1 else grid.faces
    return Level((sz, sy), grid.codes.size, cells, even, parents, grid.codes, inverse, faces)


def hierarchy(mask: NDArray[np.bool_], edges: tuple[float, float, float]) -> list[Level]:
    """Return the grids for a phase, finest first; ``edges`` are the voxel edges, in any unit."""
    codes = np.zeros(tuple(n + 2 for n in mask.shape), np.uint8)
    _encode(mask, codes)
    conductance = [1.0, (edges[0] / edges[1]) ** 2, (edges[0] / edges[2]) ** 2]
    shape = (mask.shape[0], mask.shape[1], mask.shape[2])
    grid = _Grid(shape, edges, codes.ravel(), np.array(conductance)[:, None], np.array([END]))
    levels = []
    while np.count_nonzero(grid.codes) > _COARSEST and max(grid.shape) > 2:
        coarse, factor = _coarser(grid)
        levels.append(_level(grid, coarse, factor))
        grid = coarse
    return [*levels, _level(grid, None, (1, 1, 1))]


def _sweep(level: Level, x: Floats, b: Floats, *, odd: bool, finest: bool) -> None:
    cells = level.cells[level.even :] if odd else level.cells[: level.even]
    if finest:
        _smooth_fine(x, b, cells, level.codes, level.inverse, *level.strides, level.faces)
    else:
        _smooth_coarse(x, b, cells, level.inverse, *level.strides, level.faces)


def cycle(levels: list[Level], x: Floats, b: Floats, rank: int = 0) -> None:
    """Write an approximate solution for ``b`` into ``x``: one V-cycle, symmetric, from zero."""
    level, finest = levels[rank], rank == 0 and levels[0].faces.ndim == 1
    x[:] = 0.0
    rounds = 1 if rank + 1 < len(levels) else 12
    for _ in range(rounds):
        _sweep(level, x, b, odd=False, finest=finest)
        _sweep(level, x, b, odd=True, finest=finest)
    if rank + 1 < len(levels):
        below = np.zeros(levels[rank + 1].size)
        if finest:
            _restrict_fine(x, b, level.cells, level.parents, level.codes, level.inverse, *level.strides, level.faces,
                           below)  # fmt: skip
        else:
            _restrict_coarse(x, b, level.cells, level.parents, level.inverse, *level.strides, level.faces, below)
        coarse = np.empty(levels[rank + 1].size)
        cycle(levels, coarse, below, rank + 1)
        _prolong(x, level.cells, level.parents, coarse)
    for _ in range(rounds):
        _sweep(level, x, b, odd=True, finest=finest)
        _sweep(level, x, b, odd=False, finest=finest)
