"""Contact loss and its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from micro.measure import Results, contact_loss, fraction_interval, with_contact_loss, with_sweep
from micro.measure.intervals import Spread
from micro.measure.loss import empty_loss
from micro.measure.sweep import SWEEP_COLUMNS
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


def swept() -> Results:
    lines = [
        ("porosity", "", "", "all", 0.1, 0.08, 0.13, "1", ""),
        ("contact_fraction", "", "", "interface", 0.6, 0.5, 0.64, "1", "no value at 1 of 4 thresholds"),
        ("interface_area", "", "", "interface", 90.0, 88.0, 91.0, "um2", ""),
    ]
    rows = (fraction(0.6, 0.03), empty_loss())
    table = pd.DataFrame(lines, columns=list(SWEEP_COLUMNS))
    return with_sweep(Results(rows, {}, pd.DataFrame(), None, {}), table)


def test_the_sweep_of_the_contact_is_one_of_the_loss() -> None:
    results = with_contact_loss(swept(), fraction(0.8, 0.02, state="pristine"))
    table = results.checks["threshold_sweep"]
    assert list(table["metric"]) == ["porosity", "contact_fraction", "contact_loss", "interface_area"]
    line = table.iloc[2]
    assert (line["value"], line["low"], line["high"]) == pytest.approx((0.25, 0.2, 0.375))
    assert line["note"] == "no value at 1 of 4 thresholds; the first state as it was measured"
    assert tuple(table.columns) == SWEEP_COLUMNS
    again = with_contact_loss(results, fraction(0.8, 0.02, state="pristine"))
    assert len(again.checks["threshold_sweep"]) == 4


def test_no_sweep_of_a_loss_that_is_not_there() -> None:
    for results in (
        with_contact_loss(swept(), None, itself=True),
        with_contact_loss(swept(), fraction(None, state="pristine")),
        with_contact_loss(swept(), None),
    ):
        assert "contact_loss" not in set(results.checks["threshold_sweep"]["metric"])
