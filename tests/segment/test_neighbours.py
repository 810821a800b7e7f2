"""Neighbourhoods found row by row are those of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.segment.neighbours import alike_around, edges_within, grow, spread

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


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reach", [(0, 0, 0), (1, 2, 3), (2, 0, 9)])
def test_spreading_is_a_dilation_by_a_box(shape: tuple[int, int, int], reach: tuple[int, int, int]) -> None:
    mask = np.random.default_rng(4).random(shape) < 0.01
    box = np.ones([2 * r + 1 for r in reach])
    np.testing.assert_array_equal(spread(mask, reach), ndimage.binary_dilation(mask, box))


@pytest.mark.parametrize("shape", SHAPES)
def test_edges_are_what_is_not_alike_in_the_box_and_allowed(shape: tuple[int, int, int]) -> None:
    values = (np.random.default_rng(5).random(shape) < 0.05).astype(np.uint8)
    allowed = np.random.default_rng(6).random(shape) < 0.3
    box = tuple(slice(length // 4, length - length // 5) for length in shape)
    expected = np.zeros(shape, bool)
    expected[box] = (allowed & ~alike_around(values))[box]
    np.testing.assert_array_equal(edges_within(values, allowed, box), expected)
