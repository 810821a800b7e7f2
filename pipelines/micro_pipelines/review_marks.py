"""``review.csv``: who looked at which sample of a run, when, and what they had to say."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from micro.errors import OutputError, UnreadableFileError
from micro.io import atomic_path

__all__ = ["REVIEW_CSV", "Mark", "add_mark", "last_marks", "read_marks"]

REVIEW_CSV = "review.csv"
"""Name of the file, beside the tables of a run."""

_LOCK = ".micro-review.lock"
_WAIT_S = 10.0
_TRIES = 5
_YES, _NO = "yes", "no"
_COLUMNS = ("sample", "checked", "by", "time", "note", "labels")


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody said of a sample: a row of ``review.csv``.

    Parameters
    ----------
    sample
        Its name.
    checked
        Whether it is done; False takes an earlier mark back.
    by, time
        Who, and when (UTC, ISO 8601).
    note
        One line; may be empty.
    labels
        What the labels were then, see `micro_pipelines.review.ReviewItem`.
    """

    sample: str
    checked: bool
    by: str
    time: str
    note: str = ""
    labels: str = ""


def read_marks(folder: Path) -> tuple[Mark, ...]:
    """Return all marks in the folder of a run, the oldest first; none where nobody has looked yet.

    Raises
    ------
    UnreadableFileError
        If the file can't be read, lacks a column, or says neither yes nor no.
    """
    return _parsed(folder / REVIEW_CSV, _text(folder / REVIEW_CSV))


def last_marks(marks: Iterable[Mark]) -> Mapping[str, Mark]:
    """Return the mark that counts of each sample: its last one.

    Examples
    --------
    >>> marks = (Mark("a", True, "Ada", "2026-01-01T10:00:00Z"), Mark("a", False, "Bo", "2026-01-02T10:00:00Z"))
    >>> last_marks(marks)["a"].by
    'Bo'
    """
    return {mark.sample: mark for mark in marks}


def add_mark(folder: Path, mark: Mark) -> tuple[Mark, ...]:
    """Append a mark to ``review.csv`` and return all marks, those that others made meanwhile too.

    The file is replaced as a whole, after the disk has the new one, and only by one writer at a time. What stands there
    already stays as it is to the byte, columns of the user's own included. Where a lock does nothing (some network
    disks), the file is read again, and written once more where another writer has just replaced it.

    Raises
    ------
    OutputError
        If it can't be written, or somebody else has been writing for ten seconds.
    UnreadableFileError
        If what stands there isn't understood: then nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> mark = Mark("cell 3", True, "Ada", "2026-01-01T10:00:00Z", "gap at the left is dirt")
    >>> add_mark(folder, mark) == read_marks(folder) == (mark,)
    True
    """
    path = folder / REVIEW_CSV
    try:
        with FileLock(folder / _LOCK, timeout=_WAIT_S):
            for _ in range(_TRIES):
                _append(path, mark)
                marks = read_marks(folder)
                if mark in marks:
                    return marks
    except Timeout:
        raise OutputError(f"{path}: somebody else has been writing for {_WAIT_S:g} s; try again") from None
    except OSError as error:
        if isinstance(error, OutputError | UnreadableFileError):
            raise
        raise OutputError(f"can't write {path}: {error.strerror or error}; nothing was marked") from error
    raise OutputError(f"{path}: another program replaces it all the time; nothing was marked")


def _append(path: Path, mark: Mark) -> None:
    before = _text(path)
    _parsed(path, before)
    delimiter, header = _header(before) if before.strip() else (",", list(_COLUMNS))
    line = io.StringIO()
    rows = csv.writer(line, delimiter=delimiter, lineterminator="\n")
    if not before.strip():
        rows.writerow(header)
    cells = {**asdict(mark), "checked": _YES if mark.checked else _NO, "note": " ".join(mark.note.split())}
    rows.writerow([cells.get(name, "") for name in header])
    between = "" if not before.strip() or before.endswith("\n") else "\n"
    text = f"{before if before.strip() else ''}{between}{line.getvalue()}"
    with atomic_path(path) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _text(path: Path) -> str:
    """Return the text of the file as it stands there, line ends and mark of order included; empty without one."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise UnreadableFileError(f"{path} is not in UTF-8; save it as UTF-8 (Excel: CSV UTF-8)") from None
    except OSError as error:
        raise UnreadableFileError(f"{path} can't be read: {error.strerror or error}") from error


def _header(text: str) -> tuple[str, list[str]]:
    """Return the delimiter and the columns: a spreadsheet may have put semicolons in the place of commas."""
    head = text.removeprefix("\ufeff").splitlines()[0]
    delimiter = max(",;\t", key=head.count)
    return delimiter, next(csv.reader([head], delimiter=delimiter))


def _parsed(path: Path, text: str) -> tuple[Mark, ...]:
    if not text.strip():
        return ()
    delimiter, header = _header(text)
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise UnreadableFileError(
            f"{path} has no column {missing[0]!r}; expected {', '.join(_COLUMNS)}; repair it, or rename it"
        )
    marks = []
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, restval="")
    for row in rows:
        if not row["sample"]:
            continue
        if row["checked"] not in (_YES, _NO):
            raise UnreadableFileError(
                f"{path}, line {rows.line_num}: checked is {row['checked']!r}; expected {_YES} or {_NO}"
            )
        marks.append(Mark(row["sample"], row["checked"] == _YES, *(row[name] for name in _COLUMNS[2:])))
    return tuple(marks)
