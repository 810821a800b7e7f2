"""Slices moved in their plane by fractions of a voxel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, kernel

__all__ = ["REACH", "move_block", "move_reach", "move_slice", "taps"]

REACH = 3
"""Voxels on either side that the interpolation reads."""


def taps(fraction: float) -> NDArray[np.float32]:
    """Return the six weights that read a signal ``fraction`` of a voxel beyond the third of six samples.

    Lanczos' windowed sine (Duchon, J. Appl. Meteorol. 18, 1016, 1979) with three lobes, made to add up
    to one. Halfway between voxels, where every interpolation is worst, it keeps 101, 102 and 91 % of waves
    of eight, four and three voxels; linear interpolation keeps 92, 71 and 50 %, cubic 99, 88 and 69 %.

    Examples
    --------
    >>> taps(0.0).tolist(), round(float(taps(0.3).sum()), 6)
    ([0.0, 0.0, 1.0, 0.0, 0.0, 0.0], 1.0)
    """
    if fraction == 0:
        return np.array([0, 0, 1, 0, 0, 0], np.float32)
    apart = fraction - np.arange(-2, 4)
    weights = np.sinc(apart) * np.sinc(apart / 3)
    return np.asarray(weights / weights.sum(), np.float32)


@kernel
def _move(
    source: NDArray[np.float32],
    top: int,
    left: int,
    along_y: NDArray[np.float32],
    along_x: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Read ``out`` from ``source`` at whole offsets and fractions; beyond the edge the outermost voxel goes on."""
    height, width = source.shape
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = np.float32(0)
            for a in range(6):
                if along_y[a] == 0:
                    continue
                j = min(max(y + top + a - 2, 0), height - 1)
                row = np.float32(0)
                for b in range(6):
                    row += along_x[b] * source[j, min(max(x + left + b - 2, 0), width - 1)]
                total += along_y[a] * row
            out[y, x] = total


def move_slice(
    source: NDArray[np.float32], shift: tuple[float, float], *, start: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Return ``shape`` pixels of a picture, read at ``start`` plus ``shift`` further on in y and x.

    Examples
    --------
    >>> ramp = np.arange(12, dtype=np.float32)[None].repeat(9, axis=0)
    >>> move_slice(ramp, (0, 2), start=(4, 3), shape=(1, 3)).tolist()
    [[5.0, 6.0, 7.0]]
    """
    top, left = math.floor(shift[0]), math.floor(shift[1])
    out = np.empty(shape, np.float32)
    weights = taps(shift[0] - top), taps(shift[1] - left)
    _move(np.ascontiguousarray(source, np.float32), start[0] + top, start[1] + left, *weights, out)
    return out


def move_reach(shifts: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return how many voxels along z, y and x `move_block` reads around a voxel, for shifts of shape (z, 2)."""
    y, x = (math.ceil(float(np.abs(shifts[:, axis]).max(initial=0.0))) + REACH for axis in (0, 1))
    return (0, y, x)


def move_block(block: Block, grey: NDArray[np.generic], *, shifts: NDArray[np.float64]) -> Done[None]:
    """Read every slice of a block at its shift; the type of the grey values stays."""
    depth, height, width = (core.stop - core.start for core in block.core)
    out = np.empty((depth, height, width), grey.dtype)
    start = (block.inner[1].start, block.inner[2].start)
    for k in range(depth):
        shift = shifts[block.core[0].start + k]
        if not shift.any():
            out[k] = grey[k][block.inner[1:]]
            continue
        moved = move_slice(grey[k].astype(np.float32), (shift[0], shift[1]), start=start, shape=(height, width))
        if grey.dtype.kind in "ui":
            limits = np.iinfo(str(grey.dtype))
            moved = np.clip(np.rint(moved), limits.min, limits.max)
        out[k] = moved.astype(grey.dtype)
    return Done(None, (out,))
