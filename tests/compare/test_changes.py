"""Measured values side by side."""

from __future__ import annotations

import numpy as np
import pytest

from micro.compare import CHANGE_COLUMNS, changes_of, changes_table
from micro.model import Measurement


def row(value: float | None, low: float | None = None, high: float | None = None, **more: str) -> Measurement:
    return Measurement("porosity", value, "1", "porosity/v1", ci_low=low, ci_high=high, **more)  # type: ignore[arg-type]


def test_beyond_one_the_truth_lies_outside_of_the_interval() -> None:
    ends = (0.08, 0.14)
    units = [changes_of([row(0.1, *ends)], [row(true)])[0].difference_intervals for true in (0.08, 0.14, 0.06, 0.12)]
    assert units == pytest.approx([1.0, -1.0, 2.0, -0.5])


def test_no_interval_no_units_and_no_percent_of_zero() -> None:
    change = changes_of([row(0.1)], [row(0.0)])[0]
    assert (change.difference, change.difference_percent, change.difference_intervals) == (0.1, None, None)


def test_a_missing_value_says_why_on_its_side() -> None:
    change = changes_of([row(None, note="no metal body found")], [row(0.2)])[0]
    assert (change.labels, change.truth, change.difference) == (None, 0.2, None)
    assert change.note == "labels: no metal body found"


def test_rows_that_only_one_side_has() -> None:
    found = changes_of([row(0.1, phase_a="void")], [row(0.2, phase_a="crack")])
    assert [(one.phase_a, one.note) for one in found] == [
        ("void", "truth: no such row"),
        ("crack", "labels: no such row"),
    ]
    table = changes_table(found)
    assert tuple(table.columns) == CHANGE_COLUMNS
    assert np.isnan(table.loc[0, "truth"])
