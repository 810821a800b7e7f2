"""``micro compare`` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from micro.io import write_tiff
from micro.model import Labels
from micro.phantoms import Phantom
from micro_pipelines.comparison import COMPARISON_COLUMNS

Cli = Callable[..., Any]


@pytest.fixture
def worse(place: Path, sem: Phantom) -> Path:
    """The true labels with the uppermost pores filled."""
    labels = sem.truth.data.compute()
    labels[:, :60][labels[:, :60] == 1] = 2
    path = place / "Übung 1.tif"
    write_tiff(path, Labels(labels, sem.truth.spacing))
    return path


def test_tables_and_figure(cli: Cli, place: Path, worse: Path, sem_labels: Path, sem: Phantom) -> None:
    out = place / "Vergleich ß"
    told = cli("compare", worse, sem_labels, "--normal=-y", "--out", out)
    assert (told.status, told.err) == (0, ""), told.err
    assert "agreement" in told.out
    assert "phase_fraction void (all)" in told.out
    table = pd.read_csv(out / "comparison.csv")
    assert tuple(table.columns) == COMPARISON_COLUMNS
    values = table.set_index(["metric", "phase"])["value"]
    true = sem.truth.data.compute()
    kept = (true[:, 60:] == 1).sum() / (true == 1).sum()
    assert values["voxel_recall", "void"] == pytest.approx(kept, rel=1e-12)
    assert values["iou", "Li"] == 1
    changes = pd.read_csv(out / "changes.csv", keep_default_na=False, na_values={"difference": ""})
    changes = changes.set_index(["metric", "phase_a", "roi"])
    percent = float(changes.loc[("phase_fraction", "void", "all"), "difference_percent"])
    assert percent == pytest.approx(100 * (kept - 1))
    assert changes.loc[("contact_fraction", "", "interface"), "difference"] == 0
    objects = pd.read_csv(out / "matched_objects.csv")
    assert set(objects["side"]) == {"labels", "truth"}
    assert objects["found"].all()
    assert {path.name for path in out.glob("differences.*")} == {"differences.svg", "differences.png"}


def test_foreign_values_and_a_truth_without_a_scale(cli: Cli, place: Path, sem: Phantom, sem_labels: Path) -> None:
    values = np.array([0, 85, 170, 255, 255, 85], np.uint8)[sem.truth.data.compute()[0]]
    tifffile.imwrite(place / "Wahrheit.tif", values)
    arguments = ("compare", sem_labels, place / "Wahrheit.tif", "--normal=-y")
    refused = cli(*arguments)
    assert (refused.status, len(refused.errors)) == (2, 1)
    assert "--map-truth" in refused.err
    mapping = ("--map-truth", "85=void,170=SE,255=Li")
    out = place / "out"
    assert cli(*arguments, *mapping, "--quiet", "--out", out).out == ""
    found = pd.read_csv(out / "comparison.csv").set_index(["metric", "phase"])
    assert found.loc[("iou", "void with crack"), "value"] == found.loc[("iou", "Li with dendrite"), "value"] == 1
    assert found.loc[("voxel_recall", "crack"), "note"] == "no crack in the truth"
    # The true shapes told apart by the recipe: most of each dendrite lies beyond the tolerance.
    assert cli(*arguments, *mapping, "--quiet", "--split-truth", "--out", out).status == 0
    split = pd.read_csv(out / "comparison.csv").set_index(["metric", "phase"])
    assert split.loc[("voxel_recall", "dendrite"), "value"] > 0.8


def test_what_is_wrong_is_one_line(cli: Cli, place: Path, worse: Path, sem_labels: Path, no_anode: Path) -> None:
    out = place / "out"
    other = cli("compare", worse, no_anode, "--out", out)
    assert (other.status, len(other.err.splitlines())) == (2, 1)
    assert "1 x 160 x 200 voxels" in other.err
    assert not list(out.glob("*.csv"))
    for arguments in ((worse, place / "nowhere.tif"), (worse, sem_labels, "--reach", "0"), (worse,)):
        assert cli("compare", *arguments).status == 2


def test_the_folder_of_a_result_stands_for_its_labels(cli: Cli, place: Path, sem_labels: Path) -> None:
    assert cli("measure", sem_labels, "--out", place / "out", "--normal=-y", "--quiet").status == 0
    told = cli("compare", place / "out" / "Maske 1", sem_labels, "--normal=-y")
    assert told.status == 0, told.err
    assert "agreement: 100.00 %" in told.out
