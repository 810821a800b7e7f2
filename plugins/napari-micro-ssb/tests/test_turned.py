"""Layers that are shown turned, sheared or through an affine transform are refused in a line."""

import numpy as np
import pytest

TURNS = {"rotate": {"rotate": 30}, "shear": {"shear": [0.2]}, "affine": {"affine": [[1, 0.3, 0], [0, 1, 0], [0, 0, 1]]}}


@pytest.mark.parametrize("how", TURNS)
def test_every_panel_refuses_a_layer_that_does_not_lie_straight(viewer, wait, folder, how):
    labels = np.kron(np.array([[3, 2]], np.uint8), np.ones((40, 40), np.uint8))
    given = {"scale": (0.1, 0.1), "units": ("um",) * 2, **TURNS[how]}
    viewer.add_image(labels * 50, name="grey", **given)
    viewer.add_labels(labels, name="parts", **given)
    names = ("Segment", "Measure", "Correct")
    segment, measure, correct = (viewer.window.add_plugin_dock_widget("napari-micro-ssb", one)[1] for one in names)
    for button in (segment.preview_button, segment.run_button, segment.strokes.new_button):
        button.click()
        assert "grey: is shown" in segment.message.text()
        assert how in segment.message.text()
        segment.say("")
    measure.measure_button.click()
    assert "parts: is shown" in measure.message.text()
    correct.begin(folder)
    assert "parts: is shown" in correct.message.text()
    assert [layer.name for layer in viewer.layers] == ["grey", "parts"]
    assert list(folder.iterdir()) == []
