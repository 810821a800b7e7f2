"""What the recipe may say about the cell: where metal lies, and how faint an island may be."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.model import SSB_PHASES, Spacing, Volume
from micro.segment import SegmentParams, segment
from micro.segment.islands import absorb_islands
from micro.segment.layers import metal_layers
from micro.segment.levels import GreyLevels
from micro.segment.noise import Noise

VOID, SE, LI = (SSB_PHASES[name].value for name in ("void", "SE", "Li"))
GREY = {VOID: 10000, LI: 24000, SE: 46000}


def picture(labels: NDArray[np.uint8], *, noise: float = 700, seed: int = 1) -> Volume:
    table = np.zeros(256)
    for value, grey in GREY.items():
        table[value] = grey
    grey = table[labels] + np.random.default_rng(seed).normal(0, noise, labels.shape)
    return Volume(da.from_array(np.rint(grey).astype(np.uint16)), Spacing(1, 1, 1))


def cell(*, symmetric: bool = False) -> NDArray[np.uint8]:
    labels = np.full((1, 120, 160), SE, np.uint8)
    labels[:, 90:] = LI
    if symmetric:
        labels[:, :25] = LI
    for y, x in ((40, 30), (60, 100), (45, 140)):
        labels[0, y : y + 9, x : x + 8] = VOID
    labels[0, 60:72, 40:50] = LI  # an island
    labels[0, 70:90, 120:126] = LI  # a dendrite
    return labels


PARAMS = SegmentParams(shading=False, blur_voxels=0)


def test_metal_on_both_sides_is_metal() -> None:
    truth = cell(symmetric=True)
    found = np.asarray(segment(picture(truth), PARAMS, Engine()).data)
    assert (found == truth).mean() > 0.995


def test_a_layer_on_both_sides_is_one_that_the_middle_has_not() -> None:
    grey = np.full((1, 100, 60), 46000, np.uint16)
    grey[:, :20] = grey[:, 80:] = 24000
    assert metal_layers(grey, (24000.0, 46000.0), Engine()) == {0: True, 1: False}
    assert metal_layers(grey, (24000.0, 46000.0), Engine(block_shape=(1, 13, 17))) == {0: True, 1: False}


@pytest.mark.parametrize("keep", [True, False])
def test_islands_of_metal_go_only_when_the_recipe_says_so(keep: bool) -> None:
    truth = cell()
    found = np.asarray(segment(picture(truth), PARAMS.model_copy(update={"metal_islands": keep}), Engine()).data)
    assert (found[0, 61:71, 41:49] == LI).all() == keep
    assert (found[0, 72:89, 121:125] == LI).all()  # the dendrite is joined, and stays


def test_a_picture_without_an_electrode_needs_the_prior_off() -> None:
    truth = cell()[:, :90]
    truth[0, 10:30, 60:110] = LI
    on = np.asarray(segment(picture(truth), PARAMS, Engine()).data)
    off = np.asarray(segment(picture(truth), PARAMS.model_copy(update={"metal_layer": False}), Engine()).data)
    assert (off == truth).mean() > 0.99
    assert (on == truth).mean() < (off == truth).mean()


def test_islands_fainter_than_the_noise_go_and_strong_ones_stay() -> None:
    places = np.full((20, 30, 30), 1, np.uint8)
    grey = np.full(places.shape, 40000, np.uint16)
    for x, level in ((4, 38000), (18, 20000)):
        places[8:12, 10:14, x : x + 4] = 0
        grey[8:12, 10:14, x : x + 4] = level
    levels = GreyLevels(("Li", "SE"), (20000.0, 40000.0), 1500.0)
    found = {}
    for block in ((64, 64, 64), (5, 11, 7)):
        clean = absorb_islands(
            places,
            phases=2,
            voxels_min=4,
            engine=Engine(block_shape=block),
            grey=grey,
            levels=levels,
            # 64 voxels of noise that is alike over 30: a mean deviates by 1500 * sqrt(30 / 64) = 1027
            noise=Noise(1500.0, 30.0),
            sigmas_min=5.0,
        )
        found[block] = np.asarray(clean)
        assert (found[block][8:12, 10:14, 4:8] == 1).all()
        assert (found[block][8:12, 10:14, 18:22] == 0).all()
    np.testing.assert_array_equal(found[64, 64, 64], found[5, 11, 7])
