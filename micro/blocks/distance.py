"""Distances inside a block."""

from __future__ import annotations

import edt
import numpy as np
from numpy.typing import NDArray

__all__ = ["distance_um"]


def distance_um(mask: NDArray[np.bool_], edges_um: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return the distance of each voxel of ``mask`` from the nearest voxel outside it, in um; infinite where none is.

    The border of the array is no outside.

    Examples
    --------
    >>> distance_um(np.array([[[True, True, False]]]), (1.0, 1.0, 0.5))
    array([[[1. , 0.5, 0. ]]], dtype=float32)
    """
    distance: NDArray[np.float32] = edt.edt(np.ascontiguousarray(mask), anisotropy=edges_um, black_border=False)
    return distance
