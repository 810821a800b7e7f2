"""How far one picture is shifted against another, to a fraction of a pixel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import gaussian, kernel

__all__ = ["Shift", "contours", "find_shift", "refine_shift"]

Grey = NDArray[np.float32]
Shift = tuple[float, float]

FINE, COARSE = 2.0, 16.0
"""Sigmas in pixels of the edges that are compared: above the noise, below the shading."""

COARSEST = 24
"""No level of the pyramid is smaller than this."""

SEARCH = 3
"""Pixels of the coarsest level that are tried on either side."""

SCALE = 1.0
"""A difference of this many root mean squares counts a quarter."""


def contours(image: Grey) -> Grey:
    """Return what a picture shows at the scale of edges: no noise, no shading, its strength 1.

    The difference of two Gaussians, over its root mean square.

    Examples
    --------
    >>> step = np.zeros((40, 40), np.float32); step[:, 20:] = 5
    >>> round(float(np.sqrt(np.mean(contours(step) ** 2))), 3)
    1.0
    """
    fine = gaussian(np.asarray(image, np.float32)[None], (0.0, FINE, FINE))
    band = (fine - gaussian(fine, (0.0, COARSE, COARSE)))[0]
    strength = float(np.sqrt(np.mean(np.square(band, dtype=np.float64))))
    return np.asarray(band / np.float32(strength or 1.0), np.float32)


@kernel
def _mismatch(fixed: Grey, moving: Grey, dy: int, dx: int) -> float:
    """Minus the correlation of two pictures where ``moving`` is read (dy, dx) further on."""
    height, width = fixed.shape
    total = 0.0
    first = 1e-12
    second = 1e-12
    for y in range(max(0, -dy), min(height, height - dy)):
        for x in range(max(0, -dx), min(width, width - dx)):
            total += fixed[y, x] * moving[y + dy, x + dx]
            first += fixed[y, x] * fixed[y, x]
            second += moving[y + dy, x + dx] * moving[y + dy, x + dx]
    return -total / math.sqrt(first * second)


@kernel
def _sums(fixed: Grey, moving: Grey, dy: float, dx: float, scale: float, out: NDArray[np.float64]) -> None:
    """Add up the normal equations of a small shift and a gain of ``moving``, read (dy, dx) further on.

    Pixels that differ by more than ``scale`` count less (the weights of Geman and McClure).
    """
    height, width = fixed.shape
    y0, x0 = int(np.floor(dy)), int(np.floor(dx))
    fy, fx = dy - y0, dx - x0
    out[:] = 0.0
    for y in range(max(1, 1 - y0), min(height - 1, height - 2 - y0)):
        for x in range(max(1, 1 - x0), min(width - 1, width - 2 - x0)):
            j, i = y + y0, x + x0
            a, b = moving[j, i], moving[j, i + 1]
            c, d = moving[j + 1, i], moving[j + 1, i + 1]
            here = (1 - fy) * ((1 - fx) * a + fx * b) + fy * ((1 - fx) * c + fx * d)
            # the mean slope of both pictures: half the noise, and no pull to either
            gy = 0.5 * ((1 - fx) * (c - a) + fx * (d - b)) + 0.25 * (fixed[y + 1, x] - fixed[y - 1, x])
            gx = 0.5 * ((1 - fy) * (b - a) + fy * (d - c)) + 0.25 * (fixed[y, x + 1] - fixed[y, x - 1])
            apart = fixed[y, x] - here
            like = 1.0 / (1.0 + (apart / scale) * (apart / scale))
            weight = like * like
            out[0] += weight * gy * gy
            out[1] += weight * gx * gx
            out[2] += weight * gy * gx
            out[3] += weight * gy * apart
            out[4] += weight * gx * apart
            out[5] += weight * fixed[y, x] * here
            out[6] += weight * fixed[y, x] * fixed[y, x]
            out[7] += weight * here * here


def _half(image: Grey) -> Grey:
    height, width = (n // 2 * 2 for n in image.shape)
    even = image[:height, :width]
    return np.asarray(0.25 * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]), np.float32)


def find_shift(fixed: Grey, moving: Grey) -> tuple[Shift, float]:
    """Return how far ``moving`` is shifted against ``fixed`` in y and x, and how well they then agree.

    Coarse to fine: all whole shifts at the coarsest level of a pyramid, then Gauss-Newton steps on the
    slopes of both pictures at every level (Lucas and Kanade, IJCAI 1981), in which pixels that don't fit
    count less. What moved by itself, or is in one picture only, is left out in this way.

    Parameters
    ----------
    fixed, moving
        `contours` of two pictures of one shape.

    Returns
    -------
    tuple
        The shift in pixels: ``moving[y + dy, x + dx]`` looks like ``fixed[y, x]``; and the correlation
        of both, 0 to 1, of the pixels that count.

    Examples
    --------
    >>> spots = gaussian(np.random.default_rng(0).normal(size=(1, 64, 64)).astype(np.float32), (0, 2, 2))[0]
    >>> (dy, dx), agreement = find_shift(contours(spots[:-3]), contours(spots[3:]))
    >>> abs(dy + 3) < 0.1, abs(dx) < 0.1, agreement > 0.9
    (True, True, True)
    """
    levels = [(fixed, moving)]
    while min(levels[-1][0].shape) >= 2 * COARSEST:
        levels.append((_half(levels[-1][0]), _half(levels[-1][1])))
    first, second = levels[-1]
    reach = range(-SEARCH, SEARCH + 1)
    tried = {(dy, dx): _mismatch(first, second, dy, dx) for dy in reach for dx in reach}
    best = min(tried, key=lambda shift: (tried[shift], abs(shift[0]) + abs(shift[1]), shift))
    ends = [_down(levels, start) for start in dict.fromkeys([(0, 0), best])]
    shifts = [(dy, dx) for dy, dx, _ in ends]
    # of two places that both fit, the one where all pixels agree better, outliers too
    chosen = min(range(len(ends)), key=lambda k: _mismatch(fixed, moving, round(shifts[k][0]), round(shifts[k][1])))
    return shifts[chosen], ends[chosen][2]


def _down(levels: list[tuple[Grey, Grey]], start: tuple[int, int]) -> tuple[float, float, float]:
    """Follow a shift of the coarsest level down the pyramid."""
    dy, dx, agreement = float(start[0]), float(start[1]), 0.0
    for number, (first, second) in enumerate(reversed(levels)):
        if number:
            dy, dx = 2 * dy, 2 * dx
        dy, dx, agreement = refine_shift(first, second, (dy, dx))
    return dy, dx, agreement


def refine_shift(fixed: Grey, moving: Grey, start: Shift = (0.0, 0.0)) -> tuple[float, float, float]:
    """Return the shift near ``start`` by Gauss-Newton steps, and the agreement; see `find_shift`."""
    dy, dx = start
    sums = np.zeros(8)
    limit = 0.4 * min(fixed.shape)
    for _ in range(8):
        _sums(fixed, moving, dy, dx, SCALE, sums)
        yy, xx, yx, ya, xa = (float(value) for value in sums[:5])
        # a faint ridge: a picture of stripes says nothing of the shift along them
        ridge = 1e-3 * (yy + xx) + 1e-9
        yy, xx = yy + ridge, xx + ridge
        by = (xx * ya - yx * xa) / (yy * xx - yx * yx)
        bx = (yy * xa - yx * ya) / (yy * xx - yx * yx)
        dy = min(max(dy + min(max(by, -1.5), 1.5), -limit), limit)
        dx = min(max(dx + min(max(bx, -1.5), 1.5), -limit), limit)
        if abs(by) < 2e-3 and abs(bx) < 2e-3:
            break
    _sums(fixed, moving, dy, dx, SCALE, sums)
    norm = float(np.sqrt(sums[6] * sums[7]))
    return dy, dx, max(0.0, float(sums[5]) / norm) if norm > 0 else 0.0
