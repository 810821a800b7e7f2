"""How near dendrites come to the far electrode, and short circuits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micro.blocks import Engine, Shape
from micro.cell import Cell, CellParams, Part, ReferencePlane, anatomy
from micro.measure import MeasureParams, Results, measure
from micro.model import Spacing
from micro.phantoms import make_phantom

Make = Callable[..., Cell]
SE, LI, DENDRITE, CATHODE = 2, 3, 4, 6
SPACING = Spacing(0.5, 0.25, 0.25)


def results_of(make_cell: Make, top: int, *, section: bool = False, block_shape: Shape = (128, 128, 128)) -> Results:
    """Anode up to 10, electrolyte to 50, cathode beyond; a dendrite from 10 to ``top`` along y, and a short one."""
    labels = np.full((1 if section else 12, 60, 40), SE, np.uint8)
    labels[:, :10], labels[:, 50:] = LI, CATHODE
    labels[:2, 10:20, 30:34] = DENDRITE
    labels[4 : 8 if not section else None, 10:top, 10:14] = DENDRITE
    if section:
        labels[0, 10:top, 10:14] = DENDRITE
    near = ReferencePlane((0.0, 1.0, 0.0), 10 * 0.25)
    far = ReferencePlane((0.0, 1.0, 0.0), 50 * 0.25)
    cell = make_cell(labels, SPACING, normal="+y", plane=near, far_plane=far)
    return measure(cell, MeasureParams(), Engine(block_shape=block_shape))


@pytest.mark.parametrize("block_shape", [(128, 128, 128), (5, 7, 9)])
def test_the_share_of_the_way(make_cell: Make, block_shape: Shape) -> None:
    results = results_of(make_cell, 40, block_shape=block_shape)
    # The deepest centre lies at 39.5 voxels: 29.5 of 40 are done, 10.5 left.
    assert results.row("dendrite_depth_relative").value == pytest.approx(29.5 / 40)
    assert results.row("dendrite_far_distance_min").value == pytest.approx(10.5 * 0.25)
    assert results.row("short_circuit").value == 0
    table = results.objects["dendrites"].sort_values("depth_um")
    assert table["depth_relative"].tolist() == pytest.approx([9.5 / 40, 29.5 / 40])
    assert table["far_distance_um"].tolist() == pytest.approx([30.5 * 0.25, 10.5 * 0.25])
    assert table["touches_far"].tolist() == [False, False]


@pytest.mark.parametrize("block_shape", [(128, 128, 128), (12, 50, 40), (12, 49, 40)])
def test_a_short_circuit(make_cell: Make, block_shape: Shape) -> None:
    results = results_of(make_cell, 50, block_shape=block_shape)
    assert results.row("short_circuit").value == 1
    assert results.row("short_circuit").n == 1
    assert results.row("dendrite_depth_relative").value == 1
    assert results.row("dendrite_far_distance_min").value == 0
    assert sorted(results.objects["dendrites"]["touches_far"]) == [False, True]
    assert results_of(make_cell, 49, block_shape=block_shape).row("short_circuit").value == 0


def test_a_section_cannot_exclude_a_short_circuit(make_cell: Make) -> None:
    row = results_of(make_cell, 40, section=True).row("short_circuit")
    assert row.value is None
    assert row.note == "none in this section, which can't exclude one beside it"
    assert results_of(make_cell, 50, section=True).row("short_circuit").value == 1


@pytest.mark.parametrize("cell", ["shorted", "symmetric"])
@pytest.mark.parametrize(("kind", "shape"), [("xct", (96, 96, 96)), ("sem", (320, 400))])
def test_phantoms(kind: str, shape: tuple[int, ...], cell: str) -> None:
    phantom = make_phantom(kind, seed=2, noise="none", cell=cell, shape=shape)  # type: ignore[arg-type]
    found = anatomy(phantom.truth, CellParams(normal=phantom.normal), Engine())
    results = measure(found, MeasureParams(), Engine())
    true = phantom.values["short_circuit"]
    assert true == (cell == "shorted")
    section = kind == "sem" and not true
    assert results.row("short_circuit").value == (None if section else true)
    relative = results.row("dendrite_depth_relative").value
    assert relative is not None
    assert (relative == 1) == (cell == "shorted")


def test_without_a_far_electrode_or_an_anode() -> None:
    for cell, why in (("half", "no far electrode: cut by the picture"), ("no-anode", "no metal body found")):
        phantom = make_phantom("sem", seed=0, noise="none", cell=cell, shape=(200, 240))
        results = measure(anatomy(phantom.truth, CellParams(), Engine()), MeasureParams(), Engine())
        for metric in ("dendrite_depth_relative", "dendrite_far_distance_min", "short_circuit"):
            row = results.row(metric)
            assert row.value is None
            assert row.note == why
        if cell == "no-anode":
            empty = [row for row in results.rows if row.metric.startswith("dendrite_")]
            assert len(empty) > 15
            assert all(row.value is None and row.note for row in empty if row.roi == "se_region")


def test_a_section_says_what_it_misses(make_cell: Callable[..., Cell]) -> None:
    labels = np.full((60, 50), 2, np.uint8)
    labels[:10] = 3
    labels[10:30, 10:14] = 4
    labels[35:40, 30:34] = 4
    labels[50:] = 6
    parts = np.where(labels == 3, Part.ANODE, np.where(labels == 4, Part.DENDRITE, Part.OTHER)).astype(np.uint8)
    parts[35:40, 30:34] = Part.ISOLATED
    plane, far = (ReferencePlane((0.0, 1.0, 0.0), at) for at in (10.0, 50.0))
    cell = make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane, far_plane=far, parts=parts[None])
    row = measure(cell, MeasureParams(transport=()), Engine()).row
    for metric, word in (
        ("dendrite_depth_max", "lower bound"),
        ("dendrite_depth_relative", "lower bound"),
        ("dendrite_far_distance_min", "upper bound"),
        ("isolated_depth_max", "joined beside"),
        ("dendrite_isolated_fraction", "joined beside"),
    ):
        assert row(metric).value is not None
        assert word in row(metric).note
