import math

import numpy as np
import pytest

from micro.measure.clusters import clustered_ratio
from micro.measure.intervals import value_interval


def degrees(numerator, weight, *, least=None):
    """Return the degrees of freedom of Student's t that an interval takes."""
    _, spread = clustered_ratio(numerator, weight, least=least)
    return 1 / (1 / spread.freedom + 1 / (spread.samples - 1))


def test_objects_alike_leave_all_degrees_of_freedom_and_one_unlike_the_others_half_of_them():
    ones = np.ones(12)
    alike = 5 + np.linspace(-0.5, 0.5, 12)
    assert degrees(alike, ones) == pytest.approx(11)
    assert degrees(alike, ones, least=0.0) == pytest.approx(11)
    lonely = np.array([1.02] * 11 + [3.0])
    assert degrees(lonely, ones) == pytest.approx(11)
    assert degrees(lonely, ones, least=1.0) == pytest.approx(5.5)


def test_neither_the_unit_nor_the_order_of_objects_matters():
    rng = np.random.default_rng(3)
    sizes, weight = rng.exponential(2.0, 15), rng.uniform(0.5, 2, 15)
    first = degrees(sizes * weight, weight, least=0.0)
    turned = rng.permutation(15)
    assert degrees(7.0 * (sizes * weight)[turned], weight[turned], least=0.0) == pytest.approx(first, rel=1e-12)
    assert 7 < first < 14


def test_one_object_of_half_the_weight_is_no_fault():
    weight = np.array([6.0, 1, 2, 1, 2])
    value, spread = clustered_ratio(weight * np.array([2.0, 3, 4, 5, 7]), weight, least=0.0)
    assert value == pytest.approx(42 / 12)
    assert math.isfinite(spread.variance)
    assert spread.freedom > 0


@pytest.mark.parametrize("count", [6, 12])
def test_means_of_skewed_values_are_covered(count):
    """Tortuosities are 1 and an exponential share more: 96.2 and 93.5 % held, without the limit 94.2 and 92.9 %."""
    rng = np.random.default_rng(11)
    held, plain = 0, 0
    for _ in range(2000):
        weight = rng.uniform(0.5, 1.5, count)
        values = (1 + rng.exponential(0.1, count)) * weight
        for least in (1.0, None):
            value, spread = clustered_ratio(values, weight, least=least)
            low, high = value_interval(value, spread, least=1.0) or (1.0, np.inf)
            if least is None:
                plain += low <= 1.1 <= high
            else:
                held += low <= 1.1 <= high
    assert 0.93 < held / 2000 < 0.98
    assert held > plain
