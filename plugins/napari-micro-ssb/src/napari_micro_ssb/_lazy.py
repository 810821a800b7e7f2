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

    def __init__(self, source: da.Array) -> None:
        self.source = source

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""
        return tuple(int(length) for length in self.source.shape)

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

    def __getitem__(self, index: Any) -> NDArray[Any]:  # noqa: ANN401
        return np.asarray(self.source[index].compute(scheduler="synchronous"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        return np.asarray(self.source.compute(), dtype=dtype)


def shown(array: da.Array) -> Lazy | NDArray[Any]:
    """Return what a layer shows of an array: a copy in memory where it is small, else the array as `Lazy`."""
    if array.size <= IN_MEMORY_VOXELS:
        return np.array(array.compute(scheduler="synchronous"))
    return Lazy(array)
