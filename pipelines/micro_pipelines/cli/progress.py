"""How a run shows itself: a bar on a terminal, plain lines in a log, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from micro_pipelines.cli.guard import complain
from micro_pipelines.journal import Observer, Silent

__all__ = ["Bar", "Lines", "Quietly", "watching"]


class Quietly(Silent):
    """Says nothing but which samples failed."""

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """Print the failure in one line."""
        complain(f"{sample}: {stage or 'start'}: {message}")


class Lines(Quietly):
    """One plain line a stage and a sample, for logs."""

    def __init__(self) -> None:
        self._sample = ""

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Print which sample begins."""
        self._sample = sample
        self._say(f"{sample}: sample {number} of {total}")

    def stage_done(self, stage: str, seconds: float) -> None:
        """Print the stage and its seconds."""
        self._say(f"{self._sample}: {stage} {seconds:.2f} s")

    def sample_done(self, sample: str, message: str) -> None:
        """Print how the sample ended."""
        self._say(f"{sample}: {message}")

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class Bar(Quietly):
    """A bar of the blocks of the stage that is running, and a line for each finished sample."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("start", total=None)
        self._head = ""
        self._stage = ""

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Show which sample begins."""
        self._head = f"{number}/{total} {sample}" if total > 1 else sample

    def stage_started(self, stage: str) -> None:
        """Show the stage."""
        self._stage = stage
        self._progress.reset(self._task, total=None, description=f"{self._head}: {stage}")

    def blocks(self, step: str, done: int, total: int) -> None:
        """Move the bar."""
        name = f"{self._stage}, {step}" if step and step != self._stage else self._stage
        self._progress.update(self._task, completed=done, total=total, description=f"{self._head}: {name}")

    def sample_done(self, sample: str, message: str) -> None:
        """Leave a line above the bar."""
        self._progress.console.print(f"{sample}: {message}", markup=False, highlight=False)

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """Leave the failure in one line above the bar."""
        line = f"micro: error: {sample}: {stage or 'start'}: {message}"
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def watching(*, quiet: bool) -> Iterator[Observer]:
    """Give the observer that suits the place: a bar on a terminal, lines elsewhere; ``quiet`` only failures."""
    if quiet:
        yield Quietly()
    elif not sys.stderr.isatty():
        yield Lines()
    else:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            yield Bar(progress)
