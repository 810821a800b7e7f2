"""A lazy stack of slices: what readers make, and what becomes a dask array."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["ReadRegion", "Stack"]

ReadRegion = Callable[[slice, slice, slice], NDArray[Any]]
"""Reads the voxels of three plain slices (start and stop, step 1); can be pickled."""

_CHUNK_BYTES = 2**25


@dataclass(frozen=True)
class Stack:
    """Slices on disk that can be sliced like an array of shape (z, y, x).

    It is pickled with its paths, never with open files, so tasks may run in other processes.

    Parameters
    ----------
    shape
        Voxels along z, y and x.
    dtype
        Type of what comes out.
    read
        Reads one region.
    grain
        Smallest piece that is worth reading, along z, y and x: a page, a strip, a zarr chunk.
    finish
        Applied to every region that was read, such as a table of grey values.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    read: ReadRegion
    grain: tuple[int, int, int]
    finish: Callable[[NDArray[Any]], NDArray[Any]] | None = None

    @property
    def ndim(self) -> int:
        """Always three."""
        return 3

    def __getitem__(self, index: Any) -> NDArray[Any]:  # noqa: ANN401
        keys = index if isinstance(index, tuple) else (index,)
        keys = (*keys, *(slice(None),) * (3 - len(keys)))
        spans = [_span(key, length) for key, length in zip(keys, self.shape, strict=True)]
        block = self.read(*(span for span, _ in spans))
        if self.finish is not None:
            block = self.finish(block)
        result: NDArray[Any] = np.asarray(block)[tuple(rest for _, rest in spans)]
        return result

    def mapped(self, finish: Callable[[NDArray[Any]], NDArray[Any]], dtype: DTypeLike) -> Stack:
        """Return the stack with ``finish`` applied to every region (voxel by voxel), and its new type."""
        return replace(self, finish=finish, dtype=np.dtype(dtype))

    def rows(self, count: int) -> Stack:
        """Return the stack cut to its first ``count`` rows."""
        return replace(self, shape=(self.shape[0], count, self.shape[2]))

    @property
    def chunks(self) -> tuple[int, int, int]:
        """Chunk lengths of about 32 MB in whole grains: first along x and y, then along z."""
        edges = [min(g, n) for g, n in zip(self.grain, self.shape, strict=True)]
        for axis in (2, 1, 0):
            bytes_now = math.prod(edges) * self.dtype.itemsize
            wanted = max(1, _CHUNK_BYTES // max(bytes_now, 1)) * edges[axis]
            edges[axis] = min(wanted, self.shape[axis])
        return (edges[0], edges[1], edges[2])

    def lazy(self) -> da.Array:
        """Return the stack as a dask array; slicing it reads no more than the slice."""
        return da.from_array(
            self, chunks=self.chunks, name=False, asarray=True, meta=np.empty((0, 0, 0), dtype=self.dtype)
        )


def _span(key: Any, length: int) -> tuple[slice, Any]:  # noqa: ANN401
    """Split one axis of an index into a plain slice to read and what is then left to do."""
    if isinstance(key, slice):
        picked = range(length)[key]
        if len(picked) == 0:
            return slice(0, 0), slice(None)
        low, high = min(picked[0], picked[-1]), max(picked[0], picked[-1]) + 1
        return slice(low, high), slice(None, None, picked.step)
    number = range(length)[int(key)]
    return slice(number, number + 1), 0
