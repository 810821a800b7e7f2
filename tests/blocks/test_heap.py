"""Memory that is kept for the next blocks, and given back at the end."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np, psutil
from micro.blocks import memory_kept

SIZE = 200_000_000

def resident():
    return psutil.Process().memory_info().rss

before = resident()
with memory_kept():
    with memory_kept():
        np.ones(SIZE, np.uint8)
    assert resident() - before > 0.9 * SIZE, "given back"
assert resident() - before < 0.1 * SIZE, "kept"
try:
    with memory_kept():
        np.ones(SIZE, np.uint8).reshape(3, 3)
except ValueError:
    assert resident() - before < 0.1 * SIZE, "kept after an error"
else:
    raise AssertionError
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the allocator of glibc")
def test_memory_stays_while_it_is_kept_and_goes_back_at_the_end():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
