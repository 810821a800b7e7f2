"""Slices that show nothing of the sample, or another place: told from their neighbours, and made up for."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import dask.array as da
import numpy as np
from numpy.typing import NDArray

__all__ = ["between", "find_lost", "replace_lost"]


def find_lost(agreement: NDArray[np.float64], least: float) -> tuple[int, ...]:
    """Return the slices that agree with neither neighbour, by number.

    Parameters
    ----------
    agreement
        Of every slice but the first with the one before it, shape (z - 1,).
    least
        Pairs that agree by less have nothing in common.

    Examples
    --------
    Slice 2 is noise; between slices 4 and 5 something is missing, but both are good.

    >>> find_lost(np.array([0.9, 0.6, 0.5, 0.9, 0.3, 0.9]), 0.75)
    (2,)
    """
    agrees = np.concatenate([[False], agreement >= least, [False]])
    return tuple(int(k) for k in np.flatnonzero(~agrees[:-1] & ~agrees[1:]))


def _neighbours(slices: int, lost: Sequence[int]) -> dict[int, tuple[int, int, float]]:
    """Return for each lost slice the good ones before and after it, and the share of the one after."""
    good = np.setdiff1d(np.arange(slices), lost)
    found = {}
    for k in lost:
        place = int(np.searchsorted(good, k))
        before, after = int(good[max(place - 1, 0)]), int(good[min(place, good.size - 1)])
        found[k] = (before, after, (k - before) / (after - before) if after > before else 0.0)
    return found


def between(values: NDArray[np.float64], lost: Sequence[int]) -> NDArray[np.float64]:
    """Return values of all slices from those of the good ones, shape (good, ...): lost ones by straight lines.

    Examples
    --------
    >>> between(np.array([[0.0], [4.0]]), lost=[1, 3]).ravel().tolist()
    [0.0, 2.0, 4.0, 4.0]
    """
    slices = len(values) + len(lost)
    out = np.zeros((slices, *values.shape[1:]))
    out[np.setdiff1d(np.arange(slices), lost)] = values
    for k, (before, after, share) in _neighbours(slices, lost).items():
        out[k] = (1 - share) * out[before] + share * out[after]
    return out


def replace_lost(data: da.Array, lost: Sequence[int]) -> da.Array:
    """Return a stack in which each lost slice is the mean of the good ones beside it, the nearer one counting more.

    Shape (z, y, x), of the same type; nothing is computed yet.

    Examples
    --------
    >>> stack = da.from_array(np.uint8([[[10]], [[255]], [[30]]]))
    >>> replace_lost(stack, [1]).compute().ravel().tolist()
    [10, 20, 30]
    """
    if not lost:
        return data
    parts = []
    found = _neighbours(data.shape[0], lost)
    for is_lost, run in itertools.groupby(range(data.shape[0]), lambda k: k in found):
        numbers = list(run)
        if not is_lost:
            parts.append(data[numbers[0] : numbers[-1] + 1])
            continue
        for before, after, share in (found[k] for k in numbers):
            mean = (1 - share) * data[before].astype(np.float64) + share * data[after].astype(np.float64)
            whole = da.rint(mean) if data.dtype.kind in "iu" else mean
            parts.append(whole.astype(data.dtype)[None])
    return da.concatenate(parts)
