"""What a difference of labels does to every measured value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd

from micro.model import Measurement

__all__ = ["CHANGE_COLUMNS", "Change", "changes_of", "changes_table"]

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One measured value on the labels and on the truth.

    ``difference`` is labels minus truth, ``difference_percent`` in percent of the truth's value.
    ``difference_intervals`` is the difference in units of the labels' own 95 % interval, on the side
    where the truth lies: beyond 1 the true value lies outside of the interval that would be published.
    """

    metric: str
    phase_a: str
    phase_b: str
    roi: str
    unit: str
    labels: float | None
    truth: float | None
    difference: float | None
    difference_percent: float | None
    difference_intervals: float | None
    definition: str
    note: str = ""


CHANGE_COLUMNS: tuple[str, ...] = tuple(Change.__dataclass_fields__)
"""Columns of the table of changes, in this order."""


def changes_of(labels: Iterable[Measurement], truth: Iterable[Measurement]) -> tuple[Change, ...]:
    """Pair the rows of two measurement tables, in the order of the first; then those of the second alone.

    Examples
    --------
    >>> one = Measurement("porosity", 0.12, "1", "porosity/v1", ci_low=0.09, ci_high=0.16)
    >>> two = Measurement("porosity", 0.10, "1", "porosity/v1")
    >>> change = changes_of([one], [two])[0]
    >>> round(change.difference_percent), round(change.difference_intervals, 2)
    (20, 0.67)
    """
    rows = {_key(row): row for row in labels}
    true = {_key(row): row for row in truth}
    return tuple(_change(rows.get(key), true.get(key)) for key in dict.fromkeys((*rows, *true)))


def changes_table(changes: Iterable[Change]) -> pd.DataFrame:
    """Return the changes as a table with the columns of `CHANGE_COLUMNS`; empty values are NaN."""
    table = pd.DataFrame([asdict(change) for change in changes], columns=list(CHANGE_COLUMNS))
    for column in ("labels", "truth", "difference", "difference_percent", "difference_intervals"):
        table[column] = pd.to_numeric(table[column])
    return table


def _key(row: Measurement) -> Key:
    return row.metric, row.phase_a, row.phase_b, row.roi


def _change(labels: Measurement | None, truth: Measurement | None) -> Change:
    row = labels or truth
    assert row is not None
    one, two = (None if side is None else side.value for side in (labels, truth))
    notes = [f"{side}: {_why(found)}" for side, found in (("labels", labels), ("truth", truth)) if _why(found)]
    difference = None if one is None or two is None else one - two
    percent = None if difference is None or not two else 100 * difference / abs(two)
    return Change(
        *_key(row),
        row.unit,
        one,
        two,
        difference,
        percent,
        _in_intervals(labels, two),
        row.definition,
        "; ".join(notes),
    )


def _why(row: Measurement | None) -> str:
    if row is None:
        return "no such row"
    return row.note if row.value is None else ""


def _in_intervals(labels: Measurement | None, truth: float | None) -> float | None:
    """Return the difference over the part of the interval between the value and its end on the truth's side."""
    if labels is None or labels.value is None or truth is None:
        return None
    end = labels.ci_low if truth < labels.value else labels.ci_high
    if end is None or math.isclose(end, labels.value, abs_tol=0.0):
        return None
    return (labels.value - truth) / abs(labels.value - end)
