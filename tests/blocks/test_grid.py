"""Blocks cover a volume once, with the halos that were asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from micro.blocks import split

LENGTHS = st.tuples(*[st.integers(1, 14)] * 3)
HALOS = st.tuples(*[st.integers(0, 6)] * 3)


@given(LENGTHS, LENGTHS, HALOS)
def test_every_voxel_is_in_one_core_and_halos_end_at_the_border(
    shape: tuple[int, int, int], block_shape: tuple[int, int, int], halo: tuple[int, int, int]
) -> None:
    seen = np.zeros(shape, np.int64)
    blocks = split(shape, block_shape, halo)
    for number, block in enumerate(blocks):
        assert block.number == number
        seen[block.core] += 1
        for axis in range(3):
            core, outer = block.core[axis], block.outer[axis]
            assert 0 < core.stop - core.start <= block_shape[axis]
            # the halo as asked for, or everything up to the border
            assert outer.start == max(0, core.start - halo[axis])
            assert outer.stop == min(shape[axis], core.stop + halo[axis])
    assert (seen == 1).all()
    assert [block.start for block in blocks] == sorted(block.start for block in blocks)


@given(LENGTHS, LENGTHS, HALOS)
def test_the_inner_region_is_the_core_seen_from_the_outer_one(
    shape: tuple[int, int, int], block_shape: tuple[int, int, int], halo: tuple[int, int, int]
) -> None:
    volume = np.arange(np.prod(shape)).reshape(shape)
    for block in split(shape, block_shape, halo):
        np.testing.assert_array_equal(volume[block.outer][block.inner], volume[block.core])
        assert volume[block.start] == volume[block.core].ravel()[0]
        assert volume[block.outer_start] == volume[block.outer].ravel()[0]


@settings(max_examples=40, deadline=None)
@given(LENGTHS, LENGTHS, HALOS, HALOS)
def test_a_block_within_a_halo_is_the_block_of_that_halo(
    shape: tuple[int, int, int],
    block_shape: tuple[int, int, int],
    halo: tuple[int, int, int],
    less: tuple[int, int, int],
) -> None:
    narrow = tuple(min(pair) for pair in zip(halo, less, strict=True))
    expected = split(shape, block_shape, (narrow[0], narrow[1], narrow[2]))
    assert tuple(block.within(less) for block in split(shape, block_shape, halo)) == expected
