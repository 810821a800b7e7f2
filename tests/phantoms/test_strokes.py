"""Strokes of a truth: thin, few, reproducible, inside what they are painted as."""

import numpy as np
import pytest

from micro.errors import ParameterError
from micro.phantoms import make_phantom, strokes_of


@pytest.fixture(scope="module")
def fibsem():
    return make_phantom("fibsem", seed=3, shape=(24, 96, 96))


def test_strokes_lie_inside_their_phases_and_are_few(fibsem):
    truth = fibsem.truth.data.compute()
    strokes = strokes_of(fibsem.truth, seed=1, share=9e-4).data.compute()
    painted = strokes > 0
    assert 0 < painted.mean() <= 9e-4
    as_painted = np.array([0, 1, 2, 3, 3, 1], np.uint8)[truth]
    assert (strokes[painted] == as_painted[painted]).all()
    assert set(np.unique(strokes[painted])) == set(np.unique(as_painted)) - {0}


def test_strokes_are_thin(fibsem):
    strokes = strokes_of(fibsem.truth, seed=1, share=5e-3).data.compute() > 0
    blocks = strokes[:-1, :-1, :-1] & strokes[1:, 1:, 1:] & strokes[:-1, 1:, 1:] & strokes[1:, :-1, :-1]
    assert not blocks.any()


def test_the_seed_decides(fibsem):
    one, two, other = (strokes_of(fibsem.truth, seed=seed).data.compute() for seed in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()
    assert strokes_of(fibsem.truth, seed=1).history[-1].operation == "strokes"


@pytest.mark.parametrize("share", [0.0, -1.0, 2.0])
def test_a_share_that_is_none_is_refused(fibsem, share):
    with pytest.raises(ParameterError, match="0 to 1"):
        strokes_of(fibsem.truth, share=share)
