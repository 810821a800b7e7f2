"""Connected components of a pore volume: block by block against scipy and scikit-image, in memory, and dask-image.

Run: uv run --with dask-image python benchmarks/components.py [EDGE]

Without dask-image its line is left out. The CPU time tells what idle cores would do where other work takes a part of
them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import dask
import dask.array as da
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from micro.blocks import Engine, label_components


def pores(edge: int) -> NDArray[np.uint8]:
    """Return a random pore volume: smoothed noise, of which the lowest fifth is void."""
    field = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(edge,) * 3).astype(np.float32), 2)
    return np.asarray(field < np.quantile(field, 0.2), np.uint8)


def best_of(runs: int, count: Callable[[], int]) -> tuple[float, float, int]:
    """Return the shortest wall and CPU time in seconds, and what was counted."""
    found, walls, used = 0, [], []
    for _ in range(runs):
        began, cpu = time.perf_counter(), time.process_time()
        found = count()
        walls.append(time.perf_counter() - began)
        used.append(time.process_time() - cpu)
    return min(walls), min(used), found


def with_dask_image(image: NDArray[np.uint8], full: NDArray[np.float64], block: int) -> Callable[[], int] | None:
    """Return how dask-image counts, in two threads; None where it is not installed."""
    try:
        from dask_image import ndmeasure
    except ImportError:
        return None
    lazy = da.from_array(image, chunks=(block,) * 3)

    def count() -> int:
        ids, number = ndmeasure.label(lazy, structure=full)
        # the labels too: the number alone does not need them all
        return int(dask.compute(number, ids, scheduler="threads", num_workers=2)[0])

    return count


def same_partition(image: NDArray[np.uint8], full: NDArray[np.float64]) -> bool:
    """Return whether the components of blocks are those of scipy, voxel for voxel."""
    reference, _ = ndimage.label(image, full)
    found = label_components(image, engine=Engine(block_shape=(128,) * 3))
    # both are numbered in raster order of their first voxels
    return np.array_equal(np.asarray(found.ids), reference)


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
    lazy = with_dask_image(image, full, 128)
    label_components(image[:64, :64, :64], engine=Engine(block_shape=(32,) * 3))  # compiles
    results = {name: best_of(2, count) for name, count in ways.items()}
    if lazy is not None:
        results["dask_image.ndmeasure.label, blocks of 128^3"] = best_of(1, lazy)
    counts = {count for *_, count in results.values()}
    if len(counts) != 1:
        raise SystemExit(f"the counts differ: {results}")
    if not same_partition(image, full):
        raise SystemExit("the components are not those of scipy")
    reference = results["scipy.ndimage.label"][1]
    print(f"{edge}^3 voxels, {counts.pop()} components, 26 neighbours, 2 threads\n")
    print("| | s | CPU, s | CPU over scipy's | Mvoxel/s | Mvoxel/s of 2 cores' CPU |\n|---|---:|---:|---:|---:|---:|")
    for name, (wall, cpu, _) in results.items():
        speeds = f"{edge**3 / wall / 1e6:.0f} | {2 * edge**3 / cpu / 1e6:.0f}"
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {cpu / reference:.2f} | {speeds} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
