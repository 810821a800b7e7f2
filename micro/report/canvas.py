"""A figure of a stated width in mm: fonts, lines, saving, all without global state."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from micro.report.params import ReportParams

__all__ = [
    "INK",
    "MM_PER_INCH",
    "MM_PER_POINT",
    "QUIET",
    "Sheet",
    "drawing",
    "legend_row_mm",
    "legend_rows",
    "to_bytes",
]

INK = "#222222"
QUIET = "#8A8A8A"
"""Colours of text and of lines that only guide the eye."""

MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72

_HANDLE_EM, _SPACING_EM, _LETTER_EM = 1.2, 1.2, 0.6

# The settings of matplotlib belong to the process; samples of a batch may be drawn by several threads.
_LOCK = threading.RLock()


def _settings(font_pt: float) -> dict[Any, Any]:
    sizes = ("font.size", "axes.labelsize", "axes.titlesize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize")
    thin = ("axes.linewidth", "xtick.major.width", "ytick.major.width", "patch.linewidth")
    return {
        **dict.fromkeys(sizes, font_pt),
        **dict.fromkeys(thin, 0.5),
        "font.family": "sans-serif",
        # DejaVu Sans comes with matplotlib, so a figure has the same layout on every machine.
        "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
        "lines.linewidth": 1.0,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.size": 2.0,
        "ytick.major.size": 2.0,
        "xtick.major.pad": 1.5,
        "ytick.major.pad": 1.5,
        "axes.labelpad": 2.0,
        "axes.titlepad": 3.0,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "legend.frameon": False,
        "image.interpolation": "nearest",
        "svg.fonttype": "none",
        "svg.hashsalt": "micro",
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
    }


@contextmanager
def drawing(params: ReportParams) -> Iterator[None]:
    """Give the enclosed code the look of the figures; one thread at a time, and nothing stays behind."""
    with _LOCK, mpl.rc_context():
        mpl.rcdefaults()
        for key, setting in _settings(params.font_pt).items():
            mpl.rcParams[key] = setting
        yield


class Sheet:
    """A blank figure on which axes are placed in mm from the top left corner.

    Stated places instead of an automatic layout: the same inputs give the same bytes, and a panel
    keeps its aspect ratio.

    Examples
    --------
    >>> with drawing(ReportParams()):
    ...     sheet = Sheet(85, 40)
    ...     axes = sheet.axes(10, 5, 70, 30)
    >>> [round(float(inch) * 25.4) for inch in sheet.figure.get_size_inches()]
    [85, 40]
    """

    def __init__(self, width_mm: float, height_mm: float) -> None:
        self.width_mm = width_mm
        self.height_mm = height_mm
        self.figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH))
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes whose frame lies at these places, in mm."""
        return self.figure.add_axes(
            (
                left / self.width_mm,
                1 - (top + height) / self.height_mm,
                width / self.width_mm,
                height / self.height_mm,
            )
        )

    def legend(self, rows: Sequence[Sequence[Artist]], top: float) -> None:
        """Put rows of legend entries in the middle of the sheet, the first ``top`` mm from its upper edge."""
        font_pt = float(mpl.rcParams["legend.fontsize"])
        for number, row in enumerate(rows):
            self.figure.legend(
                handles=list(row),
                loc="upper center",
                bbox_to_anchor=(0.5, 1 - (top + number * legend_row_mm(font_pt)) / self.height_mm),
                ncol=len(row),
                borderpad=0,
                borderaxespad=0,
                handlelength=_HANDLE_EM,
                handletextpad=0.5,
                columnspacing=_SPACING_EM,
            )


def legend_row_mm(font_pt: float) -> float:
    """Return the height of one row of a legend."""
    return 1.45 * font_pt * MM_PER_POINT


def legend_rows(handles: Sequence[Artist], width_mm: float, font_pt: float) -> list[list[Artist]]:
    """Break legend entries into rows that fit a width, in their order."""
    rows: list[list[Artist]] = []
    used = math.inf
    for handle in handles:
        label = str(handle.get_label())
        wide = (_LETTER_EM * len(label) + _HANDLE_EM + 0.5 + _SPACING_EM) * font_pt * MM_PER_POINT
        if used + wide > width_mm:
            rows.append([])
            used = 0.0
        rows[-1].append(handle)
        used += wide
    return rows


def to_bytes(figure: Figure, suffix: str, dpi: int) -> bytes:
    """Return the figure as ``png`` or ``svg``, free of dates, so that the same input gives the same bytes."""
    buffer = BytesIO()
    if suffix == "svg":
        figure.savefig(buffer, format="svg", dpi=dpi, metadata={"Date": None, "Creator": "micro"})
    else:
        # noise does not shrink further: the usual level takes three times as long for a file no smaller
        compression = {"compress_level": 3}
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": "micro"}, pil_kwargs=compression)
    return buffer.getvalue()
