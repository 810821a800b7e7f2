"""Throughput of every stage of a run, on a phantom stack.

Run: uv run python benchmarks/run_stages.py [KIND] [EDGE]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from micro.blocks import Engine
from micro.cell import anatomy, split_phases
from micro.measure import measure
from micro.phantoms import make_phantom
from micro.preprocess import preprocess
from micro.segment import segment
from micro_pipelines import load_recipe


def stages(kind: str, engine: Engine) -> list[tuple[str, Callable[[Any], Any]]]:
    """Return the stages in order; each takes what the one before returns."""
    recipe = load_recipe(kind)
    return [
        ("preprocess", lambda volume: preprocess(volume, recipe.preprocess, engine)),
        ("segment", lambda volume: segment(volume, recipe.segment, engine)),
        ("split_phases", lambda labels: split_phases(labels, recipe.cell, engine)),
        ("anatomy", lambda labels: anatomy(labels, recipe.cell, engine)),
        ("measure", lambda cell: measure(cell, recipe.measure, engine)),
    ]


def timed(kind: str, edge: int, engine: Engine) -> dict[str, float]:
    """Return the seconds of every stage on a fresh phantom."""
    current: Any = make_phantom(kind, seed=1, shape=(edge,) * 3).volume
    seconds = {}
    for name, stage in stages(kind, engine):
        began = time.perf_counter()
        current = stage(current)
        seconds[name] = time.perf_counter() - began
    return seconds


def main(kind: str, edge: int) -> None:
    """Print a table of the second run; the first compiles."""
    engine = Engine()
    timed(kind, 64, engine)
    seconds = timed(kind, edge, engine)
    total = sum(seconds.values())
    print(f"{kind}, {edge}^3 voxels, blocks of 128^3, 2 threads\n")
    print("| stage | s | share | Mvoxel/s |\n|---|---:|---:|---:|")
    for name, took in [*seconds.items(), ("all", total)]:
        print(f"| {name} | {took:.2f} | {took / total:.2f} | {edge**3 / took / 1e6:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "fibsem", int(sys.argv[2]) if len(sys.argv) > 2 else 192)
