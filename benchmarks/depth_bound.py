"""Is the tip of the deepest dendrite in the picture at all? A forest that knows the truth of another phantom is asked.

What a supervised classifier with full truth of a phantom of the same noise loses too, the noise hides; what it finds
and the recipe loses is the recipe's to find. The forest (scikit-learn, micro's own features) labels the upper part of
each phantom within 4 voxels of the true dendrites; elsewhere it is taken to be right, so that it is flattered.

Prints by how many voxels the filament with the true tip, as far as it hangs on the anode, ends short: as the forest
has it voxel by voxel, where most of the 27 voxels around agree, and as the recipe has it.

Run: uv run python benchmarks/depth_bound.py NOISE SEED [SEED ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import cast

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier

from micro.blocks import Engine
from micro.classify import TrainParams
from micro.classify.plan import plan_features
from micro.classify.samples import features_at
from micro.model import Volume
from micro.phantoms import Noise, Phantom, make_phantom
from micro.preprocess import preprocess, straighten
from micro.segment import segment
from micro_pipelines import load_recipe

KIND, TEACHER = "xct", 200
LI, DENDRITE, CRACK, VOID = 3, 4, 5, 1
NEAR, BELOW = 4, 24
Mask = NDArray[np.bool_]


def corrected(phantom: Phantom, engine: Engine) -> Volume:
    """Return the picture as the recipe corrects it."""
    params = load_recipe(KIND).preprocess
    return preprocess(straighten(phantom.volume, params, engine), params, engine)


def features(clean: Volume, places: NDArray[np.int64], engine: Engine) -> NDArray[np.float32]:
    """Return micro's features at places of shape (voxel, 3)."""
    plan = plan_features(TrainParams(), clean.spacing, is_2d=False)
    return features_at(clean.data, places, plan, engine)[0]


def beside_dendrites(truth: NDArray[np.uint8]) -> Mask:
    """Mark dendrites and what lies within 5 voxels of them."""
    return np.asarray(ndimage.binary_dilation(truth == DENDRITE, iterations=5))


def taught(
    noise: Noise, engine: Engine, where: Callable[[NDArray[np.uint8]], Mask] = beside_dendrites
) -> RandomForestClassifier:
    """Train 60 trees on 100 000 voxels of a phantom, more than half of them ``where`` the question is."""
    phantom = make_phantom(KIND, seed=TEACHER, noise=noise)
    clean, truth = corrected(phantom, engine), phantom.truth.data.compute()
    near = where(truth)
    rng = np.random.default_rng(0)
    parts = ((np.argwhere(near), 60_000), (np.argwhere(~near), 40_000))
    places = np.concatenate([part[rng.choice(len(part), min(n, len(part)), replace=False)] for part, n in parts])
    targets = truth[tuple(places.T)]
    targets = np.where(targets == DENDRITE, LI, np.where(targets == CRACK, VOID, targets))
    trees = RandomForestClassifier(60, min_samples_leaf=3, random_state=0)
    return trees.fit(features(clean, places, engine), targets)


def tip(metal: Mask, beside: Mask) -> int:
    """Return the last slice that the largest piece of metal reaches in the filament that ``beside`` marks."""
    pieces = cc3d.connected_components(metal.astype(np.uint8), connectivity=26)
    largest = int(np.argmax(np.bincount(pieces.ravel())[1:])) + 1
    return int(np.flatnonzero(((pieces == largest) & beside).any(axis=(1, 2)))[-1])


def deepest(dendrites: Mask, top: int) -> Mask:
    """Mark what lies within 12 voxels sideways of the true tip, and 2 of a true dendrite."""
    y, x = np.argwhere(dendrites[top])[0]
    beside = np.zeros_like(dendrites)
    window = (slice(None), slice(max(y - 12, 0), y + 13), slice(max(x - 12, 0), x + 13))
    beside[window] = ndimage.binary_dilation(dendrites, iterations=2)[window]
    return beside


def compared(seed: int, noise: Noise, trees: RandomForestClassifier, engine: Engine) -> list[int]:
    """Return the errors of the tip in voxels: forest, forest with its neighbours, recipe."""
    phantom = make_phantom(KIND, seed=seed, noise=noise)
    clean, truth = corrected(phantom, engine), phantom.truth.data.compute()
    found = segment(clean, load_recipe(KIND).segment, engine).data.compute() == LI
    dendrites = truth == DENDRITE
    top = int(np.flatnonzero(dendrites.any(axis=(1, 2)))[-1])
    near = ndimage.binary_dilation(dendrites, iterations=NEAR)
    near[: top - BELOW] = False
    places = np.argwhere(near)
    below = np.zeros(truth.shape, np.bool_)
    below[: top - BELOW] = np.isin(truth[: top - BELOW], (LI, DENDRITE))
    metal = below.copy()
    metal[tuple(places.T)] = trees.predict(features(clean, places, engine)) == LI
    agreed = (ndimage.uniform_filter(metal.astype(np.float32), 3) > 0.5) | below
    beside = deepest(dendrites, top)
    return [tip(labels, beside) - top for labels in (metal, agreed, found)]


def main(noise: str, seeds: list[int]) -> None:
    """Print a line a seed."""
    engine = Engine(workers=1)
    trees = taught(cast("Noise", noise), engine)
    print(
        f"| {KIND}, {noise} noise, tip in voxels | forest | forest, neighbours agree | recipe |\n|---|---:|---:|---:|"
    )
    for seed in seeds:
        cells = " | ".join(f"{error:+d}" for error in compared(seed, cast("Noise", noise), trees, engine))
        print(f"| seed {seed} | {cells} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], [int(text) for text in sys.argv[2:]])
