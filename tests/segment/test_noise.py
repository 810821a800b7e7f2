"""Noise of a phase: its strength, and over how many voxels it is alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.blocks import Engine
from micro.segment.noise import measure_noise


@pytest.mark.parametrize("sigma", [0.8, 1.2])
def test_the_volume_predicts_the_spread_of_means(sigma: float) -> None:
    rng = np.random.default_rng(8)
    field = ndimage.gaussian_filter(rng.normal(size=(64, 64, 64)), sigma, mode="wrap")
    grey = np.rint(30000 + 1000 * field / field.std()).astype(np.uint16)
    found = measure_noise(np.zeros(grey.shape, np.uint8), grey, phase=0, level=30000, engine=Engine())
    assert found.sd == pytest.approx(1000, rel=0.03)
    cubes = grey.astype(float).reshape(8, 8, 8, 8, 8, 8).mean(axis=(1, 3, 5))
    # means over 512 voxels; the volume is that of endless ones, so the cubes' borders make it a little too large
    assert found.sd * np.sqrt(found.volume / 512) == pytest.approx(cubes.std(), rel=0.25)


def test_slow_drift_is_no_noise_and_blocks_agree() -> None:
    rng = np.random.default_rng(2)
    drift = 3000 * np.sin(np.arange(96) / 15)[None, None, :]
    grey = np.rint(30000 + drift + rng.normal(0, 500, (40, 48, 96))).astype(np.uint16)
    places = np.zeros(grey.shape, np.uint8)
    places[:, :4] = 1
    whole = measure_noise(places, grey, phase=0, level=30000, engine=Engine())
    # the drift's rms is 2000; what is left is the noise, alike in a few neighbours at most
    assert whole.sd == pytest.approx(500, rel=0.05)
    assert whole.volume < 6
    assert measure_noise(places, grey, phase=0, level=30000, engine=Engine(block_shape=(16, 17, 23))) == whole


def test_a_phase_that_is_not_there_has_none() -> None:
    grey = np.full((8, 20, 20), 30000, np.uint16)
    assert measure_noise(np.zeros(grey.shape, np.uint8), grey, phase=2, level=1000, engine=Engine()).sd == 0
