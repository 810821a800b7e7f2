"""Local thickness against filling the balls of all voxels, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Engine, Shape, ball_radii, largest_balls, local_thickness
from micro.errors import ParameterError

Edges = tuple[float, float, float]
CUBE: Edges = (1.0, 1.0, 1.0)
LONG: Edges = (2.5, 1.0, 1.3)


def reference(mask: NDArray[np.bool_], edges: Edges, radius: float) -> NDArray[np.float64]:
    """Every voxel's ball, however small, is drawn over the whole picture."""
    distance = np.minimum(ndimage.distance_transform_edt(mask, sampling=edges), radius)
    points = np.stack(np.meshgrid(*(np.arange(n) * e for n, e in zip(mask.shape, edges, strict=True)), indexing="ij"))
    out = np.zeros(mask.shape)
    for voxel in np.argwhere(mask):
        centre = points[:, *voxel][:, None, None, None]
        # Voxels at the ball's own radius lie outside; 1e-6 is for the rounding of squares.
        ball = ((points - centre) ** 2).sum(axis=0) < distance[tuple(voxel)] ** 2 * (1 - 1e-6)
        out[ball] = np.maximum(out[ball], 2 * distance[tuple(voxel)])
    return out


def sponge(seed: int, shape: Shape, edges: Edges) -> NDArray[np.bool_]:
    noise = np.random.default_rng(seed).standard_normal(shape)
    return ndimage.gaussian_filter(noise, [2.5 / edge for edge in edges]) > 0


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    edges=st.sampled_from([CUBE, LONG, (0.5, 0.25, 0.25)]),
    block_shape=st.sampled_from([(64, 64, 64), (5, 7, 9), (20, 4, 20)]),
    radius=st.sampled_from([3.0, 6.5]),
)
def test_equal_to_every_ball_drawn(seed: int, edges: Edges, block_shape: Shape, radius: float) -> None:
    mask = sponge(seed, (11, 13, 14), edges)
    found = local_thickness(mask, edges_um=edges, radius_max_um=radius, engine=Engine(block_shape=block_shape))
    # Thickness is float32.
    np.testing.assert_allclose(found, reference(mask, edges, radius), rtol=1e-6)


def test_blocks_agree_to_the_last_bit() -> None:
    mask = sponge(3, (40, 50, 60), LONG)
    whole = local_thickness(mask, edges_um=LONG, radius_max_um=9.0, engine=Engine())
    for block_shape in ((11, 13, 17), (40, 50, 7)):
        parts = local_thickness(mask, edges_um=LONG, radius_max_um=9.0, engine=Engine(block_shape=block_shape))
        assert parts.tobytes() == whole.tobytes()


def test_wider_balls_are_looked_for_only_where_they_are_needed() -> None:
    mask = np.zeros((1, 80, 200), bool)
    mask[0, 20:60, 20:180] = True
    found = local_thickness(mask, edges_um=CUBE, radius_max_um=32.0, engine=Engine(block_shape=(1, 40, 30)))
    # 40 rows: two rows in the middle lie 20 voxels from the nearest row outside.
    assert found[0, 40, 100] == 40.0
    assert found.max() == 40.0
    narrow = local_thickness(mask, edges_um=CUBE, radius_max_um=12.0, engine=Engine())
    assert narrow.max() == 24.0


def test_what_is_neither_and_the_border_bound_nothing() -> None:
    mask = np.full((1, 20, 30), 1, np.uint8)
    mask[0, :, 12] = 0
    mask[0, :, 20:] = 2
    found = local_thickness(mask, edges_um=CUBE, radius_max_um=30.0, engine=Engine())
    # Columns 13 to 19: the farthest from column 12 is 19, and 0 on the other side.
    np.testing.assert_array_equal(np.unique(found[0, :, 13:20]), [14.0])
    np.testing.assert_array_equal(np.unique(found[0, :, :12]), [24.0])
    assert not found[0, :, 12].any()
    assert not found[0, :, 20:].any()


@pytest.mark.parametrize("edges", [CUBE, (2.5, 1.0, 1.0)])
@pytest.mark.parametrize("tilt", [10.0, 25.0, 40.0])
def test_slabs_and_tubes(edges: Edges, tilt: float) -> None:
    shape = tuple(round(40 / edge) for edge in edges)
    z, y, x = np.ix_(*((np.arange(n) + 0.5) * e - 20 for n, e in zip(shape, edges, strict=True)))
    angle = np.radians(tilt)
    height, along = y * np.cos(angle) + x * np.sin(angle), x * np.cos(angle) - y * np.sin(angle)
    middle = (np.abs(z) < 8) & (np.abs(y) < 8) & (np.abs(x) < 8)
    for mask, wide in ((np.abs(height) + 0 * z <= 6.0, 12.0), (height**2 + z**2 + 0 * along <= 36.0, 12.0)):
        found = local_thickness(mask, edges_um=edges, radius_max_um=16.0, engine=Engine())
        # Centres of balls and of the voxels outside are those of voxels: each end is off by up to half an edge.
        assert np.median(found[mask & middle]) == pytest.approx(wide, abs=max(edges))


def test_the_histogram_is_of_whole_numbers() -> None:
    mask = sponge(5, (30, 30, 30), CUBE)
    block = Block(0, *(2 * [(slice(0, 30), slice(0, 30), slice(0, 30))]))
    radii = ball_radii([mask], lambda a: a.astype(np.uint8), edges_um=CUBE, radius_max_um=10.0, engine=Engine())
    codes = largest_balls(block, np.asarray(radii.codes), radii)
    assert (codes > 0).sum() == mask.sum()
    # In cubic voxels all squared radii are whole numbers.
    np.testing.assert_array_equal(radii.squares[np.unique(codes)] % 1, 0)


def test_radii_that_cannot_be() -> None:
    mask = np.ones((4, 4, 4), bool)
    for radius in (0.5, float("nan")):
        with pytest.raises(ParameterError, match="at least the voxel's edges"):
            local_thickness(mask, edges_um=CUBE, radius_max_um=radius, engine=Engine())
    with pytest.raises(ParameterError, match="65535 at most: choose a smaller largest radius"):
        ball_radii(
            [np.ones((1, 600, 600), bool)],
            lambda a: a.astype(np.uint8),
            edges_um=(1.0, 1.01, 1.03),
            radius_max_um=500.0,
            engine=Engine(),
        )
