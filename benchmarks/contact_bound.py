"""Contact and thin filaments: does a forest that knows the truth of another phantom do better than the recipe?

As `depth_bound` asks for tips. The forest (scikit-learn, micro's own features) labels what lies within 4 voxels of the
true edges of the metal; elsewhere the truth is taken, so that it is flattered. Its labels are split, named and measured
as the recipe's are. Prints the error of the contact fraction and the share of dendrite voxels found: of the forest
voxel by voxel, of its shares of votes averaged over the 27 voxels around, and of the recipe.

Run: uv run python benchmarks/contact_bound.py NOISE SEED [SEED ...]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import cast

import numpy as np
from depth_bound import CRACK, DENDRITE, KIND, LI, NEAR, VOID, Mask, corrected, features, taught
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier

from micro.blocks import Engine
from micro.cell import anatomy, split_phases
from micro.measure import measure
from micro.model import Labels
from micro.phantoms import Noise, Phantom, make_phantom
from micro.segment import segment
from micro_pipelines import load_recipe

LabelArray = NDArray[np.uint8]


def beside_metal(truth: LabelArray) -> Mask:
    """Mark what lies within `NEAR` voxels of an edge of the metal, on both sides."""
    metal = np.isin(truth, (LI, DENDRITE))
    outside = ndimage.binary_dilation(metal, iterations=NEAR)
    return np.asarray(outside & ~ndimage.binary_erosion(metal, iterations=NEAR, border_value=1))


def of_segment(truth: LabelArray) -> LabelArray:
    """Return the truth in the phases that a segmentation has: dendrites as lithium, cracks as void."""
    return np.where(truth == DENDRITE, LI, np.where(truth == CRACK, VOID, truth)).astype(np.uint8)


def labelled(
    phantom: Phantom, trees: RandomForestClassifier, engine: Engine
) -> tuple[LabelArray, LabelArray, LabelArray]:
    """Return the labels of the forest, of the forest with its neighbours, and of the recipe."""
    clean, truth = corrected(phantom, engine), phantom.truth.data.compute()
    near = beside_metal(truth)
    shares = np.stack([of_segment(truth) == value for value in trees.classes_]).astype(np.float32)
    votes = [trees.predict_proba(features(clean, part, engine)) for part in np.array_split(np.argwhere(near), 8)]
    shares[:, near] = np.concatenate(votes).T
    around = np.stack([ndimage.uniform_filter(share, 3) for share in shares])
    single, agreed = (
        np.where(near, trees.classes_[part.argmax(axis=0)], of_segment(truth)).astype(np.uint8)
        for part in (shares, around)
    )
    return single, agreed, segment(clean, load_recipe(KIND).segment, engine).data.compute()


def scored(labels: Labels, phantom: Phantom, engine: Engine) -> tuple[float, float]:
    """Return the error of the contact fraction, and the share of the true dendrite voxels that are dendrite."""
    recipe = load_recipe(KIND)
    split = split_phases(labels, recipe.cell, engine)
    rows = measure(anatomy(split, recipe.cell, engine), recipe.measure, engine).rows
    contact = next(row.value for row in rows if row.metric == "contact_fraction")
    true = phantom.truth.data.compute() == DENDRITE
    found = np.count_nonzero(split.data.compute()[true] == DENDRITE) / np.count_nonzero(true)
    return float("nan") if contact is None else contact - phantom.values["contact_fraction"], found


def main(noise: Noise, seeds: list[int]) -> None:
    """Print a line a seed."""
    engine = Engine(workers=1)
    trees = taught(noise, engine, beside_metal)
    columns = ("forest", "forest, mean of 27", "recipe")
    heads = [f"{what}: {column}" for what in ("contact error", "dendrite voxels") for column in columns]
    print(f"| {KIND}, {noise} noise | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}")
    for seed in seeds:
        phantom = make_phantom(KIND, seed=seed, noise=noise)
        scores = [
            scored(replace(phantom.truth, data=data), phantom, engine) for data in labelled(phantom, trees, engine)
        ]
        cells = [f"{error:+.3f}" for error, _ in scores] + [f"{found:.3f}" for _, found in scores]
        print(f"| seed {seed} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(cast("Noise", sys.argv[1]), [int(text) for text in sys.argv[2:]])
