"""Rounding of a value by its interval, as a table in a paper prints it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from micro.model import Measurement
from micro.report.rounding import decimals_for, fixed, fixed_low

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

    The rule is that of `decimals_for`; a positive lower end below a unit of the last decimal is printed as less.

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
        decimals = decimals_for(exact, None)
        return PrintedNumber(fixed(exact, decimals), decimals=decimals)
    ends = (Decimal(repr(float(low))).scaleb(-exponent), Decimal(repr(float(high))).scaleb(-exponent))
    decimals = decimals_for(exact, ends)
    if symmetric and is_symmetric(value, low, high):
        half = (ends[1] - ends[0]) / 2
        return PrintedNumber(fixed(exact, decimals), half=fixed(half, decimals), decimals=decimals)
    return PrintedNumber(
        fixed(exact, decimals), low=fixed_low(ends[0], decimals), high=fixed(ends[1], decimals), decimals=decimals
    )
