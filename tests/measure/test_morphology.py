"""Flame, stripe or network, and the electrolyte that metal encloses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine, Shape
from micro.cell import Cell, CellParams, Part, ReferencePlane, anatomy
from micro.measure import MeasureParams, Results, Scene, measure
from micro.measure.clusters import clustered_fraction, clustered_ratio
from micro.measure.fragments import PIXELS_MIN, find_fragments
from micro.measure.morphology import FLAME, NETWORK, STRIPE, classify
from micro.model import Labels, Spacing
from micro.phantoms.frame import Frame
from micro.phantoms.geometry import draw_scene, scene_labels
from micro.phantoms.kinds import kind_of

Make = Callable[..., Cell]
MakeScene = Callable[..., Scene]
VOID, SE, LI, DENDRITE = 1, 2, 3, 4
CUBIC = Spacing(1.0, 1.0, 1.0)
UP = ReferencePlane((0.0, 1.0, 0.0), 10.0)


def comb(*, rungs: bool = True) -> NDArray[np.uint8]:
    """A section: anode up to row 10, two uprights from it, and rungs that close off squares of 20, 12 and 8 rows."""
    labels = np.full((80, 60), SE, np.uint8)
    labels[:10] = LI
    labels[10:60, 10:14] = labels[10:60, 34:38] = DENDRITE
    if rungs:
        for row in (30, 46, 58):
            labels[row : row + 4, 10:38] = DENDRITE
    return labels


def test_enclosed_regions_of_a_section(make_cell: Make, make_scene: MakeScene) -> None:
    found = find_fragments(make_scene(make_cell(comb(), CUBIC, normal="+y", plane=UP)), bin_um=10.0)
    # The lowest region is closed off by the anode.
    assert sorted(found.area_um2) == [8 * 20, 12 * 20, 20 * 20]
    assert sorted(found.height_um) == pytest.approx([10, 30, 44])
    assert found.enclosed_um2.tolist() == [200, 200, 120, 120, 160]
    assert found.diameter_um.max() == pytest.approx(2 * np.sqrt(400 / np.pi))
    open_comb = find_fragments(make_scene(make_cell(comb(rungs=False), CUBIC, normal="+y", plane=UP)), bin_um=10.0)
    assert open_comb.area_um2.size == 0


def test_what_is_no_fragment(make_cell: Make, make_scene: MakeScene) -> None:
    labels = comb()
    labels[40, 20] = 0  # unlabelled: no one knows whether it is closed
    labels[50:58, 14:34] = VOID  # a pore
    labels[10:30, 36] = SE  # a slit of one pixel by the picture's rules of 4-neighbours: 20 pixels, kept
    labels[12:14, 11:13] = SE  # a speck below PIXELS_MIN
    found = find_fragments(make_scene(make_cell(labels, CUBIC, normal="+y", plane=UP)), bin_um=10.0)
    assert sorted(found.area_um2) == [20, 400]
    assert PIXELS_MIN > 4


def box() -> NDArray[np.uint8]:
    """A closed box of metal on a post, 4 voxels thick, with 12 x 14 x 16 (z, y, x) of electrolyte inside."""
    labels = np.full((32, 60, 40), SE, np.uint8)
    labels[:, :10] = LI
    labels[6:26, 20:42, 8:32] = DENDRITE
    labels[10:22, 24:38, 12:28] = SE
    labels[14:18, 10:20, 18:22] = DENDRITE
    return labels


@pytest.mark.parametrize("block_shape", [(128, 128, 128), (10, 17, 13)])
def test_sections_of_a_volume_along_both_axes(block_shape: Shape, make_cell: Make, make_scene: MakeScene) -> None:
    cell = make_cell(box(), CUBIC, normal="+y", plane=UP)
    found = find_fragments(make_scene(cell, Engine(block_shape=block_shape)), bin_um=10.0)
    # Twelve sections across z with 14 x 16 pixels, sixteen across x with 12 x 14.
    assert sorted(found.area_um2) == [12 * 14] * 16 + [14 * 16] * 12
    assert found.height_um == pytest.approx(np.full(28, 21.0))
    assert found.enclosed_um2.sum() == pytest.approx(found.area_um2.sum())


def test_the_rules() -> None:
    def counts(vertical: int, lateral: int) -> NDArray[np.int64]:
        return np.array([[100, 100, vertical, lateral, 0]])

    def form(vertical: int, lateral: int, enclosed: float, loops: float) -> int:
        return int(classify(counts(vertical, lateral), np.array([enclosed]), np.array([loops]), voxels_min=50)[0])

    assert form(80, 5, 0.0, 0.0) == FLAME
    assert form(80, 5, 0.1, 0.5) == FLAME  # branches that cross are no network
    assert form(80, 5, 0.3, 0.0) == NETWORK
    assert form(5, 80, 0.0, 0.05) == STRIPE
    assert form(5, 80, 0.0, np.nan) == STRIPE
    assert form(5, 80, 0.0, 0.2) == NETWORK
    assert classify(counts(80, 5), np.zeros(1), np.zeros(1), voxels_min=101).tolist() == [-1]


def measured(kind: str, seed: int, shape: Shape) -> Results:
    """Results of a phantom's true labels; its micrograph is not drawn."""
    look = kind_of(kind)
    frame = Frame(shape, look.spacing, look.normal)
    labels = frame.to_zyx(scene_labels(draw_scene(frame, seed=seed, alloy=look.alloy), gap_share=1, dendrite_share=1))
    cell = anatomy(Labels(labels, look.spacing), CellParams(normal=frame.normal), Engine())  # type: ignore[arg-type]
    return measure(cell, MeasureParams(), Engine())


SHAPES: dict[str, Shape] = {"sem": (1, 400, 560), "fibsem": (48, 160, 160), "xct": (96, 96, 96)}


def compare_metals(kind: str, seeds: int) -> None:
    """No overlap in any of the three numbers."""
    metrics = ("dendrite_orientation", "dendrite_vertical_fraction", "dendrite_lateral_fraction")
    lithium, alloy = (
        np.array(
            [[found.row(m).value for m in metrics] for found in (measured(name, n, SHAPES[kind]) for n in range(seeds))]
        )
        for name in (kind, f"{kind}-alloy")
    )
    assert lithium[:, 0].max() < 45
    assert alloy[:, 0].min() > 50
    assert lithium[:, 1].min() > alloy[:, 1].max()
    assert lithium[:, 2].max() < alloy[:, 2].min()


@pytest.mark.parametrize("kind", ["sem", "xct"])
def test_lithium_and_lithium_indium_come_out_different(kind: str) -> None:
    compare_metals(kind, 2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SHAPES)
def test_lithium_and_lithium_indium_come_out_different_in_eight_seeds(kind: str) -> None:
    compare_metals(kind, 8)


def test_lithium_is_flame_and_the_alloy_is_not() -> None:
    lithium, alloy = measured("sem", 1, (1, 400, 560)), measured("sem-alloy", 1, (1, 400, 560))
    assert lithium.row("dendrite_flame_fraction").value > 0.8
    assert alloy.row("dendrite_flame_fraction").value < 0.3
    for results in (lithium, alloy):
        forms = [results.row(f"dendrite_{form}_fraction").value for form in ("flame", "stripe", "network")]
        assert sum(forms) == pytest.approx(1.0)
        quantities = set(results.profiles["quantity"])
        assert {"dendrite_form", "dendrite_vertical_fraction", "dendrite_enclosed_fraction"} <= quantities
        assert "dendrite_euler_density" not in quantities
        assert results.row("dendrite_euler_density").value is None
        assert results.row("dendrite_euler_density").note == "a section can't tell the Euler number per volume"


def test_objects_and_rows_agree_about_the_euler_number(make_cell: Make) -> None:
    results = measure(make_cell(box(), CUBIC, normal="+y", plane=UP), MeasureParams(), Engine())
    # One piece with a cavity.
    assert results.objects["dendrites"]["euler_number"].tolist() == [2]
    region = box()[:, 10:].size
    assert results.row("dendrite_euler_density").value == pytest.approx(2 / region)
    profile = results.profiles[results.profiles["quantity"] == "dendrite_euler_density"]
    assert (profile["value"] * profile["n"]).sum() == pytest.approx(2)


def test_electrolyte_without_dendrites(make_cell: Make) -> None:
    labels = np.full((40, 40), SE, np.uint8)
    labels[:10] = LI
    results = measure(make_cell(labels, CUBIC, normal="+y", plane=UP), MeasureParams(), Engine())
    for metric in ("dendrite_orientation", "dendrite_network_fraction", "dendrite_enclosed_fraction"):
        assert results.row(metric).value is None
        assert results.row(metric).note == "no dendrite"
    assert results.row("dendrite_tortuosity").note == "no joined dendrite"
    assert "length_um" in results.objects["dendrites"]


def test_isolated_metal_has_a_direction_too(make_cell: Make) -> None:
    labels = np.full((60, 60), SE, np.uint8)
    labels[:10] = LI
    labels[30:36, 10:50] = DENDRITE
    parts = np.where(labels == LI, Part.ANODE, np.where(labels == DENDRITE, Part.ISOLATED, Part.OTHER)).astype(np.uint8)
    cell = make_cell(labels, CUBIC, normal="+y", plane=UP, parts=parts[None])
    results = measure(cell, MeasureParams(), Engine())
    assert results.row("dendrite_lateral_fraction").value == 1
    assert results.row("dendrite_length_mean").note == "no joined dendrite"
    assert results.objects["dendrites"]["length_um"][0] == pytest.approx(39, abs=4)


def test_the_interval_of_a_direction_ends_at_a_right_angle(make_cell: Make) -> None:
    """Three dendrites unlike one another: on a logarithmic scale the interval went to 117 degrees."""
    labels = np.full((60, 60, 60), 2, np.uint8)
    labels[:12] = 3
    for number, reach in enumerate((44, 30, 12)):
        rows = slice(8 + 20 * number, 13 + 20 * number)
        labels[12:34, rows, 8:13] = 4
        labels[29:34, rows, 8 : 8 + reach] = 4
    cell = anatomy(Labels(labels, Spacing(1, 1, 1)), CellParams(normal="+z"), Engine())
    row = measure(cell, MeasureParams(transport=()), Engine()).row("dendrite_orientation")
    assert row.value is not None
    assert row.ci_low is not None
    assert row.ci_high is not None
    assert 0 < row.ci_low < row.value < row.ci_high < 90


def test_clusters_cover_the_truth() -> None:
    """Ten dendrites of unequal size with shares of their own: 95 % intervals hold the truth 92 to 98 % of the time."""
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        weight = rng.gamma(4.0, 1.0, 10)
        share = rng.beta(6.0, 4.0, 10)
        low, high = clustered_fraction(weight * share, weight)[1] or (1.0, 0.0)
        held += low <= 0.6 <= high
    # 94.7 % of 4000 draws; 400 scatter by 1.1.
    assert 0.92 <= held / 400 <= 0.98


def test_equal_clusters_give_the_usual_standard_error() -> None:
    values = np.array([3.0, 5.0, 10.0, 6.0])
    mean, spread = clustered_ratio(2 * values, np.full(4, 2.0))
    assert spread is not None
    assert mean == pytest.approx(6.0)
    assert spread.variance == pytest.approx(values.var(ddof=1) / 4)
