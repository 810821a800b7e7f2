from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.measure.outline import mean_plane, outline_of


def disc(edges: tuple[float, ...], radius: float, aperture: float, direction: NDArray[np.float64]) -> NDArray[np.bool_]:
    sizes = [2 * int((radius + aperture) / edge) + 6 for edge in edges]
    z, y, x = np.ix_(*((np.arange(n) + 0.7 - n / 2) * edge for n, edge in zip(sizes, edges, strict=True)))
    height = z * direction[0] + y * direction[1] + x * direction[2]
    return (np.abs(height) <= aperture / 2) & (z * z + y * y + x * x - height**2 <= radius**2)


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (2.5, 1.0, 1.0)])
@pytest.mark.parametrize("aperture", [2.0, 4.0])
def test_discs_in_20_orientations(edges: tuple[float, float, float], aperture: float) -> None:
    radius = 12.0 * max(edges)
    rank = np.arange(20) + 0.5
    cosine, turn = 1 - 2 * rank / 20, np.pi * (1 + 5**0.5) * rank
    sine = np.sqrt(1 - cosine**2)
    for direction in np.stack([cosine, sine * np.cos(turn), sine * np.sin(turn)], axis=1):
        mask = disc(edges, radius, aperture * max(edges), direction)
        plane = mean_plane(mask, edges)
        assert abs(plane.axes[0] @ direction) > np.cos(np.radians(1.5))
        found = outline_of(mask, edges, plane)
        # 2 %: what the corners of voxels on a rim of radius 12 do (measured: 1 %); the area twice that.
        assert found.perimeter_um == pytest.approx(2 * np.pi * radius, rel=0.02)
        assert found.area_um2 == pytest.approx(np.pi * radius**2, rel=0.04)


def test_a_hole_has_an_outline_of_its_own() -> None:
    z, y, x = np.ogrid[-4:5, -36:37, -36:37]
    ring = (np.abs(z) <= 1) & (y * y + x * x <= 30.5**2) & (y * y + x * x >= 12.5**2)
    found = outline_of(ring, (1.0, 1.0, 1.0), mean_plane(ring, (1.0, 1.0, 1.0)))
    assert found.perimeter_um == pytest.approx(2 * np.pi * 43, rel=0.02)


def test_a_rectangle() -> None:
    sheet = np.zeros((10, 60, 40), bool)
    sheet[3:6, 10:50, 10:30] = True
    found = outline_of(sheet, (0.5, 0.5, 0.5), mean_plane(sheet, (0.5, 0.5, 0.5)))
    # Four corners rounded over the blur of one voxel, each of which takes about one voxel off.
    assert found.perimeter_um == pytest.approx(60, abs=2.5)
    assert found.area_um2 == pytest.approx(200, rel=0.03)
