"""Artefacts of stated strength, put on the picture of a phantom: what a correction must take out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.errors import ParameterError
from micro.phantoms.electron import curtain_field

__all__ = ["charged", "cupped", "curtained", "fringed", "ringed", "wander"]

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


def curtained(grey: NDArray[np.generic], *, rms: float, seed: int) -> Grey:
    """Return a stack with curtains of this root mean square: stripes along y that fade and swell on their way.

    Examples
    --------
    >>> striped = curtained(np.ones((1, 64, 64)), rms=0.05, seed=1)
    >>> round(float(striped.std()), 2)
    0.05
    """
    field = curtain_field(grey.shape, np.random.default_rng(seed), rms=rms)
    return np.asarray(grey.astype(np.float32) * (1 + field), np.float32)


def ringed(grey: NDArray[np.generic], *, rms: float, seed: int, centre: tuple[float, float]) -> Grey:
    """Return a stack with rings of this root mean square about ``centre`` (y, x), each slice with its own.

    Examples
    --------
    >>> round(float(ringed(np.zeros((1, 64, 64)), rms=3.0, seed=1, centre=(30, 33)).std()), 1)
    3.0
    """
    y, x = np.arange(grey.shape[1])[:, None] - centre[0], np.arange(grey.shape[2])[None, :] - centre[1]
    ring = np.rint(np.hypot(y, x)).astype(int)
    profile = np.random.default_rng(seed).normal(size=(grey.shape[0], int(ring.max()) + 1))
    rings = ndimage.gaussian_filter1d(profile, 0.8, axis=1)[:, ring]
    rings -= rings.mean()
    return np.asarray(grey + rms * rings / rings.std(), np.float32)


def cupped(grey: NDArray[np.generic], *, rim: float, centre: tuple[float, float]) -> Grey:
    """Return a stack whose greys grow by the share ``rim`` from the centre to half the longer edge, quadratically.

    Examples
    --------
    >>> cupped(np.ones((1, 5, 5)), rim=0.5, centre=(2, 2))[0, 2].tolist()
    [1.5, 1.125, 1.0, 1.125, 1.5]
    """
    y, x = np.arange(grey.shape[1])[:, None] - centre[0], np.arange(grey.shape[2])[None, :] - centre[1]
    return np.asarray(grey * (1 + rim * (y**2 + x**2) / ((max(grey.shape[1:]) - 1) / 2) ** 2), np.float32)


def fringed(grey: NDArray[np.generic], *, strength: float) -> Grey:
    """Return a stack less ``strength`` (voxels squared) times its Laplacian: the fringes of a short propagation.

    Examples
    --------
    >>> fringed(np.float32([[[0, 0, 0, 1, 1, 1]]]), strength=0.5)[0, 0].tolist()
    [0.0, 0.0, -0.5, 1.5, 1.0, 1.0]
    """
    out = grey.astype(np.float32)
    for axis in (a for a in range(3) if grey.shape[a] > 1):
        out = out - np.float32(strength) * ndimage.convolve1d(grey.astype(np.float32), [1, -2, 1], axis=axis)
    return np.asarray(out, np.float32)


def charged(grey: NDArray[np.generic], void: NDArray[np.bool_], *, rim: float) -> Grey:
    """Return a stack with bright rims beside ``void``, up to ``rim`` greys brighter, some three voxels wide.

    Examples
    --------
    >>> void = np.zeros((1, 9, 20), bool); void[..., :5] = True
    >>> (charged(np.ones(void.shape), void, rim=0.5)[0, 4, ::5] > 1).tolist()
    [False, True, False, False]
    """
    share = ndimage.gaussian_filter(void.astype(np.float32), (0, 1.5, 1.5), truncate=3)
    return np.asarray(grey + np.where(void, 0, rim * np.sqrt(2 * share)), np.float32)
