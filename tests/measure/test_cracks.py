"""Cracks as a whole run measures them: analytic pennies and traces, wedges, hosts, metal, invariances."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine, Shape
from micro.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.measure import MeasureParams, Results, measure
from micro.model import Labels, Spacing

VOID, SE, LI, DENDRITE, CRACK = 1, 2, 3, 4, 5
Floats = NDArray[np.float64]


def directions(count: int) -> Floats:
    """The three axes, then a Fibonacci spiral over the sphere."""
    rank = np.arange(count) + 0.5
    cosine, turn = 1 - 2 * rank / count, np.pi * (1 + 5**0.5) * rank
    spiral = np.stack([cosine, *(np.sqrt(1 - cosine**2) * f(turn) for f in (np.cos, np.sin))], axis=1)
    return np.concatenate([np.eye(3), spiral])


def grid(shape: Shape, spacing: Spacing) -> tuple[Floats, ...]:
    """Centres of the voxels from the middle of the box, a fifth of a voxel off it."""
    axes = [(np.arange(n) + 0.7 - n / 2) * edge for n, edge in zip(shape, spacing.um, strict=True)]
    return tuple(np.ix_(*axes))


def penny(shape: Shape, spacing: Spacing, radius: float, aperture: float, direction: Floats) -> NDArray[np.bool_]:
    z, y, x = grid(shape, spacing)
    height = z * direction[0] + y * direction[1] + x * direction[2]
    return (np.abs(height) <= aperture / 2) & (z * z + y * y + x * x - height**2 <= radius**2)


def in_se(parts: NDArray[np.integer], spacing: Spacing, *, normal: str = "+y", floor_um: float = 0.0) -> Cell:
    """A cell of the given parts in electrolyte above a plane ``floor_um`` from the picture's edge along +axis."""
    whose = parts.astype(np.uint8)
    label = np.array([SE, LI, LI, DENDRITE, DENDRITE, VOID, CRACK, VOID], np.uint8)[whose]
    axis = "zyx".index(normal[1])
    direction = (float(axis == 0), float(axis == 1), float(axis == 2))
    plane = ReferencePlane(direction, floor_um)
    whose = whose | np.where(plane.heights_um(whose.shape, spacing) > 0, np.uint8(SE_REGION), np.uint8(0))
    return Cell(Labels(label, spacing), whose, normal=Normal.parse(normal), plane=plane)


def found_in(cell: Cell, engine: Engine | None = None) -> Results:
    return measure(cell, MeasureParams(), engine or Engine())


def value(results: Results, metric: str, phase_a: str = "") -> float:
    found = results.row(metric, phase_a=phase_a).value
    assert found is not None, results.row(metric, phase_a=phase_a)
    return found


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (1.0, 1.0, 2.5)])
def test_pennies_in_20_orientations(edges: tuple[float, float, float]) -> None:
    spacing, radius, aperture = Spacing(*edges), 13.0 * max(edges), 3.0 * max(edges)
    shape = tuple(2 * int((radius + aperture) / edge) + 8 for edge in edges)
    errors = []
    for direction in directions(17):
        parts = penny(shape, spacing, radius, aperture, direction) * int(Part.CRACK)
        results = found_in(in_se(parts, spacing))
        crack = results.objects["cracks"].iloc[0]
        box = float(np.prod(shape)) * spacing.voxel_volume_um3
        true_angle = np.degrees(np.arcsin(min(1.0, abs(direction[1]))))
        errors.append(
            (
                value(results, "crack_density") * box / (np.pi * radius**2) - 1,
                crack["perimeter_um"] / (2 * np.pi * radius) - 1,
                value(results, "crack_intensity") * box / radius**3 - 1,
                (crack["angle_deg"] - true_angle) / 90,
                (value(results, "crack_orientation_mean") - true_angle) / 90,
                value(results, "crack_aperture_median") / aperture - 1,
                value(results, "crack_aperture_p95") / aperture - 1,
            )
        )
    worst = np.abs(errors).max(axis=0)
    # P32: the project's bar. P: the corners of voxels on a rim of 13 (measured: 1 %). Both together: 2 x 5 + 2.
    assert worst[0] < 0.05
    assert worst[1] < 0.02
    assert worst[2] < 0.12
    assert np.abs(np.mean(errors, axis=0)[2]) < 0.03  # over all directions they average out
    # The mean plane within 1.5 degrees; local normals within 2.5 on average, since a spread folds at 0 and 90.
    assert worst[3] * 90 < 1.5
    assert worst[4] * 90 < 2.5
    # Half a voxel in 3 (6 at voxels of 1:1:2.5): the bar for thicknesses.
    assert max(worst[5:]) < 1 / 6


@pytest.mark.parametrize("edges", [(1.0, 1.0), (1.0, 2.5)])
def test_traces_in_20_directions(edges: tuple[float, float]) -> None:
    spacing = Spacing(7.0, *edges)
    half, aperture = 20.0 * max(edges), 3.0 * max(edges)
    shape = (1, *(2 * int((half + aperture) / edge) + 8 for edge in edges))
    for angle in np.arange(-90, 90, 9):
        _, y, x = grid(shape, spacing)
        turn = np.radians(angle)
        along, across = y * np.cos(turn) + x * np.sin(turn), x * np.cos(turn) - y * np.sin(turn)
        trace = ((np.abs(along) <= half) & (np.abs(across) <= aperture / 2)) * int(Part.CRACK)
        results = found_in(in_se(trace, spacing))
        area = shape[1] * shape[2] * edges[0] * edges[1]
        assert value(results, "crack_density") * area == pytest.approx(2 * half, rel=0.05)  # the project's bar
        assert results.row("crack_density").definition == "crack_density/P21/v2"
        assert value(results, "crack_count_density") == pytest.approx(1 / area)
        assert value(results, "crack_intensity") * area == pytest.approx(half**2, rel=0.1)  # its square
        assert value(results, "crack_length", "SE") == pytest.approx(2 * half, rel=0.05)
        assert value(results, "crack_orientation_mean") == pytest.approx(abs(angle), abs=2.0)
        rose = results.distributions[results.distributions["quantity"] == "crack_trace_angle"]
        middle = (rose["bin_low"] + rose["bin_high"]) / 2
        # Classes are 10 degrees wide; of a straight trace nine tenths lie in that of its angle or the next.
        near = np.abs((middle - angle + 90) % 180 - 90) <= 10
        assert rose.loc[near, "value"].sum() > 0.9


def test_a_wedge_has_every_aperture_alike() -> None:
    spacing = Spacing(1.0, 1.0, 1.0)
    z, y, x = grid((40, 48, 80), spacing)
    aperture = 3 + (x + 36) / 72 * 9  # 3 to 12 um over 72 um
    wedge = (np.abs(y) <= aperture / 2) & (np.abs(x) <= 36) & (np.abs(z) <= 16)
    results = found_in(in_se(wedge * int(Part.CRACK), spacing))
    # Half a voxel: the bar for thicknesses.
    assert value(results, "crack_aperture_mean") == pytest.approx(7.5, abs=0.5)
    assert value(results, "crack_aperture_median") == pytest.approx(7.5, abs=0.5)
    assert value(results, "crack_aperture_p95") == pytest.approx(11.55, abs=0.5)
    rows = results.distributions[results.distributions["quantity"] == "crack_aperture"]
    assert rows["value"].sum() == pytest.approx(1.0)
    assert set(rows["weight"]) == {"mid-surface area"}
    inside = rows[(rows["bin_low"] >= 4) & (rows["bin_high"] <= 11)]
    # Six of nine um (4.5 to 10.5), each with an equal share.
    assert inside["value"].sum() == pytest.approx(6 / 9, abs=0.06)


def test_metal_fills_a_crack_as_far_as_it_goes_on_in_its_sheet() -> None:
    spacing = Spacing(1.0, 1.0, 1.0)
    shape = (50, 50, 50)
    direction = np.array([0.48, 0.6, 0.64])
    disc = penny(shape, spacing, 20, 4, direction)
    _, y, _ = grid(shape, spacing)
    low = disc & (y < 0)
    parts = disc * int(Part.CRACK)
    parts[low] = int(Part.DENDRITE)
    half = found_in(in_se(parts, spacing))
    exact = np.count_nonzero(low) / np.count_nonzero(disc)
    # A crack that metal fills from below, as flat as itself: 3 % for what leaves the sheet at its rim.
    assert value(half, "crack_metal_filling") == pytest.approx(exact, rel=0.03)
    assert half.objects["cracks"]["metal_um3"].iloc[0] == pytest.approx(np.count_nonzero(low), rel=0.03)


def test_metal_that_only_meets_a_crack_does_not_fill_it() -> None:
    spacing = Spacing(1.0, 1.0, 1.0)
    parts = np.zeros((50, 50, 50), np.uint8)
    parts[5:45, 24:28, 5:45] = int(Part.CRACK)
    parts[20:30, 4:24, 20:30] = int(Part.DENDRITE)  # a dendrite up to the crack's face
    parts[5:45, 40:44, 5:45] = int(Part.ISOLATED)  # a sheet of metal beside it
    assert value(found_in(in_se(parts, spacing)), "crack_metal_filling") == 0.0


def test_metal_between_two_cracks_counts_once() -> None:
    spacing = Spacing(1.0, 1.0, 1.0)
    parts = np.zeros((40, 30, 60), np.uint8)
    parts[5:35, 12:16, 5:55] = int(Part.CRACK)
    parts[5:35, 12:16, 25:35] = int(Part.ISOLATED)
    results = found_in(in_se(parts, spacing))
    assert len(results.objects["cracks"]) == 2
    assert results.objects["cracks"]["metal_um3"].tolist() == [30 * 4 * 10] * 2
    assert value(results, "crack_metal_filling") == pytest.approx(10 / 50)


def test_random_directions_have_no_alignment() -> None:
    spacing = Spacing(1.0, 1.0, 1.0)
    parts = np.zeros((40, 40, 40 * 20), np.uint8)
    for number, direction in enumerate(directions(20)[3:]):
        parts[:, :, 40 * number : 40 * (number + 1)] = penny((40, 40, 40), spacing, 14, 3, direction) * int(Part.CRACK)
    results = found_in(in_se(parts, spacing, normal="+z"))
    # 20 directions even over the sphere: 32.7 degrees and 0; 1.5 degrees is what local normals are off.
    assert value(results, "crack_orientation_mean") == pytest.approx(32.7, abs=1.5)
    assert value(results, "crack_alignment") == pytest.approx(0.0, abs=0.03)
    rose = results.distributions[results.distributions["quantity"] == "crack_orientation"]
    alike = np.diff(np.sin(np.radians(np.arange(0, 91, 10))))
    # Twenty cracks in nine classes: each share within two cracks of what directions without preference give.
    np.testing.assert_allclose(rose["value"], alike, atol=0.1)


def test_depth_and_its_profile_add_up() -> None:
    spacing = Spacing(1.0, 1.0, 2.0)
    parts = np.zeros((40, 60, 30), np.uint8)
    parts[5:35, 30:33, 5:25] = int(Part.CRACK)  # along the interface
    results = found_in(in_se(parts, spacing, floor_um=10.0))
    assert value(results, "crack_depth_min") == pytest.approx(20.5)
    assert value(results, "crack_depth_mean") == pytest.approx(21.5)
    assert value(results, "crack_depth_max") == pytest.approx(22.5)
    assert value(results, "crack_alignment") == pytest.approx(1.0, abs=0.01)
    profile = results.profiles[results.profiles["quantity"] == "crack_density"]
    total = (profile["value"] * profile["n"]).sum() * spacing.voxel_volume_um3
    assert total == pytest.approx(results.objects["cracks"]["mid_surface_um2"].sum(), rel=1e-9)
    assert profile["n"].sum() == 40 * 50 * 30
    assert set(profile.loc[profile["value"] > 0, "depth_um"]) == {22.0}


def test_each_host_has_its_sum() -> None:
    spacing = Spacing(1.0, 1.0, 1.0)
    parts = np.zeros((40, 80, 40), np.uint8)
    parts[8:32, 10:13, 8:32] = int(Part.CRACK)
    parts[8:32, 50:53, 8:20] = int(Part.CRACK)
    results = found_in(in_se(parts, spacing, floor_um=30.0))
    # 5 %: the bar of a mid-surface.
    assert value(results, "crack_area", "anode side") == pytest.approx(24 * 24, rel=0.05)
    assert value(results, "crack_area", "SE") == pytest.approx(24 * 12, rel=0.05)
    assert value(results, "crack_area", "far side") == 0.0
    assert results.row("crack_count_density").n == 1


@pytest.mark.parametrize(("aperture", "thin"), [(1, True), (3, False)])
def test_sheets_below_resolution_are_flagged(aperture: int, thin: bool) -> None:
    spacing = Spacing(0.5, 0.5, 0.5)
    parts = np.zeros((40, 30, 40), np.uint8)
    parts[5:35, 12 : 12 + aperture, 5:35] = int(Part.CRACK)
    results = found_in(in_se(parts, spacing))
    assert value(results, "crack_below_resolution") == pytest.approx(float(thin))
    assert bool(results.objects["cracks"]["below_resolution"].iloc[0]) is thin
    assert ("below resolution" in results.row("crack_density").note) is thin
    assert ("below resolution" in results.row("crack_aperture_median").note) is thin


def test_a_section_says_what_it_does_not_know() -> None:
    parts = np.zeros((1, 60, 60), np.uint8)
    parts[0, 28:32, 10:50] = int(Part.CRACK)
    results = found_in(in_se(parts, Spacing(1.0, 1.0, 1.0)))
    area = results.row("crack_area")
    assert area.value is None
    assert "section" in area.note
    assert "space" in results.row("crack_orientation_mean").note
    assert "P30" in results.row("crack_count_density").note
    assert results.row("crack_intensity").definition == "crack_intensity/2D/v1"
    assert "perimeter_um" not in results.objects["cracks"]
    assert set(results.distributions["quantity"]) == {"crack_aperture", "crack_orientation", "crack_trace_angle"}


def test_without_an_interface_sizes_remain() -> None:
    parts = np.zeros((40, 30, 40), np.uint8)
    parts[5:35, 12:15, 5:35] = int(Part.CRACK)
    labels = np.where(parts > 0, CRACK, SE).astype(np.uint8)
    results = found_in(Cell(Labels(labels, Spacing(1.0, 1.0, 1.0)), parts, notes=("no metal body found",)))
    assert value(results, "crack_area", "unknown") == pytest.approx(900, rel=0.05)
    for metric in ("crack_density", "crack_orientation_mean", "crack_intensity", "crack_metal_filling"):
        row = results.row(metric)
        assert row.value is None
        assert row.note == "no metal body found"


def test_no_crack_is_no_zero_aperture() -> None:
    results = found_in(in_se(np.zeros((20, 20, 20), np.uint8), Spacing(1.0, 1.0, 1.0)))
    assert value(results, "crack_density") == 0.0
    assert value(results, "crack_intensity") == 0.0
    for metric in ("crack_aperture_median", "crack_orientation_mean", "crack_depth_mean", "crack_metal_filling"):
        row = results.row(metric)
        assert row.value is None
        assert row.note == "no crack"


def test_a_cut_crack_is_said_to_be_one() -> None:
    parts = np.zeros((40, 40, 40), np.uint8)
    parts[:30, 12:15, 5:35] = int(Part.CRACK)
    results = found_in(in_se(parts, Spacing(1.0, 1.0, 1.0)))
    assert bool(results.objects["cracks"]["cut"].iloc[0])
    assert "lower bound" in results.row("crack_intensity").note


def many_cracks(spacing: Spacing, order: tuple[int, int, int] = (0, 1, 2), flip: tuple[int, ...] = ()) -> Cell:
    """Three unlike cracks, one of them partly filled by a dendrite; axes permuted and mirrored."""
    parts = np.zeros((40, 56, 90), np.uint8)
    for x, tilt in ((3, (0.2, 0.9, 0.39)), (45, (0.8, 0.1, 0.59))):
        direction = np.array(tilt) / np.linalg.norm(tilt)
        z, y, x_um = grid((40, 40, 40), spacing)
        edge = spacing.y
        height = z * direction[0] + y * direction[1] + x_um * direction[2]
        second = np.cross(direction, [0.0, 0.0, 1.0])
        along = z * second[0] + y * second[1] + x_um * second[2]
        square = z * z + y * y + x_um * x_um - height**2
        # An ellipse, so that its axes are its own.
        disc = (np.abs(height) <= 2 * edge) & (square + 1.5 * along**2 <= (14 * edge) ** 2)
        parts[:, 10:50, x : x + 40][disc] = int(Part.CRACK)
        parts[:, 10:50, x : x + 40][disc & (x_um < -4 * edge)] = int(Part.DENDRITE)
    parts[6:30, 2:5, 80:89] = int(Part.CRACK)
    turned = np.flip(parts.transpose(order), flip) if flip else parts.transpose(order)
    normal = "+" + "zyx"[order.index(1)]
    return in_se(np.ascontiguousarray(turned), spacing.permuted(order), normal=normal, floor_um=4 * spacing.y)


SPACING = Spacing(0.25, 0.2, 0.2)


def crack_values(results: Results) -> dict[tuple[str, str], float]:
    rows = {(row.metric, row.phase_a): row.value for row in results.rows if row.metric.startswith("crack_")}
    return {key: one for key, one in rows.items() if one is not None}


@pytest.mark.parametrize("block_shape", [(13, 17, 19), (40, 9, 90)])
def test_blocks_do_not_change_cracks(block_shape: Shape) -> None:
    cell = many_cracks(SPACING)
    whole, parts = found_in(cell), found_in(cell, Engine(block_shape=block_shape))
    # Integers are equal; sums of floats come in another order: 1e-9 as the project promises.
    assert crack_values(parts) == pytest.approx(crack_values(whole), rel=1e-9)
    pd.testing.assert_frame_equal(whole.objects["cracks"], parts.objects["cracks"], rtol=1e-9)
    pd.testing.assert_frame_equal(whole.distributions, parts.distributions, rtol=1e-9)
    pd.testing.assert_frame_equal(whole.profiles, parts.profiles, rtol=1e-9)


def test_cracks_scale_with_the_voxel() -> None:
    powers = {"1": 0, "deg": 0, "um": 1, "um2": 2, "um3": 3, "1/um": -1, "1/um2": -2, "1/um3": -3}
    small, large = found_in(many_cracks(SPACING)), found_in(many_cracks(SPACING.scaled(4)))
    units = {(row.metric, row.phase_a): row.unit for row in small.rows}
    # Exact powers of two; 1e-9 for the rounding of the logarithm behind the mean edge.
    scaled = {key: one * 4.0 ** powers[units[key]] for key, one in crack_values(small).items()}
    assert crack_values(large) == pytest.approx(scaled, rel=1e-9)


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1), (0, 2, 1)])
def test_cracks_do_not_care_for_the_order_of_axes(order: tuple[int, int, int]) -> None:
    straight, turned = found_in(many_cracks(SPACING)), found_in(many_cracks(SPACING, order))
    # Rounding, and chords that end where two voxel faces tie: 1e-6.
    assert crack_values(turned) == pytest.approx(crack_values(straight), rel=1e-6)
    one, other = (found.distributions.groupby("quantity")["value"] for found in (straight, turned))
    assert one.max()["crack_orientation"] == pytest.approx(other.max()["crack_orientation"], rel=1e-6)


@pytest.mark.parametrize("flip", [(0,), (2,)])
def test_cracks_mirrored(flip: tuple[int, ...]) -> None:
    straight, mirrored = (crack_values(found_in(many_cracks(SPACING, flip=one))) for one in ((), flip))
    # Cells that share a normal begin at voxel 0, so a mirror moves them: 1 % of an area, 1 degree of a local angle.
    assert mirrored.pop(("crack_orientation_mean", "")) == pytest.approx(
        straight.pop(("crack_orientation_mean", "")), abs=1.0
    )
    aligned = ("crack_alignment", "")
    assert mirrored.pop(aligned) == pytest.approx(straight.pop(aligned), abs=0.02)
    # Of the shares and apertures, and of squares of areas, twice as much.
    assert mirrored == pytest.approx(straight, rel=0.02, abs=1e-3)


@pytest.mark.realdata
def test_three_crossing_fractures() -> None:
    """Three plane fractures of 7 voxels that cross, all along z, through the whole volume."""
    from skimage.measure import marching_cubes, mesh_surface_area

    folder = os.environ.get("MICRO_REALDATA")
    if not folder:
        pytest.skip("MICRO_REALDATA is not set: no real volumes to test with")
    raw = np.fromfile(Path(folder) / "cracks" / "three_fractures_100x100x100_u8.raw", np.uint8)
    void = raw.reshape(100, 100, 100) == 255
    results = found_in(in_se(void * int(Part.CRACK), Spacing(1.0, 1.0, 1.0), normal="+z", floor_um=-1.0))
    smooth = ndimage.gaussian_filter(np.pad(void, 3, mode="edge").astype(float), 1.0)[3:-3, 3:-3, 3:-3]
    vertices, faces, *_ = marching_cubes(smooth, 0.5)
    # The fractures end outside, so half of a smoothed mesh is their mid-surface, but for the junctions: 3 %.
    assert value(results, "crack_area", "SE") == pytest.approx(mesh_surface_area(vertices, faces) / 2, rel=0.03)
    assert value(results, "crack_aperture_median") == pytest.approx(7.0, abs=0.5)  # half a voxel
    assert value(results, "crack_orientation_mean") == pytest.approx(0.0, abs=1.0)  # all contain z
    assert value(results, "crack_alignment") == pytest.approx(-0.5, abs=0.01)
    assert len(results.objects["cracks"]) == 1
    assert "lower bound" in results.row("crack_intensity").note


@pytest.mark.parametrize("normal", [None, Normal(0, 1)])
def test_without_an_interface_cracks_are_measured_over_all_that_is_labelled(normal: Normal | None) -> None:
    parts = np.zeros((40, 30, 40), np.uint8)
    parts[5:35, 12:15, 5:35] = int(Part.CRACK)
    labels = np.where(parts > 0, CRACK, SE).astype(np.uint8)
    labels[:, :2] = 0
    notes = ("no metal body found",)
    bare = found_in(Cell(Labels(labels, Spacing(1.0, 1.0, 1.0)), parts, notes=notes, stated=normal))
    bounded = found_in(in_se(np.where(labels == 0, 0, parts), Spacing(1.0, 1.0, 1.0)))
    share = 28 / 30
    for metric in ("crack_density", "crack_count_density", "crack_intensity", "crack_porosity"):
        assert bare.row(metric, roi="all").value == pytest.approx(value(bounded, metric) / share)
    for metric in ("crack_aperture_mean", "crack_aperture_p95", "crack_below_resolution"):
        assert bare.row(metric, roi="all").value == value(bounded, metric)
    angles = [row.value for row in bare.rows if row.metric == "crack_orientation_mean" and row.roi == "all"]
    assert angles == pytest.approx([] if normal is None else [0.0], abs=1e-9)
    assert not [row for row in bare.rows if row.metric.startswith("crack_depth") and row.value is not None]
