"""Volumes that are mostly zeros, in memory as long as they are small."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from micro.blocks.grid import Region, Shape
from micro.blocks.kernels import kernel

__all__ = ["SparseArray"]


@kernel
def _extent(values: NDArray[Any]) -> tuple[int, int, int, int, int, int, np.int64]:
    """Return the box [start, stop) of the values other than 0, axis by axis, and the greatest of them."""
    depth, height, width = values.shape
    z0, z1, y0, y1, x0, x1 = depth, 0, height, 0, width, 0
    most = np.int64(0)
    for k in range(depth):
        for j in range(height):
            first, last = width, -1
            for i in range(width):
                value = np.int64(values[k, j, i])
                if value:
                    first = min(first, i)
                    last = i
                    most = max(most, value)
            if last >= 0:
                z0, z1 = min(z0, k), k + 1
                y0, y1 = min(y0, j), max(y1, j + 1)
                x0, x1 = min(x0, first), max(x1, last + 1)
    return z0, z1, y0, y1, x0, x1, most


@dataclass(frozen=True)
class _Piece:
    """The values of a block within the box that holds all but zeros; ``start`` is the box's place in the volume."""

    start: Shape
    values: NDArray[Any]


_NOTHING = _Piece((0, 0, 0), np.zeros((0, 0, 0), np.uint8))


class SparseArray:
    """A writable volume of unsigned integers that is mostly zeros.

    Of every block only the box of its values other than 0 is kept, in the smallest type that holds them; where that
    is more than ``bytes_max`` in all, further blocks go to an array of ``spill``. Blocks may be written from several
    threads at once.

    Parameters
    ----------
    shape
        Voxels along z, y and x.
    dtype
        What is read; unsigned integers.
    block_shape
        Voxels of a block.
    bytes_max
        Memory for the blocks.
    spill
        Makes the array for what does not fit; called at most once.

    Examples
    --------
    >>> volume = SparseArray((4, 4, 4), np.uint32, block_shape=(2, 4, 4), bytes_max=100, spill=lambda: np.zeros(0))
    >>> volume[0:2, 0:4, 0:4] = np.arange(32, dtype=np.uint32).reshape(2, 4, 4)
    >>> volume[1:3, 2:3, 1:4].tolist(), volume.kept_bytes
    ([[[25, 26, 27]], [[0, 0, 0]]], 32)
    """

    ndim = 3

    def __init__(
        self, shape: Shape, dtype: DTypeLike, *, block_shape: Shape, bytes_max: int, spill: Callable[[], Any]
    ) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.kept_bytes = 0
        self._block = block_shape
        self._bytes_max = bytes_max
        self._make_spill = spill
        self._spill: Any = None
        self._pieces: dict[Shape, _Piece | None] = {}
        self._lock = threading.Lock()

    def __getitem__(self, region: Region | slice) -> NDArray[Any]:
        """Return a region, three slices without steps (one is along z), as an array of its own."""
        spans = self._spans(region)
        out = np.zeros([stop - start for start, stop in spans], self.dtype)
        for number in self._numbers(spans):
            piece = self._pieces.get(number, _NOTHING)
            if piece is _NOTHING:
                continue
            if piece is None:
                here = self._overlap(spans, self._box_of(number))
                out[_within(here, spans)] = self._spill[_as_region(here)]
                continue
            here = self._overlap(spans, [(a, a + n) for a, n in zip(piece.start, piece.values.shape, strict=True)])
            if all(start < stop for start, stop in here):
                own = [(a, a) for a in piece.start]
                out[_within(here, spans)] = piece.values[_within(here, own)]
        return out

    def __setitem__(self, region: Region | slice, values: NDArray[Any]) -> None:
        """Write a region; whole blocks are the fast case."""
        spans = self._spans(region)
        for number in self._numbers(spans):
            box = self._box_of(number)
            here = self._overlap(spans, box)
            part = values[_within(here, spans)]
            if here == box:
                self._keep(number, part)
                continue
            with self._lock:
                whole = self[_as_region(box)]
                whole[_within(here, box)] = part
                self._keep(number, whole, locked=True)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the whole volume."""
        z, y, x = self.shape
        return self[0:z, 0:y, 0:x].astype(self.dtype if dtype is None else dtype, copy=bool(copy))

    def _spans(self, region: Region | slice) -> list[tuple[int, int]]:
        if isinstance(region, slice):
            region = (region, slice(None), slice(None))
        return [span.indices(length)[:2] for span, length in zip(region, self.shape, strict=True)]

    def _numbers(self, spans: list[tuple[int, int]]) -> list[Shape]:
        ranges = (range(a // edge, -(-b // edge)) for (a, b), edge in zip(spans, self._block, strict=True))
        return [(z, y, x) for z, y, x in itertools.product(*ranges)]

    def _box_of(self, number: Shape) -> list[tuple[int, int]]:
        return [
            (n * edge, min((n + 1) * edge, length))
            for n, edge, length in zip(number, self._block, self.shape, strict=True)
        ]

    @staticmethod
    def _overlap(spans: list[tuple[int, int]], box: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(max(a, low), min(b, high)) for (a, b), (low, high) in zip(spans, box, strict=True)]

    def _keep(self, number: Shape, values: NDArray[Any], *, locked: bool = False) -> None:
        z0, z1, y0, y1, x0, x1, most = _extent(values)
        start = [low for low, _ in self._box_of(number)]
        size = (z1 - z0) * (y1 - y0) * (x1 - x0) if most else 0
        kind = np.min_scalar_type(int(most))
        piece = None
        if size:
            inner = values[z0:z1, y0:y1, x0:x1].astype(kind)
            piece = _Piece((start[0] + z0, start[1] + y0, start[2] + x0), inner)
        if locked:
            self._store(number, values, piece)
            return
        with self._lock:
            self._store(number, values, piece)

    def _store(self, number: Shape, values: NDArray[Any], piece: _Piece | None) -> None:
        before = self._pieces.pop(number, None)
        self.kept_bytes -= 0 if before is None else before.values.nbytes
        if piece is None:
            return
        if self.kept_bytes + piece.values.nbytes <= self._bytes_max:
            self.kept_bytes += piece.values.nbytes
            self._pieces[number] = piece
            return
        if self._spill is None:
            self._spill = self._make_spill()
        self._spill[_as_region(self._box_of(number))] = values
        self._pieces[number] = None


def _as_region(spans: list[tuple[int, int]]) -> Region:
    z, y, x = (slice(start, stop) for start, stop in spans)
    return (z, y, x)


def _within(spans: list[tuple[int, int]], outer: list[tuple[int, int]]) -> Region:
    """Return spans of the volume as a region of an array that begins where ``outer`` does."""
    return _as_region([(start - low, stop - low) for (start, stop), (low, _) in zip(spans, outer, strict=True)])
