"""Losses and references that count from a first state: in a batch, and from an earlier result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from micro.io import read_volume, write_tiff
from micro.model import Labels, Spacing

Cli = Callable[..., Any]
SPACING = Spacing.parse("100nm")
LI, SE, VOID, DENDRITE = 3, 2, 1, 4


def state(open_: int, *, anode: bool = True) -> NDArray[np.uint8]:
    """A section 120 wide whose anode below row 60 touches on all but 2 x ``open_`` columns; or none at all."""
    labels = np.full((90, 120), SE, np.uint8)
    if anode:
        labels[60:] = LI
        labels[58:60, 30 : 30 + open_] = labels[58:60, 80 : 80 + open_] = VOID
    else:
        labels[20:75, 50:54] = LI
        labels[20:60, 50:54] = DENDRITE
    return labels


@pytest.fixture
def series(place: Path) -> list[Path]:
    paths = []
    for name, labels in (("Zelle_neu", state(3)), ("Zelle_nach 20", state(15)), ("Zelle_tot", state(0, anode=False))):
        path = place / f"{name}.tif"
        write_tiff(path, Labels(labels, SPACING))
        paths.append(path)
    return paths


FAST = ("--quiet", "--set", "report.figures=[]")
STATES = ("--state", "neu", "--state", "nach 20", "--state", "tot")


def losses(folder: Path) -> pd.DataFrame:
    table = pd.read_csv(folder / "measurements.csv", keep_default_na=False)
    return table[table["metric"] == "contact_loss"].set_index("state")


def test_the_first_of_a_series_is_the_reference(cli: Cli, place: Path, series: list[Path]) -> None:
    out = place / "out"
    told = cli("measure", *series, "--out", out, *STATES, "--set", "cell.reference=first-state", *FAST)
    assert told.status == 0, told.err
    found = losses(out)
    assert (float(found.loc["neu", "value"]), found.loc["neu", "note"]) == (0.0, "this is the first state")
    # 114 of 120 columns at first, then 90.
    assert float(found.loc["nach 20", "value"]) == pytest.approx(1 - 90 / 114)
    assert found.loc["nach 20", "note"].startswith("first state: neu")
    # The anode has gone: no contact fraction, but depths from the first state's interface.
    assert found.loc["tot", "value"] == ""
    assert "no anode body left" in found.loc["tot", "note"]
    table = pd.read_csv(out / "measurements.csv")
    depth = table[(table["metric"] == "dendrite_depth_max") & (table["state"] == "tot")].iloc[0]
    # From the interface at row 60 to the centre of row 20.
    assert depth["value"] == pytest.approx(3.95)


def test_names_that_differ_need_to_be_told(cli: Cli, place: Path) -> None:
    paths = [place / "a.tif", place / "b.tif"]
    for path, open_ in zip(paths, (0, 12), strict=True):
        write_tiff(path, Labels(state(open_), SPACING))
    states = ("--state", "one", "--state", "two", *FAST)
    assert cli("measure", *paths, "--out", place / "apart", *states).status == 0
    assert set(losses(place / "apart")["note"]) == {"no first state to compare with"}
    assert cli("measure", *paths, "--out", place / "series", "--series", *states).status == 0
    assert float(losses(place / "series").loc["two", "value"]) == pytest.approx(24 / 120)


@pytest.mark.parametrize("what", ["sample", "measurements.csv"])
def test_an_earlier_result_is_the_first_state(cli: Cli, place: Path, series: list[Path], what: str) -> None:
    first = place / "früher"
    assert cli("measure", series[0], "--out", first, "--state", "neu", *FAST).status == 0
    given = first / what.replace("sample", "Zelle_neu")
    options = ("--first-state", given, "--set", "cell.reference=first-state", *FAST)
    told = cli("measure", *series[1:], "--out", place / "out", "--state", "nach 20", "--state", "tot", *options)
    assert told.status == 0, told.err
    assert float(losses(place / "out").loc["nach 20", "value"]) == pytest.approx(1 - 90 / 114)
    record = json.loads((place / "out" / "Zelle_tot" / "run.json").read_text(encoding="utf-8"))
    assert record["anatomy"]["reference"] == "first state"
    assert record["anatomy"]["interface"]["offset_um"] == pytest.approx(-6.0)
    assert record["fingerprint"]["first_state"]["sample"] == "Zelle_neu"


def test_a_section_that_is_compared_with_a_volume_is_told(cli: Cli, place: Path, series: list[Path]) -> None:
    deep = place / "Stapel.tif"
    write_tiff(deep, Labels(np.repeat(state(15)[None], 6, axis=0), SPACING))
    first = place / "first"
    assert cli("measure", series[0], "--out", first, "--state", "neu", *FAST).status == 0
    for path, told in ((deep, "first state: neu of Zelle_neu; a section compared with a volume"), (series[1], "")):
        out = place / f"out {path.stem}"
        run = ("measure", path, "--out", out, "--state", "alt", "--first-state", first, "--normal=-y")
        assert cli(*run, *FAST).status == 0
        row = losses(out).loc["alt"]
        assert float(row["value"]) == pytest.approx(1 - 90 / 114)
        assert row["note"].startswith(told or "first state: neu of Zelle_neu")
        assert ("compared with" in row["note"]) == bool(told)


def test_another_cell_and_another_voxel_size_are_told(cli: Cli, place: Path, series: list[Path]) -> None:
    def listed(name: str, path: Path, cell: str, edge: str) -> Path:
        text = f"path,state,voxel_size,cell\n{path.name},{name},{edge},{cell}\n"
        (place / f"{name}.csv").write_text(text, encoding="utf-8")
        return place / f"{name}.csv"

    first = place / "first"
    told = cli("measure", listed("neu", series[0], "A", "100nm"), "--out", first, *FAST)
    assert told.status == 0, told.err
    for name, cell, edge, expected in (
        ("same", "A", "100nm", ""),
        ("near", "A", "190nm", ""),
        ("other", "B", "100nm", "; of cell A, this is cell B"),
        ("coarse", "A", "300nm", f"; voxel size {SPACING}, here {Spacing.parse('300nm')}"),
    ):
        run = ("measure", listed(name, series[1], cell, edge), "--out", place / f"out {name}", "--first-state", first)
        told = cli(*run, *FAST)
        assert told.status == 0, told.err
        note = losses(place / f"out {name}").loc[name, "note"]
        assert note.startswith(f"first state: neu of Zelle_neu{expected}")
        assert ("of cell" in note, "voxel size" in note) == ("of cell" in expected, "voxel size" in expected)


def test_another_cell_in_one_series_is_told(cli: Cli, place: Path, series: list[Path]) -> None:
    for cell in "AB":
        text = f"path,state,cell\n{series[0].name},a,A\n{series[1].name},b,{cell}\n"
        (place / "cells.csv").write_text(text, encoding="utf-8")
        told = cli("measure", place / "cells.csv", "--out", place / cell, "--series", *FAST)
        assert told.status == 0, told.err
        assert ("of cell A, this is cell B" in losses(place / cell).loc["b", "note"]) == (cell == "B")


def test_resume_sees_another_first_state(cli: Cli, place: Path, series: list[Path]) -> None:
    for number, path in enumerate(series[:2]):
        assert cli("measure", path, "--out", place / f"first {number}", "--state", "x", *FAST).status == 0
    out = place / "out"
    run = (
        "measure",
        series[1],
        "--out",
        out,
        "--resume",
        "--state",
        "nach 20",
        "--set",
        'report.figures=["contact_map"]',
    )
    assert "skipped" not in cli(*run, "--first-state", place / "first 0").err
    assert "skipped" in cli(*run, "--first-state", place / "first 0").err
    assert "skipped" not in cli(*run, "--first-state", place / "first 1").err
    assert float(losses(out).loc["nach 20", "value"]) == 0.0


def test_a_first_state_that_failed_is_replaced_by_no_other(cli: Cli, place: Path, series: list[Path]) -> None:
    series[0].write_bytes(b"")
    assert cli("measure", *series[:2], "--out", place / "out", *STATES[:4], *FAST).status == 1
    row = losses(place / "out").loc["nach 20"]
    assert (row["value"], row["note"]) == ("", "first state: neu of Zelle_neu, which has no contact: it failed")
    again = ("--set", "cell.reference=first-state", *FAST)
    assert cli("measure", *series[:2], "--out", place / "out", *STATES[:4], *again).status == 1
    failures = pd.read_csv(place / "out" / "failures.csv")
    assert "no reference interface is known" in failures.iloc[1]["message"]


def test_wrong_first_states_are_told_in_one_line(cli: Cli, place: Path, series: list[Path], no_anode: Path) -> None:
    run = ("measure", series[1], "--out", place / "out", "--first-state")
    told = cli(*run, place / "nowhere")
    assert told.status == 2
    assert "no table at" in told.errors[0]
    (place / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "is no table of measurements" in cli(*run, place / "odd.csv").errors[0]
    both = place / "both"
    assert cli("measure", *series[:2], no_anode, "--out", both, *FAST).status == 0
    run = ("measure", series[2], *run[2:])
    assert "which one is that of Zelle_tot" in cli(*run, both).errors[0]


def test_the_contact_map_is_an_image(cli: Cli, place: Path) -> None:
    labels = np.full((30, 40, 20), SE, np.uint8)
    labels[:, 25:] = LI
    labels[4:10, 23:25, 5:8] = VOID
    write_tiff(place / "cell.tif", Labels(labels, Spacing.parse("0.3,0.1,0.2um")))
    assert cli("measure", place / "cell.tif", "--out", place / "out", *FAST).status == 0
    image = read_volume(place / "out" / "cell" / "contact_map.tif")
    assert image.shape == (1, 30, 20)
    # Rows are z, columns x.
    assert image.spacing.um[1:] == pytest.approx((0.3, 0.2))
    values = image.data.compute()[0]
    expected = np.ones((30, 20), np.uint8)
    expected[4:10, 5:8] = 2
    np.testing.assert_array_equal(values, expected)
