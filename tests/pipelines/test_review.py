"""The queue over a run: what comes first, and when a mark counts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from micro.correct import Correction, Edit, Patch, corrections_folder
from micro.errors import InputMissingError, OutputError, UnreadableFileError
from micro.io import read_labels, write_tiff
from micro.model import Labels, Spacing
from micro_pipelines import ReviewItem, mark_sample, read_queue
from micro_pipelines.cli import main
from micro_pipelines.review_marks import REVIEW_CSV


def labels_at(path: Path, pore: int) -> Path:
    values = np.full((40, 50), 2, np.uint8)
    values[10 : 10 + pore, 20:26] = 1
    return write_tiff(path, Labels(values, Spacing.parse("50nm")))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three samples and one that fails, measured as they are."""
    place = tmp_path_factory.mktemp("Zellen für alle")
    for number in (1, 2, 10):
        labels_at(place / f"Zelle {number}.tif", 4)
    (place / "kaputt.tif").write_bytes(b"no image")
    again(place)
    return place


@pytest.fixture
def run(measured: Path, tmp_path: Path) -> Path:
    """A copy of them, beside their inputs."""
    return Path(shutil.copytree(measured, tmp_path / "Zellen")) / "out"


def again(place: Path, *options: str) -> None:
    inputs = [str(path) for path in sorted(place.glob("*.tif"))]
    command = ["measure", *inputs, "--out", str(place / "out"), "--quiet", "--set", "report.figures=overlay", *options]
    assert main(command) == 1


def names(items: tuple[ReviewItem, ...]) -> list[str]:
    return [item.sample for item in items]


def named(folder: Path, sample: str) -> ReviewItem:
    return next(item for item in read_queue(folder) if item.sample == sample)


def doubt(folder: Path, *lines: str, unsure: float | None = None) -> None:
    """Let a finished sample say something against itself, as a step does."""
    path = folder / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    found = {"doubts": list(lines), "warnings": [f"{line}, at length" for line in lines]}
    record["steps"].append({"operation": "check", "parameters": {"found": found | share(unsure)}})
    path.write_text(json.dumps(record), encoding="utf-8")


def share(unsure: float | None) -> dict[str, float]:
    return {} if unsure is None else {"unsure_share": unsure}


def test_what_failed_comes_first_then_what_is_doubted_then_what_nobody_has_checked(run: Path) -> None:
    assert names(read_queue(run)) == ["kaputt", "Zelle 1", "Zelle 2", "Zelle 10"]
    first = read_queue(run)[0]
    assert first.failure.startswith("read: ")
    assert first.folder is None
    doubt(run / "Zelle 2", unsure=0.3)
    assert names(read_queue(run)) == ["kaputt", "Zelle 2", "Zelle 1", "Zelle 10"]
    assert named(run, "Zelle 2").unsure_share == 0.3
    doubt(run / "Zelle 10", "strong shading", "SE is uneven")
    assert names(read_queue(run)) == ["kaputt", "Zelle 10", "Zelle 2", "Zelle 1"]
    assert named(run, "Zelle 10").doubts == ("strong shading", "SE is uneven")
    mark_sample(run, named(run, "kaputt"), checked=True, by="Ada", note="never mind")
    mark_sample(run, named(run, "Zelle 10"), checked=True, by="Ada")
    assert names(read_queue(run)) == ["Zelle 2", "Zelle 1", "kaputt", "Zelle 10"]


def test_a_mark_says_who_and_when_and_can_be_taken_back(run: Path) -> None:
    item = mark_sample(run, named(run, "Zelle 1"), checked=True, by=" Ada ", note="all\nfine ")
    assert item == named(run, "Zelle 1")
    assert item.checked
    assert item.mark is not None
    assert (item.mark.by, item.mark.note) == ("Ada", "all fine")
    assert item.mark.time.endswith("Z")
    back = mark_sample(run, item, checked=False, by="Bo")
    assert not back.checked
    assert not back.changed
    assert len((run / REVIEW_CSV).read_text(encoding="utf-8").splitlines()) == 3


def test_resuming_keeps_the_marks_and_new_labels_end_them(run: Path) -> None:
    place = run.parent
    for sample in ("Zelle 1", "Zelle 2", "kaputt"):
        mark_sample(run, named(run, sample), checked=True, by="Ada")
    before = (run / REVIEW_CSV).read_bytes()
    labels_at(place / "Zelle 2.tif", 9)
    again(place, "--resume")
    assert (run / REVIEW_CSV).read_bytes() == before
    items = {item.sample: item for item in read_queue(run)}
    assert items["Zelle 1"].checked
    assert items["kaputt"].checked
    assert not items["Zelle 2"].checked
    assert items["Zelle 2"].changed
    again(place)  # all anew: the same labels
    assert named(run, "Zelle 1").checked


def test_corrections_end_a_mark_and_taking_them_back_brings_it_back(run: Path) -> None:
    item = mark_sample(run, named(run, "Zelle 1"), checked=True, by="Ada")
    path = run / "Zelle 1" / "labels.ome.zarr"
    with Correction(read_labels(path), corrections_folder(path)) as correction:
        correction.apply(Edit("paint", [Patch((0, 1, 1), np.full((1, 2, 2), 3, np.uint8))]))
        corrected = named(run, "Zelle 1")
        assert corrected.changed
        assert corrected.edits == 1
        # whoever corrects while looking has seen the corrections
        assert mark_sample(run, item, checked=True, by="Ada").checked
        correction.undo()
        assert named(run, "Zelle 1").changed
        correction.redo()
        assert named(run, "Zelle 1").checked


def test_labels_that_were_made_anew_since_they_were_opened_are_not_marked(run: Path) -> None:
    seen = named(run, "Zelle 2")
    labels_at(run.parent / "Zelle 2.tif", 9)
    again(run.parent, "--resume")
    with pytest.raises(OutputError, match="made anew since"):
        mark_sample(run, seen, checked=True, by="Ada")
    assert not (run / REVIEW_CSV).exists()


def test_a_sample_whose_record_is_broken_counts_as_failed(run: Path) -> None:
    (run / "Zelle 10" / "run.json").write_text("{", encoding="utf-8")
    assert names(read_queue(run))[:2] == ["kaputt", "Zelle 10"]
    assert "run.json" in named(run, "Zelle 10").failure
    assert mark_sample(run, named(run, "Zelle 10"), checked=True, by="Ada").checked


def test_a_folder_without_a_run_is_told(run: Path, place: Path) -> None:
    with pytest.raises(InputMissingError, match=r"no such run; expected the --out"):
        read_queue(place / "nirgends")
    with pytest.raises(InputMissingError, match="one sample of a run; give the folder around it"):
        read_queue(run / "Zelle 1")
    (run / "failures.csv").write_bytes(b"sample\xff")
    with pytest.raises(UnreadableFileError, match=r"failures\.csv can't be read"):
        read_queue(run)


def test_progress_is_told(run: Path) -> None:
    told: list[tuple[int, int]] = []
    read_queue(run, progress=lambda *what: told.append(what))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]
