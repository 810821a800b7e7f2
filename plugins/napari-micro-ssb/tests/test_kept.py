"""Labels in memory that the Correct panel keeps; a folder is asked for only where it will be used."""

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

UM2 = {"scale": (0.1, 0.1), "units": ("um",) * 2}


@pytest.fixture
def panels(viewer):
    return [viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)[1] for name in ("Measure", "Correct")]


@pytest.fixture
def asked(monkeypatch, folder):
    """How often a folder was asked for; the answer is always the same one."""
    found = []

    def answer(_, title, *__):
        found.append(title)
        return str(folder)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(answer))
    return found


def two_phases():
    return np.kron(np.array([[3, 2]], np.uint8), np.ones((40, 40), np.uint8))


def compared(measure, wait, name):
    measure.say("")
    measure.labels.setCurrentText(name)
    measure.compare_button.click()
    wait(measure)
    assert "moved" in measure.message.text(), measure.message.text()
    before, after = (np.asarray(one.report.labels.data[0]) for one in (measure.before, measure.measured))
    return int((before != after).sum())


def corrected(correct, wait, name):
    correct.labels.setCurrentText(name)
    correct.begin_button.click()
    wait(correct)
    assert correct.correction is not None, correct.message.text()


@pytest.mark.parametrize("where", ["segment", "memory"])
def test_before_and_after_of_labels_in_memory_that_were_corrected(viewer, panels, wait, section, asked, where):
    measure, correct = panels
    if where == "segment":
        viewer.open(str(section), plugin="napari-micro-ssb")
        _, segment = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
        segment.recipes.setCurrentText("sem")
        segment.run_button.click()
        wait(segment)
        name = "cell phases"
    else:
        viewer.add_labels(two_phases(), name="two", **UM2)
        name = "two"
    automatic = np.array(viewer.layers[name].data)
    corrected(correct, wait, name)
    correct.layer.data[4:12, 6:20] = 1
    moved = int((np.asarray(correct.layer.data) != automatic).sum())
    for chosen in (name, f"{name} corrected"):
        assert compared(measure, wait, chosen) == moved
    correct.close_correction()
    assert compared(measure, wait, name) == moved
    corrected(correct, wait, name)
    assert "1 edit of earlier sessions" in correct.message.text()
    assert len(asked) == 1
    correct.close_correction()


def test_labels_that_can_not_be_kept_are_refused_before_a_folder_is_asked_for(viewer, panels, wait, asked):
    _, correct = panels
    wrong = {
        "negative": (two_phases().astype(np.int32) - 5, "values from -3 up to -2; expected phases from 0 to 255"),
        "large": (two_phases().astype(np.int32) + 70000, "values from 70002 up to 70003"),
    }
    for name, (values, _) in wrong.items():
        viewer.add_labels(values, name=name, **UM2)
    viewer.add_labels(np.zeros((2, 3, 20, 20), np.uint8), name="four", scale=(1,) * 4, units=("um",) * 4)
    for name, why in [*((name, why) for name, (_, why) in wrong.items()), ("four", "a layer of 4 axes")]:
        correct.labels.setCurrentText(name)
        correct.begin_button.click()
        wait(correct)
        assert f"{name}: {why}" in correct.message.text()
    assert asked == []


def test_a_command_that_there_is_not_is_refused_before_a_folder_is_asked_for(viewer, panels, wait, asked, monkeypatch):
    measure, _ = panels
    viewer.add_labels(two_phases(), name="two", **UM2)
    measure.labels.setCurrentText("two")
    measure.normals.setCurrentText("+x")
    measure.measure_button.click()
    wait(measure)
    measure.command_button.click()
    wait(measure)
    assert "lies in memory only" in measure.message.text()
    assert asked == []


def test_a_command_asks_for_the_folder_of_its_files(viewer, panels, wait, section, asked, folder, monkeypatch):
    measure, _ = panels
    viewer.open(str(section.with_name("cell_truth.tif")), plugin="napari-micro-ssb")
    measure.labels.setCurrentText("cell_truth phases")
    measure.normals.setCurrentText("none")
    measure.measure_button.click()
    wait(measure)
    measure.command_button.click()
    wait(measure)
    assert "copied, with recipe.toml saved for it" in measure.message.text()
    assert (folder / "recipe.toml").is_file()
    assert len(asked) == 1
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *_: ""))
    measure.command_button.click()
    wait(measure)
    assert measure.message.text() == "nothing was copied: this command needs a folder for its files"
