"""Numbers as a paper prints them: rounded by their interval, with their unit.

One rule for the terminal, the report and the table of a paper: two digits of the interval's half width.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Decimal

__all__ = ["MISSING", "decimals_for", "fixed", "fixed_low", "format_count", "format_value", "unit_text"]

MISSING = "—"
"""What stands where there is no value."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN_LOW, _PLAIN_HIGH = Decimal("0.001"), Decimal(100000)


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

    The rule of `decimals_for`, for value and ends alike. A positive lower end that is less than a unit of the last
    decimal is printed as less than it, never as 0.

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
    '0.731 [0.679, 0.781]'
    >>> format_value(20.44, 19.2, 21.5, "um"), format_value(0.0162, 0.0041, 0.0647, "1/um")
    ('20.4 [19.2, 21.5] µm', '0.016 [0.004, 0.065] µm⁻¹')
    >>> format_value(12, None, None, "1"), format_value(None, 0.1, 0.2, "um")
    ('12', '—')
    """
    if value is None or math.isnan(value):
        return MISSING
    ends = None if low is None or high is None or math.isnan(low) or math.isnan(high) else (low, high)
    # Decimals round as the reader sees the number: 0.95 to 1.0, though its binary lies below.
    numbers = [Decimal(repr(float(number))) for number in (value, *(ends or ()))]
    largest = max((abs(number) for number in numbers if number.is_finite()), default=Decimal(0))
    exponent = largest.adjusted() if largest and not _PLAIN_LOW <= largest < _PLAIN_HIGH else 0
    numbers = [number.scaleb(-exponent) for number in numbers]
    decimals = decimals_for(numbers[0], (numbers[1], numbers[2]) if ends else None)
    text = _printed(fixed(numbers[0], decimals))
    if ends:
        text += f" [{_printed(fixed_low(numbers[1], decimals))}, {_printed(fixed(numbers[2], decimals))}]"
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


def decimals_for(value: Decimal, ends: tuple[Decimal, Decimal] | None) -> int:
    """Return to how many decimals a value and its interval are printed; negative ones are tens and hundreds.

    The half width of the interval, (high - low) / 2, keeps two digits. More decimals stand where this would take the
    value out of its interval, and up to three more where a positive lower end would be 0. Without an interval, or with
    one of no width, three significant digits stand, and whole numbers stay whole.

    Examples
    --------
    >>> decimals_for(Decimal("0.7312"), (Decimal("0.6789"), Decimal("0.7811")))
    3
    >>> [decimals_for(Decimal(text), None) for text in ("5.6132", "12", "12345.6")]
    [2, 0, -2]
    """
    if ends is None:
        return _three_digits(value)
    low, high = ends
    sides = [abs(end - value) for end in ends if end.is_finite() and value.is_finite()]
    half = (high - low) / 2 if len(sides) == 2 else max(sides, default=Decimal(0))
    if half <= 0:
        return _three_digits(value)
    decimals = 1 - half.adjusted()
    if _round(half, decimals).adjusted() > half.adjusted():  # 0.0996 is 0.10
        decimals -= 1
    if low <= value <= high:
        while not low <= _round(value, decimals) <= high:
            decimals += 1
    return next((decimals + more for more in range(4) if low <= 0 or _round(low, decimals + more)), decimals)


def fixed(number: Decimal, decimals: int) -> str:
    """Return a number rounded to ``decimals``: the sign is ``-``, infinity ``inf``.

    Examples
    --------
    >>> fixed(Decimal("-0.04"), 1), fixed(Decimal("12345"), -2), fixed(Decimal("inf"), 1)
    ('0.0', '12300', 'inf')
    """
    if not number.is_finite():
        return "inf" if number > 0 else "-inf"
    rounded = _round(number, decimals)
    return f"{rounded if rounded else abs(rounded):f}"


def fixed_low(low: Decimal, decimals: int) -> str:
    """Return a lower end rounded to ``decimals``; a positive one that would be 0 as less than a unit of the last.

    Examples
    --------
    >>> [fixed_low(Decimal(text), 2) for text in ("0.034", "0.00001", "0", "-0.5")]
    ['0.03', '<0.01', '0.00', '-0.50']
    """
    if low.is_finite() and low > 0 and not _round(low, decimals):
        return f"<{Decimal(1).scaleb(-decimals):f}"
    return fixed(low, decimals)


def _three_digits(exact: Decimal) -> int:
    if not exact.is_finite() or not exact or (exact == exact.to_integral_value() and abs(exact) >= 1):
        return 0
    return 2 - exact.adjusted()


def _round(exact: Decimal, decimals: int) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def _printed(text: str) -> str:
    return text.replace("-", "−").replace("inf", "∞")
