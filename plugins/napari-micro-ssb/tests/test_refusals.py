"""Bad states end as a line in the panel, and never as a traceback."""

import numpy as np
import pytest
import tifffile


@pytest.fixture
def segment(viewer):
    return viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")[1]


@pytest.fixture
def measure(viewer):
    return viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")[1]


def test_nothing_is_open(segment, measure, wait):
    for button in (segment.preview_button, segment.run_button, segment.strokes.new_button):
        button.click()
        assert segment.message.text().startswith("no image; open one")
        segment.say("")
    for button in (segment.strokes.update_button, segment.strokes.jump_button):
        button.click()
        assert segment.message.text()
        segment.say("")
    measure.measure_button.click()
    assert measure.message.text().startswith("no labels; open a result")
    for button in (measure.export_button, measure.parts_button):
        button.click()
        assert measure.message.text() == "nothing was measured yet; press Measure first"
        measure.say("")


def test_no_voxel_size_is_asked_for_before_anything(viewer, segment, wait, section, folder):
    path = folder / "plain.tif"
    tifffile.imwrite(path, tifffile.imread(section))
    viewer.open(str(path), plugin="napari-micro-ssb")
    assert "not known" in segment.voxels.known.text()
    for button in (segment.preview_button, segment.run_button, segment.strokes.new_button):
        button.click()
        assert "enter the voxel size" in segment.message.text()
        segment.say("")
    segment.voxels.text.setText("fifty")
    segment.voxels.button.click()
    assert "not understood" in segment.message.text()
    segment.voxels.text.setText("50nm")
    segment.voxels.button.click()
    assert "0.05 x 0.05 um" in segment.voxels.known.text()
    segment.recipes.setCurrentText("sem")
    segment.run_button.click()
    wait(segment)
    made = viewer.layers["plain phases"].metadata["micro"].job
    assert made.voxel_size.um == (0.05, 0.05, 0.05)
    assert tuple(viewer.layers["plain phases"].scale) == (0.05, 0.05)


@pytest.mark.parametrize(("scale", "axis"), [((-0.1, 0.1), "y"), ((0.1, -0.1), "x")])
def test_a_section_with_a_negative_edge_is_refused_under_its_axis(viewer, segment, wait, scale, axis):
    viewer.add_image(np.zeros((20, 30), np.uint8), name="mirrored", scale=scale, units=("um",) * 2)
    segment.run_button.click()
    wait(segment)
    assert f"voxel size along {axis} is -0.1" in segment.message.text()


def test_wrong_shapes_and_kinds(viewer, segment, measure, wait):
    viewer.add_image(np.zeros((2, 3, 20, 20), np.uint8), name="four axes", scale=(1, 1, 1, 1), units=("um",) * 4)
    segment.run_button.click()
    assert "four axes" in segment.message.text()
    viewer.layers.clear()
    viewer.add_image(np.zeros((20, 20, 3), np.uint8), rgb=True, name="colour", units=("um",) * 2)
    segment.run_button.click()
    assert "colour" in segment.message.text()
    viewer.layers.clear()
    viewer.add_image(np.zeros((30, 40), np.uint8), name="black", units=("um",) * 2)
    segment.run_button.click()
    wait(segment)
    assert "all grey values are 0" in segment.message.text()
    viewer.add_labels(np.zeros((5, 5), np.uint8), name="strokes", units=("um",) * 2)
    segment.strokes.update_button.click()
    assert "New strokes" in segment.message.text()
    viewer.add_labels(np.full((30, 40), 900, np.int32), name="ids", units=("um",) * 2)
    measure.labels.setCurrentText("ids")
    measure.measure_button.click()
    wait(measure)
    assert "values from 900 up to 900" in measure.message.text()
    viewer.add_labels(np.zeros((30, 40), np.uint8), name="empty", units=("um",) * 2)
    measure.labels.setCurrentText("empty")
    measure.measure_button.click()
    wait(measure)
    assert "every voxel is 0" in measure.message.text()


def test_a_layer_without_strokes_is_not_trained_on(viewer, segment, wait, section):
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.recipes.setCurrentText("sem")
    segment.strokes.new_button.click()
    segment.strokes.update_button.click()
    wait(segment)
    assert segment.message.text() == "no strokes to train on; paint strokes of two phases at least"


def test_a_wrong_knob_is_told(viewer, segment, section):
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.form.widgets["segment.greys"].setText("void,Lithium")
    segment.preview_button.click()
    assert segment.message.text()
    segment.form.widgets["segment.levels"].setText("abc")
    segment.run_button.click()
    assert "segment.levels" in segment.message.text() or "levels" in segment.message.text()


def test_files_that_are_no_models_and_folders_that_are_closed(viewer, segment, measure, wait, section, folder):
    viewer.open(str(section), plugin="napari-micro-ssb")
    note = folder / "note.txt"
    note.write_text("x", encoding="utf-8")
    segment.strokes.load(note)
    assert "neither a classifier" in segment.message.text()
    viewer.add_labels(
        np.kron(np.array([[3, 2]], np.uint8), np.ones((40, 40), np.uint8)),
        name="two",
        scale=(0.1, 0.1),
        units=("um",) * 2,
    )
    measure.labels.setCurrentText("two")
    measure.normals.setCurrentText("+x")
    measure.measure_button.click()
    wait(measure)
    assert "values of two" in measure.message.text()
    measure.export(note)
    wait(measure)
    assert "can't be written" in measure.message.text()


def test_a_folder_that_can_not_be_made_or_written(viewer, segment, measure, wait, section, folder):
    """A file stands where the folder should be, which stops every user, root too, on every system."""
    (folder / "file").write_text("in the way", encoding="utf-8")
    closed = folder / "file" / "out"
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.strokes.new_button.click()
    viewer.layers["strokes"].paint((20, 100), 2)
    viewer.layers["strokes"].paint((140, 100), 3)
    segment.form.widgets["train.steps"].setValue(50)
    segment.strokes.train(closed / "mine.micro")
    wait(segment)
    assert str(folder / "file") in segment.message.text()
    assert "unexpected" not in segment.message.text()
    viewer.add_labels(np.kron(np.array([[3, 2]], np.uint8), np.ones((40, 40), np.uint8)), name="two", units=("um",) * 2)
    measure.labels.setCurrentText("two")
    measure.measure_button.click()
    wait(measure)
    measure.export(closed)
    wait(measure)
    assert "can't be written" in measure.message.text()
    correct = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")[1]
    correct.labels.setCurrentText("two")
    correct.begin(closed)
    wait(correct)
    assert "can't write" in correct.message.text()
    assert correct.correction is None
    assert (folder / "file").read_text(encoding="utf-8") == "in the way"


def test_work_upon_work_is_refused(viewer, segment, wait, section):
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.recipes.setCurrentText("sem")
    segment.run_button.click()
    segment.run_button.click()
    assert segment.message.text() == "something is still being done; stop it, or wait"
    wait(segment)
    assert len(viewer.layers) == 2


def test_an_error_that_nobody_expected_is_one_line_too(viewer, segment, section, wait, caplog):
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.start(lambda _: 1 / 0, print, "dividing")
    wait(segment)
    assert segment.message.text() == "unexpected ZeroDivisionError: division by zero"
    assert "ZeroDivisionError" in caplog.text


def test_a_closed_panel_no_longer_follows_the_layers(viewer, section):
    shiboken = pytest.importorskip("shiboken6")
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Segment")
    viewer.window.remove_dock_widget("all")
    picker = panel.image
    shiboken.delete(panel)
    viewer.open(str(section), plugin="napari-micro-ssb")
    viewer.layers.clear()
    assert picker._text_or_forget() is None
