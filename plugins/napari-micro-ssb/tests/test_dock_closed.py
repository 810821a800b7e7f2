"""A dock that is closed by its x while the window stays: what its panel does ends, and nothing new begins."""

import time

import numpy as np
import pytest

from micro.correct import Correction, corrections_folder
from micro.io import read_labels, write_ome_zarr
from micro.model import Labels, Spacing
from napari_micro_ssb._work import Stopped

GIVE_UP_S = 60


def turn_until(found):
    from qtpy.QtWidgets import QApplication

    began = time.monotonic()
    while not found() and time.monotonic() - began < GIVE_UP_S:
        QApplication.processEvents()
        time.sleep(0.005)
    assert found()


def docked(viewer, name):
    return viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)


def close_by_x(dock):
    dock.title.close_button.click()


@pytest.mark.parametrize("name", ["Segment", "Measure", "Correct", "Review"])
def test_what_a_panel_does_ends(viewer, name):
    dock, panel = docked(viewer, name)
    told, shown = [], []

    def work(watcher):
        began = time.monotonic()
        try:
            while time.monotonic() - began < GIVE_UP_S:
                watcher.blocks("counting", 1, 2)
                told.append("block")
                time.sleep(0.01)
        except Stopped:
            told.append("stopped")
            raise

    panel.start(work, shown.append, "counting ...")
    turn_until(lambda: len(told) > 3)
    close_by_x(dock)
    turn_until(lambda: told[-1] == "stopped")
    turn_until(lambda: not panel.busy)
    assert shown == []


def test_strokes_start_no_training_any_more_but_are_kept(viewer, section, wait):
    viewer.open(str(section), plugin="napari-micro-ssb")
    dock, panel = docked(viewer, "Segment")
    panel.recipes.setCurrentText("sem")
    tab = panel.strokes
    tab.new_strokes()
    strokes = tab.layer()
    tab.prepare()
    assert tab.preparation.busy
    close_by_x(dock)
    assert not tab.preparation.busy
    started = []
    panel.start = lambda *_, **__: started.append("training")
    strokes.paint((20, 20), 1)
    strokes.paint((60, 60), 2)
    viewer.dims.events.current_step()
    kept = tab.kept
    turn_until(lambda: not tab._keep.isActive())
    assert not tab._timer.isActive()
    assert not tab._soon.isActive()
    assert started == []
    viewer.layers.remove(strokes)
    assert kept.newest(panel.image.layer(), viewer.layers).exists()


def test_corrections_are_closed_and_open_to_others(viewer, folder):
    labels = Labels(np.full((6, 60, 160), 2, np.uint8), Spacing(0.1, 0.05, 0.05))
    path = write_ome_zarr(folder / "labels.ome.zarr", None, labels)
    viewer.open(str(path), plugin="napari-micro-ssb")
    dock, panel = docked(viewer, "Correct")
    panel.begin()
    panel.layer.data[3, 30:40, 30:40] = 3
    close_by_x(dock)
    assert panel.correction is None
    with Correction(read_labels(path), corrections_folder(path)) as others:
        assert others.recovery.edits == 1
        assert others.recovery.replayed == 0


def test_a_panel_that_is_docked_again_works(viewer, section, wait):
    viewer.open(str(section), plugin="napari-micro-ssb")
    dock, panel = docked(viewer, "Segment")
    close_by_x(dock)
    assert panel.closed
    viewer.window.add_dock_widget(panel)
    assert not panel.closed
    found = []
    panel.start(lambda _: 7, found.append, "counting ...")
    wait(panel)
    assert found == [7]
