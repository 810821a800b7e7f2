"""Memory that blocks give back is kept for the next ones, as long as a run lasts."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["memory_kept"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -3, -4, -8
"""Options of the allocator of glibc; see ``man mallopt``."""
_NEVER = 2**31 - 1
_MAPPED_BYTES = 2**25
"""What glibc comes to by itself, once arrays of this size were freed; twice as much stays at the end of the heap."""
_MAPPED_MAX = 65536

_lock = threading.Lock()
_users: list[int] = []


def _allocator() -> ctypes.CDLL | None:
    """Return the C library where it has the allocator of glibc."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def _keep(library: ctypes.CDLL, keep: bool) -> None:
    library.mallopt(_MMAP_MAX, 0 if keep else _MAPPED_MAX)
    library.mallopt(_TRIM_THRESHOLD, _NEVER if keep else 2 * _MAPPED_BYTES)
    library.mallopt(_MMAP_THRESHOLD, _MAPPED_BYTES)
    # threads that begin from now on share the heap, so that what one gives back the other can take
    library.mallopt(_ARENA_MAX, 1 if keep else 0)
    if not keep:
        library.malloc_trim(0)


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep what arrays give back for other arrays, inside the ``with``; afterwards the system gets it.

    An array of some ten megabytes is otherwise new memory of the system each time, which has to be emptied, entered
    page by page, and taken out again while all threads wait. Does nothing where the allocator isn't that of glibc.

    Examples
    --------
    >>> with memory_kept():
    ...     total = sum(bytearray(5))
    >>> total
    0
    """
    library = _allocator()
    if library is None:
        yield
        return
    with _lock:
        _users.append(1)
        if len(_users) == 1:
            _keep(library, True)
    try:
        yield
    finally:
        with _lock:
            _users.pop()
            if not _users:
                _keep(library, False)
