"""Calls that run in other threads, and an end to them when the caller is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TypeVar

__all__ = ["Running"]

P = TypeVar("P")
Item = TypeVar("Item")


class Running:
    """The calls of one step: after `end` none begins any more, and none is at work any more.

    A caller that was interrupted, or that an error of one call reached, may then remove what the calls write to.

    Examples
    --------
    >>> running = Running()
    >>> double = running.held(lambda number: 2 * number)
    >>> double(2)
    4
    >>> running.end()
    >>> double(2)
    Traceback (most recent call last):
    concurrent.futures._base.CancelledError
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._at_work = 0
        self._over = False

    def held(self, one: Callable[[Item], P]) -> Callable[[Item], P]:
        """Return ``one`` so that `end` knows of its calls."""

        def call(item: Item) -> P:
            with self._changed:
                if self._over:
                    raise CancelledError
                self._at_work += 1
            try:
                return one(item)
            finally:
                with self._changed:
                    self._at_work -= 1
                    self._changed.notify_all()

        return call

    def end(self) -> None:
        """Let no call begin, and wait for those that have begun."""
        with self._changed:
            self._over = True
            while self._at_work:
                self._changed.wait(0.1)  # Windows interrupts no wait without an end
