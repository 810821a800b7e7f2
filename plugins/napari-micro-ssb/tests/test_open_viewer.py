"""Opening things in a real viewer."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from npe2 import PluginManifest
from zarr.storage import LocalStore

from micro.errors import InputMissingError
from micro.io import Stack, write_ome_zarr
from micro.model import SSB_PHASES, Labels, Spacing, Volume
from micro_pipelines.cli import main
from napari_micro_ssb._lazy import Lazy
from napari_micro_ssb._screenshot import settle
from napari_micro_ssb._view import open_in


def test_a_result_opens_with_its_tables(viewer, result, shoot):
    from napari_micro_ssb._measure import MeasurePanel

    open_in(viewer, result)
    assert [layer.name for layer in viewer.layers] == [
        "cell",
        "cell phases",
        "cell dendrites",
        "cell cracks",
        "cell gaps",
    ]
    assert viewer.layers["cell"].units == viewer.layers["cell gaps"].units
    (panel,) = [dock.widget() for dock in docks(viewer) if isinstance(dock.widget(), MeasurePanel)]
    assert {"measurements", "dendrites", "cracks", "gaps"} <= set(panel.tables)
    assert "tables of" in panel.message.text()
    shoot("result")


def docks(viewer):
    from qtpy.QtWidgets import QDockWidget

    return viewer.window._qt_window.findChildren(QDockWidget)


def test_a_dropped_result_brings_the_tables_too(viewer, result):
    viewer.open(str(result), plugin="napari-micro-ssb")
    assert len(viewer.layers) == 5
    settle()
    assert any("Measure" in dock.windowTitle() for dock in docks(viewer))


def test_of_two_viewers_the_tables_come_to_the_one_that_opens_the_result(viewer, result):
    import napari

    other = napari.Viewer(show=True)
    try:
        assert napari.current_viewer() is not viewer
        viewer.open(str(result), plugin="napari-micro-ssb")
        settle()
        assert any("Measure" in dock.windowTitle() for dock in docks(viewer))
        assert not any("Measure" in dock.windowTitle() for dock in docks(other))
    finally:
        other.close()


def test_labels_tif_of_a_result_is_labels_in_the_colours_of_its_phases(viewer, result):
    viewer.open(str(result / "cell" / "labels.tif"), plugin="napari-micro-ssb")
    (layer,) = viewer.layers
    assert layer.name == "labels phases"
    assert type(layer).__name__ == "Labels"
    assert tuple(layer.scale) == pytest.approx((0.05, 0.05), rel=1e-8)
    assert layer.get_color(3)[:3] == pytest.approx(rgb(SSB_PHASES["Li"].colour), abs=1e-3)
    _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")
    assert panel.labels.currentText() == "labels phases"


def rgb(colour):
    return [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]


def test_an_example_comes_from_the_menu(viewer, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    viewer.open_sample("napari-micro-ssb", "sem-pristine")
    (layer,) = viewer.layers
    assert layer.name == "sem-pristine"
    assert tuple(layer.scale) == pytest.approx((0.05, 0.05), rel=1e-8)


def test_the_slider_moves_through_a_volume_in_um(viewer, folder):
    path = folder / "stack.ome.tif"
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1, "PhysicalSizeZ": 0.5}
    tifffile.imwrite(path, np.arange(6 * 20 * 30, dtype=np.uint16).reshape(6, 20, 30), metadata=metadata, ome=True)
    viewer.open(str(path), plugin="napari-micro-ssb")
    viewer.dims.set_point(0, 1.5)
    assert viewer.dims.current_step[0] == 3
    assert viewer.layers[0].data.dtype == np.uint16


def test_scrolling_through_a_large_volume_reads_slices_only(viewer, folder, monkeypatch):
    grey = np.random.default_rng(0).integers(0, 4, (130, 150, 260), dtype=np.uint8)
    spacing = Spacing(0.1, 0.1, 0.1)
    path = write_ome_zarr(folder / "big.ome.zarr", Volume(grey, spacing), Labels(grey, spacing))
    monkeypatch.setattr("napari_micro_ssb._lazy.IN_MEMORY_VOXELS", 1000)
    viewer.open(str(path), plugin="napari-micro-ssb")
    voxels = []
    read = Stack.__getitem__
    monkeypatch.setattr(Stack, "__getitem__", lambda self, i: counted(voxels, read(self, i)))
    viewer.dims.set_current_step(0, 77)
    shown = viewer.layers["big"]
    assert shown.multiscale
    assert voxels
    # of both layers the slice, and a coarser one for the thumbnail
    assert sum(voxels) <= 2 * 2 * 150 * 260
    assert np.array_equal(shown.data[0][77], grey[77])


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
    """Image and labels of 4 layers of chunks, too large to be loaded when they are opened; and what they hold."""
    grey = np.random.default_rng(0).integers(0, 5, (256, 257, 256), dtype=np.uint8)
    spacing = Spacing(0.1, 0.1, 0.1)
    path = tmp_path_factory.mktemp("in Stücken") / "big.ome.zarr"
    write_ome_zarr(path, Volume(grey, spacing), Labels(grey, spacing), sharded_voxels=2**20)
    for level in (path / "0", path / "labels/phases/0"):
        array = zarr.open_array(level, mode="r")
        assert (array.chunks, array.shards) == ((64, 64, 64), (256, 256, 256))
    return path, grey


def test_a_slice_of_shards_is_read_without_the_others(viewer, sharded, bytes_read):
    path, grey = sharded
    stored = sum(file.stat().st_size for file in path.rglob("0/c/**/*") if file.is_file())
    viewer.open(str(path), plugin="napari-micro-ssb")
    opened = sum(bytes_read)
    image, labels = viewer.layers
    assert (image.multiscale, labels.multiscale) == (True, True)
    assert [type(layer.data[0]) for layer in viewer.layers] == [Lazy, Lazy]
    # coarser levels, which are small enough to be loaded, and one slice
    assert opened < stored / 2
    del bytes_read[:]
    # of the finest level one slice lies in one of four layers of chunks
    assert np.array_equal(image.data[0][77], grey[77])
    assert np.array_equal(labels.data[0][77], grey[77])
    assert 0.2 * stored < sum(bytes_read) < 0.3 * stored
    del bytes_read[:]
    # what is in view is a part of it: one of 4 x 4 x 5 chunks of the image, half of what is stored
    assert np.array_equal(image.data[0][:, 70:100, 10:40][77], grey[77, 70:100, 10:40])
    assert sum(bytes_read) < stored / 2 / 40
    del bytes_read[:]
    viewer.dims.set_current_step(0, 130)
    assert 0 < sum(bytes_read) < 0.6 * stored


@pytest.fixture
def bytes_read(monkeypatch):
    """How many bytes each piece has that is read from a store on disk."""
    found = []
    get = LocalStore.get

    async def told(self, *args, **options):
        piece = await get(self, *args, **options)
        found.append(0 if piece is None else len(piece))
        return piece

    monkeypatch.setattr(LocalStore, "get", told)
    return found


def counted(voxels, block):
    voxels.append(block.size)
    return block


def test_micro_view_opens_shows_and_ends(display, result, folder):
    picture = folder / "view.png"
    command = [sys.executable, "-m", "micro_pipelines", "view", str(result), "--screenshot", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    from PIL import Image

    assert np.asarray(Image.open(picture)).std() > 5


def test_micro_view_without_napari_is_one_line(monkeypatch, capsys, folder):
    monkeypatch.setitem(sys.modules, "napari", None)
    assert main(["view", str(folder)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("micro: error: micro view needs napari")
    assert told.count("\n") == 1
    assert "pip install" in told


@pytest.mark.parametrize(
    ("place", "sample", "why"), [("nothing", "", "no such file"), ("", "other", "finished samples: cell")]
)
def test_micro_view_says_what_is_not_there(result, place, sample, why):
    from napari_micro_ssb._view import _chosen

    with pytest.raises(InputMissingError, match=why):
        _chosen(result / place if place else result, sample)


def test_every_widget_of_the_manifest_opens(viewer):
    manifest = PluginManifest.from_distribution("napari-micro-ssb")
    for widget in manifest.contributions.widgets:
        _, panel = viewer.window.add_plugin_dock_widget("napari-micro-ssb", widget.display_name)
        assert panel.message is not None


def test_the_readme_says_how_to_install():
    text = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    assert 'pip install . ./plugins/napari-micro-ssb "napari[all]"' in text
