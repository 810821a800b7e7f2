"""Cupping: CT slices that get darker, or brighter, from the rim to the axis of rotation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.preprocess.window_median import window_median

__all__ = ["cup", "measure_cupping"]

Grey = NDArray[np.float32]
Centre = tuple[float, float]

_CLASSES = 3
_ROUNDS = 8
_TURNS = 10
_WHOLE = 4
"""Stands for all four quadrants."""


def cup(shape: tuple[int, ...], centre: Centre, strength: float) -> Grey:
    """Return the brightness over a slice: 1 at the centre, times ``1 + strength`` at the middle of the farthest edge.

    Examples
    --------
    >>> (1000 * cup((5, 5), (2.0, 2.0), 0.1)[2]).round().tolist()
    [1100.0, 1024.0, 1000.0, 1024.0, 1100.0]
    """
    return np.asarray(np.exp(np.float32(np.log1p(strength)) * _radius(shape, centre)), np.float32)


def _radius(shape: tuple[int, ...], centre: Centre) -> Grey:
    """Return the square of the distance from the centre, 1 at half the slice's longer edge."""
    y, x = np.arange(shape[0])[:, None] - centre[0], np.arange(shape[1])[None, :] - centre[1]
    return np.asarray((y**2 + x**2) / ((max(shape) - 1) / 2) ** 2, np.float32)


def _first_nearer(rising: NDArray[np.float64], level: float, next_level: float) -> int:
    """Return from which of the rising values on the next level is the nearer one."""
    low, high = 0, rising.size
    while low < high:
        middle = (low + high) // 2
        if abs(rising[middle] - next_level) < abs(rising[middle] - level):
            high = middle
        else:
            low = middle + 1
    return low


def _median(rising: NDArray[np.float64]) -> float:
    half = rising.size // 2
    return float(rising[half] if rising.size % 2 else (rising[half - 1] + rising[half]) / 2)


def _members(flat: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return to which of three levels each value belongs, and the levels: medians of their values, until they stay.

    The values of a level lie between those of the others, so that they are sorted once.
    """
    rising = np.sort(flat)
    levels = np.percentile(rising, [10, 50, 90])
    for _ in range(_TURNS):
        from_second = _first_nearer(rising, levels[0], levels[1])
        from_third = max(from_second, _first_nearer(rising, levels[1], levels[2]))
        parts = np.split(rising, [from_second, from_third])
        moved = np.array([_median(part) if part.size else level for part, level in zip(parts, levels, strict=True)])
        if (moved == levels).all():
            break
        levels = moved
    bounds = [rising[first] if first < rising.size else np.inf for first in (from_second, from_third)]
    return (flat >= bounds[0]).astype(np.int64) + (flat >= bounds[1]), levels


def _fit(values: NDArray[np.float64], radius: NDArray[np.float64]) -> float:
    """Return the coefficient of ``radius`` in the logarithm of greys that belong to a few levels, each its own."""
    slope = 0.0
    logs = np.log(values)
    for _ in range(_ROUNDS):
        flat = logs - slope * radius
        member, levels = _members(flat)
        apart = flat - levels[member]
        spread = 1.4826 * float(np.median(np.abs(apart))) + 1e-6
        use = np.abs(apart) < 3 * spread
        top = bottom = 0.0
        for k in range(_CLASSES):
            here = use & (member == k)
            if np.count_nonzero(here) > 50:
                r = radius[here] - radius[here].mean()
                top += float(np.sum(r * apart[here]))
                bottom += float(np.sum(r * r))
        slope += top / bottom if bottom > 0 else 0.0
    return slope


def _calm(grey: Grey) -> Grey:
    return np.asarray(ndimage.uniform_filter(window_median(grey, (5, 5)), 3))


def measure_cupping(slices: list[Grey], centre: Centre, engine: Engine | None = None) -> tuple[float, float]:
    """Return how much brighter the rim is than the centre, as a share, and how uncertain that is (one sigma).

    A quadratic in the distance from the centre, fitted to the logarithm of the greys of all phases at once,
    each with its own level; the uncertainty is that of the four quadrants, whose samples differ.

    Parameters
    ----------
    slices
        Slices whose black is 0.
    centre
        Axis of rotation in voxels (y, x).
    engine
        Its threads share the work; without one this thread does it.

    Examples
    --------
    >>> flat = np.where(np.arange(80)[:, None] % 20 < 10, 0.4, 0.8) * np.ones((80, 80))
    >>> rim, error = measure_cupping([(flat * cup((80, 80), (40, 40), 0.1)).astype(np.float32)], (40, 40))
    >>> round(rim, 2), error < 0.01
    (0.1, True)
    """
    engine = engine or Engine(workers=1)
    calm = engine.map(_calm, slices)
    bright = max(float(np.percentile(grey, 95)) for grey in calm)
    radius = _radius(slices[0].shape, centre)
    y, x = np.indices(slices[0].shape)
    quadrant = 2 * (y > centre[0]) + (x > centre[1])

    def fitted(number: int) -> float:
        chosen = quadrant == number if number < _WHOLE else np.ones_like(quadrant, bool)
        parts = [(grey[chosen & (grey > 0.15 * bright)], radius[chosen & (grey > 0.15 * bright)]) for grey in calm]
        values = np.concatenate([part[0] for part in parts])[::3].astype(np.float64)
        places = np.concatenate([part[1] for part in parts])[::3].astype(np.float64)
        return _fit(values, places) if values.size > 200 else 0.0

    whole, *quadrants = engine.map(fitted, [_WHOLE, 0, 1, 2, 3])
    return float(np.expm1(whole)), float(np.std(quadrants) / 2)
