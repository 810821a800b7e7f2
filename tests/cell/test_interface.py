"""The reference interface recovers the plane it was carved from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell.body import ANODE
from micro.cell.cell import Normal
from micro.cell.interface import fit_plane, surface_map
from micro.model import SSB_PHASES, Spacing

SOLID = SSB_PHASES.mask_table("electrolyte")


def tilted(
    angle_deg: float, spacing: Spacing, *, gaps: float = 0.0, turn: float = 0.6
) -> tuple[NDArray[np.uint8], tuple[float, float, float], float]:
    """Metal below a plane through the middle; over a share ``gaps`` of it void is carved 4 um into the metal."""
    shape = tuple(round(60 / edge) for edge in spacing.um)
    angle = np.deg2rad(angle_deg)
    direction = (np.sin(angle) * np.sin(turn), np.cos(angle), np.sin(angle) * np.cos(turn))
    z, y, x = np.ix_(*((np.arange(n) + 0.5) * edge for n, edge in zip(shape, spacing.um, strict=True)))
    offset = 30 * sum(direction)
    height = z * direction[0] + y * direction[1] + x * direction[2] - offset
    labels = np.where(height < 0, 3, 2).astype(np.uint8)
    # square gaps of 10 um on a lattice whose pitch makes their share
    if gaps:
        pitch = 10 / np.sqrt(gaps)
        open_here = (z % pitch < 10) & (x % pitch < 10)
        labels[(height < 0) & (height > -4) & open_here] = 1
    return labels, direction, offset


@pytest.mark.parametrize("spacing", [Spacing(1, 1, 1), Spacing(2, 1, 0.75)], ids=["cubic", "anisotropic"])
@pytest.mark.parametrize("gaps", [0.0, 0.3])
@pytest.mark.parametrize("angle_deg", [0, 3, 17, 30, 45])
def test_a_tilted_plane_with_gaps_is_found_to_a_tenth_of_a_voxel(
    angle_deg: float, gaps: float, spacing: Spacing
) -> None:
    labels, direction, offset = tilted(angle_deg, spacing, gaps=gaps)
    normal = Normal(1, 1)
    body = np.where(labels == 3, ANODE, 0).astype(np.uint8)
    index, contact = surface_map(body, labels, normal, body=ANODE, solid=SOLID, engine=Engine())
    plane = fit_plane(index, contact, normal, spacing=spacing)
    assert plane is not None
    # where the plane stands over the columns, against where it was: the heights of the box's corners differ
    # most, but a reader looks at the middle nine tenths
    corners = [(z, 30.0, x) for z in (3, 30, 57) for x in (3, 30, 57)]
    found = [np.dot(plane.direction, c) - plane.offset_um for c in corners]
    true = [np.dot(direction, c) - offset for c in corners]
    np.testing.assert_allclose(found, true, atol=0.1 * spacing.y)
    # rounding to whole voxels along the normal: a uniform error whose sd is an edge over sqrt(12) = 0.29,
    # cut by the median to 0.37; 0.45 leaves room for the tilt
    assert plane.residual_um <= 0.45 * spacing.y


@pytest.mark.parametrize("name", ["+z", "-z", "+y", "-y", "+x", "-x"])
def test_the_map_is_that_of_a_loop_over_columns(name: str) -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(1, 4, (9, 11, 13)).astype(np.uint8)
    body = (rng.random(labels.shape) < 0.2).astype(np.uint8)
    normal = Normal.parse(name)
    for block_shape in [(128, 128, 128), (4, 5, 6), (9, 1, 13)]:
        engine = Engine(block_shape=block_shape)
        index, contact = surface_map(body, labels, normal, body=ANODE, solid=SOLID, engine=engine)
        for place in np.ndindex(index.shape):
            column = [*place[: normal.axis], slice(None), *place[normal.axis :]]
            marked = np.flatnonzero(body[tuple(column)])
            if not marked.size:
                assert index[place] == -1
                assert not contact[place]
                continue
            last = marked[-1] if normal.sign > 0 else marked[0]
            beyond = last + normal.sign
            assert index[place] == last
            line = labels[tuple(column)]
            assert contact[place] == (0 <= beyond < line.size and bool(SOLID[line[beyond]]))


def test_the_plane_of_a_face_lies_on_the_face() -> None:
    up = fit_plane(np.full((5, 5), 3), np.ones((5, 5), bool), Normal(0, 1), spacing=Spacing(0.5, 1, 1))
    down = fit_plane(np.full((5, 5), 3), np.ones((5, 5), bool), Normal(0, -1), spacing=Spacing(0.5, 1, 1))
    assert up is not None
    assert down is not None
    # plain arithmetic on exact halves: the rest is rounding of the solver
    assert (up.direction, up.offset_um) == ((1, 0, 0), pytest.approx(2.0, abs=1e-12))
    assert (down.direction, down.offset_um) == ((-1, 0, 0), pytest.approx(-1.5, abs=1e-12))


def test_bumps_and_pits_of_a_fifth_do_not_move_the_plane() -> None:
    index = np.full((40, 40), 20)
    rng = np.random.default_rng(3)
    index[rng.random((40, 40)) < 0.2] += 15
    plane = fit_plane(index, np.ones((40, 40), bool), Normal(0, 1), spacing=Spacing(1, 1, 1))
    assert plane is not None
    # the biweight gives them no weight at all: exact but for rounding
    assert plane.offset_um == pytest.approx(21, abs=1e-6)
    assert plane.residual_um < 1e-6


def test_fewer_than_three_columns_are_no_plane() -> None:
    index = np.full((3, 3), -1)
    index[0, :2] = 4
    assert fit_plane(index, np.zeros((3, 3), bool), Normal(0, 1), spacing=Spacing(1, 1, 1)) is None


def test_heights_are_the_same_in_every_block() -> None:
    labels, direction, offset = tilted(20, Spacing(2, 1, 0.75))
    from micro.cell import ReferencePlane

    plane = ReferencePlane(direction, offset)
    whole = plane.heights_um(labels.shape, Spacing(2, 1, 0.75))
    part = plane.heights_um((7, 20, 30), Spacing(2, 1, 0.75), (11, 13, 17))
    assert part.tobytes() == np.ascontiguousarray(whole[11:18, 13:33, 17:47]).tobytes()
