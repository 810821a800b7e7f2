"""The whole of a clicked object, however large, found chunk by chunk from the voxel that was clicked."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cc3d
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Region, Shape, Source, read_region
from micro.correct.patch import Patch
from micro.errors import ParameterError

__all__ = ["ObjectMask", "object_at"]

_BLOCK: Shape = (128, 128, 128)
Key = tuple[int, int, int]


@dataclass
class ObjectMask:
    """An object as packed bits, block by block: an eighth of a byte a voxel of the blocks that it lies in.

    Parameters
    ----------
    value
        Its label.
    voxels
        How many it has.
    start, stop
        Box around it, in voxels.
    """

    value: int
    shape: Shape
    block: Shape
    voxels: int = 0
    start: Shape = (0, 0, 0)
    stop: Shape = (0, 0, 0)
    bits: dict[Key, NDArray[np.uint8]] = field(default_factory=dict, repr=False)

    def blocks(self) -> Iterator[tuple[Region, NDArray[np.bool_]]]:
        """Yield the blocks in which it lies, in raster order, with its mask in each."""
        for key in sorted(self.bits):
            yield self.region_of(key), self.mask_of(key)

    def patches(self, source: Source, value: int) -> Iterator[Patch]:
        """Yield what it takes to give it another label."""
        for region, mask in self.blocks():
            values = np.array(read_region(source, region), np.uint8)
            values[mask] = value
            z, y, x = (span.start for span in region)
            yield Patch((z, y, x), values)

    def region_of(self, key: Key) -> Region:
        """Return the voxels of a block."""
        z, y, x = (
            slice(number * edge, min((number + 1) * edge, length))
            for number, edge, length in zip(key, self.block, self.shape, strict=True)
        )
        return (z, y, x)

    def mask_of(self, key: Key) -> NDArray[np.bool_]:
        """Return which voxels of a block are its own."""
        shape = tuple(span.stop - span.start for span in self.region_of(key))
        if key not in self.bits:
            return np.zeros(shape, bool)
        return np.unpackbits(self.bits[key], count=int(np.prod(shape))).astype(bool).reshape(shape)


def object_at(
    source: Source,
    point: Shape,
    *,
    block: Shape = _BLOCK,
    most_blocks: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> ObjectMask:
    """Return the object that the voxel ``point`` belongs to: all that has its label and is joined to it.

    Neighbours share a face, an edge or a corner (26; in a single slice 8), as everywhere in micro. Only blocks that the
    object reaches are read, and one or two at a time are held; the result does not depend on the blocks.

    Parameters
    ----------
    source
        Labels, (z, y, x): numpy, zarr, dask, or labels under correction.
    point
        The voxel.
    block
        Voxels of a block along z, y and x.
    most_blocks
        Give up beyond so many blocks.
    progress
        Called with the number of blocks that were looked at.

    Raises
    ------
    ParameterError
        If the point lies outside, or the object reaches into more than ``most_blocks`` blocks.

    Examples
    --------
    >>> labels = np.uint8([[[5, 5, 2, 2], [2, 2, 5, 2], [5, 2, 2, 2]]])
    >>> found = object_at(labels, (0, 0, 0), block=(1, 2, 2))
    >>> found.voxels, found.start, found.stop
    (3, (0, 0, 0), (1, 2, 3))
    """
    z, y, x = source.shape
    shape = (z, y, x)
    if not all(0 <= at < length for at, length in zip(point, shape, strict=True)):
        raise ParameterError(f"the point {point} lies outside of labels of shape {shape}")
    edges = (min(block[0], z), min(block[1], y), min(block[2], x))
    one = tuple(slice(at, at + 1) for at in point)
    value = int(read_region(source, (one[0], one[1], one[2])).item())
    found = ObjectMask(value, shape, edges)
    first = tuple(at // edge for at, edge in zip(point, edges, strict=True))
    home = (first[0], first[1], first[2])
    waiting: dict[Key, list[NDArray[np.intp]]] = {home: [np.array([point])]}
    order: deque[Key] = deque([home])
    looked = 0
    while order:
        key = order.popleft()
        for other, seeds in _grow(source, found, key, np.concatenate(waiting.pop(key))):
            if other not in waiting:
                order.append(other)
            waiting.setdefault(other, []).append(seeds)
        looked += 1
        if progress is not None:
            progress(looked)
        if most_blocks is not None and len(found.bits) > most_blocks:
            raise ParameterError(
                f"the object of label {value} at {point} reaches into more than {most_blocks} blocks; "
                "expected a smaller one, cut it off with the brush first"
            )
    _measure(found)
    return found


def _grow(
    source: Source, found: ObjectMask, key: Key, seeds: NDArray[np.intp]
) -> Iterator[tuple[Key, NDArray[np.intp]]]:
    """Add what the seeds (in the volume) belong to within a block; yield seeds in the blocks next to it."""
    region = found.region_of(key)
    corner = np.array([span.start for span in region])
    local = tuple((seeds - corner).T)
    have = found.mask_of(key)
    if have[local].all():
        return
    # As uint8: of three bool voxels in a row cc3d 4.1.1 finds none ("maximum length exception").
    same = np.ascontiguousarray(read_region(source, region) == found.value).view(np.uint8)
    parts = cc3d.connected_components(same, connectivity=26, out_dtype=np.uint32)
    wanted = np.zeros(int(parts.max()) + 1, bool)
    wanted[parts[local]] = True
    wanted[0] = False
    new = wanted[parts] & ~have
    if not new.any():
        return
    found.bits[key] = np.packbits(have | new)
    for dz, dy, dx in itertools.product((-1, 0, 1), repeat=3):
        step = (dz, dy, dx)
        other = (key[0] + step[0], key[1] + step[1], key[2] + step[2])
        if step == (0, 0, 0) or not _inside(found, other):
            continue
        seeds_there = _across(source, found, new, region, step)
        if len(seeds_there):
            yield other, seeds_there


def _inside(found: ObjectMask, key: Key) -> bool:
    return all(n >= 0 and n * edge < length for n, edge, length in zip(key, found.block, found.shape, strict=True))


def _across(
    source: Source, found: ObjectMask, new: NDArray[np.bool_], region: Region, step: tuple[int, int, int]
) -> NDArray[np.intp]:
    """Return the voxels of the object's label beyond one face, edge or corner that touch the new ones."""
    rim = tuple(slice(None) if s == 0 else (slice(-1, None) if s > 0 else slice(0, 1)) for s in step)
    touching = new[rim]
    if not touching.any():
        return np.zeros((0, 3), np.intp)
    spans = []
    for span, s, length in zip(region, step, found.shape, strict=True):
        low = span.start if s == 0 else (span.stop if s > 0 else span.start - 1)
        high = span.stop if s == 0 else low + 1
        spans.append(slice(max(low, 0), min(high, length)))
    there = read_region(source, (spans[0], spans[1], spans[2])) == found.value
    for axis, s in enumerate(step):
        if s == 0:  # neighbours may be off by one along the rim
            touching = _dilated(touching, axis)
    hit = np.argwhere(there & touching)
    seeds: NDArray[np.intp] = hit + np.array([span.start for span in spans])
    return seeds


def _dilated(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    out = mask.copy()
    low = tuple(slice(None, -1) if n == axis else slice(None) for n in range(3))
    high = tuple(slice(1, None) if n == axis else slice(None) for n in range(3))
    out[low] |= mask[high]
    out[high] |= mask[low]
    return out


def _measure(found: ObjectMask) -> None:
    """Count the voxels and find the box around them."""
    lows, highs = np.full(3, np.iinfo(np.int64).max), np.zeros(3, np.int64)
    for region, mask in found.blocks():
        found.voxels += int(np.count_nonzero(mask))
        for axis, span in enumerate(region):
            hit = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
            lows[axis] = min(lows[axis], span.start + hit[0])
            highs[axis] = max(highs[axis], span.start + hit[-1] + 1)
    found.start = (int(lows[0]), int(lows[1]), int(lows[2]))
    found.stop = (int(highs[0]), int(highs[1]), int(highs[2]))
