"""What the sample is made of, against the distance from the reference interface."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from micro.model import PhaseSet
from micro.report.canvas import INK, Sheet, legend_row_mm, legend_rows
from micro.report.params import ReportParams
from micro.report.sample import SampleReport

__all__ = ["profile_figure"]

_TOP_MM, _LEFT_MM, _RIGHT_MM, _GAP_MM, _BOTTOM_MM = 4.6, 11.0, 3.0, 7.0, 9.0
_HEIGHT_MM = 48.0
SMALL = 0.01
"""Smaller fractions have a power of ten in the axis's name: 0.00005 and 0.00010 run into each other."""

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ROLES = ("filament", "pore", "fracture", "interphase")


def profile_figure(sample: SampleReport, params: ReportParams) -> Figure | None:
    """Return the phase fractions against depth, or None where there is no interface to measure from.

    On the left all phases stacked up to one; on the right the minor ones (dendrite, void, crack) on
    a scale of their own. Depth is zero at the reference interface and grows into the electrolyte;
    it runs up or down the page as it does in the picture.
    """
    table = _fractions(sample.results.profiles)
    if table.empty:
        return None
    phases = sample.labels.phases
    names = [phase.name for phase in phases if phase.name in table and table[phase.name].max() > 0]
    minor = [name for name in names if phases[name].roles & set(_ROLES)]
    handles: list[Patch | Line2D] = [Patch(facecolor=phases[n].colour, label=n, linewidth=0) for n in names]
    handles.append(Line2D([], [], color=INK, linewidth=0.8, label="reference interface"))
    legend = legend_rows(handles, params.width_mm, params.font_pt)
    legend_mm = len(legend) * legend_row_mm(params.font_pt)
    sheet = Sheet(params.width_mm, _TOP_MM + _HEIGHT_MM + _BOTTOM_MM + legend_mm)
    width = (params.width_mm - _LEFT_MM - _RIGHT_MM - _GAP_MM) / 2
    stack = sheet.axes(_LEFT_MM, _TOP_MM, width, _HEIGHT_MM)
    lines = sheet.axes(_LEFT_MM + width + _GAP_MM, _TOP_MM, width, _HEIGHT_MM)
    _draw_stack(stack, table[_metal_to_void(names, phases)], phases)
    _draw_lines(lines, table[minor], phases)
    upward = sample.cell.normal is None or sample.cell.normal.axis == 2 or sample.cell.normal.sign < 0
    for axes in (stack, lines):
        _dress(axes, table, upward=upward)
    stack.set_ylabel("depth from the interface (µm)")
    lines.tick_params(labelleft=False)
    sheet.legend(legend, sheet.height_mm - legend_mm)
    return sheet.figure


def _fractions(profiles: pd.DataFrame) -> pd.DataFrame:
    """Return the phase fractions, one column a phase, indexed by depth in um."""
    rows = profiles[profiles["quantity"] == "phase_fraction"] if len(profiles) else profiles
    if rows.empty:
        return pd.DataFrame()
    return rows.pivot_table(index="depth_um", columns="phase", values="value", aggfunc="first").fillna(0.0)


def _metal_to_void(names: list[str], phases: PhaseSet) -> list[str]:
    """Return the names with metals first, solids next and voids last, so that the anode lies on the left."""
    return sorted(names, key=lambda name: ("pore" in phases[name].roles, "metal" not in phases[name].roles))


def _draw_stack(axes: Axes, table: pd.DataFrame, phases: PhaseSet) -> None:
    depth_um = table.index.to_numpy(dtype=float)
    edge = np.zeros(len(table))
    for name in table.columns:
        following = edge + table[name].to_numpy(dtype=float)
        axes.fill_betweenx(depth_um, edge, following, color=phases[str(name)].colour, linewidth=0)
        edge = following
    axes.set(xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
    axes.set_title("all phases")
    axes.set_xlabel("phase fraction")


def _draw_lines(axes: Axes, table: pd.DataFrame, phases: PhaseSet) -> None:
    depth_um = table.index.to_numpy(dtype=float)
    for name in table.columns:
        axes.plot(table[name].to_numpy(dtype=float), depth_um, color=phases[str(name)].colour, label=str(name))
    top = float(table.to_numpy().max(initial=0.0))
    axes.set_xlim(0, 1.08 * top if top > 0 else 1)
    power = math.floor(math.log10(top)) if 0 < top < SMALL else 0
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:.3g}"))
    axes.set_title("minor phases")
    axes.set_xlabel(f"phase fraction (10{str(power).translate(RAISED)})" if power else "phase fraction")


def _dress(axes: Axes, table: pd.DataFrame, *, upward: bool) -> None:
    low, high = float(table.index.min()), float(table.index.max())
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_ylim((low, high) if upward else (high, low))
    axes.locator_params(axis="y", nbins=7)
