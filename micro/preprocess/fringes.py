"""Phase-contrast fringes: the bright and dark rims that synchrotron CT draws along every edge."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, smooth_axis
from micro.preprocess.window_median import window_median

__all__ = ["defringe_block", "fringe_reach", "fringe_taps", "measure_fringes"]

Grey = NDArray[np.float32]

STRENGTHS = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0)
"""Strengths that are tried, in voxels squared."""

_FEWEST = 10
"""Edges that a slice must have."""

_NOISE = 0.08
"""Where the noise is a larger share of an edge's step than this, fringes can't be told from it."""


def fringe_taps(strength: float) -> Grey:
    """Return the weights that undo fringes of ``strength`` along one axis.

    Close behind a sample a picture is the true one less ``strength`` times its Laplacian; in Fourier space
    times 1 + strength k^2, which is undone by its inverse (Paganin et al., J. Microsc. 206, 33, 2002). The
    inverse of one axis is an exponential of length sqrt(strength); the product over the axes leaves terms
    of strength squared.

    Examples
    --------
    >>> round(float(fringe_taps(0.5).sum()), 6), fringe_taps(0.0).tolist()
    (1.0, [1.0])
    """
    if strength <= 0:
        return np.ones(1, np.float32)
    # the discrete Laplacian has eigenvalues 2 - 2 cos k; 1 / (1 + s (2 - 2 cos k)) has the taps q^|n|
    half = 1 + 1 / (2 * strength)
    ratio = half - np.sqrt(half * half - 1)
    reach = int(np.ceil(np.log(1e-3) / np.log(ratio)))
    taps = ratio ** np.abs(np.arange(-reach, reach + 1))
    return np.asarray(taps / taps.sum(), np.float32)


def fringe_reach(strength: float, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return how many voxels along each axis `defringe_block` reads around a voxel."""
    z, y, x = (fringe_taps(strength).size // 2 if length > 1 else 0 for length in shape)
    return (z, y, x)


def _undone(grey: Grey, strength: float) -> Grey:
    for axis in range(3):
        if grey.shape[axis] > 1:
            grey = smooth_axis(grey, fringe_taps(strength), axis)
    return grey


def defringe_block(block: Block, grey: NDArray[np.uint16], *, strength: float) -> Done[None]:
    """Undo fringes in a block."""
    out = np.clip(np.rint(_undone(grey.astype(np.float32), strength)), 0, 65535).astype(np.uint16)
    return Done(None, (out[block.inner],))


def _overshoot(grey: Grey) -> float:
    """Return how far greys shoot over beside edges, as a share of the step: the mean over the clearest edges."""
    fine = ndimage.gaussian_filter(grey, 2.0, truncate=3)
    gy, gx = np.asarray(np.gradient(fine, axis=0)), np.asarray(np.gradient(fine, axis=1))
    slope = np.hypot(gy, gx)
    edge = slope == ndimage.maximum_filter(slope, 5)
    edge &= slope > 0.5 * np.percentile(slope[edge], 90)
    edge[:10], edge[-10:], edge[:, :10], edge[:, -10:] = False, False, False, False
    y, x = np.nonzero(edge)
    if y.size < _FEWEST:
        return 0.0
    ny, nx = gy[edge] / slope[edge], gx[edge] / slope[edge]
    steps = np.arange(-9, 10)
    places = np.stack([c[:, None] + n[:, None] * steps[None, :] for c, n in ((y, ny), (x, nx))])
    profiles = ndimage.map_coordinates(grey, places, order=1, mode="nearest").astype(np.float64)
    high = profiles[:, -4:].mean(axis=1)
    # the bright side only: what is dark may be thin. An edge lies halfway between its two greys
    step = 2 * (high - profiles[:, 9])
    usual = float(np.percentile(step, 75))
    noise = 1.4826 * float(np.median(np.abs(grey - window_median(grey, (3, 3)))))
    clear = step > 0.5 * usual
    # in a picture whose noise can't make a fringe
    if noise > _NOISE * usual or np.count_nonzero(clear) < _FEWEST:
        return 0.0
    over = (profiles[clear, 10:15] - high[clear, None]) / step[clear, None]
    return max(0.0, float(np.median(over, axis=0).max()))


def _left_over(grey: Grey, *, strength: float) -> float:
    return _overshoot(_undone(grey[None], strength)[0])


def measure_fringes(slices: list[Grey], engine: Engine | None = None) -> tuple[float, float]:
    """Return the overshoot beside edges as a share of their step, and the strength that undoes it.

    The strength is the least of `STRENGTHS` that brings the overshoot down to a fifth. The threads of ``engine`` share
    the work; without one this thread does it.

    Examples
    --------
    >>> step = np.zeros((80, 80), np.float32); step[:, 40:] = 1
    >>> step = ndimage.gaussian_filter(step, 0.7)
    >>> fringed = step - 0.5 * (ndimage.convolve1d(step, [1, -2, 1], axis=0) + ndimage.convolve1d(step, [1, -2, 1]))
    >>> measure_fringes([step])[0] < 0.01, measure_fringes([fringed])[0] > 0.04
    (True, True)
    """
    engine = engine or Engine(workers=1)
    found = float(np.mean(engine.map(_overshoot, slices)))
    if found < 0.005:
        return found, 0.0
    for strength in STRENGTHS:
        left = float(np.mean(engine.map(partial(_left_over, strength=strength), slices)))
        if left <= 0.2 * found:
            return found, strength
    return found, STRENGTHS[-1]
