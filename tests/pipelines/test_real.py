"""Real micrographs, found through MICRO_REALDATA."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from micro.io import read_labels

pytestmark = pytest.mark.realdata

Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def real() -> Path:
    """The folder of real micrographs."""
    folder = os.environ.get("MICRO_REALDATA")
    if not folder:
        pytest.skip("MICRO_REALDATA is not set: no real micrographs to test with")
    return Path(folder)


def fractions(out: Path) -> dict[str, float]:
    """The phases that are there, and how much of each."""
    table = pd.read_csv(out / "measurements.csv")
    rows = table[(table["metric"] == "phase_fraction") & (table["roi"] == "all") & (table["value"] > 0)]
    return dict(zip(rows["phase_a"], rows["value"], strict=True))


@pytest.mark.parametrize(
    ("name", "voxel", "mapping", "expected"),
    [
        (
            "battery/nmc_cbd_labels_251x301x301.tif",
            "0.4um",
            "0=void,1=cathode,2=9",
            {"void": 0.4005, "cathode": 0.4995, "label 9": 0.100},
        ),
        (
            "porous/electrode_generated_256.tiff",
            "0.390625um",
            "0=void,85=6,170=9",
            {"void": 0.4499, "cathode": 0.4005, "label 9": 0.1496},
        ),
    ],
)
def test_published_phase_fractions(
    name: str, voxel: str, mapping: str, expected: dict[str, float], cli: Cli, place: Path, real: Path
) -> None:
    told = cli("measure", real / name, "--out", place / "out", "--voxel-size", voxel, "--map", mapping, "--quiet")
    assert told.status == 0, told.err
    # The published figures have four decimals.
    assert fractions(place / "out") == pytest.approx(expected, abs=5.1e-5)


def test_a_slice_without_a_scale_is_refused_and_then_segmented(cli: Cli, place: Path, real: Path) -> None:
    image = real / "battery" / "nmc_xtm_slice.tif"
    told = cli("run", "xct", image, "--out", place / "out")
    assert (told.status, len(told.errors)) == (1, 1)
    assert "does not say how large a voxel is" in told.errors[0]
    told = cli("run", "xct", image, "--out", place / "out", "--voxel-size", "0.3um")
    assert told.status == 0, told.err
    labels = read_labels(place / "out" / "nmc_xtm_slice" / "labels.ome.zarr")
    assert labels.shape[1:] in ((853, 846), (846, 853))
    assert len(np.unique(labels.data.compute())) >= 2


@pytest.mark.slow
def test_a_folder_of_slices_is_one_volume_in_order(cli: Cli, place: Path, real: Path) -> None:
    told = cli("run", "xct", real / "ct" / "cell_volume", "--out", place / "out", "--voxel-size", "9um", "--quiet")
    assert told.status == 0, told.err
    record = json.loads((place / "out" / "cell_volume" / "run.json").read_text(encoding="utf-8"))
    assert record["shape_zyx"] == [10, 728, 728]


@pytest.mark.parametrize(
    ("name", "nanometres"),
    [("zeiss_merlin.tif", 55.82), ("fei_teneo_databar.tif", 1.079), ("fei_teneo_databar_2.tif", 1.349)],
)
def test_info_of_microscope_files(name: str, nanometres: float, cli: Cli, real: Path) -> None:
    told = cli("info", real / "vendor" / name)
    size = next(line for line in told.out.splitlines() if "voxel size" in line)
    edges = [float(word) for word in size.replace("x", " ").split() if word[0].isdigit()]
    # The figures of the data's README have four digits.
    np.testing.assert_allclose(edges, nanometres / 1000, rtol=5e-4)
    assert ("cut off" in told.out) == name.startswith("fei")
