"""What is no part of the cell: collectors, and air or mounting behind an electrode."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import Cell, CellParams, Part, anatomy, split_phases
from micro.cell.outside import find_inside
from micro.measure import MeasureParams, measure
from micro.model import Labels, Spacing

SPACING = Spacing(1.0, 0.5, 0.5)
STRIP = 5
"""Thin and wide enough to be taken for a crack."""


def stack(behind: int, beyond: int, *, far: int, shape: tuple[int, int, int] = (70, 40, 36)) -> NDArray[np.uint8]:
    """Strip | Li | SE | far electrode | strip along z, on a slant; with a filament, a gap, a crack and a pore."""
    z, y, _ = np.indices(shape)
    height = z - STRIP - 2 - 0.04 * y
    labels = np.full(shape, beyond, np.uint8)
    for below, value in ((56, far), (42, 2), (12, 3), (0, behind)):
        labels[height < below] = value
    labels[15:36, 10:13, 10:13] = 3
    labels[18:21, 25:34, 20:32] = 1
    labels[25:45, 4:34, 28:31] = np.where(labels[25:45, 4:34, 28:31] == 2, 1, labels[25:45, 4:34, 28:31])
    labels[30:36, 18:24, 16:22] = 1
    return labels


def cell_of(
    labels: NDArray[np.uint8], *, normal: str = "+z", thickness_um: float | None = None
) -> tuple[NDArray[np.uint8], Cell]:
    told = CellParams.model_validate({"normal": normal, "body_radius_um": 2.5, "reference_thickness_um": thickness_um})
    split = split_phases(Labels(labels, SPACING), told, Engine(block_shape=(16, 20, 36)))
    return np.asarray(split.data), anatomy(split, told, Engine())


@pytest.mark.parametrize("far", [3, 6], ids=["symmetric", "cathode"])
@pytest.mark.parametrize(("behind", "beyond"), [(8, 8), (1, 1), (7, 8), (8, 1)])
def test_a_collector_or_void_behind_an_electrode_is_the_side_of_the_picture(behind: int, beyond: int, far: int) -> None:
    clean, expected = cell_of(stack(0, 0, far=far))
    given = stack(behind, beyond, far=far)
    for place, speck in (((1, 5, 5), 3), ((2, 20, 30), 2), ((69, 9, 9), 3), ((68, 30, 7), 6)):
        given[place] = speck
    split, found = cell_of(given)
    np.testing.assert_array_equal(np.asarray(found.parts), np.asarray(expected.parts))
    assert (found.plane, found.far_plane, found.far_side) == (
        expected.plane,
        expected.far_plane,
        expected.far_side,
    )
    np.testing.assert_array_equal(split[clean != 0], clean[clean != 0])
    np.testing.assert_array_equal(split[clean == 0], given[clean == 0])
    assert {Part.DENDRITE, Part.GAP, Part.CRACK, Part.PORE} <= set(np.unique(np.asarray(expected.parts) & 127))


def test_what_lies_behind_an_electrode_counts_in_no_number() -> None:
    rows = []
    for strip in (0, 1):
        results = measure(cell_of(stack(strip, strip, far=6))[1], MeasureParams(transport=()), Engine())
        rows.append([(row.metric, row.phase_a, row.roi, row.value, row.ci_low, row.n) for row in results.rows])
    assert rows[0] == rows[1]


def test_a_collector_keeps_its_own_fraction() -> None:
    labels = stack(8, 8, far=6)
    row = measure(cell_of(labels)[1], MeasureParams(transport=()), Engine()).row("phase_fraction", phase_a="collector")
    assert row.value == np.count_nonzero(labels == 8) / labels.size


@pytest.mark.parametrize("strip", [8, 1, 0])
def test_the_normal_is_found_before_a_collector_or_air(strip: int) -> None:
    labels = stack(strip, strip, far=6)
    assert str(cell_of(labels, normal="auto")[1].normal) == "+z"
    assert str(cell_of(np.ascontiguousarray(labels.transpose(1, 2, 0)[:1]), normal="auto")[1].normal) == "+x"


def test_void_that_is_no_air_stays() -> None:
    stripped = stack(3, 6, far=6)
    stripped[:20, :38] = 1
    bare = np.full((40, 30, 30), 1, np.uint8)
    bare[:15] = 3
    pellet = np.full((40, 30, 30), 1, np.uint8)
    pellet[:25], pellet[:15] = 2, 3
    for labels in (stripped, bare, pellet):
        inside = find_inside(Labels(labels, SPACING), Engine())
        assert not inside.differs
        np.testing.assert_array_equal(np.asarray(inside.labels), labels)


def test_a_reference_that_is_given_leaves_void_at_the_side_alone() -> None:
    labels = stack(1, 6, far=6)
    _, cell = cell_of(labels, thickness_um=18.0)
    assert cell.inside is None
    assert cell.plane is not None
    assert cell.plane.offset_um == 18.0


@pytest.mark.parametrize(("wide", "told"), [(15, False), (24, True)])
def test_air_over_part_of_a_side_is_told(*, wide: int, told: bool) -> None:
    labels = np.full((60, 40, 36), 2, np.uint8)
    labels[:20] = 3
    labels[-8:, :wide] = 1
    _, cell = cell_of(labels)
    words = f"void fills {100 * wide / 40:.0f} % of the side where -z begins"
    assert any(note.startswith(words) for note in cell.notes) == told
