"""Arrays that a viewer can slice without loading more than the slice."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from napari_micro_ssb._lost import tell_lost

__all__ = ["IN_MEMORY_VOXELS", "Lazy", "shown"]

IN_MEMORY_VOXELS = 2**24
"""Smaller arrays are loaded: labels can then be painted with napari's own brush."""


class Lazy:
    """A dask array as napari takes it: a slice of it is read at once, and nothing beside it.

    napari keeps whole chunks of a dask array in memory; of this it knows no more than its shape. A slice that can't be
    read, since its file is gone, is told in the panels and shown empty, where napari would show a traceback. Whoever
    computes with the array takes ``source``, or numpy's ``asarray`` of all of it: there it is an error.

    Parameters
    ----------
    source
        The array.
    box
        The part of it that is meant; all of it where it isn't given.
    token
        Tells the source from others; by default it is new.

    Examples
    --------
    >>> lazy = Lazy(da.zeros((4, 5, 6), dtype=np.uint8))
    >>> lazy.shape, lazy.ndim, type(lazy[2]).__name__, lazy[2].shape
    ((4, 5, 6), 3, 'ndarray', (5, 6))
    """

    def __init__(self, source: da.Array, box: tuple[slice, ...] | None = None, token: str = "") -> None:
        self.source = source
        self.token = token or uuid4().hex
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
            return Lazy(self.source, inside, self.token)
        return self._shown(self.source[inside])

    def read_slice(self, number: int) -> NDArray[Any]:
        """Return a slice along the first axis; that it can't be read is an error here."""
        return np.asarray(self.source[self._box][number].compute(scheduler="synchronous"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        part = self.source[self._box]
        # all of it is asked for by who computes, and part of it by who shows it
        return np.asarray(part.compute() if part.shape == self.source.shape else self._shown(part), dtype=dtype)

    def _shown(self, part: da.Array) -> NDArray[Any]:
        """Return part of the array for the viewer: nothing but zeros where it can't be read, which is told."""
        try:
            return np.asarray(part.compute(scheduler="synchronous"))
        except OSError as error:
            tell_lost(error)
            return np.zeros(part.shape, self.dtype)


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
