"""The median over a square is scipy's, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from micro.preprocess.square_median import square_median


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("shape", [(60, 300), (9, 257), (7, 256)])
def test_the_values_are_those_of_scipy(size: int, shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(size).normal(0.5, 0.2, shape).astype(np.float32)
    assert np.array_equal(square_median(grey, size), ndimage.median_filter(grey, size))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.sampled_from([3, 5]))
@settings(max_examples=60, deadline=None)
def test_small_pictures_with_equal_greys(seed: int, height: int, width: int, size: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 4, (height, width)).astype(np.float32)
    assert np.array_equal(square_median(grey, size), ndimage.median_filter(grey, size))


def test_a_part_of_a_larger_picture_is_left_as_it_is() -> None:
    whole = np.random.default_rng(1).random((40, 60), np.float32)
    part, before = whole[5:30:2, 3:50], whole.copy()
    assert np.array_equal(square_median(part, 3), ndimage.median_filter(part, 3))
    assert np.array_equal(whole, before)
