"""An object found from one voxel, against the components of the whole volume."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micro.blocks import Engine, label_components
from micro.correct import CorrectedArray, Correction, Edit, object_at
from micro.errors import ParameterError
from micro.model import Labels, Spacing


def mask_of(found):
    mask = np.zeros(found.shape, bool)
    for region, part in found.blocks():
        mask[region] = part
    return mask


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 14), st.integers(1, 14), st.integers(1, 14)),
    block=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    share=st.sampled_from([0.1, 0.2, 0.35]),
)
def test_an_object_is_the_component_of_its_voxel_however_the_blocks_lie(seed, shape, block, share):
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(shape) < share, 5, rng.integers(1, 3, shape)).astype(np.uint8)
    point = tuple(int(rng.integers(0, n)) for n in shape)
    found = object_at(labels, point, block=block)
    whole = label_components(labels, engine=Engine(workers=1))
    number = int(whole.ids[point])
    assert np.array_equal(mask_of(found), np.asarray(whole.ids) == number)
    assert (found.voxels, found.value) == (int(whole.voxels[number]), int(labels[point]))
    assert np.array_equal(found.start, whole.start[number])
    assert np.array_equal(found.stop, whole.stop[number])


def test_a_snake_that_comes_back_into_its_first_block_is_whole():
    labels = np.full((1, 8, 40), 2, np.uint8)
    labels[0, 1, :] = labels[0, 6, :] = 5
    labels[0, 1:7, 39] = 5
    assert object_at(labels, (0, 1, 0), block=(1, 8, 10)).voxels == 40 + 40 + 4


def test_a_crack_becomes_pore_and_only_its_own_blocks_are_read(tmp_path):
    reads = []

    class Watched:
        shape, dtype = (4, 400, 400), np.dtype(np.uint8)

        def __getitem__(self, key):
            reads.append(key[2].start)
            out = np.full((4, 400, 400), 2, np.uint8)
            out[2, 10:120, 30:34] = 5
            out[2, 300, 300] = 5
            return out[key]

    watched = Watched()
    found = object_at(watched, (2, 50, 31), block=(4, 64, 64))
    assert found.voxels == 440
    assert max(reads) <= 64
    labels = Labels(watched[np.s_[0:4, 0:400, 0:400]], Spacing(0.1, 0.1, 0.1))
    with Correction(labels, tmp_path / "Größe.corrections") as correction:
        source = CorrectedArray(correction)
        done = correction.apply(Edit("relabel", found.patches(source, 1)), revision=correction.revision)
        assert done.moved == {(5, 1): 440}
        assert int((np.asarray(source) == 5).sum()) == 1


def test_an_object_in_too_many_blocks_is_told():
    with pytest.raises(ParameterError, match="more than 3 blocks"):
        object_at(np.ones((1, 10, 100), np.uint8), (0, 0, 0), block=(1, 10, 10), most_blocks=3)


def test_a_point_outside_is_told():
    with pytest.raises(ParameterError, match="lies outside"):
        object_at(np.ones((1, 10, 10), np.uint8), (0, 0, 10))
