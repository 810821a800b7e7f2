"""The tilt of the picture corrects the voxel size, once."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from micro.blocks import Engine
from micro.errors import ParameterError
from micro.model import Spacing, Volume
from micro.preprocess import PreprocessParams, straighten
from micro.preprocess.tilt import untilt

VOLUME = Volume(np.zeros((3, 40, 50), np.uint8), Spacing(0.05, 0.025, 0.025), "fibsem", name="schräg")


def test_a_sphere_seen_aslant_is_round_again() -> None:
    """A sphere of radius 1 um under 52 degrees: its picture is 1 um by sin(52) um; in um it must be a sphere."""
    tilt = np.radians(52)
    y, x = (np.arange(-60, 61) * 0.025)[:, None], (np.arange(-60, 61) * 0.025)[None, :]
    seen = ((y / np.sin(tilt)) ** 2 + x**2 <= 1).astype(np.uint8)
    after = straighten(Volume(seen, VOLUME.spacing), PreprocessParams(tilt_deg=52), Engine())
    area = np.count_nonzero(seen) * after.spacing.y * after.spacing.x
    # counted in pixels of 0.025 by 0.032 um: the circle's 250 edge pixels err by 1 %
    assert area == pytest.approx(np.pi, rel=0.01)
    assert after.spacing.z == 0.05
    assert after.spacing.x == 0.025
    np.testing.assert_array_equal(after.data[0], seen)
    assert after.history[-1].parameters["tilt_deg"] == 52


def test_straight_is_straight_and_nothing_is_nothing() -> None:
    assert untilt(VOLUME, 90).spacing == VOLUME.spacing
    assert untilt(VOLUME, None) is VOLUME


@pytest.mark.parametrize("tilt_deg", [0.0, -52.0, 5.0, 128.0, float("nan")])
def test_nonsense_is_refused(tilt_deg: float) -> None:
    with pytest.raises(ParameterError, match="expected the angle between beam and face"):
        untilt(VOLUME, tilt_deg)
    with pytest.raises(ValidationError):
        PreprocessParams(tilt_deg=tilt_deg)


def test_the_tilt_is_corrected_once() -> None:
    with pytest.raises(ParameterError, match="corrected already"):
        untilt(untilt(VOLUME, 52), 52)
