"""``micro run`` on pictures outside of what it can do: a reason in table, report and terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from micro.io import read_labels, write_tiff
from micro.model import Spacing, Volume
from micro.phantoms import make_phantom

Cli = Callable[..., Any]
SPACING = Spacing.parse("50nm")


def warnings(told: Any) -> list[str]:  # noqa: ANN401
    return [line for line in told.err.splitlines() if line.startswith("micro: warning: ")]


def picture(what: str, *, flat: bool) -> NDArray[np.uint8]:
    """Return a picture that the recipes sem and fibsem can do nothing with, or not all."""
    rng = np.random.default_rng(2)
    shape = (1, 120, 160) if flat else (16, 56, 64)
    if what == "noise":
        return rng.normal(128, 30, shape).clip(0, 255).astype(np.uint8)
    if what == "one phase":
        return rng.normal(150, 8, shape).clip(0, 255).astype(np.uint8)
    kind = ("sem" if flat else "fibsem") + ("-alloy" if what == "order of greys" else "")
    cell = "no-anode" if what == "no anode" else "half"
    size = (200, 280) if flat else (24, 80, 96)
    return np.asarray(make_phantom(kind, seed=3, shape=size, cell=cell).volume.data.compute())  # type: ignore[arg-type]


OUTSIDE = {
    "noise": "one grey level only",
    "one phase": "one grey level only",
    "order of greys": "order of greys",
    "no anode": "no Li found",
}


@pytest.mark.parametrize("flat", [True, False], ids=["section", "stack"])
@pytest.mark.parametrize("what", OUTSIDE)
def test_a_picture_outside_the_method_is_told_with_its_reason(what: str, flat: bool, cli: Cli, place: Path) -> None:
    path = place / f"{what} ö.tif"
    write_tiff(path, Volume(picture(what, flat=flat), SPACING if flat else Spacing.parse("50,25,25nm")))
    out = place / "Ergebnis"
    told = cli("run", "sem" if flat else "fibsem", path, "--out", out)
    assert told.status == 0, told.err
    reason = OUTSIDE[what]
    assert any(f"{what} ö: " in line and reason in line for line in warnings(told)), told.err
    table = pd.read_csv(out / "measurements.csv")
    assert table["note"].str.contains(reason).all()
    record = json.loads((out / f"{what} ö" / "run.json").read_text(encoding="utf-8"))
    assert any(reason in line for line in record["warnings"])
    assert f">doubtful: {reason}<" in (out / "report.html").read_text(encoding="utf-8")
    if reason == "one grey level only":
        assert table["value"].isna().all()
        assert not read_labels(out / f"{what} ö" / "labels.ome.zarr").data.compute().any()
        assert any("nothing is labelled" in line for line in record["warnings"])
    if what == "no anode":
        interface = table[table["roi"] == "interface"]
        assert len(interface) > 2
        assert interface["value"].isna().all()
        assert interface["note"].str.contains("no metal body found").all()


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
