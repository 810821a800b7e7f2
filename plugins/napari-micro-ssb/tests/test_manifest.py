"""The manifest that napari reads."""

import numpy as np
import pytest
from npe2 import PluginManifest
from npe2.io_utils import read

from micro.io import write_tiff
from micro.model import Spacing, Volume
from micro.phantoms import EXAMPLES


def test_the_manifest_is_valid_and_its_commands_can_be_imported():
    manifest = PluginManifest.from_distribution("napari-micro-ssb")
    manifest.validate_imports()
    widgets = {widget.display_name for widget in manifest.contributions.widgets}
    assert {"Segment", "Measure", "Correct", "Review"} <= widgets
    assert {one.key for one in manifest.contributions.sample_data} == {example.name for example in EXAMPLES}


def test_npe2_opens_a_file_through_the_manifest(npe2pm, tmp_path):
    npe2pm.register(PluginManifest.from_distribution("napari-micro-ssb"))
    path = write_tiff(tmp_path / "größe 1.tif", Volume(np.zeros((4, 5), np.uint8), Spacing.parse("25nm")))
    [(data, attributes, kind)] = read([str(path)], stack=False, plugin_name="napari-micro-ssb")
    assert (data.shape, kind) == ((4, 5), "image")
    # ImageJ keeps pixels per um as a ratio of two 32-bit integers.
    assert attributes["scale"] == pytest.approx((0.025, 0.025), rel=1e-8)
