"""A folder of this program's own in the system's temporary folder, that goes with it, however it ends.

Its name says the machine. Beside it lies a file that the system locks; the lock ends with the program. What a program
that was killed has left is removed when the next one on that machine needs such a folder.
"""

from __future__ import annotations

import atexit
import os
import platform
import re
import shutil
import tempfile
import threading
import uuid
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["clear_scratch", "scratch_folder"]

_LOCK = threading.Lock()
_OWN: dict[int, Path] = {}
"""By the process: one that was forked has a folder of its own."""


def scratch_folder() -> Path:
    """Return this program's folder for intermediate volumes; it is removed when the program ends.

    Examples
    --------
    >>> scratch_folder() == scratch_folder(), scratch_folder().is_dir()
    (True, True)
    """
    with _LOCK:
        own = _OWN.get(os.getpid())
        if own is None or not own.is_dir():
            clear_scratch()
            own = _OWN[os.getpid()] = _made(Path(tempfile.gettempdir()))
        return own


def clear_scratch() -> tuple[Path, ...]:
    """Remove the folders of programs on this machine that are over; return them."""
    over = []
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix()}*.scratch"):
        lock = FileLock(folder.with_suffix(".lock"))
        try:
            with lock.acquire(timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError, NotImplementedError):  # at work, or another user's, or a disk without locks
            continue
        if not folder.exists():
            over.append(folder)
            with suppress(OSError):
                folder.with_suffix(".lock").unlink()
    return tuple(over)


def _prefix() -> str:
    """Return how the names of this machine's folders begin: a shared disk holds those of others too."""
    return f"micro-{re.sub(r'[^A-Za-z0-9]+', '_', platform.node()) or 'local'}-"


def _made(temporary: Path) -> Path:
    folder = temporary / f"{_prefix()}{os.getpid()}-{uuid.uuid4().hex[:8]}.scratch"
    # locked before there is a folder: whoever sees the folder sees that it is held
    lock = FileLock(folder.with_suffix(".lock"))
    with suppress(OSError, NotImplementedError):  # on a disk without locks nobody clears what was left
        lock.acquire(timeout=0)
    folder.mkdir(mode=0o700)
    atexit.register(_remove, folder, lock, os.getpid())
    return folder


def _remove(folder: Path, lock: FileLock, process: int) -> None:
    if os.getpid() != process:
        return
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    with suppress(OSError):
        folder.with_suffix(".lock").unlink()
