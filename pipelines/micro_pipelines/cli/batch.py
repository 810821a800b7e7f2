"""Running samples from the command line, and telling what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import dask
import typer
from dask import threaded

from micro_pipelines.batch import run_batch
from micro_pipelines.cli.guard import DEBUG, complain
from micro_pipelines.cli.progress import watching
from micro_pipelines.cli.table import print_headline
from micro_pipelines.forecast import Forecast, input_bytes, stages_of
from micro_pipelines.job import Job
from micro_pipelines.sources import Source

__all__ = ["run_and_tell"]


def run_and_tell(
    work: Sequence[tuple[Source, Job]], out: Path, *, resume: bool, quiet: bool, log: Path | None = None
) -> None:
    """Run the samples, print the headline numbers and where the results lie; exit 1 where some failed."""
    forecast = Forecast([input_bytes(source) for source, _ in work], stages_of(work[0][1]))
    # dask looks for distributed, and loads it, wherever its scheduler is not given as a function
    with watching(quiet=quiet, forecast=forecast) as observer, dask.config.set(scheduler=threaded.get):
        batch = run_batch(work, out, resume=resume, observer=observer, log=log)
    if DEBUG.get():
        for failure in batch.failures:
            print(failure.details, file=sys.stderr)
    if batch.samples and not quiet:
        print_headline([sample.report for sample in batch.samples], work[0][1].recipe.report)
        print(f"report: {batch.folder / 'report.html'}")
        print(f"tables: {batch.folder / 'measurements.csv'}, for a paper: {batch.folder / 'table.md'}, .tex, .xlsx")
        for note in batch.notes:
            complain(note, kind="note")
        for sample in batch.samples:
            # notes of the anatomy stand in the tables; where half of these is empty by one of them, it is told
            notes = [note for note in sample.report.cell.notes if not note.startswith(("no metal", "metal reaches"))]
            for line in (text for text in sample.report.warnings if text not in notes):
                complain(f"{sample.report.name}: {line}", kind="warning")
    if batch.failures:
        print(
            f"micro: {len(batch.failures)} of {len(work)} samples failed; "
            f"the reasons stand in {batch.folder / 'failures.csv'}",
            file=sys.stderr,
        )
        raise typer.Exit(1)
