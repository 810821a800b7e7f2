"""Distances inside a block."""

from __future__ import annotations

import math

import edt
import numpy as np
from numpy.typing import NDArray

from micro.blocks.kernels import kernel

__all__ = ["distance_um", "within_um"]

_FAR = np.float32(3e38)
"""Stands for no seed in reach; squares added to it stay finite."""
_WINDOW_MAX = 48
_CLEAR = 1e-5
"""Squared steps that are nearer than this share to a whole number are left to single precision, as ever."""


def distance_um(mask: NDArray[np.bool_], edges_um: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return the distance of each voxel of ``mask`` from the nearest voxel outside it, in um; infinite where none is.

    The border of the array is no outside.

    Examples
    --------
    >>> distance_um(np.array([[[True, True, False]]]), (1.0, 1.0, 0.5))
    array([[[1. , 0.5, 0. ]]], dtype=float32)
    """
    distance: NDArray[np.float32] = edt.edt(np.ascontiguousarray(mask), anisotropy=edges_um, black_border=False)
    return distance


@kernel
def _along_rows(seeds: NDArray[np.bool_], edge: float, reach: int, out: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Write the squared distance of the nearest seed in each voxel's row; return which rows have one."""
    depth, height, width = seeds.shape
    held = np.zeros((depth, height), np.bool_)
    for k in range(depth):
        for j in range(height):
            out[k, j, :] = _FAR
            steps = reach + 1
            for i in range(width):
                steps = 0 if seeds[k, j, i] else steps + 1
                if steps <= reach:
                    out[k, j, i] = np.float32((steps * edge) ** 2)
                    held[k, j] = True
            if not held[k, j]:
                continue
            steps = reach + 1
            for i in range(width - 1, -1, -1):
                steps = 0 if seeds[k, j, i] else steps + 1
                if steps <= reach:
                    out[k, j, i] = min(out[k, j, i], np.float32((steps * edge) ** 2))
    return held


@kernel
def _across_rows(
    source: NDArray[np.float32], held: NDArray[np.bool_], edge: float, reach: int, out: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Take the least over the rows of the middle axis, squared steps added; return which rows have a seed in reach."""
    depth, height, width = source.shape
    found = np.zeros((depth, height), np.bool_)
    for k in range(depth):
        for j in range(height):
            row = out[k, j]
            row[:] = _FAR
            for other in range(max(0, j - reach), min(height, j + reach + 1)):
                if not held[k, other]:
                    continue
                found[k, j] = True
                more = np.float32(((other - j) * edge) ** 2)
                line = source[k, other]
                for i in range(width):
                    value = line[i] + more
                    row[i] = value if value < row[i] else row[i]
    return found


@kernel
def _steps_along(seeds: NDArray[np.uint8], reach: int, far: int, out: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Write the squared steps to the nearest seed in each voxel's row, or ``far``; return which rows have one."""
    depth, height, width = seeds.shape
    held = np.zeros((depth, height), np.bool_)
    padded = np.full(width + 2 * reach, far, np.uint8)
    middle = padded[reach : reach + width]
    for k in range(depth):
        for j in range(height):
            row, seed = out[k, j], seeds[k, j]
            some = np.uint8(0)
            for i in range(width):
                some |= seed[i]
                middle[i] = np.uint8(0) if seed[i] else np.uint8(far)
                row[i] = middle[i]
            if some == 0:
                continue
            held[k, j] = True
            for step in range(1, reach + 1):
                more, left, right = np.uint8(step * step), padded[reach - step :], padded[reach + step :]
                for i in range(width):
                    nearer = left[i] if left[i] < right[i] else right[i]
                    value = np.uint8(nearer + more)
                    row[i] = value if value < row[i] else row[i]
    return held


@kernel
def _steps_across(
    source: NDArray[np.uint8], held: NDArray[np.bool_], reach: int, far: int, out: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Take the least over the rows of the middle axis, squared steps added; return which rows have a seed in reach."""
    depth, height, width = source.shape
    found = np.zeros((depth, height), np.bool_)
    for k in range(depth):
        for j in range(height):
            row = out[k, j]
            row[:] = far
            for other in range(max(0, j - reach), min(height, j + reach + 1)):
                if not held[k, other]:
                    continue
                found[k, j] = True
                more, line = np.uint8((other - j) ** 2), source[k, other]
                for i in range(width):
                    value = np.uint8(line[i] + more)
                    row[i] = value if value < row[i] else row[i]
    return found


def _steps_max(edges: list[float], radius_um: float) -> int | None:
    """Return the most squared steps that lie within a radius, where they are whole numbers that fit a byte.

    None where the edges differ, or where rounding could decide whether a number lies within.
    """
    if len(set(edges)) != 1:
        return None
    squared = (radius_um / edges[0]) ** 2
    clear = abs(squared - round(squared)) > _CLEAR * max(squared, 1.0)
    # the farthest that is told apart from `far`, and a step more along one axis
    return math.floor(squared) if clear and 2 * squared + 1 <= 255 else None


def _within_steps(seeds: NDArray[np.bool_], reach: list[int], most: int) -> NDArray[np.bool_]:
    """Return which voxels have a seed within ``most`` squared steps."""
    first = np.empty(seeds.shape, np.uint8)
    held = _steps_along(seeds.view(np.uint8), reach[2], most + 1, first)
    if reach[1]:
        source, first = first, np.empty_like(first)
        held = _steps_across(source, held, reach[1], most + 1, first)
    if reach[0]:
        source, first = first, np.empty_like(first)
        turned = np.ascontiguousarray(held.T)
        _steps_across(source.swapaxes(0, 1), turned, reach[0], most + 1, first.swapaxes(0, 1))
    inside: NDArray[np.bool_] = first <= most
    return inside


def within_um(seeds: NDArray[np.bool_], edges_um: tuple[float, float, float], radius_um: float) -> NDArray[np.bool_]:
    """Return which voxels have a seed within ``radius_um``, the same as by the whole distance but faster.

    Squared distances of single axes are added in the order x, y, z, over a window of the radius; of cubic voxels
    squared steps are counted, in bytes, where the radius is short. Beyond `_WINDOW_MAX` voxels the whole distance
    is the faster one.

    Parameters
    ----------
    seeds
        Shape (z, y, x).
    edges_um
        Voxel edges along z, y and x.

    Examples
    --------
    >>> within_um(np.array([[[True, False, False, False]]]), (1.0, 1.0, 0.5), 1.0)
    array([[[ True,  True,  True, False]]])
    """
    seeds = np.ascontiguousarray(seeds)
    if radius_um < 0 or not seeds.any():
        return np.zeros(seeds.shape, np.bool_)
    reach = [int(min(radius_um / edge, length)) for edge, length in zip(edges_um, seeds.shape, strict=True)]
    if reach[0] + reach[1] > _WINDOW_MAX:
        near: NDArray[np.bool_] = distance_um(~seeds, edges_um) <= radius_um
        return near
    most = _steps_max([edge for edge, steps in zip(edges_um, reach, strict=True) if steps], radius_um)
    if most is not None:
        return _within_steps(seeds, reach, most)
    first, second = np.empty(seeds.shape, np.float32), np.empty(seeds.shape, np.float32)
    held = _along_rows(seeds, float(edges_um[2]), reach[2], first)
    held = _across_rows(first, held, float(edges_um[1]), reach[1], second)
    if reach[0]:
        turned = np.ascontiguousarray(held.T)
        _across_rows(second.swapaxes(0, 1), turned, float(edges_um[0]), reach[0], first.swapaxes(0, 1))
        second = first
    inside: NDArray[np.bool_] = second <= np.float32(radius_um**2)
    return inside
