"""Which way dendrites grow, and what they look like, against the distance from the reference interface."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from micro.report.canvas import INK, QUIET, Sheet, legend_row_mm, legend_rows
from micro.report.params import ReportParams
from micro.report.sample import SampleReport

__all__ = ["FORM_COLOURS", "form_figure"]

FORM_COLOURS = {"flame": "#F4C97A", "stripe": "#A9D5F0", "network": "#E2B4CD"}
"""Colours of the forms, quiet behind lines."""

_SHARES = {
    "dendrite_vertical_fraction": ("vertical", "#B64A00"),
    "dendrite_lateral_fraction": ("lateral", "#0060A0"),
    "dendrite_enclosed_fraction": ("electrolyte enclosed", QUIET),
}
_TOP_MM, _LEFT_MM, _RIGHT_MM, _GAP_MM, _BOTTOM_MM, _HEIGHT_MM = 4.6, 11.0, 3.0, 7.0, 9.0, 48.0


def form_figure(sample: SampleReport, params: ReportParams) -> Figure | None:
    """Return direction and form of the dendrites against depth, or None where there are none.

    On the left the shares of tissue that run vertical and lateral, and of the electrolyte that metal encloses,
    over the form of each bin of depth; on the right the size of the enclosed fragments, where there are any.
    """
    table = sample.results.profiles
    table = table[table["quantity"].str.startswith("dendrite_")] if len(table) else table
    if not len(table) or not (table["quantity"] == "dendrite_vertical_fraction").any():
        return None
    fragments = table[table["quantity"] == "dendrite_fragment_diameter_mean"]
    forms = table[table["quantity"] == "dendrite_form"]
    seen = [name for name in FORM_COLOURS if (forms["phase"] == name).any()]
    handles: list[Artist] = [Patch(facecolor=FORM_COLOURS[name], label=name, linewidth=0) for name in seen]
    handles += [Line2D([], [], color=colour, label=label) for label, colour in _SHARES.values()]
    legend = legend_rows(handles, params.width_mm, params.font_pt)
    legend_mm = len(legend) * legend_row_mm(params.font_pt)
    sheet = Sheet(params.width_mm, _TOP_MM + _HEIGHT_MM + _BOTTOM_MM + legend_mm)
    room = params.width_mm - _LEFT_MM - _RIGHT_MM
    width = (room - _GAP_MM) / 2 if len(fragments) else room
    upward = sample.cell.normal is None or sample.cell.normal.axis == 2 or sample.cell.normal.sign < 0
    shares = sheet.axes(_LEFT_MM, _TOP_MM, width, _HEIGHT_MM)
    _draw_shares(shares, table, forms)
    _dress(shares, table, upward=upward)
    shares.set_ylabel("depth from the interface (µm)")
    if len(fragments):
        sizes = sheet.axes(_LEFT_MM + width + _GAP_MM, _TOP_MM, width, _HEIGHT_MM)
        sizes.plot(fragments["value"], fragments["depth_um"], "o-", color=INK, markersize=2.5, linewidth=0.6)
        sizes.set_xlim(0, 1.08 * float(fragments["value"].max()))
        sizes.locator_params(axis="x", nbins=4)
        sizes.set_title("enclosed fragments")
        sizes.set_xlabel("mean diameter (µm)")
        sizes.tick_params(labelleft=False)
        _dress(sizes, table, upward=upward)
    sheet.legend(legend, sheet.height_mm - legend_mm)
    return sheet.figure


def _draw_shares(axes: Axes, table: pd.DataFrame, forms: pd.DataFrame) -> None:
    half_um = _bin_um(table) / 2
    for depth_um, name in zip(forms["depth_um"], forms["phase"], strict=True):
        axes.axhspan(depth_um - half_um, depth_um + half_um, color=FORM_COLOURS[name], linewidth=0)
    for quantity, (_, colour) in _SHARES.items():
        rows = table[table["quantity"] == quantity].sort_values("depth_um")
        axes.plot(rows["value"], rows["depth_um"], color=colour)
    axes.set(xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0", "0.5", "1"])
    axes.set_title("form and direction")
    axes.set_xlabel("share")


def _bin_um(table: pd.DataFrame) -> float:
    """Return the height of a bin; the first begins at the interface."""
    depths = np.unique(table[table["quantity"] == "dendrite_vertical_fraction"]["depth_um"])
    return float(np.diff(depths).min()) if len(depths) > 1 else 2 * float(depths[0])


def _dress(axes: Axes, table: pd.DataFrame, *, upward: bool) -> None:
    high = float(table["depth_um"].max()) + _bin_um(table) / 2
    axes.set_ylim((0, high) if upward else (high, 0))
    axes.locator_params(axis="y", nbins=7)
