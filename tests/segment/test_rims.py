from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.model import Spacing, Volume
from micro.segment.levels import GreyLevels
from micro.segment.rims import Rims, measure_rims, take_off_rims

LEVELS = GreyLevels(("void", "Li", "SE"), (9000.0, 22000.0, 40000.0), 1500.0)
VOID, LI, SE = 0, 1, 2
BLUR = 0.7


def pores(seed: int, shape: tuple[int, int, int] = (1, 240, 240)) -> NDArray[np.uint8]:
    """Round pores in electrolyte, metal below."""
    places = np.full(shape, SE, np.uint8)
    rng = np.random.default_rng(seed)
    z, y, x = np.indices(shape)
    for _ in range(14):
        k, j, i = rng.uniform((0, 12, 10), (shape[0], shape[1] - 70, shape[2] - 10))
        flat = 0 if shape[0] == 1 else 4 * (z - k) ** 2
        places[flat + (y - j) ** 2 + (x - i) ** 2 < rng.uniform(3, 9) ** 2] = VOID
    places[:, -40:] = LI
    return places


def seen(places: NDArray[np.uint8], height: float, seed: int = 0, noise: float = 1500.0) -> NDArray[np.uint16]:
    """The picture: levels, a rim that falls off with the distance from void (no shape that is fitted), blur, noise."""
    apart = ndimage.distance_transform_edt(places != VOID)
    rim = np.where(places == VOID, 0, height * np.exp(-np.maximum(apart - 1, 0) / 2))
    blur = (0 if places.shape[0] == 1 else BLUR, BLUR, BLUR)
    grey = ndimage.gaussian_filter(np.array(LEVELS.greys)[places] + rim, blur)
    return np.rint(grey + np.random.default_rng(seed).normal(0, noise, places.shape)).astype(np.uint16)


def measured(
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    *,
    modality: str = "sem",
    block: tuple[int, int, int] | None = None,
) -> Rims | None:
    engine = Engine() if block is None else Engine(block_shape=block)
    volume = Volume(grey, Spacing(1, 1, 1), modality)
    return measure_rims(places, grey, volume, LEVELS, void=VOID, matrix=SE, metal=LI, blur_voxels=BLUR, engine=engine)


def flattened(places: NDArray[np.uint8], grey: NDArray[np.uint16], rims: Rims, engine: Engine) -> NDArray[np.uint16]:
    out = engine.array(places.shape, np.uint16)
    engine.run(take_off_rims, [places, grey], outputs=[out], halo=rims.halo, constants={"rims": rims})
    return np.asarray(out)


@pytest.mark.parametrize("height", [4000.0, 9000.0])
def test_a_rim_is_measured_and_taken_off(height: float) -> None:
    places = pores(1)
    grey = seen(places, height)
    rims = measured(places, grey)
    assert rims is not None
    # one voxel off the edge the blur has taken some of it; a fifth is what the fitted shape leaves of an exponential
    assert rims.edge == pytest.approx(0.8 * height, rel=0.25)
    even = flattened(places, grey, rims, Engine())
    bare = seen(places, 0.0)
    ring = ndimage.binary_dilation(places == VOID, iterations=4) & (places == SE)
    before = float(np.mean(grey[ring].astype(float) - bare[ring]))
    after = float(np.mean(even[ring].astype(float) - bare[ring]))
    assert before > 0.3 * height
    # least squares leave no mean error but that of the voxels at the edge, which are not fitted
    assert abs(after) < 0.12 * before


def test_the_rim_is_taken_off_metal_too_where_it_was_not_measured() -> None:
    places = pores(2)
    places[0, 198:204, 100:130] = VOID  # a gap on the metal
    grey, bare = seen(places, 8000.0), seen(places, 0.0)
    rims = measured(places, grey)
    assert rims is not None
    even = flattened(places, grey, rims, Engine())
    below = np.s_[0, 205:208, 104:126]
    excess = float(np.mean(grey[below].astype(float) - bare[below]))
    assert abs(float(np.mean(even[below].astype(float) - bare[below]))) < 0.35 * excess


def test_a_picture_without_rims_keeps_its_greys() -> None:
    places = pores(3)
    rims = measured(places, seen(places, 0.0))
    assert rims is not None
    # the error of a mean over the some thousand voxels of the rims
    assert abs(rims.edge) < 0.02 * (LEVELS.greys[SE] - LEVELS.greys[VOID])


@pytest.mark.parametrize("modality", ["fibsem", "xct"])
def test_blocks_make_no_difference(modality: str) -> None:
    places = pores(4, (12, 96, 90))
    grey = seen(places, 6000.0)
    whole = measured(places, grey, modality=modality)
    assert whole is not None
    for block in ((5, 40, 33), (12, 17, 90)):
        assert measured(places, grey, modality=modality, block=block) == whole
        pieces = flattened(places, grey, whole, Engine(block_shape=block))
        assert np.array_equal(pieces, flattened(places, grey, whole, Engine()))


def test_electrons_see_each_slice_by_itself() -> None:
    places = pores(5, (12, 96, 90))
    assert all(sigma[0] == 0 for sigma in measured(places, seen(places, 6000.0), modality="fibsem").sigmas)
    assert all(sigma[0] > 0 for sigma in measured(places, seen(places, 6000.0), modality="xct").sigmas)


def test_nothing_to_measure() -> None:
    solid = np.full((1, 60, 60), SE, np.uint8)
    assert measured(solid, seen(solid, 0.0)) is None
    metal = np.full((1, 60, 60), LI, np.uint8)
    metal[0, 20:30, 20:30] = VOID
    assert measured(metal, seen(metal, 0.0)) is None
