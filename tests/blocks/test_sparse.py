"""A sparse volume reads like a dense one, whatever was written and however little memory there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from micro.blocks import Engine, SparseArray

SHAPE = (9, 14, 11)


def new(bytes_max: int, block: tuple[int, int, int] = (4, 5, 6)) -> tuple[SparseArray, list[NDArray[Any]]]:
    made: list[NDArray[Any]] = []

    def spill() -> NDArray[Any]:
        made.append(np.zeros(SHAPE, np.uint32))
        return made[-1]

    return SparseArray(SHAPE, np.uint32, block_shape=block, bytes_max=bytes_max, spill=spill), made


@st.composite
def writes(draw: st.DrawFn) -> list[tuple[tuple[slice, slice, slice], int]]:
    """Some boxes, each with the value that it is filled with; 0 takes away again."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        spans = []
        for length in SHAPE:
            start = draw(st.integers(0, length - 1))
            spans.append(slice(start, draw(st.integers(start + 1, length))))
        found.append(((spans[0], spans[1], spans[2]), draw(st.sampled_from([0, 1, 255, 256, 65536, 2**32 - 1]))))
    return found


@given(writes(), st.sampled_from([0, 300, 10**6]), st.sampled_from([(4, 5, 6), (9, 14, 11), (1, 1, 1), (16, 3, 16)]))
@settings(max_examples=60, deadline=None)
def test_it_reads_like_a_dense_array(
    boxes: list[tuple[tuple[slice, slice, slice], int]], bytes_max: int, block: tuple[int, int, int]
) -> None:
    sparse, _ = new(bytes_max, block)
    dense = np.zeros(SHAPE, np.uint32)
    for box, value in boxes:
        some = np.random.default_rng(value).random(dense[box].shape) < 0.5
        sparse[box] = dense[box] = np.where(some, np.uint32(value), np.uint32(0))
        np.testing.assert_array_equal(sparse[:], dense)
        np.testing.assert_array_equal(sparse[box], dense[box])
        assert sparse.kept_bytes <= bytes_max
    assert sparse[2:5, 3:9, 0:2].dtype == np.uint32
    np.testing.assert_array_equal(np.asarray(sparse), dense)


def test_zeros_take_no_memory_and_few_values_little() -> None:
    sparse, made = new(10**6)
    sparse[0:4, 0:5, 0:6] = np.zeros((4, 5, 6), np.uint32)
    assert sparse.kept_bytes == 0
    block = np.zeros((4, 5, 6), np.uint32)
    block[1:3, 2, 1:4] = 300
    sparse[0:4, 0:5, 0:6] = block
    assert sparse.kept_bytes == 4 * (4 * 5 + 1) + 2 * 12  # where each row begins, and two runs
    sparse[0:4, 0:5, 0:6] = np.zeros((4, 5, 6), np.uint32)
    assert sparse.kept_bytes == 0
    assert not made


def test_what_does_not_fit_goes_where_it_is_told_once() -> None:
    sparse, made = new(30)
    whole = np.arange(1, 1 + 9 * 14 * 11, dtype=np.uint32).reshape(SHAPE)
    sparse[:] = whole
    assert len(made) == 1
    np.testing.assert_array_equal(sparse[:], whole)


def test_threads_that_share_blocks_lose_nothing() -> None:
    sparse, _ = new(10**6, (9, 14, 11))

    def write(i: int) -> None:
        sparse[0:9, 0:14, i : i + 1] = np.full((9, 14, 1), i + 1, np.uint32)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(11)))
    assert sparse[0:1, 0:1, 0:11].ravel().tolist() == list(range(1, 12))


@pytest.mark.parametrize("limit", [0, 400, 2**30])
def test_an_engine_gives_one_by_its_memory(limit: int, tmp_path: Path) -> None:
    engine = Engine((4, 5, 6), in_memory_bytes=limit, work_dir=tmp_path)
    out = engine.array(SHAPE, np.uint32, sparse=True)
    assert isinstance(out, np.ndarray if limit > 10**4 else SparseArray)
    out[0:4, 0:5, 0:6] = np.ones((4, 5, 6), np.uint32)
    assert out[0:9, 0:14, 0:11].sum() == 120
    assert len(list(tmp_path.iterdir())) == (limit == 0)
