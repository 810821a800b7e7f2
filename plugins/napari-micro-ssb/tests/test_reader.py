"""Files as napari layers."""

import dask.array as da
import numpy as np
import pytest
import tifffile
from npe2 import PluginManager, PluginManifest

from micro.errors import MicroError
from micro.io import Stack, readers, write_ome_zarr, write_tiff
from micro.model import SSB_PHASES, Labels, Spacing, Volume
from napari_micro_ssb import napari_get_reader, read_layers
from napari_micro_ssb._lazy import Lazy

SPACING = Spacing(0.1, 0.05, 0.025)
GREY = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
PHASES = (GREY % 4).astype(np.uint8)


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


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("labels.tif", PHASES, "labels"),
        ("cell_labels.tif", PHASES, "labels"),
        ("Cell_Truth.tif", PHASES, "labels"),
        ("cell_strokes.tif", PHASES, "labels"),
        ("cell.tif", PHASES, "image"),  # its name doesn't say so
        ("labels.tif", (PHASES * 85).astype(np.uint8), "image"),  # 85, 170, 255: the values of another program
        ("labels.tif", PHASES.astype(np.uint16), "image"),
    ],
)
def test_a_tiff_of_labels_is_told_by_name_type_and_values(folder, name, values, kind):
    path = write_tiff(folder / name, Volume(values, SPACING))
    [(data, attributes, found)] = read_layers(path)
    assert found == kind
    assert np.array_equal(np.asarray(data), values)
    assert attributes["scale"] == pytest.approx(SPACING.um, rel=1e-8)


def test_labels_without_a_voxel_size_are_shown_in_pixels(folder):
    path = folder / "labels.tif"
    tifffile.imwrite(path, PHASES[0])
    [(_, attributes, kind)] = read_layers(path)
    assert kind == "labels"
    assert attributes["units"] == ("pixel", "pixel")
    assert attributes["metadata"]["micro"].spacing is None


def test_a_list_of_slices_is_one_volume(folder):
    slices = []
    for z in range(3):
        slices.append(folder / f"slice{z}.ome.tif")
        tifffile.imwrite(
            slices[-1], GREY[z], metadata={"axes": "YX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1}, ome=True
        )
    assert napari_get_reader(slices) is read_layers


def test_a_missing_voxel_size_is_not_made_up(folder):
    path = folder / "plain.tif"
    tifffile.imwrite(path, GREY[0])
    assert napari_get_reader(path) is read_layers
    [(_, attributes, _)] = read_layers(path)
    assert attributes["units"] == ("pixel", "pixel")
    assert attributes["metadata"]["micro"].spacing is None


def test_large_volumes_are_lazy_and_have_coarser_levels(folder, monkeypatch):
    along = da.arange(260, dtype=np.uint16, chunks=130)
    big = along[:130, None, None] + along[None, :, None] * 0 + along
    path = write_ome_zarr(folder / "big.ome.zarr", Volume(big, SPACING), Labels((big % 4).astype(np.uint8), SPACING))
    monkeypatch.setattr("napari_micro_ssb._lazy.IN_MEMORY_VOXELS", 1000)
    (image, labels) = read_layers(path)
    for data, attributes, _ in (image, labels):
        assert attributes["multiscale"] is True
        assert [level.shape for level in data] == [(130, 260, 260), (65, 130, 130), (65, 65, 65)]
        assert all(isinstance(level, Lazy) for level in data)
    low, high = image[1]["contrast_limits"]
    assert 0 < low < high < 390
    assert (image[0][0][77] == 77 + np.arange(260)).all()


def test_scrolling_reads_the_slice_and_nothing_else(folder, monkeypatch):
    path = write_tiff(folder / "cell.tif", Volume(np.zeros((40, 30, 20), np.uint8), SPACING))
    monkeypatch.setattr("napari_micro_ssb._lazy.IN_MEMORY_VOXELS", 1000)
    [(data, _, _)] = read_layers(path)
    regions = []
    read = Stack.__getitem__
    monkeypatch.setattr(Stack, "__getitem__", lambda self, index: regions.append(index) or read(self, index))
    for z in (3, 4, 5):
        assert data[z].shape == (30, 20)
    voxels = sum(
        np.prod([len(range(*axis.indices(n))) for axis, n in zip(r, (40, 30, 20), strict=True)])
        for r in map(spans, regions)
    )
    assert voxels == 3 * 30 * 20


def spans(index):
    return [axis if isinstance(axis, slice) else slice(axis, axis + 1) for axis in index]


def test_what_is_no_image_has_no_reader(folder):
    path = folder / "notes.txt"
    path.write_text("not an image", encoding="utf-8")
    assert napari_get_reader(path) is None
    assert napari_get_reader([path, folder / "more.txt"]) is None


def broken(folder):
    path = folder / "broken.tif"
    path.write_bytes(b"II*\0 no more")
    return path, "broken.tif"


def of_four_axes(folder):
    path = folder / "four.ome.tif"
    tifffile.imwrite(path, np.zeros((2, 3, 20, 30), np.uint8), metadata={"axes": "TZYX"})
    return path, "four.ome.tif"


def unlike_slices(folder):
    for number, edge in enumerate((20, 20, 24)):
        tifffile.imwrite(folder / f"{number}.tif", np.zeros((20, edge), np.uint8))
    return folder, "2.tif"


def empty(folder):
    return folder, folder.name


def missing(folder):
    return folder / "missing.tif", "missing.tif"


REFUSED = [broken, of_four_axes, unlike_slices, empty, missing]


@pytest.mark.parametrize("make", REFUSED)
def test_what_cant_be_read_says_why_in_one_line(folder, make):
    path, named = make(folder)
    reader = napari_get_reader(str(path))
    assert reader is not None
    with pytest.raises(MicroError, match=named) as caught:
        reader(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", REFUSED[:3])
def test_napari_shows_that_line(viewer, folder, make):
    from napari.utils.notifications import ErrorNotification

    path, named = make(folder)
    with pytest.raises(MicroError) as caught:
        viewer.open(str(path), plugin="napari-micro-ssb")  # what its dialog of readers calls
    shown = ErrorNotification(caught.value).message
    assert named in shown
    assert "refused" not in shown
    assert not viewer.layers


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


def test_lazy_arrays_are_indexed_as_numpy_ones_are():
    grey = np.arange(6 * 7 * 8).reshape(6, 7, 8)
    lazy = Lazy(da.from_array(grey))
    cut = lazy[:, 2:, np.int64(1) : np.int64(7) : 1]
    assert isinstance(cut, Lazy)
    assert np.array_equal(np.asarray(cut), grey[:, 2:, 1:7])
    assert np.array_equal(cut[3], grey[3, 2:, 1:7])
    assert np.array_equal(np.asarray(cut[2:3]), grey[2:3, 2:, 1:7])
    assert cut[-1, -1, -1] == grey[-1, -1, 6]
    assert np.array_equal(np.asarray(lazy[::2]), grey[::2])
