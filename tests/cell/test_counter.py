"""The counter electrode keeps what is its own, in a shorted cell too."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import CellParams, Part, anatomy, split_phases
from micro.model import Labels, Spacing

LI, SE, DENDRITE = 3, 2, 4


def shorted() -> np.ndarray:
    """Anode below row 80, counter electrode above row 20, a short at x 60 and what belongs to the counter electrode."""
    labels = np.full((1, 100, 160), SE, np.uint8)
    labels[0, 80:] = labels[0, :20] = LI
    labels[0, 20:80, 60:64] = LI  # the short
    labels[0, 20:22, 100:104] = LI  # roughness that the opening takes off
    labels[0, 20:40, 130:134] = LI  # a filament of the counter electrode
    labels[0, 50:80, 20:24] = LI  # an ordinary dendrite
    return labels


@pytest.mark.parametrize("block_shape", [(128, 128, 128), (1, 23, 37)])
def test_a_short_is_a_dendrite_and_the_counter_electrode_stays(block_shape: tuple[int, int, int]) -> None:
    engine, params = Engine(block_shape=block_shape), CellParams(normal="-y")
    after = split_phases(Labels(shorted(), Spacing(1, 1, 1)), params, engine)
    data = np.asarray(after.data)[0]
    assert (data[21:79, 60:64] == DENDRITE).all()
    assert (data[50:79, 20:24] == DENDRITE).all()
    assert (data[20:22, 100:104] == LI).all()
    assert (data[20:40, 130:134] == LI).all()
    assert (data[:20] == LI).all()
    parts = np.asarray(anatomy(after, params, engine).parts)[0] & 127
    assert (parts[20:40, 130:134] == Part.COUNTER).all()
    assert (parts[:20] == Part.COUNTER).all()
    assert (parts[21:79, 60:64] == Part.DENDRITE).all()


@pytest.mark.parametrize("width", [3, 8])
def test_a_short_is_a_dendrite_right_up_to_the_counter_electrode(width: int) -> None:
    values = np.full((60, 40, 40), 2, np.uint8)
    values[:20] = values[45:] = values[20:45, 15 : 15 + width, 15 : 15 + width] = 3
    split = split_phases(Labels(values, Spacing(1, 1, 1)), CellParams(normal="+z"), Engine())
    expected = np.zeros(values.shape, bool)
    expected[20:45, 15 : 15 + width, 15 : 15 + width] = True
    np.testing.assert_array_equal(np.asarray(split.data) == 4, expected)
