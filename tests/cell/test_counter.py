"""The counter electrode keeps what is its own, in a shorted cell too."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import CellParams, Part, anatomy, split_phases
from micro.measure import MeasureParams, measure
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


def named(depth: int, label: int, *, short: bool) -> tuple[np.ndarray, np.ndarray]:
    """Labels that name the filaments by ``label``, and the parts: anode from row 80 on, counter electrode up to 20."""
    labels, parts = (np.full((depth, 100, 160), value, np.uint8) for value in (SE, Part.OTHER))
    labels[:, 80:] = labels[:, :20] = LI
    parts[:, 80:], parts[:, :20] = Part.ANODE, Part.COUNTER
    deep = slice(None) if depth == 1 else slice(10, 14)
    pieces = [
        (np.s_[deep, 50:80, 20:24], Part.DENDRITE),
        (np.s_[deep, 20:64, 130:134], Part.COUNTER),  # a filament of the counter electrode
        (np.s_[deep, 20:30, 100:104], Part.COUNTER),
        (np.s_[deep, 30:34, 104:108], Part.COUNTER),  # that hangs on by an edge of the one before
        (np.s_[deep, 40:50, 80:84], Part.ISOLATED),
    ]
    if short:
        pieces.append((np.s_[deep, 20:80, 60:64], Part.DENDRITE))
    for where, part in pieces:
        labels[where] = label if part == Part.COUNTER else DENDRITE
        parts[where] = part
    return labels, parts


@pytest.mark.parametrize("block_shape", [(128, 128, 128), (7, 23, 37)])
@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("label", [LI, DENDRITE])
@pytest.mark.parametrize("depth", [1, 24])
def test_a_filament_that_hangs_on_the_counter_electrode_is_its_own_whatever_its_label(
    depth: int, label: int, short: bool, block_shape: tuple[int, int, int]
) -> None:
    labels, expected = named(depth, label, short=short)
    engine = Engine(block_shape=block_shape)
    cell = anatomy(Labels(labels, Spacing(1, 1, 1)), CellParams(normal="-y"), engine)
    parts = np.asarray(cell.parts) & 127
    np.testing.assert_array_equal(parts, expected)
    found = measure(cell, MeasureParams(), engine)
    table = found.objects["dendrites"]
    assert sorted(table["kind"]) == ["isolated", *["joined"] * (1 + short)]
    assert found.row("isolated_depth_max").value == pytest.approx(39.5)
    assert found.row("dendrite_depth_max").value == pytest.approx(59.5 if short else 29.5)
    mean = 15.0 if not short else (15.0 * 30 + 30.0 * 60) / 90
    assert found.row("dendrite_depth_mean").value == pytest.approx(mean)
    short_circuit = found.row("short_circuit")
    assert short_circuit.value == (1.0 if short else None if depth == 1 else 0.0)
    assert table["touches_far"].sum() == short
