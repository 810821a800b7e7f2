"""The curved reference: it recovers the bow it was made from, and a plane stays a plane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from micro.cell.bow import Bow
from micro.cell.cell import Normal, ReferencePlane
from micro.cell.interface import fit_reference
from micro.model import Spacing
from micro.phantoms import BUILDS, KINDS
from micro.phantoms.frame import Frame
from micro.phantoms.geometry import generators
from micro.phantoms.interface import Interface, draw_interface

EVERY = ["+z", "-z", "+y", "-y", "+x", "-x"]


def made(axis: int, sign: int) -> ReferencePlane:
    """A tilted, bowed surface about the middle of a box of 40 x 40 x 40 um."""
    direction = np.array([0.12, -0.09, 0.1])
    direction[axis] = sign
    direction /= np.linalg.norm(direction)
    z, y, x = (float(part) for part in direction)
    bow = Bow(axis, (20.0, 20.0), (20.0, 20.0), (-2.0, 0.0, 0.0, 5.0, 1.5, -2.0), 7.0)
    return ReferencePlane((z, y, x), float(20 * direction.sum()), 0.0, bow)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_heights_are_the_distance_to_the_nearest_point(axis: int, sign: int) -> None:
    plane, spacing = made(axis, sign), Spacing(2.0, 1.0, 1.6)
    shape = (20, 40, 25)
    heights = plane.heights_um(shape, spacing)
    line = np.arange(-20, 60, 0.125)
    u, v = (grid.ravel() for grid in np.meshgrid(line, line, indexing="ij"))
    surface = np.insert(np.column_stack([u, v]), axis, plane.place_um(axis, u, v), axis=1)
    index = np.random.default_rng(1).integers(0, shape, (400, 3))
    points = (index + 0.5) * np.array(spacing.um)
    nearest, _ = cKDTree(surface).query(points)
    found = heights[tuple(index.T)]
    # the nearest point of the net lies at most .125 / sqrt(2) = .09 beside the foot: .09^2 / 2 / height too far
    near = np.abs(nearest) < 1
    assert np.abs(np.abs(found) - nearest)[~near].max() < 0.005
    assert np.abs(np.abs(found) - nearest)[near].max() < 0.09
    across = plane.place_um(axis, *(points[:, other] for other in range(3) if other != axis))
    assert (np.sign(found) == sign * np.sign(points[:, axis] - across)).all()


def test_heights_are_the_same_in_every_block() -> None:
    plane, spacing = made(1, -1), Spacing(2.0, 1.0, 1.6)
    whole = plane.heights_um((20, 40, 25), spacing)
    part = plane.heights_um((7, 20, 11), spacing, (5, 13, 9))
    assert part.tobytes() == np.ascontiguousarray(whole[5:12, 13:33, 9:20]).tobytes()


SURFACES = {"plane": lambda axis, sign: replace(made(axis, sign), bow=None), "curved": made}


@pytest.mark.parametrize("kind", SURFACES)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_single_voxels_and_bins_agree_with_the_heights(axis: int, sign: int, kind: str) -> None:
    plane, spacing = SURFACES[kind](axis, sign), Spacing(2.0, 1.0, 1.6)
    shape, start = (9, 22, 14), (5, 3, 8)
    heights = plane.heights_um(shape, spacing, start)
    voxels = np.nonzero(np.random.default_rng(5).random(shape) < 0.1)
    np.testing.assert_array_equal(plane.heights_at_um(voxels, spacing, start), heights[voxels])
    # Bins wider than the block, of some voxels, and narrower than a voxel.
    for bin_um in (1000.0, 6.4, 0.3):
        bins = plane.bins(shape, spacing, start, bin_um=bin_um)
        np.testing.assert_array_equal(bins, np.floor(heights / bin_um))


@pytest.mark.parametrize("kind", SURFACES)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_what_lies_above_and_below_agrees_with_the_heights(axis: int, sign: int, kind: str) -> None:
    plane, spacing = SURFACES[kind](axis, sign), Spacing(2.0, 1.0, 1.6)
    shape, start = (9, 22, 14), (5, 3, 8)
    heights = plane.heights_um(shape, spacing, start)
    # one that no voxel reaches, one that all do, several between, and one that a voxel has
    for than_um in (-1000.0, 1000.0, 0.0, -2.3, 4.1, float(np.median(heights)), float(heights[3, 7, 5])):
        np.testing.assert_array_equal(plane.above(shape, spacing, start, than_um=than_um), heights > than_um)
        np.testing.assert_array_equal(plane.below(shape, spacing, start, than_um=than_um), heights < than_um)


def test_newton_stops_when_nothing_is_left_to_gain() -> None:
    """Against a whole dozen of Newton's steps, one after the other for all points."""
    plane = made(0, 1)
    assert plane.bow is not None
    bow, (z, y, x) = plane.bow, plane.direction
    edges = np.arange(40) + 0.5
    h, first, second = (grid.ravel() for grid in np.meshgrid(edges, edges, edges, indexing="ij"))
    (u0, v0), (a, b), c = bow.centre_um, bow.half_um, bow.weights_um
    u, v = first.copy(), second.copy()
    for _ in range(12):
        s, t = (u - u0) / a, (v - v0) / b
        rest = h - ((plane.offset_um - y * u - x * v) / z + bow.at(u, v))
        by_u = -y / z + (c[1] + 2 * c[3] * s + c[4] * t) / a
        by_v = -x / z + (c[2] + c[4] * s + 2 * c[5] * t) / b
        pull = np.stack([u - first - rest * by_u, v - second - rest * by_v], axis=-1)
        matrix = np.empty((h.size, 2, 2))
        matrix[:, 0, 0] = 1 + by_u**2 - rest * 2 * c[3] / a**2
        matrix[:, 1, 1] = 1 + by_v**2 - rest * 2 * c[5] / b**2
        matrix[:, 0, 1] = matrix[:, 1, 0] = by_u * by_v - rest * c[4] / (a * b)
        usable = (matrix[:, 0, 0] > 0.2) & (np.linalg.det(matrix) > 0.04)
        assert usable.all()
        move = np.linalg.solve(matrix, pull[:, :, None])[:, :, 0]
        u, v = u - move[:, 0], v - move[:, 1]
    exact = np.sqrt(
        (h - ((plane.offset_um - y * u - x * v) / z + bow.at(u, v))) ** 2 + (u - first) ** 2 + (v - second) ** 2
    )
    found = plane.heights_um((40, 40, 40), Spacing(1.0, 1.0, 1.0)).ravel()
    # Five steps at most, as in the code: rounding of some tens of um is left.
    np.testing.assert_allclose(np.abs(found), exact, rtol=0, atol=1e-12)


def test_reversed_has_the_opposite_heights() -> None:
    for plane in (made(0, 1), ReferencePlane((0.0, -0.6, 0.8), 3.0)):
        heights = plane.heights_um((6, 7, 8), Spacing(1, 1, 1))
        np.testing.assert_allclose(plane.reversed().heights_um((6, 7, 8), Spacing(1, 1, 1)), -heights, atol=1e-12)


def surface_of(interface: Interface, frame: Frame) -> tuple[NDArray[np.int64], Normal]:
    """The outermost voxel in every column of a body below the surface, as `surface_map` gives it."""
    steps = np.clip(np.rint(interface.surface_um(frame) / frame.edges_um[0]).astype(np.int64) - 1, 0, None)
    normal = Normal.parse(frame.normal)
    return (steps if normal.sign > 0 else frame.shape[0] - 1 - steps), normal


@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_planes_stay_planes_and_bows_are_found(kind: str) -> None:
    look = KINDS[kind]
    frame = Frame(look.shape, look.spacing, look.normal)
    for seed in range(12):
        for cell in ("half", "curved"):
            true = draw_interface(frame, generators(seed)["interface"], build=BUILDS[cell])
            index, normal = surface_of(true, frame)
            found = fit_reference(index, np.ones(index.shape, bool), normal, spacing=look.spacing)
            assert found is not None
            assert (found.bow is None) == (cell == "half"), (kind, seed, cell)
            if true.bow is not None:
                _, u, v = frame.centres_um()
                sag = np.ptp(true.bow.at(u, v))
                # what a quadratic takes from the roughness: its least-squares part is a few tenths of Sq's range
                assert found.sag_um == pytest.approx(sag, abs=4 * frame.unit_um)


@pytest.mark.parametrize("name", EVERY)
def test_every_normal_has_the_same_bow(name: str) -> None:
    frame = Frame((48, 48, 48), Spacing(1, 1, 1), name)
    bow = BUILDS["curved"]
    true = draw_interface(frame, generators(5)["interface"], build=bow)
    index, normal = surface_of(true, frame)
    found = fit_reference(index, np.ones(index.shape, bool), normal, spacing=Spacing(1, 1, 1), shape="curved")
    first = Frame((48, 48, 48), Spacing(1, 1, 1), "+z")
    other, up = surface_of(true, first)
    reference = fit_reference(other, np.ones(index.shape, bool), up, spacing=Spacing(1, 1, 1), shape="curved")
    assert found is not None
    assert reference is not None
    assert found.sag_um == pytest.approx(reference.sag_um, rel=1e-9)
    assert found.residual_um == pytest.approx(reference.residual_um, rel=1e-9)


def test_the_recipe_decides() -> None:
    column = np.arange(-60, 60)
    bent = np.round(30 + column**2 / 100.0).astype(np.int64)[None]
    sure = np.ones(bent.shape, bool)
    unit = Spacing(1, 1, 1)
    shapes = {name: fit_reference(bent, sure, Normal(1, 1), spacing=unit, shape=name) for name in ("plane", "curved")}
    assert shapes["plane"] is not None
    assert shapes["plane"].bow is None
    assert shapes["curved"] is not None
    # 120 columns about their own middle: 59.5^2 / 100 = 35.4, within the rounding of the columns to voxels
    assert shapes["curved"].sag_um == pytest.approx(35.4, abs=0.5)
    flat = fit_reference(np.full((1, 120), 30), sure, Normal(1, 1), spacing=unit, shape="curved")
    assert flat is not None
    assert flat.sag_um == pytest.approx(0, abs=1e-9)
    few = fit_reference(np.full((1, 5), 3), np.ones((1, 5), bool), Normal(1, 1), spacing=unit, shape="curved")
    assert few is not None
    assert few.bow is None


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("bend", [0.01, 0.1, 0.3])
def test_bins_of_a_gently_bent_surface_agree_with_the_heights(axis: int, sign: int, bend: float) -> None:
    plane, spacing = made(axis, sign), Spacing(2.0, 1.0, 1.6)
    assert plane.bow is not None
    weights = tuple(bend * weight for weight in plane.bow.weights_um)
    plane = replace(plane, bow=replace(plane.bow, weights_um=weights))
    shape, start = (17, 34, 41), (3, 1, 6)
    heights = plane.heights_um(shape, spacing, start)
    for bin_um in (40.0, 6.4, 2.5):
        bins = plane.bins(shape, spacing, start, bin_um=bin_um)
        np.testing.assert_array_equal(bins, np.floor(heights / bin_um))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("bend", [0.1, 1.0, 3.0])
def test_what_lies_above_a_strongly_bent_surface_agrees_with_the_heights(axis: int, sign: int, bend: float) -> None:
    plane, spacing = made(axis, sign), Spacing(2.0, 1.0, 1.6)
    assert plane.bow is not None
    weights = tuple(bend * weight for weight in plane.bow.weights_um)
    plane = replace(plane, bow=replace(plane.bow, weights_um=weights))
    shape, start = (33, 34, 41), (3, 1, 6)
    heights = plane.heights_um(shape, spacing, start)
    for than_um in (0.0, -4.3, 6.1):
        np.testing.assert_array_equal(plane.above(shape, spacing, start, than_um=than_um), heights > than_um)
