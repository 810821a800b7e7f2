"""The curved reference: it recovers the bow it was made from, and a plane stays a plane."""

from __future__ import annotations

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
