"""Chunks that were decoded a moment ago: the halos of neighbouring blocks read the same ones again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from numpy.typing import NDArray

__all__ = ["Recent"]


class Recent:
    """The arrays that were asked for last, up to so many bytes in all; for the threads of one process.

    What is handed out is shared, and not to be written to.

    Examples
    --------
    >>> import numpy as np
    >>> recent = Recent(bytes_max=8)
    >>> made = [recent.get(key, lambda key=key: np.full(4, key, np.uint8)) for key in (1, 2, 1, 3, 2)]
    >>> made[2] is made[0], made[4] is made[1]
    (True, False)
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], NDArray[Any] | None]) -> NDArray[Any] | None:
        """Return the array of ``key``, made where it is not held; None is handed on, and made again next time."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()  # two threads may make the same: better than that all wait
        if made is None:
            return None
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._bytes += made.nbytes
            while self._bytes > self._bytes_max:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
        return made
