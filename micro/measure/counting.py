"""How many objects a picture stands for, where its border cuts some of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micro.measure.intervals import poisson_interval
from micro.model import Measurement

__all__ = ["count_row", "cut_weights", "whole_weights"]


def cut_weights(
    start: NDArray[np.int64], stop: NDArray[np.int64], shape: tuple[int, ...], axes: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return what each object counts for: 1, half for each axis along which the picture's border cuts it, or 0.

    A picture sees more objects than it holds, because those that stick out are seen too: pieces of length l
    in a picture of length L seem (L + l) / L times as many. Counting only those whose lower end lies inside is free
    of that bias (the associated point rule: Gundersen, J. Microsc. 111, 1977, 219); counting by the upper
    end is as good, and the mean of all corners treats all sides alike. So an object that touches one of an
    axis's two faces counts half, one that touches both counts nothing. Exact for boxes, but for one voxel
    in each axis's length: an object that just touches the border can't be told from one that is cut.

    Parameters
    ----------
    start, stop
        Boxes of the objects in voxels, shape (objects, 3).
    shape
        Of the picture, in voxels.
    axes
        Those along which the picture is a sample of more; an axis one voxel long never counts.

    Examples
    --------
    >>> cut_weights(np.array([[0, 2, 0], [0, 3, 4]]), np.array([[1, 9, 3], [1, 5, 6]]), (1, 9, 9), (1, 2))
    array([0.25, 1.  ])
    """
    weights = np.ones(len(start))
    for axis in axes:
        if shape[axis] > 1:
            low, high = start[:, axis] == 0, stop[:, axis] == shape[axis]
            weights *= 1 - 0.5 * low - 0.5 * high
    return weights


def count_row(row: Measurement, weights: NDArray[np.float64], exposure: float) -> Measurement:
    """Return ``row`` with the number of objects over ``exposure``, its Poisson interval, and a word on those cut.

    n is the number of objects that are seen, whole or cut.
    """
    count = float(weights.sum())
    low, high = poisson_interval(count, exposure)
    cut = int(np.count_nonzero(weights < 1))
    note = f"{cut} of {weights.size} cut by the picture: they count half, or nothing if cut at both ends" if cut else ""
    return replace(row, value=count / exposure, ci_low=low, ci_high=high, n=int(weights.size), note=note)


def whole_weights(extents: NDArray[np.int64], shape: tuple[int, ...], axes: tuple[int, ...]) -> NDArray[np.float64]:
    """Return how many objects like it there are for each that the picture holds whole.

    Of the places where an object's box can begin, those without a touch of the border (Miles 1974, Lantuejoul 1980),
    along ``axes``; an axis one voxel long never counts.

    Examples
    --------
    >>> whole_weights(np.array([[4, 1, 1]]), (10, 1, 8), (0, 1))
    array([2.])
    """
    weights = np.ones(len(extents))
    for axis in axes:
        if shape[axis] > 1:
            weights *= shape[axis] / np.maximum(shape[axis] - 1 - extents[:, axis], 1)
    return weights
