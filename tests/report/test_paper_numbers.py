"""Rounding by the interval: two digits of its half width, and never outside of it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micro.model import Measurement
from micro.report.paper_numbers import PrintedNumber, common_exponent, is_symmetric, print_number

# value, low, high -> value, half, low, high as printed; worked out by hand.
CASES = [
    (0.7312, 0.6812, 0.7812, ("0.731", "0.050", "", "")),
    (0.7312, 0.6789, 0.7811, ("0.731", "0.051", "", "")),
    (20.44, 19.2, 21.5, ("20.4", "", "19.2", "21.5")),
    (12345.0, 11140.0, 13550.0, ("12300", "1200", "", "")),
    (0.5, 0.4004, 0.5996, ("0.50", "0.10", "", "")),
    (0.02, 0.01, 0.05, ("0.020", "", "0.010", "0.050")),
    (-1.25, -1.9, -0.6, ("-1.25", "0.65", "", "")),
    (0.0, -0.004, 0.004, ("0.0000", "0.0040", "", "")),
    (-0.00004, -0.004, 0.00392, ("0.0000", "0.0040", "", "")),
    (0.0, 0.0, 3.69, ("0.0", "", "0.0", "3.7")),
    (2.0, 0.4, math.inf, ("2.0", "", "0.4", "inf")),
    (0.5, 0.5, 0.5, ("0.500", "", "0.500", "0.500")),
    (5.6132, None, None, ("5.61", "", "", "")),
    (12.0, None, None, ("12", "", "", "")),
    (0.0, None, None, ("0", "", "", "")),
    (0.4, 0.3, None, ("0.400", "", "", "")),
    (0.00034, 0.00033, 0.0099, ("0.00034", "", "0.00033", "0.00990")),
]


@pytest.mark.parametrize(("value", "low", "high", "expected"), CASES)
def test_the_cases(value, low, high, expected):
    printed = print_number(value, low, high)
    assert (printed.value, printed.half, printed.low, printed.high) == expected


finite = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-9)
widths = st.floats(1e-6, 1e4)


@given(finite, widths, widths)
def test_rounding_never_moves_a_value_out_of_its_interval(value, below, above):
    low, high = value - below, value + above
    printed = print_number(value, low, high)
    assert low <= float(printed.value) <= high


@given(finite, widths, widths)
def test_two_digits_of_the_half_width_stay(value, below, above):
    low, high = value - below, value + above
    printed = print_number(value, low, high, symmetric=False)
    half = (high - low) / 2
    # A unit of the last digit is a tenth of the half width at most; that the half width itself rounds up to
    # 10 units from 9.95 is the half per cent.
    unit = 10.0**-printed.decimals
    assert unit <= half / 9.95 * (1 + 1e-9)
    for exact, text in ((value, printed.value), (low, printed.low), (high, printed.high)):
        assert abs(float(text) - exact) <= unit / 2 * (1 + 1e-9) + 1e-12 * abs(exact)
    assert float(printed.low) <= float(printed.value) <= float(printed.high)


@given(finite, widths, st.floats(-0.12, 0.12))
def test_plus_minus_stands_only_for_ends_that_it_gives_back(value, half, skew):
    low, high = value - half * (1 - skew), value + half * (1 + skew)
    printed = print_number(value, low, high)
    if not printed.half:
        assert not is_symmetric(value, low, high)
        return
    centre, side = float(printed.value), float(printed.half)
    # Sides that differ by a tenth of the half width lie 5 % of it beside the mean; two roundings come on top.
    allowed = 0.05 * half + 10.0**-printed.decimals * (1 + 1e-6) + 1e-9 * abs(value)
    assert abs(centre - side - low) <= allowed
    assert abs(centre + side - high) <= allowed


@given(st.floats(1e-9, 1e9))
def test_without_an_interval_three_digits_stand(value):
    # Half a unit of the third digit: 0.5 % at worst, of a leading 1.00.
    assert float(print_number(value, None, None).value) == pytest.approx(value, rel=0.005 * (1 + 1e-9))


def test_a_power_of_ten_is_taken_out_of_the_digits():
    printed = print_number(1.21e-6, 0.93e-6, 1.49e-6, exponent=-6)
    assert printed == PrintedNumber("1.21", "0.28", decimals=2)


@pytest.mark.parametrize(
    ("values", "exponent"),
    [([1.2e-6, 3e-7], -6), ([0.5, 1e-7], 0), ([0.001], 0), ([0.00099], -4), ([3.2e7], 7), ([None, 0.0], 0), ([], 0)],
)
def test_a_line_has_one_power_of_ten(values, exponent):
    rows = [Measurement("gap_volume", value, "um3", "gap_volume/v1") for value in values]
    assert common_exponent(rows) == exponent
