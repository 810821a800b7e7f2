from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from micro.blocks import Engine
from micro.cell import Cell, CellParams, ReferencePlane, anatomy
from micro.measure import MeasureParams, Results, measure
from micro.measure.diffusion import TOLERANCE
from micro.model import Labels, Spacing

Make = Callable[..., Cell]
VOID, SE, LI, CATHODE = 1, 2, 3, 6
SPACING = Spacing(0.5, 0.25, 0.25)


def layered(make_cell: Make, *, far: bool = True, tilt: float = 0.0) -> Cell:
    """Lithium, 32 voxels of electrolyte along y with a void channel through them, cathode."""
    labels = np.full((16, 48, 24), SE, np.uint8)
    labels[:, :8] = LI
    labels[:, 40:] = CATHODE
    labels[4:8, 8:40, 6:18] = VOID
    direction = (0.0, np.cos(tilt), np.sin(tilt))
    near = direction[1] * 8 * SPACING.y + direction[2] * 12 * SPACING.x
    planes = {"plane": ReferencePlane(direction, near)}
    if far:
        planes["far_plane"] = ReferencePlane(direction, near + 32 * SPACING.y * direction[1])
    return make_cell(labels, SPACING, normal="+y", **planes)


def values(results: Results, phase: str = "SE") -> list[float | None]:
    metrics = ("tortuosity", "effective_diffusivity", "percolating_fraction")
    return [results.row(metric, phase_a=phase).value for metric in metrics]


def run(cell: Cell, **params: object) -> Results:
    return measure(cell, MeasureParams(**params), Engine(block_shape=(30, 14, 50)))


def test_straight_channels_through_the_region(make_cell: Make) -> None:
    share = 4 * 12 / (16 * 24)
    found = run(layered(make_cell), transport=("SE", "void"))
    assert values(found) == pytest.approx([1.0, 1 - share, 1.0], rel=TOLERANCE)
    assert values(found, "void") == pytest.approx([1.0, share, 1.0], rel=TOLERANCE)
    row = found.row("tortuosity", phase_a="SE")
    assert row.n == 16 * 32 * 24
    assert row.definition == "tortuosity/3D/v1"
    assert row.note == "no interval: one value of the whole region"


def test_a_tilted_region_is_cut_to_what_lies_whole_in_it(make_cell: Make) -> None:
    found = run(layered(make_cell, tilt=0.1))
    rise = np.tan(0.1) * 23 / 2
    # Voxels whose centres lie between the planes in every column: the ends round to whole voxels.
    assert found.row("tortuosity").n == 16 * 24 * (round(40 - rise) - round(8 + rise))
    assert found.row("tortuosity").value == pytest.approx(1, rel=TOLERANCE)


def test_the_picture_may_cut_the_region(make_cell: Make) -> None:
    cell = layered(make_cell, far=False)
    labels = np.asarray(cell.labels.data).copy()
    labels[:, 40:] = SE
    labels[4:8, 40:, 6:18] = VOID
    found = run(make_cell(labels, SPACING, normal="+y", plane=cell.plane))
    assert found.row("tortuosity").n == 16 * 40 * 24
    assert found.row("tortuosity").note.startswith("the SE region is cut by the picture")


def test_what_does_not_percolate_is_undefined(make_cell: Make) -> None:
    cell = layered(make_cell)
    labels = np.asarray(cell.labels.data).copy()
    labels[:, 20] = VOID
    found = run(make_cell(labels, SPACING, normal="+y", plane=cell.plane, far_plane=cell.far_plane))
    assert values(found) == [None, None, 0.0]
    assert found.row("tortuosity").note == "undefined: SE does not join both sides of the SE region"


@pytest.mark.parametrize(
    ("name", "note"), [("interphase", "no such phase in the SE region"), ("Xe", "no phase is called Xe")]
)
def test_phases_that_are_not_there(make_cell: Make, name: str, note: str) -> None:
    found = run(layered(make_cell), transport=(name,))
    assert values(found, name) == [None] * 3
    assert found.row("tortuosity", phase_a=name).note == note


def test_without_an_interface() -> None:
    labels = Labels(np.full((4, 30, 30), SE, np.uint8), SPACING)
    found = run(Cell(labels, np.zeros(labels.shape, np.uint8)))
    assert values(found) == [None] * 3
    assert found.row("tortuosity").note == "no metal body found; no direction to measure along: state cell.normal"
    with pytest.raises(KeyError):
        run(Cell(labels, np.zeros(labels.shape, np.uint8)), transport=()).row("tortuosity")


def test_without_an_anode_the_picture_is_measured_along_the_normal_that_is_stated() -> None:
    labels = np.full((16, 40, 24), SE, np.uint8)
    labels[4:8, :, 6:18] = VOID
    cell = anatomy(Labels(labels, SPACING), CellParams(normal="+y"), Engine())
    found = run(cell, transport=("SE", "void"))
    share = 4 * 12 / (16 * 24)
    for phase, part in (("SE", 1 - share), ("void", share)):
        rows = [found.row(metric, phase_a=phase, roi="all") for metric in ("tortuosity", "effective_diffusivity")]
        assert [row.value for row in rows] == pytest.approx([1.0, part], rel=TOLERANCE)
        assert rows[0].n == labels.size
        missing = found.row("tortuosity", phase_a=phase, roi="se_region")
        assert (missing.value, missing.note) == (None, "no metal body found where the stated normal +y begins")


@pytest.mark.realdata
@pytest.mark.slow
def test_the_published_tortuosity_as_a_measurement() -> None:
    folder = os.environ.get("MICRO_REALDATA")
    if not folder:
        pytest.skip("MICRO_REALDATA is not set: no real micrographs to test with")
    grey = tifffile.imread(Path(folder) / "porous/electrode_generated_256.tiff")
    phases = np.select([grey == 0, grey == 85], [VOID, SE], CATHODE).astype(np.uint8)
    engine = Engine()
    cell = anatomy(Labels(phases, Spacing.parse("0.390625um")), CellParams(normal="+z"), engine)
    params = MeasureParams(transport=("void",), transport_voxels_max=phases.size, particles=())
    # taufactor's published 2.0658, along the first axis, connected pores only; 1 % is the project's bar.
    assert measure(cell, params, engine).row("tortuosity", roi="all").value == pytest.approx(2.0658, rel=0.01)


def test_of_a_large_region_the_middle_is_taken(make_cell: Make) -> None:
    labels = np.full((80, 24, 90), SE, np.uint8)
    labels[:, :8] = LI
    labels[10, 8:, 10] = VOID  # outside the middle
    plane = ReferencePlane((0.0, 1.0, 0.0), 8 * SPACING.y)
    found = run(make_cell(labels, SPACING, normal="+y", plane=plane), transport_voxels_max=2**15)
    row = found.row("effective_diffusivity")
    assert row.value == pytest.approx(1, rel=TOLERANCE)
    assert row.n is not None
    assert row.n <= 2**15
    assert "in the middle 21 x 12 um of the picture" in row.note
    thin = run(make_cell(labels, SPACING, normal="+y", plane=plane), transport_voxels_max=2**12)
    assert thin.row("effective_diffusivity").value is None
    assert "too many (transport_voxels_max)" in thin.row("effective_diffusivity").note


def test_unlabelled_rims_are_no_part_of_the_section(make_cell: Make) -> None:
    cell = layered(make_cell)
    labels = np.asarray(cell.labels.data).copy()
    labels[:, :, :4] = 0
    found = run(make_cell(labels, SPACING, normal="+y", plane=cell.plane, far_plane=cell.far_plane))
    assert found.row("effective_diffusivity").value == pytest.approx(1 - 48 / (16 * 20), rel=TOLERANCE)
    assert found.row("effective_diffusivity").note.startswith("17 % of the box is unlabelled")


def test_a_section_has_a_definition_of_its_own(make_cell: Make) -> None:
    cell = layered(make_cell)
    labels = np.asarray(cell.labels.data)[5:6]
    found = run(make_cell(labels, SPACING, normal="+y", plane=cell.plane, far_plane=cell.far_plane))
    assert values(found) == pytest.approx([1.0, 0.5, 1.0], rel=TOLERANCE)
    assert found.row("tortuosity").definition == "tortuosity/2D/v1"
