"""What a whole run takes as volumes grow: time and memory of every stage, beside what one would do instead.

Run: uv run --with porespy --with dask-image python benchmarks/scale.py [EDGE ...] [--memory 3GB] [--no-others]

Without edges 128, 256, 512 and 1024: half an hour and more on two idle cores, a third of it for 1024. The volume is a
CT phantom as deep as the cube and 128 voxels wide, mirrored sideways, so that what there is to find grows with the
volume; it is written as OME-Zarr of uint16. Every line of the table is a process of its own. Peaks are of resident
memory, sampled every 20 ms; the libraries are in them. The CPU time, of the program and of the system for it, tells
what two idle cores would do where other work takes a part of them. Of the alternatives each does its part in memory
(dask-image in blocks), the settings stated by hand: a Gaussian, thresholds halfway between the phases, components of
void, their table, the surface of void. They tell neither dendrites nor cracks nor gaps apart, and have no intervals.
Where the machine has too little memory for them they are not run.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dask.array as da
import numpy as np
import psutil
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine, parse_bytes
from micro.io import read_volume, write_ome_zarr
from micro.model import Volume
from micro.phantoms import make_phantom
from micro_pipelines import load_recipe
from micro_pipelines.job import Job, labels_from_image
from micro_pipelines.journal import Journal
from micro_pipelines.runner import run_job
from micro_pipelines.sources import Source

KIND, WIDTH = "xct", 128
OTHERS_BYTES = 40
"""Memory that the alternatives may take for a voxel: floats, ids of 8 bytes and copies of both."""
LEVELS = (0.31, 0.35, 0.57)
"""Median greys of void, lithium and electrolyte over full scale, as the phantom has them."""

Line = tuple[str, float, float, int]
"""Name, wall and CPU seconds, peak of resident memory in bytes."""


class Meter:
    """Wall and CPU time and the peak of memory of what runs inside `over`."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    @contextmanager
    def over(self, name: str) -> Iterator[None]:
        """Measure the body of a ``with``."""
        own, ended, peak = psutil.Process(), threading.Event(), [0]

        def sample() -> None:
            while not ended.wait(0.02):
                peak[0] = max(peak[0], own.memory_info().rss)

        watcher = threading.Thread(target=sample, daemon=True)
        watcher.start()
        wall, cpu = time.perf_counter(), used()
        try:
            yield
        finally:
            self.lines.append((name, time.perf_counter() - wall, used() - cpu, max(peak[0], own.memory_info().rss)))
            ended.set()


class MeteredJournal(Journal):
    """A journal of a run that meters its stages."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self.meter = meter

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Meter the stage too."""
        with self.meter.over(stage), super().timed(stage):
            yield


def used() -> float:
    """Return the CPU seconds of the program and of the system for it."""
    times = os.times()
    return times.user + times.system


def draw(edge: int, folder: Path) -> None:
    """Write the volume."""
    width = min(edge, WIDTH)
    grey = make_phantom(KIND, seed=1, shape=(edge, width, width)).volume
    tile = grey.data.rechunk((min(edge, 128), width, width))
    for axis in (1, 2):
        turned = [tile if k % 2 == 0 else da.flip(tile, axis) for k in range(edge // width)]
        tile = da.concatenate(turned, axis)
    write_ome_zarr(folder / "volume.ome.zarr", Volume(tile, grey.spacing, KIND))


def run_micro(folder: Path, memory: int) -> list[Line]:
    """Run the recipe with all its measurements, tables, figures and files; the first, small run compiles."""
    meter = Meter()
    engine = Engine(memory_bytes=memory)
    small = folder / "small.ome.zarr"
    write_ome_zarr(small, make_phantom(KIND, seed=2, shape=(96, 96, 96)).volume)
    for path, journal in ((small, Journal()), (folder / "volume.ome.zarr", MeteredJournal(meter))):
        job = Job(load_recipe(KIND), None, engine, labels_from_image)
        source = Source("sample", (path,), "")
        with meter.over("all"):
            run_job(source, job, folder, journal=journal)
        shutil.rmtree(folder / "sample")
        meter.lines = meter.lines if path != small else []
    return meter.lines


def _grey(folder: Path) -> NDArray[np.uint16]:
    return np.asarray(read_volume(folder / "volume.ome.zarr").data)


def _limits() -> tuple[float, float]:
    void, metal, electrolyte = (65535 * level for level in LEVELS)
    return (void + metal) / 2, (metal + electrolyte) / 2


def run_skimage(folder: Path) -> None:
    """Segment by thresholds and measure what regionprops and marching cubes give."""
    from skimage.measure import label, marching_cubes, mesh_surface_area, regionprops_table

    smooth = ndimage.gaussian_filter(_grey(folder).astype(np.float32), 1.2)
    void = np.digitize(smooth, _limits()) == 0
    ids = label(void)
    regionprops_table(ids, properties=("label", "area", "bbox", "centroid"))
    if void.any() and not void.all():
        mesh_surface_area(*marching_cubes(void.astype(np.float32), 0.5)[:2])


def run_dask_image(folder: Path) -> None:
    """Segment by thresholds and count components, block by block in two threads."""
    from dask_image import ndfilters, ndmeasure

    grey = read_volume(folder / "volume.ome.zarr").data.rechunk((128, 128, 128)).astype(np.float32)
    void = ndfilters.gaussian_filter(grey, 1.2) < _limits()[0]
    ids, count = ndmeasure.label(void, structure=np.ones((3, 3, 3)))
    da.compute(ids.max(), count, void.mean(), scheduler="threads", num_workers=2)


def run_porespy(folder: Path) -> None:
    """Segment by thresholds and measure pores and their sizes."""
    import porespy

    smooth = ndimage.gaussian_filter(_grey(folder).astype(np.float32), 1.2)
    void = np.digitize(smooth, _limits()) == 0
    porespy.filters.local_thickness(void, method="dt")
    porespy.metrics.regionprops_3D(ndimage.label(void, np.ones((3, 3, 3)))[0])


OTHERS: dict[str, Callable[[Path], None]] = {
    "scipy and scikit-image, thresholds": run_skimage,
    "dask-image, thresholds": run_dask_image,
    "PoreSpy, thresholds": run_porespy,
}


def child(name: str, folder: Path, memory: int) -> None:
    """Do one line and leave what it took."""
    if name == "micro":
        lines = run_micro(folder, memory)
    else:
        meter = Meter()
        with meter.over(name):
            OTHERS[name](folder)
        lines = meter.lines
    (folder / "lines.pickle").write_bytes(pickle.dumps(lines))


def measured(edge: int, names: list[str], memory: int) -> list[Line]:
    """Return the lines of one size, of those that could be run."""
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as place:
        # In processes of their own: a process begins with the peak of the one that started it.
        subprocess.run([sys.executable, __file__, "--draw", str(edge), place], check=True)
        fits = OTHERS_BYTES * edge**3 < psutil.virtual_memory().available
        for name in names:
            if name in OTHERS and not fits:
                continue
            command = [sys.executable, __file__, "--child", name, place, str(memory)]
            if subprocess.run(command, check=False).returncode == 0:
                lines += pickle.loads((Path(place) / "lines.pickle").read_bytes())
    return lines


def show(edges: list[int], tables: list[list[Line]]) -> None:
    """Print the table: a row a stage, for each edge CPU time a voxel, throughput and peak."""
    print(
        "| | " + " | ".join(f"{edge}^3: ns of CPU a voxel | Mvoxel/s of 2 cores | s | peak, GB" for edge in edges),
        end="",
    )
    print(" | grows as |\n|---|" + "---:|" * (4 * len(edges) + 1))
    names = dict.fromkeys(name for table in tables for name, *_ in table)
    for name in names:
        found = [next((line for line in table if line[0] == name), None) for table in tables]
        cells = [_cells(line, edge) for line, edge in zip(found, edges, strict=True)]
        print(f"| {name} | {' | '.join(cells)} | {_slope(found, edges)} |")


def _cells(line: Line | None, edge: int) -> str:
    if line is None:
        return "not run | | | "
    _, wall, cpu, peak = line
    speed = 2 * edge**3 / cpu / 1e6 if cpu else float("inf")
    return f"{cpu / edge**3 * 1e9:.1f} | {speed:.2f} | {wall:.1f} | {peak / 1e9:.2f}"


def _slope(lines: list[Line | None], edges: list[int]) -> str:
    """Return the power of the number of voxels with which the CPU time grows: 1 is flat per voxel."""
    known = [(edge**3, line[2]) for line, edge in zip(lines, edges, strict=True) if line is not None and line[2] > 0.05]
    if len(known) < 2:
        return ""
    voxels, cpu = np.log(np.array(known, np.float64)).T
    return f"voxels^{np.polyfit(voxels, cpu, 1)[0]:.2f}"


def main(arguments: list[str]) -> None:
    """Measure all sizes and print the table."""
    edges = [int(word) for word in arguments if word.isdigit()] or [128, 256, 512, 1024]
    memory = arguments[arguments.index("--memory") + 1] if "--memory" in arguments else "3GB"
    names = ["micro", *(() if "--no-others" in arguments else OTHERS)]
    print(f"{KIND}, uint16, 2 threads, --memory {memory}; load at the start {psutil.getloadavg()[0]:.1f}\n", flush=True)
    show(edges, [measured(edge, names, parse_bytes(memory)) for edge in edges])


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    elif "--draw" in sys.argv:
        draw(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(sys.argv[1:])
