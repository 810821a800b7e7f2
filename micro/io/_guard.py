"""Whatever a decoder throws becomes one clear line, and its own log stays silent."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from micro.errors import InputMissingError, MicroError, UnreadableFileError

__all__ = ["guarded", "one_line", "present"]

_LOGGERS = ("tifffile", "PIL")
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def _pass_unless_quiet(_record: logging.LogRecord) -> bool:
    return not _quiet.get()


@contextmanager
def guarded(path: Path, kind: str) -> Iterator[None]:
    """Turn any failure of the block into an `UnreadableFileError` about ``path``; errors of micro pass.

    The loggers of the decoders are silent inside, in this thread only.
    """
    for name in _LOGGERS:
        # Adding the same filter twice does nothing.
        logging.getLogger(name).addFilter(_pass_unless_quiet)
    token = _quiet.set(True)
    try:
        yield
    except MicroError:
        raise
    except PermissionError as error:
        raise UnreadableFileError(f"{path}: not allowed to read it; check the permissions of the file") from error
    except FileNotFoundError as error:
        raise InputMissingError(f"{path}: no such file; check the path") from error
    except (Exception, MemoryError) as error:
        raise UnreadableFileError(
            f"{path}: can't be read as {kind} ({one_line(error)}); the file is damaged or not what its name says, "
            "copy or export it again"
        ) from error
    finally:
        _quiet.reset(token)


def one_line(error: BaseException) -> str:
    """Return the message of ``error`` in one line of at most 120 characters.

    Examples
    --------
    >>> one_line(ValueError("first\\nsecond"))
    'first second'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:119] + "…"


def present(path: Path) -> Path:
    """Return ``path`` if it is a file that holds something.

    Raises
    ------
    InputMissingError
        If nothing is there.
    UnreadableFileError
        If it is a folder or an empty file.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise InputMissingError(f"{path}: no such file or folder; check the path") from error
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFileError(f"{path}: a folder, expected an image file")
    if found.st_size == 0:
        raise UnreadableFileError(f"{path}: the file is empty (0 bytes); copy or export it again")
    return path
