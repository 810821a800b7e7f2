"""Chunks that are shared by neighbouring blocks: never more of them than may be, never an old one."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine
from micro.blocks import stored as stored_module
from micro.blocks.recent import Recent


def counted(recent: Recent, keys: list[int]) -> list[int]:
    """Ask for arrays of 4 bytes; return the keys that had to be made."""
    made: list[int] = []

    def make(key: int) -> NDArray[np.uint8]:
        made.append(key)
        return np.full(4, key, np.uint8)

    for key in keys:
        found = recent.get(key, lambda key=key: make(key))  # type: ignore[misc]
        assert found is not None
        assert found.tolist() == [key] * 4
    return made


def test_what_was_asked_for_last_stays() -> None:
    assert counted(Recent(8), [1, 2, 1, 2, 3, 2, 1]) == [1, 2, 3, 1]


def test_nothing_stays_where_nothing_may() -> None:
    assert counted(Recent(3), [1, 1, 2, 2]) == [1, 1, 2, 2]


def test_what_is_not_there_is_looked_for_again() -> None:
    recent = Recent(8)
    assert recent.get(1, lambda: None) is None
    assert counted(recent, [1, 1]) == [1]


def test_threads_share_without_losing_count() -> None:
    recent = Recent(40)
    rng = np.random.default_rng(0)
    keys = [rng.integers(0, 30, 2000).tolist() for _ in range(4)]
    threads = [threading.Thread(target=counted, args=(recent, own)) for own in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counted(recent, [100 + k for k in range(10)])) == 10
    assert counted(recent, [100 + k for k in range(10)]) == []


def test_a_chunk_is_decoded_once_for_all_blocks_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []
    content = stored_module._content

    def noted(path: Path) -> bytes | None:
        decoded.append(path)
        return content(path)

    monkeypatch.setattr(stored_module, "_content", noted)
    engine = Engine(block_shape=(64, 64, 64), in_memory_bytes=0, work_dir=tmp_path)
    roomy = Engine(block_shape=(64, 64, 64), in_memory_bytes=2**20, work_dir=tmp_path)
    values = np.random.default_rng(1).integers(1, 9, (128, 128, 192), np.uint8)
    source = engine.array(values.shape, np.uint8)
    source[:] = values

    def total(_: Block, part: NDArray[np.uint8]) -> Done[int]:
        return Done(int(part.sum()))

    expected = engine.run(total, [source], halo=(3, 3, 3))
    alone = len(decoded)
    assert roomy.run(total, [source], halo=(3, 3, 3)) == expected
    assert len(decoded) - alone < alone
    assert len(set(decoded)) == 12


def test_a_volume_that_is_written_to_is_read_anew(tmp_path: Path) -> None:
    engine = Engine(block_shape=(64, 64, 64), workers=1, work_dir=tmp_path)
    stored = Engine(block_shape=(64, 64, 64), in_memory_bytes=0, work_dir=tmp_path).array((64, 64, 128), np.uint8)
    stored[:] = 1

    def bumped(block: Block, part: NDArray[np.uint8]) -> Done[int]:
        return Done(int(part[:, :, 0].max()), (np.full_like(part[block.inner], part.max() + 1),))

    # the second block sees, beyond its border, what the first has written
    assert engine.run(bumped, [stored], outputs=[stored], halo=(0, 0, 1)) == [1, 2]
