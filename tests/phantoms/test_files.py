"""Phantoms on disk, and the example images that are kept in the repository."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from micro.io import read_labels, read_volume
from micro.phantoms import DEFINITIONS, EXAMPLES, make_phantom, write_phantom

FOLDER = Path(__file__).parents[2] / "example_images"


@pytest.mark.parametrize(("kind", "shape"), [("sem", (120, 160)), ("fibsem", (24, 64, 80)), ("xct", (48, 48, 48))])
def test_files_hold_the_phantom_and_its_voxel_size(kind, shape, tmp_path):
    phantom = make_phantom(kind, seed=2, state="charged", shape=shape)
    image, truth, values = write_phantom(phantom, tmp_path / "Zellen ä ö")
    assert image.name == f"{kind}-seed2-charged.tif"
    volume, labels = read_volume(image), read_labels(truth)
    assert np.array_equal(volume.data.compute(), phantom.volume.data.compute())
    assert np.array_equal(labels.data.compute(), phantom.truth.data.compute())
    # ImageJ keeps pixels per um as a fraction of 32-bit integers.
    axes = (1, 2) if labels.is_2d else (0, 1, 2)
    for spacing in (volume.spacing, labels.spacing):
        found, made = np.array(spacing.um), np.array(phantom.volume.spacing.um)
        assert found[list(axes)] == pytest.approx(made[list(axes)], rel=1e-6)
    record = json.loads(values.read_text(encoding="utf-8"))
    assert set(record["values"]) == set(DEFINITIONS)
    assert record["values"]["contact_fraction"]["value"] == phantom.values["contact_fraction"]
    assert record["normal"] == phantom.normal


def test_strokes_lie_inside_their_phases(tmp_path):
    phantom = make_phantom("fibsem", seed=2, shape=(24, 64, 80))
    *_, path = write_phantom(phantom, tmp_path, strokes=True)
    assert path.name == "fibsem-seed2_strokes.tif"
    strokes, truth = read_labels(path).data.compute(), phantom.truth.data.compute()
    painted = strokes > 0
    assert 0 < painted.mean() <= 1e-3
    # dendrites are painted as Li, cracks as void
    assert (np.array([0, 1, 2, 3, 3, 1])[truth] == strokes)[painted].all()


def test_examples_are_complete_and_unharmed():
    listed = dict(line.split("  ")[::-1] for line in (FOLDER / "checksums.sha256").read_text("utf-8").splitlines())
    assert set(listed) == {path.name for path in FOLDER.iterdir()} - {"checksums.sha256"}
    for name, checksum in listed.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == checksum, name
    assert {f"{example.name}.tif" for example in EXAMPLES} <= set(listed)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 8e6


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_are_what_their_seed_makes(example):
    phantom = make_phantom(example.kind, seed=example.seed, state=example.state, shape=example.shape)
    grey = read_volume(FOLDER / f"{example.name}.tif").data.compute()
    truth = read_labels(FOLDER / f"{example.name}_truth.tif").data.compute()
    # Another processor's exp and sin differ in the last bit, which can move a voxel's centre across an edge.
    assert np.mean(truth != phantom.truth.data.compute()) < 1e-5
    off = np.abs(grey.astype(np.int64) - phantom.volume.data.compute().astype(np.int64))
    assert np.mean(off > 0.002 * np.iinfo(grey.dtype).max + 1) < 1e-3
