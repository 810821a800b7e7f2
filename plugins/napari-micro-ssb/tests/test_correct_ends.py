"""How corrections end: with the window, in two windows at once, and when their folder goes."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from micro.correct import Correction, corrections_folder
from micro.io import read_labels, write_ome_zarr
from micro.model import Labels, Spacing


@pytest.fixture
def path(folder):
    labels = Labels(np.full((6, 60, 160), 2, np.uint8), Spacing(0.1, 0.05, 0.05))
    return write_ome_zarr(folder / "labels.ome.zarr", None, labels)


def painting(viewer, path):
    """A panel with the labels open, after one stroke."""
    viewer.open(str(path), plugin="napari-micro-ssb")
    panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")[1]
    panel.begin()
    assert panel.correction is not None, panel.message.text()
    panel.form.choose_phase(3)
    panel.form.choose_tool("Brush")
    stroke(panel, (3, 30, 30))
    assert len(panel.correction.log.active) == 1, panel.message.text()
    return panel


def stroke(panel, voxel):
    """What napari calls from a press of the mouse to its release."""
    where = panel.layer.data_to_world(voxel)
    event = SimpleNamespace(button=1, type="mouse_press", position=where, dims_displayed=[1, 2])
    for _ in panel._hand.drag(panel.layer, event):
        event.type = "mouse_release"


CLOSED = """
import sys
import napari
from qtpy.QtCore import QTimer

viewer = napari.Viewer(show=True)
viewer.open(sys.argv[1], plugin="napari-micro-ssb")
panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")[1]
panel.begin()
panel.layer.data[3, 30:40, 30:40] = 3
assert len(panel.correction.log.active) == 1, panel.message.text()
QTimer.singleShot(100, viewer.window._qt_window.close)
napari.run()
"""


def test_the_window_is_closed_with_corrections_open(display, path, folder):
    environment = {**os.environ, "PYTHONUTF8": "1", "NAPARI_CONFIG": str(folder / "napari" / "settings.yaml")}
    done = subprocess.run(
        [sys.executable, "-c", CLOSED, str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    with Correction(read_labels(path), corrections_folder(path)) as again:
        assert again.recovery.edits == 1
        assert again.recovery.replayed == 0


def test_labels_that_are_open_in_another_window_are_refused_until_it_is_closed(viewer, path):
    import napari
    from qtpy.QtWidgets import QApplication

    first = painting(viewer, path)
    other = napari.Viewer(show=True)
    try:
        other.open(str(path), plugin="napari-micro-ssb")
        second = other.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")[1]
        second.begin()
        assert second.correction is None
        assert "open for correction in another panel; close them there first" in second.message.text()
        assert len(first.correction.log.active) == 1
        first.close_correction()
        second.begin()
        assert second.correction is not None, second.message.text()
    finally:
        other.close()
    for _ in range(20):
        QApplication.processEvents()
    # Python's object of the other panel is still there, though Qt has taken the panel away
    first.begin()
    assert first.correction is not None, first.message.text()
    assert second.correction is None
    assert len(first.correction.log.active) == 1
    first.close_correction()


def test_a_folder_that_goes_is_told_in_the_panel(viewer, path):
    panel = painting(viewer, path)
    shutil.rmtree(path.parent)
    for act in (lambda: stroke(panel, (3, 40, 30)), panel.undo):
        panel.say("")
        act()
        assert panel.message.text()
        assert "unexpected" not in panel.message.text()
    panel.close_correction()
    assert panel.correction is None
    assert panel.layer is None


def test_one_phase_is_chosen_in_the_panel_and_in_naparis_own_controls(viewer, path):
    panel = painting(viewer, path)
    assert panel.layer.selected_label == panel.form.phase.value == 4
    panel.form.choose_phase(0)
    assert panel.layer.selected_label == 1
    panel.layer.selected_label = 2
    assert panel.form.phase.name == "SE"
    panel.layer.selected_label = 99
    assert panel.form.phase.name == "SE"


def test_labels_whose_file_is_gone_are_not_taken_for_labels_in_memory(viewer, path):
    viewer.open(str(path), plugin="napari-micro-ssb")
    panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")[1]
    path.rename(path.with_name("away.ome.zarr"))
    panel.begin()
    assert "is gone; put it back" in panel.message.text()
    assert panel.correction is None


def test_a_second_write_waits_for_the_first(viewer, path, wait):
    panel = painting(viewer, path)
    panel.write()
    panel.write()
    assert "still being done" in panel.message.text()
    assert not panel.layer.editable
    wait(panel)
    assert panel.layer.editable
