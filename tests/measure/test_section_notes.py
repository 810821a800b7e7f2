"""A section says what it can't know: over all metrics that there are, for every kind of cell and recipe."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import Cell, CellParams, ReferencePlane, anatomy
from micro.measure import MeasureParams, Results, measure
from micro.measure.definitions import DEFINITIONS
from micro.measure.section_notes import AS_IN_VOLUMES, SECTION_NOTES
from micro.model import Measurement, Spacing
from micro.phantoms import make_phantom

Make = Callable[..., Cell]
PARAMS = MeasureParams(transport=("SE",))
IN_SPACE_ONLY = {"interface_area", "contact_spot_area_mean", "contact_spot_area_p95", "crack_area", "gap_volume"}
IN_SPACE_ONLY |= {"dendrite_euler_density"}
SEEN_IN_PART = "in this section|of what the section|a section|of the section|of traces|across the trace|of a profile"
SEEN_IN_PART += "|chords of|forms of|enclosed in the section|directions in the section|number over length|the section"


def section_of(busy: Cell, make_cell: Make, depth: int) -> Cell:
    low, high = (ReferencePlane((0.0, 1.0, 0.0), at) for at in (5.0, 15.5))
    labels, parts = (np.asarray(one)[depth : depth + 1] for one in (busy.labels.data, busy.parts))
    return make_cell(labels, busy.labels.spacing, normal="+y", plane=low, far_plane=high, parts=parts)


@pytest.fixture
def volume_and_sections(make_busy: Make, make_cell: Make) -> tuple[Results, list[Results]]:
    busy, engine = make_busy(Spacing(0.5, 0.25, 0.25)), Engine()
    cells = [section_of(busy, make_cell, depth) for depth in (5, 11, 20)]
    return measure(busy, PARAMS, engine), [measure(one, PARAMS, engine) for one in cells]


def told(row: Measurement) -> bool:
    return any(words in row.note for words in SEEN_IN_PART.split("|"))


def test_every_row_of_a_section_is_as_in_a_volume_or_says_what_it_lacks(
    volume_and_sections: tuple[Results, list[Results]],
) -> None:
    volume, sections = volume_and_sections
    wanted = {row.metric for row in volume.rows}
    for found in sections:
        assert wanted <= {row.metric for row in found.rows}
        for row in found.rows:
            if row.metric in IN_SPACE_ONLY:
                assert row.value is None, row
                assert "section" in row.note, row
            elif row.value is None:
                assert row.note, row
            elif row.metric not in AS_IN_VOLUMES:
                assert told(row), row
            assert "3D" not in row.definition, row
            assert not row.unit.endswith(("um3", "mm2")) or row.value is None, row


def test_rows_of_a_volume_say_nothing_of_sections(volume_and_sections: tuple[Results, list[Results]]) -> None:
    for row in volume_and_sections[0].rows:
        assert not any(note in row.note for note in SECTION_NOTES.values()), row


def test_the_whole_catalogue_is_sorted() -> None:
    metrics = {key.split("/")[0] for key in DEFINITIONS}
    assert set(SECTION_NOTES) | AS_IN_VOLUMES <= metrics | {
        f"{one}_{which}"
        for one in ("contact_spot_length", "layer_thickness", "pore_size", "particle_size", "gap_thickness")
        for which in ("mean", "sd", "min", "max", "p95", "d10", "d50", "d90")
    } | {"dendrite_fragment_diameter_mean"}


@pytest.mark.parametrize("kind", ["sem", "sem-alloy"])
def test_sections_of_both_kinds_of_cell(kind: str) -> None:
    phantom = make_phantom(kind, seed=4, shape=(320, 240))
    found = measure(anatomy(phantom.truth, CellParams(), Engine()), PARAMS, Engine())
    for row in found.rows:
        told_or_same = row.metric in AS_IN_VOLUMES or told(row)
        assert row.note if row.value is None else told_or_same, row
