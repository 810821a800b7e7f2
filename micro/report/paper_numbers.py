"""Rounding of a value by its interval, as a table in a paper prints it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from micro.model import Measurement
from micro.report.rounding import more_for_a_positive_end

__all__ = ["PrintedNumber", "common_exponent", "is_symmetric", "print_number"]

_PLAIN_LOW, _PLAIN_HIGH = Decimal("0.001"), Decimal(100000)
_SIDES_ALIKE = Decimal("0.1")
"""The two sides of a symmetric interval differ by at most this share of its half width."""


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """Digits of a value and its interval, all to the same decimal; the sign is ``-``, infinity ``inf``.

    Either ``half`` is there (value ± half), or ``low`` and ``high`` (value [low, high]), or neither.
    ``decimals`` may be negative: rounded to tens, hundreds.
    """

    value: str
    half: str = ""
    low: str = ""
    high: str = ""
    decimals: int = 0


def is_symmetric(value: float, low: float, high: float) -> bool:
    """Say whether an interval may stand as ±: its sides differ by no more than a tenth of the half width.

    Examples
    --------
    >>> is_symmetric(0.731, 0.679, 0.781), is_symmetric(0.02, 0.01, 0.05), is_symmetric(0.0, 0.0, 0.0)
    (True, False, False)
    """
    if not all(math.isfinite(number) for number in (value, low, high)):
        return False
    exact, below, above = (Decimal(repr(float(number))) for number in (value, low, high))
    half = (above - below) / 2
    return half > 0 and abs((above - exact) - (exact - below)) <= _SIDES_ALIKE * half


def common_exponent(rows: Iterable[Measurement]) -> int:
    """Return the power of ten to take out of a line of a table: 0 where its greatest value prints well without.

    Examples
    --------
    >>> common_exponent([Measurement("crack_count_density", 1.2e-6, "1/um3", "crack_count_density/P30/v1")])
    -6
    """
    sizes = [abs(Decimal(repr(float(row.value)))) for row in rows if row.value is not None and math.isfinite(row.value)]
    largest = max(sizes, default=Decimal(0))
    if not largest or _PLAIN_LOW <= largest < _PLAIN_HIGH:
        return 0
    return largest.adjusted()


def print_number(
    value: float, low: float | None, high: float | None, *, exponent: int = 0, symmetric: bool = True
) -> PrintedNumber:
    """Round a value by its interval: the half width keeps two digits, value and ends the same decimal.

    Where this would take the value beyond an end of its interval, or a positive lower end to 0, more decimals
    stand. Without an interval three significant digits stand, and whole numbers stay whole.

    Parameters
    ----------
    value, low, high
        The value and the ends of its 95 % interval; None where there is none.
    exponent
        Power of ten to take out first.
    symmetric
        Whether the interval may stand as ±; else its ends are given.

    Examples
    --------
    >>> print_number(0.7312, 0.6789, 0.7811)
    PrintedNumber(value='0.731', half='0.051', low='', high='', decimals=3)
    >>> print_number(0.7312, 0.6789, 0.7811, symmetric=False)
    PrintedNumber(value='0.731', half='', low='0.679', high='0.781', decimals=3)
    >>> print_number(5.6132, None, None).value, print_number(12.0, None, None).value
    ('5.61', '12')
    """
    exact = Decimal(repr(float(value))).scaleb(-exponent)
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        decimals = _three_digits(exact)
        return PrintedNumber(_text(exact, decimals), decimals=decimals)
    ends = (Decimal(repr(float(low))).scaleb(-exponent), Decimal(repr(float(high))).scaleb(-exponent))
    decimals = _decimals(exact, ends)
    if symmetric and is_symmetric(value, low, high):
        half = (ends[1] - ends[0]) / 2
        return PrintedNumber(_text(exact, decimals), half=_text(half, decimals), decimals=decimals)
    return PrintedNumber(
        _text(exact, decimals), low=_text(ends[0], decimals), high=_text(ends[1], decimals), decimals=decimals
    )


def _decimals(exact: Decimal, ends: tuple[Decimal, Decimal]) -> int:
    """Return the decimals that two digits of the half width ask for, and that keep the value inside."""
    low, high = ends
    sides = [abs(end - exact) for end in ends if end.is_finite() and exact.is_finite()]
    half = (high - low) / 2 if len(sides) == 2 else max(sides, default=Decimal(0))
    if half <= 0:
        return _three_digits(exact)
    decimals = 1 - half.adjusted()
    if _round(half, decimals).adjusted() > half.adjusted():  # 0.0996 is 0.10
        decimals -= 1
    if low <= exact <= high:
        while not low <= _round(exact, decimals) <= high:
            decimals += 1
    return more_for_a_positive_end(low, decimals)


def _three_digits(exact: Decimal) -> int:
    if not exact.is_finite() or not exact or (exact == exact.to_integral_value() and abs(exact) >= 1):
        return 0
    return 2 - exact.adjusted()


def _round(exact: Decimal, decimals: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def _text(exact: Decimal, decimals: int) -> str:
    if not exact.is_finite():
        return "inf" if exact > 0 else "-inf"
    rounded = _round(exact, decimals)
    return f"{rounded if rounded else abs(rounded):f}"
