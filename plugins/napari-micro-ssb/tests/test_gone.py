"""Files and folders that go while they are shown: a line in the panel, and nothing is lost."""

import shutil

import numpy as np
import pytest

from micro.io import write_ome_zarr, write_tiff
from micro.model import Labels, Spacing, Volume
from micro_pipelines.review_marks import REVIEW_CSV
from napari_micro_ssb._view import open_in

SPACING = Spacing(0.1, 0.1, 0.1)
GREY = np.full((40, 60, 80), 90, np.uint8)
PARTS = GREY // 45


@pytest.fixture
def told(viewer, monkeypatch):
    """What napari would show, errors as a dialog with their traceback."""
    from napari.utils.notifications import notification_manager

    found = []
    monkeypatch.setattr(notification_manager, "receive_error", lambda *error: found.append(error))
    notification_manager.notification_ready.connect(found.append)
    yield found
    notification_manager.notification_ready.disconnect(found.append)


@pytest.fixture
def read_by_slices(monkeypatch):
    monkeypatch.setattr("napari_micro_ssb._lazy.IN_MEMORY_VOXELS", 1000)


def docked(viewer, *names):
    return [viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)[1] for name in names]


@pytest.mark.parametrize("form", ["tif", "zarr"])
def test_scrolling_through_a_file_that_is_gone(viewer, folder, told, read_by_slices, form):
    volume = Volume(GREY, SPACING, name="cell")
    if form == "tif":
        path = write_tiff(folder / "cell.tif", volume)
    else:
        path = write_ome_zarr(folder / "cell.ome.zarr", volume, Labels(PARTS, SPACING))
    viewer.open(str(path), plugin="napari-micro-ssb")
    panels = docked(viewer, "Segment", "Review")
    path.rename(folder / "aside")
    viewer.dims.set_current_step(0, 7)
    for panel in panels:
        assert "can't be read and is shown empty" in panel.message.text()
        assert "no such file" in panel.message.text()
    assert told == []
    (folder / "aside").rename(path)
    viewer.dims.set_current_step(0, 9)
    assert viewer.layers["cell"]._slice.image.raw.max() == 90


def test_without_a_panel_napari_tells_it_in_a_line(viewer, folder, told, read_by_slices, monkeypatch):
    monkeypatch.setattr("napari_micro_ssb._lost._FOLLOWERS", [])
    path = write_tiff(folder / "cell.tif", Volume(GREY, SPACING, name="cell"))
    viewer.open(str(path), plugin="napari-micro-ssb")
    path.unlink()
    viewer.dims.set_current_step(0, 7)
    assert told
    assert all(one.severity.value == "warning" for one in told)
    assert "can't be read" in told[0].message


def test_computing_with_a_file_that_is_gone_is_an_error_and_no_empty_picture(viewer, wait, folder, read_by_slices):
    path = write_ome_zarr(folder / "cell.ome.zarr", Volume(GREY, SPACING), Labels(PARTS, SPACING))
    viewer.open(str(path), plugin="napari-micro-ssb")
    segment, measure = docked(viewer, "Segment", "Measure")
    shutil.rmtree(path)
    segment.preview_button.click()
    wait(segment)
    assert "no such file" in segment.message.text()
    measure.labels.setCurrentText("cell phases")
    measure.measure_button.click()
    wait(measure)
    assert "no such file" in measure.message.text()
    assert measure.measured is None


def test_corrected_labels_whose_file_is_gone(viewer, folder, told):
    path = write_ome_zarr(folder / "cell.ome.zarr", None, Labels(PARTS, SPACING))
    viewer.open(str(path), plugin="napari-micro-ssb")
    (correct,) = docked(viewer, "Correct")
    correct.begin()
    correct.layer.data[3, 10:20, 10:20] = 1
    path.rename(folder / "aside")
    viewer.dims.set_current_step(0, 30)
    assert "can't be read and is shown empty" in correct.message.text()
    assert told == []
    (folder / "aside").rename(path)
    correct.close_correction()
    correct.begin()
    assert "1 edit of earlier sessions" in correct.message.text()
    correct.close_correction()


def test_a_run_whose_folder_is_gone_is_neither_marked_nor_closed(viewer, wait, finished_batch, folder):
    batch = shutil.copytree(finished_batch, folder / "Serie")
    (review,) = docked(viewer, "Review")
    review.open_folder(batch)
    wait(review)
    review.table.clicked.emit(review.table.model().index(1, 0))
    wait(review)
    shown = [layer.name for layer in viewer.layers]
    assert len(shown) == 5
    note = "gap at the left is dirt"
    review.note.setText(note)
    batch.rename(folder / "aside")
    for button in (review.check_button, review.other_button):
        button.click()
        wait(review)
        assert "the run isn't there any more" in review.message.text()
        assert review.note.text() == note
        review.say("")
    assert not batch.exists()
    review.note.clear()
    review.next_button.click()
    wait(review)
    assert "the run isn't there any more" in review.message.text()
    assert [layer.name for layer in viewer.layers] == shown
    review.reload_button.click()
    wait(review)
    assert "no such run" in review.message.text()
    assert review.current.sample == "Zelle 2"
    (folder / "aside").rename(batch)
    review.note.setText(note)
    review.check_button.click()
    wait(review)
    assert "Zelle 2: checked; 1 of 3 checked" in review.message.text()
    assert note in (batch / REVIEW_CSV).read_text(encoding="utf-8")


def test_a_result_whose_folder_is_gone_is_told_in_the_measure_panel(viewer, wait, result, folder):
    copy = shutil.copytree(result, folder / "out")
    open_in(viewer, copy)
    (measure,) = docked(viewer, "Measure")
    shutil.rmtree(copy)
    measure.labels.setCurrentText("cell phases")
    measure.measure_button.click()
    wait(measure)
    assert "run.json can't be read" in measure.message.text()
