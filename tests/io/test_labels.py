from pathlib import Path

import numpy as np
import pytest
import tifffile

from micro.errors import PhaseError
from micro.io import read_labels
from micro.model import Spacing

SIZE = Spacing(1, 1, 1)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "bool"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_any_integer_type(folder: Path, dtype: str, compression: str | None):
    values = np.random.default_rng(8).integers(0, 2 if dtype == "bool" else 10, (3, 20, 30)).astype(dtype)
    tifffile.imwrite(folder / "a.tif", values, photometric="minisblack", compression=compression)
    labels = read_labels(folder / "a.tif", voxel_size=SIZE)
    np.testing.assert_array_equal(labels.data.compute(), values.astype(np.uint8))
    mapped = read_labels(folder / "a.tif", voxel_size=SIZE, mapping={0: "void", **dict.fromkeys(range(1, 10), "SE")})
    np.testing.assert_array_equal(mapped.data.compute(), np.where(values.astype(int) == 0, 1, 2))
    assert mapped.history[-1].parameters["mapping"]["0"] == "void"


def test_floating_point_is_no_label_image(folder: Path):
    tifffile.imwrite(folder / "a.tif", np.zeros((5, 5), np.float32))
    with pytest.raises(PhaseError, match="float32"):
        read_labels(folder / "a.tif", voxel_size=SIZE)


def test_all_strange_values_of_the_file_are_listed_when_it_is_opened(folder: Path):
    values = np.zeros((3, 20, 30), np.uint8)
    values[0, 0, 0], values[2, 19, 29] = 85, 170
    tifffile.imwrite(folder / "a.tif", values, photometric="minisblack", compression="zlib")
    with pytest.raises(PhaseError, match="85, 170 are not in the mapping"):
        read_labels(folder / "a.tif", voxel_size=SIZE, mapping={1: "void"})


def test_white_stored_as_zero_leaves_labels_alone(folder: Path):
    values = np.arange(20, dtype=np.uint8).reshape(4, 5) % 9
    tifffile.imwrite(folder / "a.tif", values, photometric="miniswhite")
    np.testing.assert_array_equal(read_labels(folder / "a.tif", voxel_size=SIZE).data[0].compute(), values)
