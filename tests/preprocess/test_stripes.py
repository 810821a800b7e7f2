"""Curtains go; vertical cracks, dendrites and clean pictures stay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.model import SSB_PHASES
from micro.phantoms import Noise, make_phantom
from micro.phantoms.artefacts import curtained
from micro.preprocess.stripes import black_below, stripe_field, stripe_strength

Image = NDArray[np.float32]
SE, LI = SSB_PHASES["SE"].value, SSB_PHASES["Li"].value


def rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def noisy(kind: str, seed: int, noise: float) -> tuple[Image, NDArray[np.uint8]]:
    """A phantom's slice with white noise, black at 0, and its labels."""
    phantom = make_phantom(kind, seed=seed, shape=(240, 320), noise="none")
    grey = np.asarray(phantom.volume.data[0]).astype(np.float32) / 255 - 0.05
    grey += np.random.default_rng(seed).normal(0, noise, grey.shape).astype(np.float32)
    return grey, np.asarray(phantom.truth.data[0])


@pytest.mark.parametrize(("strength", "noise"), [(0.05, 0.053), (0.09, 0.09), (0.05, 0.0)])
@pytest.mark.parametrize("kind", ["sem", "sem-alloy"])
def test_most_of_the_curtains_goes(kind: str, strength: float, noise: float) -> None:
    grey, labels = noisy(kind, 5, noise)
    striped = curtained(grey[None], rms=strength, seed=2)[0]
    flat = labels == SE
    before = (striped / grey)[flat & (np.abs(grey) > 0.1)]
    assert rms(before - 1) == pytest.approx(strength, rel=0.2)
    curtain = curtained(np.ones_like(grey)[None], rms=strength, seed=2)[0]
    left = curtain / stripe_field(striped, 31)
    # 0.25 to 0.45 of the curtains, ordinary to hard noise (whole-column factors left 0.55 to 0.7). What is left is the
    # noise of a column over the 80 pixels along which a curtain keeps its strength, and curtains as wide as the window
    assert rms(left[flat] - left[flat].mean()) < 0.5 * strength


def darkened(grey: Image) -> Image:
    """The grey scale of a picture whose dark end is taken for black, and its bright end for white."""
    low, high = np.percentile(grey, [0.1, 99.9])
    return ((grey - low) / (high - low)).astype(np.float32)


@pytest.mark.parametrize(("strength", "noise"), [(0.05, 0.053), (0.09, 0.09)])
@pytest.mark.parametrize("level", [0.3, 0.62, 0.8])
def test_most_of_the_curtains_of_a_single_phase_goes(level: float, strength: float, noise: float) -> None:
    shape = (240, 320)
    curtain = curtained(np.ones((1, *shape), np.float32), rms=strength, seed=2)[0]
    grey = level * curtain + np.random.default_rng(2).normal(0, noise, shape).astype(np.float32)
    low, high = np.percentile(grey, [0.1, 99.9])
    below = black_below([darkened(grey)])
    assert below > 0
    field = stripe_field(darkened(grey) + np.float32(below), 31)
    striped = (level * curtain - low) / (high - low) + below
    left = striped / field
    # 0.21 to 0.35; with the dark end for black 0.43 to 0.53 of the brighter two
    assert rms(left - left.mean()) < 0.4 * rms(striped - striped.mean())


@pytest.mark.parametrize("noise", ["ordinary", "hard"])
@pytest.mark.parametrize("state", ["pristine", "cycled"])
@pytest.mark.parametrize("kind", ["sem", "sem-alloy", "fibsem", "fibsem-alloy"])
def test_black_of_a_cell_is_its_dark_end(kind: str, state: str, noise: Noise) -> None:
    shape = (24, 96, 128) if kind.startswith("fibsem") else (240, 320)
    grey = np.asarray(make_phantom(kind, seed=5, state=state, noise=noise, shape=shape).volume.data).astype(np.float32)
    assert black_below(list(darkened(grey))) == 0


@pytest.mark.parametrize("below", [False, True])
def test_lithium_too_little_to_be_a_phase_keeps_its_shape(below: bool) -> None:
    shape = (440, 520)
    clean = np.full(shape, 0.62, np.float32)
    clean[100:140, 250:254] = 0.30
    if not below:  # a layer of it makes it a phase
        clean[400:] = 0.30
    grey = ndimage.gaussian_filter(clean, 0.7) + np.random.default_rng(4).normal(0, 0.053, shape)
    striped = darkened(curtained(grey[None].astype(np.float32), rms=0.05, seed=7)[0])
    lowered = black_below([striped])
    assert (lowered > 0) == below
    above = striped + np.float32(lowered)
    ratios = [
        image[105:135, 251:253].mean() / image[105:135, 200:300].mean()
        for image in (above, above / stripe_field(above, 31))
    ]
    # curtains move the ratio a little themselves
    assert ratios[1] == pytest.approx(ratios[0], abs=0.04)


def test_down_tells_from_across_and_noise_from_stripes() -> None:
    grey, _ = noisy("sem", 5, 0.05)
    down, across = stripe_strength(curtained(grey[None], rms=0.05, seed=2)[0], 31)
    assert down > 3 * across
    assert down == pytest.approx(0.05, rel=0.3)
    clean = stripe_strength(grey, 31)
    # both are noise alone: 1.25 * 0.09 / 16 = 0.007 over a column of 240 pixels, twice that in columns half of lithium
    assert max(clean) < 0.015
    turned = stripe_strength(np.ascontiguousarray(curtained(grey[None], rms=0.05, seed=2)[0].T), 31)
    assert turned == pytest.approx((across, down), rel=1e-6)


@pytest.mark.parametrize("width", [2, 4, 8])
@pytest.mark.parametrize("dark", [0.02, 0.28])
def test_a_vertical_crack_or_dendrite_keeps_its_shape(width: int, dark: float) -> None:
    rng = np.random.default_rng(4)
    clean = np.full((220, 260), 0.57, np.float32)
    clean[40:190, 120 : 120 + width] = dark
    truth = clean < 0.4
    grey = ndimage.gaussian_filter(clean, 0.7) + rng.normal(0, 0.05, clean.shape)
    striped = curtained(grey[None].astype(np.float32), rms=0.08, seed=7)[0]
    fixed = striped / stripe_field(striped, 31)
    scores = []
    for image in (grey, striped, fixed):
        found = ndimage.median_filter(image, (5, 1)) < 0.5 * (0.57 + dark)
        scores.append(np.count_nonzero(found & truth) / np.count_nonzero(found | truth))
    # no worse than with the curtains, and within 3 % of a picture that never had any
    assert scores[2] >= scores[1] - 0.005
    assert scores[2] > scores[0] - 0.03
    # the grey of the object, relative to what lies beside it, stays
    inside = fixed[60:170, 120 : 120 + width].mean() / fixed[60:170, 60:100].mean()
    assert inside == pytest.approx(grey[60:170, 120 : 120 + width].mean() / grey[60:170, 60:100].mean(), abs=0.04)


def test_a_flat_picture_has_no_stripes() -> None:
    np.testing.assert_array_equal(stripe_field(np.full((64, 64), 0.5, np.float32), 31), 1)


def test_what_is_black_but_for_a_few_columns_has_no_stripes() -> None:
    image = np.zeros((64, 200), np.float32)
    image[:, ::40] = 1
    np.testing.assert_array_equal(stripe_field(image, 31), 1)
