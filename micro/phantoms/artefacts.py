"""Artefacts of stated strength, put on the picture of a phantom: what a correction must take out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.errors import ParameterError

__all__ = ["wander"]

Grey = NDArray[np.float32]


def wander(grey: NDArray[np.generic], shifts: NDArray[np.float64], *, margin: int) -> Grey:
    """Return a stack as a microscope sees it whose field of view wanders: slices moved, nothing made up at edges.

    Parameters
    ----------
    grey
        Stack of shape (z, y, x).
    shifts
        How far what a slice shows is moved in y and x, in voxels, shape (z, 2).
    margin
        The field of view is smaller than the stack by this on every side, and at least as far from its
        edge as the largest shift.

    Returns
    -------
    numpy.ndarray
        Shape (z, y - 2 margin, x - 2 margin); between voxels a spline of fifth order.

    Raises
    ------
    ParameterError
        If a shift is larger than the margin.

    Examples
    --------
    >>> ramp = np.arange(20.0)[None, None].repeat(2, 0).repeat(20, 1)
    >>> wander(ramp, np.array([[0, 0], [0, 2.0]]), margin=4)[:, 0, 0].tolist()
    [4.0, 2.0]
    """
    if np.abs(shifts).max(initial=0) > margin:
        raise ParameterError(
            f"a shift of {np.abs(shifts).max():g} voxels; expected no more than the margin of {margin} voxels"
        )
    inner = slice(margin, -margin or None)
    return np.stack(
        [
            ndimage.shift(image.astype(np.float32), shift, order=5, mode="nearest")[inner, inner]
            for image, shift in zip(grey, shifts, strict=True)
        ]
    )
