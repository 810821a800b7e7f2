"""Long work off the window's thread, with progress, an end on request, and errors in one line."""

from __future__ import annotations

import logging
from collections.abc import Callable

from micro.errors import MicroError
from micro_pipelines.journal import Silent

__all__ = ["Stopped", "Watcher", "explained"]


class Stopped(Exception):  # noqa: N818
    """The user asked for an end."""


class Watcher(Silent):
    """Follows a run as `micro_pipelines.journal.Observer` does, and ends it when that is asked for.

    Parameters
    ----------
    tell
        Called with (what is done, blocks done, blocks in all); 0 in all where that isn't known.
    stopped
        Whether the end was asked for.

    Examples
    --------
    >>> told = []
    >>> watcher = Watcher(lambda *what: told.append(what), lambda: False)
    >>> watcher.stage_started("segment"); watcher.blocks("classify", 1, 4); told
    [('segment', 0, 0), ('segment: classify', 1, 4)]
    """

    def __init__(self, tell: Callable[[str, int, int], None], stopped: Callable[[], bool]) -> None:
        self._tell = tell
        self._stopped = stopped
        self._stage = ""

    def stage_started(self, stage: str) -> None:
        """Tell the stage."""
        self._end_on_request()
        self._stage = stage
        self._tell(stage, 0, 0)

    def blocks(self, step: str, done: int, total: int) -> None:
        """Tell how far the stage is."""
        self._end_on_request()
        both = f"{self._stage}: {step}" if step and step != self._stage else self._stage
        self._tell(both, done, total)

    def _end_on_request(self) -> None:
        if self._stopped():
            raise Stopped


def explained(error: BaseException) -> str:
    """Return an error as one line for the panel; one that nobody expected goes to the log with its traceback.

    Examples
    --------
    >>> explained(Stopped()), explained(PermissionError(13, "Permission denied", "out"))
    ('stopped', 'Permission denied: out')
    """
    if isinstance(error, Stopped):
        return "stopped"
    if isinstance(error, MicroError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    logging.getLogger(__name__).error("unexpected error in a panel", exc_info=error)
    return f"unexpected {type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
