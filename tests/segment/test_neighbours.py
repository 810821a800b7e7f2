"""Neighbourhoods found row by row are those of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.segment.neighbours import alike_around, grow

SHAPES = [(1, 1, 1), (1, 7, 9), (4, 1, 3), (6, 5, 70), (3, 2, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_alike_means_that_least_and_greatest_are_one(shape: tuple[int, int, int]) -> None:
    values = (np.random.default_rng(1).random(shape) < 0.05).astype(np.uint8) * 200
    least, most = (rank(values, 3, mode="nearest") for rank in (ndimage.minimum_filter, ndimage.maximum_filter))
    np.testing.assert_array_equal(alike_around(values), least == most)


@pytest.mark.parametrize("shape", SHAPES)
def test_growing_is_a_dilation_by_a_cube(shape: tuple[int, int, int]) -> None:
    mask = np.random.default_rng(2).random(shape) < 0.04
    np.testing.assert_array_equal(grow(mask), ndimage.binary_dilation(mask, np.ones((3, 3, 3))))


def test_a_piece_that_is_not_contiguous_is_read_as_it_lies() -> None:
    values = np.random.default_rng(3).integers(0, 2, (9, 8, 7)).astype(np.uint8)
    np.testing.assert_array_equal(alike_around(values[::2, :, 1:5]), alike_around(values[::2, :, 1:5].copy()))
