"""One run at a time in an output folder: the lock, and the file beside it that says whose it is."""

from __future__ import annotations

import errno
import json
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from micro.errors import OutputError

__all__ = ["LOCK_NAME", "OWNER_NAME", "Owner", "held"]

LOCK_NAME = ".micro.lock"
"""The file that the system locks; the lock ends with its process, however that ends, the file stays."""

MARK_NAME = ".micro.mark"
"""Stands for the lock on a disk that knows none; it stays where its process is killed."""

OWNER_NAME = ".micro.owner.json"
"""Says who holds the lock; is there only while a run goes on, or after one that was killed."""

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What systems say of a disk without locks: Lustre without ``flock``, NFS without its lock service."""


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
    seen on every shared disk: an owner there is believed until its file is removed. On a disk without locks a
    file that names its process stands for the lock.

    Raises
    ------
    OutputError
        If another run is writing into the folder, or one of another machine may be.
    """
    path = folder / OWNER_NAME
    lock = _taken(folder)
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


def _taken(folder: Path) -> BaseFileLock:
    """Return the lock of a folder, or the mark that stands for it, held by this process."""
    lock: BaseFileLock = FileLock(folder / LOCK_NAME)
    try:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # filelock says that it takes a mark by itself, on some of these disks
                lock.acquire(timeout=0)
        except (OSError, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
                raise
            lock = SoftFileLock(folder / MARK_NAME)
            lock.acquire(timeout=0)
    except Timeout as busy:
        raise OutputError(_in_use(folder, Owner.read(folder / OWNER_NAME), Path(busy.lock_file).name)) from None
    return lock


def _in_use(folder: Path, owner: Owner | None, lock_name: str) -> str:
    who = "" if owner is None else f": {owner}"
    sure = lock_name != MARK_NAME and (owner is None or owner.here)
    over = "" if sure else f"; if that run is over, remove {lock_name} and {OWNER_NAME} there"
    return (
        f"another run is writing into {folder}{who}; wait until it is done, or choose another folder with --out{over}"
    )


def _unseen(folder: Path, owner: Owner) -> str:
    return (
        f"{folder} belongs to {owner}, which {platform.node()} can't look at; if that run is over, remove "
        f"{folder / OWNER_NAME}, else choose another folder with --out"
    )
