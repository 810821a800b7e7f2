"""What a person does that nobody wants: every panel says so in a line."""

import numpy as np
import pytest

UM2 = {"scale": (0.1, 0.1), "units": ("um",) * 2}


@pytest.fixture
def panels(viewer):
    names = ("Segment", "Measure", "Correct", "Review")
    return [viewer.window.add_plugin_dock_widget("napari-micro-ssb", name)[1] for name in names]


def two_phases():
    return np.kron(np.array([[3, 2]], np.uint8), np.ones((40, 40), np.uint8))


def said(panel):
    text = panel.message.text()
    panel.say("")
    assert text
    assert "unexpected" not in text
    return text


def test_a_layer_that_goes_while_it_is_worked_on(viewer, panels, wait, section):
    segment, measure, *_ = panels
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.recipes.setCurrentText("sem")
    segment.preview_button.click()
    viewer.layers.clear()
    wait(segment)
    assert "cell was removed meanwhile" in said(segment)
    assert len(viewer.layers) == 0
    viewer.add_labels(two_phases(), name="two", **UM2)
    measure.measure_button.click()
    viewer.layers.clear()
    wait(measure)
    assert "two was removed while it was measured" in said(measure)


def test_the_preview_lies_on_its_own_image(viewer, panels, wait, section):
    segment, *_ = panels
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.recipes.setCurrentText("sem")
    segment.preview_button.click()
    viewer.add_image(np.zeros((30, 40), np.uint8), name="other", scale=(7, 7), units=("um",) * 2)
    wait(segment)
    assert segment.image.currentText() == "other"
    assert tuple(viewer.layers["preview"].scale) == pytest.approx((0.05, 0.05))


def test_label_values_that_are_no_phases_and_too_many_axes(viewer, panels, wait, folder):
    _, measure, correct, _ = panels
    unknown = two_phases()
    unknown[10:20, 10:20] = 77
    viewer.add_labels(unknown, name="unknown", **UM2)
    measure.labels.setCurrentText("unknown")
    measure.measure_button.click()
    wait(measure)
    assert "unknown" in said(measure)
    negative = two_phases().astype(np.int32) - 3
    viewer.add_labels(negative, name="negative", **UM2)
    measure.labels.setCurrentText("negative")
    measure.measure_button.click()
    wait(measure)
    assert "values from -1 up to 0" in said(measure)
    viewer.add_labels(np.zeros((2, 3, 20, 20), np.uint8), name="four", scale=(1,) * 4, units=("um",) * 4)
    for panel, act in ((measure, measure.measure_button.click), (correct, lambda: correct.begin(folder))):
        panel.labels.setCurrentText("four")
        act()
        wait(panel)
        assert "four" in said(panel)
    assert list(folder.iterdir()) == []


def test_nothing_in_the_shapes_layer_and_a_box_beside_the_picture(viewer, panels, wait, section):
    segment, *_ = panels
    viewer.open(str(section), plugin="napari-micro-ssb")
    segment.where.setCurrentText("box")
    viewer.add_shapes(name="empty")
    viewer.add_points(name="no points")
    segment.preview_button.click()
    assert "no box" in said(segment)
    viewer.add_shapes([[[900, 900], [900, 950], [950, 950], [950, 900]]], name="far")
    segment.preview_button.click()
    assert "beside the picture" in said(segment)


def test_an_image_of_nothing_but_nan_and_one_of_one_voxel(viewer, panels, wait):
    segment, *_ = panels
    for name, grey in (("nan", np.full((30, 40), np.nan, np.float32)), ("one", np.ones((1, 1), np.uint8))):
        viewer.layers.clear()
        viewer.add_image(grey, name=name, contrast_limits=(0, 1), **UM2)
        segment.run_button.click()
        wait(segment)
        assert name in said(segment)


def test_a_layer_with_a_new_name_is_still_the_one_that_is_chosen(viewer, panels, wait):
    _, measure, *_ = panels
    viewer.add_labels(two_phases(), name="first", **UM2)
    viewer.add_labels(two_phases(), name="two", **UM2)
    measure.labels.setCurrentText("two")
    viewer.layers["two"].name = "renamed"
    measure.measure_button.click()
    wait(measure)
    assert "values of renamed" in said(measure)
    viewer.layers["renamed"].name = "again"
    assert not measure.tables["measurements"].table.empty


def test_stopping_a_correction_that_takes_long_changes_nothing(viewer, panels, wait, folder):
    *_, correct, _ = panels
    viewer.add_labels(np.tile(two_phases(), (6, 1, 1)), name="volume", scale=(0.1,) * 3, units=("um",) * 3)
    correct.labels.setCurrentText("volume")
    correct.begin(folder)
    wait(correct)
    assert correct.correction is not None, correct.message.text()
    correct.form.smooth.click()
    correct.stop_button.click()
    wait(correct)
    assert said(correct) == "stopped"
    assert correct.correction.records == 0
    correct.form.smooth.click()
    viewer.layers.remove(correct.layer)
    wait(correct)
    assert correct.correction is None
    assert said(correct)
