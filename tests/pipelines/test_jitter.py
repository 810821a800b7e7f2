"""``micro run`` on FIB-SEM stacks whose field of view wandered: the numbers are those of the sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import anatomy
from micro.io import write_tiff
from micro.measure import measure
from micro.model import Labels, Volume
from micro.phantoms import Phantom, make_phantom
from micro.phantoms.artefacts import wander
from micro_pipelines import load_recipe

Cli = Callable[..., Any]
MARGIN = 20
SLICES = 28


@pytest.fixture(scope="module")
def cell() -> Phantom:
    """A cell around the field of view."""
    return make_phantom("fibsem", seed=3, shape=(SLICES, 144, 168))


def wandering(cell: Phantom, path: Path, shifts: NDArray[np.float64]) -> Path:
    """Write the stack as a microscope sees it whose field of view wanders."""
    grey = wander(cell.volume.data.compute(), shifts - shifts[SLICES // 2], margin=MARGIN)
    write_tiff(path, Volume(np.rint(grey.clip(0, 255)).astype(np.uint8), cell.volume.spacing))
    return path


def true_values(cell: Phantom) -> dict[str, float | None]:
    inner = (slice(None), slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    recipe = load_recipe("fibsem")
    labels = Labels(cell.truth.data.compute()[inner], cell.truth.spacing)
    rows = measure(anatomy(labels, recipe.cell, Engine()), recipe.measure, Engine()).rows
    return {row.metric: row.value for row in rows if not row.phase_a}


def test_a_stack_with_jitter_and_drift_gives_the_numbers_of_the_sample(cli: Cli, place: Path, cell: Phantom) -> None:
    rng = np.random.default_rng(1)
    shifts = rng.uniform(-5, 5, (SLICES, 2)) + np.outer(np.linspace(-6, 6, SLICES), (1, -0.5))
    told = cli("run", "fibsem", wandering(cell, place / "Stapel ä.tif", shifts), "--out", place / "out")
    assert told.status == 0, told.err
    record = json.loads((place / "out" / "Stapel ä" / "run.json").read_text(encoding="utf-8"))
    facts = next(step["parameters"]["found"] for step in record["steps"] if step["operation"] == "align")
    assert facts["did"][0].startswith("slices aligned: jitter of ")
    error = np.array(facts["shifts_voxels"]) - shifts
    # the changes of the sample itself from slice to slice, 0.6 voxel (see tests/preprocess/test_align.py); with
    # jitter left in it would be 4.1
    assert np.sqrt(np.mean(np.diff(error, axis=0) ** 2)) < 0.8
    assert not [line for line in record["warnings"] if "drift" in line]
    table = pd.read_csv(place / "out" / "measurements.csv").set_index("metric")["value"]
    true = true_values(cell)
    # the bars of the validation for stacks that stand still: 0.02, and 2 voxels of 0.025 um
    assert abs(table["contact_fraction"] - true["contact_fraction"]) < 0.02
    assert abs(table["dendrite_depth_max"] - true["dendrite_depth_max"]) < 2 * 0.025
