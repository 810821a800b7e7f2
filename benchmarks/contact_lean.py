"""Where and why the recipe reads contact too low or too high in CT: contact maps of truth and labels side by side.

Prints for each phantom the error of the contact fraction; the noise that the segmentation reckons with, and the width
of the electrolyte's mode; how much darker than lithium its two voxels below the electrolyte are, in the mean and the
darker of both, where no gap is within 6 voxels: all these over the step from void to lithium. And how many columns of
the interface, in percent, are void or contact by mistake: beside the true rim of a gap, and further off.

Run: uv run python benchmarks/contact_lean.py NOISE SEED [SEED ...]
"""

from __future__ import annotations

import sys
from typing import cast

import numpy as np
from depth_bound import KIND, LI, corrected
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.cell import anatomy, split_phases
from micro.measure import Results, measure
from micro.model import FULL_SCALE, SSB_PHASES, Labels
from micro.phantoms import Noise, make_phantom
from micro.segment import find_levels, segment
from micro_pipelines import load_recipe

CONTACT, VOID, FAR = 1, 2, 6
Mask = NDArray[np.bool_]


def measured(labels: Labels, engine: Engine) -> Results:
    """Return what the recipe measures on labels."""
    recipe = load_recipe(KIND)
    return measure(anatomy(labels, recipe.cell, engine), recipe.measure, engine)


def seam(grey: NDArray[np.uint16], truth: NDArray[np.uint8], away: Mask) -> tuple[float, float]:
    """Return the mean grey of the two voxels below the interface, and the mean of the darker one of each column."""
    top = len(truth) - 1 - np.argmax(truth[::-1] == LI, axis=0)
    y, x = np.nonzero(away & (top > 1))
    pair = np.stack([grey[top[y, x] - below, y, x] for below in (0, 1)]).astype(np.float64)
    return float(pair.mean()), float(pair.min(axis=0).mean())


def wrong(true: NDArray[np.uint8], found: NDArray[np.uint8]) -> list[float]:
    """Return the shares of columns: void by mistake at rims and elsewhere, contact by mistake likewise; in percent."""
    out = []
    for here, there in ((CONTACT, VOID), (VOID, CONTACT)):
        mistaken = (true == here) & (found == there)
        rim = ndimage.distance_transform_edt(true != there) < 1.5
        out += [100 * float(np.mean(mistaken & rim)), 100 * float(np.mean(mistaken & ~rim))]
    return out


def line(seed: int, noise: Noise, engine: Engine) -> str:
    """Return the line of a phantom."""
    phantom, params = make_phantom(KIND, seed=seed, noise=noise), load_recipe(KIND).segment
    clean, truth = corrected(phantom, engine), phantom.truth.data.compute()
    segmented = segment(clean, params, engine)
    results, own = (
        measured(labels, engine) for labels in (split_phases(segmented, load_recipe(KIND).cell, engine), phantom.truth)
    )
    assert results.contact_map is not None
    assert own.contact_map is not None
    true = own.contact_map.values
    found = segmented.history[-1].parameters["found"]
    step = found["levels"]["Li"] - found["levels"]["void"]
    levels = find_levels(clean.data, params, phases=SSB_PHASES, engine=engine)
    away = ndimage.distance_transform_edt(true == CONTACT) > FAR
    dark = [(found["levels"]["Li"] - grey / FULL_SCALE) / step for grey in seam(clean.data.compute(), truth, away)]
    value = next(row.value for row in results.rows if row.metric == "contact_fraction")
    error = float("nan") if value is None else value - phantom.values["contact_fraction"]
    width = levels.width(levels.names.index("SE")) / FULL_SCALE
    cells = [found["noise"] / step, width / step, *dark, *wrong(true, results.contact_map.values)]
    return f"| seed {seed} | {error:+.3f} | {' | '.join(f'{cell:.2f}' for cell in cells)} |"


def main(noise: Noise, seeds: list[int]) -> None:
    """Print a line a seed."""
    heads = (
        "contact error",
        "noise of levels",
        "of electrolyte",
        "seam, mean",
        "seam, darker voxel",
        "void by mistake: at rims, %",
        "elsewhere, %",
        "contact by mistake: at rims, %",
        "elsewhere, %",
    )
    print(f"| {KIND}, {noise} noise | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}")
    engine = Engine(workers=1)
    for seed in seeds:
        print(line(seed, noise, engine), flush=True)


if __name__ == "__main__":
    main(cast("Noise", sys.argv[1]), [int(text) for text in sys.argv[2:]])
