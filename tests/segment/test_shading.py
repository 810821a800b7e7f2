"""A smooth drift of brightness, told from the phases."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine, split
from micro.model import BLACK
from micro.segment.levels import GreyLevels
from micro.segment.shading import Shading, flat_field, measure_shading

LEVELS = GreyLevels(("void", "Li", "SE"), (10000.0, 25000.0, 45000.0), 900.0)


def cell(shape: tuple[int, int, int], field: NDArray[np.float64]) -> NDArray[np.uint16]:
    """An anode, dark, over the last third; some pores; brightness as ``field`` says; noise."""
    rng = np.random.default_rng(6)
    grey = np.full(shape, 45000.0)
    grey[:, 2 * shape[1] // 3 :] = 25000
    grey[rng.random(shape) < 0.02] = 10000
    return np.rint((grey - BLACK) * field + BLACK + rng.normal(0, 900, shape)).astype(np.uint16)


def coordinates(shape: tuple[int, int, int]) -> list[NDArray[np.float64]]:
    return list(np.ix_(*((2 * np.arange(n) + 1 - n) / max(n - 1, 1) for n in shape)))


@pytest.mark.parametrize("shape", [(1, 150, 200), (30, 60, 70)])
def test_a_quadratic_field_is_recovered_beside_a_dark_layer(shape: tuple[int, int, int]) -> None:
    z, y, x = coordinates(shape)
    field = np.exp(0.10 * x - 0.04 * x**2 + 0.05 * y + 0.03 * x * y + 0.0 * z)
    grey = cell(shape, field)
    found = measure_shading(grey, LEVELS, engine=Engine())
    assert found is not None
    (whole,) = split(shape, shape)
    ratio = flat_field(found, whole) / field
    # The layer may take up a part of a slope along y, so the whole field is known to about the noise of its cells
    # (900 / 37000 / sqrt(200) = 0.2 %) and the phases' overlap with their limits: 1 %
    np.testing.assert_allclose(ratio / np.median(ratio), 1, atol=0.015)
    for block_shape in [(7, 33, 41), (1, 150, 17)]:
        cut = measure_shading(grey, LEVELS, engine=Engine(block_shape=block_shape))
        assert cut == found


def test_a_dark_layer_alone_is_no_shadow() -> None:
    shape = (1, 150, 200)
    found = measure_shading(cell(shape, np.ones(shape)), LEVELS, engine=Engine())
    assert found is not None
    # noise of the cells only, as above; the layer is darker by more than half
    assert found.strength() < 0.01


def test_too_little_to_see_is_none() -> None:
    assert measure_shading(np.full((1, 4, 4), 45000, np.uint16), LEVELS, engine=Engine()) is None


def test_a_voxel_has_the_same_field_in_every_block() -> None:
    shape = (12, 31, 29)
    shading = Shading(shape, (0.1, -0.07, 0.05, 0.02, -0.03, 0.04, 0.01, -0.02, 0.03))
    (whole,) = split(shape, shape)
    everything = flat_field(shading, whole)
    for block in split(shape, (5, 7, 8), (2, 2, 2)):
        assert flat_field(shading, block).tobytes() == np.ascontiguousarray(everything[block.outer]).tobytes()


def test_two_cells_along_an_axis_leave_its_square_alone() -> None:
    rng = np.random.default_rng(2)
    grey = np.full((10, 60, 60), 40000.0)
    grey[:, 40:] = 20000.0
    noisy = (grey + rng.normal(0, 500, grey.shape)).astype(np.uint16)
    found = measure_shading(noisy, GreyLevels(("Li", "SE"), (20000.0, 40000.0), 500.0), engine=Engine())
    # 10 of 60 voxels make 2 of 12 cells; a hundredth is what the noise of a cell's mean allows for
    assert found is not None
    assert found.coefficients[3] == 0
    assert found.strength() < 0.01
