"""Two label volumes of one sample side by side, and where they differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from micro.io import atomic_path
from micro.model import UNLABELLED, Labels, PhaseSet
from micro.report.canvas import Sheet, drawing, legend_row_mm, legend_rows, to_bytes
from micro.report.panel import phase_colours, pixels, position, show
from micro.report.params import ReportParams
from micro.report.scalebar import draw_scale_bar
from micro.report.sections import Section, read_section

__all__ = ["difference_figure", "write_differences"]

_GAP_MM, _TITLE_MM, _LEGEND_GAP_MM = 1.5, 4.2, 1.8
_WIDE = 0.5
_FAINT = 0.82
_WHITE = np.ones(3)


def difference_figure(
    labels: Labels, truth: Labels, params: ReportParams, *, phases: PhaseSet, axis: int, index: int
) -> Figure:
    """Return one slice of the labels, the same of the truth, and the voxels that differ.

    In the third picture agreement is pale; a voxel that differs has the full colour of the phase
    that the truth gives it. What is unlabelled in either is white.

    Parameters
    ----------
    labels, truth
        Of one shape.
    params
        Width, fonts, dots per inch.
    phases
        Those of both.
    axis, index
        The slice: across this axis (0 z, 1 y, 2 x), at this voxel.
    """
    ours, true = (
        read_section(side, None, axis=axis, index=index, max_pixels=pixels(params)) for side in (labels, truth)
    )
    where = "" if labels.is_2d else f" at {position(ours)}"
    colours = phase_colours(phases)
    colours[UNLABELLED] = _WHITE
    pictures = {
        f"labels{where}": colours[ours.labels],
        "truth": colours[true.labels],
        "different (colour of the truth)": _differences(ours.labels, true.labels, colours),
    }
    return _sheet(pictures, ours, _legend(ours, true, colours, phases), params)


def _differences(ours: NDArray[np.uint8], true: NDArray[np.uint8], colours: NDArray[np.float64]) -> NDArray[np.float64]:
    picture: NDArray[np.float64] = _FAINT + (1 - _FAINT) * colours[true]
    picture[ours != true] = colours[true[ours != true]]
    picture[(ours == UNLABELLED) | (true == UNLABELLED)] = _WHITE
    return picture


def _legend(ours: Section, true: Section, colours: NDArray[np.float64], phases: PhaseSet) -> list[Artist]:
    values = sorted({int(v) for section in (ours, true) for v in np.unique(section.labels)} - {UNLABELLED})
    return [Patch(facecolor=tuple(colours[v]), label=phases.name_of(v), linewidth=0) for v in values]


def _sheet(
    pictures: dict[str, NDArray[np.float64]], section: Section, entries: list[Artist], params: ReportParams
) -> Figure:
    """Place the pictures beside each other, or one below the other where they are wide."""
    height_um, width_um = section.size_um
    stacked = height_um < _WIDE * width_um
    across = 1 if stacked else len(pictures)
    # three pictures beside each other need the width of a page
    page_mm = params.width_mm if stacked else 2 * params.width_mm
    scale = (page_mm - (across - 1) * _GAP_MM) / across / width_um
    wide, high = scale * width_um, scale * height_um
    rows = legend_rows(entries, page_mm, params.font_pt)
    bottom = (len(pictures) // across) * (high + _TITLE_MM)
    sheet = Sheet(page_mm, bottom + _LEGEND_GAP_MM + len(rows) * legend_row_mm(params.font_pt))
    for number, (title, picture) in enumerate(pictures.items()):
        row, column = divmod(number, across)
        axes = sheet.axes(column * (wide + _GAP_MM), _TITLE_MM + row * (high + _TITLE_MM), wide, high)
        show(axes, section, picture)
        axes.set_title(title)
        if number == 0:
            draw_scale_bar(axes, width_um, height_um, scale, params.font_pt)
    sheet.legend(rows, bottom + _LEGEND_GAP_MM)
    return sheet.figure


def write_differences(
    labels: Labels,
    truth: Labels,
    folder: Path,
    params: ReportParams,
    *,
    phases: PhaseSet,
    differing: tuple[NDArray[np.int64], ...],
) -> None:
    """Write ``differences.svg`` and ``.png``: the slice with most voxels that differ, across z (the whole section).

    Parameters
    ----------
    labels, truth
        Of one shape.
    folder
        Where the files go; it must exist.
    params
        Width, fonts, dots per inch.
    phases
        Those of both.
    differing
        Voxels that differ in each slice, for each axis, as `micro.compare.Confusion` counts them.
    """
    index = int(np.argmax(differing[0]))
    with drawing(params):
        figure = difference_figure(labels, truth, params, phases=phases, axis=0, index=index)
        for suffix in ("svg", "png"):
            with atomic_path(folder / f"differences.{suffix}") as path:
                path.write_bytes(to_bytes(figure, suffix, params.dpi))
