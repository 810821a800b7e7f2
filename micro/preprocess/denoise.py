"""Noise, taken out without rounding off edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, gaussian, gaussian_reach, kernel
from micro.model import Spacing

__all__ = ["denoise_block", "denoise_reach", "guide_noise", "sigmas_voxels"]

RADIUS = 2
"""Voxels on either side that the bilateral filter reads."""


@kernel
def _bilateral(
    grey: NDArray[np.float32],
    guide: NDArray[np.float32],
    near: NDArray[np.float32],
    scale: np.float32,
    out: NDArray[np.float32],
) -> None:
    """Average the neighbours that look alike in ``guide``; ``near`` holds the weights by distance.

    Row by row, one neighbour of all voxels after the other: the sums of a voxel keep their order, and are vectorised.
    """
    depth, height, width = grey.shape
    rz, ry, rx = near.shape[0] // 2, near.shape[1] // 2, near.shape[2] // 2
    one = np.float32(1)
    totals, weights = np.empty(width, np.float32), np.empty(width, np.float32)
    for k in range(depth):
        for j in range(height):
            totals[:] = 0
            weights[:] = 0
            for dz in range(max(-rz, -k), min(rz, depth - 1 - k) + 1):
                for dy in range(max(-ry, -j), min(ry, height - 1 - j) + 1):
                    for dx in range(-rx, rx + 1):
                        begin, end = max(0, -dx), min(width, width - dx)
                        here, there = guide[k, j, begin:], guide[k + dz, j + dy, max(0, dx) :]
                        shade, close = grey[k + dz, j + dy, max(0, dx) :], near[dz + rz, dy + ry, dx + rx]
                        total, weighed = totals[begin:], weights[begin:]
                        for i in range(end - begin):
                            apart = (there[i] - here[i]) * scale
                            # 1 / (1 + t^2)^2 falls off like a Gaussian and costs no exponential
                            like = one / (one + apart * apart)
                            weight = close * like * like
                            total[i] += weight * shade[i]
                            weighed[i] += weight
            for i in range(width):
                out[k, j, i] = totals[i] / weights[i]


def sigmas_voxels(spacing: Spacing, shape: tuple[int, ...], reach_voxels: float) -> tuple[float, float, float]:
    """Return a Gaussian's sigmas in voxels that reach equally far in um along every axis.

    ``reach_voxels`` counts in voxels of the finest axis. An axis of length one is not smoothed.

    Examples
    --------
    >>> sigmas_voxels(Spacing(0.05, 0.025, 0.025), (9, 9, 9), 1.0)
    (0.5, 1.0, 1.0)
    """
    finest = min(edge for edge, length in zip(spacing.um, shape, strict=True) if length > 1 or len(set(shape)) == 1)
    z, y, x = (
        reach_voxels * finest / edge if length > 1 else 0.0 for edge, length in zip(spacing.um, shape, strict=True)
    )
    return (z, y, x)


@kernel
def _count_apart(one: NDArray[np.float32], other: NDArray[np.float32], counts: NDArray[np.int64]) -> None:
    """Count the voxels by how many greys two pictures are apart there."""
    for k in range(one.shape[0]):
        for j in range(one.shape[1]):
            for i in range(one.shape[2]):
                counts[np.int64(np.rint(abs(one[k, j, i] - other[k, j, i])))] += 1


@kernel
def _sharpened(
    grey: NDArray[np.float32], smooth: NDArray[np.float32], sharpen: np.float32, out: NDArray[np.uint16]
) -> None:
    """Add back what smoothing takes away, ``sharpen`` times, and round to the nearest of 65536 greys."""
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                value = grey[k, j, i] + sharpen * (grey[k, j, i] - smooth[k, j, i])
                out[k, j, i] = np.uint16(np.rint(min(max(value, np.float32(0)), np.float32(65535))))


def _noise_counts(
    block: Block, grey: NDArray[np.uint16], *, sigmas: tuple[float, float, float]
) -> Done[NDArray[np.int64]]:
    guide = gaussian(grey.astype(np.float32), sigmas)
    wide = gaussian(guide, sigmas)
    counts = np.zeros(65536, np.int64)
    _count_apart(guide[block.inner], wide[block.inner], counts)
    return Done(counts)


def guide_noise(grey: Source, sigmas: tuple[float, float, float], engine: Engine) -> float:
    """Return the noise (standard deviation) that is left in the Gaussian-smoothed picture.

    From the median of what a second smoothing takes away, which edges hardly move.
    """
    z, y, x = (2 * gaussian_reach(sigma) for sigma in sigmas)
    parts = engine.run(_noise_counts, [grey], halo=(z, y, x), stage="noise", constants={"sigmas": sigmas})
    below = np.cumsum(np.sum(parts, axis=0))
    return max(1.0, float(np.searchsorted(below, below[-1] / 2)) / 0.6745)


def denoise_block(
    block: Block,
    grey: NDArray[np.uint16],
    *,
    sigmas: tuple[float, float, float],
    noise: float | None,
    sharpen: float,
) -> Done[None]:
    """Denoise a block: Gaussian where ``noise`` is None, else joint bilateral with that noise in its guide.

    ``sharpen`` times what another smoothing would take away is added back: one step of Van Cittert's
    deconvolution, which restores layers as thin as the blur of the microscope and of the denoising.
    """
    source = grey.astype(np.float32)
    guide = gaussian(source, sigmas)
    if noise is None:
        result = guide
    else:
        result = np.empty_like(source)
        _bilateral(source, guide, _distance_weights(sigmas), np.float32(1 / (3 * noise)), result)
    smooth = gaussian(result, sigmas) if sharpen > 0 else result
    out = np.empty([span.stop - span.start for span in block.inner], np.uint16)
    _sharpened(result[block.inner], smooth[block.inner], np.float32(sharpen), out)
    return Done(None, (out,))


def denoise_reach(sigmas: tuple[float, float, float]) -> tuple[int, int, int]:
    """Return how many voxels along each axis `denoise_block` reads around a voxel."""
    z, y, x = (2 * gaussian_reach(sigma) + RADIUS if sigma > 0 else 0 for sigma in sigmas)
    return (z, y, x)


def _distance_weights(sigmas: tuple[float, float, float]) -> NDArray[np.float32]:
    weights = np.ones((1, 1, 1))
    for axis, sigma in enumerate(sigmas):
        offsets = np.arange(-RADIUS, RADIUS + 1) if sigma > 0 else np.zeros(1)
        shape = [1, 1, 1]
        shape[axis] = offsets.size
        weights = weights * np.exp(-0.5 * (offsets / max(1.5 * sigma, 1e-6)) ** 2).reshape(shape)
    return weights.astype(np.float32)
