"""Specks take the phase around them."""

from __future__ import annotations

import numpy as np

from micro.blocks import Engine
from micro.segment.islands import absorb_islands


def test_small_islands_go_and_large_ones_stay() -> None:
    labels = np.full((1, 40, 40), 2, np.uint8)
    labels[0, 30:] = 1
    labels[0, 5, 5:16] = 0  # 11 voxels
    labels[0, 10:13, 5:9] = 0  # 12 voxels
    labels[0, 34:36, 10:12] = 0  # 4 in the anode
    labels[0, 20, 20], labels[0, 21, 21] = 0, 0  # touch by a corner only: two specks
    after = np.asarray(absorb_islands(labels, phases=3, voxels_min=12, engine=Engine()))
    expected = np.full((1, 40, 40), 2, np.uint8)
    expected[0, 30:] = 1
    expected[0, 10:13, 5:9] = 0
    np.testing.assert_array_equal(after, expected)


def test_specks_of_several_phases_fill_from_the_rim() -> None:
    labels = np.full((9, 9, 9), 2, np.uint8)
    labels[3:5, 3:5, 3:5] = 0
    labels[3, 3, 3] = 1
    after = np.asarray(absorb_islands(labels, phases=3, voxels_min=12, engine=Engine()))
    assert (after == 2).all()


def test_blocks_do_not_change_a_voxel() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (12, 31, 29)).astype(np.uint8)
    whole = np.asarray(absorb_islands(labels, phases=3, voxels_min=9, engine=Engine()))
    assert (whole != labels).mean() > 0.1
    for block_shape in [(5, 8, 7), (12, 1, 29), (1, 31, 3)]:
        cut = absorb_islands(labels, phases=3, voxels_min=9, engine=Engine(block_shape=block_shape))
        assert np.asarray(cut).tobytes() == whole.tobytes()


def test_nothing_asked_for_is_nothing_done() -> None:
    labels = np.zeros((1, 4, 4), np.uint8)
    assert absorb_islands(labels, phases=2, voxels_min=1, engine=Engine()) is labels


def test_a_picture_of_specks_only_keeps_its_labels() -> None:
    labels = (np.indices((1, 6, 6)).sum(axis=0) % 2).astype(np.uint8)
    np.testing.assert_array_equal(absorb_islands(labels, phases=2, voxels_min=9, engine=Engine()), labels)
