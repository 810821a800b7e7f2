"""Files and folders that are never half-written: written beside, then renamed."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from micro.errors import OutputError
from micro.files import put_in_place

__all__ = ["atomic_folder", "atomic_path"]


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` when the block ends well.

    An existing file is replaced only then. When the block fails, nothing stays behind.

    Raises
    ------
    OutputError
        If the folder can't be made or written, or if ``path`` is a folder.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "table.csv"
    >>> with atomic_path(target) as beside:
    ...     _ = beside.write_text("a,b", encoding="utf-8")
    >>> target.read_text(encoding="utf-8")
    'a,b'
    """
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"can't write the file {path}: a folder of that name is there; give another name")
    with _beside(path) as beside:
        yield beside
        put_in_place(beside, path)


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty temporary folder beside ``path``; rename it to ``path`` when the block ends well.

    Parameters
    ----------
    path
        Where the folder will be.
    replace
        Whether a folder that is there and holds something may be replaced.

    Raises
    ------
    OutputError
        If the folder can't be made or written, if ``path`` is a file, or if it holds something
        and ``replace`` is not set.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "result"
    >>> with atomic_folder(target) as beside:
    ...     _ = (beside / "a.txt").write_text("a", encoding="utf-8")
    >>> [item.name for item in target.iterdir()]
    ['a.txt']
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise OutputError(f"can't write the folder {path}: a file of that name is there; give another name")
    if path.is_dir() and not replace and any(path.iterdir()):
        raise OutputError(f"can't write the folder {path}: it holds files already; empty it or give another name")
    with _beside(path) as beside:
        beside.mkdir()
        yield beside
        _swap(beside, path)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give a free name beside ``path``; clear it, and the parents made for it, when the block fails."""
    missing = [parent for parent in path.parents if not parent.exists()]
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
    except OutputError:
        _clear(beside, missing)
        raise
    except OSError as error:
        _clear(beside, missing)
        if type(error).__module__.startswith("micro."):
            raise
        raise OutputError(f"can't write {path}: {error.strerror or error}; check the folder and its space") from error
    except BaseException:
        _clear(beside, missing)
        raise


def _swap(beside: Path, path: Path) -> None:
    """Put the folder ``beside`` in the place of ``path``, whose old content goes last."""
    if not path.exists():
        beside.rename(path)
        return
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.old")
    path.rename(old)
    try:
        beside.rename(path)
    except BaseException:  # also where the user stops it here
        if not path.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _clear(beside: Path, made: list[Path]) -> None:
    if beside.is_dir():
        shutil.rmtree(beside, ignore_errors=True)
    with suppress(OSError):
        beside.unlink(missing_ok=True)
    for parent in made:
        with suppress(OSError):
            parent.rmdir()
