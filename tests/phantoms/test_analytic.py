"""Shapes with formulae: their voxels hold what the formulae say."""

from __future__ import annotations

import numpy as np
import pytest

from micro.errors import ParameterError
from micro.model import Spacing
from micro.phantoms.analytic import penny_crack, sphere, tilted_plane, tube
from micro.phantoms.frame import Frame
from micro.phantoms.truth import contact_fraction

CUBE = Spacing(0.1, 0.1, 0.1)
FLAT = Spacing(0.2, 0.1, 0.05)


def _volume(shape, value):
    return np.count_nonzero(shape.labels.data.compute() == value) * shape.labels.spacing.voxel_volume_um3


@pytest.mark.parametrize("spacing", [CUBE, FLAT])
def test_sphere(spacing):
    shape = sphere(radius_um=2.5, spacing=spacing, shift_um=(0.03, 0.02, 0.01))
    # Counting voxel centres errs by far less than the surface times a hundredth of a voxel.
    assert _volume(shape, 1) == pytest.approx(4 / 3 * np.pi * 2.5**3, rel=5e-3)
    assert shape.values["porosity"] * shape.labels.data.size * spacing.voxel_volume_um3 == pytest.approx(
        shape.values["volume"]
    )


@pytest.mark.parametrize("side", ["metal", "electrolyte"])
@pytest.mark.parametrize("tilt_deg", [0.0, 20.0, 45.0])
@pytest.mark.parametrize(
    ("normal", "spacing", "heading_deg"),
    [("+z", CUBE, 30.0), ("-y", FLAT, 60.0), ("+x", FLAT, 120.0), ("-z", CUBE, 90.0)],
)
def test_contact_of_a_tilted_plane_is_the_same_on_both_sides(normal, spacing, heading_deg, tilt_deg, side):
    shape = tilted_plane(
        spacing=spacing,
        pitch_um=8.0,
        radius_um=2.9,
        side=side,
        normal=normal,
        tilt_deg=tilt_deg,
        heading_deg=heading_deg,
    )
    frame = Frame(shape.labels.shape, spacing, normal)
    heading, slope = np.radians(heading_deg), np.tan(np.radians(tilt_deg))
    cosine = np.cos(np.radians(tilt_deg))
    direction = (cosine, -slope * np.cos(heading) * cosine, -slope * np.sin(heading) * cosine)
    found = contact_fraction(frame.from_zyx(shape.labels.data.compute()), frame, direction)
    # The project's bar for this shape; the rims of the voids are what is left.
    assert found == pytest.approx(shape.values["contact_fraction"], abs=0.01)


@pytest.mark.parametrize("tilt_deg", [0.0, 30.0])
def test_contact_of_a_section(tilt_deg):
    shape = tilted_plane(
        spacing=Spacing(0.05, 0.05, 0.05), pitch_um=4.0, radius_um=1.0, side="metal", normal="-y", tilt_deg=tilt_deg,
        cells=(1, 3), section=True,
    )  # fmt: skip
    frame = Frame(shape.labels.shape, shape.labels.spacing, "-y")
    tilt = np.radians(tilt_deg)
    found = contact_fraction(frame.from_zyx(shape.labels.data.compute()), frame, (np.cos(tilt), 0.0, -np.sin(tilt)))
    assert shape.labels.is_2d
    # Each of the 2 x 3 ends of a void falls within half a voxel of its place: 6 x 0.025 um of 12 um.
    assert found == pytest.approx(1 - 2 * np.cos(tilt) / 4.0, abs=0.0125)


@pytest.mark.parametrize(("polar_deg", "azimuth_deg"), [(0, 0), (90, 0), (35, 50)])
def test_penny_crack(polar_deg, azimuth_deg):
    shape = penny_crack(radius_um=3.0, aperture_um=0.5, spacing=CUBE, polar_deg=polar_deg, azimuth_deg=azimuth_deg)
    # A sheet of five voxels: its two faces are placed to a fraction of a voxel, which axis-aligned ones share.
    assert _volume(shape, 5) == pytest.approx(np.pi * 9 * 0.5, rel=0.21 if polar_deg in (0, 90) else 0.02)
    box = shape.labels.data.size * CUBE.voxel_volume_um3
    assert shape.values["crack_density"] * box == pytest.approx(9 * np.pi)


def test_trace_of_a_crack():
    shape = penny_crack(radius_um=3.0, aperture_um=0.3, spacing=CUBE, polar_deg=25, section=True)
    area = np.count_nonzero(shape.labels.data.compute() == 5) * 0.01
    # Four voxels' worth of rounding at either end of a trace of 60.
    assert area == pytest.approx(6.0 * 0.3, rel=0.05)
    assert shape.values["crack_size"] == 6.0


@pytest.mark.parametrize("normal", ["+z", "-y", "+x"])
def test_tube(normal):
    shape = tube(radius_um=0.8, length_um=4.0, spacing=FLAT, normal=normal)
    assert _volume(shape, 4) == pytest.approx(shape.values["volume"], rel=0.02)
    axis = "zyx".index(normal[1])
    edge = FLAT.um[axis]
    index = np.argwhere(shape.labels.data.compute() == 4)[:, axis]
    if normal[0] == "-":
        index = shape.labels.shape[axis] - 1 - index
    depth = (index.max() + 0.5) * edge - shape.values["anode_thickness"]
    assert 4.0 - edge < depth <= 4.0


def test_what_does_not_fit_is_an_error():
    for options in ({"radius_um": 2.5}, {"radius_um": 1.0, "tilt_deg": 80}, {"radius_um": 1.0, "pitch_um": 4.03}):
        with pytest.raises(ParameterError, match="expected"):
            tilted_plane(**{"spacing": CUBE, "pitch_um": 4.0, "side": "metal", **options})
