"""95 % intervals for the material behind a finite field of view.

What a picture says of its material is a ratio p = A / W of sums over the picture: pores over labelled
voxels, surface over volume, contact over contact and void. Another picture of the same material has
another p; how much it would differ is told from the picture itself.

1. The residuals e = a - p w of a coarse grid's cells have a two-point covariance C(h). Var p is its
   sum over all pairs of cells over W^2 (the *integral range*: Lantuejoul 1991; Kanit et al., Int. J.
   Solids Struct. 40, 2003, 3647).
2. Far lags add noise and no covariance, so the sum ends at a ball of lags B: the smallest that holds
   `WINDOW` ** d times the correlation volume that it finds (the automatic window of Sokal 1997), and
   beyond which nothing is left: the ball of twice the radius finds no more variance than that by
   `DOUBT` of its own standard error (Lepski 1990). The second condition is what long thin things
   need: a crack's covariance reaches further than the volume that it fills.
3. p is the picture's own ratio, so the residuals sum to zero, and with them all covariances together.
   To first order the ball loses the share O = sum over B of w(x) w(x + h) / W^2 of the variance (in a
   box: the ball's volume over the picture's), and the sum is divided by 1 - O.
4. What is found is itself uncertain. A sum of covariances over a ball has the relative variance 2 O,
   as a spectral estimate with that lag window has (Priestley 1981, section 6.2); so it is worth 1 / O - 1
   degrees of freedom (Satterthwaite 1946). Few samples are worth no more than their number: the two
   add up as 1 / f = O / (1 - O) + 1 / (N - 1), with N the effective number of independent samples.
   Student's t has these f degrees of freedom.
5. The interval is symmetric for log(p / (1 - p)) of fractions, for log(p) of other positive values
   (delta method), so it never leaves what is possible.

Block bootstraps cover less than they say where the picture holds few correlation lengths, because their
blocks cut the correlation; a normal quantile or N - 1 degrees of freedom forget step 4.
`benchmarks/coverage.py` shows what is covered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

__all__ = ["Interval", "Spread", "fraction_interval", "poisson_interval", "ratio_spread", "value_interval"]

Interval = tuple[float, float]

WINDOW = 2.0
"""The covariance is summed over this many correlation lengths along each axis (see the module).

A Gaussian covariance has 2 % left beyond, in any dimension. 2.5 finds 5 to 10 % more variance, but of fewer
degrees of freedom: intervals are 15 to 40 % wider and cover 97 to 98 % where the picture holds 20 to 60 samples."""

DOUBT = 0.5
"""So many standard errors more variance at twice the radius mean that the ball was too small."""

ROUNDING = 1e-9
"""A standard error of less than this share of the value is rounding: all samples are alike, and tell no spread."""

WIDEST = 0.95
"""An interval that leaves out less than this of what a fraction may be says nothing, and is not given."""

WIDEST_RATIO = 10.0
"""Ends of a positive value's interval further apart than this factor don't tell its order of magnitude: not given."""

SAMPLES_MIN = 3.0
"""Fewer effective samples than this say nothing of the material: no interval."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Variance of an estimate, and how well it is known.

    Attributes
    ----------
    variance
        Of the estimate, in its unit squared.
    samples
        Effective number of independent samples behind it.
    freedom
        Degrees of freedom of the variance as far as the covariance's window limits them; infinite
        where no window was needed.
    """

    variance: float
    samples: float
    freedom: float = math.inf


def ratio_spread(
    numerator: NDArray[np.generic], denominator: NDArray[np.generic], edges_um: tuple[float, ...]
) -> Spread | None:
    """Return the spread of ``sum(numerator) / sum(denominator)`` over a grid of cells, or None if it can't be told.

    The sum of the residuals' two-point covariance over a ball of lags, as the module says. Cells
    without denominator are no data.

    Parameters
    ----------
    numerator, denominator
        Sums in each cell, of one shape.
    edges_um
        Edges of a cell along each axis.

    Examples
    --------
    >>> white = np.random.default_rng(1).random((64, 64)) < 0.3
    >>> spread = ratio_spread(white, np.ones((64, 64)), (1.0, 1.0))
    >>> bool(abs(spread.variance * 64 * 64 / (0.3 * 0.7) - 1) < 0.35)
    True
    """
    a, w = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    total = w.sum()
    if np.count_nonzero(w) < 8:
        return None
    residual = a - a.sum() / total * w
    scale = np.abs(residual).max()
    if scale <= 1e-12 * np.abs(a).max():
        return None
    padded = tuple(fft.next_fast_len(2 * n - 1, real=True) for n in a.shape)
    covariance = _autocorrelation(residual / scale, padded)
    weight = _autocorrelation(w / total, padded)
    lags = _lags(a.shape, padded, edges_um)
    overlap = np.cumsum(weight.ravel()[lags.order])[lags.count - 1]
    usable = int(np.count_nonzero(overlap < 0.5))
    if not usable:
        return None
    overlap = overlap[:usable]
    products = np.cumsum(covariance.ravel()[lags.order])[lags.count[:usable] - 1]
    variances = products / (1 - overlap) * (scale / total) ** 2
    single = float(covariance.flat[0]) * (scale / total) ** 2
    chosen = _ball(variances / single, overlap, lags, sum(n > 1 for n in a.shape))
    variance = float(max(variances[chosen], single * 1e-6))
    return Spread(variance, float(np.count_nonzero(w) * single / variance), float(1 / overlap[chosen] - 1))


def _ball(volumes: NDArray[np.float64], overlap: NDArray[np.float64], lags: _Lags, dims: int) -> int:
    """Return which ball of lags to take, of those with the correlation volumes (in cells) that they find.

    Where none is wide enough, the one that finds most.
    """
    radius = lags.radius[: volumes.size]
    wider = np.searchsorted(radius, 2 * radius * (1 + 1e-9), side="right") - 1
    more = volumes[wider] - volumes > DOUBT * np.sqrt(2 * overlap[wider]) * volumes
    enough = (lags.count[: volumes.size] >= WINDOW**dims * volumes) & (volumes > 0) & ~more
    return int(np.argmax(enough)) if enough.any() else int(np.argmax(volumes))


def _autocorrelation(field: NDArray[np.float64], padded: tuple[int, ...]) -> NDArray[np.float64]:
    spectrum = fft.rfftn(field, padded)
    result: NDArray[np.float64] = fft.irfftn(spectrum.real**2 + spectrum.imag**2, padded)
    return result


@dataclass(frozen=True, slots=True)
class _Lags:
    """The lags of a padded grid by length: flat indices; each different length, and how many lags it holds."""

    order: NDArray[np.int64]
    radius: NDArray[np.float64]
    count: NDArray[np.int64]


@lru_cache(maxsize=8)
def _lags(shape: tuple[int, ...], padded: tuple[int, ...], edges_um: tuple[float, ...]) -> _Lags:
    squares = np.zeros(padded)
    for axis, (length, size, edge) in enumerate(zip(shape, padded, edges_um, strict=True)):
        lag = np.minimum(np.arange(size), size - np.arange(size)).astype(np.float64)
        lag[lag >= length] = np.inf
        squares = squares + ((lag * edge) ** 2).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    flat = squares.ravel()
    order = np.argsort(flat, kind="stable")
    order = order[: np.count_nonzero(np.isfinite(flat))]
    ordered = flat[order]
    # Lengths equal but for rounding are one shell, so that no permutation of the axes can change the window.
    last = np.append(ordered[1:] > ordered[:-1] * (1 + 1e-9) + 1e-30, True)
    count = np.flatnonzero(last) + 1
    return _Lags(order, np.sqrt(ordered[count - 1]), count)


def fraction_interval(value: float, spread: Spread | None) -> Interval | None:
    """Return the interval of a fraction on the logit scale, or None where there are too few samples.

    The effective samples are those of single points: value (1 - value) / variance.

    Examples
    --------
    >>> [round(end, 3) for end in fraction_interval(0.5, Spread(0.0025, 100))]
    [0.402, 0.598]
    """
    if spread is None or not 0 < value < 1:
        return None
    samples = value * (1 - value) / spread.variance
    if samples < SAMPLES_MIN:
        return None
    half = _student(samples, spread.freedom) * math.sqrt(spread.variance) / (value * (1 - value))
    logit = math.log(value / (1 - value))
    low, high = float(special.expit(logit - half)), float(special.expit(logit + half))
    return (low, high) if high - low < WIDEST else None


def value_interval(
    value: float, spread: Spread | None, *, positive: bool = True, least: float = 0.0
) -> Interval | None:
    """Return the interval of a value, on the logarithmic scale of what is beyond ``least`` where that is positive.

    None where it can't be told, or where its ends are more than `WIDEST_RATIO` apart: it would say nothing.

    Examples
    --------
    >>> [round(end, 2) for end in value_interval(10.0, Spread(1.0, 1000))]
    [8.22, 12.17]
    >>> value_interval(10.0, Spread(40.0, 3)) is None
    True
    """
    beyond = value - least
    if spread is None or spread.samples < SAMPLES_MIN or (positive and beyond <= 0):
        return None
    if spread.variance <= (ROUNDING * beyond) ** 2:
        return None
    half = _student(spread.samples, spread.freedom) * math.sqrt(spread.variance)
    if not positive:
        return (value - half, value + half)
    # exp(700) is still a number
    stretch = math.exp(min(half / beyond, 700.0))
    low, high = least + beyond / stretch, least + beyond * stretch
    return (low, high) if high <= WIDEST_RATIO * low else None


def poisson_interval(count: float, exposure: float) -> Interval:
    """Return the exact interval of the rate ``count / exposure`` (Garwood 1936).

    A count with halves in it (objects that the picture cuts) takes the same formula between whole numbers.

    Examples
    --------
    >>> [round(end, 2) for end in poisson_interval(10, 1.0)]
    [4.8, 18.39]
    """
    low = float(special.chdtri(2 * count, 0.975)) / 2 if count else 0.0
    return (low / exposure, float(special.chdtri(2 * count + 2, 0.025)) / 2 / exposure)


def _student(samples: float, freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t for this many samples and degrees of freedom of the variance."""
    degrees = 1 / (1 / freedom + 1 / max(samples - 1, 1.0))
    return float(special.stdtrit(max(degrees, 1.0), 0.975))
