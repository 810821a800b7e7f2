"""Areas of shapes in many orientations, on voxels of several shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from micro.blocks import Engine
from micro.measure import surface_area
from micro.model import Spacing

TABLE = np.arange(256) == 1


def ball(radius: float, spacing: Spacing) -> np.ndarray:
    sizes = [int(2 * radius / edge) + 5 for edge in spacing.um]
    axes = [(np.arange(n) + 0.5 - n / 2 + 0.2) * edge for n, edge in zip(sizes, spacing.um, strict=True)]
    z, y, x = np.ix_(*axes)
    return (z * z + y * y + x * x <= radius**2).astype(np.uint8)


@pytest.mark.parametrize("radius", [10, 15, 30])
@pytest.mark.parametrize("edges", [(1, 1, 1), (2, 1, 1), (1, 1, 2)])
def test_sphere_area(radius: int, edges: tuple[int, int, int]) -> None:
    spacing = Spacing(*edges)
    area = surface_area(ball(radius, spacing), spacing, Engine(), table=TABLE)
    # 2 % is the bar that the project set itself for spheres from a radius of 10 voxels.
    assert area == pytest.approx(4 * np.pi * radius**2, rel=0.02)


def test_circle_outline() -> None:
    y, x = np.ogrid[-25:26, -25:26]
    disc = (y * y + x * x <= 20.5**2).astype(np.uint8)[None]
    length = surface_area(disc, Spacing(1, 1, 1), Engine(), table=TABLE)
    assert length == pytest.approx(2 * np.pi * 20.5, rel=0.02)


def test_blocks_do_not_change_the_area() -> None:
    spacing = Spacing(2, 1, 1)
    shape = ball(10, spacing)
    whole = surface_area(shape, spacing, Engine(), table=TABLE)
    assert surface_area(shape, spacing, Engine(block_shape=(5, 7, 11)), table=TABLE) == whole


CUBE, LONG = (1.0, 1.0, 1.0), (1.0, 1.0, 2.5)
ORIENTATIONS = range(20)
Points = NDArray[np.float64]


def rotated(seed: int, reach: float, edges: tuple[float, float, float]) -> Points:
    """Coordinates of all voxels of a box about the origin, turned and shifted at random; the first is upright."""
    rng = np.random.default_rng(seed)
    turn = np.eye(3) if seed == 0 else Rotation.random(random_state=rng).as_matrix()
    axes = [np.arange(-reach - 2 * edge, reach + 2 * edge, edge) + rng.uniform(0, edge) for edge in edges]
    points: Points = np.stack(np.meshgrid(*axes, indexing="ij"), -1) @ turn.T
    return points


def area_of(mask: NDArray[np.bool_], edges: tuple[float, float, float]) -> float:
    return surface_area(mask.astype(np.uint8), Spacing(*edges), Engine(), table=TABLE)


def cylinder(points: Points, _: float) -> tuple[NDArray[np.bool_], float]:
    along, across = points[..., 0], np.hypot(points[..., 1], points[..., 2])
    return (across <= 8) & (np.abs(along) <= 15), 2 * np.pi * 8 * 30 + 2 * np.pi * 64


def capsule(points: Points, _: float) -> tuple[NDArray[np.bool_], float]:
    beyond = np.maximum(np.abs(points[..., 0]) - 15, 0)
    return beyond**2 + points[..., 1] ** 2 + points[..., 2] ** 2 <= 64, 2 * np.pi * 8 * 30 + 4 * np.pi * 64


def penny(points: Points, edge: float) -> tuple[NDArray[np.bool_], float]:
    """A disc of radius 14, three of the longest edges thick."""
    across = np.hypot(points[..., 1], points[..., 2])
    return (across <= 14) & (np.abs(points[..., 0]) <= 1.5 * edge), 2 * np.pi * 14**2 + 2 * np.pi * 14 * 3 * edge


@pytest.mark.parametrize(("edges", "bar"), [(CUBE, 0.03), (LONG, 0.06)])
@pytest.mark.parametrize("shape", [cylinder, capsule, penny])
def test_areas_in_twenty_orientations(
    shape: Callable[[Points, float], tuple[NDArray[np.bool_], float]], edges: tuple[float, float, float], bar: float
) -> None:
    ratios = []
    for seed in ORIENTATIONS:
        mask, true = shape(rotated(seed, 24, edges), max(edges))
        ratios.append(area_of(mask, edges) / true)
    assert max(abs(ratio - 1) for ratio in ratios) < bar, np.round(ratios, 3)


@pytest.mark.parametrize(("edges", "bar"), [(CUBE, 0.03), (LONG, 0.06)])
def test_a_tilted_plane_through_the_picture(edges: tuple[float, float, float], bar: float) -> None:
    for seed in ORIENTATIONS:
        rng, axis = np.random.default_rng(seed), seed % 3
        tilt, heading = (0.0, 0.0) if seed < 3 else np.radians([rng.uniform(0, 30), rng.uniform(0, 360)])
        normal = np.roll([np.cos(tilt), np.sin(tilt) * np.cos(heading), np.sin(tilt) * np.sin(heading)], axis)
        sizes = [int(48 / edge) for edge in edges]
        grid = np.meshgrid(
            *((np.arange(n) - n / 2 + 0.5) * e for n, e in zip(sizes, edges, strict=True)), indexing="ij"
        )
        heights = sum(g * part for g, part in zip(grid, normal, strict=True)) - rng.uniform(0, 1)
        # the plane leaves through the sides: its area is that of the picture across the axis, over the cosine
        true = np.prod([n * e for a, (n, e) in enumerate(zip(sizes, edges, strict=True)) if a != axis]) / np.cos(tilt)
        assert area_of(heights > 0, edges) == pytest.approx(true, rel=bar), seed
