"""The voxel size as each vendor and format writes it."""

import pytest

from micro.io._calibration.fei import fei_rows, read_fei
from micro.io._calibration.imagej import read_imagej
from micro.io._calibration.ngff import read_ngff
from micro.io._calibration.ome import read_ome
from micro.io._calibration.resolution import read_resolution
from micro.io._calibration.tags import TiffTags
from micro.io._calibration.tiff import read_tiff_calibration
from micro.io._calibration.tilt import read_tilt
from micro.io._calibration.zeiss import read_zeiss


def imagej(lines: str, x: tuple[int, int] = (4, 1), y: tuple[int, int] = (2, 1)) -> TiffTags:
    return TiffTags({270: f"ImageJ=1.54f\nimages=3\nslices=3\n{lines}", 282: x, 283: y, 296: 1})


@pytest.mark.parametrize("unit", ["micron", "um", "µm", "\\u00B5m", "μm"])
def test_imagej_names_of_the_micrometre(unit: str):
    found = read_imagej(imagej(f"unit={unit}\nspacing=3.0\n"))
    assert (found.z_um, found.y_um, found.x_um) == (3.0, 0.5, 0.25)


def test_imagej_nanometres_and_units_of_their_own_along_y_and_z():
    found = read_imagej(imagej("unit=nm\nyunit=um\nzunit=um\nspacing=3.0\n"))
    assert (found.z_um, found.y_um, found.x_um) == (3.0, 0.5, 0.00025)


@pytest.mark.parametrize("lines", ["unit=pixel\nspacing=2\n", "spacing=2\n", "unit= \n", "unit=s\n"])
def test_imagej_without_a_length_says_nothing(lines: str):
    assert not read_imagej(imagej(lines)).in_plane


def test_imagej_inches_of_a_screen_say_nothing():
    assert not read_imagej(imagej("unit=inch\n", x=(72, 1), y=(72, 1))).in_plane


@pytest.mark.parametrize("spacing", ["-0.5", "0.0", "nan", "x"])
def test_a_spacing_that_is_no_length_leaves_z_unknown_and_is_noted(spacing: str):
    found = read_imagej(imagej(f"unit=um\nspacing={spacing}\n"))
    assert found.z_um is None
    assert found.in_plane
    assert spacing in found.notes[0]


def ome(attributes: str) -> TiffTags:
    schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    return TiffTags({270: f'<?xml version="1.0"?><OME xmlns="{schema}"><Image><Pixels {attributes}/></Image></OME>'})


def test_ome_units_axis_by_axis_and_um_where_there_is_none():
    found = read_ome(
        ome(
            'PhysicalSizeX="25" PhysicalSizeXUnit="nm" PhysicalSizeY="0.5" PhysicalSizeZ="0.002" PhysicalSizeZUnit="mm"'
        )
    )
    assert (found.z_um, found.y_um, found.x_um) == (2.0, 0.5, 0.025)


@pytest.mark.parametrize("attributes", ['PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1"', 'SizeX="4"'])
def test_ome_without_lengths_says_nothing(attributes: str):
    assert not read_ome(ome(attributes)).in_plane


def test_ome_of_zero_size_is_noted():
    found = read_ome(ome('PhysicalSizeX="0" PhysicalSizeY="1"'))
    assert not found.in_plane
    assert "PhysicalSizeX of '0'" in found.notes[0]


@pytest.mark.parametrize(
    ("density", "unit"),
    [((72, 1), 2), ((96, 1), 2), ((1, 1), 2), ((191999, 1000), 2), ((300, 1), 2), ((1200, 1), 2), ((11811, 100), 3)],
)
def test_resolutions_of_screens_and_printers_say_nothing_and_are_noted(density: tuple[int, int], unit: int):
    found = read_resolution(TiffTags({282: density, 283: density, 296: unit}))
    assert not found.in_plane
    assert "says nothing" in found.notes[0]


def test_a_resolution_of_a_microscope_counts_and_pixels_need_not_be_square():
    found = read_resolution(TiffTags({282: (200000, 1), 283: (100000, 1), 296: 3}))
    assert (found.y_um, found.x_um) == (0.1, 0.05)


def test_a_resolution_without_a_unit_says_nothing():
    assert not read_resolution(TiffTags({282: (200000, 1), 283: (200000, 1), 296: 1})).in_plane


def test_zeiss_takes_the_image_before_the_scan_and_the_nameless_value_last():
    both = {"ap_image_pixel_size": ("Image Pixel Size", 2.5, "nm"), "ap_pixel_size": ("Pixel Size", 5, "nm")}
    assert read_zeiss(TiffTags({34118: both})).x_um == 0.0025
    found = read_zeiss(TiffTags({34118: {"": (0, 0, 0, 5e-8, 2000.0)}}))
    # One rounding of the product with a million.
    assert found.x_um == pytest.approx(0.05, rel=1e-15)


def test_zeiss_of_zero_size_is_noted():
    found = read_zeiss(TiffTags({34118: {"ap_pixel_size": ("Pixel Size", 0.0, "nm")}}))
    assert not found.in_plane
    assert "AP_PIXEL_SIZE of 0.0" in found.notes[0]


def test_fei_takes_the_scan_of_the_beam_that_made_the_picture_and_keeps_rectangles():
    sections = {
        "Beam": {"Scan": "IScan"},
        "EScan": {"PixelWidth": 1e-9, "PixelHeight": 1e-9},
        "IScan": {"PixelWidth": 4e-9, "PixelHeight": 6e-9},
    }
    found = read_fei(TiffTags({34682: sections}))
    # One rounding of the product with a million.
    assert (found.y_um, found.x_um) == pytest.approx((0.006, 0.004), rel=1e-15)
    assert "[IScan]" in found.where


@pytest.mark.parametrize(
    ("sections", "rows"),
    [
        ({"Image": {"ResolutionY": 1024}}, 1024),
        ({"Image": {"ResolutionY": 5000}}, 1094),
        ({"PrivateFei": {"DatabarHeight": 70}}, 1024),
        ({"Image": {"ResolutionY": "x"}}, 1094),
        ({}, 1094),
    ],
)
def test_fei_rows(sections: dict, rows: int):
    assert fei_rows(TiffTags({34682: sections}), 1094) == rows


def test_a_program_that_saved_the_picture_anew_goes_before_the_microscope():
    tags = imagej("unit=um\nspacing=1\n").values | {34118: {"ap_pixel_size": ("Pixel Size", 5, "nm")}}
    assert read_tiff_calibration(TiffTags(tags)).x_um == 0.25


def test_ngff_units_and_the_scale_of_the_whole_image():
    axes = [{"name": "c"}, *({"name": n, "unit": u} for n, u in [("z", "micrometer"), ("y", "nanometer"), ("x", "nm")])]
    level = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5, 20, 10]}]}
    whole = [{"type": "scale", "scale": [1, 2, 2, 2]}]
    found = read_ngff({"axes": axes, "datasets": [level], "coordinateTransformations": whole}, ("c", "z", "y", "x"))
    assert (found.z_um, found.y_um, found.x_um) == (1.0, 0.04, 0.02)


def test_ngff_without_units_says_nothing_and_is_noted():
    level = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 1]}]}
    found = read_ngff({"axes": [{"name": "y"}, {"name": "x"}], "datasets": [level]}, ("y", "x"))
    assert not found.in_plane
    assert "the unit ''" in found.notes[0]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({34682: {"Stage": {"StageT": 0.6283185}, "EBeam": {"TiltCorrectionIsOn": "no"}}}, (36.0, False)),
        ({34682: {"Stage": {"StageT": -0.2}, "EBeam": {"TiltCorrectionIsOn": "yes"}}}, (-11.459, True)),
        ({34680: {"Stage": {"StageT": 0.1}}}, (5.73, False)),
        (
            {34118: {"ap_stage_at_t": ("Stage at T", 54.0, "°"), "ap_tilt_angle": ("Tilt Angle", 36.0, "°")}},
            (54, False),
        ),
        (
            {34118: {"ap_stage_at_t": ("Stage at T", 0.0, "°"), "ap_tilt_angle": ("Tilt Angle", -16.2, "°")}},
            (-16.2, False),
        ),
        (
            {
                34118: {
                    "ap_stage_at_t": ("Stage at T", 54.0, "°"),
                    "ap_tilt_angle": ("Tilt Angle", 36.0, "°"),
                    "dp_tilt_correction": ("Tilt Corrn.", True),
                }
            },
            (36.0, True),
        ),
    ],
)
def test_the_tilt_and_whether_it_was_corrected(tags, expected):
    found = read_tilt(TiffTags(tags))
    assert (round(found.stage_deg, 3), found.corrected) == expected
    assert read_tiff_calibration(TiffTags(tags)).tilt == found


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {34682: {"Stage": {"StageT": "steep"}}},
        {34682: {"Stage": {}}},
        {34682: "text"},
        {34118: {"ap_tilt_angle": ("Tilt Angle", float("nan"))}},
        {34118: {"ap_stage_at_t": ("Stage at T",)}},
    ],
)
def test_no_tilt_is_made_up(tags):
    assert read_tilt(TiffTags(tags)) is None
