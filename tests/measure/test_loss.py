"""Contact loss and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from micro.measure import contact_loss, fraction_interval
from micro.measure.intervals import Spread
from micro.model import Measurement


def fraction(value: float | None, half: float = 0.0, *, state: str = "") -> Measurement:
    ends = (None, None) if value is None or not half else (value - half, value + half)
    return Measurement(
        "contact_fraction", value, "1", "contact_fraction/v1", ci_low=ends[0], ci_high=ends[1], state=state, n=7
    )


def test_value_state_and_interval() -> None:
    row = contact_loss(fraction(0.3, 0.03), fraction(0.6, 0.03, state="pristine"))
    assert row.value == pytest.approx(0.5)
    assert row.note == "first state: pristine"
    assert row.n == 7
    # Small relative errors of .1 and .05 / .6 x ... add as squares: ratio .5 +- .5 sqrt(.1^2 + .05^2), to their square.
    assert row.ci_low == pytest.approx(0.5 - 0.5 * np.hypot(0.1, 0.05), abs=0.005)
    assert row.ci_high == pytest.approx(0.5 + 0.5 * np.hypot(0.1, 0.05), abs=0.005)


def test_a_gain_is_a_negative_loss() -> None:
    assert contact_loss(fraction(0.9), fraction(0.6)).value == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("now", "first", "told"),
    [
        (fraction(None), fraction(0.5), "no contact fraction"),
        (fraction(0.5), fraction(None, state="new"), "first state: new, which has no contact"),
        (fraction(0.5), fraction(0.0, state="new"), "first state: new, which has no contact"),
    ],
)
def test_what_cannot_be_given_is_empty(now: Measurement, first: Measurement, told: str) -> None:
    row = contact_loss(now, first)
    assert row.value is None
    assert row.note == told


def test_no_interval_where_one_of_the_two_has_none() -> None:
    row = contact_loss(fraction(0.5), fraction(0.8, 0.02))
    assert row.value == pytest.approx(0.375)
    assert (row.ci_low, row.ci_high) == (None, None)
    assert "no interval" in row.note


def test_the_interval_covers_two_independent_pictures() -> None:
    rng = np.random.default_rng(5)
    n, first, now = 300, 0.8, 0.45
    inside = 0
    for _ in range(2000):
        rows = []
        for share in (now, first):
            value = rng.binomial(n, share) / n
            ends = fraction_interval(value, Spread(value * (1 - value) / n, n))
            assert ends is not None
            rows.append(
                Measurement("contact_fraction", value, "1", "contact_fraction/v1", ci_low=ends[0], ci_high=ends[1])
            )
        row = contact_loss(*rows)
        assert row.ci_low is not None
        assert row.ci_high is not None
        inside += row.ci_low <= 1 - now / first <= row.ci_high
    # 95 %, give or take four standard errors of 2000 draws.
    assert 0.93 <= inside / 2000 <= 0.97
