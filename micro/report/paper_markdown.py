"""The table of a paper as Markdown (GitHub's kind, which pandoc reads too)."""

from __future__ import annotations

import re

from micro.report.paper_table import PaperCell, PaperTable

__all__ = ["markdown_table"]


def markdown_table(table: PaperTable) -> str:
    """Return the table with its footnotes as Markdown.

    Examples
    --------
    >>> from micro.model import Measurement
    >>> from micro.report.paper_table import paper_table
    >>> row = Measurement("porosity", 0.0412, "1", "porosity/v1", ci_low=0.0371, ci_high=0.0455, n=900, sample="A_1")
    >>> print(markdown_table(paper_table([row], ["porosity"])).split("\\n\\n")[0])
    |  | A\\_1 |
    |:---|---:|
    | Porosity | 0.0412 ± 0.0042 |
    """
    layout = table.layout
    lines = [
        _line([layout.corner, *layout.headings]),
        "|:---|" + "---:|" * len(layout.headings),
        *(_line([heading], [_cell(cell) for cell in cells]) for heading, cells in layout.lines),
    ]
    parts = ["\n".join(lines), _escape(table.caption)]
    if table.notes:
        parts.append("\n".join(f"{number}. {_escape(note)}" for number, note in enumerate(table.notes, start=1)))
    if table.definitions:
        parts.append("\n".join(f"- **{_escape(head)}**, {_escape(text)}" for head, text in table.definitions))
    return "\n\n".join([*parts, _escape(table.provenance)]) + "\n"


def _line(headings: list[str], cells: list[str] | None = None) -> str:
    return "| " + " | ".join([*(_escape(heading) for heading in headings), *(cells or [])]) + " |"


def _cell(cell: PaperCell) -> str:
    marks = ", ".join(str(number) for number in cell.notes)
    return _escape(cell.text) + (f" <sup>{marks}</sup>" if marks else "")


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is, in one line."""
    text = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|~#$])", r"\\\1", text)
