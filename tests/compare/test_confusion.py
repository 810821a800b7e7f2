"""The confusion matrix against scikit-image and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import contingency_table

from micro.blocks import Engine
from micro.compare import Group, count_confusion

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def test_counts_are_those_of_a_slow_reference(pair: Pair) -> None:
    labels, truth = pair
    found = count_confusion(labels, truth, Engine())
    reference = contingency_table(labels, truth).toarray()
    assert (found.counts[:6, :6] == reference).all()
    assert found.counts.sum() == labels.size


def test_by_hand() -> None:
    labels = np.uint8([[[1, 1, 1, 2, 2, 0, 5]]])
    truth = np.uint8([[[1, 1, 2, 2, 1, 1, 1]]])
    found = count_confusion(labels, truth, Engine())
    assert (found.compared, found.left_out) == (6, pytest.approx(1 / 7))
    assert found.accuracy == pytest.approx(3 / 6)
    assert found.overlap(Group("void", (1,))) == (2, 1, 2)
    assert found.overlap(Group("void with crack", (1, 5))) == (3, 1, 1)
    assert found.values() == ((1, 2, 5), (1, 2))
    assert [axis.tolist() for axis in found.differing] == [[3], [3], [0, 0, 1, 0, 1, 0, 1]]


def test_blocks_and_workers_change_nothing(pair: Pair) -> None:
    whole, cut = (count_confusion(*pair, Engine(block_shape=shape)) for shape in ((64, 64, 64), (5, 7, 11)))
    assert (whole.counts == cut.counts).all()
    assert all((a == b).all() for a, b in zip(whole.differing, cut.differing, strict=True))


def test_swapping_the_two_transposes_the_matrix(pair: Pair) -> None:
    labels, truth = pair
    assert (count_confusion(labels, truth, Engine()).counts == count_confusion(truth, labels, Engine()).counts.T).all()
