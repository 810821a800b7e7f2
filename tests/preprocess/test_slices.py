"""Brightness of slices: jumps of the detector are found, the sample's own changes are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.preprocess.slices import slice_gains

Image = NDArray[np.float32]


def textured(shape: tuple[int, ...], *, seed: int = 0, noise: float = 0.03) -> Image:
    """Electrolyte of grey 0.7 with pores of 0.1 and a smooth texture, and the noise of an image."""
    rng = np.random.default_rng(seed)
    coarse = ndimage.gaussian_filter(rng.standard_normal(shape), 4)
    grey = np.where(coarse / coarse.std() < -1.5, 0.1, 0.7)
    return (ndimage.gaussian_filter(grey, 0.7) + rng.normal(0, noise, shape)).astype(np.float32)


def test_gains_of_slices_are_recovered() -> None:
    rng = np.random.default_rng(1)
    gains = 1 + 0.05 * rng.standard_normal(40)
    stack = textured((40, 60, 70)) * gains[:, None, None]
    found = slice_gains(1000 * stack + 50, low=50, engine=Engine())
    gains /= np.median(gains)
    # a median over 2100 pixels of noise 0.03 / 0.7 and edges between slices errs by some 0.002 from one
    # slice to the next, and these add up as a walk: 0.002 * sqrt(40) = 0.013
    np.testing.assert_allclose(found, gains, atol=0.015)
    for block_shape in [(7, 20, 20), (16, 60, 70), (1, 1, 1)]:
        assert (
            slice_gains(1000 * stack + 50, low=50, engine=Engine(block_shape=block_shape)).tobytes() == found.tobytes()
        )


def test_a_sample_that_changes_is_no_drift_of_brightness() -> None:
    # an anode grows from nothing to 60 % of the slice: the mean falls by a third, the brightness stays
    stack = np.full((30, 80, 40), 0.7, np.float32)
    for k in range(30):
        stack[k, 80 - round(48 * k / 29) :] = 0.25
    stack += np.random.default_rng(2).normal(0, 0.02, stack.shape).astype(np.float32)
    gains = slice_gains(stack, low=0, engine=Engine())
    assert stack[-1].mean() < 0.7 * stack[0].mean()
    # a median over 1600 pixels errs by 0.02 / 0.7 * 1.25 / 40 * sqrt(2) = 0.0013 a step; 30 steps walk 0.007
    np.testing.assert_allclose(gains, 1, atol=0.01)
