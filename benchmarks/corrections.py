"""Draw the pictures of docs/corrections.md, before and after each correction, and print what each gains.

uv run python benchmarks/corrections.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.model import Spacing, Volume
from micro.phantoms import make_phantom
from micro.phantoms.artefacts import charged, cupped, curtained, fringed, ringed, wander
from micro.preprocess import PreprocessParams, preprocess, straighten

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
PLAIN = PreprocessParams(denoise="none", align="none", stripes="none", cupping="none", fringes="none")
CUBIC = Spacing(0.05, 0.05, 0.05)


def draw(name: str, before: NDArray[np.generic], after: NDArray[np.generic]) -> None:
    """Write two pictures side by side, each pixel doubled, on one grey scale."""
    low, high = np.percentile(np.stack([before, after]), [2, 99.9])
    gap = np.full((before.shape[0], 6), high)
    both = np.hstack([before, gap, after]).astype(float).repeat(2, axis=0).repeat(2, axis=1)
    eight = np.clip((both - low) / (high - low), 0, 1)
    matplotlib.image.imsave(IMAGES / f"correction_{name}.png", eight, cmap="gray", vmin=0, vmax=1)


def corrected(grey: NDArray[np.generic], modality: str, key: str = "") -> NDArray[np.uint16]:
    """Correct a stack with one key of the recipe at auto; without, with none."""
    params = PLAIN.model_copy(update={key: "auto"} if key else {})
    volume = preprocess(Volume(grey, CUBIC, modality), params, Engine())
    for line in volume.history[-1].parameters["found"]["did"]:
        print("   ", line)
    return np.asarray(volume.data)


def compare(name: str, clean: NDArray[np.generic], spoilt: NDArray[np.generic], modality: str, key: str) -> None:
    """Draw a slice before and after, and print how much of the artefact is left."""
    print(name)
    after = corrected(spoilt, modality, key).astype(float)
    before = corrected(spoilt, modality).astype(float)
    k = len(spoilt) // 2
    # a straight line from the corrected greys to those of the clean picture, since black and white move a little
    left = []
    for image in (before[k], after[k]):
        slope, offset = np.polyfit(image.ravel(), clean[k].ravel().astype(float), 1)
        left.append(float(np.std(slope * image + offset - clean[k])))
    print(f"    off the clean picture by {left[0]:.2f} before, {left[1]:.2f} after (rms, grey values)")
    draw(name, before[k], after[k])


def alignment() -> None:
    """A section across the slices of a stack that jitters, before and after."""
    still = np.asarray(make_phantom("fibsem", seed=3, shape=(64, 200, 232), noise="none").volume.data)
    shifts = np.random.default_rng(1).normal(0, 2, (64, 2)).clip(-6, 6)
    moved = np.rint(wander(still, shifts, margin=20).clip(0, 255)).astype(np.uint8)
    after = straighten(Volume(moved, CUBIC, "fibsem"), PreprocessParams(), Engine())
    print("align\n   ", *after.history[-1].parameters["found"]["did"])
    rows = [np.asarray(each)[:, :, 96].T for each in (moved, after.data)]
    draw("align", rows[0].repeat(2, axis=1), rows[1].repeat(2, axis=1))


def main() -> None:
    """Draw all pictures."""
    rng = np.random.default_rng(0)
    alignment()
    sem = np.asarray(make_phantom("sem", seed=5, shape=(200, 240), noise="none").volume.data).astype(np.float32)
    noisy = sem + rng.normal(0, 10, sem.shape).astype(np.float32)
    compare("curtains", noisy, curtained(noisy, rms=0.09, seed=2), "sem", "stripes")
    alloy = make_phantom("sem-alloy", seed=5, shape=(200, 240), noise="none")
    grey = np.asarray(alloy.volume.data).astype(np.float32) + rng.normal(0, 6, sem.shape).astype(np.float32)
    void = np.isin(np.asarray(alloy.truth.data), alloy.truth.phases.values_with("pore"))
    compare("charging", grey, charged(grey, void, rim=90), "sem", "charging")
    ct = np.asarray(make_phantom("xct", seed=3, shape=(40, 128, 128), noise="none").volume.data)[10:34]
    ct = ct.astype(np.float32) / 256
    middle = (63.5, 63.5)
    grainy = ct + rng.normal(0, 4, ct.shape).astype(np.float32)
    compare("rings", grainy, ringed(grainy, rms=5, seed=2, centre=(60, 66)), "xct", "stripes")
    compare("cupping", ct, cupped(ct - ct.min(), rim=0.25, centre=middle) + ct.min(), "xct", "cupping")
    compare("fringes", ct, fringed(ct, strength=1.0), "xct", "fringes")


if __name__ == "__main__":
    main()
