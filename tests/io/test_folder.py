"""Slices, one file each."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from micro.errors import ColourImageError, ShapeMismatchError, UnsupportedFormatError
from micro.io import read_volume
from micro.model import Spacing

SIZE = Spacing(0.3, 0.2, 0.1)
GREY = np.random.default_rng(2).integers(0, 255, (12, 30, 40)).astype(np.uint8)


@pytest.fixture
def slices(folder: Path) -> Path:
    place = folder / "Schnitte"
    place.mkdir()
    for number, grey in enumerate(GREY):
        tifffile.imwrite(place / f"Schnitt {number}.tif", grey, metadata=None)
    (place / "notes.txt").write_text("nicht lesen", encoding="utf-8")
    (place / "._Schnitt 1.tif").write_bytes(b"macOS")
    return place


def test_a_folder_a_pattern_and_a_list_are_one_volume_in_natural_order(slices: Path):
    listed = sorted(slices.glob("Schnitt*.tif"))  # 0, 1, 10, 11, 2: not in natural order
    for source in (slices, str(slices), str(slices / "Schnitt*.tif"), slices / "*.tif", listed):
        volume = read_volume(source, voxel_size=SIZE)
        assert volume.name == "Schnitte"
        np.testing.assert_array_equal(volume.data.compute(), GREY)
    part = pickle.loads(pickle.dumps(volume.data))[3:11, 4:9, ::3]
    np.testing.assert_array_equal(part.compute(), GREY[3:11, 4:9, ::3])


def test_png_slices(folder: Path):
    for number, grey in enumerate(GREY):
        Image.fromarray(grey).save(folder / f"{number}.PNG")
    np.testing.assert_array_equal(read_volume(folder, voxel_size=SIZE).data.compute(), GREY)


@pytest.mark.parametrize(
    ("grey", "what"), [(GREY[0, :, :-1], "39 x 30 uint8"), (GREY[0].astype("u2"), "40 x 30 uint16")]
)
def test_slices_that_differ_name_the_first_that_does(slices: Path, grey: np.ndarray, what: str):
    for number in (9, 10):
        tifffile.imwrite(slices / f"Schnitt {number}.tif", grey, metadata=None)
    with pytest.raises(
        ShapeMismatchError, match=rf"Schnitt 9\.tif: slice of {what}, but Schnitt 0\.tif is 40 x 30 uint8"
    ):
        read_volume(slices, voxel_size=SIZE)


def test_files_of_several_kinds_or_pages_are_refused(slices: Path):
    Image.fromarray(GREY[0]).save(slices / "Vorschau.png")
    with pytest.raises(UnsupportedFormatError, match=r"1 \.png, 12 \.tif.*pattern"):
        read_volume(slices, voxel_size=SIZE)
    tifffile.imwrite(slices / "Schnitt 5.tif", GREY[:2], photometric="minisblack")
    with pytest.raises(UnsupportedFormatError, match=r"Schnitt 5\.tif: a file of several pages"):
        read_volume(slices / "*.tif", voxel_size=SIZE)


def test_a_folder_without_images(folder: Path):
    (folder / "notes.txt").write_text("leer", encoding="utf-8")
    with pytest.raises(UnsupportedFormatError, match=r"no images in this folder.*\.tif"):
        read_volume(folder, voxel_size=SIZE)


def test_the_first_slice_tells_the_pixel_size_and_grey_colour_slices_are_grey(folder: Path):
    for number, grey in enumerate(GREY[:3]):
        rgb = np.repeat(grey[..., np.newaxis], 3, axis=-1)
        tifffile.imwrite(folder / f"s{number}.tif", rgb, photometric="rgb", resolution=(5e4, 1e5), resolutionunit=3)
    volume = read_volume(folder / "*.tif", voxel_size=SIZE)
    np.testing.assert_array_equal(volume.data.compute(), GREY[:3])
    assert volume.history[-1].parameters["spacing_in_file_um"] == [None, 0.1, 0.2]
    rgb[3, 3, 0] ^= 1
    tifffile.imwrite(folder / "s2.tif", rgb, photometric="rgb")
    volume = read_volume(folder, voxel_size=SIZE)
    with pytest.raises(ColourImageError, match=r"s2\.tif"):
        volume.data[2].compute()


@pytest.mark.slow
def test_five_thousand_slices_of_four_megabytes_open_at_once(folder: Path):
    import os
    import time

    tifffile.imwrite(folder / "s0.tif", np.zeros((2000, 2000), np.uint8), metadata=None)
    for number in range(1, 5000):
        os.link(folder / "s0.tif", folder / f"s{number}.tif")
    read_volume(folder / "s0.tif", voxel_size=SIZE)  # imports and entry points are no part of it
    start = time.process_time()
    volume = read_volume(folder, voxel_size=SIZE)
    # What the design promises: one second; of this process, whatever else the machine does.
    assert time.process_time() - start < 1
    assert volume.shape == (5000, 2000, 2000)


def test_names_with_brackets_are_names_before_they_are_patterns(folder: Path):
    tifffile.imwrite(folder / "Zelle [3].tif", GREY[0], metadata=None)
    assert read_volume(folder / "Zelle [3].tif", voxel_size=SIZE).name == "Zelle [3]"
