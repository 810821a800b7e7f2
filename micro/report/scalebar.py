"""A scale bar of a round length."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from micro.report.canvas import MM_PER_POINT

__all__ = ["BAR_ID", "draw_scale_bar", "length_text", "round_length_um"]

BAR_ID = "scale-bar"
"""The gid of the bar itself, by which it is found in an SVG."""


def round_length_um(width_um: float) -> float:
    """Return the 1, 2 or 5 times a power of ten that is at most 30 % of ``width_um``.

    Examples
    --------
    >>> [round_length_um(width) for width in (100.0, 16.7, 0.4)]
    [20.0, 5.0, 0.1]
    """
    target = 0.3 * width_um
    exponent = math.floor(math.log10(target))
    leading = max(step for step in (1, 2, 5) if step <= target / 10.0**exponent * (1 + 1e-9))
    return leading * 10.0**exponent if exponent >= 0 else leading / 10.0**-exponent


def length_text(length_um: float) -> str:
    """Return a length with the unit that keeps it short.

    Examples
    --------
    >>> length_text(20.0), length_text(0.5), length_text(2000.0)
    ('20 µm', '500 nm', '2 mm')
    """
    if length_um < 1:
        return f"{length_um * 1000:g} nm"
    return f"{length_um:g} µm" if length_um < 1000 else f"{length_um / 1000:g} mm"


def draw_scale_bar(axes: Axes, width_um: float, height_um: float, mm_per_um: float, font_pt: float) -> Rectangle:
    """Draw a scale bar in the lower left corner of a picture whose axes are in um, y downward.

    Parameters
    ----------
    width_um, height_um
        Size of the picture.
    mm_per_um
        Millimetres on paper for one um in the picture.
    font_pt
        Size of the text in points.
    """
    length_um = round_length_um(width_um)
    text_mm = font_pt * MM_PER_POINT
    inset, pad, thickness = (mm / mm_per_um for mm in (1.6, 0.8, 0.7))
    text_um = text_mm / mm_per_um
    bottom = height_um - inset
    label = length_text(length_um)
    # The plate behind has to carry the text too, where that is longer than the bar.
    plate_um = max(length_um, 0.68 * len(label) * text_um)
    left = inset + (plate_um - length_um) / 2
    axes.add_patch(
        FancyBboxPatch(
            (inset, bottom - thickness - 1.25 * text_um),
            plate_um,
            thickness + 1.25 * text_um,
            boxstyle=f"square,pad={pad}",
            facecolor="black",
            alpha=0.55,
            linewidth=0,
            zorder=5,
        )
    )
    bar = Rectangle(
        (left, bottom - thickness), length_um, thickness, facecolor="white", linewidth=0, zorder=6, gid=BAR_ID
    )
    axes.add_patch(bar)
    axes.text(
        left + length_um / 2,
        bottom - thickness - 0.2 * text_um,
        label,
        color="white",
        ha="center",
        va="bottom",
        fontsize=font_pt,
        zorder=6,
    )
    return bar
