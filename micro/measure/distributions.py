"""Distributions of a local or per-object quantity: which share of what lies in each bin."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from micro.errors import ParameterError

__all__ = ["DISTRIBUTION_COLUMNS", "distribution_table", "even_edges"]

DISTRIBUTION_COLUMNS: tuple[str, ...] = (
    "quantity",
    "phase",
    "bin_low",
    "bin_high",
    "unit",
    "value",
    "weight",
    "n",
)
"""Columns of the table of distributions (``distributions.csv``)."""


def even_edges(largest: float, step: float) -> NDArray[np.float64]:
    """Return the edges of bins of width ``step`` from 0 on that hold ``largest``; at least one bin.

    Examples
    --------
    >>> even_edges(0.95, 0.25).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    return step * np.arange(max(1, math.floor(largest / step) + 1) + 1, dtype=np.float64)


def distribution_table(
    quantity: str,
    edges: ArrayLike,
    weights: ArrayLike,
    *,
    unit: str,
    weight: str,
    n: ArrayLike,
    phase: str = "",
) -> pd.DataFrame:
    """Return the rows of one distribution for `Findings.distributions`, columns `DISTRIBUTION_COLUMNS`.

    Parameters
    ----------
    quantity
        What is distributed, in the style of a metric: ``crack_aperture``, ``pore_diameter``.
    edges
        Ascending edges of the bins, one more than bins, in ``unit``.
    weights
        What lies in each bin. ``value`` is its share of the sum: the values of one distribution add up to 1.
    unit
        Unit of the quantity and of the edges.
    weight
        What the share is of, in words: ``mid-surface area``, ``volume``, ``number``.
    n
        How many things (objects, voxels, cells) lie in each bin.
    phase
        Whose; empty where the quantity says it.

    Raises
    ------
    ParameterError
        If edges, weights and n don't fit together.

    Examples
    --------
    >>> table = distribution_table("pore_diameter", [0, 1, 2], [3.0, 1.0], unit="um", weight="volume", n=[5, 1])
    >>> table["value"].tolist(), table["bin_high"].tolist()
    ([0.75, 0.25], [1.0, 2.0])
    """
    bounds, shares, numbers = (np.asarray(one) for one in (edges, weights, n))
    if bounds.size != shares.size + 1 or numbers.size != shares.size:
        raise ParameterError(
            f"a distribution of {quantity} with {bounds.size} edges, {shares.size} weights and {numbers.size} counts; "
            "expected one edge more than bins, and a weight and a count a bin"
        )
    total = shares.sum()
    if total <= 0:
        return pd.DataFrame(columns=list(DISTRIBUTION_COLUMNS))
    columns = (
        quantity,
        phase,
        bounds[:-1].astype(np.float64),
        bounds[1:].astype(np.float64),
        unit,
        shares / total,
        weight,
        numbers.astype(np.int64),
    )
    return pd.DataFrame(dict(zip(DISTRIBUTION_COLUMNS, columns, strict=True)))
