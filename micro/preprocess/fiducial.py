"""A mark in the picture that stands still in the sample: where it lies in every slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Source, read_region
from micro.errors import ImageContentError, ParameterError
from micro.preprocess.register import contours, find_shift, refine_shift
from micro.preprocess.resample import REACH, move_slice

__all__ = ["SMALLEST", "track_fiducial"]

Box = tuple[int, int, int, int]

SMALLEST = 16
"""Least edge of a fiducial's box in voxels."""

_AGREE = 0.5


def _crop(grey: Source, k: int, box: Box, place: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the box at ``place`` beyond where it was drawn; the picture must hold it."""
    top, bottom, left, right = box
    first = np.floor(place).astype(int)
    corner = (top + int(first[0]), left + int(first[1]))
    start = tuple(max(c - REACH, 0) for c in corner)
    stop = (corner[0] + bottom - top + REACH + 1, corner[1] + right - left + REACH + 1)
    _, height, width = grey.shape
    if min(corner) < 0 or stop[0] - REACH - 1 > height or stop[1] - REACH - 1 > width:
        raise ImageContentError(
            f"the fiducial leaves the picture in slice {k}, {place[0]:+.0f}, {place[1]:+.0f} voxels (y, x) from "
            "its box; expected a mark that is seen in all slices: draw another preprocess.fiducial, or crop the stack"
        )
    region = (slice(k, k + 1), slice(start[0], min(stop[0], height)), slice(start[1], min(stop[1], width)))
    piece = read_region(grey, region)[0].astype(np.float32)
    offset = (corner[0] - start[0], corner[1] - start[1])
    fraction = (float(place[0] - first[0]), float(place[1] - first[1]))
    return move_slice(piece, fraction, start=offset, shape=(bottom - top, right - left))


def _checked(grey: Source, box: Box) -> None:
    _, height, width = grey.shape
    top, bottom, left, right = box
    if not (0 <= top <= bottom - SMALLEST and bottom <= height and 0 <= left <= right - SMALLEST and right <= width):
        raise ParameterError(
            f"preprocess.fiducial = {list(box)}; expected first and last y, then x, in voxels, at least {SMALLEST} "
            f"apart and inside {height} x {width} (y, x)"
        )


def track_fiducial(grey: Source, box: Box) -> tuple[NDArray[np.float64], float]:
    """Return how far a mark has moved in every slice, against the middle one, and how well it agrees.

    The mark is followed from slice to slice, from the middle outwards, then compared in every slice
    with the mean of all.

    Parameters
    ----------
    grey
        Stack of shape (z, y, x).
    box
        First and last y, first and last x of the mark in the middle slice, in voxels.

    Returns
    -------
    tuple
        Shifts in y and x, shape (z, 2); and the least correlation of a slice with the mean.

    Raises
    ------
    ParameterError
        If the box does not lie in the picture, or is too small.
    ImageContentError
        If the mark leaves the picture or is lost.

    Examples
    --------
    >>> stack = np.zeros((5, 60, 60), np.float32)
    >>> for k in range(5):
    ...     stack[k, 25:35, 22 + k : 36 + k] = 1
    >>> track_fiducial(stack, (14, 46, 14, 46))[0][:, 1].round(1).tolist()
    [-2.0, -1.0, 0.0, 1.0, 2.0]
    """
    _checked(grey, box)
    slices = grey.shape[0]
    middle = slices // 2
    path = np.zeros((slices, 2))
    for direction in (-1, 1):
        before = contours(_crop(grey, middle, box, path[middle]))
        k = middle + direction
        while 0 <= k < slices:
            path[k] = path[k - direction]
            shift, _ = find_shift(before, contours(_crop(grey, k, box, path[k])))
            path[k] += shift
            before = contours(_crop(grey, k, box, path[k]))
            k += direction
    agreement = 1.0
    for _ in range(2):
        placed = [contours(_crop(grey, k, box, path[k])) for k in range(slices)]
        mean = np.asarray(np.mean(placed, axis=0), np.float32)
        found = [refine_shift(mean, image) for image in placed]
        path += np.array([each[:2] for each in found])
        agreement = min(each[2] for each in found)
    if agreement < _AGREE:
        raise ImageContentError(
            f"the fiducial is lost: a slice agrees with the others by {agreement:.2f} only, expected {_AGREE} or more; "
            "draw preprocess.fiducial around a mark that looks the same in all slices"
        )
    return np.round(path - path[middle], 3), agreement
