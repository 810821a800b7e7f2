"""Bad input: one line that says what is wrong, the right exit status, and nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from micro.io import write_tiff
from micro.model import Spacing, Volume
from micro.phantoms import Phantom

Cli = Callable[..., Any]
NOISE = np.random.default_rng(5).integers(0, 255, (40, 50), dtype=np.uint8)


def leftovers(out: Path) -> set[str]:
    return {entry.name for entry in out.iterdir()} - {".micro.lock"}


FAILED = {"measurements.csv", "measurements.parquet", "failures.csv", "run.log"}


@pytest.mark.parametrize("kind", ["empty", "truncated", "text", "slices", "nan", "constant"])
def test_a_bad_file_fails_in_one_line_with_status_1(
    kind: str, cli: Cli, place: Path, sem_image: Path, grey_tiff: Callable[..., Path]
) -> None:
    if kind == "slices":
        path = place / "Stapel"
        path.mkdir()
        grey_tiff(path / "s1.tif", NOISE)
        grey_tiff(path / "s2.tif", NOISE[:-1])
    elif kind == "nan":
        grey = NOISE.astype(np.float32)
        grey[3, 4] = np.nan
        path = grey_tiff(place / "eine Lücke.tif", grey)
    elif kind == "constant":
        path = grey_tiff(place / "konstant.tif", np.full_like(NOISE, 9))
    else:
        path = place / f"{kind}.tif"
        path.write_bytes({"empty": b"", "text": b"kein Bild", "truncated": sem_image.read_bytes()[:3000]}[kind])
    out = place / "out"
    told = cli("run", "sem", path, "--out", out, "--voxel-size", "50nm")
    assert told.status == 1
    assert len(told.errors) == 1, told.err
    assert "Traceback" not in told.err
    assert leftovers(out) == FAILED
    (row,) = pd.read_csv(out / "failures.csv").to_dict("records")
    assert row["sample"] == path.stem
    assert row["input"] == str(path)
    assert row["stage"] in ("read", "check")
    assert "\n" not in row["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--voxel-size", "0nm"), "voxel size along z is 0.0; expected a positive"),
        (("--voxel-size", "-5nm"), "voxel size along z is -0.005; expected a positive"),
        (("--voxel-size=nanum",), "voxel size 'nanum' is not understood"),
        (("--voxel-size", "5"), "voxel size '5' is not understood"),
        (("--set", "cell.nromal=-y"), "unknown key 'nromal' in [cell], did you mean 'normal'?"),
        (("--set", "segment.smoothing=99"), "segment.smoothing = 99 is not possible"),
        (("--normal", "up"), "cell.normal = 'up' is not possible"),
        (("--state", "a", "--state", "b"), "2 states for 1 samples"),
        (("--block", "64"), "block '64' is not understood"),
    ],
)
def test_a_wrong_command_ends_with_status_2_and_writes_nothing(
    arguments: tuple[str, ...], message: str, cli: Cli, place: Path, sem_image: Path
) -> None:
    told = cli("run", "sem", sem_image, "--out", place / "out", *arguments)
    assert told.status == 2
    assert len(told.errors) == 1, told.err
    assert message in told.errors[0]
    assert not (place / "out").exists()


def test_an_unknown_recipe_ends_with_status_2(cli: Cli, place: Path, sem_image: Path) -> None:
    told = cli("run", "semm", sem_image, "--out", place / "out")
    assert (told.status, len(told.errors)) == (2, 1)
    assert "no recipe called 'semm', did you mean 'sem'?" in told.errors[0]


def test_an_unknown_option_ends_with_status_2(cli: Cli, place: Path, sem_image: Path) -> None:
    assert cli("run", "sem", sem_image, "--out", place / "out", "--fast").status == 2
    assert not (place / "out").exists()


def test_an_input_that_is_not_there_ends_with_status_2(cli: Cli, place: Path) -> None:
    told = cli("run", "sem", place / "fehlt.tif", "--out", place / "out")
    assert (told.status, len(told.errors)) == (2, 1)
    assert "no such file or folder" in told.errors[0]
    assert not (place / "out").exists()


def test_an_output_below_a_file_ends_with_status_2(cli: Cli, place: Path, sem_image: Path) -> None:
    (place / "Datei").write_text("x", encoding="utf-8")
    told = cli("run", "sem", sem_image, "--out", place / "Datei" / "out")
    assert (told.status, len(told.errors)) == (2, 1)
    assert re.search("output folder .* can't be written", told.errors[0])


def test_an_output_that_is_a_file_ends_with_status_2_and_keeps_it(cli: Cli, place: Path, sem_image: Path) -> None:
    (place / "Datei").write_text("x", encoding="utf-8")
    assert cli("run", "sem", sem_image, "--out", place / "Datei").status == 2
    assert (place / "Datei").read_text(encoding="utf-8") == "x"


def test_a_file_without_a_voxel_size_is_refused_until_it_is_said(
    cli: Cli, place: Path, sem: Phantom, grey_tiff: Callable[..., Path]
) -> None:
    path = grey_tiff(place / "ohne Maßstab.tif", sem.volume.data[0].compute())
    told = cli("run", "sem", path, "--out", place / "out")
    assert (told.status, len(told.errors)) == (1, 1)
    assert "does not say how large a voxel is" in told.errors[0]
    assert cli("run", "sem", path, "--out", place / "out", "--voxel-size", "50nm").status == 0
    assert pd.read_csv(place / "out" / "failures.csv").empty


def test_a_picture_without_an_anode_is_no_error(cli: Cli, place: Path, no_anode: Path) -> None:
    told = cli("measure", no_anode, "--out", place / "out")
    assert (told.status, told.errors) == (0, [])
    table = pd.read_csv(place / "out" / "measurements.csv").set_index("metric")
    row = table.loc["contact_fraction"]
    assert np.isnan(row["value"])
    assert "no metal body found" in row["note"]
    # 36 of 60 x 80 voxels are void.
    void = table[(table["phase_a"] == "void") & (table["roi"] == "all")].loc["phase_fraction", "value"]
    assert void == pytest.approx(36 / 4800, rel=1e-12)


def test_a_run_on_a_picture_without_an_anode_is_no_error(cli: Cli, place: Path) -> None:
    rng = np.random.default_rng(8)
    grey = np.full((160, 160), 160.0)
    grey[40:70, 50:90] = 20.0
    noisy = np.clip(grey + rng.normal(0, 6, grey.shape), 0, 255).astype(np.uint8)
    write_tiff(place / "nur SE.tif", Volume(noisy, Spacing.parse("50nm")))
    told = cli("run", "sem", place / "nur SE.tif", "--out", place / "out")
    assert (told.status, told.errors) == (0, [])
    table = pd.read_csv(place / "out" / "measurements.csv").set_index("metric")
    assert np.isnan(table.loc["contact_fraction", "value"])
    assert "no metal body found" in table.loc["contact_fraction", "note"]
    # The void is 1200 of 25600 voxels; its rim may move by half a voxel: 70 voxels.
    void = table[(table["phase_a"] == "void") & (table["roi"] == "all")].loc["phase_fraction", "value"]
    assert void == pytest.approx(1200 / 25600, abs=70 / 25600)
