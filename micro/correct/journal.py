"""The append-only file of corrections: frames with length and checksum, of which a torn tail is recognised and cut.

A frame is a mark, the length of its content, a CRC-32, its kind and its number in the file, and the content. Changes
count only once the frame that ends their edit is there, so that an edit is in the journal whole or not at all.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from micro.correct._disk import sync_folder
from micro.correct.patch import Change, decode, encode
from micro.errors import JournalError, OutputError
from micro.files import put_in_place

__all__ = ["Journal", "Record", "read_records"]

_HEAD = struct.Struct("<4sIIBQ")
_MARK = b"\xb5mj1"
_HEADER, _CHANGE, _RECORD = 1, 2, 3
_LARGEST = 2**31 - 1
_BUFFER = 2**20


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the journal, and where it lies.

    Parameters
    ----------
    content
        What was done: for an edit its number, tool, parameters, time and counts; for undo and redo the edit's number.
    start, stop
        The bytes of its frames in the file, those of its changes included.
    """

    content: Mapping[str, Any]
    start: int
    stop: int


def _frame(kind: int, number: int, content: bytes) -> bytes:
    if len(content) > _LARGEST:
        raise OutputError(f"a change of {len(content)} bytes; expected less than {_LARGEST}, correct a smaller region")
    tail = struct.pack("<BQ", kind, number)
    check = zlib.crc32(content, zlib.crc32(tail))
    return _HEAD.pack(_MARK, len(content), check, kind, number) + content


def _read_frame(stream: BinaryIO, number: int | None = None) -> tuple[int, int, bytes] | None:
    """Return kind, number and content of the frame at the stream's place; None where there is no whole one."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    mark, length, check, kind, found = _HEAD.unpack(head)
    if mark != _MARK or length > _LARGEST or (number is not None and found != number):
        return None
    content = stream.read(length)
    if len(content) < length or zlib.crc32(content, zlib.crc32(head[-9:])) != check:
        return None
    return kind, found, content


def _frames(stream: BinaryIO) -> Iterator[tuple[int, bytes, int, int]]:
    """Yield kind, content, first and last byte of the frames from the start, until one is not whole."""
    stream.seek(0)
    number = at = 0
    while (frame := _read_frame(stream, number)) is not None:
        stop = at + _HEAD.size + len(frame[2])
        yield frame[0], frame[2], at, stop
        number, at = number + 1, stop


def _whole_frame_after(stream: BinaryIO, at: int, number: int) -> bool:
    """Return whether a whole frame lies behind byte ``at``: then the middle is damaged, and not the end."""
    stream.seek(at)
    rest = stream.read()
    place = rest.find(_MARK, 1)
    while place >= 0:
        stream.seek(at + place)
        frame = _read_frame(stream)
        if frame is not None and frame[1] > number:
            return True
        place = rest.find(_MARK, place + 1)
    return False


def _scan(path: Path, stream: BinaryIO) -> tuple[Mapping[str, Any], list[Record], int, int]:
    """Return header, records, the byte behind the last whole record, and the number of frames before it.

    Raises
    ------
    JournalError
        If it is no journal, or is damaged before its end.
    """
    header: Mapping[str, Any] | None = None
    records: list[Record] = []
    good = kept = count = at = 0
    start: int | None = None
    for kind, content, low, stop in _frames(stream):
        count, at = count + 1, stop
        if kind == _HEADER:
            header = json.loads(content)
        elif start is None:
            start = low
        if kind == _RECORD:
            records.append(Record(json.loads(content), low if start is None else start, stop))
        if kind != _CHANGE:
            good, kept, start = stop, count, None
    if header is None:
        raise JournalError(f"{path}: no journal of corrections, or its beginning is damaged; restore it from a copy")
    if at < os.fstat(stream.fileno()).st_size and _whole_frame_after(stream, at, count):
        raise JournalError(
            f"{path}: damaged at byte {at}, before its end, behind {len(records)} whole entries; restore it from a copy"
        )
    return header, records, good, kept


def read_records(path: Path) -> tuple[Mapping[str, Any], tuple[Record, ...]]:
    """Return the header and the whole records of a journal, without changing the file.

    Raises
    ------
    JournalError
        If it is no journal, or is damaged before its end.
    """
    with path.open("rb") as stream:
        header, records, _, _ = _scan(path, stream)
    return header, tuple(records)


class Journal:
    """A journal that is open for writing; whoever opens it holds the lock of its folder.

    Parameters
    ----------
    path
        The file. A new one gets ``header`` as its first frame.
    header
        What the corrections belong to; JSON types.

    Raises
    ------
    JournalError
        If the file is no journal, or is damaged before its end.
    OutputError
        If it can't be written.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "journal.bin"
    >>> with Journal(path, {"labels": "a"}) as journal:
    ...     _ = journal.append({"undo": 1})
    >>> with Journal(path, {}) as journal:
    ...     journal.header, [record.content for record in journal.records]
    ({'labels': 'a'}, [{'undo': 1}])
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self.path = path
        try:
            if not path.exists() or path.stat().st_size == 0:
                _create(path, _frame(_HEADER, 0, _json(header)))
            self._stream = path.open("r+b", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            self.header, found, self.end, self._number = _scan(path, self._stream)
            self.records: list[Record] = found
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Bring everything to the disk and close the file."""
        if not self._stream.closed:
            self.sync()
            self._stream.close()

    def sync(self) -> None:
        """Wait until everything written lies on the disk: it then outlives a loss of power, too."""
        try:
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def append(
        self, content: Mapping[str, Any], changes: Iterable[Change] | None = None, *, sync: bool = True
    ) -> Record:
        """Write a record behind its changes.

        Parameters
        ----------
        content
            Goes into the record; where there are changes, with ``voxels`` and ``moved``: how many voxels changed, and
            how many went from value to value, such as ``{"2>3": 17}``.
        changes
            Written one after the other as they are made.
        sync
            Wait for the disk. Without it the record outlives the process, but not a loss of power.

        Raises
        ------
        OutputError
            If it can't be written: the file is then as it was.
        """
        self.cut()  # what an earlier failure could not take back
        start, number = self.end, self._number
        try:
            self._stream.seek(start)
            whole = self._write_all(content, changes)
            if sync:
                os.fsync(self._stream.fileno())
        except BaseException as error:
            self.end, self._number = start, number
            self.cut()
            if isinstance(error, OSError) and not isinstance(error, OutputError | JournalError):
                raise _unwritable(self.path, error) from error
            raise
        record = Record(whole, start, self.end)
        self.records.append(record)
        return record

    def changes(self, record: Record) -> Iterator[Change]:
        """Yield the changes of a record, read anew from the file."""
        at, stop = record.start, record.stop
        while at < stop:
            self._stream.seek(at)
            frame = _read_frame(self._stream)
            if frame is None:
                raise JournalError(f"{self.path}: damaged at byte {at} since it was opened; restore it from a copy")
            at += _HEAD.size + len(frame[2])
            if frame[0] == _CHANGE:
                yield decode(frame[2])

    def _write_all(self, content: Mapping[str, Any], changes: Iterable[Change] | None) -> Mapping[str, Any]:
        waiting = bytearray()
        voxels = 0
        moved: dict[str, int] = {}
        for change in changes or ():
            voxels += change.voxels
            _count(moved, change)
            waiting += self._numbered(_CHANGE, encode(change))
            if len(waiting) > _BUFFER:
                self._put(waiting)
                waiting = bytearray()
        whole = dict(content) if changes is None else {**content, "voxels": voxels, "moved": moved}
        waiting += self._numbered(_RECORD, _json(whole))
        self._put(waiting)
        return whole

    def _numbered(self, kind: int, content: bytes) -> bytes:
        frame = _frame(kind, self._number, content)
        self._number += 1
        return frame

    def _put(self, data: bytearray) -> None:
        view = memoryview(bytes(data))
        while view:
            written = self._stream.write(view) or 0
            self.end += written
            view = view[written:]

    def cut(self) -> int:
        """Cut what a killed process left behind the last whole record; return how many bytes that was."""
        torn = os.fstat(self._stream.fileno()).st_size - self.end
        if torn > 0:
            try:
                self._stream.truncate(self.end)
            except OSError as error:
                raise _unwritable(self.path, error) from error
        return max(torn, 0)


def _count(moved: dict[str, int], change: Change) -> None:
    """Add to ``moved`` how many voxels went from value to value."""
    pairs = np.bincount(change.before.astype(np.intp) * 256 + change.after)
    for pair in np.flatnonzero(pairs):
        name = f"{pair // 256}>{pair % 256}"
        moved[name] = moved.get(name, 0) + int(pairs[pair])


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(content), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _create(path: Path, first: bytes) -> None:
    """Make the file with its first frame, whole or not at all."""
    beside = path.with_name(f".{path.name}.partial")
    with beside.open("wb") as stream:
        stream.write(first)
        stream.flush()
        os.fsync(stream.fileno())
    put_in_place(beside, path)
    sync_folder(path.parent)


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"can't write {path}: {error.strerror or error}; nothing was changed, check the folder and its space"
    )
