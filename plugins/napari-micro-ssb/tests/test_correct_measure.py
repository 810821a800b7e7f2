"""From the Correct panel to the Measure panel in one session, against the command line."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from micro.correct import corrected_path
from micro.io import read_labels
from micro_pipelines.cli import main
from napari_micro_ssb._view import open_in

TELL = ["metric", "roi", "phase_a", "phase_b"]


@pytest.fixture
def cell(result, folder):
    """A copy of a result, to be corrected."""
    shutil.copytree(result / "cell", folder / "cell")
    return folder / "cell"


@pytest.fixture
def panels(viewer, cell):
    open_in(viewer, cell)
    _, correct = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")
    _, measure = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")
    correct.labels.setCurrentText("cell phases")
    correct.begin()
    assert correct.correction is not None, correct.message.text()
    yield correct, measure
    correct.close_correction()


def corrected_by_hand(panel, wait):
    """Two edits, one of them taken back: the tools of the panel, on the slice that is shown."""
    panel.layer.data[40:52, 60:76] = 1
    panel.layer.data[100:104, 20:60] = 4
    panel.undo()
    panel.form.choose_phase(1)
    panel.form.smooth.click()
    wait(panel)
    assert panel.correction.log.active


def test_the_numbers_after_a_correction_are_those_of_micro_measure(viewer, panels, wait, cell, folder, shoot):
    correct, measure = panels
    corrected_by_hand(correct, wait)
    measure.labels.setCurrentText("cell phases")
    measure.compare_button.click()
    wait(measure)
    assert "moved" in measure.message.text(), measure.message.text()
    shoot("correct-measure")
    (step,) = [step for step in measure.measured.report.steps if step.operation == "correct by hand"]
    assert step.parameters["edits"] == len(correct.correction.log.active)
    export_of(measure, wait, folder / "panel")

    correct.write()
    wait(correct)
    correct.close_correction()
    recipe = json.loads((cell / "run.json").read_text(encoding="utf-8"))["recipe"]["name"]
    command = ["measure", str(corrected_path(cell / "labels.ome.zarr")), "--recipe", recipe, "--quiet"]
    assert main([*command, "--out", str(folder / "shell"), "--set", "report.figures=overlay"]) == 0
    here, there = folder / "panel" / "cell", folder / "shell" / "labels_corrected"
    for name in ("measurements.csv", "objects_dendrites.csv", "profiles.csv", "distributions.csv"):
        one, two = (pd.read_csv(place / name, dtype=str, keep_default_na=False) for place in (here, there))
        for table in (one, two):
            table["sample"] = "cell"  # in a file of its own the sample has the name of the file
        pd.testing.assert_frame_equal(one, two)
    assert (here / "labels.tif").read_bytes() == (there / "labels.tif").read_bytes()

    # the two columns of the comparison are what the command line gives for the one file and the other
    table = measure.tables["measurements"].table
    for column, file in (("before", cell / "measurements.csv"), ("after", there / "measurements.csv")):
        assert by_what(table, column) == by_what(pd.read_csv(file), "value"), column


def by_what(table, column):
    """Values by what they are of; an empty one is None."""
    keys = table[TELL].astype(object).fillna("").itertuples(index=False, name=None)
    return dict(zip(keys, (None if pd.isna(one) else float(one) for one in table[column]), strict=True))


def export_of(panel, wait, folder):
    panel.export(folder)
    wait(panel)
    assert "written" in panel.message.text()


def test_corrections_beside_the_labels_are_compared_without_the_correct_panel(viewer, panels, wait, cell):
    correct, measure = panels
    correct.layer.data[40:52, 60:76] = 1
    wanted = np.asarray(correct.layer.data)
    correct.close_correction()
    measure.labels.setCurrentText("cell phases")
    measure.compare_button.click()
    wait(measure)
    assert "moved" in measure.message.text(), measure.message.text()
    assert np.array_equal(measure.measured.report.labels.data.compute()[0], wanted)
    assert np.array_equal(
        measure.before.report.labels.data.compute(), read_labels(cell / "labels.ome.zarr").data.compute()
    )


def test_corrected_labels_that_were_written_are_compared_with_the_automatic_ones(viewer, panels, wait, cell):
    correct, measure = panels
    correct.layer.data[40:52, 60:76] = 1
    correct.write()
    wait(correct)
    correct.close_correction()
    viewer.open(str(corrected_path(cell / "labels.ome.zarr")), plugin="napari-micro-ssb")
    measure.labels.setCurrentText("labels_corrected phases")
    measure.compare_button.click()
    wait(measure)
    assert "moved" in measure.message.text(), measure.message.text()
    assert measure.before.report.labels.data.compute()[0, 45, 65] != 1


def test_where_nothing_was_changed_nothing_is_compared(viewer, panels, wait):
    correct, measure = panels
    correct.close_correction()
    measure.labels.setCurrentText("cell phases")
    measure.compare_button.click()
    wait(measure)
    assert "nothing to compare" in measure.message.text()


def test_tables_follow_the_labels_that_are_chosen(viewer, panels, wait):
    correct, measure = panels
    corrected_by_hand(correct, wait)
    measure.labels.setCurrentText("cell phases corrected")
    assert measure.tables["measurements"].table.empty
    measure.export_button.click()
    assert measure.message.text() == "nothing was measured yet; press Measure first"
    measure.measure_button.click()
    wait(measure)
    mine = measure.tables["measurements"].table
    measure.labels.setCurrentText("cell phases")
    assert "tables of" in measure.message.text()
    assert not mine["value"].equals(measure.tables["measurements"].table["value"])
    measure.labels.setCurrentText("cell phases corrected")
    assert measure.tables["measurements"].table.equals(mine)
