"""One pass gives what arrays between give."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import ids_among, looked_up, relabelled

COUNT = 7


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 8), (1, 9, 40)])
@pytest.mark.parametrize("seed", range(3))
def test_tables_are_read_as_numpy_reads_them(shape: tuple[int, int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    ids = np.repeat(rng.integers(0, COUNT + 1, shape), 2, axis=2).astype(np.uint32)[:, :, : shape[2]]
    labels, marks = (rng.integers(0, 4, shape).astype(np.uint8) for _ in range(2))
    chosen, values = rng.random(COUNT + 1) < 0.5, rng.integers(0, 256, COUNT + 1).astype(np.uint8)
    np.testing.assert_array_equal(looked_up(ids, values), values[ids])
    assert looked_up(ids, chosen).dtype == bool
    np.testing.assert_array_equal(relabelled(labels, ids, chosen, 9), np.where(chosen[ids], 9, labels))
    for value in range(4):
        expected = np.setdiff1d(np.unique(ids[marks == value]), [0])
        np.testing.assert_array_equal(ids_among(ids, marks, value, COUNT), expected)


def test_regions_of_larger_arrays_do() -> None:
    rng = np.random.default_rng(5)
    ids, marks = rng.integers(0, COUNT + 1, (6, 7, 8)).astype(np.uint32), np.ones((6, 7, 8), np.uint8)
    inner = (slice(1, 4), slice(2, 6), slice(3, 8))
    np.testing.assert_array_equal(looked_up(ids[inner], np.arange(COUNT + 1)), ids[inner])
    assert ids_among(ids[inner], marks[inner], 1, COUNT).tolist() == [n for n in range(1, COUNT + 1) if n in ids[inner]]
