"""How a run shows itself: bars on a terminal, plain lines in a log, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from micro_pipelines.cli.guard import complain
from micro_pipelines.forecast import Forecast, Steady, duration_text
from micro_pipelines.journal import Observer, Silent
from micro_pipelines.run_log import Several

__all__ = ["Bars", "Lines", "Quietly", "watching"]


class Quietly(Silent):
    """Says nothing but which samples failed."""

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """Print the failure in one line."""
        complain(f"{sample}: {stage or 'start'}: {message}")


class Lines(Quietly):
    """One plain line a stage and a sample, for logs; with the time to go where a sample begins."""

    def __init__(self, forecast: Forecast | None = None) -> None:
        self._forecast = forecast
        self._sample = ""

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Print which sample begins."""
        self._sample = sample
        left = None if self._forecast is None else self._forecast.left()
        self._say(f"{sample}: sample {number} of {total}" + ("" if left is None else f", {duration_text(left)} to go"))

    def stage_done(self, stage: str, seconds: float) -> None:
        """Print the stage and its seconds."""
        self._say(f"{self._sample}: {stage} {seconds:.2f} s")

    def stage_kept(self, stage: str, seconds: float) -> None:  # noqa: ARG002
        """Print which stage an earlier run had finished."""
        self._say(f"{self._sample}: {stage} kept from an earlier run")

    def sample_done(self, sample: str, message: str) -> None:
        """Print how the sample ended."""
        self._say(f"{sample}: {message}")

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class _Left(ProgressColumn):
    """The time to go of the sample, or of the whole run; nothing while it can't be told."""

    max_refresh = 1.0

    def __init__(self, forecast: Forecast) -> None:
        super().__init__()
        self._forecast = forecast
        self._steady: dict[int, Steady] = {}

    def render(self, task: Task) -> Text:
        left = self._forecast.left() if task.fields["whole"] else self._forecast.left_of_sample()
        shown = self._steady.setdefault(task.id, Steady()).shown(left, time.monotonic())
        return Text("" if shown is None else f"{duration_text(shown)} to go")


class Bars(Quietly):
    """A bar of the sample and, where there are several, one of the run; a line for each finished sample.

    Without a forecast the bar is that of the blocks of the stage that is running.
    """

    def __init__(self, progress: Progress, forecast: Forecast | None = None) -> None:
        self._progress = progress
        self._forecast = forecast
        self._run = progress.add_task("", total=1.0, whole=True, visible=False)
        self._task = progress.add_task("start", total=1.0, whole=False)
        self._sample = ""
        self._stage = ""

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Show which sample begins."""
        self._sample = sample
        self._progress.update(self._run, description=f"sample {number} of {total}", visible=total > 1)
        self._progress.reset(self._task, total=1.0, description=sample)
        self._move(0.0)

    def stage_started(self, stage: str) -> None:
        """Show the stage."""
        self._stage = stage
        self._progress.update(self._task, description=f"{self._sample}: {stage}")
        self._move(0.0)

    def blocks(self, step: str, done: int, total: int) -> None:
        """Show the step, and move the bars."""
        name = f"{self._stage}, {step}" if step and step != self._stage else self._stage
        self._progress.update(self._task, description=f"{self._sample}: {name} {done}/{total}")
        self._move(done / total if total else 0.0)

    def sample_done(self, sample: str, message: str) -> None:
        """Leave a line above the bars."""
        self._progress.console.print(f"{sample}: {message}", markup=False, highlight=False)

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """Leave the failure in one line above the bars."""
        line = f"micro: error: {sample}: {stage or 'start'}: {message}"
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _move(self, blocks: float) -> None:
        if self._forecast is None:
            self._progress.update(self._task, completed=blocks)
            return
        self._progress.update(self._task, completed=self._forecast.done_of_sample())
        self._progress.update(self._run, completed=self._forecast.done())


@contextmanager
def watching(*, quiet: bool, forecast: Forecast | None = None) -> Iterator[Observer]:
    """Give the observer that suits the place: bars on a terminal, lines elsewhere; ``quiet`` only failures.

    ``forecast`` tells the time to go; None: it is not known.
    """
    told = [] if forecast is None else [forecast]
    if quiet:
        yield Quietly()
    elif not sys.stderr.isatty():
        yield Several([*told, Lines(forecast)])
    else:
        columns: list[ProgressColumn] = [
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            *([] if forecast is None else [_Left(forecast)]),
            TextColumn("{task.description}", markup=False),  # last, since its length changes
        ]
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            yield Several([*told, Bars(progress, forecast)])
