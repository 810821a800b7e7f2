"""Labels from a file that knows no dendrites or cracks: nothing is 0 that was not looked for."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import CellParams, anatomy, split_phases
from micro.measure import MeasureParams, Results, measure
from micro.model import Labels, Spacing

VOID, SE, LI, DENDRITE = 1, 2, 3, 4
PARAMS = CellParams(normal="-y")
DEPTH = "dendrite_depth_max"


def results_of(labels: Labels) -> Results:
    return measure(anatomy(labels, PARAMS, Engine()), MeasureParams(), Engine())


def three_phases(slices: int) -> Labels:
    """An anode below row 60 with two filaments on it, and a flat void, in void, SE and Li only."""
    values = np.full((slices, 90, 80), SE, np.uint8)
    values[:, 60:] = LI
    values[:, 30:60, 10:14] = LI
    values[:, 40:60, 50:54] = LI
    values[:, 15:18, 20:60] = VOID
    return Labels(values, Spacing(1, 1, 1))


@pytest.mark.parametrize("slices", [1, 20])
def test_dendrites_without_a_label_are_not_known_to_be_none(slices: int) -> None:
    results = results_of(three_phases(slices))
    for metric in (DEPTH, "dendrite_fraction", "dendrite_count_density", "dendrite_fragment_density", "short_circuit"):
        row = results.row(metric)
        assert (row.value, row.ci_low, row.ci_high) == (None, None, None), metric
        assert row.note == "metal reaches 29.5 um beyond the interface and is not labelled dendrite"
    assert results.row("contact_fraction").value == 1
    assert results.row("phase_fraction", phase_a="dendrite").value == 0  # of the labels: that is what they say


def test_where_some_are_labelled_the_rest_is_told() -> None:
    labels = three_phases(1)
    values = np.asarray(labels.data).copy()
    values[:, 40:60, 50:54] = DENDRITE
    row = results_of(Labels(values, labels.spacing)).row(DEPTH)
    assert row.value == pytest.approx(19.5)
    assert "metal reaches 29.5 um" in row.note


def test_split_labels_say_nothing_of_it() -> None:
    results = results_of(split_phases(three_phases(1), PARAMS, Engine()))
    assert results.row(DEPTH).value == pytest.approx(29.5)
    assert not any("not labelled dendrite" in row.note or "labelled crack" in row.note for row in results.rows)


def test_no_cracks_in_void_that_nobody_looked_through_is_told() -> None:
    results = results_of(three_phases(1))
    for metric in ("crack_density", "crack_count_density", "crack_porosity"):
        row = results.row(metric)
        assert row.value == 0
        assert "no voxel is labelled crack" in row.note, metric
    split = results_of(split_phases(three_phases(1), PARAMS, Engine())).row("crack_density")
    assert split.value is not None
    assert split.value > 0
    solid = np.where(np.asarray(three_phases(1).data) == VOID, SE, three_phases(1).data).astype(np.uint8)
    assert "labelled crack" not in results_of(Labels(solid, Spacing(1, 1, 1))).row("crack_density").note
