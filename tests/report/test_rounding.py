import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micro.report import format_value
from micro.report.paper_numbers import print_number
from micro.report.rounding import format_count, unit_text

TABLE = [
    (0.7312, 0.6789, 0.7811, "1", "0.731 [0.679, 0.781]"),
    (0.7312, 0.58, 0.88, "1", "0.73 [0.58, 0.88]"),
    (0.73, 0.3, 0.95, "1", "0.73 [0.30, 0.95]"),
    (20.44, 19.2, 21.5, "um", "20.4 [19.2, 21.5] µm"),
    (12345.0, 11540.0, 13150.0, "um3", "12340 [11540, 13150] µm³"),
    (0.0412, 0.031, 0.054, "1/um", "0.041 [0.031, 0.054] µm⁻¹"),
    (-1.25, -1.9, -0.6, "um", "−1.25 [−1.90, −0.60] µm"),
    (1.21e-6, 0.93e-6, 1.5e-6, "1/um3", "(1.21 [0.93, 1.50]) × 10⁻⁶ µm⁻³"),
    (3.2e7, 2.8e7, 3.6e7, "um3", "(3.20 [2.80, 3.60]) × 10⁷ µm³"),
    (12.0, None, None, "1", "12"),
    (5.6132, None, None, "um", "5.61 µm"),
    (0.0, None, None, "um", "0 µm"),
    (0.5, 0.5, 0.5, "1", "0.500 [0.500, 0.500]"),
    (2.0, 0.4, math.inf, "um", "2.0 [0.4, ∞] µm"),
    (31.4, 28.0, 34.9, "deg", "31.4 [28.0, 34.9]°"),
    (0.5, -0.46, 1.46, "1", "0.50 [−0.46, 1.46]"),
    (-0.004, -0.2, 0.192, "1", "0.00 [−0.20, 0.19]"),
    (0.4, 0.3, None, "1", "0.400"),
    (0.02, 0.004, 0.3, "1", "0.020 [0.004, 0.300]"),
    (0.1, 1e-9, 0.9, "1", "0.10 [<0.01, 0.90]"),
    (0.1, 0.0, 0.9, "1", "0.10 [0.00, 0.90]"),
    (None, 0.1, 0.2, "um", "—"),
    (math.nan, None, None, "um", "—"),
]


@pytest.mark.parametrize(("value", "low", "high", "unit", "expected"), TABLE)
def test_table(value, low, high, unit, expected):
    assert format_value(value, low, high, unit) == expected


def numbers_in(text: str) -> list[float]:
    power = re.search(r"× 10(\S+)", text)
    exponent = int(power[1].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) if power else 0
    plain = text.split("×", maxsplit=1)[0].replace("−", "-")
    found = re.findall(r"-?\d+(?:\.\d+)?", plain)
    return [float(number) * 10.0**exponent for number in found]


@given(
    st.floats(1e-9, 1e9),
    st.floats(1e-4, 3.0),
    st.floats(1e-4, 3.0),
)
def test_rounding_costs_a_twentieth_of_the_half_width_at_most(value, below, above):
    low, high = value * (1 - below), value * (1 + above)
    text = format_value(value, low, high, "1")
    printed = numbers_in(text)
    assert len(printed) == 3
    if "<" in text:  # the lower end, which is less than that
        assert 0 < low < printed[1]
        printed[1] = low
    assert printed[1] <= printed[0] <= printed[2]
    # A unit of the last digit is a tenth of the half width at most (9.95 units round up to 10): half of that.
    half = (high - low) / 2
    for exact, shown in zip((value, low, high), printed, strict=True):
        assert abs(exact - shown) <= half / 9.95 / 2 * (1 + 1e-9) + 1e-12 * abs(exact)


@given(st.floats(1e-6, 1e6), st.floats(0.1, 1e6), st.floats(1e-12, 1.0))
def test_the_terminal_prints_the_digits_of_the_paper(value, above, share):
    low, high = value * share, value + above
    paper = print_number(value, low, high, symmetric=False)
    if 0.001 <= high < 100000:
        assert format_value(value, low, high, "1") == f"{paper.value} [{paper.low}, {paper.high}]"
    assert paper.low.startswith("<") or float(paper.low) > 0


@given(st.floats(1e-9, 1e9))
def test_without_an_interval_three_digits_stand(value):
    printed = numbers_in(format_value(value, None, None, "um"))
    # Three significant digits: half a unit of the third, 0.5 % at worst (of a leading 1.00).
    assert printed[0] == pytest.approx(value, rel=0.005 * (1 + 1e-9))


@pytest.mark.parametrize(
    ("unit", "text"),
    [("um", "µm"), ("1/mm2", "mm⁻²"), ("um2", "µm²"), ("", ""), ("1", ""), ("nm", "nm"), ("1/mm", "mm⁻¹")],
)
def test_units(unit, text):
    assert unit_text(unit) == text


def test_counts():
    assert [format_count(n) for n in (None, 3.0, 12345.0, 17.3)] == ["—", "3", "12\N{NO-BREAK SPACE}345", "17.3"]
