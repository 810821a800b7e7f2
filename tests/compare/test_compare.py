"""The whole comparison of two label volumes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import CellParams
from micro.compare import CompareParams, agreement, compare
from micro.errors import CalibrationError, ImageContentError, PhaseError, ShapeMismatchError
from micro.measure import MeasureParams
from micro.model import Labels, Spacing
from micro.phantoms import make_phantom

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
SPACING = Spacing(0.1, 0.05, 0.05)


def of(values: NDArray[np.uint8], spacing: Spacing = SPACING) -> Labels:
    return Labels(values, spacing)


def test_a_phantom_agrees_with_itself() -> None:
    truth = make_phantom("sem", seed=3, shape=(160, 200)).truth
    found = compare(
        truth, truth, cell=CellParams(), measure_params=MeasureParams(), params=CompareParams(), engine=Engine()
    )
    values = {row.metric: row.value for row in found.rows if row.phase_a in ("", "dendrite", "crack")}
    assert values["accuracy"] == values["iou"] == values["object_recall"] == values["object_precision"] == 1
    assert values["boundary_distance_p95"] == values["false_volume"] == values["unlabelled_share"] == 0
    assert {change.difference for change in found.changes} <= {0.0, None}
    assert any(change.metric == "contact_fraction" and change.difference == 0 for change in found.changes)


def test_rows_do_not_depend_on_blocks(pair: Pair) -> None:
    labels, truth = (of(side) for side in pair)
    whole = agreement(labels, truth, params=CompareParams(), engine=Engine())
    cut = agreement(labels, truth, params=CompareParams(), engine=Engine(block_shape=(7, 9, 8)))
    assert whole[0] == cut[0]
    assert whole[1].equals(cut[1])


def test_agreement_is_symmetric_but_for_what_has_a_side(pair: Pair) -> None:
    one, two = (of(side) for side in pair)
    rows, swapped = (
        {(row.metric, row.phase_a): row.value for row in agreement(a, b, params=CompareParams(), engine=Engine())[0]}
        for a, b in ((one, two), (two, one))
    )
    for (metric, phase), value in rows.items():
        other = {"voxel_recall": "voxel_precision", "object_recall": "object_precision"}.get(metric, metric)
        if metric in ("iou", "dice", "boundary_distance_p95", "voxel_recall", "object_recall", "unlabelled_share"):
            assert swapped[other, phase] == value


def test_a_phase_that_is_missing_says_so() -> None:
    labels, truth = np.full((2, 4, 12, 12), 2, np.uint8)
    labels[1:3, 2:9, 4] = 5
    rows = agreement(of(labels), of(truth), params=CompareParams(), engine=Engine())[0]
    found = {(row.metric, row.phase_a): row for row in rows}
    assert found["iou", "crack"].value == 0
    assert found["voxel_recall", "crack"].value is None
    assert found["voxel_recall", "crack"].note == "no crack in the truth"
    assert found["boundary_distance_p95", "crack"].note == "no boundary of crack in the truth"
    assert found["object_recall", "crack"].note == "no crack in the truth"
    assert (found["object_precision", "crack"].value, found["object_precision", "crack"].note) == (0, "0 of 1")


def test_boundaries_beyond_the_reach_leave_the_row_empty() -> None:
    labels, truth = np.full((2, 1, 40, 40), 2, np.uint8)
    labels[0, 2:4, 2:4], truth[0, 30:33, 30:33] = 1, 1
    rows = agreement(of(labels), of(truth), params=CompareParams(reach_um=0.5), engine=Engine())[0]
    row = next(row for row in rows if (row.metric, row.phase_a) == ("boundary_distance_p95", "void"))
    assert row.value is None
    assert row.note == "100 % of the boundary lies farther than 0.5 um from its counterpart"


def test_unlabelled_voxels_are_left_out_and_reported() -> None:
    labels, truth = np.full((2, 1, 10, 10), 2, np.uint8)
    labels[0, :2], truth[0, 2:4] = 0, 0
    labels[0, 5, 5] = 1
    truth[0, 5, 5] = 1
    rows = agreement(of(labels), of(truth), params=CompareParams(), engine=Engine())[0]
    values = {(row.metric, row.phase_a): row.value for row in rows}
    assert values["unlabelled_share", ""] == pytest.approx(0.4)
    assert values["iou", "SE"] == values["accuracy", ""] == 1


def test_what_can_not_be_compared_is_refused() -> None:
    two = np.full((1, 4, 4), 2, np.uint8)

    def refused(labels: Labels, truth: Labels) -> None:
        agreement(labels, truth, params=CompareParams(), engine=Engine())

    with pytest.raises(ShapeMismatchError, match="1 x 4 x 4 voxels, truth sample has 1 x 4 x 5"):
        refused(of(two), of(np.full((1, 4, 5), 2, np.uint8)))
    with pytest.raises(CalibrationError, match="--voxel-size"):
        refused(of(two), of(two, Spacing(0.1, 0.05, 0.06)))
    with pytest.raises(PhaseError, match="labels hold SE, the truth holds label 85"):
        refused(of(two), of(np.full((1, 4, 4), 85, np.uint8)))
    with pytest.raises(ImageContentError, match="no voxel is labelled"):
        refused(of(two), of(np.zeros((1, 4, 4), np.uint8)))


def test_the_thickness_of_a_section_does_not_matter() -> None:
    two = np.full((1, 4, 4), 2, np.uint8)
    rows = agreement(of(two), of(two, Spacing(7, 0.05, 0.05)), params=CompareParams(), engine=Engine())[0]
    assert rows[0].value == 1


def test_a_picture_in_the_place_of_labels_is_refused() -> None:
    picture = np.arange(1, 161, dtype=np.uint8).reshape(1, 10, 16)
    truth = of(np.full_like(picture, 2))
    for pair in ((of(picture), truth), (truth, of(picture))):
        with pytest.raises(PhaseError, match=r"hold 15\d values that name no phase .* not a picture"):
            agreement(*pair, params=CompareParams(), engine=Engine())
