"""Label volumes made by hand and by the phantoms, for the anatomy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.model import SSB_PHASES, Labels
from micro.phantoms import Phantom, make_phantom

SHAPES = {"sem": (1, 160, 224), "fibsem": (32, 112, 128), "xct": (64, 64, 64)}


@cache
def _phantom(kind: str) -> Phantom:
    return make_phantom(kind, seed=4, shape=SHAPES[kind], noise="none")


@cache
def _unsplit(kind: str) -> Labels:
    """The truth of a phantom as a segmentation gives it: dendrites are metal, cracks are void."""
    truth = np.asarray(_phantom(kind).truth.data)
    table = np.arange(256, dtype=np.uint8)
    table[SSB_PHASES["dendrite"].value] = SSB_PHASES["Li"].value
    table[SSB_PHASES["crack"].value] = SSB_PHASES["void"].value
    return Labels(table[truth], _phantom(kind).truth.spacing)


@pytest.fixture
def phantom() -> Callable[[str], Phantom]:
    """A small phantom by its kind; the same one for every test."""
    return _phantom


@pytest.fixture
def unsplit() -> Callable[[str], Labels]:
    return _unsplit


@pytest.fixture
def metal() -> NDArray[np.bool_]:
    return SSB_PHASES.mask_table("metal")
