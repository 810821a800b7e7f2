"""``micro run`` on pictures outside of what it can do: a reason in table, report and terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from micro.io import read_labels, write_tiff
from micro.model import Spacing, Volume
from micro.phantoms import make_phantom

Cli = Callable[..., Any]
SPACING = Spacing.parse("50nm")


def warnings(told: Any) -> list[str]:  # noqa: ANN401
    return [line for line in told.err.splitlines() if line.startswith("micro: warning: ")]


def test_noise_gives_no_number(cli: Cli, place: Path) -> None:
    grey = np.random.default_rng(2).normal(128, 30, (120, 160)).clip(0, 255).astype(np.uint8)
    write_tiff(place / "Rauschen ö.tif", Volume(grey, SPACING))
    out = place / "Ergebnis"
    told = cli("run", "sem", place / "Rauschen ö.tif", "--out", out)
    assert told.status == 0, told.err
    table = pd.read_csv(out / "measurements.csv")
    assert table["value"].isna().all()
    assert table["note"].str.contains("one grey level only").all()
    assert not read_labels(out / "Rauschen ö" / "labels.ome.zarr").data.compute().any()
    assert any("one grey level only" in line for line in warnings(told))
    record = json.loads((out / "Rauschen ö" / "run.json").read_text(encoding="utf-8"))
    assert any("nothing is labelled" in line for line in record["warnings"])
    assert "nothing is labelled" in (out / "report.html").read_text(encoding="utf-8")


def test_the_wrong_recipe_and_clipped_greys_are_told(cli: Cli, place: Path) -> None:
    grey = make_phantom("sem-alloy", seed=7, shape=(200, 280)).volume.data.compute().astype(float)
    write_tiff(place / "a.tif", Volume(np.clip(grey * 1.25, 0, 255).astype(np.uint8), SPACING))
    out = place / "out"
    told = cli("run", "sem", place / "a.tif", "--out", out)
    assert told.status == 0, told.err
    assert any("the order of greys" in line for line in warnings(told))
    assert any("have the highest grey value (255)" in line for line in warnings(told))
    table = pd.read_csv(out / "measurements.csv")
    assert table["note"].str.contains("doubtful: clipped greys; doubtful: ").all()
    assert table["note"].str.contains("doubtful: order of greys").all()
