"""Probabilities as OME-Zarr: values, axes, channel names, levels, and what other programs make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from micro.errors import OutputError, ParameterError
from micro.io import write_probabilities
from micro.model import Labels, Spacing

SPACING = Spacing(0.3, 0.2, 0.1)


def sure(shape: tuple[int, int, int]) -> Labels:
    shares = np.random.default_rng(4).integers(0, 256, (3, *shape)).astype(np.uint8)
    return Labels(
        np.ones(shape, np.uint8),
        SPACING,
        probabilities=shares,
        probability_phases=("void", "Li", "SE"),
        name="Zelle ä",
    )


def test_channels_are_the_phases(tmp_path: Path) -> None:
    labels = sure((4, 130, 90))
    path = write_probabilities(tmp_path / "Würfel mit Ä.ome.zarr", labels)
    group = zarr.open_group(path, mode="r")
    assert labels.probabilities is not None
    np.testing.assert_array_equal(group["0"][:], np.asarray(labels.probabilities))
    assert group["0"].chunks[0] == 1
    # 130 is halved once, 90 and 4 are not; the mean of two voxels, halves up
    fine = np.asarray(labels.probabilities).astype(int)
    np.testing.assert_array_equal(group["1"][:], (fine[:, :, ::2] + fine[:, :, 1::2] + 1) // 2)
    ome = group.attrs["ome"]
    assert [channel["label"] for channel in ome["omero"]["channels"]] == ["void", "Li", "SE"]
    (scales,) = ome["multiscales"]
    assert [axis["name"] for axis in scales["axes"]] == ["c", "z", "y", "x"]
    assert [axis["type"] for axis in scales["axes"]] == ["channel", "space", "space", "space"]
    assert scales["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": [1, 0.3, 0.2, 0.1]}]


def test_ome_zarr_opens_a_section(tmp_path: Path) -> None:
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    labels = sure((1, 20, 30))
    path = write_probabilities(tmp_path / "Schnitt.ome.zarr", labels)
    location = parse_url(path)
    assert location is not None
    (node,) = Reader(location)()
    assert labels.probabilities is not None
    np.testing.assert_array_equal(np.asarray(node.data[0]), np.asarray(labels.probabilities)[:, 0])
    assert node.metadata["channel_names"] == ["void", "Li", "SE"]


def test_what_can_not_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="labels without probabilities"):
        write_probabilities(tmp_path / "p.ome.zarr", Labels(np.ones((2, 2), np.uint8), SPACING))
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="a folder with other files"):
        write_probabilities(tmp_path, sure((1, 2, 2)))
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]
