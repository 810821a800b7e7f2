"""``review.csv``: whole or not at all, by several people at once, and with what a spreadsheet makes of it."""

from __future__ import annotations

import csv
import multiprocessing
from pathlib import Path

import pytest
from filelock import FileLock

from micro.errors import OutputError, UnreadableFileError
from micro_pipelines import review_marks
from micro_pipelines.review_marks import REVIEW_CSV, Mark, add_mark, last_marks, read_marks

ADA = Mark("Zelle 1", True, "Ada", "2026-01-01T10:00:00Z", 'says "gap", left; it is dirt', "abc")
BO = Mark("Zelle 2", False, "Bo", "2026-01-01T11:00:00Z")


def test_marks_are_kept_in_order_and_the_last_one_counts(place: Path) -> None:
    assert read_marks(place) == ()
    add_mark(place, ADA)
    again = Mark("Zelle 1", False, "Bo", "2026-01-02T10:00:00Z", "", "abc")
    assert add_mark(place, BO) == (ADA, BO)
    assert add_mark(place, again) == read_marks(place) == (ADA, BO, again)
    assert last_marks(read_marks(place)) == {"Zelle 1": again, "Zelle 2": BO}
    with (place / REVIEW_CSV).open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == ["sample", "checked", "by", "time", "note", "labels"]
    assert sorted(path.name for path in place.iterdir()) == [".micro-review.lock", REVIEW_CSV]


def test_what_stands_there_stays_to_the_byte(place: Path) -> None:
    """A spreadsheet saved it: a mark of order, semicolons, Windows line ends, a column of the user's own."""
    before = (
        "\ufeffsample;checked;by;time;note;labels;plot\r\nZelle 1;yes;Ada;2026-01-01T10:00:00Z;;abc;fig. 3".encode()
    )
    (place / REVIEW_CSV).write_bytes(before)
    first, last = add_mark(place, BO)
    assert (first.sample, first.labels, last) == ("Zelle 1", "abc", BO)
    after = (place / REVIEW_CSV).read_bytes()
    assert after.startswith(before + b"\n")
    assert after.endswith(b"Zelle 2;no;Bo;2026-01-01T11:00:00Z;;;\n")


def write_many(folder: Path, who: str) -> None:
    for number in range(15):
        add_mark(folder, Mark(f"{who} {number}", True, who, "2026-01-01T10:00:00Z"))


def test_two_people_at_once_lose_nothing(place: Path) -> None:
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=write_many, args=(place, who)) for who in ("Ada", "Bo")]
    for one in people:
        one.start()
    for one in people:
        one.join(120)
    wanted = {f"{who} {number}" for who in ("Ada", "Bo") for number in range(15)}
    assert {mark.sample for mark in read_marks(place)} == wanted
    assert len(read_marks(place)) == 30


def test_where_a_lock_does_nothing_a_mark_that_was_overwritten_is_written_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that saw no lock replaces the file once, right after ours."""
    add_mark(place, ADA)
    theirs = (place / REVIEW_CSV).read_text(encoding="utf-8") + "Zelle 3,yes,Cem,2026-01-01T12:00:00Z,,\n"
    append, calls = review_marks._append, []

    def overwritten_once(path: Path, mark: Mark) -> None:
        append(path, mark)
        if not calls:
            path.write_text(theirs, encoding="utf-8")
        calls.append(mark)

    monkeypatch.setattr(review_marks, "_append", overwritten_once)
    marks = add_mark(place, BO)
    assert [mark.by for mark in marks] == ["Ada", "Cem", "Bo"]


def test_a_file_that_is_not_understood_is_told_and_not_written(place: Path) -> None:
    for text, why in (
        ("sample,checked\na,yes\n", "no column 'by'"),
        ("sample,checked,by,time,note,labels\na,maybe,,,,\n", "line 2: checked is 'maybe'"),
    ):
        (place / REVIEW_CSV).write_text(text, encoding="utf-8")
        with pytest.raises(UnreadableFileError, match=why):
            add_mark(place, BO)
        assert (place / REVIEW_CSV).read_text(encoding="utf-8") == text
    (place / REVIEW_CSV).write_bytes(b"sample,checked,by,time,note,labels\nZ\xfcrich,yes,,,,\n")
    with pytest.raises(UnreadableFileError, match="UTF-8"):
        read_marks(place)


def test_a_folder_that_can_not_be_written_and_one_that_is_held_are_told(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "file").touch()
    with pytest.raises(OutputError, match="nothing was marked"):
        add_mark(place / "file", BO)
    monkeypatch.setattr(review_marks, "_WAIT_S", 0.1)
    with FileLock(place / ".micro-review.lock"), pytest.raises(OutputError, match="somebody else has been writing"):
        add_mark(place, BO)
    assert read_marks(place) == ()
