from __future__ import annotations

import numpy as np
import pytest

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
    # Four directions in the plane: Crofton's error for a circle stays within 2 %.
    assert length == pytest.approx(2 * np.pi * 20.5, rel=0.02)


def test_blocks_do_not_change_the_area() -> None:
    spacing = Spacing(2, 1, 1)
    shape = ball(10, spacing)
    whole = surface_area(shape, spacing, Engine(), table=TABLE)
    assert surface_area(shape, spacing, Engine(block_shape=(5, 7, 11)), table=TABLE) == whole
