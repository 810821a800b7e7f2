"""Shapes whose answers are formulae, through the anatomy and the measurement that every run uses."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import CellParams, anatomy
from micro.measure import MeasureParams, measure, surface_area
from micro.model import Spacing
from micro.phantoms.analytic import sphere, tilted_plane

CUBE = Spacing(0.2, 0.2, 0.2)


def contact(side: Literal["metal", "electrolyte"], tilt_deg: float, normal: str) -> tuple[float, float]:
    """Return measured and exact contact fraction; voids of 14.5 voxels radius, as the bar of the project."""
    shape = tilted_plane(
        spacing=CUBE,
        pitch_um=8.0,
        radius_um=2.9,
        side=side,
        normal=normal,
        tilt_deg=tilt_deg,
        heading_deg=60.0,
    )
    # the plane of a steep one crosses half the picture: its normal is stated, as a user has to
    cell = anatomy(shape.labels, CellParams(normal=shape.normal, band_um=4.0), Engine())
    found = measure(cell, MeasureParams(), Engine()).row("contact_fraction").value
    assert found is not None
    return found, shape.values["contact_fraction"]


@pytest.mark.parametrize(("tilt_deg", "normal"), [(0.0, "+z"), (15.0, "-y"), (30.0, "+x"), (45.0, "-z")])
def test_contact_fraction_of_a_tilted_plane_is_exact_from_both_sides(tilt_deg: float, normal: str) -> None:
    metal, true = contact("metal", tilt_deg, normal)
    electrolyte, _ = contact("electrolyte", tilt_deg, normal)
    # the project's bar: .01; what is left is how a rim of 14.5 voxels falls on the voxels
    assert metal == pytest.approx(true, abs=0.01)
    assert electrolyte == pytest.approx(true, abs=0.01)
    assert metal == pytest.approx(electrolyte, abs=0.005)


@pytest.mark.parametrize("radius_voxels", [10, 15, 30])
def test_area_of_a_sphere(radius_voxels: int) -> None:
    radius_um = 0.2 * radius_voxels
    shape = sphere(radius_um=radius_um, spacing=CUBE)
    inside = np.unique(shape.labels.data.compute())
    table = np.arange(256) == 1
    assert 1 in inside
    found = surface_area(shape.labels.data, CUBE, Engine(), table=table)
    assert found == pytest.approx(4 * np.pi * radius_um**2, rel=0.02)  # the project's bar from 10 voxels on
