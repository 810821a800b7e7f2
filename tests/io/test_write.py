"""What is written opens again, here and in other programs, and is never half there."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micro.errors import ImageContentError, OutputError, PhaseError, ShapeMismatchError
from micro.io import LABELS_NAME, imagej_can_hold, inspect, read_labels, read_volume, write_ome_zarr, write_tiff
from micro.io._pyramid import halve_by_mean, halve_by_mode, level_factors
from micro.model import SSB_PHASES, Labels, Phase, PhaseSet, Spacing, Step, Volume

EDGES = st.floats(1e-4, 100)
SPACINGS = st.builds(Spacing, EDGES, EDGES, EDGES)
SHAPES = st.tuples(st.integers(1, 5), st.integers(2, 20), st.integers(2, 20))
RELAXED = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def grey(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    return np.random.default_rng(5).integers(0, 120, shape).astype(dtype)


@RELAXED
@given(
    shape=SHAPES, dtype=st.sampled_from(["uint8", "uint16", "float32", "int8", "float64", "uint32"]), spacing=SPACINGS
)
def test_tiff_round_trip(tmp_path: Path, shape, dtype, spacing):
    path, array = tmp_path / "Würfel.tif", grey(shape, dtype)
    write_tiff(path, Volume(array, spacing))
    again = read_volume(path)
    assert again.data.dtype == dtype
    np.testing.assert_array_equal(again.data.compute(), array)
    # x and y pass through TIFF's ratios of 32-bit numbers: for 1/100 um the numerator resolves 1e-7 or better.
    assert again.spacing.um[1:] == pytest.approx(spacing.um[1:], rel=1e-6)
    if shape[0] > 1:
        assert again.spacing.z == pytest.approx(spacing.z, rel=1e-12)


@RELAXED
@given(shape=SHAPES, dtype=st.sampled_from(["uint8", "uint16", "float32", "int16", "bool"]), spacing=SPACINGS)
def test_ome_zarr_round_trip(tmp_path: Path, shape, dtype, spacing):
    path, array = tmp_path / "Würfel.ome.zarr", grey(shape, dtype)
    write_ome_zarr(path, Volume(array, spacing))
    again = read_volume(path)
    assert again.data.dtype == dtype
    np.testing.assert_array_equal(again.data.compute(), array)
    assert again.spacing.um[1:] == spacing.um[1:]
    assert again.spacing.z == (spacing.z if shape[0] > 1 else min(spacing.um[1:]))


def test_imagej_reads_um_and_slices(folder: Path):
    path = write_tiff(folder / "a.tif", Volume(grey((3, 8, 9)), Spacing(0.3, 0.2, 0.1)))
    with tifffile.TiffFile(path) as tiff:
        fields = tiff.imagej_metadata
        resolution = tiff.pages[0].resolution
    assert fields is not None
    assert (fields["unit"], fields["slices"], fields["spacing"]) == ("um", 3, 0.3)
    assert resolution == (10, 5)


def test_what_imagej_cannot_hold_becomes_ome(folder: Path):
    path = write_tiff(folder / "a.tif", Volume(grey((3, 8, 9), "int32"), Spacing(0.3, 0.2, 0.1)))
    assert inspect(path).format == "OME-TIFF"


def test_four_gigabytes_are_too_many_for_imagej():
    lazy = da.zeros((1024, 2048, 2048), dtype=np.uint8)
    assert not imagej_can_hold(Volume(lazy, Spacing(1, 1, 1)))
    assert imagej_can_hold(Volume(lazy[:1000], Spacing(1, 1, 1)))


def labelled(shape: tuple[int, int, int] = (6, 40, 50)) -> Labels:
    own = PhaseSet((*SSB_PHASES, Phase("Zusatz", 11, frozenset({"electrolyte"}), "#123456")))
    values = np.random.default_rng(6).integers(0, 12, shape).astype(np.uint8)
    return Labels(values, Spacing(0.3, 0.2, 0.1), phases=own, history=(Step("segment", {"a": 1}, version="0"),))


def test_labels_below_an_image_bring_back_phases_and_history(folder: Path):
    labels = labelled()
    image = Volume(grey(labels.shape), labels.spacing, name="Zelle 3")
    write_ome_zarr(folder / "Zelle 3.ome.zarr", image, labels)
    again = read_labels(folder / "Zelle 3.ome.zarr")
    np.testing.assert_array_equal(again.data.compute(), labels.data.compute())
    assert again.phases == labels.phases
    assert again.spacing == labels.spacing
    assert [step.operation for step in again.history] == ["segment", "read"]
    np.testing.assert_array_equal(read_volume(folder / "Zelle 3.ome.zarr").data.compute(), image.data.compute())


def test_labels_alone_and_labels_given_by_their_path(folder: Path):
    labels = labelled()
    write_ome_zarr(folder / "nur.ome.zarr", None, labels)
    np.testing.assert_array_equal(read_labels(folder / "nur.ome.zarr").data.compute(), labels.data.compute())
    write_ome_zarr(folder / "a.ome.zarr", Volume(grey(labels.shape), labels.spacing), labels)
    again = read_labels(folder / "a.ome.zarr" / "labels" / LABELS_NAME)
    np.testing.assert_array_equal(again.data.compute(), labels.data.compute())


def test_the_ome_zarr_package_finds_image_labels_levels_and_colours(folder: Path):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    labels = labelled((150, 140, 300))
    write_ome_zarr(folder / "a.ome.zarr", Volume(grey(labels.shape, "uint8"), labels.spacing), labels)
    location = parse_url(folder / "a.ome.zarr")
    assert location is not None
    nodes = {str(node.metadata["name"]): node for node in Reader(location)() if node.data}
    image, below = nodes["sample"], nodes[LABELS_NAME]
    assert [level.shape for level in image.data] == [(150, 140, 300), (75, 70, 150), (75, 70, 75)]
    assert [axis["unit"] for axis in image.metadata["axes"]] == ["micrometer"] * 3
    assert image.metadata["coordinateTransformations"][1] == [
        {"type": "scale", "scale": [0.6, 0.4, 0.2]},
        {"type": "translation", "translation": [0.15, 0.1, 0.05]},
    ]
    assert below.metadata["color"][1] == pytest.approx([0, 114 / 255, 178 / 255, 1])
    assert below.metadata["properties"][11]["name"] == "Zusatz"
    np.testing.assert_array_equal(np.asarray(below.data[0]), labels.data.compute())


def test_coarse_levels_do_not_depend_on_chunks(folder: Path):
    array = grey((20, 270, 261), "uint8")
    for name, chunks in (("a", (20, 270, 261)), ("b", (7, 100, 33))):
        write_ome_zarr(folder / f"{name}.ome.zarr", Volume(da.from_array(array, chunks=chunks), Spacing(1, 1, 1)))
    for level, factors in enumerate(level_factors(array.shape)):
        first, second = (zarr.open_array(folder / f"{n}.ome.zarr" / str(level), mode="r")[...] for n in "ab")
        np.testing.assert_array_equal(first, second)
        assert first.shape == tuple(-(-n // f) for n, f in zip(array.shape, factors, strict=True))


def test_halving():
    block = np.array([[1, 1, 5], [2, 1, 7], [9, 9, 9]], np.uint8)
    assert halve_by_mode(block, (2, 2)).tolist() == [[1, 5], [9, 9]]
    assert halve_by_mean(block, (2, 2)).tolist() == [[1, 6], [9, 9]]
    assert halve_by_mean(block > 1, (1, 2)).tolist() == [[False, True], [True, True], [True, True]]
    assert halve_by_mean(np.full((2, 2), 255, np.uint8), (2, 2)).tolist() == [[255]]
    assert halve_by_mean(block / 2, (2, 1))[0].tolist() == [0.75, 0.5, 3.0]


def failing(shape: tuple[int, int, int]) -> da.Array:
    def fail(block: np.ndarray) -> np.ndarray:
        raise ImageContentError("the second half is broken")

    good = da.zeros((shape[0] // 2, *shape[1:]), dtype=np.uint8, chunks=2)
    return da.concatenate([good, good.map_blocks(fail, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))])


@pytest.mark.parametrize("write", [write_tiff, write_ome_zarr])
def test_a_failure_while_writing_leaves_what_was_there(folder: Path, write):
    target = folder / ("a.tif" if write is write_tiff else "a.ome.zarr")
    old = Volume(grey((2, 8, 9), "uint8"), Spacing(1, 1, 1))
    write(target, old)
    with pytest.raises(ImageContentError, match="second half"):
        write(target, Volume(failing((8, 8, 9)), Spacing(1, 1, 1)))
    assert [item.name for item in folder.iterdir()] == [target.name]
    np.testing.assert_array_equal(read_volume(target).data.compute(), old.data.compute())


@pytest.mark.parametrize("write", [write_tiff, write_ome_zarr])
def test_output_below_a_file(folder: Path, write):
    (folder / "datei").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError) as error:
        write(folder / "datei" / "aus", Volume(grey((2, 8, 9)), Spacing(1, 1, 1)))
    assert "\n" not in str(error.value)


def test_a_folder_of_other_files_is_never_replaced(folder: Path):
    (folder / "wichtig.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="other files"):
        write_ome_zarr(folder, Volume(grey((2, 8, 9)), Spacing(1, 1, 1)))
    assert (folder / "wichtig.txt").exists()


def test_image_and_labels_must_fit(folder: Path):
    with pytest.raises(ShapeMismatchError):
        write_ome_zarr(folder / "a.ome.zarr", Volume(grey((2, 8, 9)), Spacing(1, 1, 1)), labelled())


def test_several_label_images_must_be_told_apart(folder: Path):
    labels = labelled()
    path = write_ome_zarr(folder / "a.ome.zarr", Volume(grey(labels.shape), labels.spacing), labels)
    write_ome_zarr(path / "labels" / "andere", None, labels)
    zarr.open_group(path / "labels", mode="a").attrs["ome"] = {"version": "0.5", "labels": [LABELS_NAME, "andere"]}
    with pytest.raises(PhaseError, match="phases, andere"):
        read_labels(path)
