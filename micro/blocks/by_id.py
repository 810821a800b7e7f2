"""What tables say of the objects of a block, voxel by voxel, in one pass without arrays between."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks.kernels import kernel

__all__ = ["ids_among", "looked_up", "relabelled"]


@kernel
def _look_up(ids: NDArray[Any], table: NDArray[Any], out: NDArray[Any]) -> None:
    for k in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            for i in range(ids.shape[2]):
                out[k, j, i] = table[ids[k, j, i]]


@kernel
def _relabel(
    labels: NDArray[np.uint8],
    ids: NDArray[np.uint32],
    chosen: NDArray[np.bool_],
    value: np.uint8,
    out: NDArray[np.uint8],
) -> None:
    for k in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            for i in range(ids.shape[2]):
                out[k, j, i] = value if chosen[ids[k, j, i]] else labels[k, j, i]


@kernel
def _see(ids: NDArray[np.uint32], marks: NDArray[np.uint8], value: int, seen: NDArray[np.bool_]) -> None:
    for k in range(ids.shape[0]):
        for j in range(ids.shape[1]):
            before = np.uint32(0)
            for i in range(ids.shape[2]):
                here = ids[k, j, i]
                # most voxels are of the object of the voxel before, which has been seen
                if here and here != before and marks[k, j, i] == value:
                    seen[here] = True
                    before = here


def looked_up(ids: NDArray[Any], table: NDArray[Any]) -> NDArray[Any]:
    """Return what a table says of the object of each voxel: ``table[ids]``.

    Parameters
    ----------
    ids
        Shape (z, y, x): ids, of which 0 is no object, or labels.
    table
        A value for each of them, 0 included.

    Examples
    --------
    >>> looked_up(np.uint32([[[0, 2, 1]]]), np.uint8([7, 8, 9])).tolist()
    [[[7, 9, 8]]]
    """
    out = np.empty(ids.shape, table.dtype)
    _look_up(ids, table, out)
    return out


def relabelled(
    labels: NDArray[np.uint8], ids: NDArray[np.uint32], chosen: NDArray[np.bool_], value: int
) -> NDArray[np.uint8]:
    """Return the labels with ``value`` in the voxels of the objects that are chosen.

    Parameters
    ----------
    labels, ids
        Shape (z, y, x).
    chosen
        For each object, and for 0, whether it is.
    value
        The label.

    Examples
    --------
    >>> relabelled(np.uint8([[[1, 1, 3]]]), np.uint32([[[0, 2, 1]]]), np.array([False, False, True]), 5).tolist()
    [[[1, 5, 3]]]
    """
    out = np.empty(ids.shape, np.uint8)
    _relabel(labels, ids, chosen, np.uint8(value), out)
    return out


def ids_among(ids: NDArray[np.uint32], marks: NDArray[np.uint8], value: int, count: int) -> NDArray[np.int64]:
    """Return which objects, in order, have a voxel where ``marks`` has this value; 0 is none.

    Parameters
    ----------
    ids, marks
        Shape (z, y, x).
    value
        The mark.
    count
        How many objects there are.

    Examples
    --------
    >>> ids_among(np.uint32([[[0, 2, 2, 1, 3]]]), np.uint8([[[1, 0, 1, 0, 1]]]), 1, 3).tolist()
    [2, 3]
    """
    seen = np.zeros(count + 1, np.bool_)
    _see(ids, marks, value, seen)
    return np.flatnonzero(seen)
