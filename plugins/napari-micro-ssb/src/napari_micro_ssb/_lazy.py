"""Arrays that a viewer can slice without loading more than the slice."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

__all__ = ["IN_MEMORY_VOXELS", "Lazy", "shown"]

IN_MEMORY_VOXELS = 2**24
"""Smaller arrays are loaded: labels can then be painted with napari's own brush."""


class Lazy:
    """A dask array as napari takes it: a slice of it is read at once, and nothing beside it.

    napari keeps whole chunks of a dask array in memory; of this it knows no more than its shape.

    Parameters
    ----------
    source
        The array.

    Examples
    --------
    >>> lazy = Lazy(da.zeros((4, 5, 6), dtype=np.uint8))
    >>> lazy.shape, lazy.ndim, type(lazy[2]).__name__, lazy[2].shape
    ((4, 5, 6), 3, 'ndarray', (5, 6))
    """

    def __init__(self, source: da.Array, box: tuple[slice, ...] | None = None) -> None:
        self.source = source
        self._box = box or tuple(slice(0, int(length)) for length in source.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""
        return tuple(axis.stop - axis.start for axis in self._box)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of voxels."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        found: np.dtype[Any] = np.dtype(self.source.dtype)
        return found

    def __getitem__(self, index: Any) -> NDArray[Any] | Lazy:  # noqa: ANN401
        given = index if isinstance(index, tuple) else (index,)
        given = (*given, *(slice(None),) * (self.ndim - len(given)))
        inside = tuple(_within(axis, one) for axis, one in zip(self._box, given, strict=True))
        plain = [one for one in inside if isinstance(one, slice) and one.step in (None, 1)]
        if len(plain) == self.ndim == 3:
            # napari cuts out what is in view, of all slices, before it takes the slice: that must not be read
            return Lazy(self.source, inside)
        return np.asarray(self.source[inside].compute(scheduler="synchronous"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        return np.asarray(self.source[self._box].compute(), dtype=dtype)


def _within(axis: slice, index: Any) -> Any:  # noqa: ANN401
    """Return an index into part of an axis as one into the whole axis."""
    span = range(axis.start, axis.stop)
    if not isinstance(index, slice):
        return span[int(index)]
    ends = (None if end is None else int(end) for end in (index.start, index.stop, index.step))
    picked = span[slice(*ends)]
    return slice(picked.start, picked.stop, picked.step)


def shown(array: da.Array) -> Lazy | NDArray[Any]:
    """Return what a layer shows of an array: a copy in memory where it is small, else the array as `Lazy`."""
    if array.size <= IN_MEMORY_VOXELS:
        return np.array(array.compute(scheduler="synchronous"))
    return Lazy(array)
