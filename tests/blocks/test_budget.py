"""A memory says how large blocks are and how many are at work, never what comes out."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Block, Budget, Done, Engine, label_components, parse_bytes
from micro.blocks.budget import EDGES
from micro.errors import ParameterError

GB = 10**9


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4GB", 4 * GB),
        ("4 gb", 4 * GB),
        ("512MiB", 2**29),
        ("1.5GiB", 3 * 2**29),
        ("3e9", 3 * GB),
        (" 2000MB ", 2 * GB),
    ],
)
def test_what_a_memory_may_be_written_as(text: str, found: int) -> None:
    assert parse_bytes(text) == found


@pytest.mark.parametrize("text", ["", "much", "4 apples", "-4GB", "0GB", "nan", "4,5GB", "GB", "1e999GB", "4GB 2"])
def test_nonsense_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ParameterError, match="expected a number with its unit") as caught:
        parse_bytes(text)
    assert "\n" not in str(caught.value)


def test_too_little_is_refused_with_what_is_needed() -> None:
    with pytest.raises(ParameterError, match=r"0\.5 GB is too small.*need 0\.9 GB"):
        Engine(memory_bytes=GB // 2)
    assert Engine(memory_bytes=9 * GB // 10).budget is not None


@pytest.mark.parametrize("workers", [1, 2, 5, 64])
@pytest.mark.parametrize("gigabytes", [0.9, 1.5, 3, 8, 64])
def test_blocks_at_work_and_volumes_kept_fit(gigabytes: float, workers: int) -> None:
    memory = int(gigabytes * GB)
    found = Budget.of(memory, workers)
    assert EDGES[0] <= found.edge <= EDGES[1]
    assert 1 <= found.in_flight <= workers
    assert found.edge <= found.row <= EDGES[1]
    at_work = found.in_flight * (found.edge + 48) ** 2 * (found.row + 48) * 44
    assert at_work + 4 * found.kept_bytes + 600_000_000 <= memory


def test_more_memory_never_means_smaller_blocks() -> None:
    edges = [Budget.of(int(size * GB), 4).edge for size in (0.9, 1, 2, 3, 4, 6, 10)]
    assert edges == sorted(edges)


def test_blocks_are_of_about_one_length() -> None:
    assert Budget(192, 192, 2, 0).cut((256, 640, 5000)) == (128, 192, 192)
    assert Budget(192, 256, 2, 0).cut((256, 640, 5000)) == (128, 192, 256)
    assert Budget(256, 256, 2, 0).cut((1, 100, 300)) == (1, 100, 192)
    assert Budget(32, 32, 1, 0).cut((90, 20, 64)) == (32, 20, 32)


def test_a_stated_block_shape_counts_before_the_memory() -> None:
    assert Engine(block_shape=(7, 8, 9), memory_bytes=3 * GB).cut((100, 100, 100)) == (7, 8, 9)
    assert Engine(memory_bytes=3 * GB).cut((500, 500, 500)) == (192, 192, 256)
    assert Engine(memory_bytes=3 * GB).cut((1, 5000, 5000)) == (1, 1024, 1024)


def test_only_so_many_blocks_are_at_work_as_fit(tmp_path: Path) -> None:
    lock, at_work, most = threading.Lock(), 0, 0

    def count(_: Block, values: NDArray[np.uint8]) -> Done[int]:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.01)
        with lock:
            at_work -= 1
        return Done(int(values.sum()))

    engine = Engine(workers=16, memory_bytes=9 * GB // 10, work_dir=tmp_path)
    assert engine.budget is not None
    assert engine.budget.in_flight == 3
    assert sum(engine.run(count, [np.ones((96, 96, 64), np.uint8)])) == 96 * 96 * 64
    assert most <= 3


def test_components_do_not_depend_on_the_memory(tmp_path: Path) -> None:
    image = (np.random.default_rng(5).random((70, 80, 90)) < 0.3).astype(np.uint8)
    whole = label_components(image, engine=Engine())
    tight = Engine(memory_bytes=9 * GB // 10, workers=4, work_dir=tmp_path)
    found = label_components(image, engine=tight)
    np.testing.assert_array_equal(np.asarray(found.ids[0:70]), np.asarray(whole.ids[0:70]))
    np.testing.assert_array_equal(found.products, whole.products)


def test_what_does_not_fit_lies_compressed_on_disk_in_parts_of_blocks(tmp_path: Path) -> None:
    engine = Engine(block_shape=(128, 128, 128), in_memory_bytes=0, work_dir=tmp_path)
    stored: Any = engine.array((128, 200, 64), np.uint16)
    assert stored.chunks == (64, 64, 64)
    stored[:] = 7
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < stored.nbytes / 50
    assert engine.array((16, 200, 64), np.uint16, block_shape=(5, 128, 64)).chunks == (5, 64, 64)
