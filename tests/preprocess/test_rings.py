"""Rings about a centre that is found, whole or half, and what is left where noise hides them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.phantoms import make_phantom
from micro.phantoms.artefacts import ringed
from micro.preprocess.rings import Axis, find_axis, middle_of, ring_field, ring_strength

CENTRES = [(47.5, 47.5), (51.0, 43.5)]


def rms(values: NDArray[np.floating]) -> float:
    return float(np.std(values))


@pytest.fixture(scope="module")
def still() -> NDArray[np.float32]:
    """Slices of a CT phantom, without noise; white is about 1."""
    volume = make_phantom("xct", seed=3, shape=(40, 96, 96), noise="none").volume.data[12:36:6]
    grey = np.asarray(volume).astype(np.float32) / 65535
    return (grey - 0.24) / 0.34


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize(("noise", "left"), [(0.0, 0.55), (0.05, 0.55)])
def test_rings_go_about_their_own_centre(
    still: NDArray[np.float32], centre: tuple[float, float], noise: float, left: float
) -> None:
    grey = still + np.random.default_rng(1).normal(0, noise, still.shape).astype(np.float32)
    slices = list(ringed(grey, rms=0.05, seed=4, centre=centre))
    axis = find_axis(slices, 31)
    assert axis == Axis(centre)
    rings = slices[1] - grey[1]
    inner = np.hypot(*(np.indices(rings.shape) - np.array(centre)[:, None, None])) > 8
    # small rings, of few pixels, are believed less; the local mean takes a part of each ring
    assert rms((rings - ring_field(slices[1], 31, axis))[inner]) < left * rms(rings[inner])


def test_a_given_centre_is_taken() -> None:
    grey = [np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)]
    assert find_axis(grey, 31, (20.0, 40.0)).centre == (20.0, 40.0)


def test_half_rings_are_told_from_whole_ones(still: NDArray[np.float32]) -> None:
    grey = still + np.random.default_rng(1).normal(0, 0.03, still.shape).astype(np.float32)
    upper = ringed(0 * grey, rms=0.05, seed=4, centre=(47.5, 47.5))
    lower = ringed(0 * grey, rms=0.05, seed=5, centre=(47.5, 47.5))
    half = np.arange(96)[:, None] > 47.5
    rings = np.where(half, upper, lower)
    slices = list(grey + rings)
    axis = find_axis(slices, 31)
    assert axis.centre == (47.5, 47.5)
    assert axis.start_rad == 0
    assert rms(rings[1] - ring_field(slices[1], 31, axis)) < 0.6 * rms(rings[1])
    assert rms(rings[1] - ring_field(slices[1], 31, Axis(axis.centre))) > 0.7 * rms(rings[1])


def test_a_clean_picture_has_as_much_of_a_ring_elsewhere(still: NDArray[np.float32]) -> None:
    grey = list(still + np.random.default_rng(2).normal(0, 0.1, still.shape).astype(np.float32))
    _, here, elsewhere = ring_strength(grey, 31, Axis(middle_of(grey[0].shape)))
    assert here < 1.3 * elsewhere
    _, here, elsewhere = ring_strength(
        list(ringed(np.array(grey), rms=0.08, seed=1, centre=(47.5, 47.5))), 31, Axis((47.5, 47.5))
    )
    assert here > 2 * elsewhere
