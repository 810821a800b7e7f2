"""Doubts about labels in the notes of the rows."""

from __future__ import annotations

import numpy as np

from micro.blocks import Engine
from micro.cell import CellParams, anatomy
from micro.measure import MeasureParams, measure
from micro.model import Labels, Spacing, Step

SPACING = Spacing.parse("50nm")


def test_every_value_says_that_it_is_doubtful() -> None:
    values = np.full((30, 40), 2, np.uint8)
    values[5:9, 5:9] = 1
    step = Step("segment", {"found": {"doubts": ["order of greys", "void may be noise"], "refused": ""}})
    cell = anatomy(Labels(values, SPACING, history=(step,)), CellParams(), Engine())
    rows = measure(cell, MeasureParams(), Engine()).rows
    given = [row for row in rows if row.value is not None]
    assert given
    assert all(row.note.endswith("doubtful: order of greys, void may be noise") for row in given)
    assert all("doubtful" not in row.note for row in rows if row.value is None)


def test_nothing_labelled_leaves_every_value_empty_with_the_reason() -> None:
    step = Step("segment", {"found": {"doubts": ["one grey level only"], "refused": "all noise"}})
    cell = anatomy(Labels(np.zeros((30, 40), np.uint8), SPACING, history=(step,)), CellParams(), Engine())
    rows = measure(cell, MeasureParams(), Engine()).rows
    assert rows
    assert all(row.value is None and row.note.endswith("all noise") for row in rows)


def test_no_doubt_changes_no_note() -> None:
    values = np.full((30, 40), 2, np.uint8)
    plain = anatomy(Labels(values, SPACING), CellParams(), Engine())
    told = anatomy(
        Labels(values, SPACING, history=(Step("segment", {"found": {"doubts": []}}),)), CellParams(), Engine()
    )
    one, two = (measure(cell, MeasureParams(), Engine()).rows for cell in (plain, told))
    assert [row.note for row in one] == [row.note for row in two]
