"""How long a run still takes, told from what its stages have taken so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from micro_pipelines.job import Job, labels_from_image
from micro_pipelines.journal import Silent
from micro_pipelines.source import Source

__all__ = ["Forecast", "Steady", "duration_text", "input_bytes", "stages_of"]

SHARES: dict[str, float] = {
    "hash": 0.1,
    "read": 0.1,
    "check": 0.1,
    "align": 2.0,
    "preprocess": 28.0,
    "segment": 42.0,
    "split phases": 7.0,
    "anatomy": 5.0,
    "measure": 10.0,
    "check resolution": 3.0,
    "sweep threshold": 40.0,
    "figures": 3.0,
    "write": 1.5,
}
"""What a stage costs beside the others: per cent of the CPU time of the recipe xct at 256^3; the sweep by itself."""

LEAST = 0.1
"""From this share of a sample on, what its stages have taken says something about those to come."""

OVERTIME = 0.05
"""A stage that takes longer than foreseen is said to need this part of its time still."""


def stages_of(job: Job) -> tuple[str, ...]:
    """Return the stages that a job will do to each sample, in order."""
    left_out = set()
    if job.make_labels not in (None, labels_from_image):
        left_out |= {"align", "preprocess", "segment", "split phases"}
    if not job.recipe.measure.resolution_check:
        left_out.add("check resolution")
    if not job.probabilities:
        left_out.add("sweep threshold")
    return tuple(stage for stage in SHARES if stage not in left_out)


def input_bytes(source: Source) -> float:
    """Return the size of an input on disk, at least 1; what isn't there has that size too."""
    files = (file for path in source.paths for file in (path.rglob("*") if path.is_dir() else (path,)))
    return float(max(1, sum(file.stat().st_size for file in files if file.is_file())))


class Forecast(Silent):
    """An observer that foresees the time of the stages to come.

    A stage takes as long as it took in earlier samples, by their size; one that was not seen yet takes its share
    (`SHARES`) of what the others have taken. Until a tenth of a sample is done nothing is foreseen.

    Parameters
    ----------
    sizes
        Of the samples, in order; of any unit.
    stages
        What is done to each, of `SHARES`.
    clock
        Gives the time in seconds.

    Examples
    --------
    >>> now = 0.0
    >>> forecast = Forecast([1.0, 2.0], ["preprocess", "segment"], clock=lambda: now)
    >>> forecast.sample_started("a", 1, 2); forecast.stage_started("preprocess")
    >>> forecast.left_of_sample() is None
    True
    >>> forecast.stage_done("preprocess", 28.0); forecast.stage_started("segment"); now = 12.0
    >>> forecast.left_of_sample(), forecast.left()
    (30.0, 170.0)
    """

    def __init__(
        self, sizes: Sequence[float], stages: Sequence[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sizes = list(sizes)
        self._stages = tuple(stages)
        self._clock = clock
        self._number = 0
        self._ended: set[int] = set()
        self._to_come: list[str] = []
        self._running: tuple[str, float] | None = None
        self._spent = 0.0
        self._seen: dict[str, tuple[float, float]] = {}

    def sample_started(self, sample: str, number: int, total: int) -> None:  # noqa: ARG002
        """Begin with a sample."""
        self._number = number
        # one that is begun again after its end is only read
        self._to_come = [] if number in self._ended else list(self._stages)
        self._running = None
        self._spent = 0.0

    def stage_started(self, stage: str) -> None:
        """Begin with a stage."""
        self._drop(stage)
        self._running = (stage, self._clock())

    def stage_kept(self, stage: str, seconds: float) -> None:  # noqa: ARG002
        """Leave out a stage, and those before it."""
        self._drop(stage)

    def stage_done(self, stage: str, seconds: float) -> None:
        """Learn how long a stage took."""
        taken, size = self._seen.get(stage, (0.0, 0.0))
        self._seen[stage] = (taken + seconds, size + self._size)
        self._spent += seconds
        self._running = None

    def sample_done(self, sample: str, message: str) -> None:  # noqa: ARG002
        """End with a sample."""
        self._end()

    def sample_failed(self, sample: str, stage: str, message: str) -> None:  # noqa: ARG002
        """End with a sample."""
        self._end()

    def left_of_sample(self) -> float | None:
        """Return the seconds that the current sample still takes; None where nothing is foreseen yet."""
        pace = self._pace()
        if pace is None:
            return None
        left = sum(self._expected(stage, self._size, pace) for stage in self._to_come)
        if self._running is not None:
            stage, began = self._running
            expected = self._expected(stage, self._size, pace)
            left += max(expected - (self._clock() - began), OVERTIME * expected)
        return left

    def left(self) -> float | None:
        """Return the seconds that the whole run still takes; None where nothing is foreseen yet."""
        pace, current = self._pace(), self.left_of_sample()
        if pace is None or current is None:
            return None
        rest = self._total({*self._ended, self._number})
        return current + sum(self._expected(stage, rest, pace) for stage in self._stages)

    def done_of_sample(self) -> float:
        """Return the part of the current sample that is done, 0 to 1: of its time, or of its shares."""
        left = self.left_of_sample()
        spent = self._spent + (0.0 if self._running is None else self._clock() - self._running[1])
        if left is not None and spent + left > 0:
            return spent / (spent + left)
        total = sum(SHARES[stage] for stage in self._stages)
        to_come = [*self._to_come, *([] if self._running is None else [self._running[0]])]
        return 1.0 - sum(SHARES.get(stage, 0.0) for stage in to_come) / total

    def done(self) -> float:
        """Return the part of the whole run that is done, 0 to 1, by the sizes of the samples."""
        rest = self._total({*self._ended, self._number})
        if self._number not in self._ended:
            rest += self._size * (1 - self.done_of_sample())
        return 1 - rest / self._total(set())

    @property
    def _size(self) -> float:
        return self._sizes[self._number - 1] if 0 < self._number <= len(self._sizes) else 1.0

    def _total(self, but: set[int]) -> float:
        return sum(size for number, size in enumerate(self._sizes, 1) if number not in but)

    def _end(self) -> None:
        self._ended.add(self._number)
        self._to_come, self._running = [], None

    def _drop(self, stage: str) -> None:
        if stage in self._to_come:
            self._to_come = self._to_come[self._to_come.index(stage) + 1 :]

    def _pace(self) -> float | None:
        """Return the seconds that a share of a sample of size 1 takes; None where too little was seen."""
        known = {stage: seen for stage, seen in self._seen.items() if stage in SHARES}
        if not known or sum(SHARES[stage] for stage in known) < LEAST * sum(SHARES[stage] for stage in self._stages):
            return None
        return sum(taken for taken, _ in known.values()) / sum(SHARES[s] * size for s, (_, size) in known.items())

    def _expected(self, stage: str, size: float, pace: float) -> float:
        taken, seen = self._seen.get(stage, (0.0, 0.0))
        return size * (taken / seen if seen else pace * SHARES.get(stage, 0.0))


class Steady:
    """A time to go that counts down, and takes on a new forecast little by little.

    Examples
    --------
    >>> steady = Steady()
    >>> steady.shown(100.0, 0.0), steady.shown(199.0, 1.0), steady.shown(None, 2.0) is None
    (100.0, 109.0, True)
    """

    TAKES_ON = 0.1
    """The part of a difference that is taken on within a second."""

    def __init__(self) -> None:
        self._held: tuple[float, float] | None = None

    def shown(self, left: float | None, now: float) -> float | None:
        """Return the seconds to show, of those that are foreseen."""
        if left is None:
            self._held = None
            return None
        if self._held is not None:
            before, then = self._held
            counted = max(before - (now - then), 0.0)
            left = counted + (left - counted) * min(self.TAKES_ON * (now - then), 1.0)
        self._held = (left, now)
        return left


def duration_text(seconds: float) -> str:
    """Return a time to go in words, as exact as a forecast can be.

    Examples
    --------
    >>> [duration_text(seconds) for seconds in (3, 47, 200, 4000, 200_000)]
    ['5 s', '45 s', '3 min', '1 h 5 min', '2 d 8 h']
    """
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5)):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(5 * round(seconds / 300), 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
