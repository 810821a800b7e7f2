"""The loops behind `micro.measure.multigrid`, each over some planes of the first axis.

Cells are coloured like a chessboard: those of one colour depend on the other alone, and every sum over cells is kept
plane by plane. So nothing hangs on how many planes a thread takes, to the last bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["Floats", "Grid", "apply", "dot", "down", "encode", "gather", "relax", "residual", "start", "turn", "up"]

Floats = NDArray[np.float64]

Grid = tuple[bool, tuple[int, int, int], NDArray[np.uint8], Floats, Floats, Floats]
"""Whether it is the finest; cells along the axes; codes; 1 over the diagonal, of each code on the finest grid, else of
each cell; what faces conduct, by axis on the finest grid, else of each cell (the other of the two is empty)."""

EVEN, ODD = 0, 1


@kernel
def _row(x: Floats, c: int, sz: int, sy: int, g: Floats) -> float:
    """Return what the neighbours of a cell bring; cells that don't conduct hold 0."""
    total: float = g[0] * (x[c - sz] + x[c + sz]) + g[1] * (x[c - sy] + x[c + sy]) + g[2] * (x[c - 1] + x[c + 1])
    return total


@kernel
def _row_of_faces(x: Floats, c: int, sz: int, sy: int, g: Floats) -> float:
    total: float = g[0, c - sz] * x[c - sz] + g[0, c] * x[c + sz]
    total += g[1, c - sy] * x[c - sy] + g[1, c] * x[c + sy]
    total += g[2, c - 1] * x[c - 1] + g[2, c] * x[c + 1]
    return total


@kernel
def _strides(grid: Grid) -> tuple[int, int]:
    sy = grid[1][2] + 2
    return (grid[1][1] + 2) * sy, sy


@kernel
def _begin(grid: Grid, k: int, j: int) -> int:
    """Return the flat place of a row's first cell."""
    sz, sy = _strides(grid)
    place: int = (k + 1) * sz + (j + 1) * sy + 1
    return place


@kernel
def start(grid: Grid, x: Floats, b: Floats, planes: tuple[int, int], q: Floats, alpha: float) -> None:
    """Begin a sweep from zero with the even cells of some planes; before, take ``alpha`` times ``q`` off ``b``.

    ``q`` may be ``x`` itself, or empty: then nothing is taken off. Of no other cell than its own is anything read.
    """
    fine, shape, codes, inverse, _, _ = grid
    for k in range(planes[0], planes[1]):
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            if q.size:
                for c in range(first, first + shape[2]):
                    b[c] -= alpha * q[c]
            for c in range(first + (k + j) % 2, first + shape[2], 2):
                x[c] = b[c] * (inverse[codes[c]] if fine else inverse[c])


@kernel
def relax(grid: Grid, x: Floats, b: Floats, planes: tuple[int, int], colour: int) -> None:
    """Sweep once over the cells of one colour (Gauss and Seidel)."""
    fine, shape, codes, inverse, g, faces = grid
    sz, sy = _strides(grid)
    for k in range(planes[0], planes[1]):
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            for c in range(first + (k + j + colour) % 2, first + shape[2], 2):
                if fine:
                    x[c] = (b[c] + _row(x, c, sz, sy, g)) * inverse[codes[c]]
                else:
                    x[c] = (b[c] + _row_of_faces(x, c, sz, sy, faces)) * inverse[c]


@kernel
def residual(
    grid: Grid,
    x: Floats,
    planes: tuple[int, int],
    factor: tuple[int, int, int],
    coarse: tuple[int, int, int],
    out: Floats,
) -> None:
    """Add the residual of a sweep from zero to the coarse cells: the even ones' only, the odd were done last.

    Before the odd were done the even had none, so it is what the odd bring.
    """
    fine, shape, codes, _, g, faces = grid
    sz, sy = _strides(grid)
    ty = coarse[2] + 2
    tz = (coarse[1] + 2) * ty
    for k in range(planes[0], planes[1]):
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            above = (k // factor[0] + 1) * tz + (j // factor[1] + 1) * ty + 1
            for i in range((k + j) % 2, shape[2], 2):
                if codes[first + i]:
                    row = _row(x, first + i, sz, sy, g) if fine else _row_of_faces(x, first + i, sz, sy, faces)
                    out[above + i // factor[2]] += row


@kernel
def prolong(
    grid: Grid,
    x: Floats,
    planes: tuple[int, int],
    factor: tuple[int, int, int],
    coarse: tuple[int, int, int],
    found: Floats,
) -> None:
    """Add the coarse solution to the even cells; the odd ones are swept over next."""
    _, shape, codes, _, _, _ = grid
    ty = coarse[2] + 2
    tz = (coarse[1] + 2) * ty
    for k in range(planes[0], planes[1]):
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            above = (k // factor[0] + 1) * tz + (j // factor[1] + 1) * ty + 1
            for i in range((k + j) % 2, shape[2], 2):
                if codes[first + i]:
                    x[first + i] += found[above + i // factor[2]]


@kernel
def down(grid: Grid, x: Floats, b: Floats, planes: tuple[int, int], q: Floats, alpha: float) -> None:
    """Do `start`, and the odd cells of all planes but the outermost two, each as soon as it can be."""
    for k in range(planes[0], planes[1]):
        start(grid, x, b, (k, k + 1), q, alpha)
        if planes[0] + 1 < k:
            relax(grid, x, b, (k - 1, k), ODD)


@kernel
def up(
    grid: Grid,
    x: Floats,
    b: Floats,
    planes: tuple[int, int],
    factor: tuple[int, int, int],
    coarse: tuple[int, int, int],
    found: Floats,
) -> None:
    """Do `prolong`, and the odd cells of all planes but the outermost two."""
    for k in range(planes[0], planes[1]):
        prolong(grid, x, (k, k + 1), factor, coarse, found)
        if planes[0] + 1 < k:
            relax(grid, x, b, (k - 1, k), ODD)


@kernel
def turn(grid: Grid, p: Floats, z: Floats, beta: float, planes: tuple[int, int]) -> None:
    """Write z + beta p into ``p``."""
    shape = grid[1]
    for k in range(planes[0], planes[1]):
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            for c in range(first, first + shape[2]):
                p[c] = z[c] + beta * p[c]


@kernel
def apply(grid: Grid, x: Floats, diagonal: Floats, planes: tuple[int, int], out: Floats, sums: Floats) -> None:
    """Write the finest grid's operator times ``x``; ``sums`` gets the product with ``x`` again, plane by plane."""
    _, shape, codes, _, g, _ = grid
    sz, sy = _strides(grid)
    for k in range(planes[0], planes[1]):
        total = 0.0
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            for c in range(first, first + shape[2]):
                if codes[c]:
                    out[c] = x[c] * diagonal[codes[c]] - _row(x, c, sz, sy, g)
                    total += out[c] * x[c]
        sums[k] = total


@kernel
def dot(grid: Grid, a: Floats, b: Floats, planes: tuple[int, int], sums: Floats) -> None:
    """Write the product of ``a`` and ``b``, plane by plane."""
    shape = grid[1]
    for k in range(planes[0], planes[1]):
        total = 0.0
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            for c in range(first, first + shape[2]):
                total += a[c] * b[c]
        sums[k] = total


@kernel
def encode(mask: NDArray[np.bool_], planes: tuple[int, int], codes: NDArray[np.uint8]) -> None:
    """Write a bit for each neighbour that conducts, and two for the ends of the box, into the rimmed ``codes``."""
    depth, height, width = mask.shape
    for k in range(planes[0], planes[1]):
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
def gather(
    grid: Grid,
    ends: Floats,
    planes: tuple[int, int],
    factor: tuple[int, int, int],
    coarse: tuple[int, int, int],
    faces: Floats,
    coarse_ends: Floats,
    held: NDArray[np.uint8],
) -> None:
    """Add up the conductances between coarse cells, and to the ends, over the faces of the fine ones.

    ``ends`` is what an end face conducts on the finest grid, else what each fine cell conducts to the ends;
    ``coarse_ends`` gets the latter, for the coarse cells. ``held`` says which of them hold fine cells that conduct.
    """
    fine, shape, codes, _, g, fine_faces = grid
    ty = coarse[2] + 2
    tz = (coarse[1] + 2) * ty
    for k in range(planes[0], planes[1]):
        for j in range(shape[1]):
            first = _begin(grid, k, j)
            above = (k // factor[0] + 1) * tz + (j // factor[1] + 1) * ty + 1
            last_k, last_j = (k + 1) % factor[0] == 0, (j + 1) % factor[1] == 0
            for i in range(shape[2]):
                c, t = first + i, above + i // factor[2]
                if codes[c] == 0:
                    continue
                held[t] = 1
                coarse_ends[t] += ends[0] * ((codes[c] >> 6 & 1) + (codes[c] >> 7 & 1)) if fine else ends[c]
                for axis in range(3):
                    last = last_k if axis == 0 else last_j if axis == 1 else (i + 1) % factor[2] == 0
                    if last:
                        faces[axis, t] += g[axis] * (codes[c] >> (2 * axis + 1) & 1) if fine else fine_faces[axis, c]
