"""When a classifier's phases are told by their grey too."""

from types import SimpleNamespace

import numpy as np
import pytest

from micro.blocks import Engine
from micro.classify.greys import grey_levels
from micro.model import SSB_PHASES

STROKES = SimpleNamespace(phases=("void", "SE", "Li"), levels=(8e3, 4.5e4, 2.5e4), widths=(3e3, 3e3, 3e3))


def layers(greys, noise, *, shape=(12, 60, 40)):
    """Three layers along y in the order of the phases: greys, and chances that are certain."""
    rng = np.random.default_rng(3)
    places = np.repeat(np.arange(3), shape[1] // 3)[None, :, None] * np.ones(shape, int)
    grey = np.array(greys)[places] + rng.normal(0, 1, shape) * np.array(noise)[places]
    chances = [np.where(places == phase, 255, 0).astype(np.uint8) for phase in range(3)]
    return grey.clip(0, 65535).astype(np.uint16), chances


def found(grey, chances, engine=None):
    return grey_levels(grey, chances, STROKES, phases=SSB_PHASES, engine=engine or Engine())


def test_levels_are_those_of_the_picture_from_dark_to_bright():
    levels = found(*layers((10_000, 46_000, 24_000), (1_500, 2_000, 1_000)))
    assert levels.names == ("void", "Li", "SE")
    # a bin of the histogram is 64 wide, and the error of a median of 9600 voxels 30 at most
    assert levels.greys[1:] == pytest.approx((24_000, 46_000), abs=128)
    # void is looked for a fifth of the way to lithium
    assert levels.greys[0] == pytest.approx(12_800, abs=128)
    assert levels.noise == pytest.approx(2_000, rel=0.1)


def test_the_order_of_greys_is_the_pictures_own():
    levels = found(*layers((10_000, 24_000, 46_000), (1_500, 2_000, 1_000)))
    assert levels.names == ("void", "SE", "Li")
    # the electrolyte lies between void and metal: neither is looked for nearer to the other
    assert levels.greys == pytest.approx((10_000, 24_000, 46_000), abs=128)


def test_phases_of_one_grey_and_two_textures_are_left_to_the_network():
    grey, chances = layers((10_000, 30_000, 30_000), (1_500, 1_000, 12_000))
    assert found(grey, chances) is None


def test_noise_as_large_as_the_steps_is_left_to_the_network():
    assert found(*layers((10_000, 40_000, 25_000), (15_000, 15_000, 15_000))) is None


def test_a_phase_of_few_voxels_keeps_the_level_of_its_strokes():
    grey, chances = layers((10_000, 46_000, 24_000), (1_500, 2_000, 1_000))
    chances[1] = np.maximum(chances[1], chances[0])
    chances[0] = np.zeros_like(chances[0])
    chances[0][0, :2, :5], chances[1][0, :2, :5] = 255, 0
    grey[:, :20] = 46_000
    levels = found(grey, chances)
    assert levels.names[0] == "void"
    assert levels.greys[0] == pytest.approx(8_000 + 0.2 * 16_000, abs=128)


def test_levels_do_not_depend_on_the_blocks():
    grey, chances = layers((10_000, 46_000, 24_000), (3_000, 4_000, 3_500))
    whole = found(grey, chances)
    assert whole is not None
    for block_shape in ((5, 13, 40), (12, 7, 9)):
        assert found(grey, chances, Engine(block_shape=block_shape)) == whole
