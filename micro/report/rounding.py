"""Numbers as a paper prints them: rounded by their interval, with their unit."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Decimal

__all__ = ["MISSING", "format_count", "format_value", "more_for_a_positive_end", "unit_text"]

MISSING = "—"
"""What stands where there is no value."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN_LOW, _PLAIN_HIGH = Decimal("0.001"), Decimal(1000000)
_TWO_DIGITS_BELOW, _ROUNDS_UP_FROM = Decimal("3.55"), Decimal("9.5")


def unit_text(unit: str) -> str:
    """Return a unit as it is printed; a pure number has none.

    Examples
    --------
    >>> [unit_text(unit) for unit in ("um", "1/um", "um3", "1/mm2", "1", "deg", "um2/um3")]
    ['µm', 'µm⁻¹', 'µm³', 'mm⁻²', '', '°', 'µm² µm⁻³']
    """
    if unit in ("", "1"):
        return ""
    if unit in ("deg", "degree", "degrees"):
        return "°"
    above, *below = unit.split("/")
    parts = [_power(part, 1) for part in re.split(r"[ *]", above) if part not in ("", "1")]
    parts += [_power(part, -1) for part in below]
    return " ".join(parts)


def format_value(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    """Return a value with its interval and unit, no more digits than the interval carries.

    The half width of the interval keeps two digits where these are at most 35, else one: the rule
    of the Particle Data Group (Review of Particle Physics, Introduction, 5.3). Value and ends are
    rounded at the same decimal. Up to three decimals more stand where the lower end of a positive
    interval would be 0, which it is not. Without an interval, or with one of no width, three
    significant digits stand, and whole numbers stay whole.

    Parameters
    ----------
    value, low, high
        The value and the ends of its interval; None or NaN where there is none.
    unit
        Unit of all three, as in the tables (``um``, ``1/um``, ``1``).

    Returns
    -------
    str
        A dash where there is no value.

    Examples
    --------
    >>> format_value(0.7312, 0.6789, 0.7811, "1")
    '0.73 [0.68, 0.78]'
    >>> format_value(20.44, 19.2, 21.5, "um"), format_value(0.0162, 0.0041, 0.0647, "1/um")
    ('20.4 [19.2, 21.5] µm', '0.016 [0.004, 0.065] µm⁻¹')
    >>> format_value(12, None, None, "1"), format_value(None, 0.1, 0.2, "um")
    ('12', '—')
    """
    if value is None or math.isnan(value):
        return MISSING
    ends = () if low is None or high is None or math.isnan(low) or math.isnan(high) else (low, high)
    # Decimals round as the reader sees the number: 0.95 to 1.0, though its binary lies below.
    numbers = [Decimal(repr(float(number))) for number in (value, *ends)]
    largest = max((abs(number) for number in numbers if number.is_finite()), default=Decimal(0))
    exponent = largest.adjusted() if largest and not _PLAIN_LOW <= largest < _PLAIN_HIGH else 0
    numbers = [number.scaleb(-exponent) for number in numbers]
    decimals = _decimals(numbers)
    texts = [_fixed(number, decimals) for number in numbers]
    text = f"{texts[0]} [{texts[1]}, {texts[2]}]" if ends else texts[0]
    if exponent:
        text = f"({text})" if ends else text
        text += f" × 10{str(exponent).translate(_SUPERSCRIPT)}"
    printed = unit_text(unit)
    return text + printed if printed == "°" else f"{text} {printed}".rstrip()


def format_count(n: float | None) -> str:
    """Return the number of samples behind a value: whole where it is, else one decimal.

    Thousands are set apart by no-break spaces.

    Examples
    --------
    >>> format_count(640.0), format_count(17.31), format_count(None)
    ('640', '17.3', '—')
    """
    if n is None or math.isnan(n):
        return MISSING
    return f"{n:,.0f}".replace(",", "\N{NO-BREAK SPACE}") if n == round(n) or n >= 1000 else f"{n:.1f}"


def _power(unit: str, sign: int) -> str:
    match = re.fullmatch(r"(\D+?)\^?(\d*)", unit)
    if match is None:
        return unit
    name = re.sub("^u(?=m$)", "µ", match[1])
    power = sign * int(match[2] or 1)
    return name if power == 1 else name + str(power).translate(_SUPERSCRIPT)


def _decimals(numbers: list[Decimal]) -> int:
    """Return how many decimals stand: negative ones round to tens and hundreds."""
    value, *ends = numbers
    half = max((abs(end - value) for end in ends if end.is_finite() and value.is_finite()), default=Decimal(0))
    if half:
        leading = half.scaleb(-half.adjusted())
        digits_kept = 2 if leading < _TWO_DIGITS_BELOW or leading >= _ROUNDS_UP_FROM else 1
        decimals = digits_kept - 1 - half.adjusted() - (1 if leading >= _ROUNDS_UP_FROM else 0)
        return more_for_a_positive_end(min(ends), decimals)
    if not value.is_finite() or not value or (value == value.to_integral_value() and abs(value) >= 1):
        return 0
    return 2 - value.adjusted()


def more_for_a_positive_end(low: Decimal, decimals: int) -> int:
    """Return how many decimals show a lower end that is not 0 as such, up to three more; else those there are.

    Examples
    --------
    >>> [more_for_a_positive_end(Decimal(low), 1) for low in ("0.2", "0.004", "0", "1e-9")]
    [1, 3, 1, 1]
    """
    for more in range(4):
        if low > 0 and low.quantize(Decimal(1).scaleb(-decimals - more), rounding=ROUND_HALF_EVEN):
            return decimals + more
    return decimals


def _fixed(number: Decimal, decimals: int) -> str:
    if not number.is_finite():
        return "∞" if number > 0 else "−∞"
    rounded = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    return f"{abs(rounded):f}" if rounded >= 0 else f"−{abs(rounded):f}"
