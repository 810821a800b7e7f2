"""Gaps, cracks and pores, told by where they are and by their shape."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine, label_components
from micro.cell.body import ANODE
from micro.cell.cell import Normal, ReferencePlane
from micro.cell.voids import crack_like, mark_gaps, object_areas_um2
from micro.model import Spacing

UNIT = Spacing(1, 1, 1)
PLANE = ReferencePlane((0.0, -1.0, 0.0), -60.0)
DOWN = Normal(1, -1)


def section() -> NDArray[np.uint8]:
    labels = np.full((1, 100, 120), 2, np.uint8)
    labels[0, 60:] = 3
    return labels


def gaps_of(labels: NDArray[np.uint8], *, band_um: float = 10.0) -> NDArray[np.bool_]:
    body = np.where(labels == 3, ANODE, 0).astype(np.uint8)
    found = [
        np.asarray(
            mark_gaps(
                labels,
                body,
                PLANE,
                DOWN,
                void=1,
                band_um=band_um,
                spacing=UNIT,
                engine=Engine(block_shape=block_shape),
            )
        )
        for block_shape in [(128, 128, 128), (1, 13, 31), (1, 100, 7)]
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    return found[0][0] > 0


@pytest.mark.parametrize("rows", [slice(60, 65), slice(56, 60), slice(57, 63)])
def test_a_lens_at_the_interface_is_a_gap_on_whichever_side(rows: slice) -> None:
    labels = section()
    labels[0, rows, 30:60] = 1
    np.testing.assert_array_equal(gaps_of(labels), labels[0] == 1)


def test_a_pore_above_the_interface_is_none() -> None:
    labels = section()
    labels[0, 52:58, 30:40] = 1  # in the band, but electrolyte lies between
    labels[0, 20:30, 70:80] = 1
    labels[0, 80:90, 70:80] = 1  # a hole in the anode, below the band
    assert not gaps_of(labels).any()


def test_a_gap_is_connected_inside_the_band() -> None:
    labels = section()
    labels[0, 58:62, 30:60] = 1
    labels[0, 54:58, 50:54] = 1  # reaches up from the gap: still the same gap
    labels[0, 54:58, 90:94] = 1  # beside it, with no touch
    expected = labels[0] == 1
    expected[:, 90:] = False
    np.testing.assert_array_equal(gaps_of(labels), expected)


def test_a_crack_that_runs_into_the_interface_stays_whole() -> None:
    labels = section()
    labels[0, 10:60, 50:53] = 1
    assert not gaps_of(labels).any()
    labels[0, 60:63, 30:80] = 1  # a gap that it opens into
    found = gaps_of(labels)
    assert not found[:60].any()
    assert (found[60:63, 30:49] & (labels[0, 60:63, 30:49] == 1)).all()


def paint(shape: tuple[int, int, int], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.broadcast_to(inside, shape).astype(np.uint8)


def is_crack(volume: NDArray[np.uint8], *, spacing: Spacing = UNIT, thickness_max_um: float = 8.0) -> list[bool]:
    engine = Engine(block_shape=(19, 23, 29))
    found = label_components(volume, engine=engine)
    chosen = crack_like(
        found,
        spacing=spacing,
        thickness_max_um=thickness_max_um,
        extent_min_um=12.0,
        aspect_min=5.0,
        planarity_max=0.75,
        engine=engine,
    )
    assert not chosen[0]
    return chosen[1:].tolist()


def grid(length: float, spacing: Spacing) -> list[NDArray[np.float64]]:
    return list(np.ix_(*((np.arange(round(length / e)) + 0.5) * e - length / 2 for e in spacing.um)))


ORIENTATIONS = {
    "axis": (0.0, 1.0, 0.0),
    "edge": (0.0, np.sqrt(0.5), np.sqrt(0.5)),
    "corner": (np.sqrt(1 / 3),) * 3,
    "odd": (0.36, 0.48, 0.8),
}


@pytest.mark.parametrize("spacing", [UNIT, Spacing(2, 1, 1)], ids=["cubic", "anisotropic"])
@pytest.mark.parametrize("direction", ORIENTATIONS.values(), ids=ORIENTATIONS)
@pytest.mark.parametrize("thickness", [2.5, 4.0, 6.5])
def test_a_disc_is_a_crack_in_every_orientation(
    thickness: float, direction: tuple[float, float, float], spacing: Spacing
) -> None:
    z, y, x = grid(60, spacing)
    along = z * direction[0] + y * direction[1] + x * direction[2]
    disc = (abs(along) < thickness / 2) & (z**2 + y**2 + x**2 - along**2 < 20**2)
    assert is_crack(paint(disc.shape, disc), spacing=spacing) == [True]


def test_a_wavy_sheet_is_a_crack() -> None:
    z, y, x = grid(60, UNIT)
    sheet = (abs(y - 5 * np.sin(2 * np.pi * x / 40)) < 1.6) & (abs(x) < 25) & (abs(z) < 18)
    assert is_crack(paint(sheet.shape, sheet)) == [True]


@pytest.mark.parametrize("radius", [2.5, 4.0, 7.5])
def test_a_sphere_is_a_pore(radius: float) -> None:
    z, y, x = grid(40, UNIT)
    ball = z**2 + y**2 + x**2 < radius**2
    assert is_crack(paint(ball.shape, ball)) == [False]


def test_a_tube_is_a_pore() -> None:
    z, y, x = grid(60, UNIT)
    for tube in ((z**2 + y**2 < 9) & (abs(x) < 25), ((z - y) ** 2 / 2 + (z + y - 2 * x) ** 2 / 6 < 9) & (abs(x) < 18)):
        assert is_crack(paint(tube.shape, tube)) == [False]


@pytest.mark.parametrize(("number", "radius"), [(2, 3.0), (2, 7.0), (3, 3.0), (3, 5.0), (4, 4.0)])
def test_a_network_of_spheres_is_none(number: int, radius: float) -> None:
    """As thin as a crack by volume over area, and from three spheres on as wide as one, but no sheet."""
    z, y, x = grid(70, UNIT)
    places = 1.9 * radius * (np.arange(number) - (number - 1) / 2)
    network = np.zeros(np.broadcast_shapes(z.shape, y.shape, x.shape), bool)
    for a, b, c in itertools.product(places, repeat=3):
        network |= (z - a) ** 2 + (y - b) ** 2 + (x - c) ** 2 < radius**2
    assert is_crack(paint(network.shape, network)) == [False]


def test_chains_of_spheres_are_pores() -> None:
    z, y, x = grid(80, UNIT)
    chain = np.zeros(np.broadcast_shapes(z.shape, y.shape, x.shape), bool)
    for number in range(-3, 4):
        chain |= z**2 + (y - 3 * np.sin(number)) ** 2 + (x - 8 * number) ** 2 < 25
    assert is_crack(paint(chain.shape, chain)) == [False]


def test_a_gap_as_wide_as_a_crack_but_thicker_is_none() -> None:
    slab = np.zeros((60, 30, 60), np.uint8)
    slab[5:55, 10:21, 5:55] = 1
    assert is_crack(slab) == [False]
    # two volumes over the root of the squares of the faces: 55000 / |5000, 1100, 1100| = 10.5 um
    assert is_crack(slab, thickness_max_um=10.6) == [False]  # and not five times as wide: 50 < 52.5


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
def test_a_sheet_along_an_axis_that_a_corner_cuts_is_as_thick_as_it_is(axes: tuple[int, int, int]) -> None:
    sheet = np.zeros((60, 30, 60), np.uint8)
    sheet[:45, 10:17, :45] = 1  # 7 thick, 8 is the limit
    ball = np.zeros_like(sheet)
    z, y, x = np.ogrid[:60, :30, :60]
    ball[z**2 + (y - 15) ** 2 + x**2 < 14**2] = 1  # a pore that the same edge cuts
    for volume, crack in ((sheet, True), (ball, False)):
        assert is_crack(np.ascontiguousarray(volume.transpose(axes))) == [crack]


@pytest.mark.parametrize("angle_deg", [0, 20, 45, 90])
def test_in_a_section_a_trace_is_a_crack_and_a_disc_is_none(angle_deg: float) -> None:
    _, y, x = grid(80, UNIT)
    angle = np.deg2rad(angle_deg)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    trace = ((abs(across) < 1.5) & (abs(along) < 25))[0]
    disc = ((x - 25) ** 2 + (y + 25) ** 2 < 5**2)[0] & ~ndimage.binary_dilation(trace, iterations=3)
    image = (trace | disc).astype(np.uint8)[None]
    found = label_components(image, engine=Engine())
    sizes = found.voxels[1:]
    assert is_crack(image) == [size == trace.sum() for size in sizes]
    assert len(sizes) == 2


def test_areas_count_faces_towards_anything_but_the_border() -> None:
    spacing = Spacing(0.5, 0.25, 2.0)
    image = np.zeros((6, 8, 9), np.uint8)
    image[0:2, 3:6, 4:8] = 1  # at the border along z: five sides of a box
    image[4, 4, 0] = 1  # at the border along x
    for block_shape in [(128, 128, 128), (1, 3, 4), (2, 2, 2)]:
        engine = Engine(block_shape=block_shape)
        areas = object_areas_um2(label_components(image, engine=engine), spacing, engine)
        az, ay, ax = spacing.face_areas_um2
        # integers times areas in doubles: rounding only
        expected = [[0, 0, 0], [12 * az, 16 * ay, 12 * ax], [2 * az, 2 * ay, ax]]
        np.testing.assert_allclose(areas, expected, rtol=1e-12)


def test_a_void_carved_deep_into_the_metal_is_a_gap_as_a_whole() -> None:
    labels = section()
    labels[0, 60:95, 30:60] = 1  # 35 deep, the band is 10
    labels[0, 80:90, 80:90] = 1  # a hole in the anode that joins nothing
    labels[0, 30:60, 70:73] = 1  # a crack that ends on the anode
    expected = labels[0] == 1
    expected[:, 70:] = False
    np.testing.assert_array_equal(gaps_of(labels), expected)
    labels[0, 20:60, 44:47] = 1  # a crack that opens into the void stays whole
    np.testing.assert_array_equal(gaps_of(labels)[:60], np.zeros((60, 120), bool))
    assert gaps_of(labels)[70:95, 30:60].all()
