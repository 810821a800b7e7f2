"""What a run shows: bars with the time to go on a terminal, plain lines elsewhere, failures only when it is quiet."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.progress import Progress

from micro_pipelines.cli.progress import Bars, Lines, watching
from micro_pipelines.forecast import Forecast
from micro_pipelines.journal import Observer
from micro_pipelines.run_log import Several

STAGES = ("preprocess", "segment")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def a_run(observer: Observer, clock: Clock) -> Iterator[str]:
    """Tell of two samples, the second of which fails; give where it stands."""
    observer.sample_started("Zelle [1]", 1, 2)
    observer.stage_started("preprocess")
    observer.blocks("normalise", 1, 4)
    yield "in the first stage"
    clock.now += 280
    observer.stage_done("preprocess", 280)
    observer.stage_started("segment")
    observer.blocks("classify", 3, 8)
    yield "in the second stage"
    clock.now += 420
    observer.stage_done("segment", 420)
    observer.sample_done("Zelle [1]", "done in 700.0 s")
    observer.sample_started("Zelle 2", 2, 2)
    yield "in the second sample"
    observer.stage_kept("preprocess", 280)
    observer.stage_started("segment")
    observer.sample_failed("Zelle 2", "segment", "no [contrast]")
    yield "after a failure"


def test_bars_tell_stage_step_blocks_and_the_time_to_go() -> None:
    clock, shown = Clock(), {}
    console = Console(file=io.StringIO(), force_terminal=True, width=160, color_system=None)
    forecast = Forecast([1.0, 2.0], STAGES, clock=clock)
    progress = Progress(console=console, auto_refresh=False)
    bars = Bars(progress, forecast)
    for moment in a_run(Several([forecast, bars]), clock):
        run, sample = progress.tasks
        shown[moment] = (run.description, round(run.completed, 3), sample.description, round(sample.completed, 3))
    assert shown == {
        "in the first stage": ("sample 1 of 2", 0.0, "Zelle [1]: preprocess, normalise 1/4", 0.0),
        "in the second stage": ("sample 1 of 2", 0.133, "Zelle [1]: segment, classify 3/8", 0.4),
        "in the second sample": ("sample 2 of 2", 0.333, "Zelle 2", 0.0),
        "after a failure": ("sample 2 of 2", 0.333, "Zelle 2: segment", 0.0),
    }
    said = console.file.getvalue()
    assert "Zelle [1]: done in 700.0 s\n" in said
    assert "micro: error: Zelle 2: segment: no [contrast]\n" in said


def test_without_a_forecast_the_bar_is_that_of_the_blocks() -> None:
    progress = Progress(console=Console(file=io.StringIO()), auto_refresh=False)
    bars = Bars(progress)
    for moment in a_run(bars, Clock()):
        if moment == "in the second stage":
            assert progress.tasks[1].completed == 3 / 8


def test_lines_say_the_time_to_go_once_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    forecast = Forecast([1.0, 2.0], STAGES, clock=clock)
    list(a_run(Several([forecast, Lines(forecast)]), clock))
    assert capsys.readouterr().err.splitlines() == [
        "Zelle [1]: sample 1 of 2",
        "Zelle [1]: preprocess 280.00 s",
        "Zelle [1]: segment 420.00 s",
        "Zelle [1]: done in 700.0 s",
        "Zelle 2: sample 2 of 2, 23 min to go",
        "Zelle 2: preprocess kept from an earlier run",
        "micro: error: Zelle 2: segment: no [contrast]",
    ]


def test_a_run_that_is_quiet_tells_of_failures_only(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(quiet=True) as observer:
        list(a_run(observer, Clock()))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "micro: error: Zelle 2: segment: no [contrast]\n")
