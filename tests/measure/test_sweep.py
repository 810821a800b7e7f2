from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.cell import CellParams, anatomy, split_phases
from micro.errors import ParameterError
from micro.measure import MeasureParams, measure, threshold_sweep, with_sweep
from micro.measure.sweep import SWEEP_COLUMNS, relabel
from micro.model import Labels, Spacing

SPACING = Spacing(1.0, 0.1, 0.1)
PARAMS = CellParams(normal="+y")


def doubtful() -> Labels:
    """A section: an anode, electrolyte, and a round pore whose probability falls off with the distance."""
    y, x = np.ogrid[:80, :100]
    metal = np.broadcast_to(np.where(y < 20, 1.0, 0.0), (80, 100))
    far = np.hypot(y - 50.3, x - 50.4)
    void = np.clip(0.5 - (far - 12) / 20, 0, 1) * (1 - metal)
    chances = np.round(255 * np.stack([void, 1 - void - metal, metal])).astype(np.uint8)[:, None]
    labels = np.uint8([1, 2, 3])[chances.argmax(axis=0)]
    return Labels(labels, SPACING, probabilities=chances, probability_phases=("void", "SE", "Li"))


def test_the_threshold_moves_the_border() -> None:
    labels = doubtful()
    for threshold, radius in ((0.3, 16.0), (0.7, 8.0)):
        moved = np.asarray(relabel(labels, "void", threshold, Engine()).data)
        # Probability falls by 1/20 a pixel from 1/2 at 12 pixels. A disc's pixels are its area to 2 %.
        assert np.count_nonzero(moved == 1) == pytest.approx(np.pi * radius**2, rel=0.03)
    with pytest.raises(ParameterError, match="no probabilities of 'crack'"):
        relabel(labels, "crack", 0.3, Engine())


def test_what_a_rule_decided_stays() -> None:
    chances = np.stack([np.full((1, 3, 3), 240, np.uint8), np.full((1, 3, 3), 15, np.uint8)])
    labels = Labels(np.full((1, 3, 3), 2, np.uint8), SPACING, probabilities=chances, probability_phases=("void", "SE"))
    assert np.all(np.asarray(relabel(labels, "void", 0.3, Engine()).data) == 2)


def test_values_at_other_thresholds() -> None:
    labels = split_phases(doubtful(), PARAMS, Engine())
    results = measure(anatomy(labels, PARAMS, Engine()), MeasureParams(), Engine())
    table = threshold_sweep(labels, results, cell_params=PARAMS, params=MeasureParams(), engine=Engine())
    assert tuple(table.columns) == SWEEP_COLUMNS
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    line = table[(table["metric"] == "porosity") & (table["roi"] == "all")].iloc[0]
    # Radii of 8 and 16 pixels of 8000.
    assert line["low"] == pytest.approx(np.pi * 64 / 8000, rel=0.03)
    assert line["high"] == pytest.approx(np.pi * 256 / 8000, rel=0.03)
    assert "threshold_sweep" in with_sweep(results, table).checks
    for block in ((1, 33, 47), (1, 80, 100)):
        moved = relabel(labels, "void", 0.3, Engine(block_shape=block))
        np.testing.assert_array_equal(moved.data, relabel(labels, "void", 0.3, Engine()).data)


def test_labels_without_probabilities() -> None:
    labels = Labels(np.full((1, 20, 20), 2, np.uint8), SPACING)
    results = measure(anatomy(labels, PARAMS, Engine()), MeasureParams(), Engine())
    with pytest.raises(ParameterError, match="no probabilities to sweep"):
        threshold_sweep(labels, results, cell_params=PARAMS, params=MeasureParams(), engine=Engine())
