"""The micrograph beside its phases, and three sections at right angles."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal as Plain
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from micro.cell import Cell
from micro.model import Labels, PhaseSet
from micro.report.canvas import INK, Sheet, legend_row_mm, legend_rows
from micro.report.params import ReportParams
from micro.report.sample import SampleReport
from micro.report.scalebar import draw_scale_bar, length_text
from micro.report.sections import Section, best_index, read_section, section_axis, trace_um

__all__ = ["overlay_figure", "phase_colours", "sections_figure"]

_GAP_MM = 1.5
_TITLE_MM = 4.2
_TALLEST_MM = 110.0
_THINNEST_MM = 6.0
_UNKNOWN_COLOUR = "#666666"


def overlay_figure(sample: SampleReport, params: ReportParams) -> Figure:
    """Return the grey slice beside the same slice under its phases, with scale bar, interface and normal.

    Of a volume it is the slice with most dendrite and crack among some evenly spaced ones. Wide
    pictures stand one below the other. Without a grey picture only the phases are drawn.
    """
    axis = section_axis(sample.cell)
    index = best_index(sample.labels, axis)
    section = read_section(sample.labels, sample.volume, axis=axis, index=index, max_pixels=_pixels(params))
    height_um, width_um = section.size_um
    panels = 1 if section.grey is None else 2
    stacked = panels == 2 and height_um < 0.5 * width_um
    across = 1 if stacked else panels
    scale = min((params.width_mm - (across - 1) * _GAP_MM) / across / width_um, _TALLEST_MM / height_um)
    width, height = scale * width_um, scale * height_um
    left = (params.width_mm - across * width - (across - 1) * _GAP_MM) / 2
    legend = legend_rows(_handles(sample.cell, section), params.width_mm, params.font_pt)
    legend_mm = len(legend) * legend_row_mm(params.font_pt)
    down = _TITLE_MM + height
    sheet = Sheet(params.width_mm, (panels if stacked else 1) * down + 1.8 + legend_mm)
    places = [(left, _TITLE_MM), (left, _TITLE_MM + down) if stacked else (left + width + _GAP_MM, _TITLE_MM)]
    titles = ["image" + _where(sample.labels, section), "phases"]
    for panel in range(2 - panels, 2):
        axes = sheet.axes(*places[panel - (2 - panels)], width, height)
        _show(axes, section, sample.labels.phases, params, tinted=panel == 1)
        axes.set_title(titles[panel])
        if panel == 2 - panels:
            draw_scale_bar(axes, width_um, height_um, scale, params.font_pt)
    _mark_interface(axes, sample.cell, section)
    _mark_normal(axes, sample.cell, section, scale)
    sheet.legend(legend, sheet.height_mm - legend_mm)
    return sheet.figure


def sections_figure(sample: SampleReport, params: ReportParams) -> Figure | None:
    """Return three sections at right angles through the middle, with one scale; None for a 2-D sample.

    None as well for a stack so thin that its sides would be under 6 mm wide.
    """
    labels = sample.labels
    depth, height, width = (n * edge for n, edge in zip(labels.shape, labels.spacing.um, strict=True))
    room = params.width_mm - _GAP_MM
    scale = min(room / (width + depth), (_TALLEST_MM - _GAP_MM) / (height + depth))
    if labels.is_2d or min(depth, height, width) * scale < _THINNEST_MM:
        return None
    middle = [n // 2 for n in labels.shape]
    left = (room - scale * (width + depth)) / 2
    right, below = left + scale * width + _GAP_MM, _TITLE_MM + scale * height + _TITLE_MM
    places = {0: (left, _TITLE_MM), 1: (left, below), 2: (right, _TITLE_MM)}
    read = [
        read_section(labels, sample.volume, axis=a, index=middle[a], max_pixels=_pixels(params), transposed=a == 2)
        for a in range(3)
    ]
    legend = legend_rows(_handles(sample.cell, *read), params.width_mm, params.font_pt)
    legend_mm = len(legend) * legend_row_mm(params.font_pt)
    sheet = Sheet(params.width_mm, below + scale * depth + 1.8 + legend_mm)
    for section in read:
        high, wide = section.size_um
        axes = sheet.axes(*places[section.axis], scale * wide, scale * high)
        _show(axes, section, labels.phases, params, tinted=True)
        axes.set_title(_position(section))
        _mark_interface(axes, sample.cell, section)
        if section.axis == 0:
            draw_scale_bar(axes, wide, high, scale, params.font_pt)
    sheet.legend(legend, sheet.height_mm - legend_mm)
    return sheet.figure


def phase_colours(phases: PhaseSet) -> NDArray[np.float64]:
    """Return the colours of all 256 label values, shape (256, 3)."""
    colours = np.tile(to_rgb(_UNKNOWN_COLOUR), (256, 1))
    for phase in phases:
        colours[phase.value] = to_rgb(phase.colour)
    return colours


def _pixels(params: ReportParams) -> int:
    return max(int(params.width_mm / 25.4 * params.dpi), 64)


def _show(axes: Axes, section: Section, phases: PhaseSet, params: ReportParams, *, tinted: bool) -> None:
    grey = np.ones(section.labels.shape) if section.grey is None else section.grey
    picture = np.repeat(grey[..., None], 3, axis=2)
    if tinted:
        opacity = 1.0 if section.grey is None else params.overlay_opacity
        share = np.where(section.labels > 0, opacity, 0.0)[..., None]
        picture = (1 - share) * picture + share * phase_colours(phases)[section.labels]
    height_um, width_um = section.size_um
    pixels = np.rint(picture * 255).astype(np.uint8)
    axes.imshow(pixels, extent=(0, width_um, height_um, 0), aspect="auto")
    axes.set(xticks=[], yticks=[], xlim=(0, width_um), ylim=(height_um, 0))
    axes.spines[:].set_visible(False)


def _mark_interface(axes: Axes, cell: Cell, section: Section) -> None:
    casing = [withStroke(linewidth=1.6, foreground="white"), Plain()]
    for plane, style in ((cell.plane, "-"), (cell.far_plane, ":")):
        ends = None if plane is None else trace_um(plane, section)
        if ends is not None:
            x, y = zip(*ends, strict=True)
            axes.plot(x, y, style, color="black", linewidth=0.7, path_effects=casing, scalex=False, scaley=False)


def _mark_normal(axes: Axes, cell: Cell, section: Section, mm_per_um: float) -> None:
    ends = None if cell.plane is None else trace_um(cell.plane, section)
    if ends is None or cell.plane is None:
        return
    (x0, y0), (x1, y1) = ends
    start = np.array([x0 + 0.92 * (x1 - x0), y0 + 0.92 * (y1 - y0)])
    way = np.array([cell.plane.direction[section.columns], cell.plane.direction[section.rows]])
    way *= 6.0 / mm_per_um / np.linalg.norm(way)
    tip = start + way
    height_um, width_um = section.size_um
    if not (0 <= tip[0] <= width_um and 0 <= tip[1] <= height_um):
        return
    axes.annotate(
        "",
        xy=(tip[0], tip[1]),
        xytext=(start[0], start[1]),
        arrowprops={
            "arrowstyle": "-|>,head_length=0.3,head_width=0.15",
            "color": "black",
            "linewidth": 0.9,
            "shrinkA": 0,
            "shrinkB": 0,
            "path_effects": [withStroke(linewidth=2.0, foreground="white"), Plain()],
        },
    )


def _where(labels: Labels, section: Section) -> str:
    return "" if labels.is_2d else f" at {_position(section)}"


def _position(section: Section) -> str:
    return f"{'zyx'[section.axis]} = {length_text(float(f'{section.position_um:.3g}'))}"


def _handles(cell: Cell, *sections: Section) -> list[Artist]:
    phases = cell.labels.phases
    values = sorted({int(value) for section in sections for value in np.unique(section.labels)} - {0})
    colours = phase_colours(phases)
    handles: list[Artist] = [Patch(facecolor=tuple(colours[v]), label=phases.name_of(v), linewidth=0) for v in values]
    if cell.plane is not None:
        handles.append(Line2D([], [], color=INK, linewidth=0.8, label="reference interface (arrow: normal)"))
    if cell.far_plane is not None:
        handles.append(Line2D([], [], color=INK, linewidth=0.8, linestyle=":", label=cell.far_side))
    return handles
