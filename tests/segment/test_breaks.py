from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.segment.breaks import close_breaks
from micro.segment.levels import GreyLevels
from micro.segment.refine import blur_weights

VOID, LI, SE = 0, 1, 2
LEVELS = GreyLevels(("void", "Li", "SE"), (8000.0, 20000.0, 44000.0), 2000.0)
BLUR = 0.7
EDGES = (1.0, 1.0, 1.0)


def seen(truth: NDArray[np.uint8], *, noise: float = 0.0, seed: int = 0) -> NDArray[np.uint16]:
    sigma = tuple(BLUR if length > 1 else 0.0 for length in truth.shape)
    grey = ndimage.gaussian_filter(np.array(LEVELS.greys)[truth], sigma)
    grey += np.random.default_rng(seed).normal(0, noise, truth.shape) if noise else 0
    return np.rint(np.clip(grey, 0, 65535)).astype(np.uint16)


def filament(gap: int, *, shape: tuple[int, int, int] = (1, 40, 30)) -> NDArray[np.uint8]:
    """Metal below, and a filament three voxels wide that stands on it, broken for ``gap`` voxels."""
    truth = np.full(shape, SE, np.uint8)
    truth[:, 32:] = LI
    slab = slice(None) if shape[0] == 1 else slice(5, 8)
    truth[slab, 5:33, 13:16] = LI
    truth[slab, 18 : 18 + gap, 13:16] = SE
    return truth


def closed(
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    *,
    reach: float = 4.0,
    block: tuple[int, int, int] = (128, 1024, 1024),
    edges: tuple[float, float, float] = EDGES,
) -> NDArray[np.uint8]:
    out = close_breaks(
        places,
        grey,
        LEVELS,
        LI,
        weights=blur_weights(BLUR, edges, places.shape),
        reach_voxels=reach,
        edges_um=edges,
        engine=Engine(block_shape=block),
    )
    return np.asarray(out)


def pieces(places: NDArray[np.uint8]) -> int:
    return int(ndimage.label(places == LI, np.ones((3, 3, 3)))[1])


@pytest.mark.parametrize("shape", [(1, 40, 30), (14, 40, 30)])
@pytest.mark.parametrize("gap", [1, 2, 3])
def test_a_break_that_the_picture_does_not_have_is_closed(shape: tuple[int, int, int], gap: int) -> None:
    broken, whole = filament(gap, shape=shape), filament(0, shape=shape)
    out = closed(broken, seen(whole))
    assert pieces(broken) == 2
    assert pieces(out) == 1
    assert not ((out == LI) & (whole != LI)).any()


@pytest.mark.parametrize("gap", [2, 3])
def test_a_break_that_the_picture_has_stays(gap: int) -> None:
    broken = filament(gap)
    assert np.array_equal(closed(broken, seen(broken)), broken)


def test_a_crack_across_a_filament_stays() -> None:
    cut = filament(3)
    cut[:, 18:21] = VOID
    assert np.array_equal(closed(cut, seen(cut)), cut)


def test_what_is_farther_than_the_reach_stays() -> None:
    broken = filament(4)
    assert pieces(closed(broken, seen(filament(0)), reach=4.0)) == 2
    assert pieces(closed(broken, seen(filament(0)), reach=5.0)) == 1


def test_noise_alone_joins_few() -> None:
    """Noise as in a denoised picture at hard noise (an eighth of the step), 40 gaps of three voxels."""
    broken = filament(3)
    joined = sum(pieces(closed(broken, seen(broken, noise=3000.0, seed=seed))) == 1 for seed in range(40))
    # a path of two voxels differs by some five deviations of that noise from what is there
    assert joined <= 1


def test_blocks_make_no_difference() -> None:
    rng = np.random.default_rng(5)
    whole = np.full((10, 40, 44), SE, np.uint8)
    for _ in range(12):
        z, y, x = rng.integers((1, 2, 2), (9, 38, 10))
        whole[z - 1 : z + 1, y - 1 : y + 2, x : x + 30] = LI
    broken = whole.copy()
    broken[:, :, ::9] = np.where(broken[:, :, ::9] == LI, SE, broken[:, :, ::9])
    grey = seen(whole, noise=2500.0)
    reference = closed(broken, grey)
    assert pieces(reference) < pieces(broken)
    for block in ((3, 11, 13), (10, 40, 7), (5, 9, 44)):
        assert np.array_equal(closed(broken, grey, block=block), reference)


def test_the_reach_is_a_length() -> None:
    """Slices twice as far apart: a break along z may have half as many."""
    whole = np.full((24, 20, 20), SE, np.uint8)
    whole[20:] = LI
    whole[2:21, 8:11, 8:11] = LI
    broken = whole.copy()
    broken[10:12, 8:11, 8:11] = SE
    edges = (2.0, 1.0, 1.0)
    assert pieces(closed(broken, seen(whole), reach=4.0, edges=edges)) == 2
    assert pieces(closed(broken, seen(whole), reach=6.0, edges=edges)) == 1
