"""Means over what lies apart in places of a picture, or hangs together all over it: gaps over the interface, pores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.measure.clusters import unequal_interval
from micro.measure.intervals import Interval, ratio_spread, value_interval

__all__ = ["amount_worth", "body_sums", "place_interval"]

APART = 1 / 3
"""Bodies are the samples if they are worth this share, at least, of what the amount over the picture is worth."""


def body_sums(counts: NDArray[np.generic], *fields: NDArray[np.generic]) -> tuple[NDArray[np.float64], ...]:
    """Return the sums of ``counts`` and of the other fields over each body: cells with a count that share a face.

    Bodies that are nearer to one another than a cell are one, which is as if they were not independent.

    Examples
    --------
    >>> counts = np.array([[2, 1, 0, 5]])
    >>> [sums.tolist() for sums in body_sums(counts, 10 * counts)]
    [[3.0, 5.0], [30.0, 50.0]]
    """
    ids, number = ndimage.label(np.asarray(counts) > 0)
    bodies = ids.ravel()
    return tuple(
        np.bincount(bodies, weights=np.asarray(one, np.float64).ravel(), minlength=number + 1)[1:].astype(np.float64)
        for one in (counts, *fields)
    )


def amount_worth(counts: NDArray[np.generic], edges_um: tuple[float, ...]) -> float:
    """Return as how many equal, independent bodies the amount over the picture varies: 1 over its relative variance.

    0 where that can't be told.

    Examples
    --------
    >>> white = np.random.default_rng(1).random((64, 64)) < 0.01
    >>> bool(abs(amount_worth(white, (1.0, 1.0)) / white.sum() - 1) < 0.25)
    True
    """
    found = np.asarray(counts, np.float64)
    spread = ratio_spread(found, np.ones(found.shape), edges_um)
    return 0.0 if spread is None else float(found.mean() ** 2 / spread.variance)


def place_interval(
    sums: NDArray[np.generic], counts: NDArray[np.generic], edges_um: tuple[float, ...]
) -> Interval | None:
    """Return the 95 % interval of ``sum(sums) / sum(counts)``, a positive mean over what fills part of a picture.

    Where it lies apart, each body is a sample: what varies within one says nothing of the next, and a few large ones
    set the mean (`unequal_interval`). Where it hangs together, as a network or as bodies that touch, the covariance of
    the places tells the spread (`ratio_spread`). Which of both it is, is told from the amount: bodies apart vary as
    much as they are worth, (sum w)^2 / sum w^2; a network varies much less than one body would. The covariance has no
    more samples than the amount is worth.

    Parameters
    ----------
    sums, counts
        Of the cells of a coarse grid, one shape.
    edges_um
        Edges of a cell along each axis.

    Examples
    --------
    >>> one = np.zeros((32, 32))
    >>> one[10:15, 10:15] = 1
    >>> place_interval(7 * one, one, (1.0, 1.0)) is None
    True
    """
    weight, numerator = body_sums(counts, sums)
    if not weight.size:
        return None
    worth = amount_worth(counts, edges_um)
    if weight.sum() ** 2 / (weight**2).sum() >= APART * worth:
        return unequal_interval(numerator, weight)
    spread = ratio_spread(sums, counts, edges_um)
    if spread is None:
        return None
    return value_interval(float(numerator.sum() / weight.sum()), replace(spread, samples=min(spread.samples, worth)))
