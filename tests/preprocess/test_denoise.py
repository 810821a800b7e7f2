"""Noise goes, edges stay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine, split
from micro.model import Spacing
from micro.preprocess.denoise import denoise_block, denoise_reach, guide_noise, sigmas_voxels

SIGMAS = (1.0, 1.0, 1.0)
NOISE, LOW, HIGH = 2000.0, 20000, 40000


def step(*, noise: float = NOISE) -> NDArray[np.uint16]:
    """Two halves that meet at column 20 of 40."""
    grey = np.full((24, 32, 40), LOW, np.float64)
    grey[..., 20:] = HIGH
    return np.rint(grey + np.random.default_rng(0).normal(0, noise, grey.shape)).astype(np.uint16)


def denoise(grey: NDArray[np.uint16], *, noise: float | None, sharpen: float = 0.0) -> NDArray[np.float64]:
    (block,) = split(grey.shape, grey.shape)  # type: ignore[arg-type]
    return denoise_block(block, grey, sigmas=SIGMAS, noise=noise, sharpen=sharpen).written[0].astype(np.float64)


def test_the_bilateral_filter_lowers_noise_and_keeps_an_edge() -> None:
    grey = step()
    kept = guide_noise(grey, SIGMAS, Engine())
    smooth, blurred = denoise(grey, noise=kept), denoise(grey, noise=None)
    flat = smooth[6:-6, 6:-6, 6:14]
    # a Gaussian mean over 5 voxels a side with sd 1.5 has an effective number of (sum w)^2 / sum w^2 = 78: sd / 8.8;
    # the fall-off by likeness leaves at least a quarter of them
    assert flat.std() < NOISE / 4
    assert flat.mean() == pytest.approx(LOW, abs=NOISE / 40)
    # the voxels on either side of the edge: a Gaussian of sd 1 moves them by 0.31 of the step
    edge = [np.abs(each[6:-6, 6:-6, 19].mean() - LOW) / (HIGH - LOW) for each in (smooth, blurred)]
    assert edge[1] == pytest.approx(0.31, abs=0.01)
    assert edge[0] < 0.7 * edge[1]


def test_sharpening_restores_a_thin_layer() -> None:
    grey = np.full((24, 24, 40), HIGH, np.uint16)
    grey[..., 20:22] = LOW
    soft, sharp = denoise(grey, noise=None), denoise(grey, noise=None, sharpen=1.0)
    assert sharp[12, 12, 20] < soft[12, 12, 20] - 0.1 * (HIGH - LOW)
    assert sharp[12, 12, 5] == soft[12, 12, 5] == HIGH


def test_the_noise_is_that_of_the_smoothed_picture() -> None:
    grey = np.random.default_rng(1).normal(30000, NOISE, (40, 64, 64)).round().astype(np.uint16)
    # of unit white noise, Gaussian g then g - g*g in 3-D: by Parseval the variance is the sum of (g - g*g)^2
    axis = np.exp(-0.5 * np.arange(-3, 4) ** 2.0)
    axis /= axis.sum()
    once = np.zeros((25, 25, 25))
    once[9:16, 9:16, 9:16] = axis[:, None, None] * axis[None, :, None] * axis[None, None, :]
    double = np.convolve(axis, axis)
    twice = np.zeros_like(once)
    twice[6:19, 6:19, 6:19] = double[:, None, None] * double[None, :, None] * double[None, None, :]
    expected = NOISE * np.sqrt(((once - twice) ** 2).sum())
    # a median over 160 000 voxels, correlated over some 40 each: 1.2 / sqrt(4000) = 2 %; a grey is whole: 0.7 of 150
    assert guide_noise(grey, SIGMAS, Engine()) == pytest.approx(expected, rel=0.03)
    for block_shape in [(7, 64, 64), (40, 11, 13)]:
        assert guide_noise(grey, SIGMAS, Engine(block_shape=block_shape)) == guide_noise(grey, SIGMAS, Engine())


def test_the_reach_is_the_same_in_um_along_every_axis() -> None:
    assert sigmas_voxels(Spacing(0.05, 0.025, 0.1), (9, 9, 9), 2.0) == (1.0, 2.0, 0.5)
    # a section has no z, however fine it is said to be
    assert sigmas_voxels(Spacing(0.001, 0.05, 0.025), (1, 9, 9), 1.0) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize("noise", [None, 500.0])
@pytest.mark.parametrize("sharpen", [0.0, 1.0])
def test_the_halo_is_as_wide_as_a_voxel_can_be_seen(noise: float | None, sharpen: float) -> None:
    grey = np.random.default_rng(3).integers(20000, 40000, (21, 21, 21)).astype(np.uint16)
    reach = denoise_reach(SIGMAS)[0]
    changed = grey.copy()
    changed[10, 10, 10] = 65535
    moved = np.argwhere(denoise(grey, noise=noise, sharpen=sharpen) != denoise(changed, noise=noise, sharpen=sharpen))
    assert len(moved) > 0
    assert np.abs(moved - 10).max() <= reach
