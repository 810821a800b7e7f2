"""Layers that lie in memory, or whose voxels were replaced there."""

import shutil
import threading
import time

import numpy as np
import pytest

from micro.io import read_labels, read_volume
from napari_micro_ssb import _correct_source, _sample

UM2 = {"scale": (0.05, 0.05), "units": ("um",) * 2}
WRITE_S = 1.5


@pytest.fixture
def written(monkeypatch):
    """The threads that write layers, each for a while: a window that waits for them would be seen to."""
    found = []
    for module in (_sample, _correct_source):
        monkeypatch.setattr(module, "write_ome_zarr", slowly(module.write_ome_zarr, found))
    return found


def slowly(write, found):
    def run(*given):
        time.sleep(WRITE_S)
        found.append(threading.current_thread())
        return write(*given)

    return run


def docked(viewer, name):
    return viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)[1]


def until(done, seconds=60):
    from qtpy.QtWidgets import QApplication

    began = time.monotonic()
    while not done():
        QApplication.processEvents()
        time.sleep(0.01)
        assert time.monotonic() - began < seconds


def test_the_window_waits_for_no_layer_to_be_written(viewer, wait, section, folder, written):
    viewer.add_image(read_volume(section).data[0].compute(), name="sem of mine", **UM2)
    viewer.add_labels(read_labels(section.with_name("cell_truth.tif")).data[0].compute(), name="parts", **UM2)
    segment, correct = docked(viewer, "Segment"), docked(viewer, "Correct")
    segment.recipes.setCurrentText("sem")
    segment.form.widgets["train.steps"].setValue(50)
    drawn = read_labels(section.with_name("cell_strokes.tif")).data[0].compute()

    def strokes():
        segment.strokes.new_button.click()
        viewer.layers["strokes"].data[:] = drawn

    steps = (
        segment.preview_button.click,
        strokes,
        segment.strokes.prepare,
        segment.strokes.update_button.click,
        lambda: segment.strokes.train(folder / "mine.micro"),
        segment.run_button.click,
        lambda: correct.begin(folder),
    )
    for step in steps:
        segment.samples._last = None  # as if it were asked for the first time
        step()
        wait(segment)
        wait(correct)
    assert (folder / "mine.micro").is_file()
    assert correct.correction is not None, correct.message.text()
    assert len(written) >= 5
    assert threading.main_thread() not in written
    correct.close_correction()


def test_an_image_is_saved_once_for_all_that_is_asked_of_it(viewer, wait, section, written):
    viewer.add_image(read_volume(section).data[0].compute(), name="sem of mine", **UM2)
    segment = docked(viewer, "Segment")
    for button in (segment.preview_button, segment.run_button, segment.preview_button):
        button.click()
        wait(segment)
    assert len(written) == 1


@pytest.mark.parametrize("how", ["replaced", "in place"])
@pytest.mark.parametrize("where", ["file", "memory"])
def test_other_voxels_of_an_image_are_noticed(viewer, wait, section, how, where):
    grey = read_volume(section).data[0].compute()
    if where == "file":
        viewer.open(str(section), plugin="napari-micro-ssb")
    else:
        viewer.add_image(grey.copy(), name="cell", **UM2)
    segment = docked(viewer, "Segment")
    segment.recipes.setCurrentText("sem")
    segment.preview_button.click()
    wait(segment)
    before = np.array(viewer.layers["preview"].data)
    turned = grey[:, ::-1]
    if how == "replaced":
        viewer.layers["cell"].data = turned.copy()
    else:
        viewer.layers["cell"].data[:] = turned
        viewer.layers["cell"].refresh()
    segment.preview_button.click()
    wait(segment)
    after = np.array(viewer.layers["preview"].data)
    assert (after == before[:, ::-1]).mean() > (after == before).mean()
    segment.run_button.click()
    wait(segment)
    made = np.asarray(viewer.layers["cell phases"].data)
    assert (made == before[:, ::-1]).mean() > (made == before).mean()
    if where == "file":
        viewer.layers["cell"].data = grey
        assert segment.samples.of(segment.asked()).source.paths == (section,)  # it is the file again


def test_the_array_of_another_file_is_not_taken_for_that_of_the_layer(viewer, section, monkeypatch):
    monkeypatch.setattr("napari_micro_ssb._lazy.IN_MEMORY_VOXELS", 1000)
    for _ in range(2):
        viewer.open(str(section), plugin="napari-micro-ssb")
    one, two = viewer.layers
    segment = docked(viewer, "Segment")
    segment.image.setCurrentText(one.name)
    assert segment.samples.of(segment.asked()).source.paths == (section,)
    one.data = two.data
    assert segment.samples.of(segment.asked()).source.paths != (section,)


def test_a_slice_of_a_replaced_image_is_prepared_anew(viewer, section):
    viewer.open(str(section), plugin="napari-micro-ssb")
    tab = docked(viewer, "Segment").strokes
    until(lambda: "at once" in tab.ready_label.text())
    first = tab.preparation._asked
    viewer.layers["cell"].data = np.asarray(viewer.layers["cell"].data)[::-1].copy()
    until(lambda: tab.preparation._asked is not first and "at once" in tab.ready_label.text())
    assert tab.preparation._asked.data is viewer.layers["cell"].data


def test_strokes_of_one_phase_ask_for_another(viewer, section):
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment = docked(viewer, "Segment")
    segment.strokes.new_button.click()
    viewer.layers["strokes"].paint((20, 100), 2)
    until(lambda: "another phase" in segment.message.text())
    assert "live preview" not in viewer.layers


def test_what_was_painted_before_correcting_is_the_first_edit(viewer, result, folder):
    shutil.copytree(result / "cell", folder / "cell")
    viewer.open(str(folder / "cell" / "labels.ome.zarr"), plugin="napari-micro-ssb")
    labels = viewer.layers["labels phases"]
    before = np.array(labels.data)
    labels.data[40:50, 60:90] = 1
    painted = np.array(labels.data)
    moved = int((painted != before).sum())
    correct = docked(viewer, "Correct")
    correct.labels.setCurrentText("labels phases")
    correct.begin()
    assert f"{moved} voxels painted before are an edit now" in correct.message.text()
    assert np.array_equal(np.asarray(correct.layer.data), painted)
    assert np.array_equal(np.asarray(labels.data), before)
    correct.undo()
    assert np.array_equal(np.asarray(correct.layer.data), before)
    correct.close_correction()
