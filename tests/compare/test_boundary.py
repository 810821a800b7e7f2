"""Boundary distances: by hand, against scipy, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.compare import BoundaryDistances, Group, boundary_distances
from micro.model import Spacing

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
GROUPS = (Group("void", (1,)), Group("SE", (2,)), Group("metal", (3, 4)))
ANISOTROPIC = Spacing(0.1, 0.04, 0.025)


def measured(
    labels: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    *,
    spacing: Spacing = ANISOTROPIC,
    reach_um: float = 10.0,
    block: tuple[int, int, int] = (64, 64, 64),
) -> tuple[tuple[BoundaryDistances, BoundaryDistances], ...]:
    engine = Engine(block_shape=block)
    return boundary_distances(labels, truth, GROUPS, spacing=spacing, reach_um=reach_um, engine=engine)


def surface(mask: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask & known & ndimage.binary_dilation(~mask & known)


def reference(
    labels: NDArray[np.uint8], truth: NDArray[np.uint8], group: Group, spacing: Spacing
) -> NDArray[np.float64]:
    """Distances from the labels' boundary to the truth's, by scipy's transform of the whole picture."""
    known = (labels != 0) & (truth != 0)
    here, there = (surface(np.isin(side, group.values), known) for side in (labels, truth))
    return np.sort(ndimage.distance_transform_edt(~there, sampling=spacing.um)[here])


def spread(found: BoundaryDistances) -> NDArray[np.float64]:
    return np.repeat(found.distances_um, found.voxels)


@pytest.mark.parametrize("rank", range(len(GROUPS)))
def test_distances_are_those_of_a_slow_reference(pair: Pair, rank: int) -> None:
    labels, truth = pair
    there, back = measured(labels, truth)[rank]
    # two exact transforms: they differ by the rounding of a square root only
    np.testing.assert_allclose(spread(there), reference(labels, truth, GROUPS[rank], ANISOTROPIC), rtol=1e-9)
    np.testing.assert_allclose(spread(back), reference(truth, labels, GROUPS[rank], ANISOTROPIC), rtol=1e-9)
    assert there.beyond == back.beyond == 0
    slow = np.percentile(spread(there), 95, method="inverted_cdf")
    assert there.percentile(0.95) == slow


@pytest.mark.parametrize("block", [(4, 64, 64), (5, 9, 7), (1, 1, 64)])
def test_blocks_change_no_bit_and_the_reach_cuts_exactly(pair: Pair, block: tuple[int, int, int]) -> None:
    for (one, _), (two, _) in zip(
        measured(*pair, reach_um=0.05), measured(*pair, reach_um=0.05, block=block), strict=True
    ):
        assert (one.distances_um == two.distances_um).all()
        assert (one.voxels == two.voxels).all()
        assert one.beyond == two.beyond
    # 0.05 um is two voxels along x: what lies at the reach belongs to it
    near = measured(*pair, reach_um=0.05)[0][0]
    far = spread(measured(*pair)[0][0])
    assert near.beyond == (far > 0.0501).sum() > 0
    np.testing.assert_array_equal(spread(near), far[far < 0.0501])


def test_the_other_way_round_swaps_the_directions(pair: Pair) -> None:
    labels, truth = pair
    for (there, back), (back_too, there_too) in zip(measured(labels, truth), measured(truth, labels), strict=True):
        assert (there.voxels == there_too.voxels).all()
        assert (back.distances_um == back_too.distances_um).all()


@pytest.mark.parametrize("axes", [(2, 0, 1), (1, 0, 2)])
def test_order_of_anisotropic_axes(pair: Pair, axes: tuple[int, int, int]) -> None:
    turned = Spacing(*(ANISOTROPIC.um[axis] for axis in axes))
    one = measured(*pair)[0][0]
    two = measured(*(np.ascontiguousarray(side.transpose(axes)) for side in pair), spacing=turned)[0][0]
    # sums of the same squares in another order
    np.testing.assert_allclose(spread(one), spread(two), rtol=1e-12)


def test_scale_of_the_voxel(pair: Pair) -> None:
    larger = Spacing(*(3 * edge for edge in ANISOTROPIC.um))
    one, two = measured(*pair)[1][0], measured(*pair, spacing=larger, reach_um=30)[1][0]
    np.testing.assert_allclose(3 * spread(one), spread(two), rtol=1e-12)


def test_a_wall_that_moved_by_three_voxels_along_the_coarse_axis() -> None:
    labels, truth = np.full((2, 12, 5, 6), 2, np.uint8)
    labels[:4], truth[:7] = 3, 3
    there, back = measured(labels, truth)[2]
    assert (there.distances_um.tolist(), there.count, back.count) == ([pytest.approx(0.3)], 30, 30)


def test_unlabelled_voxels_and_the_border_make_no_boundary() -> None:
    labels = np.full((1, 6, 8), 2, np.uint8)
    truth = labels.copy()
    labels[0, :, :2] = 0
    there, back = measured(labels, truth)[1]
    assert there.count == back.count == 0
    assert math.isnan(there.percentile(0.95))


def test_a_phase_without_a_counterpart_lies_beyond_the_reach() -> None:
    labels, truth = np.full((2, 1, 9, 9), 2, np.uint8)
    labels[0, 4, 4] = 1
    there, back = measured(labels, truth)[0]
    assert (there.beyond, back.count) == (1, 0)
    assert math.isinf(there.percentile(0.95))
