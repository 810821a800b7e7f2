"""Islands of void that noise makes in metal nearly as dark."""

import numpy as np
import pytest

from micro.blocks import Engine
from micro.segment.levels import GreyLevels
from micro.segment.noise import Noise
from micro.segment.plugs import fill_plugs

LEVELS = GreyLevels(("void", "Li", "SE"), (14_000.0, 24_000.0, 37_000.0), 2_800.0)
NOISE = Noise(2_900.0, 29.0)


def filament(grey_of_island, *, apart=False):
    """A square rod of metal along x with an island of void of 3 x 3 x 4 voxels in it, or beside it."""
    places = np.full((15, 17, 40), 2, np.uint8)
    places[6:9, 6:9, :] = 1
    rows = slice(12, 15) if apart else slice(6, 9)
    places[6:9, rows, 18:22] = 0
    grey = np.array(LEVELS.greys, np.uint16)[places]
    grey[places == 0] = grey_of_island
    return places, grey


def filled(places, grey, sigmas_max=4.0, engine=None, body_voxels=0):
    how = {"noise": NOISE, "sigmas_max": sigmas_max, "engine": engine or Engine(), "body_voxels": body_voxels}
    return np.asarray(fill_plugs(places, grey, LEVELS, (0, 1), **how))


# the mean over 36 voxels has a standard deviation of 2900 * (29 / 36) ** 0.5 = 2603: 4 of them are 10411
@pytest.mark.parametrize(("away", "left"), [(10_300, 0), (10_500, 36)])
def test_an_island_within_the_noise_of_the_metal_is_metal(away, left):
    places, grey = filament(24_000 - away)
    out = filled(places, grey)
    assert np.count_nonzero(out == 0) == left
    assert np.array_equal(out[places != 0], places[places != 0])


def test_void_that_touches_no_metal_stays():
    places, grey = filament(20_000, apart=True)
    assert np.array_equal(filled(places, grey), places)


# the rod has 360 voxels, of which the island takes 36; it is cut in two pieces of 162
@pytest.mark.parametrize(("body_voxels", "left"), [(162, 0), (163, 36)])
def test_only_islands_at_bodies_of_metal_count_where_that_is_said(body_voxels, left):
    places, grey = filament(20_000)
    out = filled(places, grey, body_voxels=body_voxels)
    assert np.count_nonzero(out == 0) == left
    assert np.array_equal(out[places != 0], places[places != 0])


def test_where_noise_tells_them_apart_nothing_is_done():
    places, grey = filament(20_000)
    assert np.array_equal(filled(places, grey, sigmas_max=0.0), places)


def test_blocks_agree():
    places, grey = filament(20_000)
    for engine in (Engine(block_shape=(7, 5, 9)), Engine(block_shape=(4, 17, 19), workers=1)):
        assert np.array_equal(filled(places, grey, engine=engine), filled(places, grey))
