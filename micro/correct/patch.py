"""What a tool gives back: new label values of a region, and how they are kept as bytes."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Region, Shape
from micro.errors import JournalError

__all__ = ["Change", "Edit", "Patch", "changed", "decode", "encode"]


@dataclass(frozen=True, slots=True)
class Patch:
    """New values of a box of voxels.

    Parameters
    ----------
    start
        First voxel of the box, in z, y, x.
    values
        uint8 array of shape (z, y, x): all values of the box, those that stay included.
    """

    start: Shape
    values: NDArray[np.uint8]

    @property
    def region(self) -> Region:
        """The box in the volume."""
        return box(self.start, self.values.shape)


@dataclass(frozen=True, slots=True)
class Edit:
    """One correction: which tool, with which parameters, and the patches that it makes.

    Parameters
    ----------
    tool
        What it is called in the journal and in the history: ``paint``, ``fill``, ``relabel``, ...
    patches
        Boxes that do not overlap. They may be made one after the other, so that an object larger than memory can be
        changed; they are read once.
    parameters
        What decided the patches; JSON types only.
    """

    tool: str
    patches: Iterable[Patch]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """The voxels of a box that change: what the journal keeps.

    Parameters
    ----------
    start
        First voxel of the box, in z, y, x.
    mask
        Which voxels of the box change; shape (z, y, x).
    before, after
        Their values, in raster order.
    """

    start: Shape
    mask: NDArray[np.bool_]
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]

    @property
    def region(self) -> Region:
        """The box in the volume."""
        return box(self.start, self.mask.shape)

    @property
    def voxels(self) -> int:
        """How many voxels change."""
        return len(self.before)

    def within(self, region: Region) -> tuple[Region, NDArray[np.bool_], NDArray[np.bool_]] | None:
        """Return what lies in ``region``: the shared box, the mask in it, and which of the changed voxels those are.

        None where it holds none.
        """
        lows = [max(a.start, b.start) for a, b in zip(self.region, region, strict=True)]
        highs = [min(a.stop, b.stop) for a, b in zip(self.region, region, strict=True)]
        if any(low >= high for low, high in zip(lows, highs, strict=True)):
            return None
        shared = (slice(lows[0], highs[0]), slice(lows[1], highs[1]), slice(lows[2], highs[2]))
        local = tuple(slice(s.start - c, s.stop - c) for s, c in zip(shared, self.start, strict=True))
        inside = np.zeros_like(self.mask)
        inside[local] = True
        picked = inside[self.mask]
        return (shared, self.mask[local], picked) if picked.any() else None


def box(start: Shape, shape: tuple[int, ...]) -> Region:
    """Return the region that begins at ``start``.

    Examples
    --------
    >>> box((1, 2, 3), (4, 5, 6))[2]
    slice(3, 9, None)
    """
    z, y, x = (slice(low, low + length) for low, length in zip(start, shape, strict=True))
    return (z, y, x)


def changed(start: Shape, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Change | None:
    """Return the voxels in which two boxes differ, cut to the smallest box around them; None where they are equal.

    Examples
    --------
    >>> before = np.uint8([[[1, 1, 2, 2]]])
    >>> found = changed((0, 0, 10), before, np.uint8([[[1, 3, 3, 2]]]))
    >>> found.start, found.before.tolist(), found.after.tolist()
    ((0, 0, 11), [1, 2], [3, 3])
    """
    mask = before != after
    if not mask.any():
        return None
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    cut = (spans[0], spans[1], spans[2])
    mask = np.ascontiguousarray(mask[cut])
    z, y, x = (low + span.start for low, span in zip(start, cut, strict=True))
    return Change((z, y, x), mask, before[cut][mask], after[cut][mask])


_HEAD = struct.Struct("<6q3I")
_LEVEL = 1


def encode(change: Change) -> bytes:
    """Return the change as bytes: box, mask as compressed bits, values before and after, compressed.

    Examples
    --------
    >>> one = changed((0, 0, 0), np.zeros((64, 64, 64), np.uint8), np.ones((64, 64, 64), np.uint8))
    >>> len(encode(one)) < 4000, decode(encode(one)).voxels
    (True, 262144)
    """
    parts = [np.packbits(change.mask).tobytes(), change.before.tobytes(), change.after.tobytes()]
    packed = [zlib.compress(part, _LEVEL) for part in parts]
    return _HEAD.pack(*change.start, *change.mask.shape, *map(len, packed)) + b"".join(packed)


def decode(data: bytes) -> Change:
    """Return the change that `encode` wrote.

    Raises
    ------
    JournalError
        If the bytes are no change.
    """
    try:
        z, y, x, *rest = _HEAD.unpack_from(data)
        shape, lengths = (rest[0], rest[1], rest[2]), rest[3:]
        parts, at = [], _HEAD.size
        for length in lengths:
            parts.append(zlib.decompress(data[at : at + length]))
            at += length
        bits = np.unpackbits(np.frombuffer(parts[0], np.uint8), count=math.prod(shape))
        mask = bits.astype(bool).reshape(shape)
        before, after = (np.frombuffer(part, np.uint8) for part in parts[1:])
        if not len(before) == len(after) == np.count_nonzero(mask):
            raise ValueError("lengths")
    except (struct.error, zlib.error, ValueError) as error:
        raise JournalError(f"a change in the journal can't be read ({error}); expected what micro wrote") from None
    return Change((z, y, x), mask, before, after)
