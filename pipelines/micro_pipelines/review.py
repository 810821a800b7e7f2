"""The samples of a run in the order in which a person should look at them."""

from __future__ import annotations

import csv
import getpass
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from micro.correct import JOURNAL_NAME, Log, corrections_folder, read_records
from micro.errors import InputMissingError, JournalError, MicroError, OutputError, UnreadableFileError
from micro.io import natural_sorted, read_labels
from micro_pipelines.names import LABELS_ZARR
from micro_pipelines.review_marks import Mark, add_mark, last_marks, read_marks

__all__ = ["ReviewItem", "mark_sample", "read_queue", "renewed", "reviewer", "with_marks"]


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A sample of a run, and what is known before anybody looks.

    Parameters
    ----------
    sample, state
        Its name and its state.
    folder
        Its finished result; None where there is none.
    failure
        Why it failed, or why its result can't be read; empty: it did not.
    error
        Stage and kind of the failure, which are the same when it fails in the same way again.
    source
        Of one that failed the input, where it is still there.
    doubts
        What the run said against its own labels, shortly; `warnings` are all its warnings in full.
    unsure_share
        Share of the voxels that a trained model is not sure of; None where no model was used.
    edits
        Corrections by hand that lie beside the labels.
    labels
        What tells these labels, corrections included, from others. It is the same for a copy elsewhere.
    mark
        The last that somebody said of it.
    """

    sample: str
    state: str = ""
    folder: Path | None = None
    failure: str = ""
    error: str = ""
    source: Path | None = None
    doubts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unsure_share: float | None = None
    edits: int = 0
    labels: str = ""
    mark: Mark | None = None

    @property
    def checked(self) -> bool:
        """Whether somebody has looked at these very labels, and is done with them."""
        return self.mark is not None and self.mark.checked and self.mark.labels == self.labels

    @property
    def changed(self) -> bool:
        """Whether it was checked once, and its labels have changed since."""
        return self.mark is not None and self.mark.checked and self.mark.labels != self.labels


def read_queue(folder: Path, *, progress: Callable[[int, int], None] | None = None) -> tuple[ReviewItem, ...]:
    """Return the samples in the folder of a run, those that most need a person first.

    Those that nobody has checked come before those that somebody has; then what failed, with the reason; then by the
    number of doubts, the share of voxels that a model is unsure of, and the number of warnings; then by name. A
    sample whose labels were made anew or corrected since it was checked counts as unchecked. Only metadata are read.

    Parameters
    ----------
    folder
        The ``--out`` of ``micro run`` or ``micro measure``.
    progress
        Called with samples done and samples in all.

    Raises
    ------
    InputMissingError
        If it is no such folder, or nothing is in it.
    UnreadableFileError
        If ``failures.csv`` or ``review.csv`` can't be read.
    """
    if not (folder / "failures.csv").is_file():
        what = "one sample of a run; give the folder around it" if (folder / "run.json").is_file() else "no such run"
        raise InputMissingError(f"{folder}: {what}; expected the --out of micro run, with its failures.csv")
    failures = _failures(folder)
    results = {one.name: one for one in folder.iterdir() if (one / "run.json").is_file()}
    names = natural_sorted(Path(name) for name in {*failures, *results})
    if not names:
        raise InputMissingError(f"{folder}: a run without a single sample; there is nothing to review")
    items = []
    for number, name in enumerate(map(str, names)):
        if progress is not None:
            progress(number, len(names))
        failed = failures.get(name, ReviewItem(name))
        items.append(renewed(replace(failed, folder=results.get(name))))
    return with_marks(items, read_marks(folder))


def with_marks(items: Iterable[ReviewItem], marks: Sequence[Mark]) -> tuple[ReviewItem, ...]:
    """Return samples with the marks that count now, in the order of `read_queue`.

    Examples
    --------
    >>> marks = [Mark("a", True, "Ada", "2026-01-01T10:00:00Z", labels="1")]
    >>> items = [ReviewItem("a", labels="1"), ReviewItem("b"), ReviewItem("c", doubts=("bars",))]
    >>> [item.sample for item in with_marks(items, marks)]
    ['c', 'b', 'a']
    """
    last = last_marks(marks)
    return tuple(sorted((replace(item, mark=last.get(item.sample)) for item in items), key=_urgency))


def renewed(item: ReviewItem) -> ReviewItem:
    """Return a sample as its folder says it is now; its mark and its failure stay."""
    if item.folder is None:
        return replace(item, labels=f"failed: {item.error}")
    try:
        record = _record(item.folder)
        labels, edits = _state_of(item.folder)
    except (MicroError, OSError) as error:
        kind = item.error or f"review {type(error).__name__}"
        return replace(item, failure=item.failure or " ".join(str(error).split()), labels=f"failed: {kind}")
    found = list(_found(record))
    lines = (str(line) for one in found for line in one.get("doubts", one.get("warnings", ())))
    unsure = [float(one["unsure_share"]) for one in found if "unsure_share" in one]
    return replace(
        item,
        state=str(record.get("state", "")),
        doubts=tuple(dict.fromkeys(lines)),
        warnings=tuple(str(line) for line in record.get("warnings", ())),
        unsure_share=unsure[-1] if unsure else None,
        edits=edits,
        labels=f"{labels} failed: {item.error}" if item.error else labels,
    )


def mark_sample(folder: Path, item: ReviewItem, *, checked: bool, by: str, note: str = "") -> ReviewItem:
    """Write into ``review.csv`` that somebody has looked at a sample; return it as it is now, with this mark.

    Parameters
    ----------
    folder
        The folder of the run.
    item
        The sample as it was looked at.
    checked
        Whether it is done; False takes an earlier mark back, or leaves a note only.
    by
        Who looked.
    note
        One line.

    Raises
    ------
    OutputError
        If the labels were made anew since ``item`` was read (corrections by hand may have come and count as seen), or
        the file can't be written.
    """
    now = renewed(item)
    if _of_file(now.labels) != _of_file(item.labels):
        raise OutputError(f"{item.sample}: its labels were made anew since it was opened; look at it again")
    time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    mark = Mark(item.sample, checked, by.strip() or reviewer(), time, " ".join(note.split()), now.labels)
    add_mark(folder, mark)
    return replace(now, mark=mark)


def reviewer() -> str:
    """Return the name that this user has on this machine, or a question mark."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "?"


def _urgency(item: ReviewItem) -> tuple[bool, bool, int, float, int]:
    return (
        item.checked,
        not item.failure,
        -len(item.doubts),
        -(item.unsure_share or 0.0),
        -len(item.warnings),
    )


def _failures(folder: Path) -> dict[str, ReviewItem]:
    """Return what failed, by name."""
    path = folder / "failures.csv"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return {row["sample"]: _failed(row) for row in csv.DictReader(stream)}
    except (OSError, ValueError, KeyError) as error:
        raise UnreadableFileError(f"{path} can't be read: {' '.join(str(error).split())}") from None


def _failed(row: Mapping[str, str]) -> ReviewItem:
    return ReviewItem(
        row["sample"],
        failure=f"{row['stage']}: {row['message']}",
        error=f"{row['stage']} {row['error']}",
        source=_there(row["input"]),
    )


def _there(text: str) -> Path | None:
    return Path(text) if text and Path(text).exists() else None


def _record(folder: Path) -> Mapping[str, Any]:
    path = folder / "run.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or not isinstance(record.get("steps"), list):
            raise TypeError("no record of a run")
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableFileError(f"{path} can't be read: {' '.join(str(error).split())}") from None
    return record


def _found(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for step in record["steps"]:
        found = step.get("parameters", {}).get("found", {})
        if isinstance(found, dict):
            yield found


def _state_of(folder: Path) -> tuple[str, int]:
    """Return what tells the labels of a result from others, and how many corrections lie beside them."""
    path = folder / LABELS_ZARR
    told = _short_hash(read_labels(path).history[-1].input_hash)
    try:
        header, records = read_records(corrections_folder(path) / JOURNAL_NAME)
    except FileNotFoundError:
        return told, 0
    except JournalError as error:
        raise UnreadableFileError(str(error)) from None
    active = Log(records).active
    if not active:
        return told, 0
    # what was undone does not count: the labels are as they were
    edits = json.dumps([header.get("id"), [(edit.number, edit.time, edit.voxels) for edit in active]])
    return f"{told} corrected {_short_hash(edits)}", len(active)


def _of_file(labels: str) -> str:
    return labels.partition(" corrected ")[0]


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
