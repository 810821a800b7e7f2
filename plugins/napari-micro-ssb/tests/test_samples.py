"""The example images, made on demand."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from npe2 import PluginManifest

from micro.phantoms import EXAMPLES
from napari_micro_ssb import _samples
from napari_micro_ssb._samples import example_path

IMAGES = Path(__file__).resolve().parents[3] / "example_images"


def test_every_example_has_a_command_that_exists():
    manifest = PluginManifest.from_distribution("napari-micro-ssb")
    for example in EXAMPLES:
        assert callable(getattr(_samples, example.name.replace("-", "_")))
    assert {one.key for one in manifest.contributions.sample_data} == {example.name for example in EXAMPLES}


def test_an_example_is_the_one_in_the_folder(folder):
    if not IMAGES.is_dir():
        pytest.skip("no folder of example images: not a checkout")
    path = example_path("sem-charged", folder)
    assert np.array_equal(tifffile.imread(path), tifffile.imread(IMAGES / "sem-charged.tif"))
    changed = path.stat().st_mtime_ns
    assert example_path("sem-charged", folder).stat().st_mtime_ns == changed
