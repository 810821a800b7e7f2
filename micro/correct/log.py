"""What of a journal counts: edits, and which of them are undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from micro.correct.journal import Record

__all__ = ["Log", "Logged"]


@dataclass(slots=True)
class Logged:
    """An edit of the journal: one stroke, or one use of a tool.

    Parameters
    ----------
    number
        From 1, in the order of the journal.
    tool, parameters, time
        What was done, with what, and when (UTC, ISO 8601).
    voxels
        Voxels that changed; one that a stroke changed twice counts twice.
    moved
        How many went from value to value, such as ``{(2, 3): 17}``.
    records
        Where the journal keeps its changes.
    undone
        Whether it was taken back.
    """

    number: int
    tool: str
    parameters: Mapping[str, Any]
    time: str
    voxels: int = 0
    moved: dict[tuple[int, int], int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    undone: bool = False

    def add(self, record: Record) -> None:
        """Add a record of the same edit: strokes are written stamp by stamp."""
        self.records.append(record)
        self.voxels += int(record.content["voxels"])
        for name, voxels in record.content["moved"].items():
            before, _, after = name.partition(">")
            pair = (int(before), int(after))
            self.moved[pair] = self.moved.get(pair, 0) + int(voxels)


class Log:
    """The edits of a journal in order, with what undo and redo made of them.

    Undo takes back the last edit that counts; redo brings back the last one that was undone, as long as no new edit
    came in between. Edits that were undone and never brought back stay in the journal and count no more.

    Examples
    --------
    >>> log = Log()
    >>> for content in ({"edit": 1, "tool": "paint", "time": "", "voxels": 3, "moved": {"2>3": 3}}, {"undo": 1}):
    ...     log.take(Record(content, 0, 0))
    >>> len(log.active), log.to_redo.number
    (0, 1)
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.edits: list[Logged] = []
        self._done: list[Logged] = []
        self._undone: list[Logged] = []
        for record in records:
            self.take(record)

    def take(self, record: Record) -> None:
        """Take in the next record of the journal."""
        content = record.content
        if "undo" in content:
            edit = self._done.pop()
            edit.undone = True
            self._undone.append(edit)
        elif "redo" in content:
            edit = self._undone.pop()
            edit.undone = False
            self._done.append(edit)
        elif self._done and self._done[-1].number == content["edit"]:
            self._done[-1].add(record)
        else:
            edit = Logged(content["edit"], content["tool"], content.get("parameters", {}), content["time"])
            edit.add(record)
            self.edits.append(edit)
            self._done.append(edit)
            self._undone.clear()

    @property
    def active(self) -> tuple[Logged, ...]:
        """The edits that count, in order."""
        return tuple(self._done)

    @property
    def to_undo(self) -> Logged | None:
        """The edit that undo would take back."""
        return self._done[-1] if self._done else None

    @property
    def to_redo(self) -> Logged | None:
        """The edit that redo would bring back."""
        return self._undone[-1] if self._undone else None

    @property
    def next_number(self) -> int:
        """Number of the next new edit."""
        return len(self.edits) + 1
