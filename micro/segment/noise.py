"""How strong the noise of a picture is, and over how many voxels it is alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel

__all__ = ["Noise", "measure_noise"]

LAGS = 6
"""Noise that is alike over more voxels than this is drift or shading, and is left out."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise inside one phase: its standard deviation in grey values, and the voxels over which it is alike.

    A mean over n voxels has the variance ``sd ** 2 * volume / n``.
    """

    sd: float
    volume: float


@kernel
def _products(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    phase: int,
    level: int,
    lags: int,
    bounds: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add up products of deviations, for each axis and lag, along runs of the phase: rows (number, sum)."""
    depth, height, width = labels.shape
    for z in range(bounds[0, 0], bounds[0, 1]):
        for y in range(bounds[1, 0], bounds[1, 1]):
            for x in range(bounds[2, 0], bounds[2, 1]):
                if labels[z, y, x] != phase:
                    continue
                here = (np.int64(grey[z, y, x]) - level) // 8
                for axis in range(3):
                    for lag in range(lags + 1):
                        k = z + (lag if axis == 0 else 0)
                        j = y + (lag if axis == 1 else 0)
                        i = x + (lag if axis == 2 else 0)
                        if k >= depth or j >= height or i >= width or labels[k, j, i] != phase:
                            break
                        sums[axis, lag, 0] += 1
                        sums[axis, lag, 1] += here * ((np.int64(grey[k, j, i]) - level) // 8)


@kernel
def _inside(labels: NDArray[np.uint8], phase: int, out: NDArray[np.uint8]) -> None:
    """Mark the voxels of ``phase`` whose neighbours two steps away along each axis, and between, are of it too."""
    depth, height, width = labels.shape
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                full = labels[z, y, x] == phase
                for step in (-2, -1, 1, 2):
                    full = (
                        full
                        and labels[min(max(z + step, 0), depth - 1), y, x] == phase
                        and labels[z, min(max(y + step, 0), height - 1), x] == phase
                        and labels[z, y, min(max(x + step, 0), width - 1)] == phase
                    )
                out[z, y, x] = 1 if full else 0


def _noise_block(
    block: Block, places: NDArray[np.uint8], grey: NDArray[np.uint16], *, phase: int, level: int
) -> Done[NDArray[np.int64]]:
    inside = np.empty_like(places)
    _inside(places, phase, inside)
    sums = np.zeros((3, LAGS + 1, 2), np.int64)
    bounds = np.array([(part.start, part.stop) for part in block.inner], np.int64)
    _products(inside, grey, 1, level, LAGS, bounds, sums)
    return Done(sums)


def measure_noise(places: Source, grey: Source, *, phase: int, level: float, engine: Engine) -> Noise:
    """Measure the noise inside one phase, away from its edges.

    The volume over which noise is alike is the product over the axes of 1 + 2 times the sum of its
    autocorrelation. What is still alike after `LAGS` voxels (curtains, drift) is taken off first.

    Parameters
    ----------
    places, grey
        Places of the phases, and the picture, shape (z, y, x).
    phase, level
        Place and grey level of a phase that fills much of the picture.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> white = np.rint(rng.normal(30000, 800, (30, 30, 30))).astype(np.uint16)
    >>> found = measure_noise(np.zeros(white.shape, np.uint8), white, phase=0, level=30000, engine=Engine())
    >>> round(found.sd, -2), 0.8 < found.volume < 1.2
    (800.0, True)
    """
    constants = {"phase": phase, "level": round(level)}
    reach = LAGS + 2
    halo = tuple(reach if length > 1 else 0 for length in grey.shape)
    parts = engine.run(
        _noise_block,
        [places, grey],
        halo=(halo[0], halo[1], halo[2]),
        stage="noise",
        constants=constants,
    )
    sums = np.sum(np.array(parts, np.int64), axis=0).astype(np.float64)
    if sums[0, 0, 0] < 100:
        return Noise(0.0, 1.0)
    covariance = sums[..., 1] / np.maximum(sums[..., 0], 1)
    volume, kept = 1.0, 1.0
    for axis, length in enumerate(grey.shape):
        if length <= 2 * LAGS:
            continue
        rho = covariance[axis] / max(covariance[axis, 0], 1e-9)
        slow = min(max(float(rho[-1]), 0.0), 0.99)
        own = np.clip((rho[1:] - slow) / max(1 - slow, 1e-9), 0, 1)
        first = int(np.argmax(own <= 0.05)) if (own <= 0.05).any() else LAGS
        volume *= 1 + 2 * float(own[:first].sum())
        kept = min(kept, 1 - slow)
    return Noise(8 * float(np.sqrt(max(covariance[0, 0], 0.0) * kept)), volume)
