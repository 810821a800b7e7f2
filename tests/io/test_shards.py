"""Large volumes are written in shards, which every reader opens, with the voxels of small ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from micro.io import _levels, read_coarser, read_labels, read_volume, write_ome_zarr
from micro.model import Labels, Spacing, Volume

SPACING = Spacing(0.1, 0.05, 0.05)


@pytest.fixture
def cell() -> tuple[Volume, Labels]:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 65536, (70, 300, 130)).astype(np.uint16)
    return Volume(grey, SPACING), Labels((grey % 5).astype(np.uint8), SPACING)


def test_shards_hold_what_plain_chunks_hold(tmp_path: Path, cell: tuple[Volume, Labels]) -> None:
    plain = write_ome_zarr(tmp_path / "plain.ome.zarr", *cell)
    sharded = write_ome_zarr(tmp_path / "große Datei.ome.zarr", *cell, sharded_voxels=70 * 300 * 130)
    for below in ("0", "labels/phases/0"):
        array = zarr.open_array(sharded / below, mode="r")
        assert (array.chunks, array.shards) == ((64, 64, 64), (128, 256, 192))
        assert zarr.open_array(plain / below, mode="r").shards is None
    np.testing.assert_array_equal(read_volume(sharded).data.compute(), cell[0].data.compute())
    np.testing.assert_array_equal(read_labels(sharded).data.compute(), cell[1].data.compute())
    for labels in (False, True):
        coarse = zip(read_coarser(sharded, labels=labels), read_coarser(plain, labels=labels), strict=True)
        for one, other in coarse:
            np.testing.assert_array_equal(one.compute(), other.compute())


def test_coarser_levels_in_shards_are_merged_in_pieces(
    tmp_path: Path, cell: tuple[Volume, Labels], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write_ome_zarr(tmp_path / "plain.ome.zarr", *cell)
    monkeypatch.setattr(_levels, "_CHUNK_3D", (40, 40, 40))
    sharded = write_ome_zarr(tmp_path / "sharded.ome.zarr", *cell, sharded_voxels=1)
    assert zarr.open_array(sharded / "1", mode="r").shards is not None
    for one, other in zip(read_coarser(sharded), read_coarser(plain), strict=True):
        np.testing.assert_array_equal(one.compute(), other.compute())
