"""The figure files of one sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from matplotlib.figure import Figure

from micro.io import atomic_path
from micro.report.canvas import drawing, to_bytes
from micro.report.contact import contact_figure
from micro.report.cracks import cracks_figure
from micro.report.form import form_figure
from micro.report.ortho import sections_figure
from micro.report.overlay import overlay_figure
from micro.report.params import FigureName, ReportParams
from micro.report.profile import profile_figure
from micro.report.sample import SampleReport
from micro.report.thickness import thickness_figure

__all__ = ["CAPTIONS", "FORMATS", "draw", "write_figures"]

T = TypeVar("T")

FORMATS: tuple[str, ...] = ("svg", "png")
"""The formats of every figure."""

_DRAW: dict[FigureName, Callable[[SampleReport, ReportParams], Figure | None]] = {
    "overlay": overlay_figure,
    "sections": sections_figure,
    "contact_map": contact_figure,
    "depth_profile": profile_figure,
    "dendrite_form": form_figure,
    "thickness": thickness_figure,
    "cracks": cracks_figure,
}

CAPTIONS: dict[FigureName, str] = {
    "overlay": "Micrograph and phases. Line: reference interface; arrow: its normal, into the electrolyte.",
    "sections": "Sections at right angles through the middle of the volume, at one scale.",
    "contact_map": "Contact along the reference interface.",
    "depth_profile": "Phase fractions against the distance from the reference interface (0).",
    "dendrite_form": "Direction and form of the dendrites, and the electrolyte they enclose, against depth.",
    "thickness": "Thickness of layers and gaps over the interface.",
    "cracks": (
        "Directions of the cracks, the area of a sector being its share (dots: no preferred direction), "
        "and their local apertures."
    ),
}
"""What each figure shows, in a line."""


def draw(sample: SampleReport, params: ReportParams, encode: Callable[[FigureName, Figure], T]) -> dict[FigureName, T]:
    """Draw the figures that the parameters ask for and the sample has data for, and encode each."""
    done: dict[FigureName, T] = {}
    with drawing(params):
        for name in dict.fromkeys(params.figures):
            figure = _DRAW[name](sample, params)
            if figure is not None:
                done[name] = encode(name, figure)
    return done


def write_figures(sample: SampleReport, folder: str | Path, params: ReportParams | None = None) -> tuple[Path, ...]:
    """Write the figures of one sample into a folder, each as SVG and PNG.

    Parameters
    ----------
    sample
        The measured sample.
    folder
        Made where it is missing. Files are called ``overlay.svg``, ``overlay.png`` and so on.
    params
        Width, resolution, type size, and which figures.

    Returns
    -------
    tuple of Path
        The files, in the order of ``params.figures``; a figure without data has none.

    Raises
    ------
    OutputError
        If the folder or a file in it can't be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from micro.cell import Cell
    >>> from micro.measure.results import merge_findings
    >>> from micro.model import Labels, Spacing
    >>> labels = Labels(np.full((40, 50), 2, np.uint8), Spacing.parse("10nm"))
    >>> sample = SampleReport("cell A", "", None, labels, Cell(labels, None), merge_findings([]))
    >>> [path.name for path in write_figures(sample, tempfile.mkdtemp())]
    ['overlay.svg', 'overlay.png']
    """
    params = params or ReportParams()
    drawn = draw(sample, params, lambda _, figure: [to_bytes(figure, suffix, params.dpi) for suffix in FORMATS])
    paths = []
    for name, encoded in drawn.items():
        for suffix, content in zip(FORMATS, encoded, strict=True):
            path = Path(folder) / f"{name}.{suffix}"
            with atomic_path(path) as beside:
                beside.write_bytes(content)
            paths.append(path)
    return tuple(paths)
