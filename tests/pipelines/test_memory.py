"""--memory changes how a run goes, never what comes out; what it keeps on disk goes with it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from micro.blocks import Engine
from micro.errors import ParameterError
from micro.io import read_labels, write_tiff
from micro.phantoms import make_phantom
from micro_pipelines import load_recipe, run_sample, runner
from tests.pipelines.conftest import Cli

RECIPE = load_recipe("xct", ("measure.transport=[]", "measure.resolution_check=false", "report.figures=[]"))


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bilder ü") / "scan.tif"
    return write_tiff(path, make_phantom("xct", seed=6, shape=(72, 64, 64)).volume)


def test_labels_and_tables_are_those_of_a_larger_memory(scan: Path, tmp_path: Path) -> None:
    small, large = Engine(memory_bytes=840_000_000), Engine(memory_bytes=3_000_000_000)
    assert small.cut((72, 64, 64)) != large.cut((72, 64, 64))
    tight = run_sample(scan, RECIPE, tmp_path / "tight", engine=small)
    wide = run_sample(scan, RECIPE, tmp_path / "wide", engine=large)
    found, expected = (read_labels(one.folder / "labels.ome.zarr").data.compute() for one in (tight, wide))
    assert (found == expected).all()
    for table in sorted(file.name for file in wide.folder.glob("*.csv")):
        one, other = (pd.read_csv(folder / table) for folder in (tight.folder, wide.folder))
        # what is promised of floats: sums of parts may differ in their last digits
        pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=0, obj=table)


def test_stores_on_disk_go_with_a_run_that_fails(scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def fails(*_: object, **__: object) -> None:
        seen.extend(tmp_path.rglob("micro-*.zarr"))
        raise ParameterError("no more")

    monkeypatch.setattr(runner, "measure", fails)
    with pytest.raises(ParameterError, match="no more"):
        run_sample(scan, RECIPE, tmp_path, engine=Engine(in_memory_bytes=0))
    assert seen  # there were some
    assert not list(tmp_path.rglob("micro-*.zarr"))
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize(
    ("memory", "said"), [("4 apples", "expected a number with its unit"), ("200MB", "one block need 0.9 GB")]
)
def test_nonsense_and_too_little_are_one_line(cli: Cli, scan: Path, tmp_path: Path, memory: str, said: str) -> None:
    done = cli("run", "xct", scan, "--out", tmp_path / "out", "--memory", memory)
    assert done.status == 2
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "out" / "scan").exists()
