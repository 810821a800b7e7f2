"""Finished samples that were damaged since: done again, or told, and never the end of the others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from micro_pipelines.written import differing, written

Cli = Callable[..., Any]
SAMPLES = ("a", "b")


@pytest.fixture
def finished(cli: Cli, place: Path, sem_labels: Path) -> tuple[Path, tuple[object, ...]]:
    """The folder of two finished samples, and the command that made it."""
    files = [place / f"{name}.tif" for name in SAMPLES]
    for path in files:
        shutil.copy(sem_labels, path)
    command = ("measure", *files, "--out", place / "out", "--resume")
    assert cli(*command).status == 0
    return place / "out", command


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a sample but the record, which holds times."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "run.json"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def a_chunk(sample: Path) -> Path:
    return max((sample / "labels.ome.zarr").rglob("c/**/*"), key=lambda path: path.is_file() and path.stat().st_size)


def cut(sample: Path) -> None:
    path = a_chunk(sample)
    path.write_bytes(path.read_bytes()[:20])


def empty(sample: Path) -> None:
    a_chunk(sample).write_bytes(b"")


def remove_figure(sample: Path) -> None:
    next((sample / "figures").glob("*.png")).unlink()


def garble_table(sample: Path) -> None:
    path = sample / "objects_dendrites.csv"
    path.write_bytes(path.read_bytes().swapcase())


def remove_levels(sample: Path) -> None:
    shutil.rmtree(sample / "labels.ome.zarr" / "0" / "c")


def cut_record(sample: Path) -> None:
    path = sample / "run.json"
    path.write_bytes(path.read_bytes()[:100])
    garble_table(sample)


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (cut, "labels.ome.zarr"),
        (empty, "labels.ome.zarr"),
        (remove_levels, "labels.ome.zarr"),
        (remove_figure, "figures"),
        (garble_table, "objects_dendrites.csv"),
        (cut_record, "run.json"),
    ],
)
def test_what_was_damaged_is_done_again(
    cli: Cli, finished: tuple[Path, tuple[object, ...]], damage: Callable[[Path], None], name: str
) -> None:
    out, command = finished
    before = contents(out / "b")
    damage(out / "b")
    assert contents(out / "b") != before
    told = cli(*command)
    assert told.status == 0, told.err
    assert f"b: {name} was not as it was written: done" in told.err
    assert "a: unchanged, skipped" in told.err
    assert contents(out / "b") == before


def test_what_was_added_is_no_damage(cli: Cli, finished: tuple[Path, tuple[object, ...]]) -> None:
    out, command = finished
    (out / "b" / "Notizen.txt").write_text("für später", encoding="utf-8")
    assert "b: unchanged, skipped" in cli(*command).err
    assert (out / "b" / "Notizen.txt").exists()


def test_a_record_that_does_not_say_what_was_written_counts(
    cli: Cli, finished: tuple[Path, tuple[object, ...]]
) -> None:
    out, command = finished
    for name in SAMPLES:
        record = json.loads((out / name / "run.json").read_text(encoding="utf-8"))
        del record["written"]
        (out / name / "run.json").write_text(json.dumps(record), encoding="utf-8")
    (out / "b" / "measurements.csv").unlink()
    told = cli(*command)
    assert "a: unchanged, skipped" in told.err
    assert "b: done" in told.err


def test_damage_that_keeps_the_size_is_a_row_and_stops_no_other(
    cli: Cli, finished: tuple[Path, tuple[object, ...]]
) -> None:
    out, command = finished
    before = pd.read_csv(out / "measurements.csv")
    path = a_chunk(out / "b")
    path.write_bytes(b"\0" * path.stat().st_size)
    told = cli(*command)
    assert told.status == 1, told.err
    failures = pd.read_csv(out / "failures.csv")
    assert failures["sample"].tolist() == ["b"]
    assert Path(failures["input"][0]).name == "b.tif"
    assert len(failures["message"][0].splitlines()) == 1
    after = pd.read_csv(out / "measurements.csv")
    assert set(after["sample"]) == {"a"}
    pd.testing.assert_frame_equal(after, before[before["sample"] == "a"].reset_index(drop=True))
    report = (out / "report.html").read_text(encoding="utf-8")
    assert ">a<" in report
    assert ">b<" not in report


def test_names_and_sizes_of_folders_count(tmp_path: Path) -> None:
    (tmp_path / "figures" / "deep").mkdir(parents=True)
    inner = tmp_path / "figures" / "deep" / "Bild.png"
    inner.write_bytes(b"1234")
    known = written(tmp_path)
    assert differing(tmp_path, known) == ""
    (tmp_path / "figures" / "Thumbs.db").write_bytes(b"12")
    assert differing(tmp_path, known) == ""
    inner.rename(inner.with_name("Bild 2.png"))
    assert differing(tmp_path, known) == "figures"
    inner.with_name("Bild 2.png").rename(inner)
    inner.write_bytes(b"12345")
    assert differing(tmp_path, known) == "figures"
    shutil.rmtree(tmp_path / "figures")
    assert differing(tmp_path, known) == "figures"
