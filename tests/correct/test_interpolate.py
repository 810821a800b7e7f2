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


def test_a_second_region_of_one_slice_only_does_not_drag_the_first_away():
    both = between(disc(20, 20, 5) | disc(60, 60, 5), disc(20, 20, 5), 5, (0.1, 0.1))
    assert all(np.array_equal(piece, disc(20, 20, 5)) for piece in both)


def test_each_region_goes_over_into_its_own_partner():
    first = disc(20, 20, 5) | disc(20, 60, 5)
    last = disc(24, 20, 5) | disc(20, 64, 8) | disc(65, 20, 4)
    found = between(first, last, 3, (0.1, 0.1))
    apart = between(disc(20, 20, 5), disc(24, 20, 5), 3, (0.1, 0.1)) | between(
        disc(20, 60, 5), disc(20, 64, 8), 3, (0.1, 0.1)
    )
    assert np.array_equal(found, apart)
    assert np.array_equal(between(first[::-1, ::-1], last[::-1, ::-1], 3, (0.1, 0.1)), found[:, ::-1, ::-1])


def test_regions_that_move_without_overlap_find_the_nearest():
    found = between(disc(20, 20, 4) | disc(60, 60, 4), disc(30, 20, 4) | disc(60, 72, 4), 1, (0.1, 0.1))[0]
    assert np.array_equal(found, disc(25, 20, 4) | disc(60, 66, 4))


def test_a_region_that_splits_hangs_together_with_both():
    ends = disc(40, 32, 6) | disc(40, 48, 6)
    found = between(disc(40, 40, 14), ends, 7, (0.1, 0.1))
    previous = disc(40, 40, 14)
    for piece in (*found, ends):
        for half in (piece[:, :40], piece[:, 40:]):
            assert half.any()
        assert (piece & previous).sum() > 0.8 * min(piece.sum(), previous.sum())
        previous = piece


def test_regions_far_apart_beside_others_have_no_partner():
    with pytest.raises(ImageContentError, match="no region of one slice has a partner"):
        between(disc(5, 5, 2) | disc(5, 70, 2), disc(70, 5, 2) | disc(70, 70, 2), 2, (0.1, 0.1))
