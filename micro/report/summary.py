"""The headline numbers of all samples side by side, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from micro.model import Measurement
from micro.report.canvas import MM_PER_POINT, Sheet
from micro.report.params import ReportParams
from micro.report.rounding import unit_text
from micro.report.sample import SampleReport

__all__ = ["headline_label", "headline_rows", "summary_figure"]

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_ROW_MM, _GAP_MM = 4.2, 6.0


_NAMES = {"euler": "Euler"}
"""Words of metrics that are names of people."""


def headline_label(key: str) -> str:
    """Return a headline key in words.

    Examples
    --------
    >>> headline_label("layer_thickness_mean:Li")
    'layer thickness mean, Li'
    >>> headline_label("dendrite_euler_density")
    'dendrite Euler density'
    """
    metric, _, phase = key.partition(":")
    words = " ".join(_NAMES.get(word, word) for word in metric.split("_"))
    return words + (f", {phase}" if phase else "")


def headline_rows(samples: Sequence[SampleReport], params: ReportParams) -> dict[str, list[Measurement | None]]:
    """Return, for each headline metric that any sample has, its row of every sample (or None)."""
    table = {key: [sample.find(key) for sample in samples] for key in params.headline}
    return {key: rows for key, rows in table.items() if any(row is not None for row in rows)}


def summary_figure(samples: Sequence[SampleReport], params: ReportParams) -> Figure | None:
    """Return one panel a headline metric, one line a sample and state, whiskers of 95 %.

    States keep their colour through all samples; a doubtful sample has open circles. None where no headline
    metric has a value.
    """
    table = {
        key: rows
        for key, rows in headline_rows(samples, params).items()
        if any(row is not None and row.value is not None for row in rows)
    }
    if not table:
        return None
    em_mm = params.font_pt * MM_PER_POINT
    left = min(max(len(sample.title) for sample in samples) * 0.6 * em_mm + 3.0, 0.5 * params.width_mm)
    per_row = max(int((params.width_mm - left) // 34.0), 1)
    lines = -(-len(table) // per_row)
    per_row = -(-len(table) // lines)
    height = _ROW_MM * len(samples) + 1.0
    pitch = 5.0 + height + 9.5
    width = (params.width_mm - left - per_row * _GAP_MM / 2) / per_row - _GAP_MM / 2
    sheet = Sheet(params.width_mm, lines * pitch)
    states = list(dict.fromkeys(sample.state for sample in samples))
    colours = [_COLOURS[states.index(sample.state) % len(_COLOURS)] for sample in samples]
    for number, (key, rows) in enumerate(table.items()):
        line, column = divmod(number, per_row)
        axes = sheet.axes(left + column * (width + _GAP_MM), line * pitch + 5.0, width, height)
        _draw_metric(axes, key, rows, colours, [bool(sample.doubts) for sample in samples])
        axes.set(ylim=(len(samples) - 0.5, -0.5), yticks=range(len(samples)))
        axes.set_yticklabels([_short(sample.title, left / em_mm) for sample in samples] if column == 0 else [])
    return sheet.figure


def _draw_metric(
    axes: Axes, key: str, rows: Sequence[Measurement | None], colours: Sequence[str], doubtful: Sequence[bool]
) -> None:
    unit = ""
    for place, (row, colour, doubt) in enumerate(zip(rows, colours, doubtful, strict=True)):
        axes.axhline(place, color="#EEEEEE", linewidth=0.5, zorder=0)
        if row is None or row.value is None:
            continue
        unit = unit_text(row.unit)
        if row.ci_low is not None and row.ci_high is not None:
            axes.plot([row.ci_low, row.ci_high], [place, place], color=colour, linewidth=1.0)
        face = "white" if doubt else colour
        axes.plot(row.value, place, "o", color=colour, markerfacecolor=face, markersize=3.2, clip_on=False, zorder=3)
    axes.set_title(headline_label(key))
    axes.set_xlabel(unit or "fraction")
    axes.margins(x=0.08)
    if axes.get_xlim()[0] < 0 <= axes.dataLim.x0:
        axes.set_xlim(left=0)  # none of these quantities can be below
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="y", length=0)


def _short(text: str, em: float) -> str:
    letters = int(em / 0.6) - 1
    return text if len(text) <= letters else text[: letters - 1] + "…"
