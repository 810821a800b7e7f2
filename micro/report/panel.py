"""One picture of a figure: grey or under its phases, with the interface and its normal."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal as Plain
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from micro.cell import Cell
from micro.model import UNLABELLED, PhaseSet
from micro.report.canvas import INK, MM_PER_INCH
from micro.report.params import ReportParams
from micro.report.scalebar import length_text
from micro.report.sections import Section, trace_um

__all__ = [
    "handles",
    "mark_interface",
    "mark_normal",
    "phase_colours",
    "pixels",
    "plain",
    "position",
    "show",
    "tinted",
]

_UNKNOWN_COLOUR = "#666666"
_FLOOR = 0.35
_MATRIX = 0.5
_ARROW_MM = 6.0


def phase_colours(phases: PhaseSet) -> NDArray[np.float64]:
    """Return the colours of all 256 label values, shape (256, 3)."""
    colours = np.tile(to_rgb(_UNKNOWN_COLOUR), (256, 1))
    for phase in phases:
        colours[phase.value] = to_rgb(phase.colour)
    return colours


def pixels(params: ReportParams) -> int:
    """Return how many pixels a picture can show at most along one side."""
    return max(int(params.width_mm / MM_PER_INCH * params.dpi), 64)


def show(axes: Axes, section: Section, picture: NDArray[np.float64]) -> None:
    """Draw a picture (rows, columns, 3; 0 to 1) in um, y downward, over the whole of its axes."""
    height_um, width_um = section.size_um
    axes.imshow(np.rint(picture * 255).astype(np.uint8), extent=(0, width_um, height_um, 0), aspect="auto")
    axes.set(xticks=[], yticks=[], xlim=(0, width_um), ylim=(height_um, 0))
    axes.spines[:].set_visible(False)


def plain(section: Section, window: tuple[float, float]) -> NDArray[np.float64]:
    """Return the grey picture as red, green and blue, 0 to 1; white where there is none."""
    if section.grey is None:
        return np.ones((*section.labels.shape, 3))
    low, high = window
    grey = np.nan_to_num(np.clip((section.grey - low) / (high - low), 0, 1))
    return np.repeat(grey[..., None], 3, axis=2)


def tinted(
    section: Section, window: tuple[float, float], phases: PhaseSet, params: ReportParams
) -> NDArray[np.float64]:
    """Return the picture under the colours of its phases; what is unlabelled stays grey."""
    opacity = np.full(256, 1.0 if section.grey is None else params.overlay_opacity)
    if section.grey is not None:
        opacity[phases.mask_table("electrolyte")] *= _MATRIX
    opacity[UNLABELLED] = 0.0
    share = opacity[section.labels][..., None]
    # Black under a colour hides it: voids would look alike. The grey below starts at a dark grey.
    base = _FLOOR + (1 - _FLOOR) * plain(section, window)
    blended: NDArray[np.float64] = (1 - share) * base + share * phase_colours(phases)[section.labels]
    return blended


def mark_interface(axes: Axes, cell: Cell, section: Section) -> None:
    """Draw the reference interface as a thin line, and the far side of the electrolyte as a dotted one."""
    casing = [withStroke(linewidth=1.6, foreground="white"), Plain()]
    for plane, style in ((cell.plane, "-"), (cell.far_plane, ":")):
        ends = None if plane is None else trace_um(plane, section)
        if ends is not None:
            x, y = zip(*ends, strict=True)
            axes.plot(x, y, style, color="black", linewidth=0.7, path_effects=casing, scalex=False, scaley=False)


def mark_normal(axes: Axes, cell: Cell, section: Section, mm_per_um: float) -> None:
    """Draw an arrow from the interface into the electrolyte; none where it would leave the picture."""
    ends = None if cell.plane is None else trace_um(cell.plane, section)
    if ends is None or cell.plane is None:
        return
    points = np.array(ends)
    at = 0.92 * (len(points) - 1)
    start = points[int(at)] + (at - int(at)) * (points[int(at) + 1] - points[int(at)])
    way = np.array([cell.plane.direction[section.columns], cell.plane.direction[section.rows]])
    way *= _ARROW_MM / mm_per_um / np.linalg.norm(way)
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


def position(section: Section) -> str:
    """Return where the section lies, as a title: ``z = 2.45 µm``."""
    return f"{'zyx'[section.axis]} = {length_text(float(f'{section.position_um:.3g}'))}"


def handles(cell: Cell, *sections: Section) -> list[Artist]:
    """Return legend entries for the phases that occur in the sections, and for the lines."""
    phases = cell.labels.phases
    values = sorted({int(value) for section in sections for value in np.unique(section.labels)} - {0})
    colours = phase_colours(phases)
    handles: list[Artist] = [Patch(facecolor=tuple(colours[v]), label=phases.name_of(v), linewidth=0) for v in values]
    if cell.plane is not None:
        handles.append(Line2D([], [], color=INK, linewidth=0.8, label="reference interface (arrow: normal)"))
    if cell.far_plane is not None:
        handles.append(Line2D([], [], color=INK, linewidth=0.8, linestyle=":", label=f"far side: {cell.far_side}"))
    return handles
