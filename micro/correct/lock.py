"""One writer at a time, and who it is."""

from __future__ import annotations

import getpass
import json
import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from micro.errors import OutputError

__all__ = ["Lock", "is_locked"]


class Lock:
    """The lock of a folder of corrections. The system lets go of it when its process ends, however it ends.

    Parameters
    ----------
    folder
        Made if it is not there.

    Raises
    ------
    OutputError
        If another writer holds it, which the message names, or the folder can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self._owner = folder / "owner.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / "lock", thread_local=False)  # closed by whichever thread comes to it
            self._lock.acquire(timeout=0)
        except Timeout:
            raise OutputError(
                f"{folder}: these corrections are open elsewhere ({_owner_of(self._owner)}); close them there first"
            ) from None
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(
                f"can't write {folder}: {reason}; corrections are kept beside the labels, so copy these to a folder "
                "that can be written"
            ) from error
        with suppress(OSError):
            self._owner.write_text(json.dumps(_me()), encoding="utf-8")

    @property
    def held(self) -> bool:
        """Whether it was not released yet."""
        return bool(self._lock.is_locked)

    def release(self, *, remove: bool = False) -> None:
        """Let the next writer in; ``remove`` takes its files away too, and the folder where that leaves it empty."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._owner.unlink(missing_ok=True)
            if remove:
                with suppress(OSError):  # Windows removes no file that is open
                    Path(self._lock.lock_file).unlink()
            self._lock.release()
            if remove:
                with suppress(OSError):
                    self._owner.parent.rmdir()


def is_locked(folder: Path) -> bool:
    """Return whether a writer holds the lock of a folder; nothing is made where there is none."""
    if not (folder / "lock").exists():
        return False
    lock = FileLock(folder / "lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return False


def _me() -> dict[str, str]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "?"
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {"user": user, "computer": platform.node(), "process": str(os.getpid()), "since": since}


def _owner_of(path: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return f"by {owner['user']} on {owner['computer']}, process {owner['process']}, since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "by another process"
