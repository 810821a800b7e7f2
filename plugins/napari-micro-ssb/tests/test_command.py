"""The command that the Measure panel copies gives its labels and tables, to the byte."""

import shlex
import shutil
import sys

import numpy as np
import pytest

from micro_pipelines import load_recipe
from micro_pipelines.cli import main
from napari_micro_ssb._view import open_in

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the command is split as a POSIX shell does it")


@pytest.fixture
def own(section, folder):
    """A result of a recipe of one's own, with keys of [cell] and [measure] that no preset has."""
    text = folder / "mein Rezept.toml"
    text.write_text(
        'name = "meins"\nmodality = "sem"\n[cell]\ntolerance_um = 0.3\n[measure]\nresolution_check = false\n'
        '[report]\nfigures = ["overlay"]\n',
        encoding="utf-8",
    )
    listed = folder / "samples.csv"
    listed.write_text(f"path,sample,state,pressure MPa\n{section},cell 3,after 20,25\n", encoding="utf-8")
    assert main(["run", str(text), str(listed), "--out", str(folder / "run"), "--quiet"]) == 0
    return folder / "run" / "cell 3"


@pytest.fixture
def measure(viewer):
    return viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")[1]


def copied(panel, wait, folder):
    """Let the panel copy the command, and give it to the command line."""
    from qtpy.QtWidgets import QApplication

    folder.mkdir()
    panel.save_command(folder)
    wait(panel)
    text = QApplication.clipboard().text()
    assert text in panel.message.text()
    words = shlex.split(text)
    assert words[0] == "micro"
    assert main([*words[1:], "--quiet"]) == 0
    return words, folder / "measured"


def exported(panel, wait, folder):
    panel.measure_button.click()
    wait(panel)
    assert "values of" in panel.message.text(), panel.message.text()
    panel.export(folder)
    wait(panel)
    assert "written" in panel.message.text()
    return folder


def same(one, two, sample):
    names = {path.name for path in (one / sample).glob("*.csv")}
    assert names == {path.name for path in (two / sample).glob("*.csv")}
    assert "measurements.csv" in names
    for name in (*names, "labels.tif"):
        assert (one / sample / name).read_bytes() == (two / sample / name).read_bytes(), name
    assert (one / "measurements.csv").read_bytes() == (two / "measurements.csv").read_bytes()


def refused(panel, wait, folder):
    panel.save_command(folder)
    wait(panel)
    return panel.message.text()


def test_a_result_is_measured_by_its_own_recipe_and_the_command_does_the_same(viewer, measure, wait, own, folder):
    open_in(viewer, own)
    measure.labels.setCurrentText("cell 3 phases")
    assert measure.recipe_label.text().startswith("meins, hash ")
    assert "run.json" in measure.recipe_label.text()
    here = exported(measure, wait, folder / "panel")
    # the tables of the run itself, with sample, state, metadata and hash of the recipe
    assert (here / "cell 3" / "measurements.csv").read_bytes() == (own / "measurements.csv").read_bytes()
    words, there = copied(measure, wait, folder / "beside")
    assert words[1:3] == ["measure", str(folder / "beside" / "samples.csv")]
    assert words[3:5] == ["--recipe", str(folder / "beside" / "recipe.toml")]
    assert load_recipe(folder / "beside" / "recipe.toml") == measure.measured.work.job.recipe
    same(here, there, "cell 3")


def test_corrected_labels_are_measured_as_the_command_does(viewer, measure, wait, own, folder):
    open_in(viewer, own)
    _, correct = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")
    correct.labels.setCurrentText("cell 3 phases")
    correct.begin()
    correct.layer.data[40:52, 60:76] = 1
    measure.labels.setCurrentText("cell 3 phases corrected")
    here = exported(measure, wait, folder / "panel")
    assert "isn't written yet; press Write corrected labels" in refused(measure, wait, folder)
    correct.write()
    wait(correct)
    _, there = copied(measure, wait, folder / "beside")
    same(here, there, "cell 3")
    assert "labels_corrected.ome.zarr" in (folder / "beside" / "samples.csv").read_text(encoding="utf-8")

    correct.layer.data[80:84, 60:76] = 1
    measure.measure_button.click()
    wait(measure)
    assert "is older than the last correction" in refused(measure, wait, folder)
    correct.close_correction()


def test_a_label_file_and_a_preset_need_nothing_beside_them(viewer, measure, wait, section, folder):
    truth = section.with_name("cell_truth.tif")
    viewer.open(str(truth), plugin="napari-micro-ssb")
    assert measure.recipe_label.text().endswith("not known, so the defaults")
    here = exported(measure, wait, folder / "one")
    words, there = copied(measure, wait, folder / "beside")
    assert words == ["micro", "measure", str(truth), "--out", str(there)]
    assert list((folder / "beside").iterdir()) == [there]
    same(here, there, "cell_truth")
    measure.recipes.setCurrentText("sem")
    assert measure.recipe_label.text().endswith("preset")
    measure.voxels.text.setText("40nm")
    measure.voxels.apply()
    here = exported(measure, wait, folder / "two")
    words, there = copied(measure, wait, folder / "other")
    assert words[3:] == ["--recipe", "sem", "--voxel-size", "0.04,0.04,0.04um", "--out", str(there)]
    same(here, there, "cell_truth")


def test_labels_that_were_made_here_are_those_of_micro_run(viewer, measure, wait, section, folder):
    viewer.open(str(section), plugin="napari-micro-ssb")
    _, segment = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
    segment.recipes.setCurrentText("sem")
    segment.run_button.click()
    wait(segment)
    measure.labels.setCurrentText("cell phases")
    assert measure.recipe_label.text().endswith("it made these labels")
    here = exported(measure, wait, folder / "panel")
    words, there = copied(measure, wait, folder / "beside")
    assert words[:4] == ["micro", "run", "sem", str(section)]
    same(here, there, "cell")
    measure.normals.setCurrentText("none")
    measure.measure_button.click()
    wait(measure)
    assert "lie in memory only" in refused(measure, wait, folder)


def test_what_no_file_holds_has_no_command(viewer, measure, wait, result, folder):
    measure.command_button.click()
    assert measure.message.text() == "nothing was measured yet; press Measure first"
    shutil.copytree(result / "cell", folder / "cell")
    open_in(viewer, folder / "cell")
    measure.labels.setCurrentText("cell phases")
    viewer.layers["cell phases"].data[40:50, 60:80] = 1
    measure.measure_button.click()
    wait(measure)
    assert "painted on, so that no file holds it" in refused(measure, wait, folder)
    viewer.add_labels(np.kron(np.array([[3, 2]], np.uint8), np.ones((40, 40), np.uint8)), name="two", units=("um",) * 2)
    measure.labels.setCurrentText("two")
    measure.measure_button.click()
    wait(measure)
    assert "in memory only" in refused(measure, wait, folder)


def test_files_of_another_command_are_not_replaced(viewer, measure, wait, own, folder):
    open_in(viewer, own)
    measure.labels.setCurrentText("cell 3 phases")
    measure.measure_button.click()
    wait(measure)
    (folder / "recipe.toml").write_text("mine", encoding="utf-8")
    (folder / "samples.csv").unlink()
    assert "is there already, and says something else" in refused(measure, wait, folder)
    assert (folder / "recipe.toml").read_text(encoding="utf-8") == "mine"


def test_the_labels_are_looked_at_once_for_a_command(viewer, measure, wait, result, monkeypatch):
    from qtpy.QtWidgets import QApplication

    from napari_micro_ssb import _measure

    open_in(viewer, result)
    measure.labels.setCurrentText("cell phases")
    measure.measure_button.click()
    wait(measure)
    looked, look = [], _measure.require_current
    monkeypatch.setattr(_measure, "require_current", lambda *what: (looked.append(what), look(*what)))
    monkeypatch.setattr(_measure.QFileDialog, "getExistingDirectory", lambda *_: str(result))
    monkeypatch.setattr(_measure, "save_files", lambda *_: None)
    measure.command_button.click()
    wait(measure)
    wait(measure)
    assert measure.message.text().startswith("copied"), measure.message.text()
    assert QApplication.clipboard().text().startswith("micro ")
    assert len(looked) == 1
