"""The corrections that a panel has open: closed with its window, and with the program."""

from __future__ import annotations

import atexit
import functools
from contextlib import suppress
from pathlib import Path

from qtpy.QtWidgets import QApplication

from micro.correct import Correction

__all__ = ["Held"]

_OPEN: set[Held] = set()
"""Keeps those that are open alive when their panel goes."""


class Held:
    """What a panel has open; it outlives the panel until it is closed."""

    def __init__(self) -> None:
        self.correction: Correction | None = None
        self.path: Path | None = None

    def open(self, correction: Correction, path: Path) -> None:
        """Hold corrections, and close them at the end of the program at the latest."""
        self.correction, self.path = correction, path
        _OPEN.add(self)
        _close_at_the_end()

    def close(self) -> None:
        """Write what is to be written, and let others in.

        Raises
        ------
        OutputError
            If it can't be written; it lies in the journal all the same.
        """
        correction, self.correction = self.correction, None
        _OPEN.discard(self)
        if correction is not None:
            correction.close()

    def abandon(self, *_: object) -> None:
        """Close where nobody can be told: what can't be written is replayed from the journal at the next opening."""
        with suppress(Exception):
            self.close()


@functools.cache
def _close_at_the_end() -> None:
    # Qt's end comes first: at Python's own zarr can start no thread any more
    application = QApplication.instance()
    if application is not None:
        application.aboutToQuit.connect(_abandon_all)
    atexit.register(_abandon_all)


def _abandon_all() -> None:
    for held in list(_OPEN):
        held.abandon()
