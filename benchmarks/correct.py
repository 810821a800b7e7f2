"""A brush stamp on a large label volume: with its journal entry on disk, against writing into zarr and against napari.

Run: uv run python benchmarks/correct.py [EDGE] [FOLDER]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from micro.correct import CorrectedArray, Correction, Edit, Patch, corrections_folder, painted, stamp
from micro.io import read_labels, write_ome_zarr
from micro.model import Labels, Spacing

STAMPS = 200
RADIUS_VOXELS = 12
SPACING = Spacing(0.05, 0.05, 0.05)


class Cell:
    """An anode below an electrolyte with pores, made where it is looked at."""

    dtype, ndim = np.dtype(np.uint8), 3

    def __init__(self, edge: int) -> None:
        self.shape = (edge, edge, edge)

    def __getitem__(self, key: tuple[slice, slice, slice]) -> NDArray[np.uint8]:
        z, y, x = np.ogrid[key]
        waves = np.sin(z / 9.0) + np.sin(y / 11.0 + z / 40.0) + np.sin(x / 13.0 + y / 50.0)
        return np.where(z < self.shape[0] // 4, 3, np.where(waves > 2.2, 1, 2)).astype(np.uint8)


def labels_of(edge: int) -> Labels:
    """Return lazy labels of that cell."""
    import dask.array as da

    lazy = da.from_array(Cell(edge), chunks=(128, 128, 128), name=False, meta=np.empty((0, 0, 0), np.uint8))
    return Labels(lazy, SPACING)


def places(edge: int) -> list[tuple[int, int, int]]:
    """Return where the stamps go: ten drags of twenty stamps each, as a hand makes them."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(STAMPS // 20):
        start, step = rng.integers(100, edge - 200, 3), rng.integers(-4, 5, 3)
        found += [tuple(int(v) for v in start + step * n) for n in range(20)]
    return [(z, y, x) for z, y, x in found]


Times = tuple[float, float, float]


def timed(stamps: Sequence[tuple[int, int, int]], one: Callable[[tuple[int, int, int]], None]) -> Times:
    """Return median and 95th percentile of the time in ms, and the median of the processor's time."""
    seconds, processor = [], []
    for place in stamps:
        began, began_cpu = time.perf_counter(), time.process_time()
        one(place)
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - began_cpu)
    return 1e3 * float(np.median(seconds)), 1e3 * float(np.quantile(seconds, 0.95)), 1e3 * float(np.median(processor))


def with_journal(
    correction: Correction, value: int, *, flat: bool, sync: bool
) -> Callable[[tuple[int, int, int]], None]:
    """Return one stamp through the library."""
    radius = RADIUS_VOXELS * SPACING.x

    def one(place: tuple[int, int, int]) -> None:
        under = stamp([place], radius, SPACING, correction.shape, across=0 if flat else None)
        if under is not None:
            values = painted(correction.read(under.region), under.mask, value)
            correction.apply(Edit("paint", [Patch(under.start, values)], {"radius_um": radius}), sync=sync)

    return one


def into_zarr(array: zarr.Array, *, flat: bool) -> Callable[[tuple[int, int, int]], None]:
    """Return one stamp written straight into a copy of the labels: no journal, no undo, the original gone."""

    def one(place: tuple[int, int, int]) -> None:
        under = stamp([place], RADIUS_VOXELS * SPACING.x, SPACING, array.shape, across=0 if flat else None)
        if under is not None:
            array[under.region] = painted(np.asarray(array[under.region]), under.mask, 5)

    return one


def by_napari(array: zarr.Array, *, flat: bool) -> Callable[[tuple[int, int, int]], None] | None:
    """Return one stamp with the brush of napari's labels layer on a copy of the labels, or None without napari."""
    try:
        from napari.layers import Labels as Layer
    except ImportError:
        return None
    layer = Layer(array)
    layer.brush_size = 2 * RADIUS_VOXELS + 1
    layer.n_edit_dimensions = 2 if flat else 3

    def one(place: tuple[int, int, int]) -> None:
        layer.paint(place, 6)

    return one


def rows(path: Path, correction: Correction, work: Path) -> list[tuple[str, Times]]:
    """Time all ways, disc and ball; the copies are made fresh for each."""
    edge = correction.shape[0]
    found: list[tuple[str, Times]] = []
    for flat in (True, False):
        name = "disc" if flat else "ball"
        for sync, value in ((True, 4), (False, 5)):
            how = "waits for the disk" if sync else "no wait"
            one = with_journal(correction, value, flat=flat, sync=sync)
            found.append((f"{name}, journal and overlay, {how}", timed(places(edge), one)))
        for what, make in (("zarr written directly", into_zarr), ("napari's brush on zarr", by_napari)):
            copy = work / f"{what[:4]} {name}.zarr"
            shutil.copytree(path / "0", copy)
            bare = make(zarr.open_array(copy, mode="r+"), flat=flat)
            if bare is not None:
                found.append((f"{name}, {what}", timed(places(edge), bare)))
            shutil.rmtree(copy)
    return found


def main(edge: int, work: Path) -> None:
    """Print a table."""
    path = work / "labels.ome.zarr"
    if not path.exists():
        write_ome_zarr(path, None, labels_of(edge))
    began = time.perf_counter()
    correction = Correction(read_labels(path), corrections_folder(path))
    opening = time.perf_counter() - began
    array = CorrectedArray(correction)
    began = time.perf_counter()
    _ = array[edge // 2]
    scroll = time.perf_counter() - began
    found = rows(path, correction, work)
    journal = (corrections_folder(path) / "journal.bin").stat().st_size
    entries = correction.records
    began = time.perf_counter()
    correction.close()
    closing = time.perf_counter() - began
    began = time.perf_counter()
    with Correction(read_labels(path), corrections_folder(path)):
        again = time.perf_counter() - began
    print(f"{edge}^3 voxels, brush of {2 * RADIUS_VOXELS + 1} voxels, {STAMPS} stamps each\n")
    print("| | median, ms | 95 %, ms | processor, ms |\n|---|---:|---:|---:|")
    for name, (median, high, processor) in found:
        print(f"| {name} | {median:.1f} | {high:.1f} | {processor:.1f} |")
    print(
        f"\nopening {opening:.2f} s, a slice along z {scroll:.2f} s, closing after {entries} stamps {closing:.2f} s, "
    )
    print(f"opening again {again:.2f} s; journal {journal / 2**20:.1f} MB")


if __name__ == "__main__":
    given = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    if len(sys.argv) > 2:
        main(given, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(given, Path(scratch))
