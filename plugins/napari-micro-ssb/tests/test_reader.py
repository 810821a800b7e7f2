"""Files as napari layers."""

import numpy as np
import pytest
import tifffile
from npe2 import PluginManager, PluginManifest

from micro.errors import MissingCalibrationError
from micro.io import readers, write_ome_zarr, write_tiff
from micro.model import SSB_PHASES, Labels, Spacing, Volume
from napari_micro_ssb import napari_get_reader, read_layers

SPACING = Spacing(0.1, 0.05, 0.025)
GREY = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
PHASES = (GREY % 4).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "Zelle für Übung"
    made.mkdir()
    return made


def test_an_image_has_the_scale_of_its_file_in_um(folder):
    path = write_tiff(folder / "cell.tif", Volume(GREY, SPACING))
    [(data, attributes, kind)] = read_layers(str(path))
    assert kind == "image"
    assert np.array_equal(np.asarray(data), GREY)
    # ImageJ keeps pixels per um as a ratio of two 32-bit integers.
    assert attributes["scale"] == pytest.approx(SPACING.um, rel=1e-8)
    assert attributes["units"] == ("um", "um", "um")
    assert attributes["axis_labels"] == ("z", "y", "x")
    assert attributes["name"] == "cell"


def test_a_single_section_has_two_axes(folder):
    path = write_tiff(folder / "section.tif", Volume(GREY[0], SPACING))
    [(data, attributes, _)] = read_layers(path)
    assert data.shape == (4, 5)
    assert attributes["scale"] == pytest.approx((0.05, 0.025), rel=1e-8)
    assert attributes["axis_labels"] == ("y", "x")


def test_a_result_brings_its_phases_in_their_colours(folder):
    path = write_ome_zarr(folder / "labels.ome.zarr", Volume(GREY, SPACING), Labels(PHASES, SPACING))
    (image, labels) = read_layers(str(path))
    assert (image[2], labels[2]) == ("image", "labels")
    assert np.array_equal(np.asarray(labels[0]), PHASES)
    assert labels[1]["scale"] == image[1]["scale"] == SPACING.um
    assert labels[1]["colormap"][3] == SSB_PHASES["Li"].colour
    assert None in labels[1]["colormap"]


def test_labels_without_an_image_are_labels(folder):
    path = write_ome_zarr(folder / "only.ome.zarr", None, Labels(PHASES, SPACING))
    [(data, _, kind)] = read_layers(path)
    assert kind == "labels"
    assert np.array_equal(np.asarray(data), PHASES)


def test_a_list_of_slices_is_one_volume(folder):
    slices = []
    for z in range(3):
        slices.append(folder / f"slice{z}.ome.tif")
        tifffile.imwrite(
            slices[-1], GREY[z], metadata={"axes": "YX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1}, ome=True
        )
    assert napari_get_reader(slices) is read_layers


def test_a_missing_voxel_size_is_told_and_not_made_up(folder):
    path = folder / "plain.tif"
    tifffile.imwrite(path, GREY[0])
    assert napari_get_reader(path) is read_layers
    with pytest.raises(MissingCalibrationError):
        read_layers(path)


def test_what_is_no_image_has_no_reader(folder):
    path = folder / "notes.txt"
    path.write_text("not an image", encoding="utf-8")
    assert napari_get_reader(path) is None
    assert napari_get_reader(folder / "missing.tif") is None


def test_the_manifest_names_every_ending_that_micro_reads():
    manifest = PluginManifest.from_distribution("napari-micro-ssb")
    (reader,) = manifest.contributions.readers
    known = {f"*{ending}" for name in readers().names() for ending in readers().get(name).extensions}
    assert set(reader.filename_patterns) == known


def test_napari_finds_the_reader_by_the_manifest(folder):
    path = write_tiff(folder / "cell.tif", Volume(GREY, SPACING))
    manager = PluginManager()
    manager.register(PluginManifest.from_distribution("napari-micro-ssb"))
    found = {reader.command for reader in manager.iter_compatible_readers(str(path))}
    assert found == {"napari-micro-ssb.get_reader"}
    in_folder = {reader.command for reader in manager.iter_compatible_readers(str(folder))}
    assert in_folder == {"napari-micro-ssb.get_reader"}
