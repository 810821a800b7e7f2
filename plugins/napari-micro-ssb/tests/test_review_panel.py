"""The Review panel, driven as a person does: a batch sample by sample."""

import shutil

import numpy as np
import pytest

from micro_pipelines import read_queue
from micro_pipelines.review_marks import REVIEW_CSV, Mark, add_mark, read_marks


@pytest.fixture
def batch(finished_batch, folder):
    return shutil.copytree(finished_batch, folder / "Serie")


@pytest.fixture
def panel(viewer, wait, batch):
    _, made = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Review")
    made.open_folder(batch)
    wait(made)
    made.name.setText("Ada")
    return made


def queue(panel):
    return list(panel.table.table["sample"])


def test_a_batch_is_reviewed_sample_by_sample(viewer, panel, wait, batch, shoot):
    assert queue(panel) == ["kaputt", "Zelle 2", "Zelle 10"]
    assert panel.progress.text() == "0 of 3 checked"
    panel.next_button.click()
    wait(panel)
    assert panel.current.sample == "kaputt"
    assert "it failed, and there is nothing to show" in panel.message.text()
    assert "named as a TIFF but not one" in panel.details.text()
    panel.note.setText("the export broke; scan again")
    panel.check_button.click()
    wait(panel)
    assert panel.message.text() == "kaputt: checked; 1 of 3 checked"

    panel.next_button.click()
    wait(panel)
    assert [layer.name for layer in viewer.layers][:2] == ["Zelle 2", "Zelle 2 phases"]
    assert len(viewer.layers) == 5
    panel.check_button.click()
    wait(panel)
    panel.next_button.click()
    wait(panel)
    assert [layer.name for layer in viewer.layers][:2] == ["Zelle 10", "Zelle 10 phases"]
    assert len(viewer.layers) == 5
    panel.note.setText("gap at the left is dirt")
    panel.table.clicked.emit(panel.table.model().index(2, 0))
    assert panel.message.text() == "the note on Zelle 10 is not saved yet; save it, or empty the field"
    panel.other_button.click()
    wait(panel)
    assert "noted; 2 of 3 checked" in panel.message.text()
    shoot("review")
    panel.check_button.click()
    wait(panel)
    panel.next_button.click()
    wait(panel)
    assert panel.message.text() == "all 3 samples are checked"
    marks = read_marks(batch)
    assert [(mark.sample, mark.checked, mark.by) for mark in marks] == [
        ("kaputt", True, "Ada"),
        ("Zelle 2", True, "Ada"),
        ("Zelle 10", False, "Ada"),
        ("Zelle 10", True, "Ada"),
    ]
    assert marks[-1].note == "gap at the left is dirt"
    assert all(item.checked for item in read_queue(batch))


def test_a_click_opens_a_sample_and_its_tables(viewer, panel, wait):
    panel.table.clicked.emit(panel.table.model().index(2, 0))
    wait(panel)
    assert panel.current.sample == "Zelle 10"
    docks = viewer.window._qt_window.findChildren(type(panel).__mro__[2])
    (measure,) = [one for one in docks if type(one).__name__ == "MeasurePanel"]
    assert "Zelle 10" in measure.message.text()
    panel.next_button.click()
    wait(panel)
    panel.next_button.click()
    wait(panel)
    # one that was passed over comes again after all others
    assert panel.current.sample == "Zelle 2"
    assert "Zelle 2" in measure.message.text()


def test_two_people_see_each_other(viewer, panel, wait, batch):
    panel.table.clicked.emit(panel.table.model().index(1, 0))
    wait(panel)
    add_mark(batch, Mark("Zelle 10", False, "Bo", "2026-01-01T10:00:00Z", "too dark"))
    panel.check_button.click()
    wait(panel)
    assert dict(zip(queue(panel), panel.table.table["review"], strict=True)) == {
        "kaputt": "to do",
        "Zelle 10": "to do, note of Bo",
        "Zelle 2": "checked, Ada",
    }
    panel.other_button.click()
    wait(panel)
    assert panel.current.mark.checked is False
    assert panel.progress.text() == "0 of 3 checked"


def test_what_is_corrected_while_looking_counts_as_seen(viewer, panel, wait, batch):
    panel.table.clicked.emit(panel.table.model().index(1, 0))
    wait(panel)
    _, correct = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")
    correct.labels.setCurrentText("Zelle 2 phases")
    correct.begin()
    correct.layer.data[40:50, 40:50] = 1
    panel.check_button.click()
    wait(panel)
    assert "1 edit by hand" in panel.details.text()
    assert panel.current.checked
    correct.layer.data.stroke = None
    correct.layer.data[60:70, 40:50] = 1
    panel.reload_button.click()
    wait(panel)
    assert panel.current.changed
    assert "the labels have changed since" in panel.details.text()
    panel.next_button.click()
    wait(panel)
    # the corrections were closed with their sample, and are on the disk
    assert correct.correction is None
    assert not [layer for layer in viewer.layers if layer.name.startswith("Zelle 2 ")]
    assert {item.sample: item.edits for item in read_queue(batch)}["Zelle 2"] == 2


def test_next_sees_what_was_corrected_after_the_mark(viewer, panel, wait):
    for row in (0, 1, 2):
        panel.open_item(
            panel.items[[item.sample for item in panel.items].index(["kaputt", "Zelle 2", "Zelle 10"][row])]
        )
        wait(panel)
        panel.check_button.click()
        wait(panel)
    assert panel.progress.text() == "3 of 3 checked"
    _, correct = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")
    correct.labels.setCurrentText("Zelle 10 phases")
    correct.begin()
    correct.layer.data[40:50, 40:50] = 1
    panel.next_button.click()
    wait(panel)
    assert panel.message.text() == "no other sample is left to check"
    assert panel.current.changed
    assert queue(panel)[0] == "Zelle 10"
    assert panel.progress.text() == "2 of 3 checked"
    # another one is left; this one is found by looking through all of them
    panel.open_item(panel.items[1])
    wait(panel)
    assert panel.current.sample == "kaputt"
    panel.next_button.click()
    wait(panel)
    assert panel.current.sample == "Zelle 10"


def test_a_note_that_is_not_saved_is_never_thrown_away(viewer, panel, wait, batch, folder):
    panel.table.clicked.emit(panel.table.model().index(1, 0))
    wait(panel)
    other = shutil.copytree(batch, folder / "Andere")
    panel.note.setText("dirt at the left")
    panel.reload_button.click()
    wait(panel)
    assert panel.note.text() == "dirt at the left"
    assert "3 samples" in panel.message.text()
    refusal = "the note on Zelle 2 is not saved yet; save it, or empty the field"
    for go in (lambda: panel.open_folder(other), panel.next_button.click):
        panel.say("")
        go()
        wait(panel)
        assert panel.message.text() == refusal
        assert (panel.folder, panel.note.text()) == (batch, "dirt at the left")
    # written while the other folder, or another sample, is read
    for go in (lambda: panel.open_folder(other), panel.next_button.click):
        panel.note.clear()
        go()
        panel.note.setText("dirt at the right")
        wait(panel)
        assert panel.message.text() == refusal
        assert (panel.folder, panel.current.sample, panel.note.text()) == (batch, "Zelle 2", "dirt at the right")
    panel.other_button.click()
    wait(panel)
    panel.open_folder(other)
    wait(panel)
    assert panel.folder == other
    assert panel.note.text() == ""


def test_labels_painted_with_the_brush_of_napari_are_not_thrown_away(viewer, panel, wait):
    panel.table.clicked.emit(panel.table.model().index(1, 0))
    wait(panel)
    viewer.layers["Zelle 2 phases"].paint((40, 60), 1)
    panel.next_button.click()
    wait(panel)
    assert "are stored nowhere" in panel.message.text()
    assert panel.current.sample == "Zelle 2"
    viewer.layers.remove("Zelle 2 phases")
    panel.next_button.click()
    wait(panel)
    assert panel.current.sample != "Zelle 2"


def test_bad_states_are_told_in_the_panel(viewer, wait, batch, folder):
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Review")
    panel.next_button.click()
    assert panel.message.text() == "no folder yet; choose the --out of a run"
    panel.reload_button.click()
    assert panel.message.text() == "no folder yet; choose the --out of a run"
    panel.open_folder(folder / "nirgends")
    wait(panel)
    assert "no such run" in panel.message.text()
    panel.open_folder(batch / "Zelle 2")
    wait(panel)
    assert "one sample of a run" in panel.message.text()
    panel.open_folder(batch)
    wait(panel)
    assert not panel.check_button.isEnabled()
    panel.check()
    assert panel.message.text() == "no sample is open; press Next, or choose one in the table"
    panel.table.clicked.emit(panel.table.model().index(1, 0))
    wait(panel)
    panel.note_only()
    assert "the note is empty" in panel.message.text()
    (batch / REVIEW_CSV).mkdir()
    panel.check()
    wait(panel)
    assert REVIEW_CSV in panel.message.text()
    assert not panel.current.checked
    shutil.rmtree(batch)
    panel.next_button.click()
    wait(panel)
    assert panel.message.text()
    assert "unexpected" not in panel.message.text()


def test_the_run_of_what_is_open_already_is_taken(viewer, wait, batch):
    viewer.open(str(batch / "Zelle 10"), plugin="napari-micro-ssb")
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Review")
    wait(panel)
    assert panel.folder == batch
    panel.table.clicked.emit(panel.table.model().index(1, 0))
    wait(panel)
    assert [layer.name for layer in viewer.layers][:2] == ["Zelle 2", "Zelle 2 phases"]
    assert len(viewer.layers) == 5
    assert np.asarray(viewer.layers["Zelle 2 phases"].data).any()
