"""Coarser levels, for whoever shows them."""

from pathlib import Path

import numpy as np

from micro.io import read_coarser, read_labels, read_volume, write_ome_zarr, write_tiff
from micro.model import Labels, Spacing, Volume

SPACING = Spacing(0.1, 0.05, 0.05)


def test_image_and_labels_have_their_own(folder: Path):
    grey = np.arange(300 * 140, dtype=np.uint16).reshape(1, 300, 140)
    labels = Labels((grey % 3).astype(np.uint8), SPACING)
    path = write_ome_zarr(folder / "cell.ome.zarr", Volume(grey, SPACING), labels)
    assert [level.shape for level in read_coarser(path)] == [(1, 150, 70), (1, 75, 70)]
    coarse = read_coarser(path, labels=True)
    assert coarse[0].dtype == np.uint8
    assert coarse[0].compute().max() <= 2
    fine = read_volume(path).data.compute().astype(float)
    mean = fine.reshape(1, 150, 2, 70, 2).mean(axis=(2, 4))
    # the mean of four whole numbers, to the nearest one
    assert np.abs(read_coarser(path)[0].compute() - mean).max() <= 0.5
    assert read_labels(path).shape == (1, 300, 140)


def test_labels_that_lie_alone(folder: Path):
    path = write_ome_zarr(folder / "labels.ome.zarr", None, Labels(np.ones((1, 140, 20), np.uint8), SPACING))
    assert [level.shape for level in read_coarser(path, labels=True)] == [(1, 70, 20)]


def test_other_sources_have_none(folder: Path):
    path = write_tiff(folder / "cell.tif", Volume(np.zeros((300, 300), np.uint8), SPACING))
    assert read_coarser(path) == read_coarser([path]) == read_coarser(folder / "nothing") == ()
