"""The electron image: noise, curtains and greys as strong as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.phantoms import KINDS, make_phantom
from micro.phantoms.electron import electron_image
from micro.phantoms.geometry import generators
from micro.phantoms.noise import NOISE, NoiseLevel


def _flat(labels, value, distance):
    return ndimage.binary_erosion(labels == value, np.ones((1, 3, 3)), iterations=distance)


@pytest.mark.parametrize("kind", ["sem", "sem-alloy", "fibsem"])
@pytest.mark.parametrize(("noise", "snr"), [("ordinary", 6.0), ("hard", 3.5)])
def test_signal_to_noise_is_as_asked(kind, noise, snr):
    phantom = make_phantom(kind, seed=1, noise=noise, shape=(32, 160, 192) if kind == "fibsem" else None)
    grey, labels = phantom.volume.data.compute() / 255, phantom.truth.data.compute()
    # Curtains run along y, so differences between neighbours along y hold the noise alone, twice.
    steps = np.diff(grey, axis=1)
    sigma2 = [steps[_flat(labels, value, 6)[:, 1:]].var() / 2 for value in (2, 3)]
    contrast = abs(KINDS[kind].levels[1] - KINDS[kind].levels[2])
    assert contrast / np.sqrt(np.mean(sigma2)) == pytest.approx(snr, rel=0.1)


@pytest.mark.parametrize(("noise", "share"), [("ordinary", 0.05), ("hard", 0.09)])
def test_curtains_are_as_strong_as_asked(noise, share):
    labels = np.full((1, 400, 600), 2, np.uint8)
    level = NOISE["sem"][noise]
    kind = KINDS["sem"]
    with_curtains = electron_image(labels, kind, generators(2), NoiseLevel(0, level.stripes, 0)) / 255
    relative = with_curtains / kind.levels[1] - 1
    # Eight bits round to 1/255, far below the curtains.
    assert relative.std() == pytest.approx(share, rel=0.03)
    # Stripes: far more alike along y than along x.
    along_y, along_x = np.diff(relative, axis=1).std(), np.diff(relative, axis=2).std()
    assert along_y < 0.2 * along_x


@pytest.mark.parametrize("kind", ["sem", "fibsem-alloy"])
def test_greys_without_noise_are_the_levels(kind):
    phantom = make_phantom(kind, seed=2, noise="none", shape=(1, 240, 320) if kind == "sem" else (32, 112, 128))
    grey, labels = phantom.volume.data.compute() / 255, phantom.truth.data.compute()
    for value, level in zip((2, 3), KINDS[kind].levels[1:], strict=True):
        # Half a grey step of the eight bits.
        assert grey[_flat(labels, value, 5)] == pytest.approx(level, abs=0.5 / 255 + 1e-6)


def test_edges_of_pores_are_bright():
    phantom = make_phantom("sem", seed=3)
    grey, labels = phantom.volume.data.compute()[0] / 255, phantom.truth.data.compute()[0]
    outside = ndimage.distance_transform_edt(~np.isin(labels, (1, 5)))
    rim = grey[(outside > 2) & (outside <= 3) & (labels == 2)].mean()
    away = grey[(outside > 25) & (labels == 2)].mean()
    assert rim > away + 0.01
