"""OME-Zarr by others: version 0.4, further axes, damaged metadata."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from micro.errors import MicroError, MissingCalibrationError, UnsupportedFormatError
from micro.io import inspect, read_volume

GREY = np.random.default_rng(7).integers(0, 255, (3, 20, 30)).astype(np.uint8)


def write_04(path: Path, array: np.ndarray, axes: str, unit: str = "nanometer") -> None:
    group = zarr.create_group(path, zarr_format=2)
    group.create_array("s0", data=array, chunks=tuple(min(n, 8) for n in array.shape))
    scale = {"t": 1, "c": 1, "z": 50, "y": 20, "x": 10}
    group.attrs["multiscales"] = [
        {
            "version": "0.4",
            "axes": [{"name": a, "type": "space", "unit": unit} if a in "zyx" else {"name": a} for a in axes],
            "datasets": [
                {"path": "s0", "coordinateTransformations": [{"type": "scale", "scale": [scale[a] for a in axes]}]}
            ],
        }
    ]


@pytest.mark.parametrize("axes", ["tczyx", "czyx", "zyx", "zxy", "yzx"])
def test_version_04_with_any_axes(folder: Path, axes: str):
    order = ["zyx".index(axis) for axis in axes if axis in "zyx"]
    array = GREY.transpose(order)[(np.newaxis,) * (len(axes) - 3)]
    write_04(folder / "a.zarr", array, axes)
    volume = read_volume(folder / "a.zarr")
    assert volume.spacing.um == (0.05, 0.02, 0.01)
    np.testing.assert_array_equal(volume.data.compute(), GREY)
    np.testing.assert_array_equal(volume.data[1:, 3:9, 4:19].compute(), GREY[1:, 3:9, 4:19])
    assert inspect(folder / "a.zarr").format == "OME-Zarr 0.4"


def test_a_section_of_two_axes(folder: Path):
    write_04(folder / "a.zarr", GREY[0], "yx")
    volume = read_volume(folder / "a.zarr")
    assert volume.is_2d
    assert volume.spacing.um == (0.01, 0.02, 0.01)
    np.testing.assert_array_equal(volume.data[0].compute(), GREY[0])


@pytest.mark.parametrize(("axes", "why"), [("czyx", "2 channels"), ("tzyx", "2 time points")])
def test_channels_and_time_points_are_refused(folder: Path, axes: str, why: str):
    write_04(folder / "a.zarr", np.stack([GREY, GREY]), axes)
    with pytest.raises(UnsupportedFormatError, match=why):
        read_volume(folder / "a.zarr")


def test_no_unit_is_no_voxel_size(folder: Path):
    write_04(folder / "a.zarr", GREY, "zyx", unit="pixel")
    with pytest.raises(MissingCalibrationError, match="'pixel'"):
        read_volume(folder / "a.zarr")


@pytest.mark.parametrize(
    "damage", ["{", "[]", '{"multiscales": [{}]}', '{"multiscales": [{"datasets": [{"path": "../b"}]}]}']
)
def test_damaged_metadata_are_one_clear_line(folder: Path, damage: str):
    write_04(folder / "a.zarr", GREY, "zyx")
    (folder / "a.zarr" / ".zattrs").write_text(damage, encoding="utf-8")
    with pytest.raises(MicroError) as error:
        read_volume(folder / "a.zarr")
    assert "\n" not in str(error.value)


def test_a_collection_of_bioformats2raw(folder: Path):
    zarr.create_group(folder / "a.zarr", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    write_04(folder / "a.zarr" / "0", GREY, "zyx")
    np.testing.assert_array_equal(read_volume(folder / "a.zarr").data.compute(), GREY)
