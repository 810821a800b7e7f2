"""The corrected labels as a file: what they hold, and what they say."""

import csv

import numpy as np
import pytest

from micro.correct import (
    CORRECT_STEP,
    CorrectedArray,
    Correction,
    Edit,
    Patch,
    automatic_path,
    corrected_labels,
    corrected_path,
    corrections_beside,
    corrections_folder,
    write_corrected,
)
from micro.errors import ParameterError
from micro.io import read_labels, write_ome_zarr
from micro.model import Labels, Spacing


@pytest.fixture
def path(tmp_path, automatic):
    return write_ome_zarr(tmp_path / "Zelle für Übung" / "labels.ome.zarr", None, automatic)


def opened(path):
    return Correction(read_labels(path), corrections_folder(path))


def test_the_corrected_file_holds_the_corrected_labels_and_the_automatic_one_is_untouched(path, automatic, random_edit):
    rng = np.random.default_rng(2)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with opened(path) as correction:
        for _ in range(5):
            correction.apply(random_edit(rng, automatic.shape))
        correction.undo()
        reference = np.asarray(CorrectedArray(correction))
        written = write_corrected(correction, corrected_path(path))
    found = read_labels(written)
    np.testing.assert_array_equal(found.data.compute(), reference)
    assert found.spacing == automatic.spacing
    assert found.phases == automatic.phases
    assert before == {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_the_step_counts_edits_voxels_and_phases(path):
    with opened(path) as correction:
        start = correction.automatic.data.compute()
        correction.apply(Edit("paint", [Patch((0, 0, 0), np.full((2, 3, 4), 3, np.uint8))], {"radius_um": 0.2}))
        correction.apply(Edit("paint", [Patch((0, 0, 0), np.full((2, 3, 4), 5, np.uint8))], {"radius_um": 0.2}))
        correction.apply(Edit("fill", [Patch((9, 9, 9), np.zeros((1, 1, 5), np.uint8))]))
        correction.apply(Edit("fill", [Patch((60, 60, 60), np.zeros((1, 1, 5), np.uint8))]))
        correction.undo()
        end = np.asarray(CorrectedArray(correction))
        step = corrected_labels(correction).history[-1]
        write_corrected(correction, corrected_path(path))
    assert step.operation == CORRECT_STEP
    assert step.parameters["edits"] == 3
    assert [(tool["tool"], tool["edits"]) for tool in step.parameters["tools"]] == [("paint", 2), ("fill", 1)]
    assert step.parameters["tools"][0]["voxels"] == int((start[:2, :3, :4] != 3).sum()) + 24
    assert step.parameters["tools"][0]["moved"]["Li > crack"] == 24
    changed = step.parameters["changed"]
    differs = start != end
    names = {0: "unlabelled", 1: "void", 2: "SE", 3: "Li", 4: "dendrite", 5: "crack"}
    for when, values in (("before", start), ("after", end)):
        counts = {names[v]: int((values[differs] == v).sum()) for v in names}
        assert changed[when] == {name: count for name, count in counts.items() if count}
    assert changed["voxels"] == int(differs.sum())
    read = read_labels(corrected_path(path)).history[-2]
    assert read.as_dict() == step.as_dict()
    with (path.parent / "labels_corrections.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(int(row["voxels"]) for row in rows if row["edit"] == "2") == 24
    assert {row["undone"] for row in rows if row["edit"] == "4"} == {"1"}
    assert rows[0]["parameters"] == "radius_um=0.2"


def test_without_a_correction_there_is_no_step(path):
    with opened(path) as correction:
        assert corrected_labels(correction).history == correction.automatic.history
        CorrectedArray(correction)[0, 0, :9] = 8
        correction.undo()
        assert corrected_labels(correction).history == correction.automatic.history


def test_what_lies_beside_is_told(path):
    assert corrections_beside(path) == ""
    with opened(path) as correction:
        CorrectedArray(correction)[0, 0, :9] = 8
        written = write_corrected(correction, corrected_path(path))
        assert "1 corrections by hand lie beside labels.ome.zarr" in corrections_beside(path)
        assert corrections_beside(written) == ""
        CorrectedArray(correction)[1, 0, :9] = 8
        assert "older than the last corrections" in corrections_beside(written)
        write_corrected(correction, written)
        assert corrections_beside(written) == ""


def test_corrections_that_were_set_aside_are_not_taken_for_those_made_anew(path):
    with opened(path) as correction:
        CorrectedArray(correction)[0, 0, :9] = 8
        written = write_corrected(correction, corrected_path(path))
    corrections_folder(path).rename(path.with_name("aside"))
    with opened(path) as correction:
        CorrectedArray(correction)[1, 0, :9] = 8
        assert "older than the last corrections" in corrections_beside(written)


def test_labels_whose_corrections_were_set_aside_say_so(path):
    with opened(path) as correction:
        CorrectedArray(correction)[0, 0, :9] = 8
        written = write_corrected(correction, corrected_path(path))
    folder = corrections_folder(path)
    folder.rename(folder.with_name(f"{folder.name}.1"))
    assert automatic_path(written) == path
    assert "set aside since; to measure without them, give labels.ome.zarr" in corrections_beside(written)
    assert corrections_beside(path) == ""


def test_labels_edited_while_they_are_written_are_told(path, monkeypatch):
    from micro.correct import result

    with opened(path) as correction:
        CorrectedArray(correction)[0, 0, :9] = 8
        written = write_corrected(correction, corrected_path(path))
        good = read_labels(written).data.compute()
        real = result.write_ome_zarr

        def meanwhile(*arguments, **options):
            CorrectedArray(correction)[2, 0, :9] = 8
            return real(*arguments, **options)

        monkeypatch.setattr(result, "write_ome_zarr", meanwhile)
        with pytest.raises(ParameterError, match="edited while"):
            write_corrected(correction, written)
    assert np.array_equal(read_labels(written).data.compute(), good)
    assert [item.name for item in path.parent.iterdir() if item.name.startswith(".")] == []


def test_a_section_is_written_as_a_section(tmp_path):
    labels = Labels(np.ones((40, 50), np.uint8), Spacing.parse("25nm"))
    with Correction(labels, tmp_path / "a.corrections") as correction:
        CorrectedArray(correction, flat=True)[3, 4:9] = 3
        written = write_corrected(correction, tmp_path / "a_corrected.ome.zarr")
    assert read_labels(written).is_2d
    assert int((read_labels(written).data == 3).sum()) == 5
