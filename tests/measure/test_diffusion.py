"""Diffusion against formulae, a sparse direct solver, and a published electrode."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from micro.measure.diffusion import TOLERANCE, diffuse, percolating

Edges = tuple[float, float, float]
CUBE: Edges = (1.0, 1.0, 1.0)


def direct(mask: NDArray[np.bool_], edges: Edges) -> float:
    """The effective diffusivity by a sparse direct solution, face by face."""
    number = np.full(mask.shape, -1)
    number[mask] = np.arange(mask.sum())
    rows, columns, values = [], [], []
    volume = np.prod(edges)
    for axis in range(3):
        conductance = volume / edges[axis] ** 2
        low, high = number.take(range(mask.shape[axis] - 1), axis), number.take(range(1, mask.shape[axis]), axis)
        pairs = (low >= 0) & (high >= 0)
        for a, b in ((low[pairs], high[pairs]), (high[pairs], low[pairs])):
            rows += [a, a]
            columns += [a, b]
            values += [np.full(a.size, conductance), np.full(a.size, -conductance)]
    end = 2 * volume / edges[0] ** 2
    first, last = number[0][mask[0]], number[-1][mask[-1]]
    for cells in (first, last):
        rows, columns, values = [*rows, cells], [*columns, cells], [*values, np.full(cells.size, end)]
    matrix = coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))).tocsc()
    right = np.zeros(mask.sum())
    right[first] = end
    flow = end * (1 - spsolve(matrix, right)[first]).sum()
    area = mask.shape[1] * edges[1] * mask.shape[2] * edges[2]
    return float(flow * mask.shape[0] * edges[0] / area)


def sponge(seed: int, shape: tuple[int, int, int], level: float = 0.0) -> NDArray[np.bool_]:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2)
    return noise / noise.std() > level


@pytest.mark.parametrize("edges", [CUBE, (2.5, 1.0, 1.0), (0.3, 1.0, 0.7)])
def test_a_straight_channel_has_no_tortuosity(edges: Edges) -> None:
    mask = np.zeros((20, 9, 14), bool)
    mask[:, 2:6, 3:13] = True
    found = diffuse(mask, edges)
    assert found.tortuosity == pytest.approx(1, abs=TOLERANCE)
    assert found.diffusivity == pytest.approx(mask.mean(), rel=TOLERANCE)


def test_sheets_along_and_across() -> None:
    along = np.zeros((12, 12, 12), bool)
    along[:, ::3] = True
    assert diffuse(along, CUBE).diffusivity == pytest.approx(1 / 3, rel=TOLERANCE)
    across = along.swapaxes(0, 1).copy()
    found = diffuse(across, CUBE)
    assert (found.percolating, found.diffusivity, found.tortuosity) == (0.0, 0.0, None)


def test_a_winding_channel_is_as_long_as_it_is() -> None:
    mask = np.zeros((41, 1, 40), bool)
    mask[1::4] = mask[-1] = mask[0] = True
    mask[:, :, 0] = mask[:, :, -1] = True
    for wall in range(10):
        mask[4 * wall + 2 : 4 * wall + 5, :, (0, 39)[wall % 2]] = False
    mask[0] = mask[-1] = False
    mask[0, 0, 0] = mask[-1, 0, np.flatnonzero(mask[-2, 0])[-1]] = True
    found = diffuse(mask, CUBE)
    assert found.diffusivity == pytest.approx(direct(percolating(mask), CUBE), rel=10 * TOLERANCE)
    # Nearly one path of single voxels: tau = (length of the path / length of the box) squared.
    path = mask[percolating(mask)].sum()
    assert found.tortuosity is not None
    assert found.tortuosity == pytest.approx((path / 41) ** 2, rel=0.15)


def test_obstacles_in_a_square_lattice() -> None:
    # Perrins, McKenzie & McPhedran (1979): insulating cylinders, square array, to first order Maxwell's
    # (1 - f) / (1 + f); at f = .2 their series differs from it by less than .1 %.
    edge, radius = 128, 128 * np.sqrt(0.2 / np.pi)
    y, x = np.ogrid[:edge, :edge]
    mask = ((y - 63.5) ** 2 + (x - 63.5) ** 2 > radius**2)[:, None, :]
    share = 1 - mask.mean()
    # 1 %: the circle of voxels is rough by half a voxel of 32.
    assert diffuse(mask, CUBE).diffusivity == pytest.approx((1 - share) / (1 + share), rel=0.01)


@pytest.mark.parametrize("edges", [CUBE, (2.5, 1.0, 1.3), (0.4, 1.0, 1.0)])
@pytest.mark.parametrize("level", [-0.5, 0.2, 0.6])
def test_equal_to_a_direct_solution(edges: Edges, level: float) -> None:
    mask = sponge(4, (17, 22, 19), level)
    through = percolating(mask)
    assert through.any()
    # The iteration's error is estimated; a factor of 10 for the estimate.
    assert diffuse(mask, edges).diffusivity == pytest.approx(direct(through, edges), rel=10 * TOLERANCE)


def test_turned_and_mirrored() -> None:
    mask = sponge(9, (24, 30, 26))
    straight = diffuse(mask, (2.0, 1.0, 1.5)).diffusivity
    swapped = diffuse(np.ascontiguousarray(mask.swapaxes(1, 2)), (2.0, 1.5, 1.0)).diffusivity
    mirrored = diffuse(np.ascontiguousarray(mask[::-1, :, ::-1]), (2.0, 1.0, 1.5)).diffusivity
    scaled = diffuse(mask, (20.0, 10.0, 15.0)).diffusivity
    # Both ends of the iteration lie within its tolerance.
    assert swapped == pytest.approx(straight, rel=10 * TOLERANCE)
    assert mirrored == pytest.approx(straight, rel=10 * TOLERANCE)
    assert scaled == pytest.approx(straight, rel=1e-9)


def test_few_steps_for_many_voxels() -> None:
    # Without the coarse grids it takes hundreds.
    assert diffuse(sponge(2, (64, 64, 64)), CUBE).steps < 40


@pytest.mark.realdata
@pytest.mark.slow
def test_the_published_tortuosity_of_an_electrode() -> None:
    folder = os.environ.get("MICRO_REALDATA")
    if not folder:
        pytest.skip("MICRO_REALDATA is not set: no real micrographs to test with")
    pores = tifffile.imread(Path(folder) / "porous/electrode_generated_256.tiff") == 0
    found = diffuse(pores, CUBE)
    # taufactor's published 2.0658, along the first axis, connected pores only; 1 % is the project's bar.
    assert found.tortuosity == pytest.approx(2.0658, rel=0.01)


@pytest.mark.parametrize("edges", [CUBE, (2.5, 1.0, 1.0)])
def test_the_number_of_threads_changes_nothing(edges: Edges) -> None:
    mask = sponge(3, (41, 48, 50))  # more cells than one thread does alone, and slabs of unlike length
    assert mask.size > 2**16
    alone = diffuse(mask, edges)
    for workers in (2, 3, 7):
        assert diffuse(mask, edges, workers=workers) == alone
