"""Counts of the evidence: by hand, and the same in any blocks."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.segment.evidence import Evidence, gather_evidence
from micro.segment.levels import GreyLevels

LEVELS = GreyLevels(("void", "Li", "SE"), (10000.0, 25000.0, 45000.0), 900.0)


def gathered(block: tuple[int, int, int] = (64, 64, 64)) -> Evidence:
    rng = np.random.default_rng(4)
    grey = rng.integers(0, 65536, (9, 20, 30)).astype(np.uint16)
    places = rng.integers(0, 3, grey.shape).astype(np.uint8)
    return gather_evidence(places, grey, LEVELS, Engine(block_shape=block))


@pytest.mark.parametrize("block", [(4, 7, 9), (1, 20, 30), (9, 3, 64)])
def test_blocks_change_nothing(block: tuple[int, int, int]) -> None:
    one, two = gathered(), gathered(block)
    for name in ("histogram", "inside", "pairs", "plain_pairs", "borders", "cells"):
        assert (getattr(one, name) == getattr(two, name)).all(), name


def test_pairs_are_all_faces_and_cells_hold_all_voxels() -> None:
    found = gathered()
    faces = 8 * 20 * 30 + 9 * 19 * 30 + 9 * 20 * 29
    assert found.pairs.sum() == found.plain_pairs.sum() == 2 * faces
    assert (found.pairs == found.pairs.T).all()
    assert found.histogram.sum() == found.cells[0].sum() == 9 * 20 * 30
    assert found.borders.sum(axis=1).tolist() == [600, 600, 270, 270, 180, 180]


def test_inside_is_what_no_other_phase_touches() -> None:
    places = np.full((1, 10, 12), 2, np.uint8)
    places[0, 2:6, 2:6] = 0
    grey = np.where(places == 0, 10000, 45000).astype(np.uint16)
    for block in [(8, 64, 64), (1, 3, 5)]:
        found = gather_evidence(places, grey, LEVELS, Engine(block_shape=block))
        # of the square of 4 its middle, of the rest all but the 16 voxels beside the square
        assert found.inside.sum(axis=1).tolist() == [4, 0, 120 - 16 - 16]


def test_specks_cluster_less_than_squares() -> None:
    grey = np.full((1, 40, 40), 45000, np.uint16)
    grey[0, ::4, ::4] = 10000
    places = (grey > 30000).astype(np.uint8) * 2
    assert gather_evidence(places, grey, LEVELS, Engine()).clustering(0) == 0
    grey[:] = 45000
    grey[0, 10:16, 10:16] = 10000
    places = (grey > 30000).astype(np.uint8) * 2
    # a square of 6: 120 of its 144 faces lead to itself
    assert gather_evidence(places, grey, LEVELS, Engine()).clustering(0) == pytest.approx(120 / 144)
    assert gather_evidence(places, grey, LEVELS, Engine()).touching(0, 2) == 1
