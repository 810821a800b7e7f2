"""One measured value with its unit, its interval and its definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLE_COLUMNS", "Measurement", "to_table"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A row of the measurement table.

    ``value``, ``ci_low`` and ``ci_high`` (95 % interval) are None where they can't be given;
    ``note`` then says why. ``n`` is the number of independent samples behind the value
    (voxels, objects, columns: the definition says which).
    """

    metric: str
    value: float | None
    unit: str
    definition: str
    phase_a: str = ""
    phase_b: str = ""
    roi: str = "all"
    ci_low: float | None = None
    ci_high: float | None = None
    n: float | None = None
    note: str = ""
    sample: str = ""
    state: str = ""
    recipe_hash: str = ""

    def of(self, *, sample: str, state: str = "", recipe_hash: str = "") -> Measurement:
        """Return the row with the sample, state and recipe it belongs to."""
        return replace(self, sample=sample, state=state, recipe_hash=recipe_hash)

    def noted(self, *more: str) -> Measurement:
        """Return the row with further notes behind its own; empty ones are left out.

        Examples
        --------
        >>> Measurement("porosity", 0.1, "1", "porosity/v1", note="cut").noted("", "doubtful").note
        'cut; doubtful'
        """
        return replace(self, note="; ".join(filter(None, (self.note, *more))))


TABLE_COLUMNS: tuple[str, ...] = (
    "sample",
    "state",
    "roi",
    "metric",
    "phase_a",
    "phase_b",
    "value",
    "unit",
    "ci_low",
    "ci_high",
    "n",
    "definition",
    "recipe_hash",
    "note",
)
"""Columns of every measurement table, in this order."""


def to_table(rows: Iterable[Measurement]) -> pd.DataFrame:
    """Return the rows as a tidy table with the columns of `TABLE_COLUMNS`; empty values are NaN.

    Examples
    --------
    >>> to_table([Measurement("porosity", 0.1, "1", "porosity/v1")]).loc[0, "value"]
    np.float64(0.1)
    """
    import pandas as pd

    table = pd.DataFrame([asdict(row) for row in rows], columns=list(TABLE_COLUMNS))
    for column in ("value", "ci_low", "ci_high", "n"):
        table[column] = pd.to_numeric(table[column])
    return table
