"""Labels of 1024^3 in a new napari session: the first file and the second, by the plugin and by napari alone.

Run: uv run python benchmarks/opening.py [LABELS.ome.zarr]. It needs a display (Linux without one: xvfb-run before it).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEAVY = ("pandas", "dask.array", "zarr", "tifffile", "scipy", "numba", "skimage", "matplotlib", "sklearn")
WAYS = ("the plugin", "napari alone", "napari alone, then the plugin")


def spent() -> float:
    """Return the processor seconds of all threads, of the system for them too."""
    used = os.times()
    return used.user + used.system


def timed(name: str, open_it: Callable[[], object]) -> None:
    """Print how long the viewer needs until the layer is drawn."""
    from qtpy.QtWidgets import QApplication

    began, cpu, before = time.perf_counter(), spent(), {name for name in HEAVY if name in sys.modules}
    open_it()
    QApplication.processEvents()
    new = ", ".join(name for name in HEAVY if name in sys.modules and name not in before)
    print(f"| {name} | {time.perf_counter() - began:.2f} | {spent() - cpu:.2f} | {new} |", flush=True)


def session(path: Path, way: str) -> None:
    """Print the first and the second opening in a viewer that has just started."""
    import napari
    from qtpy.QtWidgets import QApplication

    viewer: Any = napari.Viewer(show=True)
    for _ in range(20):
        QApplication.processEvents()
        time.sleep(0.02)

    def alone() -> object:
        import zarr

        colours = {None: "transparent", 1: "black", 2: "gray", 3: "red"}
        return viewer.add_labels(zarr.open_array(path / "0", mode="r"), colormap=colours)

    def by_plugin() -> object:
        return viewer.open(path, plugin="napari-micro-ssb")

    firsts = {WAYS[0]: [by_plugin], WAYS[1]: [alone], WAYS[2]: [alone, by_plugin]}[way]
    for number, one in enumerate([*firsts, firsts[-1]]):
        timed(f"{way}, {number + 1}", one)
        viewer.layers.clear()
    os._exit(0)


def main(path: Path) -> None:
    """Print the table, each way in a session of its own."""
    if not path.exists():
        # not above: a session must begin without them
        from correct import labels_of

        from micro.io import write_ome_zarr

        write_ome_zarr(path, None, labels_of(1024))
    print("| | s | processor s | loaded for it |\n|---|---:|---:|---|", flush=True)
    with tempfile.TemporaryDirectory() as home:
        settings = {**os.environ, "NAPARI_CONFIG": str(Path(home) / "settings.yaml")}
        for way in WAYS:
            subprocess.run([sys.executable, __file__, str(path), way], check=True, env=settings)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        session(Path(sys.argv[1]), sys.argv[2])
    elif len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch) / "labels.ome.zarr")
