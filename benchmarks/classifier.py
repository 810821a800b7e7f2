"""The classifier from strokes against the usual recipe: scikit-image features and a scikit-learn random forest.

Both learn from the same strokes. Prints, side by side: IoU on real micrographs (where MICRO_REALDATA names their
folder) and on phantoms, where the automatic segmentation stands beside them; then seconds and peak memory for a
cube of noise and layers.

Run: uv run python benchmarks/classifier.py [EDGE [SEEDS]]
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from skimage.feature import multiscale_basic_features
from sklearn.ensemble import RandomForestClassifier

from micro.blocks import Engine
from micro.classify import TrainParams, classify, train
from micro.model import Labels, Spacing, Volume
from micro.phantoms import make_phantom, strokes_of
from micro.preprocess import PreprocessParams, preprocess
from micro.segment import SegmentParams, segment
from micro_pipelines import load_recipe

Array = NDArray[np.uint8]
PIXEL = Spacing(1, 1, 1)
DRAWS = 10
SHAPES = {"sem": None, "fibsem": (72, 160, 176), "xct": (128, 128, 128)}


def forest(grey: NDArray[np.generic], strokes: Array) -> Array:
    """Label a picture with 100 trees on the features of scikit-image, both as they come."""
    flat = grey.shape[0] == 1
    picture = np.asarray(grey[0] if flat else grey, np.float32)
    features = multiscale_basic_features(picture)
    painted = (strokes[0] if flat else strokes) > 0
    values = (strokes[0] if flat else strokes)[painted]
    trees = RandomForestClassifier(100, n_jobs=2, random_state=0).fit(features[painted], values)
    rows = features.reshape(-1, features.shape[-1])
    found = [trees.predict(part) for part in np.array_split(rows, max(1, len(rows) // 500_000))]
    return np.concatenate(found).astype(np.uint8).reshape(grey.shape)


def mine(clean: Volume, strokes: Array, engine: Engine) -> Array:
    """Label a clean picture with the classifier, both parameter classes as they come."""
    trained = train([(clean, Labels(strokes, clean.spacing))], TrainParams(), engine, preprocessed={})
    found: Array = classify(clean, trained.classifier, SegmentParams(), engine).data.compute()
    return found


def iou(found: Array, truth: Array) -> dict[int, float]:
    """Return intersection over union of every value of the truth."""
    values = [int(value) for value in np.unique(truth) if value]
    return {
        value: np.count_nonzero((found == value) & (truth == value))
        / np.count_nonzero((found == value) | (truth == value))
        for value in values
    }


def numbered(picture: NDArray[np.generic]) -> Array:
    """Return a label picture with the values 0, 1, 2, ... and three axes."""
    values = [value for value in np.unique(picture) if value]
    out = np.searchsorted(values, picture) + (picture > 0)
    return out.astype(np.uint8).reshape(1, *picture.shape[-2:])


def real_pairs(folder: Path) -> Iterator[tuple[str, Volume, Array, Array]]:
    """Give name, picture, strokes and truth: the strokes of the pair, then ten draws on 0.9 of a thousandth."""
    for name in ("superalloy", "noisy_discs"):
        grey, truth, strokes = (
            tifffile.imread(folder / "labelled" / f"{name}{part}.tif") for part in ("", "_truth", "_scribbles")
        )
        yield f"{name}, its own strokes", Volume(grey, PIXEL), numbered(strokes), numbered(truth)
        for seed in range(DRAWS):
            drawn = strokes_of(Labels(numbered(truth), PIXEL), seed=seed, share=9e-4).data.compute()
            yield name, Volume(grey, PIXEL), drawn, numbered(truth)
    grey = tifffile.imread(folder / "ct" / "cylindrical_cell_u16.tif")
    mask = tifffile.imread(folder / "ct" / "cylindrical_cell_mask.tif") > 0
    truth = (1 + mask).astype(np.uint8)[None]
    for seed in range(DRAWS):
        strokes = strokes_of(Labels(truth, PIXEL), seed=seed, share=9e-4).data.compute()
        yield "cylindrical cell", Volume(grey, PIXEL), strokes, truth


def on_real_pairs(folder: Path, engine: Engine) -> None:
    """Print the mean IoU on the real pairs; the forest sees the picture as it is, and as it is for micro."""
    print("| mean IoU | draws | forest, raw image | forest, preprocessed | micro | micro at or above both |")
    print("|---|---:|---:|---:|---:|---:|")
    rows: dict[str, list[list[float]]] = {}
    for name, volume, strokes, truth in real_pairs(folder):
        clean = preprocess(volume, PreprocessParams(), engine)
        ways = (forest(volume.data.compute(), strokes), forest(clean.data.compute(), strokes))
        figures = [float(np.mean(list(iou(found, truth).values()))) for found in (*ways, mine(clean, strokes, engine))]
        rows.setdefault(name, []).append(figures)
    for name, draws in rows.items():
        table = np.array(draws)
        above = np.count_nonzero(table[:, 2] >= table[:, :2].max(axis=1))
        cells = " | ".join(f"{figure:.3f}" for figure in table.mean(axis=0))
        print(f"| {name} | {len(table)} | {cells} | {above} of {len(table)} |", flush=True)


def on_phantoms(seeds: int, engine: Engine) -> None:
    """Print the IoU of void, SE and Li on phantoms, strokes on 0.9 of a thousandth of the voxels."""
    print("\n| IoU of void, SE, Li | automatic | forest, preprocessed | micro |\n|---|---|---|---|")
    for kind, shape in SHAPES.items():
        recipe = load_recipe(kind)
        for seed, noise in ((s, n) for s in range(301, 301 + seeds) for n in ("ordinary", "hard")):
            phantom = make_phantom(kind, seed=seed, noise=noise, shape=shape)  # type: ignore[arg-type]
            clean = preprocess(phantom.volume, recipe.preprocess, engine)
            truth = phantom.truth.data.compute()
            truth[truth == 4], truth[truth == 5] = 3, 1
            strokes = strokes_of(phantom.truth, seed=seed, share=9e-4).data.compute()
            ways = (
                segment(clean, recipe.segment, engine).data.compute(),
                forest(clean.data.compute(), strokes),
                mine(clean, strokes, engine),
            )
            cells = [" ".join(f"{figure:.3f}" for figure in iou(found, truth).values()) for found in ways]
            print(f"| {kind} {noise} {seed} | " + " | ".join(cells) + " |", flush=True)


def cube(edge: int) -> tuple[Volume, Array]:
    """Return layers with balls and noise, and a line of strokes in each."""
    rng = np.random.default_rng(1)
    z, y, x = np.ogrid[:edge, :edge, :edge]
    truth = np.where(y < edge // 3, 3, 2) * np.ones((edge, edge, edge), np.uint8)
    truth[((z % 32 - 16) ** 2 + (y % 32 - 16) ** 2 + (x % 32 - 16) ** 2) < 60] = 1
    levels = np.array([0, 9_000, 45_000, 22_000], np.float32)
    grey = levels[truth] + rng.standard_normal(truth.shape, np.float32) * 4_000
    strokes = strokes_of(Labels(truth.astype(np.uint8), PIXEL), seed=0, share=5e-4).data.compute()
    return Volume(grey.clip(0, 65535).astype(np.uint16), PIXEL), strokes


def _measured(way: str, edge: int, results: multiprocessing.Queue[dict[str, float]]) -> None:
    volume, strokes = cube(edge)
    before = peak_bytes()
    seconds: dict[str, float] = {}
    if way == "forest":
        _timed(lambda: forest(volume.data.compute(), strokes), "all", seconds)
    else:
        from micro.classify.classify import phase_probabilities

        engine = Engine()
        small, small_strokes = cube(48)
        mine(small, small_strokes, engine)  # compiles
        classifier = train([(volume, Labels(strokes, PIXEL))], TrainParams(), engine, preprocessed={}).classifier
        _timed(lambda: phase_probabilities(volume, classifier, engine), "features and prediction", seconds)
        _timed(lambda: classify(volume, classifier, SegmentParams(), engine), "all", seconds)
    results.put({**seconds, "peak": peak_bytes() / 1e9, "before": before / 1e9})


def peak_bytes() -> float:
    """Return the largest resident memory of this process so far; NaN on Windows."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def _timed(work: Callable[[], object], name: str, seconds: dict[str, float]) -> None:
    began = time.perf_counter()
    work()
    seconds[name] = time.perf_counter() - began


def on_a_cube(edge: int) -> None:
    """Print throughput and peak memory, each way in a process of its own; the forest's time holds its training."""
    print(f"\n| {edge}^3 voxels | s | Mvoxel/s | peak, GB | before it, GB |\n|---|---:|---:|---:|---:|")
    context = multiprocessing.get_context("spawn")
    for way in ("micro", "forest"):
        results: multiprocessing.Queue[dict[str, float]] = context.Queue()
        process = context.Process(target=_measured, args=(way, edge, results))
        process.start()
        found = results.get()
        process.join()
        for name in ("features and prediction", "all"):
            if name in found:
                speed = edge**3 / found[name] / 1e6
                figures = f"{found[name]:.2f} | {speed:.2f} | {found['peak']:.2f} | {found['before']:.2f}"
                print(f"| {way}, {name} | {figures} |", flush=True)


if __name__ == "__main__":
    if "MICRO_REALDATA" in os.environ:
        on_real_pairs(Path(os.environ["MICRO_REALDATA"]), Engine())
    on_phantoms(int(sys.argv[2]) if len(sys.argv) > 2 else 1, Engine())
    on_a_cube(int(sys.argv[1]) if len(sys.argv) > 1 else 256)
