"""Contact spots on maps made by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from skimage.measure import label, regionprops

from micro.blocks import Engine
from micro.cell import Cell, ReferencePlane
from micro.measure import ContactMap, MeasureParams, contact_spots, measure
from micro.model import Spacing

MakeCell = Callable[..., Cell]


def test_against_scikit_image() -> None:
    rng = np.random.default_rng(4)
    values = rng.choice(np.uint8([0, 1, 2]), size=(60, 80), p=(0.1, 0.3, 0.6))
    table = contact_spots(ContactMap(values, (0.5, 0.25), ("z", "x")), stretch=1.25)
    regions = regionprops(label(values == 1, connectivity=2))
    assert len(table) == len(regions)
    order = {tuple(row): number for number, row in enumerate(table[["centroid_z_um", "centroid_x_um"]].to_numpy())}
    for region in regions:
        row = table.iloc[order[((region.centroid[0] + 0.5) * 0.5, (region.centroid[1] + 0.5) * 0.25)]]
        low_z, low_x, high_z, high_x = region.bbox
        assert row["area_um2"] == pytest.approx(region.area * 0.5 * 0.25 * 1.25)
        assert (row["start_z_um"], row["stop_x_um"]) == (low_z * 0.5, high_x * 0.25)
        assert row["cut"] == (low_z == 0 or low_x == 0 or high_z == 60 or high_x == 80)


def blocks_in_contact(make_cell: MakeCell, spacing: Spacing) -> Cell:
    """A flat anode that touches on four squares of 6 x 6 and one of 3 x 20 columns at the border; else a thin gap."""
    labels = np.full((40, 30, 60), 2, np.uint8)
    labels[:, :12] = 3
    gap = np.ones((40, 60), bool)
    for z, x in ((5, 5), (5, 30), (20, 12), (25, 40)):
        gap[z : z + 6, x : x + 6] = False
    gap[37:, 20:40] = False
    labels[:, 12][gap] = 1
    return make_cell(labels, spacing, normal="+y", plane=ReferencePlane((0.0, 1.0, 0.0), 12 * spacing.y))


def test_number_and_size(make_cell: MakeCell) -> None:
    spacing = Spacing(0.2, 0.5, 0.1)
    results = measure(blocks_in_contact(make_cell, spacing), MeasureParams(), Engine())
    area_mm2 = 40 * 60 * 0.02e-6
    density = results.row("contact_spot_density")
    # The one at the border counts half.
    assert density.value == pytest.approx(4.5 / area_mm2)
    assert density.note.startswith("1 of 5 cut by the picture")
    assert density.ci_low is not None
    mean = results.row("contact_spot_area_mean")
    assert mean.value == pytest.approx(36 * 0.02)
    assert mean.ci_low is None
    assert mean.note.endswith("no interval: 4 spots, all alike or too few to tell the order of magnitude")
    assert mean.n == 4
    assert results.row("contact_spot_area_p95").value == pytest.approx(36 * 0.02)
    table = results.objects["contact_spots"]
    assert sorted(table["cut"]) == [False] * 4 + [True]
    fraction = results.row("contact_fraction").value
    assert table["area_um2"].sum() / (2400 * 0.02) == pytest.approx(fraction)


def test_a_tilt_stretches_the_spots(make_cell: MakeCell) -> None:
    labels = np.full((30, 60, 60), 2, np.uint8)
    z, y, x = np.ogrid[:30, :60, :60]
    labels[(y + 0.5 < 15 + 0.5 * (x + 0.5)) | (z < 0)] = 3
    direction = np.array([0.0, 1.0, -0.5]) / np.sqrt(1.25)
    plane = ReferencePlane((0.0, float(direction[1]), float(direction[2])), 15 / np.sqrt(1.25))
    results = measure(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane), MeasureParams(), Engine())
    assert results.objects["contact_spots"]["area_um2"].tolist() == pytest.approx([30 * 60 * np.sqrt(1.25)])
    # One patch as large as the picture: neither its size nor how many there are can be told.
    for metric in ("contact_spot_area_mean", "contact_spot_density"):
        assert results.row(metric).value is None
        assert results.row(metric).note.endswith("no spot is whole: the contact goes on beyond the picture")


def test_whole_spots_make_up_for_cut_ones(make_cell: MakeCell) -> None:
    labels = np.full((40, 200), 2, np.uint8)
    labels[:20], labels[20] = 3, 1
    for start, length in ((0, 15), (40, 9), (60, 39), (130, 9), (180, 20)):
        labels[20, start : start + length] = 2
    results = measure(
        make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=ReferencePlane((0.0, 1.0, 0.0), 20.0)),
        MeasureParams(),
        Engine(),
    )
    assert results.row("contact_spot_density").value == pytest.approx(4 / 0.2)
    table = results.objects["contact_spots"]
    # Of 200 places where a spot of 9 can begin, 190 are away from both ends; of one of 39, 160.
    assert table["weight"].tolist() == pytest.approx([0, 200 / 190, 200 / 160, 200 / 190, 0])
    weight = np.array([1 / 190, 1 / 160, 1 / 190])
    mean = results.row("contact_spot_length_mean")
    assert mean.value == pytest.approx(weight @ [9, 39, 9] / weight.sum())
    # Three spots of 9, 39 and 9: Student's t with two degrees of freedom and less tells nothing of the mean.
    assert mean.ci_low is None
    assert "no interval: 3 spots" in mean.note
    assert results.row("contact_spot_length_p95").value == 39


def test_a_section_counts_per_mm(make_cell: MakeCell) -> None:
    labels = np.full((40, 100), 2, np.uint8)
    labels[:20] = 3
    labels[20, 10:30] = labels[20, 50:60] = 1
    plane = ReferencePlane((0.0, 1.0, 0.0), 10.0)
    results = measure(make_cell(labels, Spacing(3, 0.5, 0.5), normal="+y", plane=plane), MeasureParams(), Engine())
    density = results.row("contact_spot_density")
    assert (density.value, density.unit) == (pytest.approx(2 / 0.05), "1/mm")
    assert density.definition == "contact_spot_density/2D/v2"
    assert results.row("contact_spot_length_mean").value == pytest.approx(10)
    assert list(results.objects["contact_spots"]["length_um"]) == [5.0, 10.0, 20.0]


def test_no_contact_at_all(make_cell: MakeCell) -> None:
    labels = np.full((20, 40), 2, np.uint8)
    labels[:10] = 3
    labels[10] = 1
    plane = ReferencePlane((0.0, 1.0, 0.0), 10.0)
    results = measure(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane), MeasureParams(), Engine())
    assert results.row("contact_spot_density").value == 0
    mean = results.row("contact_spot_length_mean")
    assert (mean.value, mean.note) == (None, "no contact")
