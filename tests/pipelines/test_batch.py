"""Many samples in one folder: outputs, failures, resuming, locking."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from micro.blocks import Engine
from micro.io import read_labels, read_volume, write_tiff
from micro.model import TABLE_COLUMNS, Labels, Spacing
from micro.phantoms import Phantom, make_phantom
from micro_pipelines import load_recipe, recipe_hash, run_sample
from micro_pipelines.cli import main

Cli = Callable[..., Any]

SAMPLE_FILES = {
    "labels.ome.zarr",
    "labels.tif",
    "measurements.csv",
    "objects_dendrites.csv",
    "objects_fragments.csv",
    "objects_cracks.csv",
    "objects_gaps.csv",
    "objects_contact_spots.csv",
    "contact_map.tif",
    "profiles.csv",
    "resolution.csv",
    "distributions.csv",
    "results.npz",
    "thickness_gap.tif",
    "figures",
    "run.json",
}


@pytest.fixture(scope="module")
def done(sem_image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one image."""
    out = tmp_path_factory.mktemp("fertig für alle") / "out"
    assert main(["run", "sem", str(sem_image), "--out", str(out), "--state", "cycled", "--quiet"]) == 0
    return out


@pytest.fixture
def few_labels(place: Path) -> Path:
    """A label file so small that measuring it takes no time: no anode, one pore."""
    labels = np.full((40, 50), 2, np.uint8)
    labels[10:16, 20:26] = 1
    path = place / "wenige.tif"
    write_tiff(path, Labels(labels, Spacing.parse("50nm")))
    return path


def test_a_run_leaves_what_the_contract_says(done: Path, sem: Phantom, sem_image: Path) -> None:
    sample = done / "Querschnitt 1"
    assert {entry.name for entry in sample.iterdir()} == SAMPLE_FILES
    expected = {"Querschnitt 1", "measurements.csv", "measurements.parquet", "report.html", "failures.csv"}
    expected |= {"table.md", "table.tex", "table.xlsx", "run.log"}
    assert {entry.name for entry in done.iterdir()} - {".micro.lock"} == expected
    figures = {path.name for path in (sample / "figures").iterdir()}
    assert {"overlay.svg", "overlay.png", "contact_map.svg", "depth_profile.png"} <= figures
    labels = read_labels(sample / "labels.ome.zarr")
    assert labels.shape == sem.truth.shape
    assert labels.spacing == sem.truth.spacing
    image = read_volume(sample / "labels.ome.zarr").data.compute()
    np.testing.assert_array_equal(image, sem.volume.data.compute())
    np.testing.assert_array_equal(read_labels(sample / "labels.tif").data.compute(), labels.data.compute())


def test_a_thickness_map_is_a_calibrated_image(done: Path, sem: Phantom) -> None:
    found = read_volume(done / "Querschnitt 1" / "thickness_gap.tif")
    values = found.data.compute()
    # A section: one row, along x; the voxel size goes through the file as a ratio of two whole numbers.
    assert values.shape == (1, 1, sem.truth.shape[2])
    assert found.spacing.x == pytest.approx(sem.truth.spacing.x, rel=1e-6)
    table = pd.read_csv(done / "measurements.csv").set_index("metric")
    assert values[values > 0].mean() == pytest.approx(table.loc["gap_thickness_mean", "value"], rel=1e-6)


def test_the_tables_say_sample_state_and_recipe(done: Path) -> None:
    table = pd.read_csv(done / "measurements.csv")
    assert tuple(table.columns) == TABLE_COLUMNS
    assert set(table["sample"]) == {"Querschnitt 1"}
    assert set(table["state"]) == {"cycled"}
    assert set(table["recipe_hash"]) == {recipe_hash(load_recipe("sem"))}
    own = (done / "Querschnitt 1" / "measurements.csv").read_bytes()
    assert own == (done / "measurements.csv").read_bytes()
    stored = pd.read_parquet(done / "measurements.parquet")
    np.testing.assert_array_equal(stored["value"], table["value"])
    assert (done / "failures.csv").read_text(encoding="utf-8") == "sample,input,stage,error,message\n"


def test_the_record_tells_everything_that_was_done(done: Path, sem_image: Path) -> None:
    record = json.loads((done / "Querschnitt 1" / "run.json").read_text(encoding="utf-8"))
    assert record["recipe"]["cell"]["crack_aspect_min"] == 5.0
    assert record["voxel_size_um"] == {"z": 0.05, "y": 0.05, "x": 0.05}
    assert "ImageJ" in record["voxel_size_source"]
    assert [step["operation"] for step in record["steps"]][:3] == ["read", "preprocess", "segment"]
    assert record["input"]["paths"] == [str(sem_image.resolve())]
    assert {"read", "preprocess", "segment", "anatomy", "measure", "figures", "write"} <= set(record["seconds"])
    assert {"micro", "python", "numpy", "numba"} <= set(record["versions"])


def test_one_bad_sample_stops_no_other(cli: Cli, place: Path, few_labels: Path) -> None:
    (place / "leer.tif").write_bytes(b"")
    told = cli("measure", place / "leer.tif", few_labels, "--out", place / "out")
    assert (told.status, len(told.errors)) == (1, 1)
    assert set(pd.read_csv(place / "out" / "measurements.csv")["sample"]) == {"wenige"}
    assert list(pd.read_csv(place / "out" / "failures.csv")["sample"]) == ["leer"]
    assert (place / "out" / "report.html").stat().st_size > 0


def test_a_failure_keeps_the_sample_that_was_finished_before(cli: Cli, place: Path, few_labels: Path) -> None:
    path = place / "a.tif"
    shutil.copy(few_labels, path)
    assert cli("measure", path, "--out", place / "out").status == 0
    before = (place / "out" / "a" / "run.json").read_bytes()
    path.write_bytes(b"")
    assert cli("measure", path, "--out", place / "out").status == 1
    assert (place / "out" / "a" / "run.json").read_bytes() == before
    assert not [entry.name for entry in (place / "out").iterdir() if "partial" in entry.name]


def test_resume_redoes_only_what_changed(cli: Cli, place: Path, few_labels: Path) -> None:
    files = [place / "a.tif", place / "b.tif"]
    for path in files:
        shutil.copy(few_labels, path)
    out = place / "out"
    command = ("measure", *files, "--out", out, "--resume")
    assert cli(*command).status == 0
    tables = (out / "measurements.csv").read_bytes()

    def stamps() -> list[int]:
        return [(out / name / "run.json").stat().st_mtime_ns for name in "ab"]

    first = stamps()
    assert cli(*command).status == 0
    assert stamps() == first
    assert (out / "measurements.csv").read_bytes() == tables

    labels = bytearray(files[1].read_bytes())
    labels[-1] = 1 if labels[-1] != 1 else 2
    files[1].write_bytes(labels)
    assert cli(*command).status == 0
    second = stamps()
    assert (second[0] == first[0], second[1] == first[1]) == (True, False)

    assert cli(*command, "--set", "cell.crack_aspect_min=4").status == 0
    third = stamps()
    assert (third[0] == second[0], third[1] == second[1]) == (False, False)

    (out / "a" / "measurements.csv").unlink()
    assert cli(*command, "--set", "cell.crack_aspect_min=4").status == 0
    assert (out / "a" / "measurements.csv").exists()
    assert stamps()[1] == third[1]


def test_what_is_missing_is_done_before_what_is_finished_is_read(cli: Cli, place: Path, few_labels: Path) -> None:
    files = [place / f"{name}.tif" for name in "abc"]
    for path in files:
        shutil.copy(few_labels, path)
    command = ("measure", *files, "--out", place / "out", "--resume")
    assert cli(*command).status == 0
    tables = (place / "out" / "measurements.csv").read_bytes()
    shutil.rmtree(place / "out" / "b")
    told = cli(*command)
    assert told.status == 0
    heads = [
        line for line in told.err.splitlines() if line.split(": ")[1].startswith(("sample", "un", "done", "read f"))
    ]
    assert [line.split(" in ")[0].split(",")[0] for line in heads] == [
        "a: sample 1 of 3",
        "a: unchanged",
        "b: sample 2 of 3",
        "b: done",
        "c: sample 3 of 3",
        "c: unchanged",
        "a: sample 1 of 3",
        "a: read for the report",
        "c: sample 3 of 3",
        "c: read for the report",
    ]
    # the tables keep the order of the samples
    assert (place / "out" / "measurements.csv").read_bytes() == tables


def test_a_second_run_into_a_folder_in_use_is_refused(cli: Cli, place: Path, few_labels: Path) -> None:
    out = place / "out"
    out.mkdir()
    with FileLock(out / ".micro.lock"):
        told = cli("measure", few_labels, "--out", out)
    assert (told.status, len(told.errors)) == (2, 1)
    assert "another run is writing into" in told.errors[0]
    assert cli("measure", few_labels, "--out", out).status == 0


def test_what_a_killed_run_left_is_cleared_or_put_back(cli: Cli, place: Path, few_labels: Path) -> None:
    out = place / "out"
    (out / ".x.12345678.partial").mkdir(parents=True)
    (out / ".finished.12345678.old").mkdir()
    assert cli("measure", few_labels, "--out", out).status == 0
    assert not (out / ".x.12345678.partial").exists()
    assert (out / "finished").is_dir()


def test_three_block_sizes_give_the_same_bytes(place: Path, sem_image: Path) -> None:
    tables, labels = [], []
    for number, block in enumerate(((1, 160, 200), (1, 64, 64), (1, 37, 51))):
        engine = Engine(block_shape=block, workers=2)
        result = run_sample(sem_image, load_recipe("sem"), place / f"out {number}", engine=engine)
        labels.append((result.folder / "labels.tif").read_bytes())
        tables.append(pd.read_csv(result.folder / "measurements.csv"))
    assert labels[0] == labels[1] == labels[2]
    # The contract: labels bit-identical, floats within 1e-9.
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], rtol=1e-9, atol=0)


def test_three_block_sizes_give_the_same_bytes_in_3d(place: Path) -> None:
    path = place / "stack.tif"
    write_tiff(path, make_phantom("fibsem", seed=2, shape=(24, 56, 64)).volume)
    tables, labels = [], []
    for number, block in enumerate(((24, 56, 64), (16, 32, 32), (11, 40, 29))):
        engine = Engine(block_shape=block, workers=2)
        result = run_sample(path, load_recipe("fibsem"), place / f"out {number}", engine=engine)
        labels.append((result.folder / "labels.tif").read_bytes())
        tables.append(pd.read_csv(result.folder / "measurements.csv"))
    assert labels[0] == labels[1] == labels[2]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], rtol=1e-9, atol=0)
