"""What is compiled for slices gives the bytes that scipy and numpy give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.preprocess.slice_kernels import median, smoothed


@pytest.mark.parametrize("shape", [(40, 61), (7, 90), (1, 5), (3, 2)])
@pytest.mark.parametrize("sigma", [0.4, 1.2, 31 / 6])
def test_the_gaussian_is_that_of_scipy(shape: tuple[int, int], sigma: float):
    grey = np.random.default_rng(1).normal(0.5, 0.2, shape).astype(np.float32)
    expected = ndimage.gaussian_filter(grey, sigma, truncate=3)
    np.testing.assert_array_equal(smoothed(grey, sigma, truncate=3), expected)


@pytest.mark.parametrize("size", [1, 2, 3, 24, 25, 26, 1000, 1001])
@pytest.mark.parametrize("kind", ["normal", "few values", "one far off", "all the same", "tiny steps"])
def test_the_median_is_that_of_numpy(size: int, kind: str):
    rng = np.random.default_rng(size)
    values = rng.normal(0, 1, size).astype(np.float32)
    if kind == "few values":
        values = np.rint(values)
    elif kind == "one far off":
        values[size // 2] = 3e38
    elif kind == "all the same":
        values[:] = -0.25
    elif kind == "tiny steps":
        values = np.float32(1) + np.finfo(np.float32).eps * np.rint(4 * values)
    before = values.copy()
    assert median(values) == float(np.median(values))
    np.testing.assert_array_equal(values, before)
