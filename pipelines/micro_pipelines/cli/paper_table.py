"""``micro table``: the table for a paper from finished results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["table"]


def table(
    results: Annotated[
        Path, typer.Argument(metavar="DIR", help="The --out of a run, a sample's folder, or a measurements.csv.")
    ],
    *,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help="Metrics in their order, metric:phase for one phase; else the recipe's headline."
        ),
    ] = None,
    formats: Annotated[str, typer.Option("--format", metavar="md,tex,xlsx", help="Which files to write.")] = (
        "md,tex,xlsx"
    ),
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the table; else that of the results.")] = None,
    lines: Annotated[
        Literal["auto", "metrics", "samples"],
        typer.Option("--lines", help="What the lines are; auto: the samples where there are more than metrics."),
    ] = "auto",
) -> None:
    """Make the table for a paper from finished results: Markdown, LaTeX (booktabs), Excel.

    Each value is rounded by its 95 % interval, with its unit; footnotes say what is missing and why, the
    definitions, n, the recipe and the version.
    """
    from micro.report import paper_table
    from micro_pipelines.folders import prepare
    from micro_pipelines.paper import read_finished, write_paper_tables

    kinds = _names(formats, "--format names no format; known: md, tex, xlsx")
    chosen = () if metrics is None else _names(metrics, "--metrics names no metric; leave it out for the headline")
    finished = read_finished(results)
    made = paper_table(
        finished.rows,
        chosen or finished.headline,
        version=finished.version,
        samples_down=None if lines == "auto" else lines == "samples",
        strict=metrics is not None,
        metadata=finished.metadata,
    )
    folder = prepare(out) if out is not None else results if results.is_dir() else results.parent
    for path in write_paper_tables(folder, made, finished.rows, formats=kinds):
        print(path)


def _names(text: str, otherwise: str) -> tuple[str, ...]:
    from micro.errors import ParameterError

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ParameterError(otherwise)
    return names
