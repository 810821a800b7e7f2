"""Tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from micro.model import Measurement
    from micro.report import ReportParams, SampleReport

__all__ = ["print_headline", "print_table"]

_LOG_WIDTH = 160


def console() -> Console:
    """Return the console of stdout; where that is no terminal, wide enough that no table is cut."""
    return Console() if sys.stdout.isatty() else Console(width=_LOG_WIDTH)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column is the wide one, the others are numbers."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console().print(table, markup=False)


def print_headline(samples: Sequence[SampleReport], params: ReportParams) -> None:
    """Print the headline metrics of every sample with their 95 % intervals."""
    from micro.report.rounding import MISSING, format_value
    from micro.report.summary import headline_label, headline_rows

    found = headline_rows(samples, params)

    def cell(row: Measurement | None) -> str:
        return MISSING if row is None else format_value(row.value, row.ci_low, row.ci_high, row.unit)

    rows = [
        [sample.title, *(cell(values[number]) for values in found.values())] for number, sample in enumerate(samples)
    ]
    print_table("value [95 % interval]", ["sample", *(headline_label(key) for key in found)], rows)
