"""Memory that is kept for the next blocks changes nothing but the time."""

from __future__ import annotations

import sys

import numpy as np
import psutil
import pytest

from micro.blocks import memory_kept


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the allocator of glibc")
def test_memory_goes_back_to_the_system_at_the_end():
    size = 200_000_000
    before = _resident()
    with memory_kept():
        with memory_kept():
            np.ones(size, np.uint8)
        kept = _resident()
    assert kept - before > 0.9 * size
    assert _resident() - before < 0.1 * size


def test_memory_is_given_back_after_an_error():
    before = _resident()
    with pytest.raises(RuntimeError, match="stop"), memory_kept():
        np.ones(200_000_000, np.uint8)
        raise RuntimeError("stop")
    assert _resident() - before < 20_000_000
