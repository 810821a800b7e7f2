"""Edges of the metal: what a blurred picture hides comes back, and blocks agree."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.model import Spacing
from micro.segment.levels import GreyLevels
from micro.segment.refine import SCALE, blur_weights, refine_edges, refine_reach
from micro.segment.regularise import cost_table, nearest_level, neighbour_weights
from micro.segment.skins import remove_skins, skin_reach

VOID, LI, SE = 0, 1, 2
LEVELS = GreyLevels(("void", "Li", "SE"), (12000.0, 24000.0, 46000.0), 900.0)


def drawn(truth: NDArray[np.uint8], *, blur: float, seed: int = 3) -> NDArray[np.uint16]:
    sigma = tuple(blur if length > 1 else 0.0 for length in truth.shape)
    sharp = np.choose(truth, LEVELS.greys).astype(np.float32)
    noise = np.random.default_rng(seed).normal(0, LEVELS.noise, truth.shape)
    return np.rint(ndimage.gaussian_filter(sharp, sigma, mode="nearest") + noise).astype(np.uint16)


def refined(places: NDArray[np.uint8], grey: NDArray[np.uint16], spacing: Spacing, engine: Engine) -> NDArray[np.uint8]:
    out = engine.array(places.shape, np.uint8)
    constants = {
        "levels": LEVELS,
        "metal": LI,
        "weights": blur_weights(0.7, spacing.um, places.shape),
        "potts": neighbour_weights(spacing, 1.0),
        "noise": LEVELS.noise,
    }
    engine.run(
        refine_edges, [places, grey], outputs=[out], halo=refine_reach(places.shape), stage="edges", constants=constants
    )
    return np.asarray(out)


def interface(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Lithium below, electrolyte above; between them lens-shaped gaps up to three voxels thick."""
    truth = np.full(shape, SE, np.uint8)
    truth[:, shape[1] // 2 :] = LI
    z, x = np.indices((shape[0], shape[2]))
    middle = shape[0] // 2
    for centre, radius in ((14, 9), (42, 12)):
        lens = 3.2 * (1 - ((x - centre) ** 2 + (0 if shape[0] == 1 else (z - middle) ** 2)) / radius**2)
        for depth in range(3):
            truth[:, shape[1] // 2 + depth][lens > depth] = VOID
    return truth


@pytest.mark.parametrize("shape", [(1, 40, 60), (30, 36, 60)])
def test_thin_gaps_and_filaments_come_nearer_to_the_truth(shape: tuple[int, int, int]) -> None:
    truth = interface(shape)
    across = slice(None) if shape[0] == 1 else slice(13, 16)
    truth[across, 5 : shape[1] // 2, 28:30] = LI
    grey = drawn(truth, blur=0.7)
    first = nearest_level(grey, cost_table(LEVELS, noise=LEVELS.noise))
    first = remove_skins(first, grey, LEVELS, skin_reach(shape, (1, 1, 1), 2), pair=(VOID, LI))
    once = refined(first, grey, Spacing(1, 1, 1), Engine())
    again = refined(once, grey, Spacing(1, 1, 1), Engine())
    wrong = [int((labels != truth).sum()) for labels in (first, once, again)]
    # every round moves an edge by a voxel at most; the gaps of three voxels need more of them than the tips
    assert wrong[1] < 0.75 * wrong[0]
    assert wrong[2] <= 0.6 * wrong[1]
    gap = truth == VOID
    kept = [float((labels[gap] == VOID).mean()) for labels in (first, once, again)]
    assert kept[0] < kept[1] <= kept[2]
    assert kept[2] > 0.9


def test_a_picture_that_fits_already_stays() -> None:
    truth = interface((1, 40, 60))
    flat = truth.copy()
    flat[flat == VOID] = LI
    grey = drawn(flat, blur=0.7)
    np.testing.assert_array_equal(refined(flat, grey, Spacing(1, 1, 1), Engine()), flat)


@pytest.mark.parametrize("block", [(7, 9, 11), (30, 13, 60), (128, 128, 128)])
def test_blocks_agree_to_the_last_voxel(block: tuple[int, int, int]) -> None:
    truth = interface((30, 36, 60))
    grey = drawn(truth, blur=0.9, seed=5)
    first = nearest_level(grey, cost_table(LEVELS, noise=LEVELS.noise))
    spacing = Spacing(2, 1, 1)
    whole = refined(first, grey, spacing, Engine(block_shape=(64, 64, 64)))
    np.testing.assert_array_equal(refined(first, grey, spacing, Engine(block_shape=block)), whole)


def test_the_blur_is_a_gaussian_in_um_and_adds_up() -> None:
    weights = blur_weights(0.7, (2.0, 1.0, 1.0), (9, 9, 9))
    assert weights.sum() == SCALE
    rows = weights.sum(axis=(0, 2)) / SCALE
    expected = np.exp(-0.5 * (np.arange(-2, 3) / 0.7) ** 2)
    # integers of 1024 in all; five by five by three of them are rounded
    np.testing.assert_allclose(rows, expected / expected.sum(), atol=0.02)
    assert weights.sum(axis=(1, 2))[0] < rows[1] * SCALE
