"""The whole anatomy on hand-made cells and on the truth of small phantoms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import SE_REGION, Cell, CellParams, Part, anatomy, split_phases
from micro.errors import AmbiguousNormalError, ParameterError, ShapeMismatchError
from micro.model import Labels, Spacing
from micro.phantoms import Phantom

UNIT = Spacing(1, 1, 1)
VOID, SE, LI, DENDRITE, CRACK, CATHODE = 1, 2, 3, 4, 5, 6
AUTO = CellParams()


def section() -> NDArray[np.uint8]:
    """A section with its anode below row 80."""
    labels = np.full((120, 160), SE, np.uint8)
    labels[80:] = LI
    return labels


def split(labels: NDArray[np.uint8], params: CellParams = AUTO) -> NDArray[np.uint8]:
    out = np.asarray(split_phases(Labels(labels, UNIT), params, Engine()).data)
    return out[0] if labels.ndim == 2 else out


def named(labels: NDArray[np.uint8], params: CellParams = AUTO) -> tuple[Cell, NDArray[np.uint8], NDArray[np.bool_]]:
    """The cell, the part of each voxel, and the SE region."""
    cell = anatomy(Labels(labels, UNIT), params, Engine())
    parts = np.asarray(cell.parts)
    parts = parts[0] if labels.ndim == 2 else parts
    return cell, parts & ~np.uint8(SE_REGION), parts & SE_REGION > 0


def test_joined_and_isolated_metal() -> None:
    labels = section()
    labels[30:80, 40:45] = LI
    labels[40:50, 100:106] = LI
    after = split(labels)
    expected = labels.copy()
    # the opened body rises into the corners of a filament's foot; straight below the filament the foot is dendrite
    expected[30:80, 40:45] = DENDRITE
    expected[40:50, 100:106] = DENDRITE
    np.testing.assert_array_equal(after, expected)
    _, parts, region = named(after)
    assert (parts[30:80, 40:45] == Part.DENDRITE).all()
    assert (parts[40:50, 100:106] == Part.ISOLATED).all()
    assert (parts[80:] == Part.ANODE).all()
    np.testing.assert_array_equal(region[:80], np.ones((80, 160), bool))
    assert not region[80:].any()


def test_a_dendrite_that_touches_by_a_corner_is_joined() -> None:
    labels = section()
    labels[60:80, 40:45] = DENDRITE
    labels[40:60, 45:50] = DENDRITE
    _, parts, _ = named(labels)
    assert (parts[labels == DENDRITE] == Part.DENDRITE).all()


def test_dendrites_behind_a_gap_are_isolated() -> None:
    labels = section()
    labels[78:80, 30:60] = VOID
    labels[40:78, 40:45] = DENDRITE
    _, parts, _ = named(labels)
    assert (parts[40:78, 40:45] == Part.ISOLATED).all()
    assert (parts[78:80, 30:60] == Part.GAP).all()


def test_gap_pore_and_crack_are_told_apart() -> None:
    labels = section()
    labels[80:84, 20:50] = VOID  # a gap, carved into the metal
    labels[20:28, 20:28] = VOID  # a pore
    labels[10:80, 100:103] = VOID  # a crack down to the interface
    labels[80:82, 90:120] = VOID  # that opens into another gap
    after = split(labels)
    assert (after[10:80, 100:103] == CRACK).all()
    assert np.count_nonzero(after == CRACK) <= 70 * 3 + 2 * 3  # whole, and at most its foot in the gap
    _, parts, _ = named(after)
    assert (parts[20:28, 20:28] == Part.PORE).all()
    assert (parts[80:84, 20:50] == Part.GAP).all()
    assert (parts[10:80, 100:103] == Part.CRACK).all()
    assert (parts[80:82, 90:99] == Part.GAP).all()


@pytest.mark.parametrize("slope", [0.5, 1.0, 2.0])
def test_a_slanted_crack_is_whole_down_to_the_interface(slope: float) -> None:
    labels = section()
    y, x = np.indices(labels.shape)
    crack = (abs(x - 110 + slope * (80 - y)) < 1.5 * np.hypot(1, slope)) & (y < 80) & (y > 35)
    labels[crack] = VOID
    # its mouth, the columns that stand on the anode: a parallelogram of the crack's cut with the anode
    cut = 3 * np.hypot(1, slope)
    mouth = cut * (cut / slope) / 2 + 2 * cut
    missed = crack & (split(labels) != CRACK)
    assert np.count_nonzero(missed) <= mouth
    assert not missed[: 80 - int(np.ceil(cut / slope)) - 1].any()


def test_a_counter_electrode_is_metal_and_never_dendrite() -> None:
    labels = section()
    labels[:20] = LI
    labels[20:32, 70:74] = LI  # its roughness, which the opening takes off
    labels[50:80, 30:34] = LI
    params = CellParams(normal="-y")
    after = split(labels, params)
    assert (after[:32][labels[:32] == LI] == LI).all()
    assert (after[50:79, 30:34] == DENDRITE).all()
    cell, parts, region = named(after, params)
    assert cell.far_side == "counter electrode"
    assert (parts[:20] == Part.COUNTER).all()
    assert (parts[20:32, 70:74] == Part.COUNTER).all()
    assert cell.far_plane is not None
    # the opened body rises by a voxel in the corners of the bump: at most 4 columns in 160
    assert cell.far_plane.heights_um((1, 120, 160), UNIT)[0, 20].mean() == pytest.approx(-0.5, abs=0.025)
    assert region[20:80].all()
    assert not region[:20].any()
    with pytest.raises(AmbiguousNormalError, match=r"\+y"):
        split_phases(Labels(np.concatenate([labels[:20], labels[20:80], labels[:20]]), UNIT), AUTO, Engine())


def test_a_short_circuit_keeps_the_counter_electrode() -> None:
    labels = section()
    labels[:20] = LI
    labels[20:80, 60:64] = LI
    params = CellParams(normal="-y")
    after = split(labels, params)
    assert (after[21:79, 60:64] == DENDRITE).all()
    assert (after[:20] == LI).all()
    _, parts, _ = named(after, params)
    assert (parts[:20] == Part.COUNTER).all()
    assert (parts[21:79, 60:64] == Part.DENDRITE).all()


def test_the_cathode_ends_the_se_region() -> None:
    labels = section()
    labels[:15] = CATHODE
    labels[10:13, 40:50] = VOID
    cell, parts, region = named(labels)
    assert (str(cell.normal), cell.far_side, cell.notes) == ("-y", "cathode", ())
    assert region[15:80].all()
    assert not region[:15].any()
    assert (parts[:10] == Part.OTHER).all()


def test_unlabelled_voxels_are_in_no_region() -> None:
    labels = section()
    labels[30:40, :30] = 0
    cell, parts, region = named(labels)
    assert cell.far_side == "cut by the picture"
    assert any("cut by the picture" in note for note in cell.notes)
    assert not region[30:40, :30].any()
    assert (parts[30:40, :30] == Part.OTHER).all()
    assert region[30:40, 30:].all()


def test_without_metal_there_is_a_note_and_voids_are_still_told_apart() -> None:
    labels = np.full((120, 160), SE, np.uint8)
    labels[20:28, 20:28] = VOID
    labels[40:43, 20:120] = VOID
    after = split(labels)
    assert (after[40:43, 20:120] == CRACK).all()
    assert (after[20:28, 20:28] == VOID).all()
    cell, parts, region = named(after)
    assert (cell.normal, cell.plane, cell.notes) == (None, None, ("no metal body found",))
    assert (parts[40:43, 20:120] == Part.CRACK).all()
    assert (parts[20:28, 20:28] == Part.PORE).all()
    assert not region.any()


def test_a_stated_normal_without_metal_is_no_error() -> None:
    cell, _, _ = named(np.full((60, 60), SE, np.uint8), CellParams(normal="-y"))
    assert cell.notes == ("no metal body found where the stated normal -y begins",)


def test_a_stated_normal_across_a_single_slice_is_refused() -> None:
    with pytest.raises(ParameterError, match="one slice"):
        named(section(), CellParams(normal="+z"))  # a section has no z


def test_a_slab_of_one_voxel_is_a_section_along_z_only() -> None:
    slab = Labels(np.full((60, 50, 1), 2, np.uint8), Spacing(1, 1, 1))
    for task in (split_phases, anatomy):
        with pytest.raises(ShapeMismatchError, match=r"60 x 50 x 1 voxels .* a section as one slice"):
            task(slab, CellParams(), Engine())


def test_a_picture_of_nothing_but_metal_says_so() -> None:
    metal = np.full((1, 30, 30), 3, np.uint8)
    for values in (metal, np.pad(metal, ((0, 0), (9, 0), (0, 0)))):
        cell = anatomy(Labels(values, Spacing(1, 1, 1)), CellParams(), Engine())
        assert cell.notes == ("no interface: all that is labelled is metal",)


def test_a_plan_view_has_no_interface() -> None:
    labels = section()
    labels[30:70, 40:45] = LI
    params = CellParams(normal="none")
    assert (split(labels, params) == labels).all()
    cell, _, region = named(labels, params)
    assert (cell.normal, cell.plane, cell.notes) == (None, None, ("a plan view has no interface",))
    assert not region.any()


def test_limits_of_the_recipe_are_kept() -> None:
    labels = section()
    labels[40:43, 20:60] = VOID  # a trace of 40 um, 2.9 um wide
    labels[77:80, 100:104] = LI  # its topmost centre 2.5 um beyond
    assert (split(labels)[40:43, 20:60] == CRACK).all()
    for limits in ({"crack_thickness_max_um": 2.0}, {"crack_extent_min_um": 45.0}, {"crack_aspect_min": 20.0}):
        assert (split(labels, CellParams(**limits))[40:43, 20:60] == VOID).all()
    assert (split(labels)[77:79, 100:104] == DENDRITE).all()
    assert (split(labels, CellParams(tolerance_um=3.0))[77:80, 100:104] == LI).all()
    labels[78:80, 20:50] = VOID
    _, parts, _ = named(labels, CellParams(band_um=1.0))
    assert (parts[78, 20:50] == Part.PORE).all()
    assert (parts[79, 20:50] == Part.GAP).all()


def test_the_history_tells_what_was_found() -> None:
    labels = section()
    labels[10:60, 100:103] = VOID
    step = split_phases(Labels(labels, UNIT), AUTO, Engine()).history[-1]
    assert step.operation == "split phases"
    found = {"normal": "-y", "tolerance_um": 2.0, "radius_um": 8.0, "residual_um": 0.0, "sag_um": 0.0, "cracks": 1}
    found["reference"] = "plane fitted to the anode"
    assert step.parameters["found"] == found


@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_the_truth_of_a_phantom_is_split_back(
    kind: str, phantom: Callable[[str], Phantom], unsplit: Callable[[str], Labels]
) -> None:
    truth = np.asarray(phantom(kind).truth.data)
    found = split_phases(unsplit(kind), AUTO, Engine())
    assert found.history[-1].parameters["found"]["normal"] == phantom(kind).normal
    data = np.asarray(found.data)
    metal, cracks = truth == DENDRITE, truth == CRACK
    both = np.count_nonzero(metal & (data == DENDRITE))
    # roots that stand in dips of the anode go with it: below the reference, 1 to 2 voxels of dendrites some 25 high
    assert both >= 0.92 * np.count_nonzero(metal)
    # and what of the anode's roughness lies under a dendrite, above the reference, goes with the dendrite
    extra = (data == DENDRITE) & ~metal
    assert np.count_nonzero(extra) <= 0.06 * np.count_nonzero(metal)
    plane = anatomy(found, AUTO, Engine()).plane
    assert plane is not None
    assert (truth[extra] == LI).all()
    # the reference fitted again, with the dendrites taken out, lies a fraction of a voxel off the one that split them
    lowest = -0.5 * max(found.spacing.um[1:])
    assert (plane.heights_um(truth.shape, found.spacing)[extra] > lowest).all()
    both = np.count_nonzero(cracks & (data == CRACK))
    # two of the fibsem's five cracks, in this small picture, fall just below the aspect of a crack: 4.4 and 4.7 of 5
    assert both >= 0.68 * np.count_nonzero(cracks)
    # pores that a crack runs into are a part of it
    assert both >= 0.95 * np.count_nonzero(data == CRACK)


@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_blocks_do_not_change_a_voxel(kind: str, unsplit: Callable[[str], Labels]) -> None:
    labels = unsplit(kind)
    whole = split_phases(labels, AUTO, Engine())
    cell = anatomy(whole, AUTO, Engine())
    z = labels.shape[0]
    for block_shape in [(min(z, 13), 47, 61), (z, 112, 37)]:
        engine = Engine(block_shape=block_shape)
        cut = split_phases(labels, AUTO, engine)
        assert np.asarray(cut.data).tobytes() == np.asarray(whole.data).tobytes()
        again = anatomy(cut, AUTO, engine)
        assert np.asarray(again.parts).tobytes() == np.asarray(cell.parts).tobytes()
        assert again.plane == cell.plane
        assert again.far_plane == cell.far_plane


def turned(array: NDArray[np.uint8], order: tuple[int, ...], mirror: int | None) -> NDArray[np.uint8]:
    array = array.transpose(order)
    return np.ascontiguousarray(array if mirror is None else np.flip(array, mirror))


@pytest.mark.parametrize("kind", ["fibsem", "xct"])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_cells_have_turned_parts(
    kind: str, order: tuple[int, int, int], mirrored: bool, unsplit: Callable[[str], Labels]
) -> None:
    labels = unsplit(kind)
    first = split_phases(labels, AUTO, Engine())
    cell = anatomy(first, AUTO, Engine())
    assert cell.normal is not None
    axis = order.index(cell.normal.axis)
    mirror = axis if mirrored else None
    moved = Labels(turned(np.asarray(labels.data), order, mirror), labels.spacing.permuted(order))
    second = split_phases(moved, AUTO, Engine())
    np.testing.assert_array_equal(second.data, turned(np.asarray(first.data), order, mirror))
    other = anatomy(second, AUTO, Engine())
    np.testing.assert_array_equal(other.parts, turned(np.asarray(cell.parts), order, mirror))
    assert other.normal is not None
    assert (other.normal.axis, other.normal.sign) == (axis, -cell.normal.sign if mirrored else cell.normal.sign)


@pytest.mark.parametrize("factor", [1e-3, 40.0])
def test_larger_voxels_have_the_same_parts(factor: float, unsplit: Callable[[str], Labels]) -> None:
    labels = unsplit("fibsem")
    scaled = Labels(np.asarray(labels.data), labels.spacing.scaled(factor))
    first, second = (split_phases(each, AUTO, Engine()) for each in (labels, scaled))
    np.testing.assert_array_equal(first.data, second.data)
    one, two = (anatomy(each, AUTO, Engine()) for each in (first, second))
    np.testing.assert_array_equal(one.parts, two.parts)
    assert one.plane is not None
    assert two.plane is not None
    # the same arithmetic on scaled numbers, through a solver
    assert two.plane.offset_um == pytest.approx(factor * one.plane.offset_um, rel=1e-9)
