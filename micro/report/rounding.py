"""Numbers as a paper prints them: rounded by their interval, with their unit."""

from __future__ import annotations

import math
import re

__all__ = ["MISSING", "format_count", "format_value", "unit_text"]

MISSING = "—"
"""What stands where there is no value."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN_RANGE = (1e-3, 1e6)


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
    rounded at the same decimal. Without an interval, or with one of no width, three significant
    digits stand, and whole numbers stay whole.

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
    >>> format_value(20.44, 19.2, 21.5, "um")
    '20.4 [19.2, 21.5] µm'
    >>> format_value(12, None, None, "1"), format_value(None, 0.1, 0.2, "um")
    ('12', '—')
    """
    if value is None or math.isnan(value):
        return MISSING
    ends = () if low is None or high is None or math.isnan(low) or math.isnan(high) else (low, high)
    numbers = (value, *ends)
    largest = max((abs(number) for number in numbers if math.isfinite(number)), default=0.0)
    exponent = 0
    if largest and not _PLAIN_RANGE[0] <= largest < _PLAIN_RANGE[1]:
        exponent = math.floor(math.log10(largest))
    decimals = _decimals(tuple(_shift(number, -exponent) for number in numbers))
    texts = [_fixed(_shift(number, -exponent), decimals) for number in numbers]
    text = f"{texts[0]} [{texts[1]}, {texts[2]}]" if ends else texts[0]
    if exponent:
        text = f"({text})" if ends else text
        text += f" × 10{str(exponent).translate(_SUPERSCRIPT)}"
    printed = unit_text(unit)
    return text + printed if printed == "°" else f"{text} {printed}".rstrip()


def format_count(n: float | None) -> str:
    """Return the number of samples behind a value: whole where it is, else one decimal.

    Examples
    --------
    >>> format_count(1234567.0), format_count(17.31), format_count(None)
    ('1 234 567', '17.3', '—')
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


def _shift(number: float, exponent: int) -> float:
    # Division is exact to the last digit for whole powers of ten, multiplication by 1e-6 is not.
    return number * 10.0**exponent if exponent >= 0 else number / 10.0**-exponent


def _decimals(numbers: tuple[float, ...]) -> int:
    """Return how many decimals stand: negative ones round to tens and hundreds."""
    value, *ends = numbers
    half = max((abs(end - value) for end in ends if math.isfinite(end)), default=0.0)
    if half > 0 and math.isfinite(half):
        magnitude = math.floor(math.log10(half))
        leading = half / 10.0**magnitude
        if leading >= 9.5:
            return -magnitude
        return -magnitude + (1 if leading < 3.55 else 0)
    if (value == round(value, 0) and abs(value) >= 1) or not math.isfinite(value) or value == 0:
        return 0
    return 2 - math.floor(math.log10(abs(value)))


def _fixed(number: float, decimals: int) -> str:
    if not math.isfinite(number):
        return "∞" if number > 0 else "−∞"
    rounded = round(number, decimals)
    text = f"{rounded:.{max(decimals, 0)}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")
