"""The Segment panel, driven as a person does."""

import time

import numpy as np
import pytest

from micro.io import read_labels, read_volume, write_tiff
from micro.model import Spacing, Volume


@pytest.fixture
def panel(viewer, section):
    viewer.open(str(section), plugin="napari-micro-ssb")
    _, made = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
    made.recipes.setCurrentText("sem")
    return made


def test_a_knob_is_turned_and_the_image_segmented(viewer, panel, wait, result, shoot):
    assert panel.form.overrides() == ()
    panel.run_button.click()
    wait(panel)
    labels = viewer.layers["cell phases"]
    assert np.array_equal(labels.data, read_labels(result / "cell" / "labels.ome.zarr").data.compute()[0])
    assert "SE" in panel.message.text()
    shoot("segment")
    panel.form.widgets["segment.smoothing"].setValue(3.0)
    panel.form.widgets["cell.normal"].setCurrentText("none")
    assert set(panel.form.overrides()) == {"segment.smoothing=3.0", "cell.normal=none"}
    panel.run_button.click()
    wait(panel)
    assert len(viewer.layers) == 3
    assert not np.array_equal(viewer.layers[-1].data, labels.data)


def test_the_slice_that_is_looked_at_is_previewed(viewer, wait, folder):
    rng = np.random.default_rng(1)
    grey = np.full((6, 60, 64), 40.0)
    grey[:, 20:], grey[:, 40:] = 120, 200
    noisy = np.clip(grey + rng.normal(0, 8, grey.shape), 0, 255).astype(np.uint8)
    path = write_tiff(folder / "stack.tif", Volume(noisy, Spacing(0.2, 0.1, 0.1)))
    viewer.open(str(path), plugin="napari-micro-ssb")
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
    panel.recipes.setCurrentText("fibsem")
    viewer.dims.set_point(0, 0.8)
    panel.preview_button.click()
    wait(panel)
    shown = viewer.layers["preview"]
    assert shown.data.shape == (1, 60, 64)
    assert shown.translate[0] == pytest.approx(0.8)
    viewer.add_shapes([[[0.8, 1.0, 1.0], [0.8, 1.0, 5.0], [0.8, 5.0, 5.0], [0.8, 5.0, 1.0]]], name="box")
    panel.where.setCurrentText("box")
    panel.preview_button.click()
    wait(panel)
    shown = viewer.layers["preview"]
    assert shown.data.shape == (6, 40, 40), panel.message.text()
    assert tuple(shown.translate) == pytest.approx((0, 1.0, 1.0))
    for turn in ({"order": (1, 0, 2)}, {"ndisplay": 3}):
        viewer.dims.order, viewer.dims.ndisplay = (0, 1, 2), 2
        viewer.dims.update(turn)
        panel.preview_button.click()
        assert "turn the view back" in panel.message.text()
        assert not panel.busy


def test_a_run_is_stopped(viewer, panel, wait):
    panel.run_button.click()
    panel.stop_button.click()
    wait(panel)
    assert panel.message.text() == "stopped"
    assert len(viewer.layers) == 1
    panel.run_button.click()
    wait(panel)
    assert len(viewer.layers) == 2


def test_a_recipe_of_the_users_own(panel, folder):
    path = folder / "meine.toml"
    path.write_text("[segment]\nsmoothing = 2.5\n", encoding="utf-8")
    panel.add_recipe(path)
    assert panel.recipe().segment.smoothing == 2.5
    path.write_text("[segment]\nsmoohting = 2.5\n", encoding="utf-8")
    panel.add_recipe(path)
    assert "did you mean 'smoothing'" in panel.message.text()


def test_the_slice_is_corrected_before_anybody_paints(viewer, panel, wait):
    wait_for(lambda: "strokes show what they make of it" in panel.strokes.ready_label.text(), panel)
    told = []
    panel._bridge.progress.connect(lambda what, *_: told.append(what))
    panel.form.widgets["train.steps"].setValue(100)
    panel.strokes.new_button.click()
    strokes = viewer.layers["strokes"]
    strokes.paint((20, 100), 2)
    strokes.paint((140, 100), 3)
    panel.strokes.update_button.click()
    wait(panel)
    assert "trained" in panel.message.text()
    assert told
    assert not [what for what in told if what.startswith(("correct", "look"))]


def test_an_image_in_memory_is_corrected_once(viewer, wait, section):
    grey = read_volume(section).data[0].compute()
    viewer.add_image(grey, name="sem of mine", scale=(0.05, 0.05), units=("um", "um"))
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
    wait_for(lambda: "strokes show what they make of it" in panel.strokes.ready_label.text(), panel)
    first = panel.samples.of(panel.asked())
    assert panel.samples.of(panel.asked()) == first
    assert panel.recipes.currentText() == "sem"
    viewer.layers["sem of mine"].data = grey[::-1].copy()
    assert panel.samples.of(panel.asked()) != first


def test_strokes_train_and_say_where_to_paint_next(viewer, panel, wait, section, folder, shoot):
    tab = panel.strokes
    panel.tabs.setCurrentWidget(tab)
    tab.new_button.click()
    strokes = viewer.layers["strokes"]
    assert strokes.mode == "paint"
    truth = read_labels(section.with_name("cell_strokes.tif")).data.compute()[0]
    panel.form.widgets["train.steps"].setValue(200)
    for name, value in (("void", 1), ("SE", 2), ("Li", 3)):
        tab.phases[name].click()
        assert strokes.selected_label == value
        # what the brush does, stamp by stamp
        for y, x in np.argwhere(truth == value)[::4]:
            strokes.paint((int(y), int(x)), value)
    wait_for_timer(tab, panel, wait)
    assert "live preview" in viewer.layers
    assert "trained" in panel.message.text()
    for keys in ("Ctrl+Z", "Ctrl+Shift+Z"):  # an undone stroke counts no more
        before = tab.found
        next(step for key, step in strokes.keymap.items() if str(key) == keys)(strokes)
        wait_for(lambda old=before: tab.found is not old and not panel.busy, panel)
    tab.unsure_box.setChecked(True)
    assert viewer.layers["uncertainty"].data.shape == (160, 224)
    tab.jump_button.click()
    assert panel.message.text().startswith("least sure at x ")
    place = tab.found.place
    assert tuple(viewer.scene.camera.center[-2:]) == pytest.approx((place[1] * 0.05, place[2] * 0.05))
    shoot("strokes")
    tab.train(folder / "mine.micro")
    wait(panel)
    assert (folder / "mine.micro").is_file()
    assert tab.model() is not None
    panel.run_button.click()
    wait(panel)
    assert viewer.layers["cell phases"].metadata["micro"].job.model is not None


def test_what_was_trained_stays_on_its_image_whichever_is_chosen(viewer, panel, wait):
    tab = panel.strokes
    tab.live_box.setChecked(False)
    panel.form.widgets["train.steps"].setValue(50)
    tab.new_button.click()
    viewer.layers["strokes"].paint((20, 100), 2)
    viewer.layers["strokes"].paint((140, 100), 3)
    tab.update_button.click()
    wait(panel)
    volume = np.zeros((10, 30, 40), np.uint8)
    viewer.add_image(volume, name="other", scale=(1, 1, 1), units=("um",) * 3)
    panel.image.setCurrentText("other")
    tab.unsure_box.setChecked(True)
    shown = viewer.layers["uncertainty"]
    assert shown.data.shape == (160, 224)
    assert tuple(shown.scale) == pytest.approx((0.05, 0.05))
    tab.jump_button.click()
    assert tuple(viewer.scene.camera.center[-2:]) == pytest.approx(np.multiply(tab.found.place[1:], 0.05))
    tab.unsure_box.setChecked(False)
    viewer.layers.clear()
    tab.unsure_box.setChecked(True)
    assert "was removed; train on another one" in panel.message.text()
    assert len(viewer.layers) == 0


def test_what_is_made_of_a_crop_lies_on_the_crop(viewer, wait, section):
    grey = read_volume(section).data[0].compute()
    crop = viewer.add_image(grey, name="crop", scale=(50, 50), translate=(1e5, 5e4), units=("nm",) * 2)
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
    panel.recipes.setCurrentText("sem")
    panel.preview_button.click()
    wait(panel)
    assert tuple(viewer.layers["preview"].translate) == pytest.approx((1e5, 5e4)), panel.message.text()
    corners = [crop.data_to_world(corner) for corner in ((10, 20), (10, 80), (90, 80), (90, 20))]
    viewer.add_shapes([corners], name="box", units=("nm",) * 2)
    panel.where.setCurrentText("box")
    panel.preview_button.click()
    wait(panel)
    shown = viewer.layers["preview"]
    assert shown.data.shape == (80, 60), panel.message.text()
    assert tuple(shown.translate) == pytest.approx((1e5 + 500, 5e4 + 1000))
    panel.run_button.click()
    wait(panel)
    assert tuple(viewer.layers["crop phases"].translate) == pytest.approx((100, 50)), panel.message.text()
    panel.strokes.new_button.click()
    assert tuple(viewer.layers["strokes"].translate) == pytest.approx((1e5, 5e4))


def wait_for_timer(tab, panel, wait):
    wait_for(lambda: tab.found is not None and not panel.busy, panel)
    wait(panel)


def wait_for(done, panel):
    from qtpy.QtWidgets import QApplication

    began = time.monotonic()
    while not done():
        QApplication.processEvents()
        time.sleep(0.01)
        assert time.monotonic() - began < 60, panel.message.text()


def test_one_set_of_colours_is_seen_at_a_time(viewer, panel, wait, section):
    panel.preview_button.click()
    wait(panel)
    panel.strokes.new_button.click()
    strokes = viewer.layers["strokes"]
    strokes.data[:] = read_labels(section.with_name("cell_strokes.tif")).data[0].compute()
    panel.strokes.update_button.click()
    wait(panel)
    assert seen(viewer) == ["strokes", "live preview"]
    panel.preview_button.click()
    wait(panel)
    assert seen(viewer) == ["strokes", "preview"]
    panel.run_button.click()
    wait(panel)
    assert seen(viewer) == ["strokes", "cell phases"]
    panel.strokes.update_button.click()
    wait(panel)
    assert seen(viewer) == ["strokes", "live preview"]


def seen(viewer):
    return sorted((one.name for one in viewer.layers if one.visible and one.name != "cell"), key="strokes".__ne__)
