"""Components over blocks against scipy on the whole volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine, label_components

BLOCKS = [(128, 128, 128), (16, 16, 16), (7, 9, 11), (3, 50, 2), (1, 1, 60)]
STRUCTURES = {conn: ndimage.generate_binary_structure(3, rank) for conn, rank in ((6, 1), (18, 2), (26, 3))}
TABLES = ("classes", "voxels", "first", "start", "stop", "sums", "products")


def noise(shape: tuple[int, int, int], share: float) -> NDArray[np.uint8]:
    rng = np.random.default_rng(len(shape) + int(100 * share))
    return ((rng.random(shape) < share) * (1 + (rng.random(shape) < 0.3))).astype(np.uint8)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
@pytest.mark.parametrize("shape", [(20, 41, 23), (1, 90, 77), (17, 5, 30)])
@pytest.mark.parametrize("connectivity", [6, 18, 26])
def test_partition_equals_scipy_for_every_block_shape(
    shape: tuple[int, int, int], share: float, connectivity: int
) -> None:
    image = noise(shape, share)
    whole = label_components(image, engine=Engine(), connectivity=connectivity)
    reference = np.zeros(shape, np.int64)
    for value in (1, 2):
        ids, _ = ndimage.label(image == value, STRUCTURES[connectivity])
        reference[ids > 0] = ids[ids > 0] + reference.max()
    # the same partition: one id of ours for each of theirs, both ways
    pairs = np.unique(np.stack([reference.ravel(), np.asarray(whole.ids).ravel()]), axis=1)
    assert pairs.shape[1] == whole.count + 1 == len(np.unique(reference))
    for block_shape in BLOCKS[1:]:
        cut = label_components(image, engine=Engine(block_shape=block_shape), connectivity=connectivity)
        np.testing.assert_array_equal(cut.ids, whole.ids)
        for table in TABLES:
            np.testing.assert_array_equal(getattr(cut, table), getattr(whole, table), err_msg=table)


def test_statistics_equal_a_loop_over_objects() -> None:
    image = noise((9, 14, 17), 0.2)
    found = label_components(image, engine=Engine(block_shape=(4, 5, 6)))
    ids = np.asarray(found.ids)
    assert found.count > 20
    for number in range(1, found.count + 1):
        voxels = np.argwhere(ids == number)
        assert found.voxels[number] == len(voxels)
        assert found.first[number].tolist() == voxels[0].tolist()
        assert found.start[number].tolist() == voxels.min(0).tolist()
        assert found.stop[number].tolist() == (voxels.max(0) + 1).tolist()
        assert found.sums[number].tolist() == voxels.sum(0).tolist()
        # a unit cube has a variance of 1/12 about its centre; 1e-9 covers the cancellation in doubles
        expected = np.cov(voxels.T, bias=True).reshape(3, 3) + np.eye(3) / 12
        np.testing.assert_allclose(found.covariances()[number], expected, atol=1e-9)


def test_an_empty_volume_has_no_components() -> None:
    found = label_components(np.zeros((3, 4, 5), np.uint8), engine=Engine(block_shape=(2, 2, 2)))
    assert found.count == 0
    assert not np.asarray(found.ids).any()


def test_lookup_table_joins_values_into_classes() -> None:
    image = np.uint8([[[1, 5, 2, 3]]])
    table = np.zeros(256, np.uint8)
    table[[1, 5]] = 9
    found = label_components(image, engine=Engine(), table=table)
    assert found.count == 1
    assert found.classes[1] == 9
    assert found.voxels[1] == 2


def test_blocks_without_components_change_nothing(tmp_path: Path) -> None:
    image = np.zeros((12, 12, 12), np.uint8)
    image[1:3, 1:3, 9:12] = 1
    image[7:12, 7:9, 7] = 2
    whole = label_components(image, engine=Engine())
    for limit in (2**30, 0):
        found = label_components(image, engine=Engine((4, 4, 4), in_memory_bytes=limit, work_dir=tmp_path))
        np.testing.assert_array_equal(found.ids[:], whole.ids[:])
        np.testing.assert_array_equal(found.voxels, whole.voxels)
        np.testing.assert_array_equal(found.stop, whole.stop)
