"""What happens during a run: stages, timings, and who is told."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Journal", "Observer", "Silent"]


class Observer(Protocol):
    """Whoever wants to follow a run: a progress bar, a log, a Qt worker."""

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Sample ``number`` (from 1) of ``total`` begins."""

    def stage_started(self, stage: str) -> None:
        """A stage of the current sample begins."""

    def blocks(self, step: str, done: int, total: int) -> None:
        """Within the stage, ``done`` of ``total`` blocks of ``step`` are finished."""

    def stage_done(self, stage: str, seconds: float) -> None:
        """A stage of the current sample is finished."""

    def stage_kept(self, stage: str, seconds: float) -> None:
        """A stage is not done, since an earlier run has finished it, in that time."""

    def sample_done(self, sample: str, message: str) -> None:
        """The sample is finished, or was skipped; ``message`` says which."""

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """The sample failed in ``stage``."""


class Silent:
    """An observer that says nothing."""

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Say nothing."""

    def stage_started(self, stage: str) -> None:
        """Say nothing."""

    def blocks(self, step: str, done: int, total: int) -> None:
        """Say nothing."""

    def stage_done(self, stage: str, seconds: float) -> None:
        """Say nothing."""

    def stage_kept(self, stage: str, seconds: float) -> None:
        """Say nothing."""

    def sample_done(self, sample: str, message: str) -> None:
        """Say nothing."""

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """Say nothing."""


class Journal:
    """The stages of one sample with their seconds; `stage` is the last one that began.

    Examples
    --------
    >>> journal = Journal()
    >>> with journal.timed("read"):
    ...     pass
    >>> journal.stage, list(journal.seconds)
    ('read', ['read'])
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self.observer: Observer = observer or Silent()
        self.stage = ""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time the body of a ``with`` as ``stage``; a stage that fails leaves its name in `stage`."""
        self.stage = stage
        self.observer.stage_started(stage)
        began = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - began, 4)
        self.observer.stage_done(stage, self.seconds[stage])

    def keep(self, stage: str, seconds: Mapping[str, float]) -> None:
        """Take over a stage of an earlier run, and those that led to it, with the seconds that they took."""
        self.stage = stage
        self.seconds.update(seconds)
        self.observer.stage_kept(stage, sum(seconds.values()))
