"""Manifests: many samples in one file, with what the user knows about them in every row of the tables."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from micro.errors import ManifestError, ParameterError
from micro.io import write_tiff
from micro.model import TABLE_COLUMNS, Labels, Spacing
from micro_pipelines.manifest import read_manifest
from micro_pipelines.sources import find_sources, series_key

Cli = Callable[..., Any]
FAST = ("--quiet", "--set", "report.figures=[]", "--set", "measure.resolution_check=false")


def listed(place: Path, text: str, name: str = "Zellen ä.csv") -> Path:
    path = place / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def cell(place: Path) -> Path:
    """A label file with an anode, electrolyte and one gap."""
    labels = np.full((40, 50), 2, np.uint8)
    labels[28:] = 3
    labels[26:28, 20:30] = 1
    path = place / "Bilder" / "a.tif"
    path.parent.mkdir()
    write_tiff(path, Labels(labels, Spacing.parse("50nm")))
    return path


def test_a_csv_names_files_beside_it_and_what_is_known_of_them(place: Path) -> None:
    path = listed(
        place,
        "path,sample,state,voxel_size,cell,pressure_MPa\n"
        '"Bilder/a,1.tif",A,pristine,50nm,007,0.10\n'
        "\n"
        'Bilder/b.tif,,,"0.1,0.05,0.05um",,\n'
        "Bilder/c.ome.tif,C/1,cycled\n",
    )
    a, b, c = read_manifest(path)
    assert (a.name, a.paths, a.state, a.series) == ("A", (place / "Bilder" / "a,1.tif",), "pristine", "")
    assert a.voxel_size == Spacing.parse("50nm")
    assert a.metadata == (("cell", "007"), ("pressure_MPa", "0.10"))
    assert (b.name, b.state, b.voxel_size) == ("b", "", Spacing(0.1, 0.05, 0.05))
    assert (c.name, c.metadata, c.voxel_size) == ("C_1", (("cell", ""), ("pressure_MPa", "")), None)
    assert (a.listed_in, c.listed_in) == ("Zellen ä.csv, line 2", "Zellen ä.csv, line 5")


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_csv_of_a_spreadsheet_is_understood(mark: str, place: Path) -> None:
    path = place / "cells.CSV"
    path.write_bytes(f"\ufeffpath{mark}cell{mark}druck\r\na.tif{mark}A{mark}0,5\r\n".encode())
    (source,) = read_manifest(path)
    assert source.metadata == (("cell", "A"), ("druck", "0,5"))


def test_a_toml_says_the_same_as_a_csv(place: Path) -> None:
    by_csv = listed(place, "path,state,cell,cycle,dry,day\na.tif,new,A,,true,2026-01-02\nb.tif,,,20,,\n", "m.csv")
    by_toml = listed(
        place,
        '[[sample]]\npath = "a.tif"\nstate = "new"\ncell = "A"\ndry = true\nday = 2026-01-02\n'
        '[[sample]]\npath = "b.tif"\ncycle = 20\n',
        "m.toml",
    )
    for one, other in zip(read_manifest(by_csv), read_manifest(by_toml), strict=True):
        assert (one.name, one.paths, one.state) == (other.name, other.paths, other.state)
        assert dict(one.metadata) == dict(other.metadata)


def test_states_of_one_sample_are_a_series(place: Path) -> None:
    path = listed(place, "path,sample,state\nx.tif,A,new\ny.tif,A,after 5\nz.tif,B,new\n")
    sources = find_sources([str(path)])
    assert [source.name for source in sources] == ["A new", "A after 5", "B"]
    assert [series_key(source) for source in sources] == ["a", "a", "b"]


def test_manifests_and_files_go_together(place: Path, cell: Path) -> None:
    path = listed(place, "path,state\nBilder/b.tif,new\n")
    assert [source.name for source in find_sources([str(cell), str(path)])] == ["a", "b"]
    with pytest.raises(ParameterError, match=r"--state 'x', but Zellen ä.csv, line 2 says 'new'"):
        find_sources([str(path)], states=["x"])
    with pytest.raises(ParameterError, match="--stack takes the slices of one volume"):
        find_sources([str(cell), str(path)], stack=True)


WRONG = {
    "path\na.tif\na.tif\n": "line 3: the file a.tif stands in Zellen ä.csv, line 2 already",
    "path\na.tif\n../Zelle für Tests/a.tif\n": "line 3: the file ../Zelle für Tests/a.tif stands in",
    "path,sample\na.tif,A\nb.tif,a\n": "line 3: the sample 'a' stands in Zellen ä.csv, line 2 already",
    "path,sample,state\na.tif,A,n\nb.tif,A,N\n": "line 3: the sample 'A' in the state 'N' stands in",
    "file,cell\na.tif,A\n": "has no column 'path'; found file, cell",
    "Path,cell\na.tif,A\n": "column 'Path' is not known, did you mean 'path'?",
    "path,Voxel size\na.tif,5nm\n": "column 'Voxel size' is not known, did you mean 'voxel_size'?",
    "path,voxel_size_um\na.tif,5\n": "did you mean 'voxel_size'?",
    "path,samples\na.tif,A\n": "did you mean 'sample'?",
    "path,,cell\na.tif,,A\n": "column 2 has no name",
    "path,cell,cell\na.tif,A,B\n": "two columns are called 'cell'",
    "path,value\na.tif,3\n": "column 'value' has the name of a column of the results",
    "path,cell\na.tif,A,B\n": "line 2: 3 cells below 2 columns",
    "path,cell\n ,A\n": "line 2: the path is empty",
    "path,voxel_size\na.tif,5\n": "line 2: voxel size '5' is not understood",
    'path\n"a.tif\n': "is no CSV",
    "": "lists no samples",
    "path,cell\n,\n": "lists no samples",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_with_a_csv_is_said_in_one_line(text: str, place: Path) -> None:
    with pytest.raises(ManifestError, match=re.escape(WRONG[text])) as caught:
        read_manifest(listed(place, text))
    assert "\n" not in str(caught.value)
    assert "Zellen ä.csv" in str(caught.value)


WRONG_TOML = {
    "path = 3": "is no list of samples: found path",
    "[sample]\npath = 'a.tif'\n": "is no list of samples",
    "[[sample]]\npath = ['a.tif']\n": "sample 1: path = ['a.tif']; expected a text in quotes",
    "[[sample]]\npath = 1\n": "sample 1: path = 1; expected a text in quotes",
    "[[sample]]\npath = 'a.tif'\ncell = ['A']\n": "sample 1: cell = ['A']; expected one text or number",
    "[[sample]]\npath = 'a.tif'\n'' = 3\n": "sample 1: a key has no name",
    "[[sample]]\npath = 'a.tif'\n[[sample]]\ncell = 'A'\n": "sample 2: the path is empty",
    "[[sample]": "is no TOML",
    "sample = []": "lists no samples",
}


@pytest.mark.parametrize("text", WRONG_TOML)
def test_what_is_wrong_with_a_toml_is_said_in_one_line(text: str, place: Path) -> None:
    with pytest.raises(ManifestError, match=re.escape(WRONG_TOML[text])):
        read_manifest(listed(place, text, "m.toml"))


def test_a_manifest_in_another_encoding_says_how_to_save_it(place: Path, cli: Cli) -> None:
    path = place / "latin.csv"
    path.write_bytes("path,cell\na.tif,Zürich\n".encode("cp1252"))
    told = cli("measure", path, "--out", place / "out")
    assert (told.status, len(told.errors)) == (2, 1)
    assert "not in UTF-8" in told.errors[0]
    assert not (place / "out").exists()


def test_metadata_reach_every_row_of_every_table(cli: Cli, place: Path, cell: Path) -> None:
    shutil.copy(cell, cell.with_name("b.tif"))
    path = listed(place, "path,sample,state,cell,cycle,id\nBilder/a.tif,A,new,007,0,x\nBilder/b.tif,A,old,12,20,\n")
    out = place / "out"
    assert cli("measure", path, "--out", out, *FAST).status == 0
    table = pd.read_csv(out / "measurements.csv", dtype=str, keep_default_na=False)
    assert tuple(table.columns) == (*TABLE_COLUMNS, "cell", "cycle", "id")
    assert dict(table.groupby("sample")["cell"].unique().map(list)) == {"A new": ["007"], "A old": ["12"]}
    stored = pd.read_parquet(out / "measurements.parquet")
    assert tuple(stored.columns) == tuple(table.columns)
    # all of the column are numbers; 007 is none
    assert set(stored["cycle"]) == {0.0, 20.0}
    assert set(stored["cell"]) == {"007", "12"}
    own = pd.read_csv(out / "A old" / "measurements.csv", dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(own, table[table["sample"] == "A old"].reset_index(drop=True))
    gaps = pd.read_csv(out / "A old" / "objects_gaps.csv", dtype=str, keep_default_na=False)
    # the gaps have a column of that name already
    assert tuple(gaps.columns[-3:]) == ("cell", "cycle", "sample_id")
    assert gaps[["cell", "cycle"]].to_numpy().tolist() == [["12", "20"]]
    record = json.loads((out / "A new" / "run.json").read_text(encoding="utf-8"))
    assert record["metadata"] == {"cell": "007", "cycle": "0", "id": "x"}
    # the second is a later state of the first: the same picture, so nothing is lost
    loss = table[(table["metric"] == "contact_loss") & (table["state"] == "old")].iloc[0]
    assert (float(loss["value"]), loss["note"].startswith("first state: new")) == (0.0, True)
    # the table for a paper: a line each before the metrics; the same when it is made later
    printed = (out / "table.md").read_text(encoding="utf-8")
    assert printed.splitlines()[2:5] == ["| cell | 007 | 12 |", "| cycle | 0 | 20 |", "| id | x |  |"]
    made = [(out / f"table.{kind}").read_bytes() for kind in ("md", "tex", "xlsx")]
    assert cli("table", out).status == 0
    assert [(out / f"table.{kind}").read_bytes() for kind in ("md", "tex", "xlsx")] == made
    assert b"\ncell & 007 & 12 \\\\\n" in made[1]
    tidy = pd.read_excel(out / "table.xlsx", "Measurements", dtype=str)
    assert set(tidy["cell"]) == {"007", "12"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '<th scope="col">cycle</th>' in page
    assert page.count("<td>007</td>") == 1
    assert "<dt>cell</dt><dd>007</dd>" in page
    assert "<dt>id</dt><dd></dd>" not in page
    # with the samples as lines they are columns
    assert cli("table", out, "--lines", "samples", "--format", "md").status == 0
    turned = (out / "table.md").read_text(encoding="utf-8").splitlines()
    assert turned[0].startswith("| sample | cell | cycle | id |")
    assert turned[2].startswith("| A new | 007 | 0 | x |")


def test_a_missing_file_is_a_row_in_failures_and_not_the_end(cli: Cli, place: Path, cell: Path) -> None:
    path = listed(place, "path,cell,stage\nBilder/fehlt.tif,B,early\nBilder/a.tif,A,late\n")
    told = cli("measure", path, "--out", place / "out", *FAST)
    assert (told.status, len(told.errors)) == (1, 1)
    (row,) = pd.read_csv(place / "out" / "failures.csv").to_dict("records")
    assert (row["sample"], row["stage"], row["error"]) == ("fehlt", "read", "InputMissingError")
    # the failures have a column of that name already
    assert (row["cell"], row["sample_stage"]) == ("B", "early")
    assert row["message"] == (
        f"no such file or folder: {place / 'Bilder' / 'fehlt.tif'}, named in Zellen ä.csv, line 2"
    )
    assert set(pd.read_csv(place / "out" / "measurements.csv")["cell"]) == {"A"}


def test_a_voxel_size_of_the_manifest_counts_before_that_of_the_command(cli: Cli, place: Path, cell: Path) -> None:
    shutil.copy(cell, cell.with_name("b.tif"))
    path = listed(place, "path,voxel_size\nBilder/a.tif,30nm\nBilder/b.tif,\n")
    assert cli("measure", path, "--out", place / "out", "--voxel-size", "70nm", *FAST).status == 0
    sizes = [json.loads((place / "out" / name / "run.json").read_text("utf-8"))["voxel_size_um"]["x"] for name in "ab"]
    assert sizes == pytest.approx([0.03, 0.07])


def test_resume_redoes_a_sample_whose_metadata_changed(cli: Cli, place: Path, cell: Path) -> None:
    command = ("measure", listed(place, "path,cycle\nBilder/a.tif,1\n"), "--out", place / "out", "--resume", *FAST)
    assert cli(*command).status == 0
    record = place / "out" / "a" / "run.json"
    first = record.stat().st_mtime_ns
    assert cli(*command).status == 0
    assert record.stat().st_mtime_ns == first
    listed(place, "path,cycle\nBilder/a.tif,2\n")
    assert cli(*command).status == 0
    assert json.loads(record.read_text(encoding="utf-8"))["metadata"] == {"cycle": "2"}
