"""Neighbours that agree, against a slow reference of the same rule."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.model import Spacing
from micro.segment.levels import GreyLevels
from micro.segment.regularise import UNIT, ThinPhase, agree, cost_table, nearest_level, neighbour_weights

LEVELS = GreyLevels(("void", "Li", "SE"), (10000.0, 25000.0, 45000.0), 3000.0)


def slow_agree(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    costs: NDArray[np.int32],
    weights: NDArray[np.int32],
    *,
    rounds: int,
    start: tuple[int, int, int],
) -> NDArray[np.uint8]:
    """Whole-array sums over the 26 shifts, half of the voxels at a time; ties keep the label, then the lowest."""
    here = labels.copy()
    own = costs[grey].astype(np.int64)
    parity = np.indices(labels.shape).sum(axis=0) + sum(start)
    for turn in range(2 * rounds):
        padded = np.pad(here, 1, constant_values=255)
        like = np.zeros((*labels.shape, costs.shape[1]), np.int64)
        for offset in itertools.product(range(3), repeat=3):
            shifted = padded[tuple(slice(o, o + n) for o, n in zip(offset, labels.shape, strict=True))]
            like += weights[offset] * (shifted[..., None] == np.arange(costs.shape[1]))
        total = own - like
        best = total.min(axis=-1)
        current = np.take_along_axis(total, here[..., None].astype(int), axis=-1)[..., 0]
        choice = np.where(current == best, here, total.argmin(axis=-1))
        here = np.where((parity + turn) % 2 == 0, choice, here).astype(np.uint8)
    return here


@pytest.mark.parametrize("shape", [(7, 12, 13), (1, 30, 31)])
@pytest.mark.parametrize("start", [(0, 0, 0), (3, 4, 8)])
@pytest.mark.parametrize("rounds", [1, 3])
def test_agreement_equals_the_slow_reference(
    shape: tuple[int, int, int], start: tuple[int, int, int], rounds: int
) -> None:
    rng = np.random.default_rng(3)
    grey = (rng.choice(LEVELS.greys, shape) + rng.normal(0, 9000, shape)).clip(0, 65535).astype(np.uint16)
    costs = cost_table(LEVELS, noise=6000.0)
    weights = neighbour_weights(Spacing(0.05, 0.025, 0.025), 1.0)
    first = nearest_level(grey, costs)
    found = agree(first, grey, costs, weights, rounds=rounds, start=start)
    np.testing.assert_array_equal(found, slow_agree(first, grey, costs, weights, rounds=rounds, start=start))
    assert (found != first).sum() > 0.02 * first.size  # the case is no idle one


def test_a_round_reaches_two_voxels() -> None:
    rng = np.random.default_rng(4)
    grey = rng.integers(0, 65536, (21, 21, 21)).astype(np.uint16)
    costs = cost_table(LEVELS, noise=6000.0)
    weights = neighbour_weights(Spacing(1, 1, 1), 2.0)
    first = nearest_level(grey, costs)
    other = first.copy()
    other[10, 10, 10] = (first[10, 10, 10] + 1) % 3
    for rounds in (1, 2, 3):
        one, two = (agree(each, grey, costs, weights, rounds=rounds, start=(0, 0, 0)) for each in (first, other))
        moved = np.argwhere(one != two)
        assert not moved.size or np.abs(moved - 10).max() <= 2 * rounds


def test_costs_fall_to_the_nearest_level() -> None:
    costs = cost_table(LEVELS, noise=3000.0)
    nearest = nearest_level(np.arange(65536, dtype=np.uint16).reshape(1, 256, 256), costs).ravel()
    expected = np.abs(np.arange(65536)[:, None] - np.asarray(LEVELS.greys)).argmin(axis=1)
    # the halfway greys themselves, 17500 and 35000, may go either way
    assert set(np.flatnonzero(nearest != expected)) <= {17500, 35000}
    # half a square of one sd; darker than dark costs void nothing
    assert costs[28000, 1] == pytest.approx(0.5 * UNIT, abs=0.5 + 3000 / 65536 * UNIT)
    assert costs[0, 0] == costs[65535, 2] == 0


def test_a_thin_phase_is_looked_for_nearer_to_the_next() -> None:
    plain, thin = (cost_table(LEVELS, noise=3000.0, thin=phase) for phase in (None, ThinPhase(0, 1, 0.2)))
    edges = [int(np.argmax(costs.argmin(axis=1) > 0)) for costs in (plain, thin)]
    step = LEVELS.greys[1] - LEVELS.greys[0]
    # the border lies halfway, so it moves by half of the fifth
    assert edges[1] - edges[0] == pytest.approx(0.1 * step, abs=2)
    np.testing.assert_array_equal(plain[:, 2], thin[:, 2])


def test_weights_count_near_neighbours_more() -> None:
    weights = neighbour_weights(Spacing(2, 1, 1), 1.0)
    assert weights[1, 1, 1] == 0
    assert weights[1, 0, 1] == weights[1, 1, 2] > weights[1, 0, 0] > weights[0, 1, 1] > weights[0, 0, 0]
    # an inverse square: half as near, four times as heavy, to the rounding of integers
    assert weights[1, 0, 1] / weights[0, 1, 1] == pytest.approx(4, rel=2 / weights[0, 1, 1])
    assert weights.sum() == pytest.approx(6 * UNIT, abs=13)  # 26 roundings of half
    assert not neighbour_weights(Spacing(1, 1, 1), 0.0).any()
