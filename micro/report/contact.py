"""Where along the interface there is contact, and where there is void."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from micro.measure import ContactMap
from micro.report.canvas import INK, QUIET, Sheet, legend_row_mm, legend_rows
from micro.report.params import ReportParams
from micro.report.rounding import format_value
from micro.report.sample import SampleReport
from micro.report.scalebar import length_text

__all__ = ["contact_figure", "moving_contact"]

NO_DATA, CONTACT, VOID = 0, 1, 2

_COLOURS = {CONTACT: "#E69F00", VOID: "#0072B2", NO_DATA: "#DDDDDD"}
_NAMES = {CONTACT: "contact", VOID: "void", NO_DATA: "no data"}
_WINDOWS = 20
_MAX_PIXELS = 2000


def contact_figure(sample: SampleReport, params: ReportParams) -> Figure | None:
    """Return the contact map with the contact fraction above it, or None where there is no interface.

    Of a volume it is an image in um. Of a section it is a strip along the interface, and below it
    the share of contact in a moving window of a twentieth of the length.
    """
    found = sample.results.contact_map
    if found is None or not np.any(found.values):
        return None
    if min(found.values.shape) == 1:
        return _strip(sample, found, params)
    return _image(sample, found, params)


def moving_contact(line: NDArray[np.uint8], window: int) -> NDArray[np.float64]:
    """Return the share of contact among the columns with data in a centred window; NaN where there are none.

    Examples
    --------
    >>> moving_contact(np.array([1, 1, 2, 2, 0, 0], np.uint8), 2).tolist()
    [1.0, 1.0, 0.5, 0.0, 0.0, nan]
    """
    contact, data = (
        np.convolve(mask, np.ones(window), mode="same")
        for mask in (line == CONTACT, (line == CONTACT) | (line == VOID))
    )
    share: NDArray[np.float64] = np.divide(contact, data, out=np.full(len(line), np.nan), where=data > 0)
    return share


def _title(sample: SampleReport) -> str:
    row = sample.find("contact_fraction")
    if row is None or row.value is None:
        return "contact along the interface"
    return f"contact fraction {format_value(row.value, row.ci_low, row.ci_high, row.unit)}"


def _image(sample: SampleReport, found: ContactMap, params: ReportParams) -> Figure:
    left, right, top, bottom, row = 10.0, 2.0, 4.6, 8.5, legend_row_mm(params.font_pt)
    height_um, width_um = (n * edge for n, edge in zip(found.values.shape, found.spacing_um, strict=True))
    scale = min((params.width_mm - left - right) / width_um, 90.0 / height_um)
    width, height = scale * width_um, max(scale * height_um, 4.0)
    sheet = Sheet(params.width_mm, top + height + bottom + row)
    axes = sheet.axes(left, top, width, height)
    _paint(axes, found.values, (0, width_um, height_um, 0))
    axes.spines[:].set_visible(True)
    axes.set_xlabel(f"{found.axes[1]} (µm)")
    axes.set_ylabel(f"{found.axes[0]} (µm)")
    axes.locator_params(axis="x", nbins=6)
    axes.locator_params(axis="y", nbins=max(2, min(6, int(height / 6))))
    sheet.figure.text(left / params.width_mm, 1 - 3.4 / sheet.height_mm, _title(sample))
    sheet.legend(_legend(found.values, params), sheet.height_mm - row)
    return sheet.figure


def _strip(sample: SampleReport, found: ContactMap, params: ReportParams) -> Figure:
    left, right, row = 12.0, 3.0, legend_row_mm(params.font_pt)
    line = found.values.reshape(-1)
    along = int(np.argmax(found.values.shape))
    step_um, name = found.spacing_um[along], found.axes[along]
    width = params.width_mm - left - right
    sheet = Sheet(params.width_mm, 4.6 + 5.0 + 2.0 + 20.0 + 8.5 + row)
    strip, curve = sheet.axes(left, 4.6, width, 5.0), sheet.axes(left, 11.6, width, 20.0)
    length_um = len(line) * step_um
    _paint(strip, line[None], (0, length_um, 1, 0))
    strip.set(xticks=[], yticks=[])
    window = max(len(line) // _WINDOWS, 1) | 1
    position_um = (np.arange(len(line)) + 0.5) * step_um
    curve.plot(position_um, moving_contact(line, window), color=INK, linewidth=0.9, solid_joinstyle="round")
    curve.axhline(0, color=QUIET, linewidth=0.4)
    curve.axhline(1, color=QUIET, linewidth=0.4)
    curve.set(xlim=(0, length_um), ylim=(-0.05, 1.05), yticks=[0, 0.5, 1])
    curve.set_xlabel(f"position along {name} (µm); window {length_text(float(f'{window * step_um:.2g}'))}")
    curve.set_ylabel("local contact")
    sheet.figure.text(left / params.width_mm, 1 - 3.4 / sheet.height_mm, _title(sample))
    sheet.legend(_legend(line, params), sheet.height_mm - row)
    return sheet.figure


def _paint(axes: Axes, data: NDArray[np.uint8], extent: tuple[float, float, float, float]) -> None:
    thinned = data[tuple(slice(None, None, -(-n // _MAX_PIXELS)) for n in data.shape)]
    colours = ListedColormap([_COLOURS[value] for value in (NO_DATA, CONTACT, VOID)])
    norm = BoundaryNorm([-0.5, 0.5, 1.5, 2.5], 3)
    axes.imshow(thinned, cmap=colours, norm=norm, extent=extent, aspect="auto")


def _legend(data: NDArray[np.uint8], params: ReportParams) -> list[list[Artist]]:
    handles = [
        Patch(facecolor=colour, label=_NAMES[value], linewidth=0)
        for value, colour in _COLOURS.items()
        if np.any(data == value)
    ]
    return legend_rows(handles, params.width_mm, params.font_pt)
