"""A label volume larger than memory, measured by command: time, and memory of all processes together.

Run: uv run python benchmarks/large_labels.py [EDGE ...] [--memory 4GB] [--keep FOLDER]

Without edges 256 and 512. The labels are the truth of a CT phantom as deep as the cube and 128 voxels wide, mirrored
sideways, so that what there is to find grows with the volume, written as multiscale OME-Zarr; 2048^3 takes some 200 MB
of disk for them, as many for the result, and a few GB between two steps. Each size is one `micro measure` with all its
measurements, checks, tables, figures and files, in a process of its own. The peak is the largest sum of the resident
memory of that process and all that it starts, sampled every 0.1 s; the CPU time, of the programs and of the system
for them, tells what idle cores would do. With --keep the labels stay in that folder, and are not drawn again.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import numpy as np
import psutil

from micro.io import write_ome_zarr
from micro.model import Labels
from micro.phantoms import make_phantom

KIND, WIDTH = "xct", 128


@dataclass(frozen=True)
class Took:
    """What a command took: wall and CPU seconds, the peak of memory in bytes, and the seconds of its stages."""

    edge: int
    wall: float
    cpu: float
    peak: int
    stages: dict[str, float]
    objects: int


def draw(edge: int, path: Path) -> None:
    """Write the label volume."""
    width = min(edge, WIDTH)
    truth = make_phantom(KIND, seed=1, shape=(edge, width, width)).truth
    tile = da.from_array(np.asarray(truth.data), chunks=(min(edge, 256), width, width))
    for axis in (1, 2):
        turned = [tile if k % 2 == 0 else da.flip(tile, axis) for k in range(edge // width)]
        tile = da.concatenate(turned, axis)
    write_ome_zarr(path, None, Labels(tile, truth.spacing, truth.phases))


def watched(command: list[str]) -> tuple[float, float, int]:
    """Run a command; return its wall and CPU seconds and the peak of resident memory of all its processes.

    Raises
    ------
    SystemExit
        If it fails.
    """
    began, peak, cpu = time.perf_counter(), 0, 0.0
    with psutil.Popen(command) as process:
        while process.poll() is None:
            resident, used = 0, 0.0
            with contextlib.suppress(psutil.Error):
                for one in (process, *process.children(recursive=True)):
                    resident += one.memory_info().rss
                    used += sum(one.cpu_times()[:2])
            peak, cpu = max(peak, resident), max(cpu, used)
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return time.perf_counter() - began, cpu, peak


def measured(edge: int, labels: Path, memory: str, out: Path) -> Took:
    """Measure the labels by command, as a user does."""
    command = [sys.executable, "-m", "micro_pipelines", "measure", str(labels), "--recipe", KIND, "--out", str(out)]
    wall, cpu, peak = watched([*command, "--memory", memory, "--workers", "2", "--quiet"])
    (sample,) = (path.parent for path in out.glob("*/run.json"))
    stages = json.loads((sample / "run.json").read_text(encoding="utf-8"))["seconds"]
    objects = sum(len(path.read_bytes().splitlines()) - 1 for path in sample.glob("objects_*.csv"))
    return Took(edge, wall, cpu, peak, stages, objects)


def show(took: list[Took], memory: str) -> None:
    """Print the table."""
    print(f"\nmicro measure, recipe {KIND}, 2 threads, --memory {memory}\n")
    print("| | " + " | ".join(f"{one.edge}^3" for one in took) + " |\n|---|" + "---:|" * len(took))
    lines = {
        "wall, s": [f"{one.wall:.0f}" for one in took],
        "CPU, s": [f"{one.cpu:.0f}" for one in took],
        "ns of CPU a voxel": [f"{one.cpu / one.edge**3 * 1e9:.0f}" for one in took],
        "Mvoxel/s of 2 cores' CPU": [f"{2 * one.edge**3 / one.cpu / 1e6:.2f}" for one in took],
        "peak of all processes, GB": [f"{one.peak / 1e9:.2f}" for one in took],
        "objects in the tables": [str(one.objects) for one in took],
    }
    for stage in took[-1].stages:
        lines[f"{stage}, s"] = [f"{one.stages.get(stage, 0):.1f}" for one in took]
    for name, cells in lines.items():
        print(f"| {name} | {' | '.join(cells)} |")


def main(arguments: list[str]) -> None:
    """Draw and measure all sizes and print the table."""
    edges = [int(word) for word in arguments if word.isdigit()] or [256, 512]
    memory = arguments[arguments.index("--memory") + 1] if "--memory" in arguments else "4GB"
    took = []
    with tempfile.TemporaryDirectory() as scratch:
        kept = Path(arguments[arguments.index("--keep") + 1]) if "--keep" in arguments else Path(scratch)
        kept.mkdir(parents=True, exist_ok=True)
        for edge in edges:
            labels = kept / f"labels-{edge}.ome.zarr"
            if not labels.exists():
                draw(edge, labels)
            took.append(measured(edge, labels, memory, Path(scratch) / f"out-{edge}"))
            print(f"{edge}^3: {took[-1].wall:.0f} s, {took[-1].peak / 1e9:.2f} GB", flush=True)
    show(took, memory)


if __name__ == "__main__":
    main(sys.argv[1:])
