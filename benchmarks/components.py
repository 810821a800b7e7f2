"""Connected components of a pore volume: block by block against scipy and scikit-image, in memory.

Run: uv run python benchmarks/components.py [EDGE]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from micro.blocks import Engine, label_components


def pores(edge: int) -> NDArray[np.uint8]:
    """Return a random pore volume: smoothed noise, of which the lowest fifth is void."""
    field = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(edge,) * 3).astype(np.float32), 2)
    return np.asarray(field < np.quantile(field, 0.2), np.uint8)


def best_of(runs: int, count: Callable[[], int]) -> tuple[float, int]:
    """Return the shortest time in seconds, and what was counted; the first, uncounted run compiles."""
    found = count()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        found = count()
        seconds.append(time.perf_counter() - began)
    return min(seconds), found


def main(edge: int) -> None:
    """Print a table; the same count everywhere is part of the benchmark."""
    image = pores(edge)
    full = np.ones((3, 3, 3))
    ways: dict[str, Callable[[], int]] = {
        "scipy.ndimage.label": lambda: int(ndimage.label(image, full)[1]),
        "skimage.measure.label": lambda: int(label(image, connectivity=3, return_num=True)[1]),
    }
    for block in (64, 128, edge):
        engine = Engine(block_shape=(block,) * 3)
        ways[f"micro.blocks.label_components, blocks of {block}^3"] = lambda e=engine: (
            label_components(image, engine=e).count
        )
    results = {name: best_of(3, count) for name, count in ways.items()}
    counts = {count for _, count in results.values()}
    if len(counts) != 1:
        raise SystemExit(f"the counts differ: {results}")
    reference = results["scipy.ndimage.label"][0]
    print(f"{edge}^3 voxels, {counts.pop()} components, 26 neighbours, 2 threads\n")
    print("| | s | over scipy |\n|---|---:|---:|")
    for name, (seconds, _) in results.items():
        print(f"| {name} | {seconds:.2f} | {seconds / reference:.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
