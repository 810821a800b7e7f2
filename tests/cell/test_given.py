"""The reference interface from a thickness, a drawn line, or the first state; cells without an anode body."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from micro.blocks import Engine
from micro.cell import Cell, CellParams, Part, ReferencePlane, anatomy, split_phases
from micro.cell.given import plane_through
from micro.cell.normal import Normal
from micro.errors import ParameterError
from micro.measure import MeasureParams, Results, measure
from micro.model import Labels, Spacing

VOID, SE, LI, DENDRITE = 1, 2, 3, 4
UNIT = Spacing(1, 1, 1)
ALL = tuple[Labels, Cell, Results]


def dead(*, slices: int = 1) -> NDArray[np.uint8]:
    """A cell whose anode, once 30 high below row 170, has gone into the electrolyte.

    Left are a thin net that crosses the old interface, a piece that floats above it, one that floats below it, and a
    gap-like void at the old interface.
    """
    labels = np.full((slices, 200, 160), SE, np.uint8)
    labels[:, 90:185, 40:45] = LI  # crosses the interface, up to 80 beyond it
    labels[:, 150:155, 20:70] = LI  # a stripe that hangs on it
    labels[:, 110:118, 100:105] = LI  # floats
    labels[:, 180:186, 120:150] = LI  # below
    labels[:, 166:172, 80:90] = VOID
    return labels


def through(labels: NDArray[np.uint8], params: CellParams, *, first: ReferencePlane | None = None) -> ALL:
    after = split_phases(Labels(labels, UNIT), params, Engine(), first=first)
    cell = anatomy(after, params, Engine(), first=first)
    return after, cell, measure(cell, MeasureParams(), Engine())


def up(place: float) -> ReferencePlane:
    return ReferencePlane((0.0, -1.0, 0.0), -place)


GIVEN = {
    "thickness": (CellParams(normal="-y", reference_thickness_um=30), None),
    "line": (CellParams(normal="-y", reference_line=((169.5, 3), (169.5, 90), (169.5, 150))), None),
    "first-state": (CellParams(reference="first-state"), up(170.0)),
}


@pytest.mark.parametrize("slices", [1, 6])
@pytest.mark.parametrize("name", GIVEN)
def test_depths_of_a_cell_whose_anode_has_gone(name: str, slices: int) -> None:
    params, first = GIVEN[name]
    after, cell, results = through(dead(slices=slices), params, first=first)
    assert cell.plane is not None
    assert cell.plane.offset_um == pytest.approx(-170)
    assert str(cell.normal) == "-y"
    assert not cell.has_anode
    assert "joined means connected with metal at or below it" in cell.notes[0]
    data, parts = np.asarray(after.data), np.asarray(cell.parts) & 127
    # What crosses the reference is joined, with all that hangs on it; what floats beyond it is isolated.
    assert (parts[:, 90:170, 40:45] == Part.DENDRITE).all()
    assert (parts[:, 150:155, 20:70] == Part.DENDRITE).all()
    assert (parts[:, 110:118, 100:105] == Part.ISOLATED).all()
    assert (data[:, 170:] != DENDRITE).all()
    assert results.row("dendrite_depth_max").value == pytest.approx(79.5)
    assert results.row("isolated_depth_max").value == pytest.approx(59.5)
    assert "joined: connected with metal at or below the reference" in results.row("dendrite_depth_max").note
    fraction = results.row("contact_fraction")
    assert fraction.value is None
    assert fraction.note.startswith("no anode body left; reference interface: ")
    for metric in ("gap_thickness_mean", "interface_roughness", "contact_loss", "contact_spot_density"):
        assert results.row(metric).value is None, metric
        assert "no anode body left" in results.row(metric).note
    assert not (parts == Part.GAP).any()
    assert results.row("dendrite_count_density").value is not None


@pytest.mark.parametrize("axis_sign", ["+z", "-z", "+y", "-y", "+x", "-x"])
def test_every_side(axis_sign: str) -> None:
    axis = "zyx".index(axis_sign[1])
    labels = np.moveaxis(dead(slices=5), 1, axis)
    if axis_sign[0] == "+":
        labels = np.flip(labels, axis)
    params = CellParams(normal=axis_sign, reference_thickness_um=30)
    _, _, results = through(np.ascontiguousarray(labels), params)
    assert results.row("dendrite_depth_max").value == pytest.approx(79.5)


@pytest.mark.parametrize("block", [(1, 53, 77), (1, 200, 29)])
def test_blocks_change_nothing(block: tuple[int, int, int]) -> None:
    params = CellParams(normal="-y", reference_thickness_um=30)
    whole = anatomy(split_phases(Labels(dead(), UNIT), params, Engine()), params, Engine())
    engine = Engine(block_shape=block)
    cut = anatomy(split_phases(Labels(dead(), UNIT), params, engine), params, engine)
    assert np.asarray(whole.parts).tobytes() == np.asarray(cut.parts).tobytes()


def with_anode() -> NDArray[np.uint8]:
    labels = np.full((1, 200, 160), SE, np.uint8)
    labels[:, 170:] = LI
    rows, columns = np.ogrid[:200, :160]
    labels[0][rows > 170 - (columns - 80) / 16] = LI
    labels[0][(rows > 170) & (columns < 80) & (rows < 170 - (columns - 80) / 16)] = SE
    labels[:, 120:170, 60:66] = LI
    return labels


def test_a_body_that_is_there_keeps_its_interface() -> None:
    params = CellParams(normal="-y", reference_thickness_um=30)
    _, cell, results = through(with_anode(), params)
    assert cell.has_anode
    assert results.row("contact_fraction").value == 1.0
    assert results.row("dendrite_depth_max").value == pytest.approx(49.5)
    residual = results.row("reference_residual")
    # Heights of -5 to 5 voxels, evenly: half lie within 2.5 of the median. Half a voxel for their rounding.
    assert residual.value == pytest.approx(1.4826 * 2.5, abs=0.75)
    assert residual.note.startswith("stated thickness of 30 um")


def test_the_thickness_counts_from_the_first_label() -> None:
    labels = with_anode()
    labels[:, 190:] = 0
    _, cell, _ = through(labels, CellParams(normal="-y", reference_thickness_um=20))
    assert cell.plane is not None
    assert cell.plane.offset_um == -170.0


def test_residuals_and_where_the_reference_comes_from() -> None:
    rows = {}
    for name, (params, first) in GIVEN.items():
        _, _, results = through(dead(), params, first=first)
        rows[name] = results.row("reference_residual")
    assert (rows["thickness"].value, "nothing to scatter" in rows["thickness"].note) == (None, True)
    assert (rows["line"].value, rows["line"].note[:24]) == (0.0, "drawn line of 3 points; ")
    assert rows["first-state"].note.startswith("first state")
    _, _, results = through(with_anode(), CellParams(normal="-y"))
    assert results.row("reference_residual").note.startswith("plane fitted to the anode")


def test_a_drawn_line_is_fitted() -> None:
    points = ((20.0, 0.0), (22.0, 40.0), (23.0, 60.0), (25.0, 100.0))
    plane = plane_through(points, Normal(1, -1), spacing=Spacing(1, 0.5, 0.25))
    # y = 20 + .05 x voxels, at voxel centres: in um the slope is .1.
    assert plane.direction == pytest.approx((0.0, -1 / np.hypot(1, 0.1), 0.1 / np.hypot(1, 0.1)))
    assert plane.place_um(1, np.array(0.5), np.array(0.125)) == pytest.approx(10.25)
    assert plane.residual_um == 0.0
    bowed = tuple((20 + (x - 50) ** 2 / 100, float(x)) for x in range(0, 101, 10))
    flat = plane_through(bowed, Normal(1, -1), spacing=UNIT)
    curved = plane_through(bowed, Normal(1, -1), spacing=UNIT, curved=True)
    assert flat.bow is None
    assert flat.residual_um == pytest.approx(np.std([point[0] for point in bowed]))
    assert curved.bow is not None
    assert (curved.sag_um, curved.residual_um) == (pytest.approx(25), pytest.approx(0, abs=1e-9))


def test_points_in_three_dimensions() -> None:
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 50, (12, 2))
    points = tuple((float(z), float(10 + 0.2 * z - 0.3 * x), float(x)) for z, x in places)
    plane = plane_through(points, Normal(1, 1), spacing=UNIT)
    assert plane.direction == pytest.approx(np.array([-0.2, 1, 0.3]) / np.sqrt(1.13))


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(ParameterError, match="200 um high along y; expected less"):
        through(dead(), CellParams(normal="-y", reference_thickness_um=300))
    with pytest.raises(ParameterError, match="runs along y, as the normal -y does"):
        through(dead(), CellParams(normal="-y", reference_line=((10, 5), (90, 5))))
    with pytest.raises(ParameterError, match=r"the normal \+x is not that of the first state"):
        through(dead(), CellParams(normal="+x", reference="first-state"), first=up(170))
    with pytest.raises(ValidationError, match="given more than once"):
        CellParams(reference="first-state", reference_thickness_um=3)
    with pytest.raises(ValidationError, match="finite numbers"):
        CellParams(reference_line=((float("nan"), 0), (21, 3)))
    with pytest.raises(ParameterError, match=r"along z, as the normal -z does; expected points \(z, y, x\)"):
        plane_through(((21, 0), (24, 63)), Normal(0, -1), spacing=UNIT)
    for line in (((1, 2),), ((1, 2), (1, 2, 3)), ((1,), (2,))):
        with pytest.raises(ValidationError, match="two points or more"):
            CellParams(reference_line=line)


def test_without_a_normal_there_is_no_interface_and_the_note_says_what_to_do() -> None:
    _, cell, results = through(dead(), CellParams(reference_thickness_um=30))
    assert cell.plane is None
    assert "state the normal" in results.row("dendrite_depth_max").note


def test_the_first_state_itself_is_fitted() -> None:
    _, cell, _ = through(with_anode(), CellParams(reference="first-state"))
    assert cell.reference == "plane fitted to the anode"


@pytest.mark.parametrize("block", [(128, 128, 128), (1, 64, 64)])
def test_a_line_in_the_wrong_place_is_told(block: tuple[int, int, int]) -> None:
    labels = with_anode()
    labels[:, 120:170, 60:66] = DENDRITE
    engine = Engine(block_shape=block)

    def notes(row: float) -> tuple[str, ...]:
        params = CellParams(normal="-y", reference_line=((row, 3), (row, 150)))
        return tuple(note for note in anatomy(Labels(labels, UNIT), params, engine).notes if "reference" in note)

    assert notes(169.5) == notes(140.0) == ()
    # The line lies at 100.5 um, the highest dendrite voxel's centre at 120.5.
    (above,) = notes(100.0)
    assert "drawn line of 2 points lies above all dendrites, by 20 um" in above
    (outside,) = notes(-5.0)
    assert "outside of the picture in 100 % of its columns" in outside
    (askew,) = (
        note
        for note in anatomy(
            Labels(labels, UNIT), CellParams(normal="-y", reference_line=((100.0, 70), (190.0, 85))), engine
        ).notes
        if "reference" in note
    )
    assert "outside of the picture in" in askew


def test_a_fitted_reference_is_not_doubted() -> None:
    cell = anatomy(Labels(with_anode(), UNIT), CellParams(normal="-y"), Engine())
    assert not any("reference" in note for note in cell.notes)
