"""Smoothing kernels against scipy, and from block to block."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, gaussian, gaussian_reach, smooth_axis


def noise(shape: tuple[int, int, int]) -> NDArray[np.float32]:
    return np.random.default_rng(5).random(shape, np.float32)


@pytest.mark.parametrize("sigmas", [(1.0, 1.0, 1.0), (0.5, 1.0, 2.0), (0.0, 1.3, 0.0), (4.0, 0.7, 0.4)])
def test_gaussian_equals_scipy(sigmas: tuple[float, float, float]) -> None:
    image = noise((7, 19, 23))
    reference = image.astype(np.float64)
    for axis, sigma in enumerate(sigmas):
        if sigma > 0:
            # scipy rounds the reach to the nearest voxel, we round it up
            reference = ndimage.gaussian_filter1d(
                reference, sigma, axis=axis, mode="nearest", radius=gaussian_reach(sigma)
            )
    # values near 0.5 in single precision, some ten roundings of 6e-8 each
    np.testing.assert_allclose(gaussian(image, sigmas), reference, atol=1e-6)


def test_gaussian_with_whole_sigmas_is_that_of_scipy_cut_at_three() -> None:
    image = noise((1, 40, 41))
    reference = ndimage.gaussian_filter(image.astype(np.float64), (0, 2, 1), mode="nearest", truncate=3)
    np.testing.assert_allclose(gaussian(image, (2, 2, 1)), reference, atol=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_smoothing_along_an_axis_does_not_depend_on_the_blocks(axis: int) -> None:
    image = noise((12, 17, 31))
    weights = np.float32([0.05, 0.2, 0.5, 0.2, 0.05])
    whole = smooth_axis(image, weights, axis)

    def task(block: Block, grey: NDArray[np.float32]) -> Done[None]:
        return Done(None, (smooth_axis(grey, weights, axis)[block.inner],))

    for block_shape in [(5, 4, 31), (4, 17, 3), (12, 3, 7)]:
        engine = Engine(block_shape=block_shape)
        cut = engine.array(image.shape, np.float32)
        halo = [0, 0, 0]
        halo[axis] = 2
        engine.run(task, [image], outputs=[cut], halo=(halo[0], halo[1], halo[2]))
        assert cut.tobytes() == whole.tobytes()


def test_reach_covers_three_sigma() -> None:
    assert [gaussian_reach(sigma) for sigma in (0, 0.1, 1, 1.1)] == [0, 1, 3, 4]


@pytest.mark.parametrize("length", [1, 2, 5, 40])
@pytest.mark.parametrize("reach", [1, 3, 24])
def test_along_rows_the_bits_are_those_of_the_other_axes(length: int, reach: int) -> None:
    rng = np.random.default_rng(length)
    volume = rng.random((3, 4, length)).astype(np.float32)
    half = rng.random(reach).astype(np.float32)
    weights = np.concatenate([half, [np.float32(1)], half[::-1]]).astype(np.float32)
    along_rows = smooth_axis(volume, weights, 2)
    turned = smooth_axis(np.ascontiguousarray(np.moveaxis(volume, 2, 0)), weights, 0)
    np.testing.assert_array_equal(along_rows, np.moveaxis(turned, 0, 2))
