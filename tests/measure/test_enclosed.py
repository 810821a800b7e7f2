"""Fragments of electrolyte in space: their sizes, what counts as one, and a plain reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from micro.blocks import Engine, Shape
from micro.cell import Cell, ReferencePlane
from micro.measure import MeasureParams, Results, Scene, measure
from micro.measure.enclosed import VOXELS_MIN, find_enclosed
from micro.model import Spacing

Make = Callable[..., Cell]
MakeScene = Callable[..., Scene]
VOID, SE, LI, DENDRITE, CRACK, CATHODE = 1, 2, 3, 4, 5, 6
CUBIC = Spacing(1.0, 1.0, 1.0)
UP = ReferencePlane((0.0, 1.0, 0.0), 10.0)


def pudding(spacing: Spacing, *, seed: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A block of metal on an anode with separate balls of electrolyte at random; their centres and diameters in um.

    Radii are 5 to 12 um: at least five of the shortest voxel edges.
    """
    rng = np.random.default_rng(seed)
    shape = (round(120 / spacing.z), 90, 120)
    labels = np.full(shape, SE, np.uint8)
    labels[:, :10], labels[:, 10:80] = LI, DENDRITE
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    edge = np.array(spacing.um)
    balls: list[NDArray[np.float64]] = []
    while len(balls) < count:
        radius = rng.uniform(5, 12)
        low, high = np.array([0, 10, 0]) + radius + 2 * edge, np.array([120, 80, 120]) - radius - 2 * edge
        centre = rng.uniform(low, high)
        if all(np.linalg.norm(centre - other[:3]) > radius + other[3] / 2 + 2.5 * max(edge) for other in balls):
            balls.append(np.array([*centre, 2 * radius]))
            away = [(axis + 0.5) * e - c for axis, e, c in zip((z, y, x), edge, centre, strict=True)]
            labels[sum(one**2 for one in away) < radius**2] = SE
    return labels, np.array(balls)


def measured(cell: Cell, engine: Engine | None = None) -> Results:
    return measure(cell, MeasureParams(resolution_check=False, transport=(), particles=()), engine or Engine())


@pytest.mark.parametrize("z_um", [1.0, 2.5])
def test_sizes_of_separate_spheres(z_um: float, make_cell: Make) -> None:
    spacing = Spacing(z_um, 1.0, 1.0)
    labels, balls = pudding(spacing, seed=3, count=24)
    results = measured(make_cell(labels, spacing, normal="+y", plane=UP))
    table = results.objects["fragments"]
    assert len(table) == 24
    centres = table[["centroid_z_um", "centroid_y_um", "centroid_x_um"]].to_numpy()
    which = np.argmin(((centres[:, None] - balls[None, :, :3]) ** 2).sum(axis=2), axis=1)
    assert sorted(which) == list(range(24))
    # The bar is 3 %; a ball of radius 5 has 520 voxels (at 2.5 um 210), whose number scatters by 1.5 (3) %.
    assert table["equivalent_diameter_um"].to_numpy() == pytest.approx(balls[which, 3], rel=0.03)
    assert centres == pytest.approx(balls[which, :3], abs=0.25)
    assert table["depth_um"].to_numpy() == pytest.approx(balls[which, 1] - 10, abs=0.25)
    density, mean = results.row("dendrite_fragment_density"), results.row("dendrite_fragment_diameter_mean")
    assert density.definition == "dendrite_fragment_density/3D/v1"
    assert density.n == mean.n == 24
    assert (density.ci_low or 0) < (density.value or 0) < (density.ci_high or 0)
    weight = table["weight"].to_numpy()
    assert density.value == pytest.approx(weight.sum() / (labels[:, 10:].size * z_um))
    assert mean.value == pytest.approx((weight * table["equivalent_diameter_um"]).sum() / weight.sum())
    assert (mean.ci_low or 0) < (mean.value or 0) < (mean.ci_high or 0)
    profile = results.profiles[results.profiles["quantity"] == "dendrite_fragment_diameter_mean"]
    assert profile["n"].sum() == 24


def cage() -> NDArray[np.uint8]:
    """A closed box of metal on a post, 4 voxels thick, with 12 x 14 x 16 (z, y, x) of electrolyte inside."""
    labels = np.full((32, 60, 40), SE, np.uint8)
    labels[:, :10] = LI
    labels[6:26, 20:42, 8:32] = DENDRITE
    labels[10:22, 24:38, 12:28] = SE
    labels[14:18, 10:20, 18:22] = DENDRITE
    return labels


def fragments(labels: NDArray[np.uint8], make_cell: Make, make_scene: MakeScene) -> list[float]:
    cell = make_cell(labels, CUBIC, normal="+y", plane=UP)
    return [float(volume) for volume in find_enclosed(make_scene(cell))["volume_um3"]]


def test_what_is_a_fragment_and_what_is_none(make_cell: Make, make_scene: MakeScene) -> None:
    whole = float(12 * 14 * 16)
    assert fragments(cage(), make_cell, make_scene) == [whole]
    window = cage()
    window[12:20, 24:38, 28:32] = VOID  # a wall of void is a wall
    assert fragments(window, make_cell, make_scene) == [whole]
    crack = cage()
    crack[10:22, 38:42, 12:28] = CRACK
    assert fragments(crack, make_cell, make_scene) == [whole]
    particle = cage()
    particle[12:20, 24:38, 28:32] = CATHODE  # another solid is none
    assert fragments(particle, make_cell, make_scene) == []
    unknown = cage()
    unknown[15, 30, 30:32] = unknown[15, 30, 28] = 0
    assert fragments(unknown, make_cell, make_scene) == []
    hole = cage()
    hole[15, 30, 28:32] = SE  # a hole of one voxel lets the electrolyte out
    assert fragments(hole, make_cell, make_scene) == []
    slit = cage()
    for step in range(4):  # but not one by way of edges: metal is joined by them
        slit[15 + step % 2, 30 + step // 2, 28 + step] = SE
    assert fragments(slit, make_cell, make_scene)[0] >= whole
    speck = cage()
    speck[6:26, 20:42, 8:32] = DENDRITE
    speck[10:12, 24:37, 12] = SE
    assert VOXELS_MIN - 1 == 2 * 13
    assert fragments(speck, make_cell, make_scene) == []
    bubble = cage()
    bubble[6:26, 20:42, 8:32] = VOID  # no dendrite beside it
    bubble[10:22, 24:38, 12:28] = SE
    assert fragments(bubble, make_cell, make_scene) == []


def test_a_ring_encloses_in_its_section_only(make_cell: Make) -> None:
    labels = cage()
    labels[:10][labels[:10] == DENDRITE] = SE  # the box loses one side
    results = measured(make_cell(labels, CUBIC, normal="+y", plane=UP))
    assert len(results.objects["fragments"]) == 0
    assert results.row("dendrite_fragment_density").value == 0
    assert results.row("dendrite_fragment_density").ci_high == pytest.approx(3.6889 / labels[:, 10:].size, rel=1e-4)
    assert results.row("dendrite_fragment_diameter_mean").note == "no enclosed electrolyte"
    assert (results.row("dendrite_enclosed_fraction").value or 0) > 0.1


def foam(shape: Shape = (40, 70, 48)) -> NDArray[np.uint8]:
    """A foam over an anode: random cells of electrolyte, some of void, between walls of metal with holes in some."""
    rng = np.random.default_rng(8)
    voxels = np.argwhere(np.ones(shape, bool))
    apart, nearest = cKDTree(rng.uniform(0, shape, (160, 3))).query(voxels, k=2)
    wall = (apart[:, 1] - apart[:, 0]).reshape(shape) < 2.2
    labels = np.where(wall, DENDRITE, np.where(nearest[:, 0].reshape(shape) % 7 == 0, VOID, SE)).astype(np.uint8)
    for z, y, x in rng.integers(0, np.array(shape) - 3, (40, 3)):
        labels[z : z + 3, y : y + 3, x : x + 3] = rng.choice([SE, VOID])
    labels[:, :10] = LI
    labels[5:8, 40:44, 20:30] = CATHODE
    labels[30:33, 20:24, 5:9] = 0
    return labels


def reference(labels: NDArray[np.uint8], plane: ReferencePlane) -> list[tuple[int, float, float]]:
    """Voxels, mean height and first raster index of each fragment, by scipy over the whole picture."""
    ids, count = ndimage.label(labels == SE)
    heights = plane.heights_um(labels.shape, CUBIC)
    grown = ndimage.generate_binary_structure(3, 1)
    found = []
    for number, box in enumerate(ndimage.find_objects(ids), 1):
        if any(one.start == 0 or one.stop == n for one, n in zip(box, labels.shape, strict=True)):
            continue
        wide = tuple(slice(one.start - 1, one.stop + 1) for one in box)
        own = ids[wide] == number
        beside = np.unique(labels[wide][ndimage.binary_dilation(own, grown) & ~own])
        if own.sum() < VOXELS_MIN or DENDRITE not in beside or not set(beside) <= {VOID, LI, DENDRITE, CRACK}:
            continue
        mean = float(heights[wide][own].mean())
        if mean > 0:
            found.append((int(own.sum()), mean, float(np.flatnonzero(ids == number)[0])))
    assert count > len(found) > 20
    return sorted(found, key=lambda one: one[2])


@pytest.mark.parametrize("block_shape", [(128, 128, 128), (11, 17, 13), (40, 9, 48)])
def test_the_same_as_scipy_whatever_the_blocks(block_shape: Shape, make_cell: Make, make_scene: MakeScene) -> None:
    labels = foam()
    cell = make_cell(labels, CUBIC, normal="+y", plane=UP)
    table = find_enclosed(make_scene(cell, Engine(block_shape=block_shape)))
    expected = reference(labels, UP)
    assert table["volume_um3"].tolist() == [one[0] for one in expected]
    assert table["depth_um"].to_numpy() == pytest.approx(np.array([one[1] for one in expected]), rel=1e-9)
    assert table["id"].tolist() == list(range(1, len(expected) + 1))


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_axes_and_scale(order: tuple[int, int, int], make_cell: Make, make_scene: MakeScene) -> None:
    spacing = Spacing(1.0, 0.5, 0.8)
    plain = find_enclosed(
        make_scene(make_cell(foam(), spacing, normal="+y", plane=ReferencePlane((0.0, 1.0, 0.0), 5.0)))
    )
    edges = [3 * spacing.um[axis] for axis in order]
    at = order.index(1)
    z, y, x = (1.0 if axis == at else 0.0 for axis in range(3))
    turned = make_cell(
        np.ascontiguousarray(foam().transpose(order)),
        Spacing(*edges),
        normal="+" + "zyx"[at],
        plane=ReferencePlane((z, y, x), 15.0),
    )
    table = find_enclosed(make_scene(turned))
    columns = ["volume_um3", "equivalent_diameter_um", "depth_um", "weight"]
    left, right = (np.sort(one[columns].to_numpy(), axis=0) for one in (plain, table))
    assert right == pytest.approx(left * [27, 3, 3, 1], rel=1e-9)


def test_a_section_keeps_its_regions(make_cell: Make) -> None:
    labels = np.full((80, 60), SE, np.uint8)
    labels[:10] = LI
    labels[10:60, 10:14] = labels[10:60, 34:38] = DENDRITE
    for row in (30, 46, 58):
        labels[row : row + 4, 10:38] = DENDRITE
    results = measured(make_cell(labels, CUBIC, normal="+y", plane=UP))
    table = results.objects["fragments"]
    assert table["area_um2"].tolist() == [20 * 20, 12 * 20, 8 * 20]
    assert table["start_y_um"].tolist() == [10, 34, 50]
    assert table["stop_x_um"].tolist() == [34, 34, 34]
    assert table["centroid_y_um"].to_numpy() == pytest.approx(np.array([20, 40, 54]))
    # Of the 60 places where a box of 20 can begin along x, 39 are away from both ends.
    assert table["weight"].to_numpy() == pytest.approx(60 / 39)
    density = results.row("dendrite_fragment_density")
    assert density.definition == "dendrite_fragment_density/2D/v1"
    assert density.value == pytest.approx(3 * 60 / 39 / (70 * 60))
    assert "can't tell what is enclosed in space" in density.note
    assert results.row("dendrite_fragment_diameter_mean").value == pytest.approx(
        float(np.mean(2 * np.sqrt(np.array([400, 240, 160]) / np.pi)))
    )


def test_without_dendrites_the_table_is_there_and_empty(make_cell: Make) -> None:
    labels = np.full((20, 40, 40), SE, np.uint8)
    labels[:, :10] = LI
    results = measured(make_cell(labels, CUBIC, normal="+y", plane=UP))
    table = results.objects["fragments"]
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 0
    assert "volume_um3" in table
    assert results.row("dendrite_fragment_density").note == "no dendrite"
