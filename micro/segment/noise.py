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

    A mean over n voxels has the variance ``sd ** 2 * volume / n``, at most ``sd ** 2``.
    """

    sd: float
    volume: float

    def of_means(self, voxels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the standard deviation of the mean over so many voxels each.

        Examples
        --------
        >>> Noise(300.0, 9.0).of_means(np.array([1, 9, 900])).tolist()
        [300.0, 300.0, 30.0]
        """
        return np.asarray(self.sd * np.sqrt(np.minimum(self.volume / voxels, 1.0)), np.float64)


@kernel
def _deviations(
    inside: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    level: int,
    mask: NDArray[np.int16],
    apart: NDArray[np.int16],
) -> int:
    """Write -1 for what is inside and 0 for what isn't, and eighths of its deviations; return the greatest of these.

    Rows of the output are longer, and end with zeros.
    """
    base, most = np.int32(level), np.int32(0)
    for k in range(inside.shape[0]):
        for j in range(inside.shape[1]):
            mask[k, j, inside.shape[2] :] = 0
            apart[k, j, inside.shape[2] :] = 0
            for i in range(inside.shape[2]):
                own = -np.int16(inside[k, j, i] != 0)
                value = ((np.int32(grey[k, j, i]) - base) >> np.int32(3)) & np.int32(own)
                mask[k, j, i] = own
                apart[k, j, i] = np.int16(value)
                most = max(most, abs(value))
    return int(most)


@kernel
def _add_up(
    mask: NDArray[np.int16],
    here: NDArray[np.int16],
    there: NDArray[np.int16],
    piece: int,
    alive: NDArray[np.int16],
    sums: NDArray[np.int64],
) -> None:
    """Add number and products of deviations to those a lag away, where the run goes on so far.

    So many voxels at a time that their products have room in 32 bits.
    """
    for begin in range(0, mask.size, piece):
        end = min(begin + piece, mask.size)
        own, run, first, second = mask[begin:end], alive[begin:end], here[begin:end], there[begin:end]
        number, total = np.int32(0), np.int32(0)
        for i in range(own.size):
            run[i] = np.int16(run[i] & own[i])
        for i in range(own.size):
            number = np.int32(number - np.int32(run[i]))
        for i in range(own.size):
            product = np.int32(np.int32(np.int16(run[i] & first[i])) * np.int32(second[i]))
            total = np.int32(total + product)
        sums[0] += number
        sums[1] += total


@kernel
def _products(
    mask: NDArray[np.int16],
    apart: NDArray[np.int16],
    most: int,
    lags: int,
    bounds: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add up products of deviations, for each axis and lag, along runs of what is inside: rows (number, sum).

    Plane by plane of the core's rows, each with ``lags`` zeros at its end, so that a lag is a shift of all of them.
    """
    depth, height, width = mask.shape
    y0, y1 = bounds[1, 0], bounds[1, 1]
    piece = int(max(1, (2**31 - 1) // max(most * most, 1)))
    core = np.zeros((y1 - y0, width), np.int16)
    core[:, bounds[2, 0] : bounds[2, 1]] = -1
    begins, alive = core.ravel(), np.empty(core.size, np.int16)
    for z in range(bounds[0, 0], bounds[0, 1]):
        here = apart[z, y0:y1].ravel()
        for axis in range(3):
            alive[:] = begins
            for lag in range(lags + 1):
                k, j = z + (lag if axis == 0 else 0), y0 + (lag if axis == 1 else 0)
                count = min((height - j) * width, here.size)
                if k >= depth or count <= 0:
                    break
                first = j * width + (lag if axis == 2 else 0)
                count = min(count, height * width - first)
                own, there = mask[k].ravel()[first : first + count], apart[k].ravel()[first : first + count]
                _add_up(own, here[:count], there, piece, alive[:count], sums[axis, lag])


@kernel
def _inside(labels: NDArray[np.uint8], phase: int, out: NDArray[np.uint8]) -> None:
    """Mark the voxels of ``phase`` whose neighbours two steps away along each axis, and between, are of it too."""
    depth, height, width = labels.shape
    own = np.empty(width + 4, np.bool_)
    for z in range(depth):
        for y in range(height):
            row = out[z, y]
            for x in range(width + 4):
                own[x] = labels[z, y, min(max(x - 2, 0), width - 1)] == phase
            for x in range(width):
                row[x] = own[x] & own[x + 1] & own[x + 2] & own[x + 3] & own[x + 4]
            for step in (-2, -1, 1, 2):
                behind = labels[min(max(z + step, 0), depth - 1), y]
                above = labels[z, min(max(y + step, 0), height - 1)]
                for x in range(width):
                    row[x] &= (behind[x] == phase) & (above[x] == phase)


def _noise_block(
    block: Block, places: NDArray[np.uint8], grey: NDArray[np.uint16], *, phase: int, level: int
) -> Done[NDArray[np.int64]]:
    inside = np.empty(places.shape, np.uint8)
    _inside(np.ascontiguousarray(places), phase, inside)
    bounds = np.array([(part.start, part.stop) for part in block.inner], np.int64)
    return Done(_sums(inside, grey, level, bounds))


def _sums(
    inside: NDArray[np.uint8], grey: NDArray[np.uint16], level: int, bounds: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return number and sum of the products of deviations in the core by axis and lag, shape (3, lag, 2)."""
    sums = np.zeros((3, LAGS + 1, 2), np.int64)
    depth, height, width = inside.shape
    mask, apart = (np.empty((depth, height, width + LAGS), np.int16) for _ in range(2))
    most = _deviations(inside, grey, level, mask, apart)
    _products(mask, apart, most, LAGS, bounds, sums)
    return sums


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
