"""The time to go: known from a tenth of the first sample on, learned from the samples that are done."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from micro_pipelines import load_recipe
from micro_pipelines.forecast import SHARES, Forecast, Steady, input_bytes, stages_of
from micro_pipelines.job import Job, labels_from_labels
from micro_pipelines.source import Source

STAGES = ("read", "preprocess", "segment", "measure", "write")


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def lived_through(forecast: Forecast, clock: Clock, seconds: dict[str, float], told: Callable[[str], None]) -> None:
    """Let a sample pass; ``told`` is called in the middle of each stage."""
    for stage, taken in seconds.items():
        forecast.stage_started(stage)
        clock.now += taken / 2
        told(stage)
        clock.now += taken / 2
        forecast.stage_done(stage, taken)


def test_nothing_is_foreseen_before_a_tenth_is_done_and_all_exactly_when_samples_are_alike() -> None:
    clock = Clock()
    forecast = Forecast([2.0, 2.0, 4.0], STAGES, clock=clock)
    seconds = {"read": 3.0, "preprocess": 100.0, "segment": 50.0, "measure": 20.0, "write": 7.0}
    total = sum(seconds.values())
    foreseen: list[tuple[str, float | None, float]] = []

    forecast.sample_started("a", 1, 3)
    lived_through(
        forecast, clock, seconds, lambda stage: foreseen.append((stage, forecast.left(), forecast.done_of_sample()))
    )
    forecast.sample_done("a", "done")
    assert [left for stage, left, _ in foreseen if stage in ("read", "preprocess")] == [None, None]
    assert all(left is not None for stage, left, _ in foreseen if stage not in ("read", "preprocess"))
    shares = [share for _, _, share in foreseen]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1

    # the others take as long by their size
    assert forecast.left() == pytest.approx(3 * total)
    for number, size in ((2, 2.0), (3, 4.0)):
        began, scale = clock.now, size / 2
        forecast.sample_started("x", number, 3)
        assert forecast.left_of_sample() == pytest.approx(scale * total)
        lived_through(
            forecast,
            clock,
            {stage: scale * taken for stage, taken in seconds.items()},
            lambda _, began=began, scale=scale: (
                pytest.approx(scale * total - (clock.now - began)) == forecast.left_of_sample() or pytest.fail("left")
            ),
        )
        forecast.sample_done("x", "done")
    assert forecast.left() == 0
    assert forecast.done() == 1


def test_a_stage_that_is_kept_or_takes_longer_is_no_time_to_go() -> None:
    clock = Clock()
    forecast = Forecast([1.0], STAGES, clock=clock)
    forecast.sample_started("a", 1, 1)
    forecast.stage_kept("segment", 999.0)
    assert forecast.left_of_sample() is None
    forecast.stage_started("measure")
    forecast.stage_done("measure", 10.0)
    assert forecast.left_of_sample() == pytest.approx(10.0 * SHARES["write"] / SHARES["measure"])
    forecast.stage_started("write")
    clock.now = 1000.0
    left = forecast.left_of_sample()
    assert left is not None
    assert 0 < left < 1
    forecast.sample_failed("a", "write", "why")
    assert forecast.left() == 0


def test_a_finished_sample_that_is_read_for_the_report_takes_no_time() -> None:
    clock = Clock()
    forecast = Forecast([1.0, 1.0], STAGES, clock=clock)
    forecast.sample_started("a", 1, 2)
    forecast.sample_done("a", "unchanged, skipped")
    forecast.sample_started("b", 2, 2)
    lived_through(forecast, clock, dict.fromkeys(STAGES, 10.0), lambda _: None)
    forecast.sample_done("b", "done")
    forecast.sample_started("a", 1, 2)
    assert (forecast.left_of_sample(), forecast.left()) == (0.0, 0.0)


def test_a_jump_of_the_forecast_is_taken_on_little_by_little() -> None:
    steady, shown = Steady(), []
    for second in range(60):
        shown.append(steady.shown((1000.0 if second < 10 else 3000.0) - second, float(second)) or 0.0)
    assert shown[:10] == [1000.0 - second for second in range(10)]
    assert max(abs(later - earlier) for earlier, later in itertools.pairwise(shown)) < 210
    assert shown[-1] == pytest.approx(3000 - 59, rel=0.01)


def test_the_stages_to_come_are_those_of_the_job(tmp_path: Path) -> None:
    recipe = load_recipe("sem")
    assert "sweep threshold" not in stages_of(Job(recipe))
    assert stages_of(Job(recipe, probabilities=True)) == tuple(SHARES)
    measured = Job(load_recipe("sem", ("measure.resolution_check=false",)), make_labels=labels_from_labels)
    assert stages_of(measured) == ("hash", "read", "check", "anatomy", "measure", "figures", "write")
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").write_bytes(b"12")
    assert input_bytes(Source("x", (tmp_path,))) == 5
    assert input_bytes(Source("x", (tmp_path / "none",))) == 1
