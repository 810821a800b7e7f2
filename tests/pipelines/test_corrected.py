"""Corrections by hand and the command line: the same numbers, and nothing lost."""

import numpy as np
import pandas as pd
import pytest

from micro.correct import (
    JOURNAL_NAME,
    Correction,
    Edit,
    Patch,
    corrected_labels,
    corrected_path,
    corrections_folder,
    write_corrected,
)
from micro.io import read_labels, write_ome_zarr, write_tiff
from micro.model import Labels
from micro_pipelines import load_recipe, run_sample


@pytest.fixture
def labels(place, sem):
    """Labels of a phantom with a rectangle of void painted into the electrolyte, as file and as open corrections."""
    path = place / "labels.ome.zarr"
    write_ome_zarr(path, None, sem.truth)
    return path


def painted(path):
    correction = Correction(read_labels(path), corrections_folder(path))
    _, y, x = correction.shape
    values = np.full((1, y // 8, x // 8), 1, np.uint8)
    correction.apply(Edit("paint", [Patch((0, y // 2, x // 2), values)], {"radius_um": 1.0}))
    return correction


def test_the_corrected_file_and_the_open_corrections_give_one_table(cli, place, labels):
    with painted(labels) as correction:
        in_memory = corrected_labels(correction).data.compute()
        corrected = write_corrected(correction, corrected_path(labels))
        spacing = correction.automatic.spacing
    # the same voxels by another way: an array that was never in a journal
    write_tiff(place / "plain.tif", Labels(in_memory, spacing))
    assert cli("measure", corrected, "--out", place / "a", "--quiet").status == 0
    assert cli("measure", place / "plain.tif", "--out", place / "b", "--quiet", "--voxel-size", um(spacing)).status == 0
    assert cli("measure", labels, "--out", place / "c", "--quiet").status == 0
    tables = [pd.read_csv(place / folder / "measurements.csv").drop(columns=["sample", "note"]) for folder in "abc"]
    pd.testing.assert_frame_equal(tables[0], tables[1], check_exact=True)
    assert not tables[0].equals(tables[2])


def um(spacing):
    return ",".join(repr(edge) for edge in spacing.um) + "um"


def test_automatic_labels_with_corrections_beside_are_measured_and_told(cli, place, labels):
    painted(labels).close()
    told = cli("measure", labels, "--out", place / "a")
    assert told.status == 0
    text = (place / "a" / "labels" / "run.json").read_text(encoding="utf-8")
    assert "1 corrections by hand lie beside labels.ome.zarr" in text


def test_a_new_run_does_not_replace_a_result_that_was_corrected(cli, place, sem):
    image = place / "sem.tif"
    write_tiff(image, sem.volume)
    result = run_sample(image, load_recipe("sem"), place / "out")
    painted(result.folder / "labels.ome.zarr").close()
    journal = corrections_folder(result.folder / "labels.ome.zarr") / JOURNAL_NAME
    before = journal.read_bytes()
    told = cli("run", "sem", image, "--out", place / "out", "--quiet")
    assert told.status == 1
    assert "holds corrections by hand" in told.err + told.out
    assert journal.read_bytes() == before


def test_corrections_that_were_set_aside_are_in_the_result_that_takes_the_place(cli, place, sem):
    image = place / "sem.tif"
    write_tiff(image, sem.volume)
    result = run_sample(image, load_recipe("sem"), place / "out")
    folder = corrections_folder(result.folder / "labels.ome.zarr")
    painted(result.folder / "labels.ome.zarr").close()
    aside = folder.with_name(f"{folder.name}.1")
    folder.rename(aside)
    before = (aside / JOURNAL_NAME).read_bytes()
    assert cli("run", "sem", image, "--out", place / "out", "--quiet").status == 0
    assert (aside / JOURNAL_NAME).read_bytes() == before
    assert (aside.parent / "run.json").stat().st_mtime > (aside / JOURNAL_NAME).stat().st_mtime


def test_a_new_run_replaces_a_result_that_was_opened_for_correction_and_not_edited(cli, place, sem):
    image = place / "sem.tif"
    write_tiff(image, sem.volume)
    result = run_sample(image, load_recipe("sem"), place / "out")
    path = result.folder / "labels.ome.zarr"
    with Correction(read_labels(path), corrections_folder(path)):
        told = cli("run", "sem", image, "--out", place / "out", "--quiet", "--set", "report.figures=overlay")
        assert told.status == 1  # somebody is about to paint on them
        assert "holds corrections by hand" in told.err + told.out
    # a process that was killed before the first edit leaves its files
    left = Correction(read_labels(path), corrections_folder(path))
    left._journal.close()
    left._lock.release()
    assert (corrections_folder(path) / JOURNAL_NAME).exists()
    told = cli("run", "sem", image, "--out", place / "out", "--quiet", "--set", "report.figures=overlay")
    assert told.status == 0, told.err + told.out
