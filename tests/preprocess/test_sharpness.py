"""The blur of edges, whatever the noise and the blocks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.model import Spacing
from micro.preprocess.sharpness import edge_blur

UNIT = Spacing(1, 1, 1)


def layers(sigma: float, noise: float) -> NDArray[np.uint16]:
    grey = np.full((16, 60, 70), 45000.0)
    grey[:, 33:] = 15000
    grey[4:9, 8:20, 10:22] = 9000
    soft = ndimage.gaussian_filter(grey, sigma) + np.random.default_rng(0).normal(0, noise, grey.shape)
    return np.clip(np.rint(soft), 0, 65535).astype(np.uint16)


@pytest.mark.parametrize("noise", [0.0, 900.0])
@pytest.mark.parametrize("sigma", [0.7, 0.8, 1.0])
def test_the_blur_of_a_flat_edge_is_found(sigma: float, noise: float) -> None:
    found = edge_blur(layers(sigma, noise), UNIT, Engine())
    # the steepest of noisy steps is chosen, which makes edges look up to a tenth sharper
    assert found == pytest.approx(sigma, rel=0.12)


@pytest.mark.parametrize("block", [(5, 17, 19), (16, 7, 70), (3, 60, 9)])
def test_blocks_change_nothing(block: tuple[int, int, int]) -> None:
    grey = layers(0.9, 900.0)
    assert edge_blur(grey, UNIT, Engine(block_shape=block)) == edge_blur(grey, UNIT, Engine())


def test_too_few_edges_tell_nothing() -> None:
    assert edge_blur(np.full((1, 40, 40), 30000, np.uint16), UNIT, Engine()) is None
