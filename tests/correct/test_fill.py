"""Connected regions, holes and smooth outlines against scipy and against known shapes."""

import numpy as np
import pytest
from scipy import ndimage

from micro.correct import connected, holes_filled, smoothed
from micro.errors import ParameterError
from micro.model import Spacing

SPACING = Spacing(0.1, 0.1, 0.1)


@pytest.fixture
def values():
    return np.random.default_rng(4).integers(1, 4, (12, 14, 16), np.uint8)


def test_a_region_is_what_scipy_finds(values):
    for seed in [(0, 0, 0), (5, 6, 7), (11, 13, 15)]:
        parts, _ = ndimage.label(values == values[seed])
        assert np.array_equal(connected(values, seed), parts == parts[seed])


def test_a_seed_outside_is_told(values):
    with pytest.raises(ParameterError, match="outside of the box"):
        connected(values, (0, 14, 0))


@pytest.mark.parametrize("by_slice", [False, True])
def test_holes_are_what_scipy_fills(values, by_slice):
    solid = np.where(values == 1, 1, 3).astype(np.uint8)
    if by_slice:
        expected = np.stack([ndimage.binary_fill_holes(piece == 3) for piece in solid]) & (solid != 3)
    else:
        expected = ndimage.binary_fill_holes(solid == 3) & (solid != 3)
    assert expected.any()
    assert np.array_equal(holes_filled(solid, 3, by_slice=by_slice), expected)


def test_a_single_slice_has_holes_of_its_own():
    ring = np.ones((1, 9, 9), np.uint8)
    ring[0, 2:7, 2:7] = 3
    ring[0, 4, 4] = 2
    assert np.argwhere(holes_filled(ring, 3)).tolist() == [[0, 4, 4]]


def test_smoothing_keeps_a_flat_face_and_gives_a_hair_to_its_neighbours():
    labels = np.full((1, 40, 40), 2, np.uint8)
    labels[0, 20:] = 3
    labels[0, :20, :10] = 1
    flat = labels.copy()
    labels[0, 5:14, 30] = 3  # a hair in the electrolyte, one voxel wide and too far off to touch the face
    # Where three phases meet the face of Li is straight, too: nothing but the hair moves.
    assert np.array_equal(smoothed(labels, 3, 0.2, SPACING), flat)


def test_smoothing_by_slice_does_not_look_at_the_others():
    labels = np.full((3, 9, 9), 2, np.uint8)
    labels[1] = 3
    assert np.array_equal(smoothed(labels, 3, 0.2, SPACING, by_slice=True), labels)
    assert not (smoothed(labels, 3, 0.3, SPACING) == 3).any()


def test_smoothing_over_nothing_is_told(values):
    with pytest.raises(ParameterError, match="positive length"):
        smoothed(values, 1, 0.0, SPACING)
