"""The box that holds what is looked for, found in one go over a block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks.grid import Region, Shape
from micro.blocks.kernels import kernel

__all__ = ["box_of", "grown_box"]


@kernel
def _extent(values: NDArray[np.uint8], table: NDArray[np.uint8]) -> tuple[int, int, int, int, int, int]:
    depth, height, width = values.shape
    z0, z1, y0, y1, x0, x1 = depth, 0, height, 0, width, 0
    for k in range(depth):
        for j in range(height):
            first, last = width, -1
            for i in range(width):
                if table[values[k, j, i]]:
                    first = min(first, i)
                    last = i
            if last >= 0:
                z0, z1 = min(z0, k), k + 1
                y0, y1 = min(y0, j), max(y1, j + 1)
                x0, x1 = min(x0, first), max(x1, last + 1)
    return z0, z1, y0, y1, x0, x1


def box_of(values: NDArray[np.uint8], table: NDArray[np.uint8]) -> Region | None:
    """Return the box of all voxels that ``table`` (256 entries) has something other than 0 for; None without any.

    Examples
    --------
    >>> box_of(np.uint8([[[0, 3, 0], [0, 0, 3]]]), np.arange(256, dtype=np.uint8))
    (slice(0, 1, None), slice(0, 2, None), slice(1, 3, None))
    """
    z0, z1, y0, y1, x0, x1 = _extent(values, table)
    return (slice(z0, z1), slice(y0, y1), slice(x0, x1)) if z1 else None


def grown_box(box: Region, reach: Shape, shape: tuple[int, ...]) -> Region:
    """Return a box with ``reach`` voxels around it, as far as an array of ``shape`` goes.

    Examples
    --------
    >>> grown_box((slice(0, 1), slice(2, 4), slice(5, 6)), (1, 1, 1), (9, 9, 6))
    (slice(0, 2, None), slice(1, 5, None), slice(4, 6, None))
    """
    z, y, x = (
        slice(max(part.start - more, 0), min(part.stop + more, length))
        for part, more, length in zip(box, reach, shape, strict=True)
    )
    return (z, y, x)
