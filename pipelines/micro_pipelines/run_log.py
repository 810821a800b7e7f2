"""The log of a run: a file that says when what happened, warnings and the tracebacks of failures included."""

from __future__ import annotations

import os
import platform
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

import micro
from micro.errors import OutputError
from micro_pipelines.journal import Observer, Silent

__all__ = ["LOG_NAME", "RunLog", "Several", "logged", "signal_of", "stopped_by"]

LOG_NAME = "run.log"
"""The log in the folder of a run, where no other place is given."""


class RunLog(Silent):
    """An observer that writes a line for each thing that it is told, with its time.

    A disk that is full, or gone, silences it; it ends no run.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._sample = ""

    def say(self, text: str) -> None:
        """Write a line; of a text of several lines the others follow indented."""
        head, *more = text.splitlines() or [""]
        stamp = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        with suppress(OSError, ValueError):
            self._stream.write("\n    ".join([f"{stamp}  {head}", *more]) + "\n")
            self._stream.flush()

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Write which sample begins."""
        self._sample = sample
        self.say(f"{sample}: sample {number} of {total}")

    def stage_done(self, stage: str, seconds: float) -> None:
        """Write the stage and its seconds."""
        self.say(f"{self._sample}: {stage} {seconds:.2f} s")

    def stage_kept(self, stage: str, seconds: float) -> None:
        """Write which stage an earlier run had finished."""
        self.say(f"{self._sample}: {stage} kept from an earlier run, where it took {seconds:.2f} s")

    def sample_done(self, sample: str, message: str) -> None:
        """Write how the sample ended."""
        self.say(f"{sample}: {message}")

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """Write where and why the sample failed."""
        self.say(f"{sample}: failed in {stage or 'start'}: {message}")


class Several:
    """An observer that tells others."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def sample_started(self, sample: str, number: int, total: int) -> None:
        """Tell the others."""
        for one in self._observers:
            one.sample_started(sample, number, total)

    def stage_started(self, stage: str) -> None:
        """Tell the others."""
        for one in self._observers:
            one.stage_started(stage)

    def blocks(self, step: str, done: int, total: int) -> None:
        """Tell the others."""
        for one in self._observers:
            one.blocks(step, done, total)

    def stage_done(self, stage: str, seconds: float) -> None:
        """Tell the others."""
        for one in self._observers:
            one.stage_done(stage, seconds)

    def stage_kept(self, stage: str, seconds: float) -> None:
        """Tell the others."""
        for one in self._observers:
            one.stage_kept(stage, seconds)

    def sample_done(self, sample: str, message: str) -> None:
        """Tell the others."""
        for one in self._observers:
            one.sample_done(sample, message)

    def sample_failed(self, sample: str, stage: str, message: str) -> None:
        """Tell the others."""
        for one in self._observers:
            one.sample_failed(sample, stage, message)


@contextmanager
def logged(path: Path, what: str) -> Iterator[RunLog]:
    """Open the log of a run, which is added to what earlier runs wrote, and write how the run begins and ends.

    Raises
    ------
    OutputError
        If the file can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            f"log {path} can't be written: {error.strerror or error}; choose another with --log"
        ) from error
    log = RunLog(stream)
    try:
        log.say(f"micro {micro.__version__} begins: {what}; process {os.getpid()} on {platform.node()}")
        yield log
        log.say("done")
    except KeyboardInterrupt as stop:
        log.say(f"stopped by {stopped_by(stop)}")
        raise
    except BaseException as error:
        log.say(f"ended by {''.join(traceback.format_exception(error))}")
        raise
    finally:
        with suppress(OSError):
            stream.close()


def signal_of(stop: KeyboardInterrupt) -> signal.Signals | None:
    """Return the signal that the system stopped a run with; None where it was Ctrl-C.

    Examples
    --------
    >>> signal_of(KeyboardInterrupt(signal.SIGTERM)).name, signal_of(KeyboardInterrupt())
    ('SIGTERM', None)
    """
    return next((one for one in stop.args if isinstance(one, signal.Signals)), None)


def stopped_by(stop: KeyboardInterrupt) -> str:
    """Return who stopped a run, in words."""
    found = signal_of(stop)
    return "the user" if found is None else f"the system ({found.name})"
