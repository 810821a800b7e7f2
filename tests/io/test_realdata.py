"""Real micrographs: sizes, order, fractions and refusals that others have published or that the files state."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from micro.errors import MicroError, MissingCalibrationError, UnsupportedFormatError
from micro.io import inspect, parse_mapping, read_labels, read_volume
from micro.model import Labels, Spacing

pytestmark = pytest.mark.realdata
SIZE = Spacing(1, 1, 1)


@pytest.mark.parametrize(
    ("name", "nm", "shape", "where"),
    [
        ("zeiss_merlin.tif", 55.82, (1, 768, 1024), "Zeiss tag 34118, AP_IMAGE_PIXEL_SIZE"),
        ("fei_teneo_databar.tif", 1.07917, (1, 1024, 1536), "FEI tag 34682"),
        ("fei_teneo_databar_2.tif", 1.34896, (1, 1024, 1536), "FEI tag 34682"),
    ],
)
def test_microscopes_state_the_pixel_size(realdata: Path, name: str, nm: float, shape, where: str):
    volume = read_volume(realdata / "vendor" / name)
    assert volume.shape == shape
    # The files state these digits; what is left is the rounding of doubles.
    assert volume.spacing.um == pytest.approx((nm / 1000,) * 3, rel=1e-12)
    assert where in inspect(realdata / "vendor" / name).spacing_from
    assert volume.data[0].compute().shape == shape[1:]


def test_the_data_bar_is_cut_and_told(realdata: Path):
    path = realdata / "vendor" / "fei_teneo_databar.tif"
    np.testing.assert_array_equal(read_volume(path).data[0].compute(), tifffile.imread(path)[:1024])
    assert "rows 1024 to 1093 (data bar)" in "\n".join(inspect(path).lines())


def test_grey_in_colour_opens_once_its_voxel_size_is_said(realdata: Path):
    path = realdata / "battery" / "nmc_xtm_slice.tif"
    with pytest.raises(MissingCalibrationError, match="--voxel-size") as error:
        read_volume(path)
    assert "\n" not in str(error.value)
    volume = read_volume(path, voxel_size=Spacing.parse("0.37um"))
    assert volume.shape == (1, 853, 846)
    np.testing.assert_array_equal(volume.data[0].compute(), tifffile.imread(path)[..., 1])


def test_ten_slices_are_one_volume_in_order(realdata: Path):
    folder = realdata / "ct" / "cell_volume"
    volume = read_volume(folder, voxel_size=SIZE)
    assert volume.shape == (10, 728, 728)
    for number, grey in enumerate(volume.data.compute()):
        np.testing.assert_array_equal(grey, tifffile.imread(folder / f"im{46 + number:03d}.tif"))


def fractions(labels: Labels) -> np.ndarray:
    return np.bincount(labels.data.compute().ravel(), minlength=10) / labels.data.size


def test_labels_with_phases_at_zero(realdata: Path):
    path = realdata / "battery" / "nmc_cbd_labels_251x301x301.tif"
    labels = read_labels(path, voxel_size=SIZE, mapping=parse_mapping("0=void,1=cathode,2=9"))
    # Published to four digits.
    assert fractions(labels)[[0, 1, 6, 9]] == pytest.approx([0, 0.4005, 0.4995, 0.100], abs=5e-5)
    assert labels.phases.name_of(9) == "label 9"


def test_labels_of_an_electrode(realdata: Path):
    path = realdata / "porous" / "electrode_generated_256.tiff"
    labels = read_labels(path, voxel_size=SIZE, mapping=parse_mapping("0=void,85=SE,170=Li"))
    # Published to four digits.
    assert fractions(labels)[:4] == pytest.approx([0, 0.4499, 0.4005, 0.1496], abs=5e-5)


def test_every_image_there_is_opens_with_the_pixels_that_tifffile_reads(realdata: Path):
    paths = sorted(path for path in realdata.rglob("*.tif*") if path.is_file())
    assert len(paths) > 20
    for path in paths:
        volume = read_volume(path, voxel_size=SIZE)
        expected = tifffile.imread(path)
        expected = expected[..., 0] if expected.ndim == 3 and expected.shape[-1] == 4 else expected
        expected = expected.reshape(-1, *expected.shape[-2:])[:, : volume.shape[1]]
        np.testing.assert_array_equal(volume.data.compute(), expected)


def test_the_cracked_granite_is_grey(realdata: Path):
    volume = read_volume(realdata / "cracks" / "granite_microcracks.png", voxel_size=SIZE)
    assert volume.shape == (1, 992, 992)


@pytest.mark.parametrize("name", ["ball_gz.nrrd", "xradia_slice.xrm", "berea_pore_110x110x110_u8.raw"])
def test_formats_that_are_not_read_yet_say_so(realdata: Path, name: str):
    with pytest.raises(UnsupportedFormatError, match="known: ") as error:
        inspect(realdata / "vendor" / name)
    assert "\n" not in str(error.value)


def test_every_real_file_cut_in_half_is_one_clear_line(realdata: Path, folder: Path):
    for path in [*sorted((realdata / "vendor").glob("*.tif")), *sorted((realdata / "labelled").glob("*.tif"))]:
        whole = path.read_bytes()
        (folder / path.name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(MicroError) as error:
            read_volume(folder / path.name, voxel_size=SIZE)
        assert "\n" not in str(error.value)
