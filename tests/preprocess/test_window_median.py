"""The median over a window is scipy's, to the last bit."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from micro.preprocess.window_median import window_median


@pytest.mark.parametrize("size", [(3, 3), (5, 5), (7, 3), (1, 9)])
@pytest.mark.parametrize(("border", "mode"), [("symmetric", "reflect"), ("edge", "nearest")])
@pytest.mark.parametrize("shape", [(60, 300), (9, 257), (7, 256)])
def test_the_values_are_those_of_scipy(
    size: tuple[int, int], shape: tuple[int, int], border: Literal["symmetric", "edge"], mode: str
) -> None:
    grey = np.random.default_rng(size).normal(0.5, 0.2, shape).astype(np.float32)
    assert np.array_equal(window_median(grey, size, border), ndimage.median_filter(grey, size, mode=mode))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.sampled_from([3, 5]))
@settings(max_examples=60, deadline=None)
def test_small_pictures_with_equal_greys(seed: int, height: int, width: int, size: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 4, (height, width)).astype(np.float32)
    assert np.array_equal(window_median(grey, (size, size)), ndimage.median_filter(grey, size))


def test_a_part_of_a_larger_picture_is_left_as_it_is() -> None:
    whole = np.random.default_rng(1).random((40, 60), np.float32)
    part, before = whole[5:30:2, 3:50], whole.copy()
    assert np.array_equal(window_median(part, (3, 3)), ndimage.median_filter(part, 3))
    assert np.array_equal(whole, before)
