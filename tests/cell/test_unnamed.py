"""Metal beyond the interface that no label calls a dendrite."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import CellParams, anatomy, split_phases
from micro.model import Labels, Spacing

SE, LI, DENDRITE = 2, 3, 4
UNIT = Spacing(1, 1, 1)


def filament(height: int, *, counter: bool = False) -> NDArray[np.uint8]:
    """An anode below row 60, and a filament of its own label on it."""
    labels = np.full((1, 90, 80), SE, np.uint8)
    labels[:, 60:] = LI
    labels[:, 60 - height : 60, 30:34] = LI
    if counter:
        labels[:, :15] = LI
        labels[:, 15:28, 50:54] = LI
    return labels


@pytest.mark.parametrize("block", [None, (1, 17, 23)])
def test_a_filament_of_the_anodes_label_is_told(block: tuple[int, int, int] | None) -> None:
    engine = Engine() if block is None else Engine(block_shape=block)
    cell = anatomy(Labels(filament(25), UNIT), CellParams(normal="-y"), engine)
    assert cell.unnamed_um == pytest.approx(24.5)
    assert any(note.startswith("metal reaches 24.5 um beyond the interface") for note in cell.notes)


def test_a_mound_is_none() -> None:
    # twice the tolerance of 2 voxels, and a voxel
    assert anatomy(Labels(filament(5), UNIT), CellParams(normal="-y"), Engine()).unnamed_um == 0
    assert anatomy(Labels(filament(6), UNIT), CellParams(normal="-y"), Engine()).unnamed_um == pytest.approx(5.5)


def test_named_dendrites_are_none() -> None:
    named = filament(25)
    named[:, 35:60, 30:34] = DENDRITE
    assert anatomy(Labels(named, UNIT), CellParams(normal="-y"), Engine()).unnamed_um == 0
    after = split_phases(Labels(filament(25), UNIT), CellParams(normal="-y"), Engine())
    assert anatomy(after, CellParams(normal="-y"), Engine()).unnamed_um == 0


def test_what_the_counter_electrode_grows_is_its_own() -> None:
    cell = anatomy(Labels(filament(4, counter=True), UNIT), CellParams(normal="-y"), Engine())
    assert cell.far_side == "counter electrode"
    assert cell.unnamed_um == 0
