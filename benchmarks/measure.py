"""All measurements of a 512^3 label volume in one pass, beside the obvious alternative.

Run: uv run --with porespy python benchmarks/measure.py [EDGE] [--curved]

The CPU time tells what two idle cores would do where other work takes a part of them. Every line of the table is a
process of its own, so that its peak of resident memory is its own too; the label volume (134 MB at 512^3) and all
libraries are in it. Headline is what the definitions name: interface, dendrites, cracks, fractions, layers, pores,
particles and profiles, with intervals, tables and maps; everything is the default, which solves diffusion too. micro's
lines are done twice, and the second time counts: the first compiles. The last lines go from labels alone to all values.
Without PoreSpy its line is left out. ``--curved`` mirrors the volume sideways, without the alternatives: the tilted
interface becomes a roof, and the reference a curved surface.
"""

from __future__ import annotations

import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine, memory_kept
from micro.cell import Cell, Part, anatomy
from micro.measure import MeasureParams, Results, measure
from micro.model import SSB_PHASES, Labels, Spacing
from micro.phantoms.builds import build_of
from micro.phantoms.frame import Frame
from micro.phantoms.geometry import draw_scene, scene_labels
from micro.phantoms.kinds import kind_of
from micro_pipelines import load_recipe

KIND = "xct"
VOID, SE, LI, DENDRITE, CRACK = (SSB_PHASES[name].value for name in ("void", "SE", "Li", "dendrite", "crack"))


def draw(edge: int, *, curved: bool) -> NDArray[np.uint8]:
    """Return the true labels of a seeded phantom."""
    look = kind_of(KIND)
    wide = edge // 2 if curved else edge
    frame = Frame((edge, wide, wide), look.spacing, look.normal)
    scene = draw_scene(frame, seed=1, alloy=False, build=build_of("half"))
    labels = np.ascontiguousarray(frame.to_zyx(scene_labels(scene, gap_share=1.0, dendrite_share=1.0)))
    for axis in (1, 2) if curved else ():
        labels = np.concatenate([labels, np.flip(labels, axis)], axis)
    return np.ascontiguousarray(labels)


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return a result with its wall and its CPU seconds (of the program and of the system for it)."""

    def used() -> float:
        return os.times().user + os.times().system

    wall, cpu = time.perf_counter(), used()
    found = work()
    return found, time.perf_counter() - wall, used() - cpu


def spacing() -> Spacing:
    """Return the voxel edges of the phantom."""
    return kind_of(KIND).spacing


def run_anatomy(folder: Path) -> tuple[float, float, str]:
    """Time the anatomy and leave the cell for the measurements."""
    labels = Labels(np.load(folder / "labels.npy"), spacing())
    params, engine = load_recipe(KIND).cell, Engine()
    with memory_kept():  # as a run does
        anatomy(labels, params, engine)  # compiles: a corner has not all that the whole has
        cell, wall, cpu = timed(lambda: anatomy(labels, params, engine))
    np.save(folder / "parts.npy", np.asarray(cell.parts))
    bare = replace(cell, labels=replace(labels, data=labels.data[:1, :1, :1].compute()), parts=None)
    (folder / "cell.pickle").write_bytes(pickle.dumps(bare))
    kind = "plane" if cell.plane is None or cell.plane.bow is None else "curved"
    return wall, cpu, f"normal {cell.normal}, reference {kind}"


def run_measure(folder: Path, params: MeasureParams) -> tuple[float, float, str]:
    """Time the measurements alone."""
    labels, parts = np.load(folder / "labels.npy"), np.load(folder / "parts.npy")
    bare: Cell = pickle.loads((folder / "cell.pickle").read_bytes())
    cell = replace(bare, labels=Labels(labels, spacing()), parts=parts)
    engine = Engine()
    with memory_kept():
        measure(cell, params, engine)  # compiles
        results, wall, cpu = timed(lambda: measure(cell, params, engine))
    return wall, cpu, headline(results)


def headline(results: Results) -> str:
    """Return the values that the alternatives give too."""
    names = ("contact_fraction", "crack_density", "dendrite_depth_max", "porosity")
    return ", ".join(f"{name} {results.row(name).value:.4g}" for name in names)


def depth_of(folder: Path, coordinates: NDArray[np.int64]) -> float:
    """Return the greatest height of voxels above the reference; the alternatives take it from here."""
    bare: Cell = pickle.loads((folder / "cell.pickle").read_bytes())
    assert bare.plane is not None
    return float(bare.plane.heights_at_um(tuple(coordinates.T), spacing()).max())


def said(contact: float, free: float, cracks: float, depth: float, labels: NDArray[np.uint8], region: int) -> str:
    """Return the values of an alternative as `headline` has them."""
    porosity = np.isin(labels, (VOID, CRACK)).mean()
    values = (contact / (contact + free), cracks / (region * spacing().voxel_volume_um3), depth, porosity)
    names = ("contact_fraction", "crack_density", "dendrite_depth_max", "porosity")
    return ", ".join(f"{name} {value:.4g}" for name, value in zip(names, values, strict=True))


def run_skimage(folder: Path) -> tuple[float, float, str]:
    """Time marching cubes and regionprops_table over the same volume and its parts."""
    from skimage.measure import label, marching_cubes, mesh_surface_area, regionprops_table

    labels, parts = np.load(folder / "labels.npy"), np.load(folder / "parts.npy")

    def area(mask: NDArray[np.bool_]) -> float:
        vertices, faces, *_ = marching_cubes(mask.astype(np.float32), 0.5, spacing=spacing().um)
        return float(mesh_surface_area(vertices, faces))

    def work() -> str:
        part = parts & 127
        metal = part == Part.ANODE
        solid, void = np.isin(labels, (SE, DENDRITE)), np.isin(labels, (VOID, CRACK))
        of_metal = area(metal)
        contact = (of_metal + area(solid) - area(metal | solid)) / 2
        free = (of_metal + area(void) - area(metal | void)) / 2
        dendrites, cracks = label(part == Part.DENDRITE), label(part == Part.CRACK)
        names = ("label", "area", "bbox", "centroid")
        for one in (dendrites, cracks):
            regionprops_table(one, properties=names)
        depth = depth_of(folder, np.argwhere(dendrites))
        return said(contact, free, area(cracks > 0) / 2, depth, labels, int(np.count_nonzero(parts & 128)))

    text, wall, cpu = timed(work)
    return wall, cpu, text


def run_porespy(folder: Path) -> tuple[float, float, str]:
    """Time PoreSpy's interface areas and regionprops_3D over the same volume and its parts."""
    import porespy

    labels, parts = np.load(folder / "labels.npy"), np.load(folder / "parts.npy")
    voxel = spacing().x

    def work() -> str:
        part = parts & 127
        regions = np.zeros(labels.shape, np.int32)
        regions[np.isin(labels, (SE, DENDRITE))] = 1
        regions[np.isin(labels, (VOID, CRACK))] = 2
        regions[part == Part.ANODE] = 3
        areas = porespy.metrics.region_surface_areas(regions, voxel_size=voxel)
        found = porespy.metrics.region_interface_areas(regions, areas=areas, voxel_size=voxel)
        pairs = {tuple(pair): area for pair, area in zip(found.conns.tolist(), found.area, strict=True)}
        cracks = porespy.metrics.region_surface_areas((part == Part.CRACK).astype(np.int32), voxel_size=voxel)
        depth = depth_of(folder, np.argwhere(part == Part.DENDRITE))
        region = int(np.count_nonzero(parts & 128))
        return said(pairs[0, 2], pairs[1, 2], float(cracks[-1]) / 2, depth, labels, region)

    text, wall, cpu = timed(work)
    return wall, cpu, text


ANATOMY, HEADLINE, EVERYTHING = "micro: anatomy", "micro: measure, headline", "micro: measure, everything"
LINES = {
    ANATOMY: run_anatomy,
    HEADLINE: partial(run_measure, params=MeasureParams(transport=())),
    EVERYTHING: partial(run_measure, params=MeasureParams()),
    "scikit-image": run_skimage,
    "PoreSpy": run_porespy,
}


def child(name: str, folder: Path) -> None:
    """Do one line and leave what it took, with the process's peak of resident memory."""
    wall, cpu, text = LINES[name](folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    (folder / "line.pickle").write_bytes(pickle.dumps((wall, cpu, peak, text)))


def main(edge: int, *, curved: bool) -> None:
    """Print the table; one process a line."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # In a process of its own: a process begins with the peak of the one that started it.
        subprocess.run([sys.executable, __file__, "--draw", str(edge), str(int(curved)), place], check=True)
        voxels = edge**3
        print(f"{KIND}, {edge}^3 voxels, blocks of 128^3, 2 threads\n")
        took: dict[str, tuple[float, float, float]] = {}
        heads = ("", "s", "CPU, s", "Mvoxel/s", "Mvoxel/s of 2 cores' CPU", "peak, GB", "finds")
        print(f"| {' | '.join(heads)} |\n|---|---:|---:|---:|---:|---:|---|")
        for name in list(LINES)[: 3 if curved else None]:
            done = subprocess.run([sys.executable, __file__, "--child", name, place], check=False)
            if done.returncode:
                print(f"| {name} | not run | | | | | |")
                continue
            wall, cpu, peak, text = pickle.loads((folder / "line.pickle").read_bytes())
            took[name] = wall, cpu, peak
            print(f"| {name} | {line(wall, cpu, peak, voxels)} | {text} |", flush=True)
        for name in (HEADLINE, EVERYTHING):
            if name in took and ANATOMY in took:
                (wall, cpu, peak), (more, cpu_more, other) = took[ANATOMY], took[name]
                both = line(wall + more, cpu + cpu_more, max(peak, other), voxels)
                print(f"| {name}, with the anatomy | {both} | |")


def line(wall: float, cpu: float, peak: float, voxels: int) -> str:
    """Return the columns of numbers."""
    return f"{wall:.1f} | {cpu:.1f} | {voxels / wall / 1e6:.1f} | {voxels / cpu * 2 / 1e6:.1f} | {peak / 1e9:.2f}"


if __name__ == "__main__":
    if "--child" in sys.argv:
        child(sys.argv[2], Path(sys.argv[3]))
    elif "--draw" in sys.argv:
        np.save(Path(sys.argv[4]) / "labels.npy", draw(int(sys.argv[2]), curved=bool(int(sys.argv[3]))))
    else:
        sizes = [int(word) for word in sys.argv[1:] if word.isdigit()]
        main(sizes[0] if sizes else 512, curved="--curved" in sys.argv)
