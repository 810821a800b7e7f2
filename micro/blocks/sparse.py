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
def _count_runs(values: NDArray[Any]) -> int:
    """Return how many runs of one value other than 0 the rows have."""
    runs = 0
    for k in range(values.shape[0]):
        for j in range(values.shape[1]):
            before = values[k, j, 0]
            runs += before != 0
            for i in range(1, values.shape[2]):
                here = values[k, j, i]
                if here and here != before:
                    runs += 1
                before = here
    return runs


@kernel
def _list_runs(
    values: NDArray[Any], rows: NDArray[np.int32], spans: NDArray[np.int32], found: NDArray[np.uint32]
) -> None:
    """Write begin, end and value of the runs, and how many come before each row."""
    run = 0
    width = values.shape[2]
    for k in range(values.shape[0]):
        for j in range(values.shape[1]):
            rows[k * values.shape[1] + j] = run
            i = 0
            while i < width:
                here = values[k, j, i]
                begin = i
                i += 1
                if here == 0:
                    continue
                while i < width and values[k, j, i] == here:
                    i += 1
                spans[run, 0], spans[run, 1], found[run] = begin, i, here
                run += 1
    rows[rows.size - 1] = run


@kernel
def _fill(
    rows: NDArray[np.int32],
    spans: NDArray[np.int32],
    found: NDArray[np.uint32],
    height: int,
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    out: NDArray[Any],
) -> None:
    """Write the runs between ``lo`` and ``hi`` of the block."""
    for k in range(lo[0], hi[0]):
        for j in range(lo[1], hi[1]):
            for run in range(rows[k * height + j], rows[k * height + j + 1]):
                begin, end = max(spans[run, 0], lo[2]), min(spans[run, 1], hi[2])
                for i in range(begin, end):
                    out[k - lo[0], j - lo[1], i - lo[2]] = found[run]


@dataclass(frozen=True)
class _Runs:
    """The runs of one value in the rows of a block: where each row's begin, begin and end along x, and the value."""

    height: int
    rows: NDArray[np.int32]
    spans: NDArray[np.int32]
    values: NDArray[np.uint32]

    @classmethod
    def of(cls, values: NDArray[Any]) -> _Runs | None:
        """Return the runs of a block's values, or None where all are 0."""
        count = _count_runs(values)
        if not count:
            return None
        rows = np.empty(values.shape[0] * values.shape[1] + 1, np.int32)
        spans, found = np.empty((count, 2), np.int32), np.empty(count, np.uint32)
        _list_runs(values, rows, spans, found)
        return cls(values.shape[1], rows, spans, found)

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return self.rows.nbytes + self.spans.nbytes + self.values.nbytes

    def write(self, lo: Shape, hi: Shape, out: NDArray[Any]) -> None:
        """Write the part of the block from ``lo`` to before ``hi`` into an array of zeros."""
        _fill(self.rows, self.spans, self.values, self.height, lo, hi, out)


_NOTHING = _Runs(0, np.zeros(1, np.int32), np.zeros((0, 2), np.int32), np.zeros(0, np.uint32))


class SparseArray:
    """A writable volume of unsigned integers, of up to 32 bits, that is mostly zeros.

    Of every block the runs of one value along x are kept; where they take more than ``bytes_max`` in all, further
    blocks go to an array of ``spill``. Blocks may be written from several threads at once.

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
    >>> volume = SparseArray((4, 4, 4), np.uint32, block_shape=(2, 4, 4), bytes_max=200, spill=lambda: np.zeros(0))
    >>> volume[0:2, 0:4, 0:4] = np.repeat(np.arange(8, dtype=np.uint32), 4).reshape(2, 4, 4)
    >>> volume[1:3, 2:3, 1:4].tolist(), volume.kept_bytes
    ([[[6, 6, 6]], [[0, 0, 0]]], 120)
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
        self._blocks: dict[Shape, _Runs | None] = {}
        self._lock = threading.Lock()

    def __getitem__(self, region: Region | slice) -> NDArray[Any]:
        """Return a region, three slices without steps (one is along z), as an array of its own."""
        spans = self._spans(region)
        out = np.zeros([stop - start for start, stop in spans], self.dtype)
        for number in self._numbers(spans):
            runs = self._blocks.get(number, _NOTHING)
            if runs is _NOTHING:
                continue
            box = self._box_of(number)
            here = self._overlap(spans, box)
            part = out[_within(here, spans)]
            if runs is None:
                part[:] = self._spill[_as_region(here)]
                continue
            z, y, x = ((a - low, b - low) for (a, b), (low, _) in zip(here, box, strict=True))
            runs.write((z[0], y[0], x[0]), (z[1], y[1], x[1]), part)
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
        runs = _Runs.of(values)
        if locked:
            self._store(number, values, runs)
            return
        with self._lock:
            self._store(number, values, runs)

    def _store(self, number: Shape, values: NDArray[Any], runs: _Runs | None) -> None:
        before = self._blocks.pop(number, None)
        self.kept_bytes -= 0 if before is None else before.bytes
        if runs is None:
            return
        if self.kept_bytes + runs.bytes <= self._bytes_max:
            self.kept_bytes += runs.bytes
            self._blocks[number] = runs
            return
        if self._spill is None:
            self._spill = self._make_spill()
        self._spill[_as_region(self._box_of(number))] = values
        self._blocks[number] = None


def _as_region(spans: list[tuple[int, int]]) -> Region:
    z, y, x = (slice(start, stop) for start, stop in spans)
    return (z, y, x)


def _within(spans: list[tuple[int, int]], outer: list[tuple[int, int]]) -> Region:
    """Return spans of the volume as a region of an array that begins where ``outer`` does."""
    return _as_region([(start - low, stop - low) for (start, stop), (low, _) in zip(spans, outer, strict=True)])
