"""The validation: scores, worst values, verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from micro.blocks import Engine
from micro.model import Volume
from micro.phantoms import Phantom
from micro_pipelines.recipe_files import load_recipe
from micro_pipelines.scores import SCORES, Bar, Score, summary, verdict
from micro_pipelines.validation import COUNTS, scores_of

Cli = Callable[..., Any]
ERROR = Score("e", "error", Bar(3.0), is_error=True)
FLOOR = Score("f", "floor", Bar(0.7))
COUNTED = Score("c", "counted", Bar(0.7), part="found", whole="true")


def test_worst_is_the_largest_error_and_the_lowest_score() -> None:
    values = pd.Series([0.8, -4.0, 0.9])
    assert (ERROR.worst(values), FLOOR.worst(values)) == (4.0, -4.0)
    assert ERROR.mean(values) == pytest.approx((0.8 + 4.0 + 0.9) / 3)


def test_a_missing_value_fails() -> None:
    assert math.isnan(FLOOR.worst(pd.Series([0.9, math.nan])))
    limits = ((ERROR, 3.0), (FLOOR, 0.7), (Score("x", "x"), None))
    assert [verdict(score, math.nan, limit) for score, limit in limits] == ["FAIL", "FAIL", ""]
    assert [verdict(ERROR, value, 3.0) for value in (3.0, 3.1)] == ["pass", "FAIL"]
    assert [verdict(FLOOR, value, 0.7) for value in (0.7, 0.69)] == ["pass", "FAIL"]


def test_objects_are_counted_over_all_seeds() -> None:
    table = pd.DataFrame({"seed": [1, 2], "c": [0.5, 1.0], "found": [1, 6], "true": [2, 6]})
    assert COUNTED.decisive(table) == 7 / 8
    assert COUNTED.missed_by(table, 0.7) == (1,)
    assert math.isnan(COUNTED.decisive(table.assign(true=0)))
    assert FLOOR.decisive(pd.DataFrame({"seed": [1, 2], "f": [0.5, 1.0]})) == 0.5


def test_the_bars_are_those_of_the_contract() -> None:
    def limits(kind: str, noise: str) -> dict[str, float]:
        return {score.key: score.bar.of(kind, noise) for score in SCORES if score.bar is not None}

    usual = {
        "li_iou": 0.97,
        "se_iou": 0.97,
        "void_iou": 0.85,
        "crack_object_recall": 0.85,
        "dendrite_recall": 0.85,
        "dendrite_false_volume": 0.25,
        "contact_error": 0.02,
        "depth_error_voxels": 2.0,
        "crack_density_error_percent": 12.0,
    }
    assert limits("sem", "ordinary") == limits("fibsem-alloy", "ordinary") == usual
    assert limits("xct-alloy", "ordinary") == {**usual, "void_iou": 0.72}
    assert limits("xct", "hard") == limits("sem", "hard") == {**usual, "void_iou": 0.65, "dendrite_recall": 0.70}


def test_an_image_of_the_truth_itself_scores_high(sem: Phantom) -> None:
    greys = np.array([0, 10, 150, 70, 70, 10], np.uint8)[sem.truth.data.compute()]
    noise = np.random.default_rng(1).normal(0, 2, greys.shape)
    clean = Volume(np.clip(greys + noise, 0, 255).astype(np.uint8), sem.volume.spacing, "sem")
    recipe = load_recipe("sem", ("preprocess.stripes=none", "preprocess.denoise=none", "segment.shading=false"))
    found = scores_of(replace(sem, volume=clean), recipe, Engine())
    assert set(found) == {score.key for score in SCORES} | set(COUNTS)
    # Noise of a thirtieth of the smallest contrast: what is left is the rim of the dendrites at the interface.
    assert found["li_iou"] > 0.97
    assert found["se_iou"] > 0.97
    assert abs(found["truth_contact_error"]) < 0.01


def test_summary_has_a_row_a_score_and_kind() -> None:
    row = {score.key: (0.0 if score.is_error else 1.0) for score in SCORES} | dict.fromkeys(COUNTS, 3)
    names = [(kind, seed) for kind in ("sem", "xct") for seed in (0, 1)]
    table = pd.DataFrame([{"kind": kind, "noise": "ordinary", "seed": seed, **row} for kind, seed in names])
    table.loc[1, "void_iou"] = 0.80
    found = summary(table).set_index(["kind", "score"])
    assert tuple(found.loc[("sem", "void IoU (with cracks)"), ["verdict", "missed"]]) == ("FAIL", "1")
    assert found.loc[("xct", "void IoU (with cracks)"), "limit"] == 0.72
    assert found.loc[("sem", "dendrite objects found"), "counts"] == "6 of 6"
    assert len(found) == 2 * len(SCORES)
    assert set(found.loc["xct", "verdict"]) == {"pass", ""}


def test_validate_writes_its_tables(cli: Cli, place: Path) -> None:
    told = cli("validate", "--seeds", "1", "--kinds", "sem", "--out", place / "out")
    assert told.status in (0, 1), told.err
    assert "Li IoU" in told.out
    table = pd.read_csv(place / "out" / "validate.csv")
    assert list(table.columns) == ["kind", "noise", "seed", *(score.key for score in SCORES), *COUNTS]
    assert (told.status == 1) == ("FAIL" in (place / "out" / "validate.md").read_text(encoding="utf-8"))
    assert table.loc[0, "li_iou"] > 0.9
