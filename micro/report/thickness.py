"""How thick each layer is over the interface."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from micro.measure import ThicknessMap
from micro.report.canvas import Sheet
from micro.report.params import ReportParams
from micro.report.rounding import format_value
from micro.report.sample import SampleReport

__all__ = ["thickness_figure"]

_LEFT_MM, _RIGHT_MM, _TOP_MM, _BOTTOM_MM, _LINE_MM = 12.0, 3.0, 4.6, 9.0, 18.0
_TALLEST_MM, _BAR_MM, _BAR_ROOM_MM = 60.0, 2.5, 12.0
_MAX_PIXELS = 1000
_GAP_COLOUR = "#0072B2"


def thickness_figure(sample: SampleReport, params: ReportParams) -> Figure | None:
    """Return the thickness of each layer over the interface, or None where there is no layer.

    Of a volume one map a layer, in um, white where the layer is missing. Of a section one curve a
    layer against the position along the interface. The title has the mean of the table.
    """
    maps = {name: _present(found) for name, found in sample.results.thickness_maps.items()}
    maps = {name: found for name, found in maps.items() if np.any(np.isfinite(found.values_um))}
    if not maps:
        return None
    if all(min(found.values_um.shape) == 1 for found in maps.values()):
        return _curves(sample, maps, params)
    return _maps(sample, maps, params)


def _present(found: ThicknessMap) -> ThicknessMap:
    """Return the map with NaN where the layer has no thickness: a column without a gap has none to average."""
    return replace(found, values_um=np.where(found.values_um > 0, found.values_um, np.nan))


def _title(sample: SampleReport, name: str) -> str:
    row = sample.find(f"layer_thickness_mean:{name}") or sample.find(f"{name}_thickness_mean")
    if row is None or row.value is None:
        return name
    return f"{name}, mean {format_value(row.value, row.ci_low, row.ci_high, row.unit)}"


def _curves(sample: SampleReport, maps: dict[str, ThicknessMap], params: ReportParams) -> Figure:
    pitch = _TOP_MM + _LINE_MM + 2.0
    sheet = Sheet(params.width_mm, len(maps) * pitch + _BOTTOM_MM - 2.0)
    width = params.width_mm - _LEFT_MM - _RIGHT_MM
    for number, (name, found) in enumerate(maps.items()):
        axes = sheet.axes(_LEFT_MM, number * pitch + _TOP_MM, width, _LINE_MM)
        along = int(np.argmax(found.values_um.shape))
        line_um = found.values_um.reshape(-1)
        position_um = (np.arange(line_um.size) + 0.5) * found.spacing_um[along]
        phases = sample.labels.phases
        colour = phases[name].colour if name in phases else _GAP_COLOUR
        # Steps, so that a gap one pixel wide shows.
        axes.fill_between(position_um, line_um, step="mid", color=colour, linewidth=0.6)
        axes.set_title(_title(sample, name))
        axes.set_ylabel("thickness (µm)")
        axes.set_xlim(0, line_um.size * found.spacing_um[along])
        axes.set_ylim(0, 1.15 * float(np.nanmax(line_um)))
        axes.locator_params(axis="y", nbins=4)
        if number == len(maps) - 1:
            axes.set_xlabel(f"position along {found.axes[along]} (µm)")
        else:
            axes.tick_params(labelbottom=False)
    return sheet.figure


def _maps(sample: SampleReport, maps: dict[str, ThicknessMap], params: ReportParams) -> Figure:
    room = params.width_mm - _LEFT_MM - _BAR_ROOM_MM - _BAR_MM
    sizes = {
        name: tuple(n * edge for n, edge in zip(found.values_um.shape, found.spacing_um, strict=True))
        for name, found in maps.items()
    }
    scale = min(min(room / wide, _TALLEST_MM / high) for high, wide in sizes.values())
    total = sum(_TOP_MM + max(scale * high, 4.0) + _BOTTOM_MM for high, _ in sizes.values())
    sheet = Sheet(params.width_mm, total)
    top = _TOP_MM
    for name, found in maps.items():
        high_um, wide_um = sizes[name]
        height, width = max(scale * high_um, 4.0), scale * wide_um
        axes = sheet.axes(_LEFT_MM, top, width, height)
        thinned = found.values_um[tuple(slice(None, None, -(-n // _MAX_PIXELS)) for n in found.values_um.shape)]
        image = axes.imshow(thinned, cmap="cividis", extent=(0, wide_um, high_um, 0), aspect="auto")
        axes.spines[:].set_visible(True)
        axes.set_title(_title(sample, name))
        axes.set_xlabel(f"{found.axes[1]} (µm)")
        axes.set_ylabel(f"{found.axes[0]} (µm)")
        axes.locator_params(axis="y", nbins=max(2, min(6, int(height / 6))))
        bar = sheet.figure.colorbar(image, cax=sheet.axes(_LEFT_MM + width + 1.5, top, _BAR_MM, height))
        # Above the bar, since long numbers beside it leave no room.
        bar.ax.set_title("µm")
        bar.ax.locator_params(axis="y", nbins=max(2, min(6, int(height / 6))))
        bar.outline.set_visible(False)
        top += height + _BOTTOM_MM + _TOP_MM
    return sheet.figure
