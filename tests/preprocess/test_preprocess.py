"""The whole preprocessing: normalised, the same whatever the blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from micro.blocks import Engine
from micro.errors import ImageContentError
from micro.model import BLACK, WHITE, Spacing, Volume
from micro.preprocess import PreprocessParams, preprocess

UNIT = Spacing(1, 1, 1)


def speckled(shape: tuple[int, int, int], spacing: Spacing = UNIT) -> Volume:
    rng = np.random.default_rng(4)
    grey = np.where(np.arange(shape[1])[None, :, None] > shape[1] // 2, 60, 150) + rng.normal(0, 12, shape)
    return Volume(np.clip(grey, 0, 255).astype(np.uint8), spacing, name="speckled")


def test_percentiles_come_to_lie_at_black_and_white() -> None:
    volume = speckled((6, 50, 60))
    grey = np.asarray(volume.data)
    params = PreprocessParams(denoise="none", low_percent=1, high_percent=99)
    after = preprocess(volume, params, Engine())
    low, high = np.percentile(grey, [1, 99], method="inverted_cdf")
    expected = (grey.astype(float) - low) / (high - low) * (WHITE - BLACK) + BLACK
    # rounding to a whole grey (0.01 more in single precision), and each percentile is known to half a bin
    half_bin = 0.5 * np.ptp(grey) / 65535 * (WHITE - BLACK) / (high - low)
    np.testing.assert_allclose(after.data, np.clip(expected, 0, 65535), atol=0.51 + half_bin)
    assert after.data.dtype == np.uint16
    step = after.history[-1]
    assert step.operation == "preprocess"
    assert step.parameters["low_percent"] == 1
    # half a bin of the histogram
    assert step.parameters["found"]["black"] == pytest.approx(low, abs=0.002)
    assert (after.name, after.spacing) == ("speckled", UNIT)


def test_a_scale_and_an_offset_of_the_greys_change_nothing_but_rounding() -> None:
    volume = speckled((6, 50, 60))
    grey = np.asarray(volume.data)
    params = PreprocessParams(denoise="none")
    other = preprocess(Volume(3.5 * grey.astype(np.float32) - 2000, UNIT), params, Engine())
    # half a bin of 65536 at each percentile, and a rounding to whole greys
    np.testing.assert_allclose(
        np.asarray(other.data, np.int64), np.asarray(preprocess(volume, params, Engine()).data, np.int64), atol=2
    )


@pytest.mark.parametrize(
    ("shape", "spacing"),
    [((1, 61, 83), UNIT), ((13, 37, 41), UNIT), ((11, 40, 43), Spacing(0.05, 0.025, 0.025))],
    ids=["section", "cubic", "anisotropic"],
)
@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"denoise": "gaussian", "denoise_voxels": 1.7, "sharpen": 0.0},
        {"stripes": "columns", "slice_brightness": True},
        {"stripes": "rows", "denoise": "none"},
        {"stripes": "rings"},
    ],
    ids=["default", "gaussian", "columns", "rows", "rings"],
)
def test_the_result_does_not_depend_on_the_blocks(
    shape: tuple[int, int, int], spacing: Spacing, choice: dict[str, Any]
) -> None:
    volume = speckled(shape, spacing)
    params = PreprocessParams(**choice)
    whole = preprocess(volume, params, Engine())
    for block_shape in [(16, 16, 16), (1, 7, 83), (5, 61, 3)]:
        cut = preprocess(volume, params, Engine(block_shape=block_shape))
        assert np.asarray(cut.data).tobytes() == np.asarray(whole.data).tobytes()
        assert cut.history == whole.history


def test_brightness_of_slices_is_evened_out() -> None:
    volume = speckled((20, 50, 60))
    gains = 1 + 0.1 * np.sin(np.arange(20))
    drifting = Volume((np.asarray(volume.data) * gains[:, None, None]).astype(np.float32), UNIT)
    params = PreprocessParams(denoise="none", slice_brightness=True)
    levels = np.median(np.asarray(preprocess(drifting, params, Engine()).data)[:, :20], axis=(1, 2)) - BLACK
    # black is a percentile of the drifting stack, so a gain is off by its share of the greys: 0.1 of 10 %
    np.testing.assert_allclose(levels / np.median(levels), 1, atol=0.03)
    plain = PreprocessParams(denoise="none")
    levels = np.median(np.asarray(preprocess(drifting, plain, Engine()).data)[:, :20], axis=(1, 2)) - BLACK
    assert np.ptp(levels / np.median(levels)) > 0.15


def test_a_few_outliers_do_not_make_a_picture_without_contrast() -> None:
    grey = np.zeros((1, 100, 100), np.uint8)
    grey[0, 0, :5] = 200  # fewer than the percentiles leave out
    after = np.asarray(preprocess(Volume(grey, UNIT), PreprocessParams(denoise="none"), Engine()).data)
    assert (after[0, 0, :5] == WHITE).all()
    assert (after[0, 1:] == BLACK).all()


def test_no_information_is_refused() -> None:
    with pytest.raises(ImageContentError, match="every voxel"):
        preprocess(Volume(np.full((9, 9), 3, np.uint8), UNIT), PreprocessParams(), Engine())
    bad = np.zeros((9, 9), np.float32)
    bad[4, 4] = np.nan
    with pytest.raises(ImageContentError, match="1 voxels are NaN"):
        preprocess(Volume(bad, UNIT), PreprocessParams(), Engine())


@pytest.mark.parametrize(
    "wrong", [{"stripes": "diagonal"}, {"low_percent": 60}, {"denoise_voxels": 0}, {"windows": 3}, {"sharpen": -1}]
)
def test_wrong_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PreprocessParams(**wrong)


@pytest.mark.parametrize(("noise", "overshoot"), [(0.0, 0.002), (400.0, 0.1)])
def test_a_sharp_edge_with_little_noise_is_not_sharpened_into_a_seam(noise: float, overshoot: float) -> None:
    grey = np.full((1, 80, 120), 20000.0)
    grey[..., 60:] = 40000
    grey += np.random.default_rng(1).normal(0, noise, grey.shape)
    found = preprocess(Volume(np.rint(grey).astype(np.uint16), UNIT), PreprocessParams(), Engine())
    after = np.asarray(found.data).astype(float)
    dark, bright = np.median(after[..., :50]), np.median(after[..., 70:])
    # full sharpening of an edge that the filter kept would shoot over by 1.3 times a third of the step
    assert (dark - np.median(after[0, :, 59])) / (bright - dark) <= overshoot
    assert 0 < found.history[-1].parameters["found"]["sharpen"] < 1.3


def test_much_noise_is_sharpened_as_the_recipe_says() -> None:
    grey = np.random.default_rng(1).normal(30000, 3000, (1, 80, 120)).round().astype(np.uint16)
    found = preprocess(Volume(grey, UNIT), PreprocessParams(sharpen=1.1), Engine())
    assert found.history[-1].parameters["found"]["sharpen"] == 1.1
