"""The Correct panel in a real viewer: paint with the mouse, undo, be killed, and find everything again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from micro.correct import CorrectedArray, Correction, corrected_path, corrections_folder
from micro.io import read_labels, write_ome_zarr
from micro.model import Labels, Spacing, Volume

pytest.importorskip("napari")
pytest.importorskip("qtpy")

SPACING = Spacing(0.1, 0.05, 0.05)
SHAPE = (20, 120, 160)


def process_events(rounds: int = 20) -> None:
    from qtpy.QtWidgets import QApplication

    for _ in range(rounds):
        QApplication.processEvents()
        time.sleep(0.005)


def wait(panel, seconds=60):
    began = time.monotonic()
    while panel.busy:
        assert time.monotonic() - began < seconds, panel.message.text()
        process_events(2)
    process_events(3)


def cell():
    labels = np.full(SHAPE, 2, np.uint8)
    labels[:, 80:] = 3
    labels[4:15, 20:40, 100:104] = 5
    labels[:, 50:60, 50:60] = 1
    return labels


@pytest.fixture
def path(tmp_path):
    """A result as a run writes it."""
    grey = (60 * cell() + np.random.default_rng(1).integers(0, 20, SHAPE)).astype(np.uint8)
    target = tmp_path / "Zelle für Übung" / "labels.ome.zarr"
    return write_ome_zarr(target, Volume(grey, SPACING), Labels(cell(), SPACING))


def opened(viewer, path):
    """The result in the viewer with the panel beside it."""
    from napari_micro_ssb._correct import CorrectPanel

    viewer.open(str(path), plugin="napari-micro-ssb")
    panel = CorrectPanel(viewer)
    viewer.window.add_dock_widget(panel, name="Correct", area="right")
    process_events()
    return panel


@pytest.fixture
def panel(viewer, path):
    made = opened(viewer, path)
    made.begin()
    viewer.dims.set_point(0, 10 * SPACING.z)
    process_events()
    assert made.correction is not None, made.message.text()
    yield made
    made.close_correction()


def on_screen(viewer, layer, voxel):
    """Where a voxel lies on the canvas, in pixels of the widget."""
    from qtpy.QtCore import QPoint

    world = layer.data_to_world(voxel)[-2:]
    canvas = viewer.window._qt_viewer.canvas
    height, width = canvas.native.height(), canvas.native.width()
    camera = getattr(viewer, "scene", viewer).camera  # since napari 0.9 the viewer's own is deprecated
    centre, zoom = camera.center[-2:], camera.zoom
    y, x = ((at - middle) * zoom for at, middle in zip(world, centre, strict=True))
    return QPoint(round(width / 2 + x), round(height / 2 + y))


def drag(viewer, layer, voxels):
    """Press, move and release the left button of the mouse."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    native = viewer.window._qt_viewer.canvas.native
    places = [on_screen(viewer, layer, voxel) for voxel in voxels]
    QTest.mouseMove(native, places[0])
    process_events(2)
    QTest.mousePress(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[0])
    process_events(2)
    for place in places[1:]:
        move(native, place)
        process_events(2)
    QTest.mouseRelease(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[-1])
    process_events(4)


def move(native, place):
    """Move the mouse with the left button held, which QTest.mouseMove does not know of."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    where = QPointF(place)
    QApplication.sendEvent(
        native, QMouseEvent(QEvent.Type.MouseMove, where, QPointF(native.mapToGlobal(place)), left, left, none)
    )


def now(panel):
    return np.asarray(CorrectedArray(panel.correction))


def test_a_stroke_of_the_mouse_is_one_edit_and_is_undone(viewer, panel):
    panel.form.choose_phase(3)  # dendrite
    panel.form.choose_tool("Brush")
    panel.form.brush_um.setValue(0.3)
    drag(viewer, panel.layer, [(10, 30, 30), (10, 34, 60), (10, 30, 90)])
    after = now(panel)
    assert len(panel.correction.log.active) == 1, panel.message.text()
    changed = after != cell()
    assert set(np.unique(after[changed])) == {4}
    assert np.flatnonzero(changed.any(axis=(1, 2))).tolist() == [10]
    columns = np.flatnonzero(changed.any(axis=(0, 1)))
    # the mouse is on whole pixels of the screen: to half of one, which is less than a voxel here
    assert abs(columns.min() - 27) <= 1
    assert abs(columns.max() - 93) <= 1
    assert np.array_equal(np.asarray(panel.layer.data)[10], after[10])
    assert "paint" in panel.message.text()
    panel.form.undo.click()
    assert np.array_equal(now(panel), cell())
    panel.form.redo.click()
    assert np.array_equal(now(panel), after)


def test_what_is_shown_is_what_is_corrected_and_is_read_by_slice(viewer, panel):
    panel.form.choose_phase(0)
    panel.form.choose_tool("Brush")
    drag(viewer, panel.layer, [(10, 30, 30)])
    shown = panel.layer._slice.image.raw
    assert np.array_equal(shown, now(panel)[10])
    reads = []
    real = panel.correction.read
    panel.correction.read = lambda region: reads.append(region) or real(region)
    viewer.dims.set_point(0, 3 * SPACING.z)
    process_events()
    assert reads
    assert all(region[0] == slice(3, 4) for region in reads)


def test_only_where_a_phase_is_and_keys_and_ball(viewer, panel):
    form = panel.form
    form.only.setCurrentText("only where SE")
    form.choose_tool("Brush")
    form.solid.setChecked(True)
    form.brush_um.setValue(0.62)
    viewer.layers.selection.active = panel.layer
    press(viewer, "4")
    assert form.phase.name == "dendrite"
    drag(viewer, panel.layer, [(10, 80, 30)])
    after, before = now(panel), cell()
    assert set(np.unique(before[after != before])) == {2}
    # a radius of 0.31 um is three slices of 0.1 um
    assert np.flatnonzero((after != before).any(axis=(1, 2))).tolist() == list(range(7, 14))


def press(viewer, key, modifier=None):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    modifiers = modifier or Qt.KeyboardModifier.NoModifier
    QTest.keyClick(viewer.window._qt_viewer.canvas.native, key, modifiers)
    process_events(4)


def test_fill_and_relabel_by_a_click_and_undo_by_the_keyboard(viewer, panel):
    from qtpy.QtCore import Qt

    panel.form.choose_phase(0)
    panel.form.choose_tool("Relabel object")
    drag(viewer, panel.layer, [(10, 30, 101)])
    wait(panel)
    assert not (now(panel) == 5).any()
    assert "880 voxels, crack to void" in panel.message.text()
    panel.form.choose_phase(4)
    panel.form.choose_tool("Fill")
    drag(viewer, panel.layer, [(10, 55, 55)])
    assert int((now(panel) == 5).sum()) == 100
    viewer.layers.selection.active = panel.layer
    press(viewer, "z", Qt.KeyboardModifier.ControlModifier)
    press(viewer, "z", Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(now(panel), cell())


def test_interpolation_between_the_two_slices_drawn_last(viewer, panel):
    panel.form.choose_phase(3)
    panel.form.choose_tool("Brush")
    panel.form.brush_um.setValue(0.5)
    for z, x in ((6, 30), (12, 50)):
        viewer.dims.set_point(0, z * SPACING.z)
        process_events(3)
        drag(viewer, panel.layer, [(z, 30, x)])
    panel.form.interpolate.click()
    wait(panel)
    after = now(panel) == 4
    assert np.flatnonzero(after.any(axis=(1, 2))).tolist() == list(range(6, 13))
    assert abs(np.argwhere(after[9])[:, 1].mean() - 40) < 1


def test_smooth_and_holes_in_a_box_drawn_with_the_mouse(viewer, panel):
    panel.form.choose_phase(1)  # SE: the void in it is a hole in the slice
    panel.form.choose_tool("Select box")
    drag(viewer, panel.layer, [(10, 40, 40), (10, 70, 70)])
    panel.form.holes.click()
    wait(panel)
    after = now(panel)
    assert (after[10, 50:60, 50:60] == 2).all()
    assert int((after != cell()).sum()) == 100
    panel.form.choose_phase(2)
    panel.form.smooth_um.setValue(0.2)
    panel.form.choose_tool("Select box")
    drag(viewer, panel.layer, [(10, 70, 1), (10, 90, 1)])
    panel.form.smooth.click()
    wait(panel)
    # the face of Li is flat: nothing is to be smoothed there
    assert "nothing changes" in panel.message.text()


def test_the_brush_of_napari_itself_goes_to_the_journal_too(viewer, panel):
    panel.form.choose_tool("Look")
    panel.layer.mode = "paint"
    panel.layer.selected_label = 6
    panel.layer.brush_size = 7
    drag(viewer, panel.layer, [(10, 30, 30), (10, 30, 60)])
    drag(viewer, panel.layer, [(10, 40, 30), (10, 40, 60)])
    log = panel.correction.log
    assert [edit.tool for edit in log.active] == ["napari", "napari"]
    assert int((now(panel) == 6).sum()) == sum(edit.voxels for edit in log.active) > 300
    assert panel.state.text().startswith("2 edits")
    assert panel.message.text().startswith("napari: ")
    assert panel.form.undo.isEnabled()


def test_the_next_opening_goes_on_and_the_written_labels_are_those_shown(viewer, panel, path):
    panel.form.choose_phase(0)
    panel.form.choose_tool("Brush")
    drag(viewer, panel.layer, [(10, 30, 30), (10, 30, 60)])
    after = now(panel)
    panel.write()
    wait(panel)
    assert "labels_corrected.ome.zarr" in panel.message.text()
    assert np.array_equal(read_labels(corrected_path(path)).data.compute(), after)
    panel.close_correction()
    assert "1 edit by hand beside these labels" in panel.state.text()
    assert panel.begin_button.text() == "Go on correcting"
    panel.begin()
    assert np.array_equal(now(panel), after)
    panel.undo()
    assert np.array_equal(now(panel), cell())
    panel.set_aside()
    assert "labels.ome.zarr.corrections.1" in panel.message.text()
    assert "labels_corrected.ome.zarr still holds them" in panel.message.text()
    panel.begin()
    assert panel.correction.log.edits == []


def test_nothing_is_edited_while_the_corrected_labels_are_written(viewer, panel, path):
    panel.form.choose_phase(0)
    panel.form.choose_tool("Brush")
    drag(viewer, panel.layer, [(10, 30, 30), (10, 30, 60)])
    after = now(panel)
    panel.write()
    for act in (panel.undo, panel.redo):
        act()
        assert panel.message.text() == "something is still being done; stop it, or wait"
    panel.layer.mode = "paint"
    assert panel.layer.mode == "pan_zoom"  # napari's brush is off
    wait(panel)
    assert "written: labels_corrected.ome.zarr" in panel.message.text()
    assert np.array_equal(read_labels(corrected_path(path)).data.compute(), after)
    assert len(panel.correction.log.active) == 1
    drag(viewer, panel.layer, [(10, 60, 30), (10, 60, 60)])
    assert len(panel.correction.log.active) == 2
    panel.layer.mode = "paint"
    assert panel.layer.mode == "paint"


def test_labels_too_large_for_memory_are_painted_on_through_the_journal_only(viewer, tmp_path, monkeypatch):
    """One level, read slice by slice: napari's brush, which would write into the array, is off."""
    monkeypatch.setattr("napari_micro_ssb._lazy.IN_MEMORY_VOXELS", 1000)
    # as in a file of another program, which has no coarser levels
    monkeypatch.setattr("napari_micro_ssb._reader.read_coarser", lambda *_, **__: ())
    path = write_ome_zarr(tmp_path / "groß.ome.zarr", None, Labels(cell(), SPACING))
    panel = opened(viewer, path)
    shown = viewer.layers["groß phases"]
    assert not shown.editable
    shown.mode = "paint"
    assert shown.mode == "pan_zoom"
    panel.begin()
    viewer.dims.set_point(0, 10 * SPACING.z)
    panel.form.choose_phase(3)
    panel.form.choose_tool("Brush")
    process_events()
    drag(viewer, panel.layer, [(10, 30, 30), (10, 30, 60)])
    assert len(panel.correction.log.active) == 1, panel.message.text()
    after = now(panel)
    assert np.array_equal(panel.layer._slice.image.raw, after[10])
    assert set(np.unique(after[after != cell()])) == {4}
    panel.close_correction()
    assert np.array_equal(read_labels(path).data.compute(), cell())


def test_labels_in_memory_are_kept_in_a_folder_and_corrected_there(viewer, wait, tmp_path):
    from napari_micro_ssb._correct import CorrectPanel

    viewer.add_labels(cell()[0], name="gemalt", scale=SPACING.um[1:], units=("um", "um"))
    panel = CorrectPanel(viewer)
    viewer.window.add_dock_widget(panel)
    assert "in memory" in panel.state.text()
    folder = tmp_path / "Größe"
    folder.mkdir()
    panel.begin(folder)
    assert not viewer.layers["gemalt"].editable  # nothing can be painted there that is not saved
    wait(panel)
    assert viewer.layers["gemalt"].editable
    assert panel.correction is not None, panel.message.text()
    panel.form.choose_phase(0)
    panel.form.choose_tool("Brush")
    drag(viewer, panel.layer, [(30, 30)])
    after = now(panel)
    assert (after[0] != cell()[0]).any()
    panel.close_correction()
    with Correction(read_labels(folder / "gemalt.ome.zarr"), folder / "gemalt.ome.zarr.corrections") as again:
        assert np.array_equal(np.asarray(CorrectedArray(again)), after)


def test_bad_states_are_told_in_the_panel(viewer, wait, path, tmp_path):
    from napari_micro_ssb._correct import CorrectPanel

    panel = CorrectPanel(viewer)
    viewer.window.add_dock_widget(panel)
    for action in (
        panel.begin,
        panel.undo,
        panel._tools.smooth,
        panel._tools.interpolate,
        panel.write,
        panel.set_aside,
    ):
        action()
        assert panel.message.text().startswith(("no labels", "no corrections"))
    viewer.add_labels(cell(), name="ohne Maß")
    panel.begin(tmp_path)
    assert "how large a voxel is isn't known" in panel.message.text()
    assert list(tmp_path.glob("ohne*")) == []
    viewer.add_labels(cell().astype(np.uint16) + 300, name="zu groß", scale=SPACING.um, units=("um",) * 3)
    panel.labels.setCurrentText("zu groß")
    panel.begin(tmp_path)
    wait(panel)
    assert "expected phases from 0 to 255" in panel.message.text()


def test_labels_that_are_open_elsewhere_or_turned_to_3d_are_told(viewer, path):
    panel = opened(viewer, path)
    with Correction(read_labels(path), corrections_folder(path)):
        panel.begin()
        assert "open elsewhere" in panel.message.text()
        assert panel.correction is None
    panel.begin()
    panel.form.choose_tool("Brush")
    viewer.dims.ndisplay = 3
    process_events(5)
    drag(viewer, panel.layer, [(10, 30, 30)])
    assert "switch the viewer back to 2-D" in panel.message.text()
    assert panel.correction.records == 0
    viewer.layers.remove(panel.layer)
    assert panel.correction is None
    Correction(read_labels(path), corrections_folder(path)).close()


def test_a_dock_that_was_closed_and_opened_again_goes_on(viewer, path):
    from napari_micro_ssb._correct import CorrectPanel

    first = opened(viewer, path)
    first.begin()
    first.form.choose_tool("Brush")
    drag(viewer, first.layer, [(0, 30, 30)])
    viewer.window.remove_dock_widget(first)
    process_events()
    again = CorrectPanel(viewer)
    viewer.window.add_dock_widget(again)
    again.begin()
    assert again.correction is not None, again.message.text()
    assert len(again.correction.log.active) == 1
    again.close_correction()


def test_a_picture_of_the_panel_shows_the_labels(viewer, tmp_path):
    from micro.phantoms import make_phantom

    phantom = make_phantom("fibsem", seed=3, shape=(24, 160, 224))
    path = write_ome_zarr(tmp_path / "cell" / "labels.ome.zarr", phantom.volume, phantom.truth)
    panel = opened(viewer, path)
    panel.begin()
    form, layer = panel.form, panel.layer
    viewer.dims.set_point(0, 12 * phantom.truth.spacing.z)
    form.choose_phase(3)
    form.only.setCurrentText("only where SE")
    form.choose_tool("Brush")
    form.brush_um.setValue(14 * phantom.truth.spacing.x)
    process_events()
    before = screenshot(viewer)
    drag(viewer, layer, [(12, 70, 60), (12, 80, 100), (12, 70, 140)])
    after = screenshot(viewer)
    # the stroke has the colour of the dendrite, blended: it is there to be seen
    assert (np.abs(after.astype(int) - before).sum(axis=-1) > 60).sum() > 2000
    panel.close_correction()


def screenshot(viewer):
    """A picture of the window, kept where MICRO_SCREENSHOTS says."""
    process_events(25)
    picture = np.asarray(viewer.screenshot(canvas_only=False, flash=False))[..., :3]
    assert picture.std() > 5
    kept = os.environ.get("MICRO_SCREENSHOTS")
    if kept:
        from PIL import Image

        Image.fromarray(picture).save(Path(kept) / "correct_panel.png", optimize=True)
    return picture


VICTIM = """
import sys
from pathlib import Path
import test_correct as t
import napari

path = Path(sys.argv[1])
viewer = napari.Viewer(show=True)
viewer.window.resize(1500, 900)
panel = t.opened(viewer, path)
panel.begin()
viewer.dims.set_point(0, 10 * t.SPACING.z)
panel.form.choose_phase(3)
panel.form.choose_tool("Brush")
t.process_events()
for row in range(10, 80, 5):
    t.drag(viewer, panel.layer, [(10, row, 20), (10, row, 140)])
    print(len(panel.correction.log.active), flush=True)
"""


def test_a_viewer_that_is_killed_has_lost_nothing_but_the_stroke_under_way(viewer, path, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    strokes = [process.stdout.readline() for _ in range(3)]
    process.kill()
    rest = process.communicate(timeout=60)[0]
    said = len([line for line in [*strokes, *rest.splitlines()] if line.strip()])
    assert said >= 3
    panel = opened(viewer, path)
    assert "edits by hand beside these labels" in panel.state.text()
    panel.begin()
    assert "recovered" in panel.message.text()
    log = panel.correction.log
    assert said <= len(log.active) <= said + 1
    # What is shown is what the journal says, replayed by other means.
    reference = cell()
    for edit in log.active:
        for record in edit.records:
            for change in panel.correction._journal.changes(record):
                reference[change.region][change.mask] = change.after
    assert np.array_equal(now(panel), reference)
    assert set(np.unique(reference[reference != cell()])) == {4}
    panel.close_correction()
