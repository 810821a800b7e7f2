"""Draw the picture of docs/segmentation.md: what each step of the automatic segmentation does to a noisy picture.

uv run python benchmarks/segmentation_steps.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.model import SSB_PHASES
from micro.phantoms import make_phantom
from micro.preprocess import PreprocessParams, preprocess
from micro.segment import SegmentParams, segment

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
NONE = {"smoothing": 0, "iterations": 0, "partial_volume_voxels": 0, "object_voxels": 0}
OFF = {"min_object_voxels": 0, "island_sigmas": 0, "blur_voxels": 0}
STEPS: dict[str, dict[str, float]] = {
    "nearest grey level": {**NONE, **OFF},
    "neighbours agree": {"partial_volume_voxels": 0, "object_voxels": 0, **OFF},
    "skins and thin objects": OFF,
    "edges and islands": {},
}


def coloured(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return labels in the colours of their phases; dendrite as Li and crack as void, which no step tells apart."""
    merged = np.choose(np.minimum(labels, 5), [0, 1, 2, 3, 3, 1])
    table = np.zeros((256, 3), np.uint8)
    for name in ("void", "SE", "Li"):
        colour = SSB_PHASES[name].colour.lstrip("#")
        table[SSB_PHASES[name].value] = [int(colour[k : k + 2], 16) for k in (0, 2, 4)]
    return table[merged]


def main() -> None:
    """Segment one noisy phantom step by step, print how much of each phase is right, and draw a part of it."""
    phantom = make_phantom("sem", seed=0, noise="hard")
    clean = preprocess(phantom.volume, PreprocessParams(stripes="columns"), Engine())
    truth = np.asarray(phantom.truth.data)[0]
    window = (slice(330, 450), slice(300, 480))
    grey = np.asarray(phantom.volume.data)[0][window]
    rows = [np.repeat(grey[..., None], 3, axis=2)]
    for name, changes in STEPS.items():
        params = SegmentParams().model_copy(update=changes)
        labels = np.asarray(segment(clean, params, Engine()).data)[0]
        score = []
        for found, true in (((1,), (1, 5)), ((3,), (3, 4))):
            a, b = np.isin(labels, found), np.isin(truth, true)
            score.append(float((a & b).sum() / (a | b).sum()))
        print(f"{name:24s} void IoU {score[0]:.3f}  Li IoU {score[1]:.3f}")
        rows.append(coloured(labels[window]))
    rows.append(coloured(truth[window]))
    frame = [np.pad(tile, ((2, 2), (2, 2), (0, 0)), constant_values=255) for tile in rows]
    sheet = np.vstack([np.hstack(frame[:3]), np.hstack(frame[3:])])
    matplotlib.image.imsave(IMAGES / "segmentation_steps.png", sheet.repeat(2, axis=0).repeat(2, axis=1))


if __name__ == "__main__":
    main()
