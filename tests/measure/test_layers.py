"""Layers between tilted planes, as thick as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import SE_REGION, Cell, Part, ReferencePlane
from micro.measure import MeasureParams, Results, measure
from micro.model import SSB_PHASES, Labels, Phase, PhaseSet, Spacing

Make = Callable[..., Cell]
SE, LI, CATHODE, COLLECTOR = 2, 3, 6, 8


def tilted(make_cell: Make, spacing: Spacing, tilt_deg: float, turn_deg: float, *, thick_um: float) -> Cell:
    """Collector, lithium, electrolyte of ``thick_um`` perpendicular to the interface, cathode; normal along z."""
    tilt, turn = np.radians(tilt_deg), np.radians(turn_deg)
    direction = np.array([np.cos(tilt), np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn)])
    shape = tuple(round(length / edge) for length, edge in zip((48, 30, 30), spacing.um, strict=True))
    axes = np.ix_(*((np.arange(n) + 0.5) * e for n, e in zip(shape, spacing.um, strict=True)))
    height = sum(axis * part for axis, part in zip(axes, direction, strict=True))
    offset = float(direction @ [24, 15, 15]) - thick_um / 2
    labels = np.full(shape, COLLECTOR, np.uint8)
    labels[height > offset - 5.3] = LI
    labels[height > offset] = SE
    labels[height > offset + thick_um] = CATHODE
    parts = np.where(labels == LI, np.uint8(Part.ANODE), np.uint8(Part.OTHER))
    plane, far = ReferencePlane(tuple(direction), offset), ReferencePlane(tuple(direction), offset + thick_um)
    return make_cell(labels, spacing, normal="+z", plane=plane, far_plane=far, parts=parts)


def run(cell: Cell) -> Results:
    return measure(cell, MeasureParams(transport=(), particles=(), cut_columns_max=1.0), Engine())


@pytest.mark.parametrize("spacing", [Spacing(0.5, 0.5, 0.5), Spacing(0.4, 1.0, 0.5), Spacing(1.0, 0.4, 0.4)])
@pytest.mark.parametrize("tilt_deg", [0.0, 3.0, 8.0, 15.0])
def test_tilted_layers_within_half_a_voxel(make_cell: Make, spacing: Spacing, tilt_deg: float) -> None:
    for turn_deg, thick_um in ((20.0, 12.3), (65.0, 14.1)):
        found = run(tilted(make_cell, spacing, tilt_deg, turn_deg, thick_um=thick_um))
        for layer, expected in (("SE", thick_um), ("Li", 5.3)):
            mean = found.row("layer_thickness_mean", phase_a=layer).value
            # Without a tilt every column holds the same whole number of voxels: labels can't tell it any closer.
            assert mean == pytest.approx(expected, abs=spacing.z / 2 if tilt_deg else spacing.z)
            # A column holds a whole number of voxels, so single ones are off by up to one.
            for metric in ("min", "max"):
                value = found.row(f"layer_thickness_{metric}", phase_a=layer).value
                assert value == pytest.approx(expected, abs=spacing.z)
            assert found.row("layer_thickness_sd", phase_a=layer).value <= spacing.z / 2


def test_the_electrolyte_ends_where_the_cathode_begins(make_cell: Make) -> None:
    # Anatomy counts all between two planes as SE region; the map follows the cathode's bumps and hollows.
    labels = np.full((10, 40, 20), COLLECTOR, np.uint8)
    labels[:, :10] = LI
    labels[:, 10:30] = SE
    labels[:, 30:] = CATHODE
    labels[3:5, 27:30, 4:9] = CATHODE
    labels[6:9, 30:32, 12:15] = SE
    parts = np.where(labels == LI, np.uint8(Part.ANODE), np.uint8(Part.OTHER))
    parts[:, 10:30] |= SE_REGION
    planes = {"plane": ReferencePlane((0, 1, 0), 10.0), "far_plane": ReferencePlane((0, 1, 0), 30.0)}
    cell = replace(make_cell(labels, Spacing(1, 1, 1), normal="+y", **planes), parts=parts)
    found = run(cell)
    expected = np.full((10, 20), 20.0)
    expected[3:5, 4:9], expected[6:9, 12:15] = 17.0, 22.0
    np.testing.assert_array_equal(found.thickness_maps["SE"].values_um, expected)
    assert found.row("layer_thickness_max", phase_a="SE").definition == "layer_thickness/SE/v1"


def test_the_map_shows_where_a_layer_is_thin(make_cell: Make) -> None:
    labels = np.full((12, 40, 20), COLLECTOR, np.uint8)
    labels[:, 4:12] = LI
    labels[:, 12:30] = SE
    labels[:, 30:] = CATHODE
    labels[2:6, 26:30, 5:9] = CATHODE
    labels[8, :, 15] = 0
    planes = {"plane": ReferencePlane((0, 1, 0), 12.0), "far_plane": ReferencePlane((0, 1, 0), 30.0)}
    found = run(make_cell(labels, Spacing(1, 1, 1), normal="+y", **planes))
    expected = np.full((12, 20), 18.0)
    expected[2:6, 5:9] = 14.0
    expected[8, 15] = np.nan
    values = found.thickness_maps["SE"]
    assert (values.axes, values.spacing_um) == (("z", "x"), (1.0, 1.0))
    np.testing.assert_array_equal(values.values_um, expected)
    assert found.row("layer_thickness_min", phase_a="SE").value == 14.0
    assert found.row("layer_thickness_mean", phase_a="SE").value == pytest.approx(np.nanmean(expected))
    assert found.row("layer_thickness_mean", phase_a="SE").n == 239


INTERPHASE, COATING = 7, 9


@pytest.mark.parametrize("tilt_deg", [0.0, 6.0, 15.0])
def test_an_interphase_and_a_phase_of_the_users_own_are_layers(make_cell: Make, tilt_deg: float) -> None:
    spacing = Spacing(0.4, 0.5, 0.5)
    cell = tilted(make_cell, spacing, tilt_deg, 30.0, thick_um=12.3)
    labels = np.asarray(cell.labels.data).copy()
    assert cell.plane is not None
    height = cell.plane.heights_um(labels.shape, spacing)
    labels[(height > 0) & (height < 2.1)] = INTERPHASE
    labels[(height > 9.0) & (height < 12.3)] = COATING
    phases = PhaseSet((*SSB_PHASES, Phase("coating", COATING, frozenset(), "#aa5500")))
    one = replace(cell, labels=Labels(labels, spacing, phases=phases))
    for layer, expected in (("interphase", 2.1), ("coating", 3.3)):
        found = run(one)
        mean = found.row("layer_thickness_mean", phase_a=layer).value
        assert mean == pytest.approx(expected, abs=spacing.z / 2 if tilt_deg else spacing.z)
        assert found.row("layer_thickness_mean", phase_a=layer).definition == "layer_thickness/v1"
        assert layer in found.thickness_maps


def test_what_lies_scattered_is_no_layer(make_cell: Make) -> None:
    cell = tilted(make_cell, Spacing(0.5, 0.5, 0.5), 0.0, 0.0, thick_um=12.0)
    labels = np.asarray(cell.labels.data).copy()
    electrolyte = labels == SE
    labels[electrolyte & (np.random.default_rng(3).random(labels.shape) < 0.1)] = INTERPHASE
    found = run(replace(cell, labels=Labels(labels, cell.labels.spacing)))
    row = found.row("layer_thickness_mean", phase_a="interphase")
    assert row.value is None
    assert row.note.startswith("no layer: it fills ")
    assert "interphase" not in found.thickness_maps
