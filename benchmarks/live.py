"""Strokes to a preview of a 2048 x 2048 section: uv run python benchmarks/live.py."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from micro.blocks import Engine
from micro.io import read_volume
from micro.phantoms import make_phantom, strokes_of, write_phantom
from micro_pipelines import find_sources, load_recipe
from napari_micro_ssb._live import Live
from napari_micro_ssb._sample import Sample
from napari_micro_ssb._segmenting import slice_piece
from napari_micro_ssb._work import Watcher


class Clock:
    """Seconds and processor seconds of each stage, by the order of the observer's calls."""

    def __init__(self) -> None:
        self.stages: dict[str, list[float]] = {}
        self._last: tuple[str, float, float] | None = None

    def tell(self, what: str, done: int, total: int) -> None:  # noqa: ARG002
        """Begin a stage."""
        stage = what.partition(":")[0]
        now, spent = time.perf_counter(), time.process_time()
        if self._last is not None:
            one = self.stages.setdefault(self._last[0], [0.0, 0.0])
            one[0] += now - self._last[1]
            one[1] += spent - self._last[2]
        self._last = (stage, now, spent)


def main() -> None:
    """Print a table: the first update, which corrects the section, and those after further strokes."""
    with tempfile.TemporaryDirectory() as folder:
        phantom = make_phantom("sem", seed=3, shape=(2048, 2048))
        path, *_ = write_phantom(phantom, Path(folder), name="big")
        strokes = np.array(strokes_of(phantom.truth, seed=3, share=1e-3).data[0])
        volume = read_volume(path)
        sample = Sample(find_sources([str(path)])[0], None, volume.spacing, volume.is_2d)
        live, recipe = Live(Engine()), load_recipe("sem")
        print("| update | s | processor s |\n|---|---:|---:|")
        for number in range(6):
            strokes[100 + 30 * number : 104 + 30 * number, 100:300] = 2
            began, spent = time.perf_counter(), time.process_time()
            clock = Clock()
            watcher = Watcher(clock.tell, lambda: False)
            live.update(sample, {0: strokes}, slice_piece(volume.shape, 0), recipe, watcher)
            clock.tell("", 0, 0)
            print(f"| {number} | {time.perf_counter() - began:.2f} | {time.process_time() - spent:.2f} |")
            if number == 0:
                for stage, (wall, cpu) in clock.stages.items():
                    print(f"| of it {stage} | {wall:.2f} | {cpu:.2f} |")


if __name__ == "__main__":
    main()
