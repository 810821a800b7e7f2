"""Objects that are found again: by hand, at the limit, across blocks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.compare import Group, MatchedObjects, match_objects

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
CRACK, PORE = Group("crack", (5,)), Group("any pore", (1, 5))


def matched(truth: NDArray[np.uint8], labels: NDArray[np.uint8], block: int = 64) -> MatchedObjects:
    return match_objects(truth, labels, CRACK, related=PORE, share=0.5, engine=Engine(block_shape=(block,) * 3))


def test_half_of_the_voxels_is_found_and_less_is_not() -> None:
    truth = np.full((1, 7, 10), 2, np.uint8)
    truth[0, 1, :8], truth[0, 3, :8], truth[0, 5, :8] = 5, 5, 5
    labels = truth.copy()
    labels[0, 1, :4] = 2  # half is left
    labels[0, 3, :5] = 1  # less than half, but the rest is void
    labels[0, 5, :5] = 0  # unlabelled: what is left is all there is to compare
    found = matched(truth, labels)
    assert found.found.tolist() == [True, False, True]
    assert found.found_related.tolist() == [True, True, True]
    assert found.compared.tolist() == [8, 8, 3]


def test_an_object_without_a_labelled_voxel_is_left_out() -> None:
    truth = np.full((1, 3, 6), 2, np.uint8)
    truth[0, 1] = 5
    found = matched(truth, np.where(truth == 5, 0, truth).astype(np.uint8))
    assert (found.counted.tolist(), found.found.tolist()) == ([False], [False])


def test_two_pieces_make_one_found_object() -> None:
    truth = np.full((1, 3, 9), 2, np.uint8)
    truth[0, 1] = 5
    labels = truth.copy()
    labels[0, 1, 4] = 2
    assert matched(truth, labels).found.tolist() == [True]
    assert matched(labels, truth).found.tolist() == [True, True]


@pytest.mark.parametrize("block", [64, 6])
def test_shares_are_those_of_a_slow_reference(pair: Pair, block: int) -> None:
    labels, truth = pair
    ids, count = ndimage.label(truth == 5, np.ones((3, 3, 3)))
    found = matched(truth, labels, block)
    assert len(found.voxels) == count > 2
    for one in range(count):
        there = labels[ids == one + 1]
        assert found.voxels[one] == there.size
        assert found.same[one] == (there == 5).sum()
        assert found.related[one] == np.isin(there, (1, 5)).sum()
        assert found.compared[one] == (there != 0).sum()
        np.testing.assert_allclose(found.centres[one], np.argwhere(ids == one + 1).mean(axis=0), rtol=1e-12)
