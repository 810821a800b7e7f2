"""Means over gaps and pores: bodies apart are the samples, a network is told by its covariance."""

import numpy as np
import pytest
from scipy import ndimage

from micro.measure.intervals import ratio_spread, value_interval
from micro.measure.places import amount_worth, body_sums, place_interval


def discs(rng, number, shape=(120, 120), sizes=(2.0, 7.0)):
    """Return the heights of half balls over a plane, apart from one another."""
    heights, y, x = np.zeros(shape), *np.ogrid[: shape[0], : shape[1]]
    placed = []
    while len(placed) < number:
        at, radius = rng.uniform(0, shape, 2), rng.uniform(*sizes)
        if all(np.hypot(*(at - other)) > radius + size + 3 for other, size in placed):
            placed.append((at, radius))
            square = (y - at[0]) ** 2 + (x - at[1]) ** 2
            heights = np.maximum(heights, np.sqrt(np.maximum(radius**2 - square, 0)))
    return heights


def test_bodies_are_counted_by_faces():
    counts = np.array([[1, 1, 0], [0, 0, 2], [3, 0, 2]])
    assert [sums.tolist() for sums in body_sums(counts, 2 * counts)] == [[2, 4, 3], [4, 8, 6]]
    assert body_sums(np.zeros((3, 3)))[0].size == 0


@pytest.mark.parametrize("number", [0, 1, 2])
def test_fewer_than_three_bodies_have_no_interval(number):
    heights = discs(np.random.default_rng(2), number)
    assert place_interval(heights, heights > 0, (1.0, 1.0)) is None


def test_one_body_is_worth_about_one_and_many_as_many_as_there_are():
    rng = np.random.default_rng(3)
    assert amount_worth(discs(rng, 1) > 0, (1.0, 1.0)) < 3
    alike = discs(rng, 25, sizes=(4.0, 4.001)) > 0
    assert 15 < amount_worth(alike, (1.0, 1.0)) < 60


def test_what_varies_within_bodies_is_no_spread_of_the_mean():
    """All bodies alike: their slopes are no randomness, and there is nothing to tell but rounding."""
    one = np.zeros((24, 24))
    one[6:18, 6:18] = np.minimum.outer(np.arange(1, 13), np.arange(1, 13))
    heights = np.tile(one, (5, 5))
    assert place_interval(heights, heights > 0, (1.0, 1.0)) is None
    assert value_interval(1.0, ratio_spread(heights, heights > 0, (1.0, 1.0))) is not None


def test_a_network_is_told_by_its_covariance():
    noise = ndimage.gaussian_filter(np.random.default_rng(4).normal(size=(128, 128)), 3, mode="wrap")
    network = noise < 0.5 * noise.std()
    thick = np.where(network, 2 + ndimage.gaussian_filter(np.random.default_rng(5).random((128, 128)), 2), 0)
    expected = value_interval(thick.sum() / network.sum(), ratio_spread(thick, network, (1.0, 1.0)))
    assert place_interval(thick, network, (1.0, 1.0)) == pytest.approx(expected, rel=1e-12)


def test_neither_mirror_nor_transposition_nor_unit_matters():
    heights = discs(np.random.default_rng(6), 14)
    low, high = place_interval(heights, heights > 0, (1.0, 1.0))
    for turned in (heights[::-1], heights.T, heights[:, ::-1]):
        assert place_interval(turned, turned > 0, (1.0, 1.0)) == pytest.approx((low, high), rel=1e-9)
    assert place_interval(3 * heights, heights > 0, (0.2, 0.2)) == pytest.approx((3 * low, 3 * high), rel=1e-9)
