"""Distances inside a block: the fast one within a radius is the whole one, cut."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import distance_um, within_um


@pytest.mark.parametrize("shape", [(1, 60, 70), (20, 30, 40)])
@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (0.05, 0.025, 0.025), (0.7, 0.3, 1.1)])
@pytest.mark.parametrize("steps", [0.9, 2.0, 5.0, 5.5, 8.0, 11.2, 11.3, 40.0])
def test_within_is_the_distance_compared(shape, edges, steps):
    seeds = np.random.default_rng(3).random(shape) < 0.003
    # just beside a distance that occurs, as all callers take it
    radius = 1.0001 * steps * min(edges)
    expected = distance_um(~seeds, edges) <= radius
    np.testing.assert_array_equal(within_um(seeds, edges, radius), expected)


def test_without_seeds_or_reach_nothing_is_within():
    none = np.zeros((2, 3, 4), bool)
    assert not within_um(none, (1, 1, 1), 5).any()
    one = none.copy()
    one[1, 1, 1] = True
    assert not within_um(one, (1, 1, 1), -1).any()
    np.testing.assert_array_equal(within_um(one, (1, 1, 1), 0), one)


def test_blocks_with_a_halo_of_the_radius_agree():
    seeds = np.random.default_rng(5).random((30, 40, 50)) < 0.004
    whole = within_um(seeds, (2.0, 1.0, 1.0), 4.0)
    part = within_um(seeds[6:24, 6:34, 6:44], (2.0, 1.0, 1.0), 4.0)
    np.testing.assert_array_equal(part[2:-2, 4:-4, 4:-4], whole[8:22, 10:30, 10:40])
