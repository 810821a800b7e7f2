"""One run at a time in an output folder: the lock, and the file beside it that says whose it is."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from micro.errors import OutputError

__all__ = ["LOCK_NAME", "OWNER_NAME", "Owner", "held"]

LOCK_NAME = ".micro.lock"
"""The file that the system locks; the lock ends with its process, however that ends, the file stays."""

OWNER_NAME = ".micro.owner.json"
"""Says who holds the lock; is there only while a run goes on, or after one that was killed."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The run that writes into a folder: its machine, its process there, and when it began."""

    host: str
    process: int
    started: str

    @classmethod
    def this(cls) -> Owner:
        """Return this process, beginning now."""
        return cls(platform.node(), os.getpid(), datetime.now().astimezone().isoformat(timespec="seconds"))

    @classmethod
    def read(cls, path: Path) -> Owner | None:
        """Return the owner that a file names; None where there is no such file, or it can't be understood."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(str(found["host"]), int(found["process"]), str(found["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def here(self) -> bool:
        """Whether it runs, or ran, on this machine."""
        return self.host == platform.node()

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.started}"


@contextmanager
def held(folder: Path) -> Iterator[Owner | None]:
    """Hold a folder for this run alone; give the run that was killed while it held the folder, or None.

    The system takes the lock from a process that ends, so that an owner on this machine whose lock is
    free is dead, even where another process has its number by now. The lock of another machine is not
    seen on every shared disk: an owner there is believed until its file is removed.

    Raises
    ------
    OutputError
        If another run is writing into the folder, or one of another machine may be.
    """
    lock = FileLock(folder / LOCK_NAME)
    path = folder / OWNER_NAME
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(_in_use(folder, Owner.read(path))) from None
    try:
        before = Owner.read(path)
        if before is not None and not before.here:
            raise OutputError(_unseen(folder, before))
        # not renamed into place: Windows refuses that while another run is reading who the owner is
        path.write_text(json.dumps(asdict(Owner.this())) + "\n", encoding="utf-8")
        try:
            yield before
        finally:
            with suppress(OSError):
                path.unlink()
    finally:
        lock.release()


def _in_use(folder: Path, owner: Owner | None) -> str:
    who = "" if owner is None else f": {owner}"
    over = "" if owner is None or owner.here else f"; if that run is over, remove {LOCK_NAME} and {OWNER_NAME} there"
    return (
        f"another run is writing into {folder}{who}; wait until it is done, or choose another folder with --out{over}"
    )


def _unseen(folder: Path, owner: Owner) -> str:
    return (
        f"{folder} belongs to {owner}, which {platform.node()} can't look at; if that run is over, remove "
        f"{folder / OWNER_NAME}, else choose another folder with --out"
    )
