"""Builds of a cell: each shows what it says, its truth is counted, and the half cell stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.errors import ParameterError, UnknownNameError
from micro.model import Spacing
from micro.phantoms import BUILD_DEFINITIONS, BUILDS, DEFINITIONS, KINDS, make_phantom, write_phantom
from micro.phantoms.build_truth import build_values
from micro.phantoms.frame import Frame
from micro.phantoms.geometry import Scene, draw_scene, scene_labels
from micro.phantoms.interface import Bow, Interface

VOID, SE, LI, DENDRITE, CRACK = 1, 2, 3, 4, 5
SHAPES = {"sem": (1, 200, 260), "fibsem": (40, 112, 128), "xct": (64, 64, 64)}


def made(kind, cell, *, seed=3, normal=None):
    look = KINDS[kind]
    shape = SHAPES[look.modality]
    frame = Frame(shape, look.spacing, look.normal if normal is None else normal)
    scene = draw_scene(frame, seed=seed, alloy=look.alloy, build=BUILDS[cell])
    labels = scene_labels(scene)
    return scene, labels, build_values(scene, labels, gap_share=1.0)


@pytest.mark.parametrize("cell", BUILDS)
@pytest.mark.parametrize("kind", ["sem", "fibsem-alloy", "xct"])
def test_values_are_finite_and_defined(kind, cell):
    _, labels, values = made(kind, cell)
    assert set(values) <= set(BUILD_DEFINITIONS if cell != "half" else DEFINITIONS)
    assert all(np.isfinite(value) for value in values.values())
    assert set(np.unique(labels)) <= {VOID, SE, LI, DENDRITE, CRACK}
    if cell != "no-anode":
        assert 0 < values["contact_fraction"] < 1


@pytest.mark.parametrize("kind", ["sem", "xct"])
def test_other_builds_change_only_what_they_say(kind):
    half, whole, values = made(kind, "half")
    for cell in ("isolated", "stripped"):
        scene, labels, _ = made(kind, cell)
        assert np.array_equal(scene.interface.roughness_um, half.interface.roughness_um)
        assert np.array_equal(labels == DENDRITE, whole == DENDRITE) or cell == "isolated"
    curved, _, curved_values = made(kind, "curved")
    assert np.array_equal(curved.interface.roughness_um, half.interface.roughness_um)
    assert curved_values["plane_offset"] == values["plane_offset"]


@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_a_symmetric_cell_has_two_electrodes_and_a_short_joins_them(kind):
    _, labels, values = made(kind, "symmetric")
    assert (labels[-1] == LI).all()
    assert values["short_circuit"] == 0
    metal, _ = ndimage.label(np.isin(labels, (LI, DENDRITE)), np.ones((3, 3, 3)))
    # every dendrite is the anode's: the counter electrode's own filaments are Li
    assert (metal[labels == DENDRITE] == metal[0].max()).all()
    assert made(kind, "shorted")[2]["short_circuit"] == 1


def test_the_contact_of_the_counter_electrode_is_not_the_anodes():
    _, _, half = made("xct", "half")
    _, _, both = made("xct", "symmetric")
    # the same interface and gaps: the two differ where other objects were drawn near it
    assert both["contact_fraction"] == pytest.approx(half["contact_fraction"], abs=0.02)


@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_islands_hang_on_nothing(kind):
    scene, labels, values = made(kind, "isolated")
    metal, count = ndimage.label(np.isin(labels, (LI, DENDRITE)), np.ones((3, 3, 3)))
    assert count - 1 == len(scene.islands) == values["isolated_count"] >= 3
    assert values["isolated_depth_max"] > 0
    alone = ndimage.binary_dilation(metal > 1, np.ones((3, 3, 3)))
    assert set(np.unique(labels[alone])) <= {SE, DENDRITE}


@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_stripped_voids_are_deep_and_open_at_the_interface(kind):
    scene, _, values = made(kind, "stripped")
    assert len(scene.stripped) >= 1
    gaps = made(kind, "half")[2]["contact_fraction"]
    assert values["contact_fraction"] < gaps
    assert values["void_depth_max"] > 6 * scene.frame.edges_um[0]


def test_without_an_anode_there_are_specks_only():
    for kind in ("sem", "xct"):
        _, labels, values = made(kind, "no-anode")
        assert 0 < values["phase_fraction_Li"] < 0.03
        assert values["isolated_count"] >= 2
        assert "contact_fraction" not in values
        assert not (labels == DENDRITE).any()


def test_cracks_open_into_gaps_at_the_interface():
    scene, labels, _ = made("sem", "cracked")
    cracks, count = ndimage.label(np.isin(labels, (CRACK, VOID)), np.ones((3, 3, 3)))
    touching = ndimage.binary_dilation(labels == LI, np.ones((3, 3, 3)))
    mouths = {int(n) for n in np.unique(cracks[touching & (labels == VOID)])}
    with_crack = {int(n) for n in np.unique(cracks[labels == CRACK])}
    assert len(mouths & with_crack) >= 2
    assert count >= len(scene.cracks)


def test_the_depth_above_a_bow_is_the_distance_to_the_nearest_point_of_it():
    frame = Frame((24, 60, 60), Spacing(1, 1, 1), "+z")
    bow = Bow((30.0, 30.0), (30.0, 30.0), (0.0, 0.0, 0.0, 6.0, 0.0, 6.0))
    scene = Scene(frame, Interface(4.0, (0.0, 0.0), np.zeros((60, 60)), bow), (), (), (), (), 1.0, BUILDS["curved"])
    labels = scene_labels(scene)
    labels[18, 30, 30] = labels[15, 12, 30] = DENDRITE
    values = build_values(scene, labels, gap_share=1.0)
    # a paraboloid h = 4 + (x^2 + y^2) / 150 and two points, (18.5, .5, .5) and (15.5, -17.5, .5), by a fine search
    r = np.linspace(0, 40, 400001)
    exact = max(
        np.hypot(r - np.hypot(x, y), 4 + r**2 / 150 - h).min() for h, x, y in ((18.5, 0.5, 0.5), (15.5, 17.5, 0.5))
    )
    # the points of the surface lie a quarter of a voxel apart: at most .18 to the nearest, .18^2 / 2 / 11 = .002
    assert values["isolated_depth_max"] == pytest.approx(exact, abs=0.002)
    assert values["bow_sag"] == pytest.approx(2 * 6 * (29.5 / 30) ** 2, rel=2e-3)


@pytest.mark.parametrize("normal", ["+z", "-z", "+y", "-y", "+x", "-x"])
def test_a_sample_on_its_side_has_its_anode_there(normal):
    scene, labels, _ = made("xct", "curved", normal=normal)
    picture = scene.frame.to_zyx(labels)
    first = np.moveaxis(picture, "zyx".index(normal[1]), 0)[0 if normal[0] == "+" else -1]
    assert (first == LI).all()
    assert (scene.frame.from_zyx(picture) == labels).all()


def test_files_name_the_build(tmp_path):
    phantom = make_phantom("sem", seed=3, cell="curved", normal="+x", shape=(120, 160), noise="none")
    assert (phantom.cell, phantom.normal) == ("curved", "+x")
    assert phantom.volume.history[0].parameters["cell"] == "curved"
    assert write_phantom(phantom, tmp_path)[0].name == "sem-curved-seed3.tif"
    assert '"cell": "curved"' in (tmp_path / "sem-curved-seed3_truth.json").read_text(encoding="utf-8")


def test_what_can_not_be_built_is_said_in_one_line():
    with pytest.raises(UnknownNameError, match="known: half, symmetric"):
        make_phantom("sem", cell="pouch")
    with pytest.raises(ParameterError, match=r"expected one in the picture"):
        make_phantom("sem", normal="+z")
