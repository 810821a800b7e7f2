"""Metal beyond the reference interface, grown back down to it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine, label_components
from micro.cell.body import ANODE, COUNTER
from micro.cell.cell import ReferencePlane
from micro.cell.dendrites import components_holding, mark_dendrites
from micro.model import Spacing

PLANE = ReferencePlane((0.0, -1.0, 0.0), -60.0)  # the electrolyte is above row 60, the anode below
UNIT = Spacing(1, 1, 1)


def marked(labels: NDArray[np.uint8], body: NDArray[np.uint8], metal: NDArray[np.bool_]) -> NDArray[np.uint8]:
    found = []
    for block_shape in [(128, 128, 128), (1, 33, 17), (1, 7, 90)]:
        engine = Engine(block_shape=block_shape)
        out = mark_dendrites(labels, body, PLANE, table=metal, value=4, tolerance_um=3, spacing=UNIT, engine=engine)
        found.append(np.asarray(out))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    return found[0][0]


@pytest.fixture
def cell() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    labels = np.full((1, 100, 90), 2, np.uint8)
    labels[0, 60:] = 3
    body = np.zeros_like(labels)
    body[0, 60:] = ANODE
    return labels, body


def test_a_filament_is_a_dendrite_down_to_the_interface(
    cell: tuple[NDArray[np.uint8], NDArray[np.uint8]], metal: NDArray[np.bool_]
) -> None:
    labels, body = cell
    labels[0, 20:60, 30:34] = 3
    expected = labels[0].copy()
    expected[20:60, 30:34] = 4
    np.testing.assert_array_equal(marked(labels, body, metal), expected)


def test_metal_that_stays_within_the_tolerance_is_anode(
    cell: tuple[NDArray[np.uint8], NDArray[np.uint8]], metal: NDArray[np.bool_]
) -> None:
    labels, body = cell
    labels[0, 57:60, 30:60] = 3  # 2.5 um to the topmost centre
    np.testing.assert_array_equal(marked(labels, body, metal), labels[0])
    labels[0, 56, 40] = 3  # 3.5 um: beyond, and of the bump what a root slanting by 45 degrees can reach
    grown = marked(labels, body, metal)
    # within 3 * sqrt(2) + 1 = 5.24 voxels of (56, 40): 11, 9 and 9 in the three rows beneath
    assert [np.count_nonzero(row == 4) for row in grown[56:60]] == [1, 11, 9, 9]


def test_the_body_keeps_what_lies_below_the_tolerance(
    cell: tuple[NDArray[np.uint8], NDArray[np.uint8]], metal: NDArray[np.bool_]
) -> None:
    labels, body = cell
    labels[0, 50:60, 20:60] = 3
    body[0, 50:60, 20:60] = ANODE  # a bump so wide that the opening leaves it
    grown = marked(labels, body, metal)
    assert (grown[50:57, 20:60] == 4).all()
    assert (grown[57:60, 20:60] == 3).all()


def test_islands_are_dendrites_and_the_counter_electrode_is_not(
    cell: tuple[NDArray[np.uint8], NDArray[np.uint8]], metal: NDArray[np.bool_]
) -> None:
    labels, body = cell
    labels[0, 30:36, 10:16] = 3
    labels[0, :12] = 3
    body[0, :12] = COUNTER
    grown = marked(labels, body, metal)
    assert (grown[30:36, 10:16] == 4).all()
    assert (grown[:12] == 3).all()


def test_components_are_held_by_any_of_their_voxels() -> None:
    image = np.zeros((1, 6, 12), np.uint8)
    image[0, 1, 1:5] = image[0, 3, 1:9] = image[0, 5, 8:] = 1
    marks = np.zeros_like(image)
    marks[0, 3, 8], marks[0, 5, 8], marks[0, 0, 0] = 2, 1, 2
    engine = Engine(block_shape=(1, 3, 4))
    found = label_components(image, engine=engine)
    assert components_holding(found, marks, 2, engine).tolist() == [False, False, True, False]


def test_the_roughness_of_the_body_is_none_and_a_dendrite_keeps_its_root(
    cell: tuple[NDArray[np.uint8], NDArray[np.uint8]], metal: NDArray[np.bool_]
) -> None:
    labels, body = cell
    labels[0, 55:60, 10:60] = 3
    body[0, 56:60, 12:58] = ANODE  # a mound 4 high beyond a tolerance of 3, and its skin
    assert not (marked(labels, body, metal) == 4).any()
    labels[0, 30:55, 30:34] = 3  # a dendrite that stands on it
    assert (marked(labels, body, metal)[30:55, 30:34] == 4).all()


def test_the_foot_in_a_body_that_rises_above_the_interface_is_dendrite(
    cell: tuple[NDArray[np.uint8], NDArray[np.uint8]], metal: NDArray[np.bool_]
) -> None:
    labels, body = cell
    labels[0, 20:60, 30:34] = 3
    labels[0, 58:60, 20:50] = 3
    body[0, 58:60, 20:50] = ANODE  # roughness, full of body, around the foot and in it
    expected = labels[0].copy()
    expected[20:60, 30:34] = 4
    np.testing.assert_array_equal(marked(labels, body, metal), expected)
