"""One press of the mouse does one thing, and the panel says what it did."""

from types import SimpleNamespace

import numpy as np
import pytest

from micro.io import write_ome_zarr
from micro.model import Labels, Spacing


def process_events():
    from qtpy.QtWidgets import QApplication

    for _ in range(20):
        QApplication.processEvents()


@pytest.fixture
def panel(viewer, folder):
    labels = np.full((16, 60, 80), 2, np.uint8)
    labels[:, 40:] = 3
    labels[:, 10:14, 10:14] = 1
    path = write_ome_zarr(folder / "labels.ome.zarr", None, Labels(labels, Spacing(0.1, 0.1, 0.1)))
    viewer.open(str(path), plugin="napari-micro-ssb")
    made = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Correct")[1]
    made.begin()
    assert made.correction is not None, made.message.text()
    made.form.choose_phase(0)
    yield made
    made.close_correction()


def drag(panel, *voxels):
    """What napari calls from a press of the mouse to its release, with whatever listens to the layer's mouse."""
    panel.viewer.dims.set_point(0, voxels[0][0] * 0.1)
    places = [panel.layer.data_to_world(voxel) for voxel in voxels]
    event = SimpleNamespace(button=1, type="mouse_press", position=places[0], dims_displayed=[1, 2], modifiers=())
    event.dims_point, event.view_direction = panel.viewer.dims.point, None
    following = [callback(panel.layer, event) for callback in panel.layer.mouse_drag_callbacks]
    steps = [one for one in following if one is not None]
    steps = [one for one in steps if next(one, "ended") != "ended"]
    for place in places[1:]:
        event.type, event.position = "mouse_move", place
        for one in steps:
            next(one, None)
    event.type = "mouse_release"
    assert [next(one, "ended") for one in steps] == ["ended"] * len(steps)


def test_a_tool_of_napari_takes_the_place_of_the_panels_own(panel):
    panel.form.choose_tool("Brush")
    panel.layer.mode = "paint"
    panel.layer.brush_size = 9
    assert panel.form.tool == "Look"
    drag(panel, (8, 20, 30))
    assert [edit.tool for edit in panel.correction.log.active] == ["napari"]
    panel.form.choose_tool("Brush")
    assert panel.layer.mode == "pan_zoom"
    assert panel.form.tool == "Brush"
    drag(panel, (8, 30, 60))
    assert [edit.tool for edit in panel.correction.log.active] == ["napari", "paint"]
    # back from napari's tool to its hand: the picture is moved, and nothing painted
    panel.layer.mode = "pick"
    panel.layer.mode = "pan_zoom"
    drag(panel, (8, 20, 60))
    assert len(panel.correction.log.active) == 2


def test_a_stroke_that_changes_nothing_says_so(panel):
    panel.form.choose_tool("Brush")
    for said in ("paint: ", "nothing changes there"):
        drag(panel, (8, 20, 30), (8, 20, 40))
        assert panel.message.text().startswith(said)
    assert len(panel.correction.log.active) == 1


def test_a_slice_drawn_in_again_is_one_of_the_last_two(panel):
    panel.form.choose_tool("Brush")
    for z, x in ((3, 20), (6, 20), (3, 40), (12, 20)):
        drag(panel, (z, 25, x))
    assert [box.value() for box in panel.form.slices] == [3, 12]


def test_a_box_that_another_slice_shows_is_told_and_goes_from_any(viewer, panel, wait):
    panel.form.choose_phase(1)
    panel.form.choose_tool("Select box")
    drag(panel, (8, 2, 2), (8, 30, 30))
    process_events()
    viewer.dims.set_point(0, 0.3)
    panel.form.holes.click()
    wait(panel)
    assert panel.message.text().startswith("fill holes: 16 voxels, void to SE; in the box only")
    # as a layer of shapes, the program ended here
    drag(panel, (3, 20, 20))
    viewer.dims.set_point(0, 0.4)
    panel.form.holes.click()
    wait(panel)
    assert panel.message.text() == "fill holes: 16 voxels, void to SE"
