from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Shape, split
from micro.measure.aperture import SheetGeometry, _covariances, mid_surface_shares
from micro.measure.aperture_kernels import changes
from micro.model import Spacing

WholeBlock = Callable[[Shape], Block]


def directions(count: int) -> np.ndarray:
    """The three axes, then a Fibonacci spiral over the sphere."""
    rank = np.arange(count) + 0.5
    cosine, turn = 1 - 2 * rank / count, np.pi * (1 + 5**0.5) * rank
    spiral = np.stack([cosine, *(np.sqrt(1 - cosine**2) * f(turn) for f in (np.cos, np.sin))], axis=1)
    return np.concatenate([np.eye(3), spiral])


def penny(radius: float, aperture: float, direction: np.ndarray, spacing: Spacing) -> np.ndarray:
    sizes = [int((2 * radius + 2 * aperture) / edge) + 4 for edge in spacing.um]
    axes = [(np.arange(n) + 0.5 - n / 2 + 0.2) * edge for n, edge in zip(sizes, spacing.um, strict=True)]
    z, y, x = np.ix_(*axes)
    height = z * direction[0] + y * direction[1] + x * direction[2]
    return (np.abs(height) <= aperture / 2) & (z * z + y * y + x * x - height**2 <= radius**2)


def area(mask: np.ndarray, spacing: Spacing, block: Block) -> float:
    return float(mid_surface_shares(mask, block, SheetGeometry.of(mask.shape, spacing, None)).sum())


@pytest.mark.parametrize("aperture", [3, 4, 6])
@pytest.mark.parametrize("edges", [(1, 1, 1), (1, 1, 2.5), (2.5, 1, 1)])
def test_penny_cracks_in_20_orientations(
    aperture: float, edges: tuple[float, float, float], whole_block: WholeBlock
) -> None:
    spacing = Spacing(*edges)
    edge = max(edges) if aperture < 6 else 1.0
    radius = 22.0 * max(edges) ** 0.5
    ratios = []
    for direction in directions(17):
        mask = penny(radius, aperture * edge, direction, spacing)
        ratios.append(area(mask, spacing, whole_block(mask.shape)) / (np.pi * radius**2))
    # 5 %: the bar that the project set itself from an aperture of three of the largest voxel edges.
    assert max(np.abs(np.array(ratios) - 1)) < 0.05


@pytest.mark.parametrize("angle_deg", range(0, 90, 10))
@pytest.mark.parametrize("aperture", [3.0, 5.0])
def test_trace_in_a_section(angle_deg: int, aperture: float, whole_block: WholeBlock) -> None:
    y, x = np.ogrid[-50:51, -50:51]
    turn = np.deg2rad(angle_deg)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn) + 0.3
    mask = ((np.abs(along) <= 40) & (np.abs(across) <= aperture / 2))[None]
    # 5 %: the same bar; half a voxel at either end is 1.25 % of 80.
    assert area(mask, Spacing(9, 1, 1), whole_block(mask.shape)) == pytest.approx(80, rel=0.05)


def test_wavy_sheet(whole_block: WholeBlock) -> None:
    z, y, x = np.ix_(*(np.arange(n) + 0.5 for n in (60, 60, 96)))
    height = 30 + 5 * np.sin(2 * np.pi * x / 48)
    slope = 5 * 2 * np.pi / 48 * np.cos(2 * np.pi * x / 48)
    mask = np.abs(y - height) * np.cos(np.arctan(slope)) <= 2 + 0 * z
    mask[:8] = mask[-8:] = False
    t = np.linspace(0, 96, 20001)
    length = np.trapezoid(np.sqrt(1 + (5 * 2 * np.pi / 48 * np.cos(2 * np.pi * t / 48)) ** 2), t)
    # 5 %: the same bar.
    assert area(mask, Spacing(1, 1, 1), whole_block(mask.shape)) == pytest.approx(44 * length, rel=0.05)


def test_two_crossing_sheets_count_the_junction_once(whole_block: WholeBlock) -> None:
    mask = np.zeros((1, 120, 120), bool)
    mask[0, 58:62, 10:110] = True
    mask[0, 10:110, 58:62] = True
    # 196 um if the junction, 4 um wide, counts once. 5 %: the same bar; near the junction no normal is right.
    assert area(mask, Spacing(1, 1, 1), whole_block(mask.shape)) == pytest.approx(196, rel=0.05)


def test_blocks_agree_to_the_last_bit(whole_block: WholeBlock) -> None:
    spacing = Spacing(1, 1, 2)
    mask = penny(14, 4, np.array([0.36, 0.48, 0.8]), spacing)
    geometry = SheetGeometry.of(mask.shape, spacing, 6.0)
    whole = mid_surface_shares(mask, whole_block(mask.shape), geometry)
    for shape in ((7, 16, 9), (40, 5, 40)):
        for block in split(mask.shape, shape, geometry.halo):
            part = mid_surface_shares(mask[block.outer], block, geometry)
            np.testing.assert_array_equal(part, whole[block.core])


@pytest.mark.parametrize("edges", [(1, 1, 1), (1, 1, 2.5)])
@pytest.mark.parametrize("aperture", [6, 8])
def test_cracks_thicker_than_half_a_window(
    aperture: float, edges: tuple[float, float, float], whole_block: WholeBlock
) -> None:
    spacing, thick, radius = Spacing(*edges), aperture * max(edges), 18.0 * max(edges)
    for direction in directions(2):
        mask = penny(radius, thick, direction, spacing)
        geometry = SheetGeometry.of(mask.shape, spacing, None, thickest_um=thick)
        found = mid_surface_shares(mask, whole_block(mask.shape), geometry).sum()
        assert found == pytest.approx(np.pi * radius**2, rel=0.05)  # the project's bar; one window: up to 18 % off


def test_blocks_agree_where_windows_are_widened(whole_block: WholeBlock) -> None:
    spacing = Spacing(1, 1, 1)
    mask = penny(20, 9, np.array([0.36, 0.48, 0.8]), spacing)
    geometry = SheetGeometry.of(mask.shape, spacing, None, thickest_um=9.0)
    assert len(geometry.windows_um) == 2
    whole = mid_surface_shares(mask, whole_block(mask.shape), geometry)
    for block in split(mask.shape, (17, 30, 23), geometry.halo):
        np.testing.assert_array_equal(mid_surface_shares(mask[block.outer], block, geometry), whole[block.core])


def test_two_discs_that_cross(whole_block: WholeBlock) -> None:
    spacing = Spacing(1, 1, 1)
    shape = (100, 100, 100)
    z, y, x = np.ix_(*((np.arange(n) + 0.7 - n / 2) for n in shape))
    ball = z * z + y * y + x * x
    mask = ((np.abs(y) <= 2) & (ball <= 45**2)) | ((np.abs(x) <= 2) & (ball <= 45**2))
    # 2 pi R2 less the junction, 4 um wide, once. 5 %: the project's bar; no normal is right near the junction.
    assert area(mask, spacing, whole_block(shape)) == pytest.approx(2 * np.pi * 45**2 - 4 * 90, rel=0.05)


def plain_moments(
    mask: NDArray[np.bool_], cell: tuple[int, int, int], edges: tuple[float, float, float], window: float
) -> dict[tuple[int, int, int], NDArray[np.float64]]:
    """The sums about the middle of each cell that holds some of the mask, voxel by voxel."""
    where = (np.argwhere(mask) + 0.5) * np.array(edges)
    found = {}
    for place in {tuple(int(n) for n in voxel) for voxel in np.argwhere(mask) // np.array(cell)}:
        away = where - (np.array(place) + 0.5) * np.array(cell) * np.array(edges)
        weight = np.maximum(1 - (away**2).sum(axis=1) / window**2, 0) ** 2
        mean = weight @ away / weight.sum()
        second = (away * weight[:, None]).T @ away / weight.sum() - np.outer(mean, mean)
        found[place] = (second + np.diag(np.array(edges) ** 2 / 12))[np.triu_indices(3)]
    return found


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (1.0, 1.0, 2.5), (2.5, 1.0, 0.7)])
def test_moments_run_by_run_equal_those_voxel_by_voxel(edges: tuple[float, float, float]) -> None:
    shape, rng = (23, 20, 31), np.random.default_rng(8)
    mask = ndimage.gaussian_filter(rng.normal(size=shape), 1.5) > 0.08
    geometry = SheetGeometry.of(shape, Spacing(*edges), 6.0)
    counts = tuple(-(-n // step) for n, step in zip(shape, geometry.cell, strict=True))
    change = np.empty(shape, np.int32)
    changes(mask.astype(np.uint8), change)
    filled, found = _covariances(change, (0, 0, 0), counts, geometry, 6.0, np.ones(counts, bool))
    plain = plain_moments(mask, geometry.cell, edges, 6.0)
    assert {tuple(int(n) for n in place) for place in np.argwhere(filled)} == plain.keys()
    expected = np.array([plain[tuple(int(n) for n in place)] for place in np.argwhere(filled)])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)  # rounding of sums over some hundred voxels
