"""Runs with a trained model in place of the automatic segmentation."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr

from micro.io import read_labels
from micro.phantoms import Phantom
from micro_pipelines.cli import main

Cli = Callable[..., Any]

_spec = importlib.util.spec_from_file_location(
    "networks", Path(__file__).resolve().parents[1] / "classify" / "networks.py"
)
assert _spec is not None
assert _spec.loader is not None
networks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(networks)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network by grey level whose name does not say what it is, in a folder with an umlaut."""
    return networks.by_grey(tmp_path_factory.mktemp("Netze für Ä") / "Netz 1.model", tile="64", overlap="8")


@pytest.fixture(scope="module")
def done(sem_image: Path, network: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one image with that network."""
    out = tmp_path_factory.mktemp("fertig mit Ö") / "out"
    command = ["run", "sem", sem_image, "--out", out, "--model", network, "--probabilities", "--quiet"]
    assert main([str(word) for word in command]) == 0
    return out / "Querschnitt 1"


def test_a_network_takes_the_place_of_the_segmentation(done: Path, network: Path, sem: Phantom) -> None:
    record = json.loads((done / "run.json").read_text(encoding="utf-8"))
    operations = [step["operation"] for step in record["steps"]]
    assert operations[:4] == ["read", "preprocess", "classify", "check model"]
    assert record["model"]["kind"] == "network"
    assert record["model"]["path"] == str(network.resolve())
    assert record["model"]["hash"] == record["fingerprint"]["model"]["hash"]
    assert record["model"]["phases"] == ["void", "Li", "SE"]
    assert "onnxruntime" in record["versions"]
    labels = read_labels(done / "labels.ome.zarr").data.compute()
    truth = sem.truth.data.compute()
    # Plain thresholds: they find the bulk of a clean section. The electrolyte is half of the picture.
    assert ((labels == 2) & (truth == 2)).sum() > 0.9 * (truth == 2).sum()


def test_the_probabilities_lie_beside_the_labels(done: Path) -> None:
    group = zarr.open_group(done / "probabilities.ome.zarr", mode="r")
    shares = np.asarray(group["0"][:])
    assert shares.shape == (3, 160, 200)
    # three roundings of half a unit
    assert np.abs(shares.astype(int).sum(axis=0) - 255).max() <= 2
    labels = read_labels(done / "labels.ome.zarr").data.compute()[0]
    # cracks are void, dendrites Li; islands took what is around them
    phase = np.array([0, 0, 2, 1, 1, 0])[labels]
    assert (shares.argmax(axis=0) == phase).mean() > 0.95


def test_the_recipe_hash_stays_that_of_the_recipe(done: Path) -> None:
    from micro_pipelines import load_recipe, recipe_hash

    assert set(pd.read_csv(done / "measurements.csv")["recipe_hash"]) == {recipe_hash(load_recipe("sem"))}


def test_resume_redoes_a_sample_when_the_model_changes(cli: Cli, place: Path, sem_image: Path, network: Path) -> None:
    out = place / "out"
    own = place / "Netz.onnx"
    own.write_bytes(network.read_bytes())
    command = ("run", "sem", sem_image, "--out", out, "--resume", "--set", 'report.figures=["overlay"]')

    def stamp() -> int:
        return (out / "Querschnitt 1" / "run.json").stat().st_mtime_ns

    assert cli(*command, "--model", own).status == 0
    first = stamp()
    assert cli(*command, "--model", own).status == 0
    assert stamp() == first
    networks.by_grey(own, levels=(0.2, 0.4, 0.8), tile="64", overlap="8")
    assert cli(*command, "--model", own).status == 0
    second = stamp()
    assert second != first
    assert cli(*command, "--model", own, "--probabilities").status == 0
    third = stamp()
    assert third != second
    assert cli(*command).status == 0
    assert stamp() != third
    assert json.loads((out / "Querschnitt 1" / "run.json").read_text(encoding="utf-8"))["model"] is None


def test_blocks_change_no_byte(cli: Cli, place: Path, sem_image: Path, network: Path) -> None:
    written = []
    for number, block in enumerate(("1,160,200", "1,37,51")):
        out = place / f"out {number}"
        told = cli("run", "sem", sem_image, "--out", out, "--model", network, "--probabilities", "--block", block, "-q")
        assert told.status == 0, told.err
        folder = out / "Querschnitt 1"
        shares = np.asarray(zarr.open_group(folder / "probabilities.ome.zarr", mode="r")["0"][:])
        written.append(((folder / "labels.tif").read_bytes(), shares.tobytes()))
    assert written[0] == written[1]


def test_a_network_that_misses_a_phase_is_doubted(cli: Cli, place: Path, sem_image: Path) -> None:
    path = networks.by_grey(place / "n.onnx", levels=(0.2, 0.8), phases="void,SE")
    told = cli("run", "sem", sem_image, "--out", place / "out", "--model", path)
    assert told.status == 0, told.err
    record = json.loads((place / "out" / "Querschnitt 1" / "run.json").read_text(encoding="utf-8"))
    assert "no Li found: the model has no class for it" in record["warnings"]
    notes = pd.read_csv(place / "out" / "measurements.csv")["note"]
    assert notes.str.endswith("doubtful: no Li found: the model has no class for it").all()
    told = cli("run", "sem", sem_image, "--out", place / "out", "--model", path, "--resume")
    assert "unchanged, skipped" in told.err
    assert (pd.read_csv(place / "out" / "measurements.csv")["note"] == notes).all()
    assert "no Li found: the model has no class for it" in (place / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"MZ no model", b"PK\x03\x04 no model", b"\x08\x09 no model"])
def test_a_file_that_is_no_model_is_refused_before_any_work(
    content: bytes, cli: Cli, place: Path, sem_image: Path
) -> None:
    path = place / "kein Modell.onnx"
    path.write_bytes(content)
    told = cli("run", "sem", sem_image, "--out", place / "out", "--model", path)
    assert (told.status, len(told.errors)) == (2, 1), told.err
    assert "kein Modell.onnx" in told.errors[0]
    assert not (place / "out").exists()


def test_wrong_options_of_a_model_are_refused(cli: Cli, place: Path, sem_image: Path, network: Path) -> None:
    command = ("run", "sem", sem_image, "--out", place / "out")
    told = cli(*command, "--model", place / "fehlt.onnx")
    assert (told.status, len(told.errors)) == (2, 1)
    assert "no such model file" in told.errors[0]
    assert cli(*command, "--model-phases", "void,SE,Li").status == 2
    told = cli(*command, "--model", network, "--model-phases", "void,SE,Li")
    assert (told.status, len(told.errors)) == (2, 1)
    assert "its metadata say the phases void, Li, SE" in told.errors[0]
    assert not (place / "out").exists()


def test_the_user_names_the_classes(cli: Cli, place: Path, sem_image: Path, done: Path) -> None:
    path = networks.by_grey(place / "n.onnx", tile="64", overlap="8", phases="")
    told = cli("run", "sem", sem_image, "--out", place / "out", "--model", path)
    assert (told.status, len(told.errors)) == (2, 1)
    assert "say it with --model-phases" in told.errors[0]
    told = cli("run", "sem", sem_image, "--out", place / "out", "--model", path, "--model-phases", "void, Li, SE", "-q")
    assert told.status == 0, told.err
    assert (place / "out" / "Querschnitt 1" / "labels.tif").read_bytes() == (done / "labels.tif").read_bytes()
