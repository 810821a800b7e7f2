"""Broken and foreign files: one clear line, whatever the bytes."""

import logging
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from micro.errors import (
    InputMissingError,
    MicroError,
    MissingCalibrationError,
    UnreadableFileError,
    UnsupportedFormatError,
)
from micro.io import inspect, read_labels, read_volume
from micro.model import Labels, Spacing, Volume

SIZE = Spacing(1, 1, 1)
GREY = np.random.default_rng(1).integers(0, 40, (4, 30, 40)).astype(np.uint8)


def one_line(error: pytest.ExceptionInfo[MicroError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_missing(folder: Path):
    for source in (folder / "nichts.tif", str(folder / "*.tif"), [folder / "nichts.tif"], []):
        with pytest.raises(InputMissingError) as error:
            read_volume(source, voxel_size=SIZE)
        one_line(error)


@pytest.mark.parametrize("ending", ["tif", "png", "TIFF"])
@pytest.mark.parametrize(("content", "why"), [(b"", "empty"), (b"z,y,x\n1,2,3\n", "named as a"), (b"II", "named as a")])
def test_files_that_are_not_what_their_name_says(folder: Path, ending: str, content: bytes, why: str):
    path = folder / f"bild.{ending}"
    path.write_bytes(content)
    for act in (inspect, read_volume):
        with pytest.raises(UnreadableFileError, match=why) as error:
            act(path)
        one_line(error)


@pytest.mark.parametrize("name", ["bild.jpg", "stapel.nrrd", "bild.xrm", "bild"])
def test_unknown_endings_list_the_known_ones(folder: Path, name: str):
    (folder / name).write_bytes(b"abc")
    with pytest.raises(UnsupportedFormatError, match=r"known: .*\.tif") as error:
        read_volume(folder / name, voxel_size=SIZE)
    one_line(error)


@pytest.mark.parametrize("read", [read_volume, read_labels])
def test_two_lengths_are_none_for_a_volume(folder: Path, read: Callable[..., Volume | Labels]):
    two = Spacing.parse("0.3,0.4um")
    tifffile.imwrite(folder / "stack.tif", np.ones((4, 5, 6), np.uint8), photometric="minisblack")
    tifffile.imwrite(folder / "section.tif", np.ones((5, 6), np.uint8))
    with pytest.raises(MissingCalibrationError, match=r"two lengths.* 4 slices; expected three \(z, y, x\)"):
        read(folder / "stack.tif", voxel_size=two)
    assert read(folder / "section.tif", voxel_size=two).spacing == Spacing(0.3, 0.3, 0.4)


def test_a_voxel_size_of_zero_says_nothing(folder: Path):
    description = "ImageJ=1.54f\nimages=4\nslices=4\nunit=um\nspacing=0.0\n"
    tifffile.imwrite(folder / "a.tif", GREY, description=description, metadata=None, photometric="minisblack")
    with pytest.raises(MissingCalibrationError) as error:
        read_volume(folder / "a.tif")
    one_line(error)
    assert any("'0.0'" in note for note in inspect(folder / "a.tif").notes)


def write_variant(path: Path, variant: str) -> None:
    if path.suffix == ".png":
        Image.fromarray(GREY[0]).save(path)
    elif variant == "imagej":
        tifffile.imwrite(path, GREY, imagej=True, metadata={"axes": "ZYX"})
    elif variant == "ome":
        tifffile.imwrite(path, GREY, ome=True, photometric="minisblack")
    else:
        tifffile.imwrite(path, GREY, photometric="minisblack", compression=None if variant == "plain" else variant)


VARIANTS = ["plain", "imagej", "ome", "zlib", "lzw", "packbits"]


@pytest.mark.parametrize("variant", [*VARIANTS, "png"])
def test_a_file_cut_short_is_refused_when_opened_unless_only_the_program_name_is_lost(
    folder: Path, variant: str, caplog: pytest.LogCaptureFixture
):
    path = folder / ("a.png" if variant == "png" else "a.tif")
    write_variant(path, variant)
    whole = path.read_bytes()
    rng = random.Random(variant)
    expected = GREY[:1] if variant == "png" else GREY
    refused = 0
    for length in [len(whole) - 1, *(rng.randrange(1, len(whole)) for _ in range(40))]:
        path.write_bytes(whole[:length])
        with caplog.at_level(logging.DEBUG):
            try:
                volume = read_volume(path, voxel_size=SIZE)
            except UnreadableFileError as error:
                refused += "\n" not in str(error)
            else:
                assert length > len(whole) - 64
                np.testing.assert_array_equal(volume.data.compute(), expected)
    assert refused > 30
    assert caplog.records == []


@pytest.mark.parametrize("variant", [*VARIANTS, "png"])
def test_flipped_bytes_give_an_error_of_ours_or_an_image(folder: Path, variant: str, caplog: pytest.LogCaptureFixture):
    path = folder / ("a.png" if variant == "png" else "a.tif")
    write_variant(path, variant)
    whole = path.read_bytes()
    rng = random.Random(variant)
    messages: list[str] = []
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            # Directories stand at the front and (for some writers) at the end: hit these often.
            place = rng.choice([rng.randrange(len(whole)), rng.randrange(min(600, len(whole)))])
            broken[place] = rng.randrange(256)
        path.write_bytes(broken)
        try:
            volume = read_volume(path, voxel_size=SIZE)
            assert volume.data[0].compute().shape == volume.shape[1:]
        except MicroError as error:
            messages.append(str(error))
    assert not [message for message in messages if "\n" in message]
    assert caplog.records == []
