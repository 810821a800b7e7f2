from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine, Shape
from micro.cell import Cell, ReferencePlane
from micro.measure import MeasureParams, Results, measure, particles
from micro.measure.watershed import split_touching
from micro.model import Labels, Spacing

SE, LI, CATHODE = 2, 3, 6
CUBE, LONG = (1.0, 1.0, 1.0), (2.5, 1.0, 1.0)


def balls(
    shape: Shape, edges: tuple[float, float, float], centres: NDArray[np.float64], radii: NDArray[np.float64]
) -> NDArray[np.bool_]:
    points = np.ix_(*((np.arange(n) + 0.5) * e for n, e in zip(shape, edges, strict=True)))
    mask = np.zeros(shape, bool)
    for centre, radius in zip(centres, radii, strict=True):
        mask |= sum((axis - c) ** 2 for axis, c in zip(points, centre, strict=True)) <= radius**2
    return mask


def plain(labels: NDArray[np.uint8], spacing: Spacing | None = None) -> Cell:
    return Cell(Labels(labels, spacing or Spacing(1, 1, 1)), np.zeros((1, *labels.shape)[-3:], np.uint8))


def run(cell: Cell, engine: Engine | None = None) -> Results:
    return measure(cell, MeasureParams(transport=()), engine or Engine())


@pytest.mark.parametrize("edges", [CUBE, LONG])
def test_touching_spheres_are_split(edges: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(2)
    shape = tuple(round(50 / edge) for edge in edges)
    for _ in range(8):
        radii = rng.uniform(5.5, 9, 2)
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        first = 25 - direction * radii[0]
        centres = np.array([first, first + direction * radii.sum() * 0.98])
        voxels = np.bincount(split_touching(balls(shape, edges, centres, radii), edges).ravel())[1:]
        diameters = np.sort(np.cbrt(6 * voxels * np.prod(edges) / np.pi))
        # 3 % is the project's bar for sizes; 5 % for a sphere of two voxels' radius along z at 1:1:2.5.
        assert diameters == pytest.approx(np.sort(2 * radii), rel=0.03 if edges == CUBE else 0.05)


@pytest.mark.parametrize("edges", [CUBE, LONG])
@pytest.mark.parametrize("seed", range(5))
def test_neither_mirrors_nor_the_order_of_axes_change_the_split(seed: int, edges: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(round(56 / edge) for edge in edges)
    mask = balls(shape, edges, rng.uniform(0, 56, (40, 3)), rng.uniform(5, 8, 40))
    voxels = sorted(np.bincount(split_touching(mask, edges).ravel())[1:])
    for order in itertools.permutations(range(3)):
        for mirror in itertools.product((1, -1), repeat=3):
            turned = mask.transpose(order)[tuple(slice(None, None, step) for step in mirror)]
            found = split_touching(np.ascontiguousarray(turned), tuple(edges[axis] for axis in order))
            assert sorted(np.bincount(found.ravel())[1:]) == voxels


def test_a_ridge_that_leads_two_ways_and_plateaus_of_one_height() -> None:
    # Two equal bars that a thin slab joins: each bar is one particle, and the slab, as far from both, goes to one.
    mask = np.zeros((1, 11, 31), bool)
    mask[0, 1:10, 1:12] = mask[0, 1:10, 19:30] = True
    mask[0, 5, 12:19] = True
    found = np.bincount(split_touching(mask, CUBE).ravel())[1:]
    assert len(found) == 2
    assert abs(int(found[0]) - int(found[1])) <= 1
    # A plate is one particle, and so is one with a step on it that its middle plane leads to from all sides.
    plate = np.zeros((40, 40, 12), bool)
    plate[:, :, 3:9] = True
    assert split_touching(plate, CUBE).max() == 1
    plate[20, 18:22, :] = True
    assert split_touching(plate, CUBE).max() == 1


def test_one_particle_stays_one() -> None:
    rng = np.random.default_rng(3)
    for edges in (CUBE, LONG):
        shape = tuple(round(32 / edge) for edge in edges)
        for _ in range(6):
            turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
            points = np.meshgrid(
                *((np.arange(n) + 0.5) * e - 16 for n, e in zip(shape, edges, strict=True)), indexing="ij"
            )
            mask = ((np.stack(points, axis=-1) @ turn / rng.uniform(4, 13, 3)) ** 2).sum(axis=-1) <= 1
            assert split_touching(mask, edges).max() == 1


def test_nothing_and_everything() -> None:
    assert not split_touching(np.zeros((3, 4, 5), bool), CUBE).any()
    assert (split_touching(np.ones((3, 4, 5), bool), CUBE) == 1).all()


@pytest.mark.parametrize("spacing", [Spacing(1, 1, 1), Spacing(0.5, 0.25, 0.25)])
def test_separated_spheres_are_exact(spacing: Spacing) -> None:
    # Voxels along the longest edge: 5 to 8; by volume a sphere of 5 is known to 2 % of its volume.
    edge = max(spacing.um)
    radii = np.array([5.0, 6.0, 7.0, 8.0]) * edge
    shape = tuple(int(n * edge / e) for n, e in zip((26, 26, 84), spacing.um, strict=True))
    centres = np.array([[13, 13, x] for x in (10.2, 25.1, 43.4, 66.3)]) * edge
    labels = np.where(balls(shape, spacing.um, centres, radii), CATHODE, SE).astype(np.uint8)
    found = run(plain(labels, spacing))
    table = found.objects["particles"]
    assert sorted(table["equivalent_diameter_um"]) == pytest.approx(2 * radii, rel=0.03)
    assert not table["cut"].any()
    assert np.array(
        sorted(table[["z_um", "y_um", "x_um"]].to_numpy().tolist(), key=lambda row: row[2])
    ) == pytest.approx(centres, abs=edge / 4)
    # Miles and Lantuejoul, by hand: each counts for those of its box that the picture would have cut.
    boxes = 2 * radii[:, None] / np.array(spacing.um)
    shares = radii**3 * np.prod(shape / (np.array(shape) - 1 - boxes), axis=1)
    mean = (shares * 2 * radii).sum() / shares.sum()
    assert found.row("particle_size_mean").value == pytest.approx(mean, rel=0.03)
    order = np.cumsum(shares) / shares.sum()
    for name, share in (("d10", 0.1), ("d50", 0.5), ("d90", 0.9)):
        expected = 2 * radii[int(np.argmax(order >= share))]
        assert found.row(f"particle_size_{name}").value == pytest.approx(expected, rel=0.03)
    assert found.row("particle_size_d50").n == 4
    shares = found.distributions[found.distributions["quantity"] == "particle_size"]
    assert shares["value"].sum() == pytest.approx(1)
    assert shares["n"].sum() == 4


def test_the_correction_for_the_edge_is_unbiased() -> None:
    # Two sizes, placed at random in and beyond a small picture: large ones are cut more often.
    rng = np.random.default_rng(7)
    weights, plain_counts = np.zeros(2), np.zeros(2)
    for _ in range(40):
        labels = np.full((1, 120, 120), SE, np.uint8)
        y, x = np.ogrid[:120, :120]
        taken: list[tuple[float, float, float]] = []
        for _ in range(60):
            cy, cx, r = *rng.uniform(-30, 150, 2), rng.choice([5.0, 20.0])
            if all(np.hypot(cy - a, cx - b) > r + s + 3 for a, b, s in taken):
                taken.append((cy, cx, r))
                labels[0, (y - cy) ** 2 + (x - cx) ** 2 <= r * r] = CATHODE
        inside = [s for a, b, s in taken if 0 <= a < 120 and 0 <= b < 120]
        plain_counts += [inside.count(5.0), inside.count(20.0)]
        table = run(plain(labels)).objects["particles"]
        large = table["equivalent_diameter_um"] > 25
        weights += [table.loc[~large, "weight"].sum(), table.loc[large, "weight"].sum()]
    # The count of centres in the picture is unbiased; 15 % are two standard errors of some 200 large discs.
    assert weights[1] / weights[0] == pytest.approx(plain_counts[1] / plain_counts[0], rel=0.15)


def test_particles_cut_by_the_picture_are_left_out() -> None:
    labels = np.full((1, 60, 60), SE, np.uint8)
    labels[0, :20, 10:30] = CATHODE
    labels[0, 30:40, 30:40] = CATHODE
    labels[0, 50:56, 10:16] = CATHODE
    labels[0, 56:, 10:16] = 0
    found = run(plain(labels))
    assert found.objects["particles"]["cut"].tolist() == [True, False, True]
    row = found.row("particle_size_d50")
    assert row.value == pytest.approx(2 * np.sqrt(100 / np.pi))
    assert row.definition == "particle_size/2D/v1"
    cut, interval, of_the_section = row.note.split("; ")
    assert (cut, interval) == ("2 cut by the picture are left out, and made up for", "no interval: too few particles")
    assert of_the_section.startswith("of the section")
    labels[0, 30:40, 30:40] = SE
    empty = run(plain(labels)).row("particle_size_d50")
    assert empty.value is None
    assert empty.note == "2 cut by the picture: none is whole"


def test_a_picture_without_the_phase_has_no_rows() -> None:
    with pytest.raises(KeyError):
        run(plain(np.full((1, 20, 20), SE, np.uint8))).row("particle_size_d50")


def test_a_phase_that_nobody_knows_is_told() -> None:
    cell = plain(np.ones((9, 9, 9), np.uint8))
    rows = measure(cell, MeasureParams(particles=("nope",)), Engine()).rows
    found = {row.metric: row for row in rows if row.metric.startswith("particle_size")}
    assert set(found) == {f"particle_size_{part}" for part in ("mean", "d10", "d50", "d90")}
    assert {(row.value, row.note) for row in found.values()} == {(None, "no phase is called nope")}


def test_sizes_against_the_height(make_cell: Callable[..., Cell]) -> None:
    labels = np.full((100, 60), SE, np.uint8)
    labels[:10] = LI
    y, x = np.ogrid[:100, :60]
    for cy, radius in ((30, 5), (70, 12)):
        labels[(y - cy) ** 2 + (x - 30) ** 2 <= radius**2] = CATHODE
    plane = ReferencePlane((0.0, 1.0, 0.0), 10.0)
    found = run(make_cell(labels, Spacing(1, 1, 1), normal="+y", plane=plane))
    profile = found.profiles[found.profiles["quantity"] == "particle_size_mean"]
    assert profile["depth_um"].tolist() == [22.0, 62.0]
    assert profile["value"].to_numpy() == pytest.approx([10, 24], rel=0.03)
    assert found.objects["particles"]["depth_um"].tolist() == pytest.approx([20.5, 60.5])


def test_neither_blocks_nor_tiles_change_the_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    centres = rng.uniform(0, 64, (40, 3))
    labels = np.where(balls((64, 64, 64), CUBE, centres, rng.uniform(3, 6, 40)), CATHODE, SE).astype(np.uint8)
    whole = run(plain(labels)).objects["particles"]
    blocks = run(plain(labels), Engine(block_shape=(10, 20, 30))).objects["particles"]
    pd.testing.assert_frame_equal(whole, blocks)
    monkeypatch.setattr(particles, "WHOLE_VOXELS", 1000)
    monkeypatch.setattr(particles, "TILE", (24, 24, 24))
    monkeypatch.setattr(particles, "HALO", 26)
    tiles = run(plain(labels))
    pd.testing.assert_frame_equal(whole, tiles.objects["particles"])
    monkeypatch.setattr(particles, "HALO", 4)
    assert "wider than 4 voxels are left out" in run(plain(labels)).row("particle_size_d50").note
