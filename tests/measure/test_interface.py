from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import Cell, CellParams, Part, ReferencePlane, anatomy
from micro.measure import MeasureParams, measure
from micro.model import Labels, Spacing

Tilted = Callable[..., tuple[Cell, float]]
MakeCell = Callable[..., Cell]


@pytest.mark.parametrize("angle_deg", [0, 10, 20, 30, 45])
def test_same_on_both_sides_up_to_45_degrees(make_tilted: Tilted, angle_deg: float) -> None:
    values = []
    for side in ("metal", "SE"):
        cell, truth = make_tilted(angle_deg, side=side)
        results = measure(cell, MeasureParams(), Engine())
        values.append(results.row("contact_fraction").value)
        # 0.01: the bar of the project; the outline of a disc of 9 voxels is known to about that.
        assert values[-1] == pytest.approx(truth, abs=0.01)
        assert results.row("contact_fraction_projected").value == pytest.approx(truth, abs=0.01)
    assert values[0] == pytest.approx(values[1], abs=0.01)


@pytest.mark.parametrize("edges", [(1, 1, 2), (2, 1, 1), (1, 2, 1)])
def test_anisotropic_voxels(make_tilted: Tilted, edges: tuple[int, int, int]) -> None:
    cell, truth = make_tilted(20, spacing=Spacing(*edges), shape=tuple(96 // e for e in edges))
    results = measure(cell, MeasureParams(), Engine())
    # The same bar, twice as coarse along one axis.
    assert results.row("contact_fraction").value == pytest.approx(truth, abs=0.015)


def test_area_of_a_tilted_plane(make_tilted: Tilted) -> None:
    cell, _ = make_tilted(30)
    results = measure(cell, MeasureParams(), Engine())
    # The 95 steps between 96 columns may lack up to two voxels of the staircase's rise: 2 x 96 x sin 30 deg.
    assert results.row("interface_area").value == pytest.approx(96 * 96 / np.cos(np.pi / 6), abs=96)


def test_section_reads_length_and_fraction(make_cell: MakeCell) -> None:
    labels = np.full((40, 60), 2, np.uint8)
    labels[:20] = 3
    labels[20:24, 10:25] = 1
    plane = ReferencePlane((0.0, 1.0, 0.0), 10.0)
    cell = make_cell(labels, Spacing(7.0, 0.5, 0.5), normal="+y", plane=plane)
    results = measure(cell, MeasureParams(), Engine())
    assert results.row("contact_fraction").value == 45 / 60
    assert results.row("interface_length").value == pytest.approx(30.0)
    assert results.contact_map is not None
    assert results.contact_map.values.shape == (1, 60)
    assert results.contact_map.axes == ("z", "x")
    assert np.count_nonzero(results.contact_map.values == 2) == 15


def test_what_counts_nowhere(make_cell: MakeCell) -> None:
    labels = np.full((40, 60), 2, np.uint8)
    labels[:20] = 3
    labels[20, :6] = [0, 8, 4, 7, 5, 6]  # nothing, collector, dendrite, interphase, crack, cathode
    plane = ReferencePlane((0.0, 1.0, 0.0), 20.0)
    results = measure(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane), MeasureParams(), Engine())
    # Of the six voxels dendrite and interphase are contact, the crack is void, three count nowhere.
    assert results.row("contact_fraction").value == pytest.approx(56 / 57)
    assert results.row("contact_fraction").n == 57


def test_no_metal_body_is_no_error() -> None:
    from micro.model import Labels

    labels = np.full((1, 8, 8), 2, np.uint8)
    cell = Cell(Labels(labels, Spacing(1, 1, 1)), np.zeros_like(labels), notes=("no metal body found",))
    results = measure(cell, MeasureParams(), Engine())
    for metric in ("contact_fraction", "dendrite_depth_max", "crack_density", "gap_thickness_mean"):
        row = results.row(metric)
        assert row.value is None
        assert row.note == "no metal body found"
    assert results.row("porosity", roi="all").value == 0.0
    assert results.row("porosity", roi="se_region").value is None
    assert results.contact_map is None


def test_a_pore_inside_the_metal_is_no_interface(make_cell: MakeCell) -> None:
    labels = np.full((30, 30, 30), 2, np.uint8)
    labels[:, :15] = 3
    labels[10:14, 5:9, 10:14] = 1
    parts = np.where(labels == 3, int(Part.ANODE), int(Part.OTHER)).astype(np.uint8)
    plane = ReferencePlane((0.0, 1.0, 0.0), 15.0)
    cell = make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane, parts=parts)
    assert measure(cell, MeasureParams(), Engine()).row("contact_fraction").value == 1.0


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("anode", [True, False])
def test_a_section_says_what_only_a_volume_tells(flat: bool, anode: bool, make_cell: Callable[..., Cell]) -> None:
    labels = np.full((1 if flat else 6, 40, 40), 2, np.uint8)
    if anode:
        labels[:, :10], labels[:, 10, 5:9], labels[:, 20:23, 5:35] = 3, 1, 5
        cell = make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=ReferencePlane((0.0, 1.0, 0.0), 10.0))
    else:
        cell = Cell(Labels(labels, Spacing(1, 1, 1)), np.zeros(labels.shape, np.uint8))
    results = measure(cell, MeasureParams(), Engine())
    metrics = [row.metric for row in results.rows]
    for metric in ("interface_area", "gap_volume", "contact_spot_area_mean", "contact_spot_area_p95"):
        row = results.row(metric)
        assert metrics.count(metric) == 1
        assert (row.value is not None) == (anode and not flat and not metric.startswith("contact_spot"))
        assert ("a section shows" in row.note) == flat
    if anode:
        assert ("doesn't tell P32" in results.row("crack_density").note) == flat
        assert ("doesn't tell P33" in results.row("crack_porosity").note) == flat
        assert ("doesn't tell P30" in results.row("crack_count_density").note) == flat


def test_a_surface_that_looks_back_gives_no_share(make_cell: MakeCell) -> None:
    labels = np.full((30, 40), 2, np.uint8)
    labels[:10] = 3
    labels[20:24] = 3
    labels[10:20, :2] = 3
    labels[18:20, 2:] = 1
    plane = ReferencePlane((0.0, 1.0, 0.0), 10.0)
    row = measure(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane), MeasureParams(), Engine()).row
    # Electrolyte 40 above the roof and 38 under it; void 38 under the roof only: (78 + 0) / (78 - 38).
    assert row("contact_fraction").value is None
    assert row("contact_fraction").ci_low is None
    assert "looks back" in row("contact_fraction").note
    assert row("contact_fraction_projected").value == 1.0


def test_a_flat_interface_has_no_residual_of_rounding() -> None:
    labels = np.full((20, 40, 30), 2, np.uint8)
    labels[:, :13] = 3
    cell = anatomy(Labels(labels, Spacing(0.3, 0.3, 0.3)), CellParams(normal="+y"), Engine())
    results = measure(cell, MeasureParams(), Engine())
    # .3 is no binary number: places on the axis are off by 1e-16 of theirs
    assert results.row("reference_residual").value == 0
    assert results.row("interface_roughness").value == 0
