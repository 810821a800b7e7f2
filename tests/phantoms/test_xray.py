"""CT: projection and reconstruction, and greys, noise and rings as strong as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.phantoms import KINDS, make_phantom
from micro.phantoms.geometry import generators
from micro.phantoms.noise import NOISE, NoiseLevel
from micro.phantoms.tomography import back_project, project, ramp_filter, view_angles
from micro.phantoms.xray import GREY_WINDOW, xray_image

SHAPE = (64, 80, 80)


def _disc(size, radius, centre=(0.0, 0.0)):
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    distance = np.hypot(y - centre[0], x - centre[1])
    return np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)[..., None], distance


def test_a_projection_holds_the_mass_and_the_chords_of_a_disc():
    disc, _ = _disc(80, 25)
    views = project(disc, view_angles(30), 120)[..., 0]
    # Linear interpolation keeps the mass of each view to the sampling of the rays.
    assert views.sum(axis=1) == pytest.approx(disc.sum(), rel=5e-3)
    # The chord through the middle of a disc is its diameter, to half a voxel of its soft rim.
    assert views[:, 59:61].mean(axis=1) == pytest.approx(50.0, abs=0.5)


@pytest.mark.parametrize("centre", [(0.0, 0.0), (6.0, -9.0)])
def test_reconstruction_returns_the_level_of_a_disc(centre):
    disc, distance = _disc(96, 30, centre)
    angles = view_angles(200)
    image = back_project(ramp_filter(project(0.4 * disc, angles, 136)), angles, (96, 96))[..., 0]
    # The band-limited ramp keeps the mean to its truncation at twice the detector's length.
    assert image[distance < 26].mean() == pytest.approx(0.4, rel=5e-3)
    assert image[(distance > 33) & (distance < 37)].mean() == pytest.approx(0.0, abs=0.004)


def _greys(labels, kind, level, seed=1):
    low, high = GREY_WINDOW
    return xray_image(labels, kind, generators(seed), level) / 65535 * (high - low) + low


@pytest.mark.parametrize("kind", ["xct", "xct-alloy"])
@pytest.mark.parametrize("noise", ["ordinary", "hard"])
def test_noise_is_as_asked_and_correlated(kind, noise):
    labels = make_phantom(kind, seed=1, noise="none", shape=SHAPE).truth.data.compute()
    level, look = NOISE["xct"][noise], KINDS[kind]
    quiet = NoiseLevel(0, level.stripes, level.artefacts)
    field = _greys(labels, look, level) - _greys(labels, look, quiet)
    sigma2 = np.mean([field[labels == value].var() for value in (2, 3)])
    assert abs(look.levels[1] - look.levels[2]) / np.sqrt(sigma2) == pytest.approx(level.snr, rel=0.1)
    # The ramp filter correlates neighbours within a slice; slices are independent.
    assert abs(np.mean(field[:, :, 1:] * field[:, :, :-1]) / field.var()) > 0.05
    assert abs(np.mean(field[1:] * field[:-1]) / field.var()) < 0.02


def test_rings_are_as_strong_as_asked_and_round():
    labels = np.full((24, 80, 80), 2, np.uint8)
    look = KINDS["xct"]
    none = NoiseLevel(0, 0, 0)
    rings = _greys(labels, look, NoiseLevel(0, 0.03, 0)) - _greys(labels, look, none)
    # The strength is set on other draws of the gain errors: their spread is about a tenth.
    assert rings.std() == pytest.approx(0.03 * look.levels[1], rel=0.2)
    y, x = np.mgrid[:80, :80] - 39.5
    # Over half a turn an element draws half a ring, the one across the axis the other half.
    bins = np.rint(2 * np.hypot(y, x) * np.sign(y)).astype(int)
    present, place = np.unique(bins, return_inverse=True)
    round_part = np.asarray(ndimage.mean(rings[12], bins, present))[place.reshape(bins.shape)]
    assert np.corrcoef(rings[12].ravel(), round_part.ravel())[0, 1] > 0.8


def test_beam_hardening_cups():
    labels = np.full((24, 96, 96), 2, np.uint8)
    y, x = np.mgrid[:96, :96] - 47.5
    image = _greys(labels, KINDS["xct"], NoiseLevel(0, 0, 1.0)).mean(axis=0)
    assert image[np.hypot(y, x) < 10].mean() < image[np.hypot(y, x) > 55].mean() - 0.005


def test_lithium_is_nearly_as_dark_as_void():
    phantom = make_phantom("xct", seed=1, shape=SHAPE)
    low, high = GREY_WINDOW
    grey = phantom.volume.data.compute() / 65535 * (high - low) + low
    labels = phantom.truth.data.compute()
    mean = {v: grey[ndimage.binary_erosion(labels == v, iterations=3)].mean() for v in (2, 3)}
    # Beam hardening and fringes move the greys by a few hundredths.
    assert mean[2] == pytest.approx(0.75, abs=0.03)
    assert mean[3] == pytest.approx(0.26, abs=0.04)
    assert mean[3] - KINDS["xct"].levels[0] < 0.5 * (mean[2] - mean[3]) + 0.03
