"""The commands: what they print, in this process and in one of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from micro import __version__
from micro.io import read_labels, read_volume
from micro.phantoms import Phantom
from micro_pipelines.recipe_files import load_recipe

Cli = Callable[..., Any]
LATE = ("numpy", "pandas", "dask", "zarr", "numba", "scipy", "matplotlib", "pydantic", "tifffile", "rich.progress")


def process(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m micro_pipelines`` in ``folder``."""
    command = [sys.executable, "-m", "micro_pipelines", *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=300)


def test_the_command_line_loads_nothing_heavy(place: Path) -> None:
    code = f"import sys, micro_pipelines.cli; print(*[name for name in {LATE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, cwd=place)
    assert done.stdout.split() == []


def test_a_process_ends_with_the_status_and_one_line(place: Path, no_anode: Path) -> None:
    (place / "leer.tif").write_bytes(b"")
    failed = process("measure", no_anode.name, "leer.tif", "--out", "Ergebnis ü", folder=place)
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False), failed.stderr
    assert (place / "Ergebnis ü" / "report.html").exists()
    assert sum(line.startswith("micro: error: leer: read: ") for line in failed.stderr.splitlines()) == 1
    wrong = process("run", "sem", "leer.tif", "--out", "x", "--voxel-size", "0um", folder=place)
    assert (wrong.returncode, wrong.stdout, len(wrong.stderr.splitlines())) == (2, "", 1)


def test_debug_shows_the_traceback(cli: Cli, place: Path) -> None:
    told = cli("run", "nowhere", place, "--out", place / "out", "--debug")
    assert told.status == 2
    assert "Traceback" in told.err
    assert len(told.errors) == 1


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out == f"micro {__version__}\n"
    told = cli("--help")
    assert told.status == 0
    assert all(command in told.out for command in ("demo", "run", "info", "measure", "phantom", "validate"))


def test_an_interruption_is_one_line_and_status_130(cli: Cli, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    # A real Ctrl-C can't be sent to the process of the tests; it arrives as this exception.
    monkeypatch.setattr("micro_pipelines.recipe_files.load_recipe", interrupted)
    told = cli("run", "sem", place, "--out", place / "out")
    assert told.status == 130
    assert told.err.splitlines() == [
        "micro: interrupted: stopped by the user; what is finished is kept, --resume continues"
    ]


def test_info_prints_what_a_file_holds(cli: Cli, sem_image: Path, place: Path) -> None:
    (place / "leer.tif").write_bytes(b"")
    told = cli("info", place / "leer.tif", sem_image)
    assert told.status == 1
    assert len(told.errors) == 1
    assert "0.05 x 0.05 um (y, x)" in told.out
    assert "uint8" in told.out


def test_recipe_lists_and_prints_and_writes(cli: Cli, place: Path) -> None:
    assert "fibsem-alloy" in cli("recipe").out
    assert cli("recipe", "xct").out.startswith('# Recipe "xct"')
    path = place / "mein Rezept.toml"
    assert cli("recipe", "xct", "--out", path).status == 0
    assert load_recipe(path) == load_recipe("xct")
    assert cli("recipe", "xct", "--out", path).status == 2


def test_phantom_writes_an_image_with_its_truth(cli: Cli, place: Path) -> None:
    assert cli("phantom", "sem", "--out", place, "--seed", "4").status == 0
    volume = read_volume(place / "sem-seed4.tif")
    assert read_labels(place / "sem-seed4_truth.tif").shape == volume.shape
    values = json.loads((place / "sem-seed4_truth.json").read_text(encoding="utf-8"))["values"]
    assert 0 < values["contact_fraction"]["value"] < 1
    told = cli("phantom", "smem", "--out", place)
    assert (told.status, len(told.errors)) == (2, 1)
    assert cli("phantom", "sem", "--out", place, "--noise", "loud").status == 2


def test_measure_takes_labels_as_they_are(cli: Cli, place: Path, sem: Phantom, sem_labels: Path) -> None:
    out = place / "out"
    assert cli("measure", sem_labels, "--out", out, "--normal=-y", "--quiet").status == 0
    written = read_labels(out / "Maske 1" / "labels.ome.zarr").data.compute()
    assert (written == sem.truth.data.compute()).all()
    table = pd.read_csv(out / "measurements.csv").set_index("metric")
    # The truth counts the same faces along the true normal; .01 is what the contract grants to a tilt of 45 degrees.
    assert table.loc["contact_fraction", "value"] == pytest.approx(sem.values["contact_fraction"], abs=0.01)


def test_map_names_the_phases_of_foreign_labels(cli: Cli, place: Path, no_anode: Path) -> None:
    told = cli("measure", no_anode, "--out", place / "out", "--map", "1=SE,2=9")
    assert told.status == 0, told.err
    table = pd.read_csv(place / "out" / "measurements.csv")
    fractions = table[(table["metric"] == "phase_fraction") & (table["roi"] == "all")].set_index("phase_a")["value"]
    assert fractions["SE"] == pytest.approx(36 / 4800, rel=1e-12)
    assert fractions["label 9"] == pytest.approx(1 - 36 / 4800, rel=1e-12)
    wrong = cli("measure", no_anode, "--out", place / "out", "--map", "1-SE")
    assert (wrong.status, len(wrong.errors)) == (2, 1)


def test_quiet_says_nothing(cli: Cli, place: Path, no_anode: Path) -> None:
    told = cli("measure", no_anode, "--out", place / "out", "--quiet")
    assert (told.status, told.out, told.err) == (0, "", "")
