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
from micro_pipelines.validation import SCORES, Score, scores_of, summary, verdict

Cli = Callable[..., Any]
ERROR = Score("e", "error", 3.0, is_error=True)
FLOOR = Score("f", "floor", 0.7)


def test_worst_is_the_largest_error_and_the_lowest_score() -> None:
    values = pd.Series([0.8, -4.0, 0.9])
    assert (ERROR.worst(values), FLOOR.worst(values)) == (4.0, -4.0)
    assert ERROR.mean(values) == pytest.approx((0.8 + 4.0 + 0.9) / 3)


def test_a_missing_value_fails() -> None:
    assert math.isnan(FLOOR.worst(pd.Series([0.9, math.nan])))
    assert [verdict(score, math.nan) for score in (ERROR, FLOOR, Score("x", "x"))] == ["FAIL", "FAIL", ""]
    assert [verdict(ERROR, value) for value in (3.0, 3.1)] == ["pass", "FAIL"]
    assert [verdict(FLOOR, value) for value in (0.7, 0.69)] == ["pass", "FAIL"]


def test_the_floors_are_those_of_the_contract() -> None:
    limits = {score.key: score.limit for score in SCORES if score.limit is not None}
    assert limits == {
        "li_iou": 0.95,
        "void_iou": 0.70,
        "dendrite_iou": 0.55,
        "contact_error": 0.04,
        "depth_error_voxels": 3.0,
        "crack_density_error_percent": 25.0,
    }


def test_an_image_of_the_truth_itself_scores_high(sem: Phantom) -> None:
    greys = np.array([0, 10, 150, 70, 70, 10], np.uint8)[sem.truth.data.compute()]
    noise = np.random.default_rng(1).normal(0, 2, greys.shape)
    clean = Volume(np.clip(greys + noise, 0, 255).astype(np.uint8), sem.volume.spacing, "sem")
    recipe = load_recipe("sem", ("preprocess.stripes=none", "preprocess.denoise=none", "segment.shading=false"))
    found = scores_of(replace(sem, volume=clean), recipe, Engine())
    assert set(found) == {score.key for score in SCORES}
    # Noise of a thirtieth of the smallest contrast: what is left is the rim of the dendrites at the interface.
    assert found["li_iou"] > 0.97
    assert found["se_iou"] > 0.97
    assert abs(found["truth_contact_error"]) < 0.01


def test_summary_has_a_row_a_score_and_kind() -> None:
    row = {score.key: (0.0 if score.is_error else 1.0) for score in SCORES}
    table = pd.DataFrame([{"kind": kind, "seed": seed, **row} for kind in ("sem", "xct") for seed in (0, 1)])
    found = summary(table)
    assert len(found) == 2 * len(SCORES)
    assert set(found["verdict"]) == {"pass", ""}


def test_validate_writes_its_tables(cli: Cli, place: Path) -> None:
    told = cli("validate", "--seeds", "1", "--kinds", "sem", "--out", place / "out")
    assert told.status in (0, 1), told.err
    assert "Li IoU" in told.out
    table = pd.read_csv(place / "out" / "validate.csv")
    assert list(table.columns) == ["kind", "seed", *(score.key for score in SCORES)]
    assert (told.status == 1) == ("FAIL" in (place / "out" / "validate.md").read_text(encoding="utf-8"))
    assert table.loc[0, "li_iou"] > 0.9
