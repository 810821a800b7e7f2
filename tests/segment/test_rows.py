"""What is done to whole rows at once gives what the plain rule gives voxel by voxel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.model import Spacing
from micro.preprocess.denoise import _bilateral
from micro.segment.levels import GreyLevels, flat_histogram
from micro.segment.noise import LAGS, _inside, _sums
from micro.segment.regularise import agree, cost_table, nearest_level, neighbour_weights
from micro.segment.skins import remove_skins

LEVELS = GreyLevels(("void", "Li", "SE"), (9000.0, 20000.0, 50000.0), 3000.0)
SHAPES = [(1, 9, 40), (5, 4, 33), (3, 6, 2)]


def picture(shape: tuple[int, int, int], noise: float) -> NDArray[np.uint16]:
    """A picture of three phases in patches, with noise."""
    rng = np.random.default_rng(4)
    patches = rng.integers(0, 3, [-(-length // 3) for length in shape])
    for axis in range(3):
        patches = np.repeat(patches, 3, axis)
    clean = np.array(LEVELS.greys)[patches[: shape[0], : shape[1], : shape[2]]]
    return np.clip(clean + rng.normal(0, noise, shape), 0, 65535).astype(np.uint16)


def around(shape: tuple[int, ...], at: tuple[int, ...], reach: int) -> list[tuple[int, ...]]:
    """The voxels within ``reach`` along each axis, as far as the array goes."""
    spans = (range(max(c - reach, 0), min(c + reach + 1, n)) for c, n in zip(at, shape, strict=True))
    return list(itertools.product(*spans))


@pytest.mark.parametrize("noise", [1500.0, 9000.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_neighbours_agree_as_they_would_one_by_one(shape: tuple[int, int, int], noise: float) -> None:
    grey = picture(shape, noise)
    costs, weights = cost_table(LEVELS, noise=3000.0), neighbour_weights(Spacing(0.05, 0.025, 0.025), 1.0)
    labels = nearest_level(grey, costs)
    expected = labels.copy()
    for turn in range(4):
        before = expected.copy()
        for at in np.ndindex(shape):
            if (sum(at) + turn) % 2:
                continue
            like = np.zeros(3, np.int64)
            for place in around(shape, at, 1):
                step = tuple(p - a + 1 for p, a in zip(place, at, strict=True))
                like[before[place]] += weights[step]
            cost = costs[grey[at]] - like
            expected[at] = before[at] if cost[before[at]] <= cost.min() else np.argmin(cost)
    np.testing.assert_array_equal(agree(labels, grey, costs, weights, rounds=2, start=(0, 0, 0)), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_skins_go_as_they_would_one_by_one(shape: tuple[int, int, int]) -> None:
    grey = picture(shape, 6000.0)
    labels = nearest_level(grey, cost_table(LEVELS, noise=3000.0))
    full = [all(labels[p] == 1 for p in around(shape, at, 1)) for at in np.ndindex(shape)]
    core = np.zeros(shape, bool)
    for at, whole in zip(np.ndindex(shape), full, strict=True):
        for place in around(shape, at, 1) if whole else ():
            core[place] = True
    expected = labels.copy()
    for at in np.ndindex(shape):
        near = {int(labels[place]) for place in around(shape, at, 2)}
        solid = any(core[place] for place in around(shape, at, 1))
        if labels[at] == 1 and not solid and {0, 2} <= near:
            expected[at] = 0 if grey[at] < 29500 else 2
    np.testing.assert_array_equal(remove_skins(labels, grey, LEVELS, (2, 2, 2)), expected)


@pytest.mark.parametrize("spread", [2000.0, 60000.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_likeness_of_noise_is_counted_along_runs(shape: tuple[int, int, int], spread: float) -> None:
    grey = picture(shape, spread)
    labels = np.ones(shape, np.uint8)
    labels[0, 2, 1] = labels[-1, -2, -1] = 0
    inside = np.empty(shape, np.uint8)
    _inside(labels, 1, inside)
    bounds = np.array([(0, shape[0]), (1, shape[1]), (0, shape[2])], np.int64)
    found, expected = _sums(inside, grey, 20000, bounds), np.zeros((3, LAGS + 1, 2), np.int64)
    deviation = (grey.astype(np.int64) - 20000) // 8
    for at in itertools.product(*(range(*bound) for bound in bounds)):
        for axis, lag in itertools.product(range(3), range(LAGS + 1)):
            run = [tuple(c + step * (a == axis) for a, c in enumerate(at)) for step in range(lag + 1)]
            if run[-1][axis] < shape[axis] and all(inside[place] for place in run):
                expected[axis, lag] += 1, deviation[at] * deviation[run[-1]]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_bilateral_mean_is_summed_in_raster_order(shape: tuple[int, int, int]) -> None:
    grey = picture(shape, 2000.0).astype(np.float32)
    guide = grey[:, ::-1].copy()
    near = np.random.default_rng(6).random((1 if shape[0] == 1 else 5, 5, 5)).astype(np.float32)
    found, expected = np.empty_like(grey), np.empty_like(grey)
    scale = np.float32(1 / 900)
    _bilateral(grey, guide, near, scale, found)
    for at in np.ndindex(shape):
        total = weights = np.float32(0)
        for place in around(shape, at, 2):
            apart = (guide[place] - guide[at]) * scale
            like = np.float32(1) / (np.float32(1) + apart * apart)
            step = tuple(p - a + n // 2 for p, a, n in zip(place, at, near.shape, strict=True))
            if min(step) < 0 or any(s >= n for s, n in zip(step, near.shape, strict=True)):
                continue
            weight = near[step] * like * like
            total, weights = total + weight * grey[place], weights + weight
        expected[at] = total / weights
    np.testing.assert_array_equal(found, expected)


def test_greys_away_from_edges_are_those_of_small_spread() -> None:
    grey = np.full((5, 6, 40), 20000, np.uint16)
    grey[:, :, 20:] = 50000
    flat, everything = flat_histogram(grey, Engine(block_shape=(2, 4, 16)))
    assert everything.sum() == grey.size
    assert flat.sum() == grey.size - 2 * 5 * 6  # of the edge, the voxels on both of its sides
