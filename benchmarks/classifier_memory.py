"""Peak memory of the classifier on a volume that lies on disk: labels of every voxel, scratch on disk too.

Writes a cube of layers, balls and noise slab by slab, trains on strokes in a corner of it, and classifies the file
in a process of its own. Prints seconds and the peak of resident memory, of which the libraries alone take "before".

Run: uv run python benchmarks/classifier_memory.py [EDGE ...]
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
from classifier import PIXEL, cube, peak_bytes

from micro.blocks import Engine
from micro.classify import Classifier, TrainParams, classify, read_classifier, train, write_classifier
from micro.io import read_volume
from micro.model import Labels, Spacing
from micro.segment import SegmentParams

CORNER = 128


def write_cube(edge: int, folder: Path) -> Path:
    """Write the corner again and again, mirrored so that it fits, as a BigTIFF in strips of slices."""
    grey = cube(CORNER)[0].data.compute()
    pattern = np.concatenate([grey, grey[::-1]])
    times = -(-edge // CORNER)
    path = folder / "cube.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for k in range(edge):
            slab = np.pad(pattern[k % len(pattern)], (0, CORNER * (times - 1)), mode="symmetric")
            file.write(slab[:edge, :edge], contiguous=True)
    return path


def trained(folder: Path) -> Path:
    """Train on strokes in the corner."""
    volume, strokes = cube(CORNER)
    training = train([(volume, Labels(strokes, PIXEL))], TrainParams(), Engine(), preprocessed={})
    path = folder / "corner.micro"
    write_classifier(training.classifier, path)
    return path


def _measured(
    image: Path, model: Path, folder: Path, results: multiprocessing.Queue[tuple[float, float, float]]
) -> None:
    classifier: Classifier = read_classifier(model)
    small = cube(48)[0]
    classify(small, classifier, SegmentParams(), Engine())  # compiles
    before = peak_bytes()
    volume = read_volume(image, voxel_size=Spacing.parse("1um"))
    began = time.perf_counter()
    labels = classify(volume, classifier, SegmentParams(), Engine(work_dir=folder))
    seconds = time.perf_counter() - began
    assert labels.shape == volume.shape
    results.put((seconds, peak_bytes() / 1e9, before / 1e9))


def main(edges: list[int]) -> None:
    """Print a line a size."""
    print("| voxels, on disk | s, with labels | Mvoxel/s | peak, GB | before it, GB |\n|---|---:|---:|---:|---:|")
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = trained(folder)
        for edge in edges:
            image = write_cube(edge, folder)
            results: multiprocessing.Queue[tuple[float, float, float]] = context.Queue()
            process = context.Process(target=_measured, args=(image, model, folder, results))
            process.start()
            seconds, peak, before = results.get()
            process.join()
            speed = edge**3 / seconds / 1e6
            print(f"| {edge}^3 | {seconds:.0f} | {speed:.2f} | {peak:.2f} | {before:.2f} |", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [256, 512])
