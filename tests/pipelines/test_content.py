"""Checks of grey values and labels, block by block."""

from __future__ import annotations

import re

import numpy as np
import pytest

from micro.blocks import Engine
from micro.errors import ImageContentError
from micro.model import Labels, Spacing, Step, Volume
from micro_pipelines.content import check_labels, check_tilt, check_volume

SPACING = Spacing.parse("50nm")
SMALL = Engine(block_shape=(1, 3, 4))


def ramp(dtype: str) -> np.ndarray:
    return np.arange(2 * 7 * 9).reshape(2, 7, 9).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_a_picture_with_contrast_passes(dtype: str) -> None:
    assert check_volume(Volume(ramp(dtype), SPACING), SMALL) == ()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_clipped_greys_are_told_with_their_share(dtype: str) -> None:
    grey = ramp("uint8").astype(dtype)
    grey[grey > 99] = 99
    found = check_volume(Volume(grey, SPACING), SMALL)
    # 126 voxels of 0 to 125, of which those from 99 on: 27; they lie in several blocks
    assert [line.split(",")[0] for line in found] == ["21.4 % of the voxels have the highest grey value (99)"]
    grey[grey < 7] = 0
    assert len(check_volume(Volume(grey, SPACING), SMALL)) == 2


@pytest.mark.parametrize(("end", "warnings"), [(158, 0), (255, 1)])
def test_a_phase_without_noise_is_not_clipped_but_where_detectors_clip(end: int, warnings: int) -> None:
    grey = np.full((2, 7, 9), end, np.uint8)
    grey[:, :3] = 76
    grey[0, 4, 4] = 12
    assert len(check_volume(Volume(grey, SPACING), SMALL)) == warnings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((np.nan,), "1 NaN of 126"),
        ((np.nan, np.inf), "1 NaN and 1 infinite of 126"),
        ((-np.inf,), "1 infinite of 126"),
    ],
)
def test_values_that_are_not_finite_are_counted(values: tuple[float, ...], message: str) -> None:
    grey = ramp("float32")
    grey.flat[[5 + 50 * k for k in range(len(values))]] = values
    with pytest.raises(ImageContentError, match=re.escape(message)):
        check_volume(Volume(grey, SPACING), SMALL)


def test_a_constant_picture_is_refused_and_one_odd_voxel_saves_it() -> None:
    grey = np.full((2, 7, 9), 7, np.uint8)
    with pytest.raises(ImageContentError, match="all grey values are 7"):
        check_volume(Volume(grey, SPACING), SMALL)
    grey[1, 6, 8] = 8
    check_volume(Volume(grey, SPACING), SMALL)


def test_labels_without_any_label_are_refused() -> None:
    labels = np.zeros((2, 7, 9), np.uint8)
    with pytest.raises(ImageContentError, match="every voxel is 0"):
        check_labels(Labels(labels, SPACING), SMALL)
    labels[1, 6, 8] = 200
    check_labels(Labels(labels, SPACING), SMALL)


@pytest.mark.parametrize(
    ("stage_deg", "corrected", "tilt_deg", "part"),
    [
        (
            52.0,
            False,
            None,
            "preprocess.tilt_deg=52 for a face cut at right angles to the surface, or 38 for the surface",
        ),
        (-20.0, False, None, "preprocess.tilt_deg=20"),
        (3.0, False, None, ""),
        (52.0, False, 52.0, ""),
        (52.0, True, None, ""),
        (52.0, True, 52.0, "corrects it once more"),
    ],
)
def test_a_tilt_in_the_file_is_told_and_never_applied(
    stage_deg: float, corrected: bool, tilt_deg: float | None, part: str
) -> None:
    tilt = {"stage_deg": stage_deg, "corrected": corrected, "says": "the file tells a tilt"}
    volume = Volume(ramp("uint8"), SPACING, history=(Step("read", {"tilt": tilt}),))
    told = check_tilt(volume, tilt_deg)
    assert (part in told[0]) if part else told == ()
