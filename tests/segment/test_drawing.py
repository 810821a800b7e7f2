"""Blurred drawings: rows drawn at once are those of single voxels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from micro.segment.drawing import blur_weights, difference_at, draw_row, match_at, match_row

CASES = [
    ((7, 9, 30), (1.0, 1.0, 1.0)),
    ((1, 9, 30), (1.0, 1.0, 1.0)),
    ((4, 8, 21), (2.0, 1.0, 1.0)),
    ((2, 1, 3), (1,) * 3),
]
LEVELS = np.array([100, 30000, 65535], np.int32)


@pytest.mark.parametrize(("shape", "edges_um"), CASES)
def test_rows_are_those_of_single_voxels(shape: tuple[int, int, int], edges_um: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(1)
    labels, grey = rng.integers(0, 3, shape).astype(np.uint8), rng.integers(0, 65536, shape).astype(np.uint16)
    weights = blur_weights(0.7, edges_um, shape)
    whole = np.zeros(shape, np.int32)
    for z, y, x in np.ndindex(*shape):
        whole[z, y, x] = difference_at(labels, grey, LEVELS, weights, z, y, x)
    width = shape[2]
    folded = np.empty(width + weights.shape[2], np.int32)
    for span in ((0, width), (width // 3, width - width // 4)):
        for z, y in np.ndindex(*shape[:2]):
            row, sums = np.zeros(width, np.int32), np.zeros(width)
            draw_row(LEVELS[labels], grey, weights, (z, y), span, folded, row)
            np.testing.assert_array_equal(row[slice(*span)], whole[z, y, slice(*span)])
            match_row(whole, weights, (z, y), span, folded, sums)
            single = [match_at(whole, weights, z, y, x) for x in range(*span)]
            np.testing.assert_array_equal(sums[slice(*span)], single)


def test_a_difference_is_the_picture_less_the_blurred_drawing() -> None:
    shape = (6, 7, 12)
    labels = np.random.default_rng(2).integers(0, 3, shape).astype(np.uint8)
    weights = blur_weights(0.7, (1.0, 1.0, 1.0), shape)
    blurred = ndimage.correlate(LEVELS[labels].astype(np.int64), weights.astype(np.int64), mode="nearest")
    found = difference_at(labels, np.full(shape, 500, np.uint16), LEVELS, weights, 3, 2, 11)
    assert found == 1024 * 500 - blurred[3, 2, 11]
