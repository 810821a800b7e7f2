"""Paths through tubes whose length, thickness, tortuosity and direction are formulae."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import Cell, Part, ReferencePlane
from micro.measure import MeasureParams, Scene, measure
from micro.measure import dendrite_shape as module
from micro.measure.dendrite_shape import PathShape, measure_shapes
from micro.measure.filaments import path_length, smooth_path
from micro.model import Spacing

Make = Callable[..., Cell]
MakeScene = Callable[..., Scene]
Floats = NDArray[np.float64]

SE, LI, DENDRITE = 2, 3, 4
BASE = 5
"""Voxels of anode below the reference interface, along z."""
CUBIC = Spacing(1.0, 1.0, 1.0)
FLAT = Spacing(2.5, 1.0, 1.0)
WIDE = Spacing(1.0, 1.0, 2.5)
PLANE = (1.0, 0.0, 0.0)


def directions(count: int = 20, steepest_deg: float = 60.0) -> Floats:
    """Directions spread evenly over a cap about z (a Fibonacci lattice)."""
    rank = np.arange(count) + 0.5
    z = 1 - rank / count * (1 - np.cos(np.radians(steepest_deg)))
    turn = np.pi * (1 + np.sqrt(5)) * rank
    return np.stack([z, np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn)], axis=1)


def filament(curve: Floats, radius: float, spacing: Spacing, top: float) -> NDArray[np.uint8]:
    """Labels of a round filament about a curve that begins on the interface, cut at the height ``top``."""
    edges = np.array(spacing.um)
    low = np.append(0.0, curve.min(axis=0)[1:] - radius - 3 * edges[1:])
    high = np.append(top + 4 * edges[0], curve.max(axis=0)[1:] + radius + 3 * edges[1:])
    shape = np.ceil((high - low) / edges).astype(int)
    z, y, x = np.ix_(*((np.arange(n) + 0.5) * edge + a for n, edge, a in zip(shape, edges, low, strict=True)))
    near = np.full(tuple(shape), np.inf)
    for a, b in itertools.pairwise(curve):
        step = b - a
        along = (z - a[0]) * step[0] + (y - a[1]) * step[1] + (x - a[2]) * step[2]
        along = np.clip(along / (step @ step), 0, 1)
        far = (z - a[0] - along * step[0]) ** 2 + (y - a[1] - along * step[1]) ** 2 + (x - a[2] - along * step[2]) ** 2
        near = np.minimum(near, far)
    labels = np.full((BASE + shape[0], *shape[1:]), SE, np.uint8)
    labels[:BASE] = LI
    labels[BASE:][(near <= radius**2) & (z <= top)] = DENDRITE
    return labels


def straight(direction: Floats, length: float, radius: float, spacing: Spacing) -> tuple[NDArray[np.uint8], float]:
    """Labels of a tilted tube cut parallel to the interface, and the length up to its last voxel centres."""
    top = length * direction[0]
    labels = filament(np.stack([-9 * radius * direction, 2 * length * direction]), radius, spacing, top)
    highest = (np.floor(top / spacing.z - 0.5) + 0.5) * spacing.z
    return labels, float(highest / direction[0])


def only_shape(labels: NDArray[np.uint8], spacing: Spacing, make_cell: Make, make_scene: MakeScene) -> PathShape:
    plane = ReferencePlane(PLANE, BASE * spacing.z)
    (found,) = measure_shapes(make_scene(make_cell(labels, spacing, normal="+z", plane=plane)))
    return found


@pytest.mark.parametrize("spacing", [CUBIC, FLAT, WIDE], ids=["1:1:1", "2.5:1:1", "1:1:2.5"])
def test_tilted_tubes(spacing: Spacing, make_cell: Make, make_scene: MakeScene) -> None:
    coarsest = max(spacing.um)
    bias = []
    for direction in directions():
        labels, length = straight(direction, 48.0, 4.0, spacing)
        found = only_shape(labels, spacing, make_cell, make_scene)
        # The ends lie on voxel centres: half of the coarsest edge at either end, and 1 % for the staircase.
        # Both ends and the path lie between voxels: measured within 0.5 and -0.2 to 0.3 voxels, and 0.6 degrees.
        assert found.length_um == pytest.approx(length, abs=0.5 * coarsest)
        bias.append(found.length_um / length - 1)
        assert 1 <= found.tortuosity < 1.005
        assert found.angle_to_normal_deg == pytest.approx(np.degrees(np.arccos(direction[0])), abs=0.75)
        assert found.thickness_mean_um == pytest.approx(8.0, abs=0.5 * coarsest)
        assert found.thickness_min_um == pytest.approx(8.0, abs=1.0 * coarsest)
    # A path over voxels, unsmoothed, reads 2 to 20 % high here.
    assert abs(np.mean(bias)) < 0.002


def upright(inside: NDArray[np.bool_], make_cell: Make, make_scene: MakeScene) -> PathShape:
    """The shape of a dendrite of one section (1, y, x) all along its 30 voxels."""
    labels = np.full((BASE + 40, *inside.shape[1:]), SE, np.uint8)
    labels[:BASE] = LI
    labels[BASE : BASE + 30][np.broadcast_to(inside, (30, *inside.shape[1:]))] = DENDRITE
    return only_shape(labels, CUBIC, make_cell, make_scene)


@pytest.mark.parametrize("seed", range(6))
def test_upright_rods_anywhere_on_the_grid(seed: int, make_cell: Make, make_scene: MakeScene) -> None:
    # All sections of an upright rod are the same few voxels: the least that can be known of a rod's thickness.
    rng = np.random.default_rng(seed)
    off = []
    for width in rng.uniform(3, 12, 10):
        y, x = np.ix_(*(np.arange(24) - 11.5 + shift for shift in rng.uniform(-0.5, 0.5, 2)))
        found = upright((y**2 + x**2 < width**2 / 4)[None], make_cell, make_scene)
        off.append(found.thickness_mean_um - width)
    assert np.abs(off).max() < 0.5, off
    # One alone is off by .2 (standard deviation, of 80): the mean of ten by three times .2 / sqrt(10) at most.
    assert abs(np.mean(off)) < 0.2, off


@pytest.mark.parametrize("spacing", [CUBIC, FLAT, WIDE], ids=["1:1:1", "2.5:1:1", "1:1:2.5"])
def test_tilted_rods_of_any_thickness(spacing: Spacing, make_cell: Make, make_scene: MakeScene) -> None:
    rng = np.random.default_rng(71)
    for direction in directions():
        radius = rng.uniform(1.5, 6) if spacing == CUBIC else rng.uniform(3, 7)
        labels, _ = straight(direction, 36.0, radius, spacing)
        found = only_shape(labels, spacing, make_cell, make_scene)
        assert found.thickness_mean_um == pytest.approx(2 * radius, abs=0.5 * max(spacing.um))


@pytest.mark.parametrize("width", [3, 4, 5, 6, 7, 9])
def test_what_a_square_bar_and_a_plate_read(width: int, make_cell: Make, make_scene: MakeScene) -> None:
    y, x = np.ix_(np.arange(64) - 31.5, np.arange(64) - 31.5)
    odd = 0.5 * (width % 2)
    bar = upright(((np.abs(y - odd) < width / 2) & (np.abs(x - odd) < width / 2))[None], make_cell, make_scene)
    # A bar is read as the rod of its volume, 2 / sqrt(pi) times as thick, or as the ball up to the first voxel outside;
    # a rod's volume in a ball of voxels tells its thickness to .12 (standard deviation of 1500 rods of 3 to 12).
    assert width <= bar.thickness_mean_um <= min(2 / np.sqrt(np.pi) * width, width + 1) + 0.24
    plate = upright(((np.abs(y - odd) < width / 2) & (np.abs(x) < 2.5 * width))[None], make_cell, make_scene)
    assert plate.thickness_mean_um == pytest.approx(width, abs=0.5)


@pytest.mark.parametrize("spacing", [CUBIC, WIDE], ids=["1:1:1", "1:1:2.5"])
@pytest.mark.parametrize("tilt_deg", [0.0, 5.0, 16.0, 31.0, 70.0])
def test_isolated_rods(spacing: Spacing, tilt_deg: float, make_cell: Make, make_scene: MakeScene) -> None:
    edges, tilt = np.array(spacing.um), np.radians(tilt_deg)
    shape = np.ceil(np.array([50, 40, 60]) / edges).astype(int)
    place = np.stack(np.meshgrid(*((np.arange(n) + 0.5) * e for n, e in zip(shape, edges, strict=True)), indexing="ij"))
    direction = np.array([np.cos(tilt), np.sin(tilt) * 0.3, np.sin(tilt) * np.sqrt(1 - 0.09)])
    away = place - np.array([28.2, 19.9, 30.3])[:, None, None, None]
    along = np.tensordot(direction, away, 1)
    rod = (np.abs(along) < 15) & ((away**2).sum(axis=0) - along**2 < 5.0**2)
    labels = np.where(rod, DENDRITE, SE).astype(np.uint8)
    labels[:BASE] = LI
    parts = np.where(labels == LI, Part.ANODE, np.where(rod, Part.ISOLATED, Part.OTHER)).astype(np.uint8)
    plane = ReferencePlane(PLANE, BASE * spacing.z)
    (found,) = measure_shapes(make_scene(make_cell(labels, spacing, normal="+z", plane=plane, parts=parts)))
    # The middle of an end is good to half a voxel: at both ends of 30 um that is 2 degrees, 5 along the coarse axis.
    assert found.angle_to_normal_deg == pytest.approx(tilt_deg, abs=2.0 if spacing == CUBIC else 3.0)
    assert found.tortuosity < 1.01
    # Between the last voxel centres: half an edge is missing at each end, and as much again where the end is askew.
    assert 30 - 2 * max(edges) <= found.length_um <= 30
    assert found.thickness_mean_um == pytest.approx(10, abs=0.5 * max(edges))
    assert found.thickness_min_um == pytest.approx(10, abs=max(edges))


def arc(radius: float, turn_deg: float) -> Floats:
    """An arc that leaves the interface at a right angle, and goes on a little after it has turned so far."""
    t = np.linspace(0, np.radians(turn_deg + 15), 60)
    bend = np.stack([radius * np.sin(t), radius * (1 - np.cos(t)), np.zeros_like(t)], axis=1)
    return np.vstack([[-20.0, 0.0, 0.0], bend])


@pytest.mark.parametrize("spacing", [CUBIC, WIDE], ids=["1:1:1", "1:1:2.5"])
def test_an_arc_keeps_to_the_middle(spacing: Spacing, make_cell: Make, make_scene: MakeScene) -> None:
    radius, turn = 40.0, 60.0
    labels = filament(arc(radius, turn), 4.0, spacing, top=radius * np.sin(np.radians(turn)))
    found = only_shape(labels, spacing, make_cell, make_scene)
    length = radius * np.radians(turn)
    chord = 2 * radius * np.sin(np.radians(turn) / 2)
    # A path along the inner wall would be 10 % short (radius 36 for 40); the ends are good to a voxel.
    assert found.length_um == pytest.approx(length, abs=1.5 + 0.01 * length)
    assert found.tortuosity == pytest.approx(length / chord, abs=0.02)
    assert found.angle_to_normal_deg == pytest.approx(turn / 2, abs=2.0)


def test_a_zigzag_is_tortuous(make_cell: Make, make_scene: MakeScene) -> None:
    leg = 24.0
    corner = np.array([[-9.0, 0, 0], [0, 0, 0], [leg, leg, 0], [2 * leg, 0, 0], [3 * leg, leg, 0], [4 * leg, 0, 0]])
    found = only_shape(filament(corner, 3.0, CUBIC, top=4 * leg), CUBIC, make_cell, make_scene)
    # A centred, smoothed path rounds each corner off by about a radius: 3 corners of 4.4 % altogether.
    assert found.tortuosity == pytest.approx(np.sqrt(2), rel=0.06)
    assert found.tortuosity < np.sqrt(2)


def test_a_neck_is_found_and_the_tip_is_none(make_cell: Make, make_scene: MakeScene) -> None:
    z, y, x = np.ix_(np.arange(50) - BASE + 0.5, np.arange(24) - 11.5, np.arange(24) - 11.5)
    radius = np.where(np.abs(z - 20) < 6, 3.0, 7.0)
    labels = np.where((z > 0) & (z < 40) & (y**2 + x**2 <= radius**2), DENDRITE, SE).astype(np.uint8)
    labels[:BASE] = LI
    found = only_shape(labels, CUBIC, make_cell, make_scene)
    assert found.thickness_min_um == pytest.approx(6.0, abs=0.5)
    assert found.thickness_mean_um == pytest.approx((12 * 6 + 28 * 14) / 40, abs=1.0)


def test_the_side_branch_is_not_the_path(make_cell: Make, make_scene: MakeScene) -> None:
    curve = np.array([[-9.0, 0, 0], [60.0, 0, 0]])
    branch = np.array([[20.0, 0, 0], [20.0, 40.0, 0]])
    stem = filament(curve, 3.0, CUBIC, top=50.0)
    both = filament(np.vstack([curve, branch]), 3.0, CUBIC, top=50.0)
    alone = only_shape(stem, CUBIC, make_cell, make_scene)
    found = only_shape(both, CUBIC, make_cell, make_scene)
    # The path leans into the junction by part of a voxel.
    assert found.length_um == pytest.approx(alone.length_um, rel=0.01)
    assert found.straight_um == pytest.approx(alone.straight_um, abs=1.0)


def test_isolated_metal_is_measured_from_end_to_end(make_cell: Make, make_scene: MakeScene) -> None:
    labels = np.full((30, 20, 60), SE, np.uint8)
    labels[:BASE] = LI
    labels[15:20, 8:13, 10:50] = DENDRITE
    parts = np.where(labels == LI, Part.ANODE, np.where(labels == DENDRITE, Part.ISOLATED, Part.OTHER)).astype(np.uint8)
    plane = ReferencePlane(PLANE, BASE * 1.0)
    (found,) = measure_shapes(make_scene(make_cell(labels, CUBIC, normal="+z", plane=plane, parts=parts)))
    # From face to face at least; from a corner through the middle to the opposite corner at most.
    assert 39.0 <= found.length_um <= 35 + 2 * np.sqrt(3 * 2.5**2)
    assert found.angle_to_normal_deg > 80


def test_a_trace_in_a_section(make_cell: Make, make_scene: MakeScene) -> None:
    for tilt in (0.0, 17.0, 33.0, 45.0):
        y, x = np.ix_(np.arange(90) + 0.5 - 10, np.arange(110) + 0.5 - 20)
        across = x * np.cos(np.radians(tilt)) - y * np.sin(np.radians(tilt))
        labels = np.where((np.abs(across) <= 3.25) & (y < 60), DENDRITE, SE).astype(np.uint8)
        labels[:10] = LI
        plane = ReferencePlane((0.0, 1.0, 0.0), 10.0)
        (found,) = measure_shapes(make_scene(make_cell(labels, CUBIC, normal="+y", plane=plane)))
        length = 59.5 / np.cos(np.radians(tilt))
        assert found.length_um == pytest.approx(length, abs=1.0 + 0.01 * length)
        assert found.angle_to_normal_deg == pytest.approx(tilt, abs=1.5)
        # Half a pixel from the distance to pixel centres, half a pixel from the sampling of two straight edges.
        assert found.thickness_mean_um == pytest.approx(6.5, abs=1.0)


def test_coarser_voxels_for_a_large_object(
    make_cell: Make, make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, length = straight(directions()[9], 90.0, 7.0, CUBIC)
    fine = only_shape(labels, CUBIC, make_cell, make_scene)
    monkeypatch.setattr(module, "BOX_VOXELS", 60_000)
    coarse = only_shape(labels, CUBIC, make_cell, make_scene)
    assert (fine.coarsened_by, coarse.coarsened_by) == (1, 2)
    # A coarse voxel is two fine ones: half of it at either end.
    assert coarse.length_um == pytest.approx(length, abs=2.0 + 0.01 * length)
    assert coarse.thickness_mean_um == pytest.approx(fine.thickness_mean_um, abs=1.0)
    assert coarse.angle_to_normal_deg == pytest.approx(fine.angle_to_normal_deg, abs=1.5)


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_axes_and_mirrors_change_nothing(order: tuple[int, int, int], make_cell: Make, make_scene: MakeScene) -> None:
    labels, _ = straight(directions()[13], 30.0, 3.0, WIDE)
    straightened = only_shape(labels, WIDE, make_cell, make_scene)
    turned = np.flip(labels.transpose(order), axis=tuple(a for a in range(3) if order[a] != 0))
    axis = order.index(0)
    direction = tuple(float(a == axis) for a in range(3))
    cell = make_cell(
        np.ascontiguousarray(turned),
        WIDE.permuted(order),
        normal="+" + "zyx"[axis],
        plane=ReferencePlane(direction, BASE * WIDE.z),
    )
    (found,) = measure_shapes(make_scene(cell))
    for name in ("length_um", "straight_um", "angle_to_normal_deg", "thickness_mean_um", "thickness_min_um"):
        # The pose of the object is the same, so that only heights are rounded another way.
        assert getattr(found, name) == pytest.approx(getattr(straightened, name), rel=1e-9)


def test_smoothing_keeps_the_radius_of_a_bend() -> None:
    t = np.linspace(0, np.pi, 400)
    bend = 30 * np.stack([np.cos(t), np.sin(t), 0 * t], axis=1)
    # (sigma / R)^4 / 4 = 0.3 % at sigma = R / 3, and as much at the ends; the Gaussian alone takes 5.6 %.
    assert path_length(smooth_path(bend, 10.0, 0.5)) == pytest.approx(30 * np.pi, rel=8e-3)
    assert np.allclose(smooth_path(bend, 10.0, 0.5)[[0, -1]], bend[[0, -1]])


def test_means_over_joined_dendrites_only(make_busy: Make) -> None:
    results = measure(make_busy(Spacing(0.5, 0.25, 0.25)), MeasureParams(), Engine())
    table = results.objects["dendrites"]
    joined = table[table["kind"] == "joined"]
    # Upright boxes: the path is as long as the dendrite is deep, but for a kink of half a voxel at one end.
    assert joined["length_um"].tolist() == pytest.approx(joined["depth_um"].tolist(), abs=0.25)
    # Both are whole; the wider one stands for a little more of those that a border would cut.
    value = results.row("dendrite_length_mean").value
    assert value is not None
    assert joined["length_um"].min() < value < joined["length_um"].max()
    assert results.row("dendrite_tortuosity").value == pytest.approx(1.0, abs=0.01)
    assert results.row("dendrite_tortuosity").n == 2
    assert results.row("dendrite_tortuosity").note == "no interval: fewer than three dendrites"


def bars(places: list[int], widths: list[int], heights: list[int]) -> NDArray[np.uint8]:
    labels = np.full((BASE + 40, 60), SE, np.uint8)
    labels[:BASE] = LI
    for place, width, height in zip(places, widths, heights, strict=True):
        labels[BASE : BASE + height, max(place, 0) : place + width] = DENDRITE
    return labels


def test_what_the_border_cuts_is_made_up_for(make_cell: Make) -> None:
    plane = ReferencePlane((0.0, 1.0, 0.0), float(BASE))

    def rows(labels: NDArray[np.uint8]) -> list[tuple[float | None, float | None, int | None, str]]:
        found = measure(make_cell(labels, CUBIC, normal="+y", plane=plane), MeasureParams(transport=()), Engine())
        return [
            (row.value, row.ci_low, row.n, row.note)
            for row in (found.row("dendrite_length_mean"), found.row("dendrite_tortuosity"))
        ]

    (value, low, count, note), (_, _, straight, _) = rows(bars([-3, 10, 30, 52], [6, 4, 20, 4], [30, 10, 20, 12]))
    # Of the places where a box of w of 60 columns can begin, 60 - 1 - w touch no border.
    weights = 60 / (59 - np.array([4, 20, 4]))
    assert value == pytest.approx((weights * [9.5, 19.5, 11.5]).sum() / weights.sum(), abs=0.3)
    assert low is not None
    assert (count, straight) == (3, 3)
    assert note.split("; ")[0] == "1 of 4 cut by the picture: left out, and made up for"
    (value, low, count, note), _ = rows(bars([-3, 57], [6, 6], [30, 20]))
    assert value == pytest.approx((29.5 + 19.5) / 2, abs=0.6)
    assert (low, count) == (None, 2)
    assert note.split("; ")[0] == "no interval: the picture cuts all of them, and each counts with what shows"


def test_metal_without_a_wall_in_sight(make_cell: Make, make_scene: MakeScene) -> None:
    labels = np.full((1, 12, 9), DENDRITE, np.uint8)
    labels[:, :3] = LI
    plane = ReferencePlane((0.0, 1.0, 0.0), 3.0)
    (found,) = measure_shapes(make_scene(make_cell(labels, CUBIC, normal="+y", plane=plane)))
    assert found.length_um == pytest.approx(8.5, abs=0.5)
    assert np.isfinite([found.thickness_mean_um, found.thickness_min_um]).all()
