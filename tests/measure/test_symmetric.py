"""Symmetric and shorted cells: the counter electrode is nobody's dendrite, whichever electrode is meant."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from micro.blocks import Engine
from micro.cell import CellParams, Part, anatomy, split_phases
from micro.measure import MeasureParams, Results, measure
from micro.model import Labels, Spacing
from micro.phantoms import Phantom, make_phantom

LI, SE, VOID, DENDRITE, CRACK = 3, 2, 1, 4, 5


@cache
def made(cell: str) -> Phantom:
    return make_phantom("sem", seed=2, shape=(320, 480), cell=cell, noise="none")


def measured(cell: str, normal: str) -> tuple[Results, np.ndarray, np.ndarray]:
    """Results, parts and truth, from labels that know metal and void only."""
    one = made(cell)
    truth = np.asarray(one.truth.data)
    merged = np.where(truth == DENDRITE, LI, np.where(truth == CRACK, VOID, truth)).astype(np.uint8)
    params = CellParams(normal=normal)
    after = split_phases(Labels(merged, one.truth.spacing), params, Engine())
    found = anatomy(after, params, Engine())
    assert found.far_side == "counter electrode"
    return measure(found, MeasureParams(), Engine()), np.asarray(found.parts) & 127, truth


@pytest.mark.parametrize("cell", ["symmetric", "shorted"])
def test_the_counter_electrode_is_no_dendrite(cell: str) -> None:
    results, parts, truth = measured(cell, "-y")
    dendrite = np.isin(parts, (Part.DENDRITE, Part.ISOLATED))
    # Li of the far half belongs to the counter electrode and its own filaments. None of it is a dendrite, but for the
    # two voxels of its roughness where the short ends at its fitted interface.
    theirs = dendrite & (truth == LI)
    theirs[:, truth.shape[1] // 2 :] = False
    beside = distance_transform_edt(truth[0] != DENDRITE)[None] <= 3
    assert not (theirs & ~beside).any()
    assert cell == "shorted" or not theirs.any()
    # Roots below the tolerance of two voxels go with the anode: 5 dendrites of some 200 pixels each.
    assert np.count_nonzero(dendrite & (truth == DENDRITE)) > 0.95 * np.count_nonzero(truth == DENDRITE)
    assert np.count_nonzero(parts == Part.COUNTER) > 0
    table = results.objects["dendrites"]
    assert int((table["kind"] == "joined").sum()) == made(cell).values["dendrite_count"]
    edge_um = made(cell).truth.spacing.y
    depth = results.row("dendrite_depth_max").value
    # Half a voxel; a short ends at the counter electrode's fitted interface, two voxels.
    assert depth == pytest.approx(
        made(cell).values["dendrite_depth_max"], abs=(2 if cell == "shorted" else 0.5) * edge_um
    )


def test_seen_from_the_other_side_the_two_electrodes_change_places() -> None:
    _, near, truth = measured("symmetric", "-y")
    results, far, _ = measured("symmetric", "+y")
    # What was anode is counter electrode now, its dendrites included, and the other way round.
    assert not np.isin(far[truth == DENDRITE], (Part.DENDRITE, Part.ISOLATED)).any()
    assert (far[near == Part.ANODE] == Part.COUNTER).mean() > 0.999
    assert results.row("contact_fraction").value is not None


@pytest.mark.parametrize(("column", "deepest"), [(4, 18.75), (3, None)])
def test_metal_that_joins_both_electrodes_is_a_short_circuit(column: int, deepest: float | None) -> None:
    values = np.full((60, 30, 28), 2, np.uint8)
    values[:12] = values[50:] = 3
    values[12:50, 10:16, 10:16] = column
    params = CellParams(normal="+z")
    found = measure(anatomy(Labels(values, Spacing(0.5, 0.5, 0.5)), params, Engine()), MeasureParams(), Engine())
    assert found.row("short_circuit").value == 1
    assert found.row("dendrite_depth_max").value == deepest
    if deepest is None:
        for metric in ("short_circuit", "contact_fraction", "dendrite_far_distance_min"):
            assert "one body of metal" in found.row(metric).note
