"""Percentiles of a stack, counted block by block, against numpy on the whole."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.errors import ImageContentError
from micro.preprocess.histogram import BINS, grey_histogram

RNG = np.random.default_rng(7)
STACKS = {
    "uint8": RNG.integers(3, 250, (6, 31, 29)).astype(np.uint8),
    "uint16": RNG.integers(0, 65536, (6, 31, 29)).astype(np.uint16),
    "int16": RNG.normal(0, 900, (6, 31, 29)).astype(np.int16),
    "float32": RNG.normal(-2, 5, (6, 31, 29)).astype(np.float32),
    "float64": RNG.exponential(1e-3, (6, 31, 29)),
}


@pytest.mark.parametrize("kind", STACKS)
def test_percentiles_are_those_of_numpy(kind: str) -> None:
    stack = STACKS[kind]
    found = grey_histogram(stack, Engine(block_shape=(4, 10, 13)))
    assert (found.low, found.high) == (stack.min(), stack.max())
    assert found.counts.sum() == stack.size
    # a grey is known to half a bin; 1e-9 for the rounding of the bin's own edges
    half_bin = 0.5 * (found.high - found.low) / (BINS - 1) * (1 + 1e-9)
    for percent in (0, 0.1, 5, 50, 99, 99.9, 100):
        expected = np.percentile(stack.astype(np.float64), percent, method="inverted_cdf")
        assert abs(found.percentile(percent) - expected) <= half_bin, percent


@pytest.mark.parametrize("kind", STACKS)
def test_counts_do_not_depend_on_the_blocks(kind: str) -> None:
    whole = grey_histogram(STACKS[kind], Engine())
    for block_shape in [(1, 1, 29), (5, 7, 11)]:
        cut = grey_histogram(STACKS[kind], Engine(block_shape=block_shape))
        np.testing.assert_array_equal(cut.counts, whole.counts)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_not_finite_is_refused_and_counted(value: float, dtype: type) -> None:
    stack: NDArray[np.floating] = STACKS["float32"].astype(dtype)
    stack[0, 0, 0] = stack[5, 30, 28] = value
    with pytest.raises(ImageContentError, match=r"^2 voxels are NaN or infinite; expected .*"):
        grey_histogram(stack, Engine(block_shape=(2, 20, 20)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_constant_picture_is_refused(dtype: type) -> None:
    with pytest.raises(ImageContentError, match="every voxel has the grey value 7"):
        grey_histogram(np.full((3, 4, 5), 7, dtype), Engine(block_shape=(1, 2, 2)))


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_greys_beyond_single_precision_are_refused(scale: float) -> None:
    stack = np.arange(60, dtype=np.float64).reshape(3, 4, 5) * scale
    with pytest.raises(ImageContentError, match=r"grey values lie between 0 and .*: scale the picture"):
        grey_histogram(stack, Engine())
