"""How the cracks lie to the interface, and how wide they are."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Wedge
from numpy.typing import NDArray

from micro.report.canvas import INK, QUIET, Sheet
from micro.report.params import ReportParams
from micro.report.rounding import format_value
from micro.report.sample import SampleReport

__all__ = ["cracks_figure"]

_COLOUR = "#0072B2"
_LEFT_MM, _RIGHT_MM, _TOP_MM, _BOTTOM_MM = 11.0, 3.0, 5.0, 9.0
_ROSE_MM, _BARS_MM = 38.0, 24.0
_RINGS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)

Classes = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def cracks_figure(sample: SampleReport, params: ReportParams) -> Figure | None:
    """Return the orientation roses and the distribution of apertures, or None where there is no crack.

    In a rose the *area* of a sector is the share of the cracks in it, so that a wide spread does not look
    thin. Of a volume: the angle between crack and interface normal by area (a quarter, with dots where
    directions without preference would be), and the cracks' direction across the normal. Of a section: the
    angle of the traces. The interface's normal points up.
    """
    table = sample.results.distributions
    apertures = _classes(table, "crack_aperture")
    if apertures is None:
        return None
    angles, strikes = _classes(table, "crack_orientation"), _classes(table, "crack_strike")
    traces = _classes(table, "crack_trace_angle")
    half = params.width_mm / 2
    if strikes is None or angles is None:
        sheet = Sheet(params.width_mm, _TOP_MM + _ROSE_MM + 2.0)
        if traces is not None:
            _trace_rose(_rose_axes(sheet, 0.0, half, (-1.27, 1.27)), traces, sample)
        bars = sheet.axes(half + _LEFT_MM, _TOP_MM, half - _LEFT_MM - _RIGHT_MM, _ROSE_MM - _BOTTOM_MM + 2.0)
        _draw_apertures(bars, apertures, sample)
        return sheet.figure
    sheet = Sheet(params.width_mm, 2 * _TOP_MM + _ROSE_MM + _BARS_MM + _BOTTOM_MM + 2.0)
    _plane_rose(_rose_axes(sheet, 0.0, half, (-0.22, 1.28)), angles, sample)
    _strike_rose(_rose_axes(sheet, half, half, (-1.27, 1.27)), strikes, sample)
    width = params.width_mm - _LEFT_MM - _RIGHT_MM
    bars = sheet.axes(_LEFT_MM, 2 * _TOP_MM + _ROSE_MM + 2.0, width, _BARS_MM)
    _draw_apertures(bars, apertures, sample)
    return sheet.figure


def _classes(table: pd.DataFrame, quantity: str) -> Classes | None:
    rows = table[table["quantity"] == quantity] if len(table) else table
    if rows.empty:
        return None
    low, high, share = (rows[name].to_numpy(dtype=float) for name in ("bin_low", "bin_high", "value"))
    return low, high, share


def _title(sample: SampleReport, metric: str, text: str) -> str:
    row = sample.find(metric)
    if row is None or row.value is None:
        return text
    return f"{text} {format_value(row.value, row.ci_low, row.ci_high, row.unit)}"


def _rose_axes(sheet: Sheet, left: float, width: float, span: tuple[float, float]) -> Axes:
    """Return bare axes of equal scale, the rose's middle at (0, 0) and its rim at a distance of 1."""
    axes = sheet.axes(left + (width - _ROSE_MM) / 2, _TOP_MM, _ROSE_MM, _ROSE_MM)
    axes.set(xlim=span, ylim=span, aspect="equal")
    axes.axis("off")
    return axes


def _ring(shares: NDArray[np.float64]) -> float:
    """Return the round share that the rim stands for."""
    return next((one for one in _RINGS if one >= shares.max()), 1.0)


def _sectors(axes: Axes, classes: Classes, ring: float, *, both: bool) -> None:
    """Draw the classes as sectors; angles count from the top, clockwise."""
    for low, high, share in zip(*classes, strict=True):
        for turn in (0, 180) if both else (0,):
            radius = math.sqrt(share / ring)
            axes.add_patch(
                Wedge(
                    (0, 0), radius, 90 - high + turn, 90 - low + turn, facecolor=_COLOUR, edgecolor="w", linewidth=0.3
                )
            )


def _rings(axes: Axes, ring: float, first: float, last: float) -> None:
    for share in (ring, ring / 4):
        size = 2 * math.sqrt(share / ring)
        axes.add_patch(Arc((0, 0), size, size, theta1=90 - last, theta2=90 - first, color=QUIET, linewidth=0.4))


def _at(axes: Axes, angle_deg: float, radius: float, text: str, ha: str, va: str) -> None:
    turn = math.radians(90 - angle_deg)
    axes.text(radius * math.cos(turn), radius * math.sin(turn), text, ha=ha, va=va)


def _head(axes: Axes, text: str) -> None:
    axes.text(0.5, 1.0, text, transform=axes.transAxes, ha="center", va="bottom")


def _plane_rose(axes: Axes, classes: Classes, sample: SampleReport) -> None:
    low, high, share = classes
    alike = np.sin(np.radians(high)) - np.sin(np.radians(low))
    ring = _ring(np.maximum(share, alike))
    _sectors(axes, classes, ring, both=False)
    _rings(axes, ring, 0, 90)
    axes.plot([0, 0, 1], [1, 0, 0], color=QUIET, linewidth=0.4)
    turn = np.radians(90 - (low + high) / 2)
    radius = np.sqrt(alike / ring)
    axes.plot(radius * np.cos(turn), radius * np.sin(turn), ".", color=INK, markersize=2.5)
    for angle, ha, va in ((30, "left", "bottom"), (60, "left", "bottom")):
        _at(axes, angle, 1.04, f"{angle}°", ha, va)
    _at(axes, 0, 1.04, "0° normal", "center", "bottom")
    _at(axes, 90, 1.04, "90°", "left", "center")
    axes.text(1.0, -0.05, f"{100 * ring:.3g} %", ha="center", va="top", color=QUIET)
    axes.text(0.5, -0.05, f"{25 * ring:.3g} %", ha="center", va="top", color=QUIET)
    _head(axes, _title(sample, "crack_orientation_mean", "angle to the normal"))


def _strike_rose(axes: Axes, classes: Classes, sample: SampleReport) -> None:
    ring = _ring(classes[2])
    names = _across(sample)
    _sectors(axes, classes, ring, both=True)
    _rings(axes, ring, 0, 360)
    _at(axes, 0, 1.06, names[0], "center", "bottom")
    _at(axes, 90, 1.08, names[1], "left", "center")
    axes.text(-1.27, -1.27, f"rim {100 * ring:.3g} %", ha="left", va="bottom", color=QUIET)
    _head(axes, "direction across the normal")


def _across(sample: SampleReport) -> tuple[str, str]:
    axis = 0 if sample.cell.normal is None else sample.cell.normal.axis
    first, second = (name for at, name in enumerate("zyx") if at != axis)
    return first, second


def _trace_rose(axes: Axes, classes: Classes, sample: SampleReport) -> None:
    ring = _ring(classes[2])
    _sectors(axes, classes, ring, both=True)
    _rings(axes, ring, 0, 360)
    _at(axes, 0, 1.06, "0° normal", "center", "bottom")
    _at(axes, 90, 1.06, "90°", "left", "center")
    axes.text(-1.27, -1.27, f"rim {100 * ring:.3g} %", ha="left", va="bottom", color=QUIET)
    _head(axes, _title(sample, "crack_orientation_mean", "angle to normal"))


def _draw_apertures(axes: Axes, classes: Classes, sample: SampleReport) -> None:
    low, high, share = classes
    axes.bar(low, share / (high - low), width=high - low, align="edge", color=_COLOUR, edgecolor="w", linewidth=0.3)
    used = np.flatnonzero(share > 1e-3)
    axes.set_xlim(max(0.0, low[used[0]] - (high - low)[0]), high[used[-1]] + (high - low)[0])
    axes.locator_params(axis="x", nbins=5)
    axes.locator_params(axis="y", nbins=4)
    axes.set_xlabel("local aperture (µm)")
    axes.set_ylabel("share per µm")
    axes.set_title(_title(sample, "crack_aperture_median", "median"))
