"""What a block is counted by, against the plain loops over every voxel that were there before."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine, split
from micro.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.measure.census import Grid, census_block
from micro.measure.columns import Along, layer_ends, merge_ends
from micro.measure.heights import heights_block, merge_heights
from micro.measure.interface import Interface, contact_table
from micro.measure.measure import _label_objects
from micro.measure.params import MeasureParams
from micro.measure.protocol import BlockView, Context, ObjectTable
from micro.model import SSB_PHASES, Labels, Spacing

SHAPE = (14, 11, 17)
NORMALS = ["+z", "-z", "+y", "-y", "+x", "-x"]


def scattered(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Labels and parts in lumps of a few voxels, some of whole rows, with every part and border in it."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 9, (5, 4, 6), dtype=np.uint8)
    labels = small.repeat(3, 0).repeat(3, 1).repeat(3, 2)[: SHAPE[0], : SHAPE[1], : SHAPE[2]].copy()
    labels[3:5] = 2
    parts = np.array([0, 7, 0, 1, 3, 6, 0, 0, 2], np.uint8)[labels]
    region = rng.random((5, 4, 6)).repeat(3, 0).repeat(3, 1).repeat(3, 2)[: SHAPE[0], : SHAPE[1], : SHAPE[2]] < 0.5
    parts[region & (labels > 0)] |= SE_REGION
    return labels, parts


def views(
    labels: NDArray[np.uint8], parts: NDArray[np.uint8], normal: str, block_shape: tuple[int, int, int]
) -> tuple[Context, list[BlockView]]:
    direction = [0.0, 0.0, 0.0]
    direction["zyx".index(normal[1])] = 1.0 if normal[0] == "+" else -1.0
    plane = ReferencePlane((direction[0], direction[1], direction[2]), 1.3)
    cell = Cell(Labels(labels, Spacing(1.0, 0.5, 0.25)), parts, Normal.parse(normal), plane)
    objects = _label_objects(cell, Engine())
    context = Context.of(cell, MeasureParams(), ObjectTable.of(objects))
    found = np.ones(8, bool)
    blocks = split(SHAPE, block_shape, (1, 1, 1))
    return context, [BlockView(block, found, (labels, parts, objects.ids)) for block in blocks]


def oriented(array: NDArray[np.generic], normal: str) -> NDArray[np.generic]:
    """The array with the normal's axis last, leading into the electrolyte."""
    return np.moveaxis(array, "zyx".index(normal[1]), 2)[:, :, :: 1 if normal[0] == "+" else -1]


@pytest.mark.parametrize("normal", NORMALS)
@pytest.mark.parametrize("block_shape", [SHAPE, (4, 5, 6), (1, 3, 17)])
def test_faces_and_what_follows_the_anode(normal: str, block_shape: tuple[int, int, int]) -> None:
    labels, parts = scattered(1)
    context, blocks = views(labels, parts, normal, block_shape)
    partials = [Interface().on_block(context, view) for view in blocks]
    anode, kinds = parts & 127 == 1, contact_table(SSB_PHASES)[labels]
    expected = np.zeros((3, 3, 2), np.int64)
    for axis in range(3):
        a, b = (np.moveaxis(array, axis, 0) for array in (anode, kinds))
        for kind in range(3):
            expected[kind, axis, 1] = np.count_nonzero(a[:-1] & ~a[1:] & (b[1:] == kind))
            expected[kind, axis, 0] = np.count_nonzero(a[1:] & ~a[:-1] & (b[:-1] == kind))
    np.testing.assert_array_equal(sum(one.faces for one in partials if one is not None), expected)

    columns, beyond = oriented(anode, normal), oriented(kinds, normal)
    last, follows = np.full(columns.shape[:2], -1), np.zeros(columns.shape[:2], int)
    for place in np.ndindex(*columns.shape[:2]):
        steps = np.flatnonzero(columns[place])
        if steps.size:
            last[place] = steps[-1]
            follows[place] = beyond[place][steps[-1] + 1] if steps[-1] + 1 < columns.shape[2] else 0
    best, kind = np.full(last.shape, -1), np.zeros(last.shape, int)
    for one in partials:
        assert one is not None
        here = tuple(slice(c, c + n) for c, n in zip(one.corner, one.ends.shape[1:], strict=True))
        further = one.ends[0] > best[here]
        best[here] = np.where(further, one.ends[0], best[here])
        kind[here] = np.where(further, one.ends[1], kind[here])
    np.testing.assert_array_equal(best, last)
    np.testing.assert_array_equal(kind, follows)


@pytest.mark.parametrize("normal", NORMALS)
@pytest.mark.parametrize("block_shape", [SHAPE, (4, 5, 6), (1, 3, 17)])
def test_first_and_last_voxel_of_layers(normal: str, block_shape: tuple[int, int, int]) -> None:
    labels, parts = scattered(2)
    context, blocks = views(labels, parts, normal, block_shape)
    label_bits, part_bits = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    label_bits[6] = 4
    part_bits[(np.arange(256) & 127) == int(Part.ANODE)] = 1
    part_bits[SE_REGION:] |= 2
    found = [layer_ends(view, label_bits, part_bits, 3, Along.of(context, view)) for view in blocks]
    for layer in range(3):
        columns = oriented((label_bits[labels] | part_bits[parts]) >> layer & 1, normal) > 0
        ends = merge_ends([one[layer] for one in found], (columns.shape[0], columns.shape[1]))
        some = columns.any(axis=2)
        np.testing.assert_array_equal(ends.first, np.where(some, columns.argmax(axis=2), -1))
        last = columns.shape[2] - 1 - columns[:, :, ::-1].argmax(axis=2)
        np.testing.assert_array_equal(ends.last, np.where(some, last, -1))


@pytest.mark.parametrize("block_shape", [SHAPE, (4, 5, 6), (14, 11, 1)])
def test_census_and_heights_count_every_voxel_once(block_shape: tuple[int, int, int]) -> None:
    labels, parts = scattered(3)
    grid = Grid.fitting(SHAPE, (1.0, 0.5, 0.25), cells=30)
    plane = ReferencePlane((0.8, 0.36, 0.48), 4.0)
    every = plane.bins(SHAPE, Spacing(1.0, 0.5, 0.25), bin_um=0.7)
    counts, heights = np.zeros((*grid.counts, 2 * (len(SSB_PHASES) + 10)), np.int64), []
    for block in split(SHAPE, block_shape):
        own = np.ascontiguousarray(labels[block.core]), np.ascontiguousarray(parts[block.core])
        one = census_block(block, *own, grid, SSB_PHASES)
        z, y, x = (slice(c, c + n) for c, n in zip(one.corner, one.counts.shape[:3], strict=True))
        counts[z, y, x] += one.counts
        heights.append(heights_block(*own, np.ascontiguousarray(every[block.core]), SSB_PHASES))
    merged = merge_heights(heights)
    assert merged.lowest == every.min()
    cells = np.ix_(*(grid.cells(axis, 0, n) for axis, n in enumerate(SHAPE)))
    expected, half = np.zeros_like(counts), counts.shape[3] // 2
    columns = np.array([0, *(1 + [phase.value for phase in SSB_PHASES].index(value) for value in range(1, 9))])
    first = np.where(parts & 128, half, 0)
    np.add.at(expected, (*cells, first + columns[labels]), 1)
    np.add.at(expected, (*cells, first + half - 8 + (parts & 7)), 1)
    np.testing.assert_array_equal(counts, expected)
    bins = (every - every.min()).ravel()
    size = int(bins.max()) + 1
    np.testing.assert_array_equal(merged.labelled, np.bincount(bins, labels.ravel() > 0, size))
    np.testing.assert_array_equal(merged.region, np.bincount(bins, parts.ravel() >= 128, size))
    np.testing.assert_array_equal(merged.of_phase(1), np.bincount(bins, labels.ravel() == 2, size))
    np.testing.assert_array_equal(
        merged.of_parts(Part.CRACK, Part.PORE), np.bincount(bins, np.isin(parts.ravel() & 7, [6, 7]), size)
    )
