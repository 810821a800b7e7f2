from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import Cell, CellParams, anatomy
from micro.measure import MeasureParams, Results, coarsen, measure, resolution_check, with_resolution
from micro.measure.resolution import RESOLUTION_COLUMNS
from micro.model import Labels, Spacing

SPACING = Spacing(0.5, 0.25, 0.25)


def cell_of(labels: np.ndarray, spacing: Spacing = SPACING) -> Cell:
    return anatomy(Labels(labels, spacing), CellParams(normal="+y"), Engine())


def layered(thin: int = 4) -> np.ndarray:
    """An anode, electrolyte with a pore, and a crack of so many voxels."""
    labels = np.full((24, 64, 64), 2, np.uint8)
    labels[:, :20] = 3
    labels[4:12, 30:36, 10:20] = 1
    labels[2:22, 50 : 50 + thin, 4:60] = 5
    return labels


def check(cell: Cell) -> tuple[Results, object]:
    results = measure(cell, MeasureParams(), Engine())
    table = resolution_check(
        cell, results, cell_params=CellParams(normal="+y"), params=MeasureParams(), engine=Engine()
    )
    return results, table


def test_an_even_picture_is_halved_exactly() -> None:
    labels = np.repeat(np.repeat(np.repeat(np.uint8([[[1, 2], [3, 5]]]), 4, 0), 4, 1), 4, 2)
    small = coarsen(Labels(labels, SPACING), Engine())
    np.testing.assert_array_equal(np.asarray(small.data), labels[::2, ::2, ::2])
    assert small.spacing.um == (1.0, 0.5, 0.5)


def test_kinds_vote_together_and_ties_take_turns() -> None:
    # Two of void and one of crack outvote the others, and void wins within.
    assert np.asarray(coarsen(Labels(np.uint8([[1, 5], [1, 2]]), SPACING), Engine()).data).tolist() == [[[1]]]
    flat = np.full((1, 40, 40), 2, np.uint8)
    flat[0, :11] = 3
    small = np.asarray(coarsen(Labels(flat, SPACING), Engine()).data)
    # The row with as much of one as of the other: every second pixel, so that neither gains.
    assert (small[0, 5] == 3).sum() == 10
    assert (small == 3).mean() == (flat == 3).mean()


@pytest.mark.parametrize("block", [(7, 9, 11), (64, 64, 64)])
def test_blocks_make_no_difference(block: tuple[int, int, int]) -> None:
    labels = np.random.default_rng(1).integers(0, 7, (17, 30, 41)).astype(np.uint8)
    whole = np.asarray(coarsen(Labels(labels, SPACING), Engine()).data)
    np.testing.assert_array_equal(coarsen(Labels(labels, SPACING), Engine(block_shape=block)).data, whole)
    assert whole.shape == (8, 15, 20)


def test_what_is_well_resolved_stays() -> None:
    _, table = check(cell_of(layered()))
    assert tuple(table.columns) == RESOLUTION_COLUMNS
    table = table.set_index(["metric", "phase_a", "roi"])
    # Every edge lies on an even voxel: nothing changes but by rounding.
    for key in (
        ("porosity", "", "se_region"),
        ("contact_fraction", "", "interface"),
        ("crack_porosity", "", "se_region"),
    ):
        assert table.loc[key, "change"] == pytest.approx(0, abs=1e-12)
        assert table.loc[key, "note"] == ""


def test_what_is_lost_is_told() -> None:
    labels = layered()
    grain = np.random.default_rng(4).random((24, 64, 64)) < 0.15
    labels[grain & (labels == 2)] = 1  # pores of one voxel: outvoted at half the resolution
    cell = cell_of(labels)
    results, table = check(cell)
    told = with_resolution(results, table)
    row = told.row("porosity", roi="se_region")
    assert "moves by -" in row.note
    assert "at half the resolution" in row.note
    assert told.row("phase_fraction", phase_a="Li").note == results.row("phase_fraction", phase_a="Li").note
    assert list(told.checks) == ["resolution"]


@pytest.mark.parametrize("shape", [(1, 14, 40), (8, 64, 64)])
def test_too_small_says_why(make_cell: Callable[..., Cell], shape: tuple[int, int, int]) -> None:
    from micro.cell import ReferencePlane

    labels = np.full(shape, 2, np.uint8)
    labels[:, :4] = 3
    cell = make_cell(labels, SPACING, normal="+y", plane=ReferencePlane((0.0, 1.0, 0.0), 1.0))
    _, table = check(cell)
    assert table["value_coarse"].isna().all()
    assert table["note"].str.startswith("fewer than 16 voxels").all()


def test_a_drawn_reference_is_drawn_in_the_coarse_picture_too() -> None:
    labels = layered()
    labels[10:14, 20:40, 40:44] = 4
    line = CellParams(normal="+y", reference_line=((19.5, 0.0), (19.5, 63.0)))
    cell = anatomy(Labels(labels, SPACING), line, Engine())
    results = measure(cell, MeasureParams(), Engine())
    table = resolution_check(cell, results, cell_params=line, params=MeasureParams(), engine=Engine())
    depth = table[table["metric"] == "dendrite_depth_max"].iloc[0]
    # the deepest centre lies half a voxel below the tip: half a coarse voxel, less half a fine one
    assert abs(depth["change"]) <= 0.125 + 1e-9


def test_a_change_from_next_to_nothing_is_told_in_values() -> None:
    from micro.measure.resolution import _told

    assert _told(0.001, 0.2) == "from 0.001 to 0.2"
    assert _told(0.0, 0.2) == "from 0 to 0.2"
    assert _told(0.4, 0.3) == "by -25 %"
