"""What the default recipes reach on fresh phantoms."""

from __future__ import annotations

import pandas as pd
import pytest

from micro_pipelines.scores import SCORES, Score
from micro_pipelines.validation import validate

BY_KEY: dict[str, Score] = {score.key: score for score in SCORES}

FLOORS = {
    "li_iou": 0.95,
    "void_iou": 0.70,
    "dendrite_iou": 0.55,
    "contact_error": 0.04,
    "depth_error_voxels": 3.0,
    "crack_density_error_percent": 25.0,
}
"""Kept by every kind of lithium cell. The bars of the contract, in `SCORES`, are above these; see `REACHED`."""

SOLID = frozenset({"li_iou", "se_iou", "void_iou", "crack_density_error_percent"})
THIN = frozenset({"crack_object_recall", "dendrite_recall", "dendrite_false_volume", "depth_error_voxels"})

REACHED: dict[str, frozenset[str]] = {
    "sem": SOLID | THIN,
    "fibsem": SOLID | THIN,
    "xct": SOLID,
    "sem-alloy": SOLID | THIN,
}
"""The bars of the contract that each kind keeps at ordinary noise; whoever reaches another one adds it here."""


def missed(kind: str, table: pd.DataFrame) -> list[str]:
    """Return a line for each floor and each reached bar that the phantoms do not keep."""
    lines = []
    floors = {} if kind.endswith("-alloy") else FLOORS
    for key, score in BY_KEY.items():
        bar = score.bar.of(kind, "ordinary") if score.bar is not None and key in REACHED[kind] else None
        for limit, value in ((floors.get(key), score.worst(table[key])), (bar, score.decisive(table))):
            if not score.passes(value, limit):
                lines.append(f"{score.title}: {value:.3f}, expected {limit}")
    return lines


@pytest.mark.parametrize("kind", REACHED)
def test_a_seed_that_nothing_was_tuned_on(kind: str) -> None:
    assert missed(kind, validate([kind], [41])) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", REACHED)
def test_ten_seeds(kind: str) -> None:
    table = validate([kind], range(100, 110))
    assert len(table) == 10
    assert missed(kind, table) == []
