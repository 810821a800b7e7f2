"""A slow drift of brightness across the picture, told from the phases themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel
from micro.model import BLACK, FULL_SCALE
from micro.segment.levels import GreyLevels

__all__ = ["Shading", "even_out", "flat_field", "measure_shading"]

CELLS = 12
"""The picture is averaged over this many cells along its longest axis."""


@dataclass(frozen=True)
class Shading:
    """Brightness relative to the middle of the picture: the exponential of a quadratic polynomial.

    ``coefficients`` belong to the terms of `_terms`, in coordinates from -1 to 1 across ``shape``.
    """

    shape: tuple[int, ...]
    coefficients: tuple[float, ...]

    def strength(self) -> float:
        """Return the largest over the smallest brightness in the picture, less one."""
        axes = [np.linspace(-1, 1, 9) if length > 1 else np.zeros(1) for length in self.shape]
        grid = np.meshgrid(*axes, indexing="ij")
        field = sum(c * term for c, term in zip(self.coefficients, _terms(*grid), strict=True))
        return float(np.exp(np.ptp(field)) - 1)


def _terms(z: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    return [z, y, x, z * z, y * y, x * x, z * y, z * x, y * x]


def _coordinate(start: int, stop: int, length: int) -> NDArray[np.float64]:
    return (2.0 * np.arange(start, stop) + 1 - length) / max(length - 1, 1)


def flat_field(shading: Shading, block: Block) -> NDArray[np.float32]:
    """Return the brightness at the voxels of a block's outer region."""
    z, y, x = (_coordinate(o.start, o.stop, n) for o, n in zip(block.outer, shading.shape, strict=True))
    c = shading.coefficients
    # z, y and x parts first, then the mixed ones: the same operations for a voxel in whatever block
    plain = (c[0] * z + c[3] * z * z, c[1] * y + c[4] * y * y, c[2] * x + c[5] * x * x)
    mixed = (c[6] * z[:, None] * y[None, :], c[7] * z[:, None] * x[None, :], c[8] * y[:, None] * x[None, :])
    out = np.empty((z.size, y.size, x.size), np.float32)
    _add_terms(plain, mixed, out)
    return np.exp(out, out=out)


@kernel
def _add_terms(
    plain: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    mixed: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    out: NDArray[np.float32],
) -> None:
    """Add up what depends on z, y and x, and then what depends on two of them, in double precision."""
    z, y, x = plain
    zy, zx, yx = mixed
    for k in range(z.size):
        by_z = zx[k]
        for j in range(y.size):
            begin, more, by_y, row = z[k] + y[j], zy[k, j], yx[j], out[k, j]
            for i in range(x.size):
                row[i] = (((begin + x[i]) + more) + by_z[i]) + by_y[i]


@kernel
def _even(grey: NDArray[np.uint16], field: NDArray[np.float32], out: NDArray[np.uint16]) -> None:
    """Divide what lies above black by the brightness, and round."""
    black, white = np.float32(BLACK), np.float32(FULL_SCALE)
    for k in range(grey.shape[0]):
        for j in range(grey.shape[1]):
            for i in range(grey.shape[2]):
                value = (np.float32(grey[k, j, i]) - black) / field[k, j, i] + black
                out[k, j, i] = np.uint16(min(max(np.rint(value), np.float32(0)), white))


@kernel
def _add_up(
    grey: NDArray[np.uint16],
    bounds: NDArray[np.int64],
    places: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    counts: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Count and add up the greys from the first to before the last of each class, by cell, run by run of a cell."""
    along_z, along_y, along_x = places
    width = grey.shape[2]
    for k in range(grey.shape[0]):
        for j in range(grey.shape[1]):
            begin = 0
            while begin < width:
                end = begin + 1
                while end < width and along_x[end] == along_x[begin]:
                    end += 1
                cell = along_z[k] + along_y[j] + along_x[begin]
                row = grey[k, j, begin:end]
                for n in range(len(bounds)):
                    low, high = np.int32(bounds[n, 0]), np.int32(bounds[n, 1])
                    number, total = np.int32(0), np.int32(0)
                    for i in range(end - begin):
                        value = np.int32(row[i])
                        inside = np.int32((value >= low) & (value < high))
                        number += inside
                        total += inside * value
                    counts[n, cell] += number
                    sums[n, cell] += total
                begin = end


def _cell_sums(
    block: Block,
    grey: NDArray[np.uint16],
    *,
    bounds: NDArray[np.int64],
    cells: tuple[int, int, int],
    shape: tuple[int, ...],
) -> Done[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Count and add up the voxels of each cell and class: two arrays (class, z, y, x) of exact integers."""
    z, y, x = (
        np.arange(core.start, core.stop) * count // length
        for core, count, length in zip(block.core, cells, shape, strict=True)
    )
    counts, sums = np.zeros((2, len(bounds), int(np.prod(cells))), np.int64)
    _add_up(grey, bounds, (z * cells[1] * cells[2], y * cells[2], x), counts, sums)
    return Done((counts, sums))


def measure_shading(grey: Source, levels: GreyLevels, *, engine: Engine) -> Shading | None:
    """Fit one smooth brightness to all phases at once, each with its own level.

    A least-squares fit of the logarithm of the mean grey of each phase in each cell; so a layer of
    darker material is not taken for a shadow. None where the picture shows too little.

    Parameters
    ----------
    grey
        uint16 stack, shape (z, y, x).
    levels
        Grey level of each phase.
    """
    z, y, x = grey.shape
    shape = (z, y, x)
    longest = max(shape)
    cells = tuple(min(max(1, round(CELLS * length / longest)), length) for length in shape)
    half = [(b - a) / 2 for a, b in zip(levels.greys[:-1], levels.greys[1:], strict=True)]
    chosen = [k for k in range(len(levels.greys)) if levels.names[k] != "void"]
    if not chosen:
        return None
    # middle of a phase only: mixtures at edges would pull the level
    reach = [0.5 * min(half[max(k - 1, 0) : k + 1], default=8192.0) for k in range(len(levels.greys))]
    bounds = np.array([(levels.greys[k] - reach[k], levels.greys[k] + reach[k]) for k in chosen]).astype(np.int64)
    constants = {"bounds": bounds, "cells": cells, "shape": shape}
    parts = engine.run(_cell_sums, [grey], stage="shading", constants=constants)
    counts = np.sum([part[0] for part in parts], axis=0)
    sums = np.sum([part[1] for part in parts], axis=0)
    enough = counts >= max(30, 0.1 * grey.shape[0] * grey.shape[1] * grey.shape[2] / counts.shape[1])
    if np.count_nonzero(enough) < 20:
        return None
    centres = np.meshgrid(*((2 * np.arange(n) + 1 - n) / n for n in cells), indexing="ij")
    terms = np.stack([term.ravel() for term in _terms(*centres)], axis=1)
    # two cells along an axis can't tell a square from a level: without this it takes any value
    terms[:, np.ptp(terms, axis=0) < 1e-9] = 0.0
    which, cell = np.nonzero(enough)
    own_level = (which[:, None] == np.arange(len(chosen))[None]).astype(float)
    target = np.log(np.maximum(sums[enough] / counts[enough] - BLACK, 1.0))
    solution = _robust_fit(np.hstack([terms[cell], own_level]), target)
    return Shading(shape, tuple(float(c) for c in solution[: terms.shape[1]]))


def _robust_fit(matrix: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve least squares with Huber weights; a faint ridge keeps what the picture can't tell at zero."""
    ridge = 1e-3 * np.eye(matrix.shape[1]) * len(target) / 100
    weights: NDArray[np.float64] = np.ones(len(target))
    solution: NDArray[np.float64] = np.zeros(matrix.shape[1])
    for _ in range(8):
        weighted = matrix * weights[:, None]
        solution = np.linalg.solve(weighted.T @ matrix + ridge, weighted.T @ target).astype(np.float64)
        residual = np.abs(target - matrix @ solution)
        scale = max(1.4826 * float(np.median(residual)), 1e-4)
        weights = np.minimum(1.0, 2 * scale / np.maximum(residual, 1e-12))
    return solution


def _unshade(block: Block, grey: NDArray[np.uint16], *, shading: Shading) -> Done[None]:
    out = np.empty(grey.shape, np.uint16)
    _even(grey, flat_field(shading, block), out)
    return Done(None, (out,))


def even_out(grey: Source, levels: GreyLevels, *, engine: Engine) -> tuple[Source, float]:
    """Return a stack without slow shading, and the shading's strength: as it is, and 0, where none could be told.

    Parameters
    ----------
    grey
        uint16 stack, shape (z, y, x).
    levels
        Grey level of each phase.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> halves = np.full((1, 96, 96), 30_000.0); halves[:, 48:] = 50_000
    >>> bright = halves * np.linspace(0.9, 1.1, 96)
    >>> levels = GreyLevels(("Li", "SE"), (30_000, 50_000), 600)
    >>> even, strength = even_out(bright.astype(np.uint16), levels, engine=Engine())
    >>> 0.1 < strength < 0.4, bool(np.ptp(np.asarray(even)[0, 20]) < np.ptp(bright[0, 20]) / 2)
    (True, True)
    """
    shading = measure_shading(grey, levels, engine=engine)
    if shading is None:
        return grey, 0.0
    z, y, x = grey.shape
    even: Source = engine.array((z, y, x), np.uint16)
    engine.run(_unshade, [grey], outputs=[even], stage="shading", constants={"shading": shading})
    return even, shading.strength()
