"""Voxel sizes as people and files write them."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micro.errors import CalibrationError
from micro.model import Spacing, unit_in_um

EDGES = st.floats(min_value=1e-5, max_value=1e3, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("65nm", (0.065, 0.065, 0.065)),
        ("0.05,0.025,0.025um", (0.05, 0.025, 0.025)),
        ("50, 25, 25 nm", (0.05, 0.025, 0.025)),
        ("50 25 25 nm", (0.05, 0.025, 0.025)),
        ("50x25x25nm", (0.05, 0.025, 0.025)),
        ("50;25;25nm", (0.05, 0.025, 0.025)),
        ("0.2,0.1um", (0.1, 0.2, 0.1)),
        ("1e-3 mm", (1.0, 1.0, 1.0)),
        ("2 µm", (2.0, 2.0, 2.0)),
        ("2 μm", (2.0, 2.0, 2.0)),
        ("55.82 NM", (0.05582, 0.05582, 0.05582)),
        ("10 Å", (0.001, 0.001, 0.001)),
    ],
)
def test_forms_people_write(text: str, edges: tuple[float, float, float]) -> None:
    # equal to the last digit: 25 nm is the same voxel as 0.025 um
    assert Spacing.parse(text).um == edges


@pytest.mark.parametrize(
    "text",
    ["65", "", "um", "0um", "-1um", "nan um", "inf um", "1,2,3,4um", "65 pixels", "65 nmm", "1.2.3nm", "e um"],
)
def test_what_is_no_voxel_size_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CalibrationError) as caught:
        Spacing.parse(text)
    assert "voxel size" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("edge", [0.0, -0.1, math.nan, math.inf, -math.inf, "1", None])
@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_edges_are_positive_and_finite(edge: object, axis: str) -> None:
    edges: dict[str, object] = {"z": 1.0, "y": 1.0, "x": 1.0, axis: edge}
    with pytest.raises(CalibrationError, match=f"along {axis} "):
        Spacing(**edges)  # type: ignore[arg-type]


def test_there_is_no_default_and_no_change() -> None:
    with pytest.raises(TypeError):
        Spacing()  # type: ignore[call-arg]
    spacing = Spacing(1, 2, 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        spacing.z = 2.0  # type: ignore[misc]
    assert all(isinstance(edge, float) for edge in spacing.um)


def test_volumes_areas_permutation_and_scale() -> None:
    spacing = Spacing(0.5, 0.25, 2.0)
    assert spacing.voxel_volume_um3 == 0.25
    assert spacing.face_areas_um2 == (0.5, 1.0, 0.125)
    assert spacing.permuted((2, 0, 1)) == Spacing(2.0, 0.5, 0.25)
    assert spacing.scaled(4) == Spacing(2, 1, 8)
    assert spacing.scaled(4).voxel_volume_um3 == 64 * spacing.voxel_volume_um3


@given(EDGES, EDGES, EDGES)
def test_what_is_written_in_um_is_read_back_exactly(z: float, y: float, x: float) -> None:
    assert Spacing.parse(f"{z!r}, {y!r}, {x!r} um") == Spacing(z, y, x)


@given(EDGES, st.sampled_from(["pm", "nm", "um", "mm", "cm", "m", "inch"]))
def test_units_say_the_same_length(edge_um: float, unit: str) -> None:
    per_unit = unit_in_um(unit)
    assert per_unit is not None
    # one rounding when written and one when read, each half a unit in the last place
    assert Spacing.parse(f"{edge_um / per_unit!r} {unit}").y == pytest.approx(edge_um, rel=4e-16 * 2)


@given(st.permutations([0, 1, 2]), EDGES, EDGES, EDGES)
def test_permuting_back_restores(order: list[int], z: float, y: float, x: float) -> None:
    spacing = Spacing(z, y, x)
    back = [order.index(axis) for axis in range(3)]
    there = spacing.permuted((order[0], order[1], order[2]))
    assert there.permuted((back[0], back[1], back[2])) == spacing
    # a product in another order may round differently in the last place
    assert there.voxel_volume_um3 == pytest.approx(spacing.voxel_volume_um3, rel=1e-15)


@pytest.mark.parametrize("text", ["1e-300um", "1e-9 nm", "1e9mm", "1e6um", "2mm", "1pm"])
def test_a_voxel_that_no_microscope_has_is_refused(text: str) -> None:
    with pytest.raises(CalibrationError, match="is the unit right"):
        Spacing.parse(text)


def test_a_forgotten_length_is_refused() -> None:
    with pytest.raises(CalibrationError):
        Spacing.parse("1,,2um")
