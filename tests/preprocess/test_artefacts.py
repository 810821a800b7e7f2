"""Cupping, fringes and charging: put on a phantom, measured, and taken out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import split
from micro.model import SSB_PHASES
from micro.phantoms import make_phantom
from micro.phantoms.artefacts import charged, cupped, fringed
from micro.preprocess.charging import limit_rims, rim_excess
from micro.preprocess.cupping import cup, measure_cupping
from micro.preprocess.fringes import defringe_block, fringe_reach, measure_fringes

Image = NDArray[np.float32]
VOIDS = SSB_PHASES.values_with("pore")


@pytest.fixture(scope="module")
def ct() -> Image:
    grey = np.asarray(make_phantom("xct", seed=3, shape=(40, 96, 96), noise="none").volume.data[8:32])
    return (grey.astype(np.float32) / 65535 - 0.24) / 0.34


@pytest.mark.parametrize("rim", [0.0, 0.06, 0.15, -0.1])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_cupping_is_told_from_the_sample(ct: Image, rim: float, noise: float) -> None:
    centre = (47.5, 47.5)
    grey = cupped(ct, rim=rim, centre=centre) + np.random.default_rng(0).normal(0, noise, ct.shape).astype(np.float32)
    found, error = measure_cupping(list(grey[::6]), centre)
    # an exponential is not quite a square: 0.5 rim^2; the rest is the noise, 0.1 over some 10 000 voxels, and phases
    # whose level is pulled by others
    assert found == pytest.approx(rim, abs=0.012 + 0.5 * rim**2)
    assert error < 0.02
    left = cupped(ct, rim=rim, centre=centre) / cup((96, 96), centre, found)
    assert np.std(left - ct) <= 0.3 * np.std(cupped(ct, rim=rim, centre=centre) - ct) + 0.004


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_fringes_are_undone(ct: Image, strength: float) -> None:
    disturbed = fringed(ct, strength=strength)
    overshoot, found = measure_fringes(list(disturbed[::6]))
    assert overshoot > 0.02
    (block,) = split(ct.shape, ct.shape)  # type: ignore[arg-type]
    raw = np.rint(np.clip(disturbed + 1, 0, 3) * 20000).astype(np.uint16)
    out = defringe_block(block, raw, strength=found).written[0].astype(np.float64) / 20000 - 1
    inner = (slice(4, -4), slice(8, -8), slice(8, -8))
    assert np.std((out - ct)[inner]) < 0.6 * np.std((disturbed - ct)[inner])


def test_clean_and_noisy_pictures_have_no_fringes(ct: Image) -> None:
    overshoot, strength = measure_fringes(list(ct[::6]))
    assert overshoot < 0.005
    assert strength == 0
    noisy = ct + np.random.default_rng(0).normal(0, 0.1, ct.shape).astype(np.float32)
    assert measure_fringes(list(noisy[::6]))[1] == 0.0


def test_fringes_do_not_depend_on_the_blocks(ct: Image) -> None:
    raw = np.rint(np.clip(ct + 1, 0, 3) * 20000).astype(np.uint16)
    (whole,) = split(ct.shape, ct.shape)  # type: ignore[arg-type]
    expected = defringe_block(whole, raw, strength=1.0).written[0]
    for block in split(ct.shape, (7, 50, 96), halo=fringe_reach(1.0, ct.shape)):  # type: ignore[arg-type]
        np.testing.assert_array_equal(
            defringe_block(block, raw[block.outer], strength=1.0).written[0], expected[block.core]
        )


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_rims_of_pores_are_limited_and_a_bright_phase_stays(noise: float) -> None:
    phantom = make_phantom("sem-alloy", seed=5, shape=(240, 320), noise="none")
    grey = np.asarray(phantom.volume.data[0]).astype(np.float32) / 255 - 0.05
    grey += np.random.default_rng(0).normal(0, noise, grey.shape).astype(np.float32)
    labels = np.asarray(phantom.truth.data[0])
    void = np.isin(labels, VOIDS)
    rims = charged(grey[None], void[None], rim=0.35)[0]
    excess, null = rim_excess([rims])
    clean, clean_null = rim_excess([grey])
    assert excess > max(0.002, 3 * null)
    assert clean < max(0.002, 2 * clean_null)
    fixed = limit_rims(rims)
    # electrolyte that is taken for the alloy: halfway between 0.37 and 0.75
    wrong = [np.count_nonzero((image > 0.56) & (labels == SSB_PHASES["SE"].value)) for image in (grey, rims, fixed)]
    assert wrong[1] > wrong[0] + 100
    assert wrong[2] - wrong[0] < 0.6 * (wrong[1] - wrong[0])
    # the alloy itself, beside pores too, stays
    metal = np.isin(labels, SSB_PHASES.values_with("metal")) & (grey > 0.6)
    assert np.mean(fixed[metal] > 0.56) > 0.99
