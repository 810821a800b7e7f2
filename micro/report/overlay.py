"""The micrograph beside its phases."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from micro.report.canvas import Sheet, legend_row_mm, legend_rows
from micro.report.panel import handles, mark_interface, mark_normal, pixels, plain, position, show, tinted
from micro.report.params import ReportParams
from micro.report.sample import SampleReport
from micro.report.scalebar import draw_scale_bar
from micro.report.sections import best_index, grey_window, read_section, section_axis

__all__ = ["overlay_figure"]

_GAP_MM, _TITLE_MM, _LEGEND_GAP_MM = 1.5, 4.2, 1.8
_TALLEST_MM = 110.0
_WIDE = 0.5


def overlay_figure(sample: SampleReport, params: ReportParams) -> Figure:
    """Return the grey slice beside the same slice under its phases, with scale bar, interface and normal.

    Of a volume it is the slice with most dendrite and crack among some evenly spaced ones. Wide
    pictures stand one below the other. Without a grey picture only the phases are drawn.
    """
    axis = section_axis(sample.cell)
    index = best_index(sample.labels, axis)
    section = read_section(sample.labels, sample.volume, axis=axis, index=index, max_pixels=pixels(params))
    window = grey_window([section])
    where = "" if sample.labels.is_2d else f" at {position(section)}"
    pictures = {"phases": tinted(section, window, sample.labels.phases, params)}
    if section.grey is not None:
        pictures = {"image": plain(section, window), **pictures}
    height_um, width_um = section.size_um
    layout = _arrange(len(pictures), height_um, width_um, params)
    legend = legend_rows(handles(sample.cell, section), params.width_mm, params.font_pt)
    legend_mm = len(legend) * legend_row_mm(params.font_pt)
    sheet = Sheet(params.width_mm, layout.bottom_mm + _LEGEND_GAP_MM + legend_mm)
    for number, (title, picture) in enumerate(pictures.items()):
        axes = sheet.axes(*layout.places[number], layout.scale * width_um, layout.scale * height_um)
        show(axes, section, picture)
        axes.set_title(title if number else title + where)
        if number == 0:
            draw_scale_bar(axes, width_um, height_um, layout.scale, params.font_pt)
    mark_interface(axes, sample.cell, section)
    mark_normal(axes, sample.cell, section, layout.scale)
    sheet.legend(legend, sheet.height_mm - legend_mm)
    return sheet.figure


@dataclass(frozen=True, slots=True)
class _Layout:
    scale: float
    places: tuple[tuple[float, float], ...]
    bottom_mm: float


def _arrange(count: int, height_um: float, width_um: float, params: ReportParams) -> _Layout:
    """Place one or two equal pictures: beside each other, or one below the other where they are wide."""
    stacked = height_um < _WIDE * width_um
    across, down = (1, count) if stacked else (count, 1)
    scale = min((params.width_mm - (across - 1) * _GAP_MM) / across / width_um, _TALLEST_MM / height_um)
    width, pitch = scale * width_um, scale * height_um + _TITLE_MM
    left = (params.width_mm - across * width - (across - 1) * _GAP_MM) / 2
    places = tuple(
        (left + column * (width + _GAP_MM), _TITLE_MM + row * pitch) for row in range(down) for column in range(across)
    )
    return _Layout(scale, places, down * pitch)
