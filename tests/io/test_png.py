from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from micro.errors import ColourImageError
from micro.io import inspect, read_labels, read_volume
from micro.model import Spacing

SIZE = Spacing(1, 1, 1)
GREY = np.random.default_rng(4).integers(0, 5, (30, 40)).astype(np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_grey_in_every_guise(folder: Path, mode: str):
    Image.fromarray(GREY).convert(mode).save(folder / "a.png")
    np.testing.assert_array_equal(read_volume(folder / "a.png", voxel_size=SIZE).data[0].compute(), GREY)


def test_sixteen_bits_and_one_bit(folder: Path):
    wide = GREY.astype(np.uint16) * 1000
    Image.fromarray(wide).save(folder / "a.png")
    np.testing.assert_array_equal(read_volume(folder / "a.png", voxel_size=SIZE).data[0].compute(), wide)
    Image.fromarray(GREY > 2).save(folder / "b.png")
    data = read_volume(folder / "b.png", voxel_size=SIZE).data
    assert data.dtype == bool
    np.testing.assert_array_equal(data[0].compute(), GREY > 2)


def test_colour_is_refused(folder: Path):
    picture = np.stack([GREY, GREY, GREY ^ 1], axis=-1)
    Image.fromarray(picture).save(folder / "a.png")
    with pytest.raises(ColourImageError):
        read_volume(folder / "a.png", voxel_size=SIZE)


def test_a_palette_of_colours_is_refused_as_grey_and_taken_as_labels(folder: Path):
    picture = Image.fromarray(GREY, mode=None).convert("P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0])
    picture.save(folder / "a.png")
    values = np.asarray(picture)
    with pytest.raises(ColourImageError, match="palette"):
        read_volume(folder / "a.png", voxel_size=SIZE)
    np.testing.assert_array_equal(read_labels(folder / "a.png", voxel_size=SIZE).data[0].compute(), values)


@pytest.mark.parametrize(("dpi", "um"), [(254000, 0.1), (300, None)])
def test_pixels_per_metre_count_unless_they_are_for_print(folder: Path, dpi: int, um: float | None):
    Image.fromarray(GREY).save(folder / "a.png", dpi=(dpi, dpi))
    spacing = inspect(folder / "a.png").spacing
    assert spacing == (None if um is None else Spacing(um, um, um))
