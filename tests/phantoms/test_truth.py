"""The true values against slow integrals and closed formulae."""

from __future__ import annotations

import numpy as np
import pytest

from micro.model import Spacing
from micro.phantoms import make_phantom
from micro.phantoms.cracks import Crack
from micro.phantoms.frame import Frame
from micro.phantoms.gaps import Gap
from micro.phantoms.geometry import Scene, draw_scene, scene_labels
from micro.phantoms.interface import Interface
from micro.phantoms.truth import contact_fraction, crack_size


def _scene(frame, *, gaps=(), cracks=(), level_um=None):
    _, n_u, n_v = frame.shape
    flat = Interface(frame.extent_um[0] / 2 if level_um is None else level_um, (0.0, 0.0), np.zeros((n_u, n_v)))
    return Scene(frame, flat, tuple(gaps), (), tuple(cracks), (), 0.5)


@pytest.mark.parametrize("in_metal", [True, False])
@pytest.mark.parametrize("spacing", [Spacing(0.1, 0.1, 0.1), Spacing(0.2, 0.1, 0.05)])
def test_contact_of_a_flat_interface_is_that_of_the_lenses(spacing, in_metal):
    frame = Frame((60, 120, 160), spacing, "-y")
    _, width_u, width_v = frame.extent_um
    gaps = [
        Gap(0.25 * width_u, 0.3 * width_v, 0.2 * width_u, 1.0, in_metal),
        Gap(0.7 * width_u, 0.6 * width_v, 0.15 * width_u, 0.8, in_metal),
    ]
    scene = _scene(frame, gaps=gaps)
    exact = 1 - sum(np.pi * gap.radius_um**2 for gap in gaps) / (width_u * width_v)
    found = contact_fraction(scene_labels(scene), frame, scene.interface.direction)
    # A disc counted by voxel centres is off by less than its perimeter times a tenth of a voxel.
    rim = sum(2 * np.pi * gap.radius_um for gap in gaps) * 0.1 * max(frame.edges_um[1:])
    assert found == pytest.approx(exact, abs=rim / (width_u * width_v))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_faces_and_columns_agree_on_contact(kind, seed):
    values = make_phantom(kind, seed=seed, noise="none", shape=None if kind == "sem" else (72, 112, 128)).values
    # They differ at rims of gaps a voxel thin and where a crack meets the metal: a few columns in a hundred.
    assert values["contact_fraction"] == pytest.approx(values["contact_fraction_design"], abs=0.03)


def _sheet(frame, *, half_um, amplitudes_um=(0.3, 0.05), turn=0.4):
    e1 = np.array([np.cos(turn), 0.0, np.sin(turn)])
    e2 = np.array([0.0, 1.0, 0.0])
    vectors = np.stack([e1, e2, np.cross(e1, e2)])
    centre = np.asarray(frame.extent_um) / 2
    return Crack(centre, vectors, half_um, 0.4, amplitudes_um, (1.3, 0.0 if frame.is_2d else 1.1, 5.0), (0.5, 0.9))


def test_crack_area_is_the_integral_over_a_fine_mesh_of_triangles():
    frame = Frame((100, 100, 100), Spacing(0.1, 0.1, 0.1), "+z")
    crack = _sheet(frame, half_um=(3.0, 2.0))
    scene = _scene(frame, cracks=[crack], level_um=0.5)
    # Independent: polar coordinates on the ellipse, two triangles for every cell of the mesh.
    radius, angle = np.meshgrid(np.linspace(0, 1, 600), np.linspace(0, 2 * np.pi, 1200), indexing="ij")
    a, b = 3.0 * radius * np.cos(angle), 2.0 * radius * np.sin(angle)
    surface = np.stack([a, b, crack.bend_um(a, b)[0]], axis=-1)
    outward, around = np.diff(surface, axis=0), np.diff(surface, axis=1)
    corners = np.cross(outward[:, :-1], around[:-1]), np.cross(outward[:, 1:], around[1:])
    area = sum(np.linalg.norm(corner, axis=-1).sum() / 2 for corner in corners)
    # Steps of half a voxel leave out or count twice parts of the outline: 0.2 % at this size.
    assert crack_size(scene, crack, scene_labels(scene)) == pytest.approx(area, rel=2e-3)


def test_crack_trace_is_the_arc_length():
    frame = Frame((1, 200, 200), Spacing(0.05, 0.05, 0.05), "-y")
    crack = _sheet(frame, half_um=(3.0, np.inf))
    scene = _scene(frame, cracks=[crack], level_um=0.5)
    a = np.linspace(-3, 3, 20001)
    w, _ = crack.bend_um(a, np.zeros_like(a))
    length = np.hypot(np.diff(a), np.diff(w)).sum()
    assert crack_size(scene, crack, scene_labels(scene)) == pytest.approx(length, rel=1e-3)


def test_what_lies_under_the_interface_is_no_crack():
    frame = Frame((1, 200, 200), Spacing(0.05, 0.05, 0.05), "-y")
    crack = _sheet(frame, half_um=(3.0, np.inf), amplitudes_um=(0.0, 0.0), turn=0.0)
    scene = _scene(frame, cracks=[crack], level_um=5.0)
    # The upper half of a straight vertical crack of 6 um, to the step of the integral (half a voxel).
    assert crack_size(scene, crack, scene_labels(scene)) == pytest.approx(3.0, abs=0.025)


def test_depth_agrees_with_the_plane_in_z_y_x():
    for kind in ("fibsem", "sem", "xct"):
        shape = {"fibsem": (40, 112, 128), "sem": (1, 200, 260), "xct": (64, 64, 64)}[kind]
        phantom = make_phantom(kind, seed=8, noise="none", shape=shape)
        values = phantom.values
        index = np.argwhere(phantom.truth.data.compute() == 4)
        points = (index + 0.5) * np.asarray(phantom.truth.spacing.um)
        normal = np.array([values["plane_z"], values["plane_y"], values["plane_x"]])
        depth = (points @ normal - values["plane_offset"]).max()
        assert depth == pytest.approx(values["dendrite_depth_max"], abs=1e-9)


def test_the_plane_is_the_one_a_fit_to_the_surface_finds():
    frame = Frame((40, 112, 128), Spacing(0.05, 0.025, 0.025), "-y")
    interface = draw_scene(frame, seed=2, alloy=False).interface
    _, u, v = frame.centres_um()
    grid_u, grid_v = np.broadcast_arrays(u[0], v[0])
    basis = np.stack([np.ones(grid_u.size), grid_u.ravel(), grid_v.ravel()], axis=1)
    fit, *_ = np.linalg.lstsq(basis, interface.surface_um(frame).ravel(), rcond=None)
    assert fit == pytest.approx([interface.level_um, *interface.slope], abs=1e-9)


def test_kinds_of_object_draw_independently():
    frame = Frame((1, 320, 480), Spacing(0.05, 0.05, 0.05), "-y")
    lithium, alloy = (draw_scene(frame, seed=9, alloy=metal) for metal in (False, True))
    # Other dendrites, and other numbers drawn for them, leave the interface as it was; pores are the
    # same but for those that would stand in a dendrite's or a crack's way.
    assert np.array_equal(lithium.interface.roughness_um, alloy.interface.roughness_um)
    assert lithium.contact_fraction_target == alloy.contact_fraction_target
    first, second = ({tuple(p.centre_um) for p in scene.pores} for scene in (lithium, alloy))
    assert len(first & second) > 0.6 * min(len(first), len(second))


def test_a_covered_crack_does_not_count():
    frame = Frame((1, 200, 200), Spacing(0.05, 0.05, 0.05), "-y")
    crack = _sheet(frame, half_um=(3.0, np.inf))
    scene = _scene(frame, cracks=[crack], level_um=0.5)
    labels = scene_labels(scene)
    labels[100:] = 4
    whole, part = crack_size(scene, crack, scene_labels(scene)), crack_size(scene, crack, labels)
    assert 0.3 * whole < part < 0.7 * whole
