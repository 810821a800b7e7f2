"""Rows and the table."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from micro.model import TABLE_COLUMNS, Measurement, to_table

COLUMNS = "sample, state, roi, metric, phase_a, phase_b, value, unit, ci_low, ci_high, n, definition, recipe_hash, note"


def test_columns_stand_in_the_order_of_the_contract() -> None:
    assert ", ".join(TABLE_COLUMNS) == COLUMNS
    row = Measurement("porosity", 0.1, "1", "porosity/v1", note="a note").of(sample="a", state="b", recipe_hash="c")
    table = to_table([row])
    assert ", ".join(table.columns) == COLUMNS
    assert table.loc[0, "sample"] == "a"
    assert table.loc[0, "roi"] == "all"
    assert table.loc[0, "note"] == "a note"


def test_a_value_that_cannot_be_given_is_empty_and_stays_a_number() -> None:
    table = to_table([Measurement("porosity", None, "1", "p/v1"), Measurement("porosity", 0.5, "1", "p/v1", n=3)])
    assert np.isnan(table.loc[0, "value"])
    assert table["value"].dtype == table["ci_low"].dtype == table["n"].dtype == np.float64


def test_no_rows_make_an_empty_table_with_all_columns() -> None:
    table = to_table([])
    assert ", ".join(table.columns) == COLUMNS
    assert len(table) == 0


def test_rows_are_frozen_and_belonging_makes_a_copy() -> None:
    row = Measurement("porosity", 0.1, "1", "p/v1")
    assert row.of(sample="a").sample == "a"
    assert row.sample == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.value = 2.0  # type: ignore[misc]
