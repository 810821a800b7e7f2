"""Slices between two in which a region was drawn, against shapes that are known in between."""

import numpy as np
import pytest

from micro.correct import between
from micro.errors import ImageContentError, ParameterError

Y, X = np.mgrid[:80, :80]


def disc(y, x, radius):
    return (Y - y) ** 2 + (X - x) ** 2 <= radius**2


def test_a_cone_goes_over_evenly():
    found = between(disc(40, 40, 10), disc(40, 40, 20), 9, (0.1, 0.1))
    for number, piece in enumerate(found):
        radius = 10 + (number + 1)
        # The outline of a disc on the grid is known to half a voxel: the area to that times its length.
        assert abs(piece.sum() - np.pi * radius**2) <= 0.5 * 2 * np.pi * radius


def test_an_oblique_filament_keeps_its_width_where_its_ends_do_not_overlap():
    found = between(disc(20, 15, 5), disc(60, 65, 5), 7, (0.1, 0.1))
    for number, piece in enumerate(found):
        share = (number + 1) / 8
        assert np.array_equal(piece, disc(20 + 40 * share, 15 + 50 * share, 5)) or piece.sum() == pytest.approx(
            disc(40, 40, 5).sum(),
            abs=0.5 * 2 * np.pi * 5,  # half a voxel along the outline, as above
        )
        centre = np.argwhere(piece).mean(axis=0)
        assert np.abs(centre - [20 + 40 * share, 15 + 50 * share]).max() < 0.5


def test_equal_slices_stay_equal():
    region = disc(30, 40, 12) | disc(50, 40, 6)
    assert all(np.array_equal(piece, region) for piece in between(region, region, 3, (0.1, 0.05)))


def test_a_region_over_all_of_the_picture_stays():
    assert between(np.ones((5, 6), bool), np.ones((5, 6), bool), 2, (0.1, 0.1)).all()


def test_without_a_region_or_a_slice_between_it_is_told():
    with pytest.raises(ImageContentError, match="draw it there first"):
        between(disc(9, 9, 3), np.zeros((80, 80), bool), 2, (0.1, 0.1))
    with pytest.raises(ParameterError, match="expected one or more"):
        between(disc(9, 9, 3), disc(9, 9, 3), 0, (0.1, 0.1))
