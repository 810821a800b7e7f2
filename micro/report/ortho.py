"""Three sections at right angles through a volume."""

from __future__ import annotations

from matplotlib.figure import Figure

from micro.report.canvas import Sheet, legend_row_mm, legend_rows
from micro.report.panel import handles, mark_interface, pixels, position, show, tinted
from micro.report.params import ReportParams
from micro.report.sample import SampleReport
from micro.report.scalebar import draw_scale_bar
from micro.report.sections import grey_window, read_section

__all__ = ["sections_figure"]

_GAP_MM, _TITLE_MM, _LEGEND_GAP_MM = 1.5, 4.2, 1.8
_TALLEST_MM = 110.0
_THINNEST_MM = 8.0


def sections_figure(sample: SampleReport, params: ReportParams) -> Figure | None:
    """Return three sections at right angles through the middle, with one scale; None for a 2-D sample.

    The section across y stands below that across z and shares its x; the one across x stands on
    the right and shares y. None as well for a stack so thin that its sides would be under 8 mm wide.
    """
    labels = sample.labels
    depth, height, width = (n * edge for n, edge in zip(labels.shape, labels.spacing.um, strict=True))
    room = params.width_mm - _GAP_MM
    scale = min(room / (width + depth), (_TALLEST_MM - _GAP_MM) / (height + depth))
    if labels.is_2d or min(depth, height, width) * scale < _THINNEST_MM:
        return None
    sections = [
        read_section(
            labels, sample.volume, axis=a, index=labels.shape[a] // 2, max_pixels=pixels(params), transposed=a == 2
        )
        for a in range(3)
    ]
    left = (room - scale * (width + depth)) / 2
    right, below = left + scale * width + _GAP_MM, _TITLE_MM + scale * height + _TITLE_MM
    places = ((left, _TITLE_MM), (left, below), (right, _TITLE_MM))
    legend = legend_rows(handles(sample.cell, *sections), params.width_mm, params.font_pt)
    legend_mm = len(legend) * legend_row_mm(params.font_pt)
    sheet = Sheet(params.width_mm, below + scale * depth + _LEGEND_GAP_MM + legend_mm)
    window = grey_window(sections)
    for section, place in zip(sections, places, strict=True):
        high_um, wide_um = section.size_um
        axes = sheet.axes(*place, scale * wide_um, scale * high_um)
        show(axes, section, tinted(section, window, labels.phases, params))
        axes.set_title(position(section))
        mark_interface(axes, sample.cell, section)
        if section.axis == 0:
            draw_scale_bar(axes, wide_um, high_um, scale, params.font_pt)
    sheet.legend(legend, sheet.height_mm - legend_mm)
    return sheet.figure
