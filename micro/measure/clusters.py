"""Means over objects, with whole objects as the independent samples."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from micro.measure.intervals import ROUNDING, SAMPLES_MIN, WIDEST, WIDEST_RATIO, Interval, Spread

__all__ = ["clustered_fraction", "clustered_ratio", "few_objects", "unequal_interval"]

_MANY = 500
"""With more objects than this Student's t is the normal distribution, however skewed they are."""


def few_objects(count: int, what: str) -> str:
    """Return why a mean over so many objects has no interval.

    Examples
    --------
    >>> few_objects(2, "cracks")
    'no interval: fewer than three cracks'
    >>> few_objects(4, "cracks")
    'no interval: 4 cracks, all alike or too few to tell the order of magnitude'
    """
    if count < SAMPLES_MIN:
        return f"no interval: fewer than three {what}"
    return f"no interval: {count} {what}, all alike or too few to tell the order of magnitude"


def clustered_ratio(
    numerator: NDArray[np.float64], weight: NDArray[np.float64], *, least: float | None = None
) -> tuple[float, Spread | None]:
    """Return ``sum(numerator) / sum(weight)`` over objects, and its spread with objects as clusters.

    The variance is the jackknife's, an object left out at a time (Cochran, Sampling Techniques, 1977, section 6.17);
    None below two objects. With objects of one size it equals the usual one of the ratio estimator, with unequal
    ones that is too small. Its degrees of freedom are those of as many equal objects as the weights are worth,
    (sum w)^2 / sum w^2, less one. Coverage of 95 % intervals on the logit scale, 2500 draws each of 4 to 40 objects:
    94 to 96 % for sizes that vary by half, 95 to 97 % for log-normal sizes of sigma 1.

    With ``least``, below which no value can be, the values are taken for skewed: a few of them make most of the spread,
    which is told less well by them than by as many that are alike. Then it has no more degrees of freedom than the
    jackknife of its logarithm, relative to what is beyond ``least``, leaves (with f of them that logarithm's variance
    is 1 / 2f), but at least half of the others, as many as exponential values leave: the jackknife is uncertain, too.

    Examples
    --------
    >>> value, spread = clustered_ratio(np.array([2.0, 4.0, 12.0]), np.array([1.0, 1.0, 4.0]))
    >>> value, spread.samples
    (3.0, 3)
    """
    total, count = float(weight.sum()), len(weight)
    value = float(numerator.sum()) / total
    if count < 2:
        return value, None
    change = (numerator - value * weight) / (total - weight)
    worth = max(total**2 / float((weight**2).sum()), 1.0 + 1e-9)
    freedom = worth - 1
    if least is not None and SAMPLES_MIN < count <= _MANY:
        freedom = max(min(freedom, _skewed_freedom(numerator, weight, least)), freedom / 2)
    fewer = 1 / freedom - 1 / (count - 1)
    return value, Spread(float((change**2).sum()) * (count - 1) / count, count, 1 / fewer if fewer > 1e-9 else math.inf)


def _skewed_freedom(numerator: NDArray[np.float64], weight: NDArray[np.float64], least: float) -> float:
    """Return the degrees of freedom that the jackknife of log(standard error / (value - least)) leaves."""
    count = len(weight)
    total, left = weight.sum() - weight, numerator.sum() - numerator
    values = left / total
    # row i: the objects without i; column k: what leaving k out too changes
    without = total[:, None] - weight
    np.fill_diagonal(without, np.inf)
    squares = (((numerator - values[:, None] * weight) / without) ** 2).sum(axis=1)
    if (values <= least).any() or (squares <= 0).any():
        return math.inf
    told = np.log(squares) / 2 - np.log(values - least)
    return 1 / max(2 * float(((told - told.mean()) ** 2).sum()) * (count - 1) / count, 1e-9)


def unequal_interval(numerator: NDArray[np.float64], weight: NDArray[np.float64]) -> Interval | None:
    """Return the 95 % interval of a positive ``sum(numerator) / sum(weight)`` over objects of very unequal size.

    What a mean by volume is made of is skewed: a few large objects set it, and a picture that happens to lack them
    tells neither the value nor the spread. The skewness of what each object adds is taken out by Hall's transformation
    (J. R. Stat. Soc. B 54, 1992, 221) before Student's t is asked, with the degrees of freedom of `clustered_ratio`.
    Thickness of gaps and size of pores of log-normal radii (sigma .35 and .4), 6 to 200 objects a picture, 2000
    draws each: 93 to 97 % covered; on a logarithmic scale 78 to 93 %.

    None with fewer than three objects, where all are alike, and where the ends are further than `WIDEST_RATIO` apart.

    Examples
    --------
    >>> radii = np.random.default_rng(1).lognormal(1.5, 0.4, 25)
    >>> [round(end, 2) for end in unequal_interval(radii**3, radii**2)]
    [4.88, 8.1]
    """
    value, spread = clustered_ratio(numerator, weight, least=0.0)
    if spread is None or spread.samples < SAMPLES_MIN or spread.variance <= (ROUNDING * value) ** 2:
        return None
    change = (numerator - value * weight) / (weight.sum() - weight)
    skew = float((change**3).sum() / (change**2).sum() ** 1.5)
    quantile = float(special.stdtrit(max(1 / (1 / spread.freedom + 1 / (spread.samples - 1)), 1.0), 0.975))
    error = math.sqrt(spread.variance)
    low, high = (value - error * _unskewed(end, skew) for end in (quantile, -quantile))
    return (low, high) if 0 < low < high <= WIDEST_RATIO * low else None


def _unskewed(quantile: float, skew: float) -> float:
    """Return the quantile of the studentised mean whose transform is ``quantile``; ``skew`` is over the root of n."""
    if abs(skew) < 1e-6:
        return quantile
    return 3 / skew * (math.cbrt(1 + skew * (quantile - skew / 6)) - 1)


def clustered_fraction(numerator: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[float, Interval | None]:
    """Return a fraction over objects and its 95 % interval on the logit scale, Student's t on the number of objects.

    Examples
    --------
    >>> value, interval = clustered_fraction(np.array([2.0, 4.0, 5.0]), np.array([10.0, 10.0, 10.0]))
    >>> round(value, 2), [round(end, 2) for end in interval]
    (0.37, [0.1, 0.75])
    """
    value, spread = clustered_ratio(numerator, weight)
    if spread is None or spread.samples < SAMPLES_MIN or not 0 < value < 1:
        return value, None
    degrees = max(1 / (1 / spread.freedom + 1 / (spread.samples - 1)), 1.0)
    half = float(special.stdtrit(degrees, 0.975)) * math.sqrt(spread.variance) / (value * (1 - value))
    logit = math.log(value / (1 - value))
    low, high = float(special.expit(logit - half)), float(special.expit(logit + half))
    return value, (low, high) if high - low < WIDEST else None
