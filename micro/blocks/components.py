"""Connected components of volumes larger than memory, in an order that does not depend on the blocks.

Five steps: label each block, number the labels through, pair the labels that touch across block
faces, join the pairs, renumber. Components come out in the raster order of their first voxels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from micro.blocks.boxes import box_of
from micro.blocks.by_id import looked_up
from micro.blocks.engine import Done, Engine, Source
from micro.blocks.grid import Block
from micro.blocks.kernels import kernel

__all__ = ["Components", "label_components"]


@dataclass(frozen=True)
class Components:
    """Components of a volume; row 0 of every table is the background.

    Attributes
    ----------
    ids
        uint32 array-like of the volume's shape: 0, or the component's number from 1.
    count
        Number of components.
    classes
        Class of each component, as given by the lookup table.
    voxels, first, start, stop
        Size, first voxel in raster order, and bounding box [start, stop), in voxels.
    sums, products
        Sums of the voxel indices (z, y, x), and of their products (zz, zy, zx, yy, yx, xx): exact integers.
    """

    ids: Any
    count: int
    classes: NDArray[np.uint8]
    voxels: NDArray[np.int64]
    first: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    sums: NDArray[np.int64]
    products: NDArray[np.int64]

    def centroids(self) -> NDArray[np.float64]:
        """Return the centroids in voxel indices, shape (count + 1, 3)."""
        return self.sums / np.maximum(self.voxels, 1)[:, None]

    def covariances(self) -> NDArray[np.float64]:
        """Return the covariance matrices of the voxel indices, shape (count + 1, 3, 3).

        Each voxel is a unit cube, not a point: a twelfth is added to the diagonal.
        """
        n = np.maximum(self.voxels, 1)[:, None]
        mean = self.sums / n
        second = self.products / n
        out = np.empty((self.count + 1, 3, 3))
        for entry, (a, b) in enumerate(((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))):
            out[:, a, b] = out[:, b, a] = second[:, entry] - mean[:, a] * mean[:, b] + (a == b) / 12
        return out


_FIRST, _CLASS, _VOXELS, _START, _STOP, _SUMS, _PRODUCTS = 0, 3, 4, 5, 8, 11, 14
_COLUMNS = 20


@kernel
def _tabulate(
    ids: NDArray[np.uint32], classes: NDArray[np.uint8], count: int, corner: tuple[int, int, int]
) -> NDArray[np.int64]:
    """Return one row a component: first voxel, class, voxels, start, stop, sums, products; run by run along x."""
    table = np.zeros((count, 20), np.int64)
    depth, height, width = ids.shape
    for k in range(depth):
        for j in range(height):
            i = 0
            while i < width:
                label = ids[k, j, i]
                begin = i
                i += 1
                if label == 0:
                    continue
                while i < width and ids[k, j, i] == label:
                    i += 1
                z, y, x = k + corner[0], j + corner[1], begin + corner[2]
                _add_run(table[label - 1], classes[k, j, begin], z, y, x, i - begin)
    return table


@kernel
def _add_run(row: NDArray[np.int64], phase: int, z: int, y: int, x: int, voxels: int) -> None:
    """Add a run of voxels from (z, y, x) on along x to the row of its component."""
    last = x + voxels - 1
    if row[4] == 0:
        row[0], row[1], row[2], row[3] = z, y, x, phase
        row[5], row[6], row[7] = z, y, x
    row[4] += voxels
    row[5], row[6], row[7] = min(row[5], z), min(row[6], y), min(row[7], x)
    row[8], row[9], row[10] = max(row[8], z + 1), max(row[9], y + 1), max(row[10], last + 1)
    along = voxels * (x + last) // 2
    row[11] += voxels * z
    row[12] += voxels * y
    row[13] += along
    row[14] += voxels * z * z
    row[15] += voxels * z * y
    row[16] += z * along
    row[17] += voxels * y * y
    row[18] += y * along
    # squares from x to last: those up to last less those up to x - 1
    row[19] += last * (last + 1) * (2 * last + 1) // 6 - (x - 1) * x * (2 * x - 1) // 6


def _label_block(
    block: Block, values: NDArray[Any], *, table: NDArray[np.uint8], connectivity: int
) -> Done[NDArray[np.int64]]:
    box = box_of(values.view(np.uint8), table)
    if box is None:
        return Done(np.zeros((0, _COLUMNS), np.int64), (None,))
    inside = values.view(np.uint8)[box]
    classes = looked_up(inside, table)
    found, count = cc3d.connected_components(classes, connectivity=connectivity, return_N=True, out_dtype=np.uint32)
    z, y, x = (begin + span.start for begin, span in zip(block.start, box, strict=True))
    rows = _tabulate(np.ascontiguousarray(found), classes, count, (z, y, x))
    if found.shape == values.shape:
        return Done(rows, (found,))
    ids = np.zeros(values.shape, np.uint32)
    ids[box] = found
    return Done(rows, (ids,))


@kernel
def _renumber(ids: NDArray[np.uint32], final: NDArray[np.uint32], out: NDArray[np.uint32]) -> None:
    """Look up the number of each id; ``final`` is that of each id of the block, 0 of 0."""
    for k in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            some = np.uint32(0)
            for i in range(ids.shape[2]):
                some |= ids[k, j, i]
            if some == 0:
                out[k, j] = 0
                continue
            for i in range(ids.shape[2]):
                out[k, j, i] = final[ids[k, j, i]]


@kernel
def _touching(
    values: NDArray[np.uint8],
    ids: NDArray[np.uint32],
    table: NDArray[np.uint8],
    offsets: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    core: tuple[int, int, int],
    reach: int,
    stride: int,
) -> NDArray[np.int64]:
    """Return pairs of ids of one class that touch across the block's faces, sorted, as lesser id times stride + other.

    The arrays hold the core plus one voxel around it where there is one; ``core`` is the core's
    last voxel. ``reach`` is 1, 2 or 3: how many axes a neighbour may differ in. ``offsets`` are, for
    each z, y and x of the array, the owning block's share of its number, and for each block what
    makes its ids unique in the volume.
    """
    found: list[int] = []
    before = np.full((2, 3, 3), -1, np.int64)  # the last pair of each direction: most are of the same two
    depth, height, width = ids.shape
    along_z, along_y, along_x, begin = offsets
    for k in range(depth):
        for j in range(height):
            inside = k < core[0] and j < core[1]  # only the end of such a row can touch the next block
            for i in range(core[2] if inside else 0, width):
                if ids[k, j, i] == 0:
                    continue
                here = along_z[k] + along_y[j] + along_x[i]
                own = ids[k, j, i] + begin[here]
                for dz in range(0, 2):
                    for dy in range(-1 if dz else 0, 2):
                        for dx in range(-1 if dz or dy else 1, 2):
                            if abs(dz) + abs(dy) + abs(dx) > reach:
                                continue
                            z, y, x = k + dz, j + dy, i + dx
                            if z >= depth or y < 0 or y >= height or x < 0 or x >= width:
                                continue
                            there = along_z[z] + along_y[y] + along_x[x]
                            if there == here or ids[z, y, x] == 0:
                                continue
                            if table[values[z, y, x]] != table[values[k, j, i]]:
                                continue
                            other = ids[z, y, x] + begin[there]
                            pair = min(own, other) * stride + max(own, other)
                            if pair != before[dz, dy + 1, dx + 1]:
                                before[dz, dy + 1, dx + 1] = pair
                                found.append(pair)
    out = np.empty(len(found), np.int64)
    for row in range(len(found)):
        out[row] = found[row]
    return np.unique(out)


def _pair_block(
    block: Block,
    values: NDArray[Any],
    ids: NDArray[np.uint32],
    *,
    table: NDArray[np.uint8],
    reach: int,
    numbers: Any,  # noqa: ANN401
) -> Done[NDArray[np.int64]]:
    inner, counts = block.inner, numbers["counts"]
    last = (inner[0].stop - 1, inner[1].stop - 1, inner[2].stop - 1)
    z, y, x = (
        np.arange(block.outer[axis].start, block.outer[axis].stop) // numbers["edges"][axis] for axis in range(3)
    )
    offsets = (z * (counts[1] * counts[2]), y * counts[2], x, numbers["offsets"])
    stride = int(offsets[3][-1]) + 1
    pairs = _touching(values.view(np.uint8), ids, table, offsets, last, reach, stride)
    return Done(np.stack((pairs // stride, pairs % stride), axis=1))


def _write_block(
    block: Block, ids: NDArray[np.uint32], *, final: NDArray[np.uint32], offsets: NDArray[np.int64]
) -> Done[None]:
    begin, end = offsets[block.number], offsets[block.number + 1]
    numbered = np.empty_like(ids)
    _renumber(ids, np.append(np.uint32(0), final[begin + 1 : end + 1]), numbered)
    return Done(None, (numbered,))


def _merge(rows: NDArray[np.int64], roots: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Merge the rows of one component; ``rows`` are sorted by first voxel, so the first row names it."""
    out = np.zeros((count + 1, _COLUMNS), np.int64)
    _, lead = np.unique(roots, return_index=True)
    out[1:, :_VOXELS] = rows[lead, :_VOXELS]
    out[1:, _START:_STOP] = np.iinfo(np.int64).max
    np.add.at(out[:, _VOXELS], roots, rows[:, _VOXELS])
    np.add.at(out[:, _SUMS:], roots, rows[:, _SUMS:])
    np.minimum.at(out[:, _START:_STOP], roots, rows[:, _START:_STOP])
    np.maximum.at(out[:, _STOP:_SUMS], roots, rows[:, _STOP:_SUMS])
    return out


def label_components(
    source: Source, *, engine: Engine, table: NDArray[np.generic] | None = None, connectivity: int = 26
) -> Components:
    """Label the connected components of each class of a volume, block by block.

    Parameters
    ----------
    source
        Array-like of shape (z, y, x), uint8 (or bool).
    table
        256 entries: the class of each value, 0 for background. By default every value is its own class.
    connectivity
        6, 18 or 26; in a 2-D image 26 means 8.

    Examples
    --------
    >>> image = np.uint8([[[1, 1, 0, 2], [0, 0, 0, 2], [1, 0, 0, 0]]])
    >>> found = label_components(image, engine=Engine(block_shape=(1, 2, 2)))
    >>> found.count, found.voxels.tolist(), np.asarray(found.ids)[0, 0].tolist()
    (3, [0, 2, 2, 1], [1, 1, 0, 2])
    """
    classes = np.arange(256, dtype=np.uint8) if table is None else np.asarray(table, np.uint8)
    z, y, x = source.shape
    ids = engine.array((z, y, x), np.uint32, sparse=True)
    options = {"table": classes, "connectivity": connectivity}
    tables = engine.run(_label_block, [source], outputs=[ids], stage="components", constants=options)
    offsets = np.cumsum([0, *(len(rows) for rows in tables)]).astype(np.int64)
    rows, held = np.concatenate(tables), np.diff(offsets) > 0
    total = len(rows)
    roots = np.arange(total)
    if len(tables) > 1 and total:
        edges = engine.cut((z, y, x))
        numbers = {
            "edges": edges,
            "counts": [-(-s // e) for s, e in zip((z, y, x), edges, strict=True)],
            "offsets": offsets,
        }
        options = {"table": classes, "reach": {6: 1, 18: 2, 26: 3}[connectivity], "numbers": numbers}
        found = engine.run(
            _pair_block, [source, ids], halo=(1, 1, 1), stage="join blocks", constants=options, only=held
        )
        pairs = np.concatenate(found) - 1
        graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(total, total))
        roots = connected_components(graph, directed=False)[1].astype(np.int64)
    raster = (rows[:, 0] * y + rows[:, 1]) * x + rows[:, 2]
    order = np.argsort(raster, kind="stable")
    _, lead, inverse = np.unique(roots[order], return_index=True, return_inverse=True)
    rank = np.empty(len(lead), np.int64)
    rank[np.argsort(lead)] = np.arange(1, len(lead) + 1)
    numbered = rank[inverse]
    merged = _merge(rows[order], numbered, len(lead))
    final = np.zeros(total + 1, np.uint32)
    final[order + 1] = numbered
    options = {"final": final, "offsets": offsets}
    engine.run(_write_block, [ids], outputs=[ids], stage="number", constants=options, only=held)
    return Components(
        ids=ids,
        count=len(lead),
        classes=merged[:, _CLASS].astype(np.uint8),
        voxels=merged[:, _VOXELS],
        first=merged[:, _FIRST:_CLASS],
        start=merged[:, _START:_STOP],
        stop=merged[:, _STOP:_SUMS],
        sums=merged[:, _SUMS:_PRODUCTS],
        products=merged[:, _PRODUCTS:],
    )
