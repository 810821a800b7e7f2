"""Tables of a run: CSV and Parquet alike, and the table for a paper made at once or later."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from micro import __version__
from micro.model import TABLE_COLUMNS, Measurement
from micro_pipelines.outputs import write_batch_tables
from micro_pipelines.paper import read_finished

Cli = Callable[..., Any]
NUMBERS = ("value", "ci_low", "ci_high", "n")


@pytest.fixture(scope="module")
def measured(sem_labels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over one label file."""
    from micro_pipelines.cli import main

    out = tmp_path_factory.mktemp("Läufe 1") / "out"
    assert main(["measure", str(sem_labels), "--out", str(out), "--state", "cycled", "--quiet"]) == 0
    return out


def some_rows() -> list[Measurement]:
    """Values that lose digits easily, and texts that are easily taken for something else."""
    values = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 2**53 + 0.0]
    rows = [
        Measurement("gap_volume", value, "1", "gap_volume/v1", ci_low=value / 7, ci_high=np.pi * 1e-9, n=3.0)
        for value in values
    ]
    rows.append(Measurement("gap_volume", None, "um3", "gap_volume/v1", note='cut, "by" the picture; µ'))
    names = ["NA", *"12345", "nan"]
    return [row.of(sample=name, state="NA", recipe_hash="00e1") for row, name in zip(rows, names, strict=True)]


def read_csv(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        head, *body = csv.reader(lines)
    return {name: [line[column] for line in body] for column, name in enumerate(head)}


@pytest.mark.parametrize("rows", [some_rows(), []], ids=["some", "none"])
def test_parquet_holds_what_the_csv_holds_to_the_last_digit(place: Path, rows: list[Measurement]) -> None:
    assert write_batch_tables(place, rows, []) == ()
    stored, written = pd.read_parquet(place / "measurements.parquet"), read_csv(place / "measurements.csv")
    assert tuple(stored.columns) == TABLE_COLUMNS == tuple(written)
    assert len(stored) == len(rows)
    for name in TABLE_COLUMNS:
        if name in NUMBERS:
            assert stored[name].dtype == np.float64
            exact = [np.nan if getattr(row, name) is None else getattr(row, name) for row in rows]
            np.testing.assert_array_equal(stored[name], np.array(exact, np.float64))
            np.testing.assert_array_equal([float(text or "nan") for text in written[name]], exact)
        else:
            assert pd.api.types.is_string_dtype(stored[name].dtype)
            assert list(stored[name]) == [getattr(row, name) for row in rows] == written[name]
    assert [path.name for path in place.glob(".*")] == []


def test_types_in_parquet_do_not_depend_on_the_content(place: Path) -> None:
    from pyarrow import parquet

    schemas = []
    for rows in (some_rows(), []):
        write_batch_tables(place, rows, [])
        schemas.append(parquet.read_schema(place / "measurements.parquet").remove_metadata())
    assert schemas[0] == schemas[1]


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None  # what Python does for a package that can't be imported
from micro_pipelines.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_pyarrow_a_line_says_so_and_no_old_file_stays(cli: Cli, place: Path, no_anode: Path) -> None:
    out = place / "out"
    assert cli("measure", no_anode, "--out", out, "--quiet").status == 0
    assert (out / "measurements.parquet").exists()
    # a process of its own, because pandas looks for pyarrow once
    line = [sys.executable, "-X", "utf8", "-c", WITHOUT_PYARROW, "measure", str(no_anode), "--out", str(out)]
    told = subprocess.run(line, capture_output=True, encoding="utf-8", check=False)
    assert told.returncode == 0
    notes = [line for line in told.stderr.splitlines() if "pyarrow" in line]
    assert len(notes) == 1
    assert notes[0].startswith("micro: note: measurements.parquet is not written")
    assert "pip install 'micro-ssb[parquet]'" in notes[0]
    assert not (out / "measurements.parquet").exists()
    assert (out / "measurements.csv").exists()


def test_measurements_are_read_back_as_they_were_written(place: Path) -> None:
    write_batch_tables(place, some_rows(), [])
    assert list(read_finished(place).rows) == some_rows()
    assert read_finished(place / "measurements.csv").rows == read_finished(place).rows


def test_a_run_leaves_the_table_of_its_headline(measured: Path) -> None:
    text = (measured / "table.md").read_text(encoding="utf-8")
    assert "| Contact fraction |" in text
    assert "Maske 1" in text
    assert f"Measured with micro {__version__}; recipe " in text
    assert r"\toprule" in (measured / "table.tex").read_text(encoding="utf-8")
    book = load_workbook(measured / "table.xlsx")
    table = pd.read_csv(measured / "measurements.csv")
    contact = table.loc[table["metric"] == "contact_fraction", "value"].iloc[0]
    assert book["Table"]["B3"].value == contact


def test_the_same_table_can_be_made_later(cli: Cli, measured: Path, place: Path) -> None:
    told = cli("table", measured, "--out", place / "später")
    assert told.status == 0
    assert told.out.splitlines() == [str(place / "später" / f"table.{name}") for name in ("md", "tex", "xlsx")]
    for name in ("md", "tex", "xlsx"):
        assert (place / "später" / f"table.{name}").read_bytes() == (measured / f"table.{name}").read_bytes()
    one = cli("table", measured / "Maske 1", "--out", place / "eine", "--format", "md")
    assert one.status == 0
    assert (place / "eine" / "table.md").read_bytes() == (measured / "table.md").read_bytes()


def test_metrics_formats_and_lines_are_chosen(cli: Cli, measured: Path, place: Path) -> None:
    options = ("--metrics", "porosity, phase_fraction:SE", "--format", "md", "--lines", "samples")
    assert cli("table", measured, "--out", place / "out", *options).status == 0
    assert [path.name for path in (place / "out").iterdir()] == ["table.md"]
    head = (place / "out" / "table.md").read_text(encoding="utf-8").splitlines()[0]
    assert head == "| sample | Porosity | Phase fraction, SE |"


def test_the_default_metrics_are_those_of_the_recipe(cli: Cli, sem_labels: Path, place: Path) -> None:
    out = place / "out"
    changed = ("--set", 'report.headline=["relative_density"]', "--quiet")
    assert cli("measure", sem_labels, "--out", out, *changed).status == 0
    made = (out / "table.md").read_bytes()
    (out / "table.md").unlink()
    assert cli("table", out, "--format", "md").status == 0
    assert (out / "table.md").read_bytes() == made
    assert made.decode("utf-8").count("\n| ") == 1


def test_a_table_by_itself_needs_no_record(cli: Cli, measured: Path, place: Path) -> None:
    alone = place / "nur die Tabelle.csv"
    alone.write_bytes((measured / "measurements.csv").read_bytes())
    assert cli("table", alone, "--format", "md").status == 0
    assert "version not recorded" in (place / "table.md").read_text(encoding="utf-8")


def test_a_broken_record_is_no_obstacle(cli: Cli, measured: Path, place: Path) -> None:
    (place / "measurements.csv").write_bytes((measured / "measurements.csv").read_bytes())
    for content in ("{", "[]", json.dumps({"versions": {"micro": "7"}, "recipe": None})):
        (place / "run.json").write_text(content, encoding="utf-8")
        assert cli("table", place, "--format", "md").status == 0
    assert "Measured with micro 7;" in (place / "table.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--metrics", "kontakt"), "no metric 'kontakt' in these tables; known: contact_fraction, "),
        (("--metrics", " , "), "--metrics names no metric"),
        (("--format", "docx"), "no table format 'docx'; known: md, tex, xlsx"),
        (("--format", ""), "--format names no format"),
    ],
)
def test_wrong_options_are_told_in_one_line(
    cli: Cli, measured: Path, place: Path, options: tuple[str, ...], says: str
) -> None:
    told = cli("table", measured, "--out", place / "out", *options)
    assert (told.status, len(told.errors), told.out) == (2, 1, "")
    assert says in told.errors[0]


def test_missing_and_empty_results_are_told_in_one_line(cli: Cli, place: Path) -> None:
    (place / "leer").mkdir()
    (place / "kaputt").mkdir()
    (place / "kaputt" / "measurements.csv").write_bytes(b"a,b\n1,2\n")
    (place / "nichts").mkdir()
    write_batch_tables(place / "nichts", [], [])
    (place / "kein Wert").mkdir()
    text = ",".join(TABLE_COLUMNS) + "\n" + ",".join("x" for _ in TABLE_COLUMNS) + "\n"
    (place / "kein Wert" / "measurements.csv").write_text(text, encoding="utf-8")
    expected = {
        "fehlt": "no folder",
        "leer": "no measurements.csv in",
        "kaputt": "is no table of measurements: no column 'sample'",
        "nichts": "holds no measurements",
        "kein Wert": "is no table of measurements: could not convert",
    }
    for name, says in expected.items():
        told = cli("table", place / name)
        assert (told.status, len(told.errors)) == (2, 1), told.err
        assert says in told.errors[0]
        assert not list((place / name).glob("table.*"))


def test_a_run_without_a_sample_leaves_no_old_table(cli: Cli, place: Path, no_anode: Path) -> None:
    out = place / "out"
    assert cli("measure", no_anode, "--out", out, "--quiet").status == 0
    assert (out / "table.md").exists()
    (place / "leer.tif").write_bytes(b"")
    assert cli("measure", place / "leer.tif", "--out", out, "--quiet").status == 1
    assert not list(out.glob("table.*"))
