"""TIFF of every kind, its laziness, and what is refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micro.errors import (
    ColourImageError,
    MissingCalibrationError,
    ShapeMismatchError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from micro.io import inspect, read_volume
from micro.model import Spacing

SIZE = Spacing(0.3, 0.2, 0.1)


def stack(dtype: str = "uint16", shape: tuple[int, ...] = (5, 40, 50)) -> np.ndarray:
    grey = np.random.default_rng(3).integers(0, 200, shape)
    return (grey > 99) if dtype == "bool" else grey.astype(dtype)


KINDS: dict[str, dict] = {
    "plain": {},
    "bigtiff": {"bigtiff": True},
    "big-endian": {"byteorder": ">"},
    "strips": {"rowsperstrip": 7},
    "imagej": {"imagej": True, "metadata": {"axes": "ZYX"}},
    "imagej-big-endian": {"imagej": True, "metadata": {"axes": "ZYX"}, "byteorder": ">"},
    "ome": {"ome": True, "metadata": {"axes": "ZYX"}},
    "deflate": {"compression": "zlib", "predictor": True, "rowsperstrip": 7},
    "lzw": {"compression": "lzw"},
    "zstd": {"compression": "zstd"},
    "packbits": {"compression": "packbits", "rowsperstrip": 3},
    "tiled": {"tile": (16, 32)},
    "tiled-deflate": {"tile": (32, 16), "compression": "zlib"},
    "one-directory": {"truncate": True},
    "one-directory-with-axes": {"truncate": True, "metadata": {"axes": "ZYX"}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_pixels_and_any_part_of_them(folder: Path, kind: str):
    path, grey = folder / "Stapel ä.tif", stack()
    options = dict(KINDS[kind])
    tifffile.imwrite(path, grey, photometric="minisblack", **options)
    data = read_volume(path, voxel_size=SIZE).data
    assert data.dtype == grey.dtype
    np.testing.assert_array_equal(data.compute(), grey)
    np.testing.assert_array_equal(data[1:4, 5:33, 17:49].compute(), grey[1:4, 5:33, 17:49])
    np.testing.assert_array_equal(data[::-2, 3, ::7].compute(), grey[::-2, 3, ::7])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(data))[2].compute(), grey[2])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", "bool"])
@pytest.mark.parametrize("coding", [{}, {"compression": "zlib"}])
def test_types_are_kept(folder: Path, dtype: str, coding: dict):
    path, grey = folder / "a.tif", stack(dtype)
    tifffile.imwrite(path, grey, photometric="minisblack", **coding)
    data = read_volume(path, voxel_size=SIZE).data
    assert data.dtype == grey.dtype
    np.testing.assert_array_equal(data.compute(), grey)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.tuples(st.integers(2, 4), st.integers(2, 30), st.integers(2, 30)),
    dtype=st.sampled_from(["uint8", ">u2", "int16", "float32"]),
    tile=st.sampled_from([None, (16, 16), (32, 16)]),
    compression=st.sampled_from([None, "zlib", "lzw"]),
    data=st.data(),
)
def test_any_region_of_any_layout(tmp_path: Path, shape, dtype, tile, compression, data):
    path, grey = tmp_path / "a.tif", stack(dtype, shape)
    rows = data.draw(st.integers(1, shape[1]), label="rows of a strip") if tile is None else None
    tifffile.imwrite(path, grey, photometric="minisblack", tile=tile, compression=compression, rowsperstrip=rows)
    region = tuple(slice(*sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))) for n in shape)
    found = read_volume(path, voxel_size=SIZE).data[region].compute()
    np.testing.assert_array_equal(found, grey[region])


def test_a_stack_of_imagej_with_one_directory_and_pages_behind_it(folder: Path):
    path, grey = folder / "gross.tif", stack("uint16", (6, 30, 40))
    tifffile.imwrite(path, grey[0], description="ImageJ=1.54f\nimages=6\nslices=6\n", metadata=None, byteorder=">")
    with tifffile.TiffFile(path) as tiff:
        start = tiff.pages[0].dataoffsets[0]
    with path.open("r+b") as file:
        file.seek(start)
        file.write(grey.astype(">u2").tobytes())
    np.testing.assert_array_equal(read_volume(path, voxel_size=SIZE).data.compute(), grey)
    with path.open("r+b") as file:
        file.truncate(start + grey.nbytes - 1)
    with pytest.raises(UnreadableFileError, match="truncated"):
        read_volume(path, voxel_size=SIZE)


def test_a_hundred_channels_are_slices(folder: Path):
    grey = stack("uint8", (100, 8, 9))
    tifffile.imwrite(folder / "a.tif", grey, imagej=True)  # without axes it says channels=100
    np.testing.assert_array_equal(read_volume(folder / "a.tif", voxel_size=SIZE).data.compute(), grey)


def test_previews_and_sub_images_are_passed_over(folder: Path):
    path, grey = folder / "pyramide.tif", stack("uint8", (64, 64))
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(grey, subifds=1)
        tiff.write(grey[::2, ::2], subfiletype=1)
        tiff.write(grey[::4, ::4], subfiletype=1)
    assert read_volume(path, voxel_size=SIZE).shape == (1, 64, 64)


@pytest.mark.parametrize(
    ("axes", "shape", "why"),
    [
        ("CYX", (2, 8, 9), "2 channels"),
        ("TYX", (4, 8, 9), "4 time points"),
        ("ZCYX", (3, 2, 8, 9), "2 channels"),
        ("TZYX", (2, 3, 8, 9), "2 time points"),
    ],
)
@pytest.mark.parametrize("flavour", [{"imagej": True}, {"ome": True}, {}])
def test_channels_and_time_points_are_refused_with_a_remedy(folder: Path, axes, shape, why, flavour):
    path = folder / "a.tif"
    tifffile.imwrite(path, stack("uint8", shape), photometric="minisblack", metadata={"axes": axes}, **flavour)
    with pytest.raises(UnsupportedFormatError, match=f"{why}.*save"):
        read_volume(path, voxel_size=SIZE)


@pytest.mark.parametrize("axes", ["TCZYX", "TZCYX"])
def test_axes_of_length_one_are_no_matter(folder: Path, axes: str):
    grey = stack("uint8", (3, 8, 9))
    tifffile.imwrite(folder / "a.tif", grey.reshape([3 if a == "Z" else 1 for a in axes[:3]] + [8, 9]), ome=True,
                     metadata={"axes": axes}, photometric="minisblack")  # fmt: skip
    np.testing.assert_array_equal(read_volume(folder / "a.tif", voxel_size=SIZE).data.compute(), grey)


def test_pages_that_differ_name_the_first_that_does(folder: Path):
    with tifffile.TiffWriter(folder / "a.tif") as tiff:
        for width in (8, 8, 7, 6):
            tiff.write(np.zeros((5, width), np.uint8), metadata=None)
    with pytest.raises(ShapeMismatchError, match="page 3 is 7 x 5 uint8, page 1 is 8 x 5"):
        read_volume(folder / "a.tif", voxel_size=SIZE)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("coding", [None, "zlib"])
def test_colour_that_is_grey_becomes_grey(folder: Path, channels: int, planar: str, coding: str | None):
    grey = stack("uint8", (20, 30))
    picture = np.repeat(grey[..., np.newaxis], channels, axis=-1)
    if channels == 4:
        picture[..., 3] = 255
    ordered = picture if planar == "contig" else np.moveaxis(picture, -1, 0)
    tifffile.imwrite(folder / "a.tif", ordered, photometric="rgb", planarconfig=planar, compression=coding)
    volume = read_volume(folder / "a.tif", voxel_size=SIZE)
    np.testing.assert_array_equal(volume.data[0].compute(), grey)
    np.testing.assert_array_equal(volume.data[0, 3:7, 5:9].compute(), grey[3:7, 5:9])


def test_one_pixel_of_colour_is_refused_when_opened(folder: Path):
    picture = np.full((20, 30, 3), 7, np.uint8)
    picture[19, 29, 2] = 8
    tifffile.imwrite(folder / "a.tif", picture, photometric="rgb")
    with pytest.raises(ColourImageError, match="convert it to grey"):
        read_volume(folder / "a.tif", voxel_size=SIZE)


def test_colour_in_a_later_slice_is_refused_when_it_is_read(folder: Path):
    pictures = np.full((3, 20, 30, 3), 7, np.uint8)
    pictures[2, 4, 4, 0] = 8
    tifffile.imwrite(folder / "a.tif", pictures, photometric="rgb")
    volume = read_volume(folder / "a.tif", voxel_size=SIZE)
    assert int(volume.data[:2].max().compute()) == 7
    with pytest.raises(ColourImageError, match="page 3"):
        volume.data[2].compute()


def test_palettes_of_grey_are_applied_and_those_of_colour_refused(folder: Path):
    values = stack("uint8", (20, 30))
    ramp = np.arange(256, dtype=np.uint16) * 257
    tifffile.imwrite(folder / "ramp.tif", values, photometric="palette", colormap=np.stack([ramp] * 3))
    tifffile.imwrite(folder / "inverse.tif", values, photometric="palette", colormap=np.stack([ramp[::-1]] * 3))
    tifffile.imwrite(folder / "fire.tif", values, photometric="palette", colormap=np.stack([ramp, ramp, ramp[::-1]]))
    assert (read_volume(folder / "ramp.tif", voxel_size=SIZE).data[0].compute() == values).all()
    assert (read_volume(folder / "inverse.tif", voxel_size=SIZE).data[0].compute() == 255 - values).all()
    with pytest.raises(ColourImageError, match="palette"):
        read_volume(folder / "fire.tif", voxel_size=SIZE)


def test_white_stored_as_zero_is_inverted(folder: Path):
    grey = stack("uint8", (20, 30))
    tifffile.imwrite(folder / "a.tif", grey, photometric="miniswhite")
    assert (read_volume(folder / "a.tif", voxel_size=SIZE).data[0].compute() == 255 - grey).all()


def test_a_stack_that_gives_only_the_pixel_size_misses_z_and_says_what_it_found(folder: Path):
    tifffile.imwrite(
        folder / "a.tif", stack("uint8", (3, 8, 9)), photometric="minisblack", resolution=(40000, 20000),
        resolutionunit="CENTIMETER",
    )  # fmt: skip
    with pytest.raises(MissingCalibrationError, match=r"0\.5, 0\.25 um .*--voxel-size 0\.1,0\.5,0\.25um"):
        read_volume(folder / "a.tif")
    info = inspect(folder / "a.tif")
    assert info.spacing is None
    assert "no distance between slices" in "\n".join(info.lines())


def test_the_user_overrides_the_file_and_both_are_recorded(folder: Path):
    tifffile.imwrite(
        folder / "a.tif", stack("uint8", (8, 9)), resolution=(40000, 20000), resolutionunit="CENTIMETER"
    )  # fmt: skip
    assert read_volume(folder / "a.tif").spacing == Spacing(0.25, 0.5, 0.25)
    step = read_volume(folder / "a.tif", voxel_size=SIZE).history[-1]
    assert step.parameters["spacing_um"] == [0.3, 0.2, 0.1]
    assert step.parameters["spacing_from"] == "the user"
    assert step.parameters["spacing_in_file_um"] == [None, 0.5, 0.25]


def test_a_sparse_stack_of_twenty_gigabytes_opens_at_once(folder: Path):
    import time

    resource = pytest.importorskip("resource")
    path = folder / "zwanzig.tif"
    description = "ImageJ=1.54f\nimages=5000\nslices=5000\nunit=um\nspacing=0.1\n"
    tifffile.imwrite(
        path, np.zeros((2000, 2000), np.uint8), bigtiff=True, description=description, metadata=None,
        resolution=(10, 10), resolutionunit="NONE",
    )  # fmt: skip
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + 4999 * 2000 * 2000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    volume = read_volume(path)
    # What the design promises: one second (of this process, whatever else the machine does) and
    # 300 MB (ru_maxrss counts kilobytes).
    assert time.process_time() - start < 1
    assert volume.shape == (5000, 2000, 2000)
    assert int(volume.data[4990:, 1000:1100, 1000:1100].max().compute()) == 0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    assert len(volume.data.__dask_graph__()) < 1000
