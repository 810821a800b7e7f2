"""Parallel-beam projection and filtered back-projection, slice by slice, in voxel units.

Arrays hold the slices last, so that one interpolation weight serves a run of slices.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft

__all__ = ["back_project", "project", "ramp_filter", "view_angles"]

Grey = NDArray[np.float32]


def view_angles(count: int) -> NDArray[np.float64]:
    """Return ``count`` angles over half a turn in radians, off the axes so that no ray runs along a voxel row."""
    return (np.arange(count, dtype=np.float64) + 0.5) * (np.pi / count)


def project(image: Grey, angles_rad: NDArray[np.float64], detectors: int) -> Grey:
    """Return the line integrals of ``image`` (y, x, slice): shape (view, detector, slice), in grey x voxels.

    Each ray is sampled once per row or column, whichever it crosses more steeply, and interpolated
    linearly in between (Joseph, IEEE Trans. Med. Imaging 1, 192, 1982). The axis of rotation is the
    middle of the image and of the detector.

    Examples
    --------
    >>> square = np.zeros((16, 16, 1), np.float32)
    >>> square[4:12, 4:12] = 1
    >>> bool(abs(project(square, view_angles(4), 24)[0].sum() / 64 - 1) < 0.01)
    True
    """
    views = np.zeros((angles_rad.size, detectors, image.shape[2]), np.float32)
    _project(np.ascontiguousarray(image), np.cos(angles_rad), np.sin(angles_rad), views)
    return views


def ramp_filter(views: Grey) -> Grey:
    """Return the projections after the ramp filter of back-projection, apodised by half a Hann window.

    The ramp is the transform of its band-limited samples (Kak and Slaney, Principles of Computerized
    Tomographic Imaging, 1988, eq. 61), which keeps the mean right; the window halves the response at
    the Nyquist frequency, as laboratory scanners do, and correlates the noise.
    """
    size = int(fft.next_fast_len(2 * views.shape[1], real=True))
    taps = np.zeros(size)
    odd = np.arange(1, size // 2, 2)
    taps[0] = 0.25
    taps[odd] = taps[-odd] = -1 / (np.pi * odd) ** 2
    response = np.real(np.fft.rfft(taps))
    response *= 0.75 + 0.25 * np.cos(np.pi * np.arange(response.size) / (size / 2))
    spectrum = fft.rfft(views, size, axis=1) * response.astype(np.float32)[None, :, None]
    return np.ascontiguousarray(fft.irfft(spectrum, size, axis=1)[:, : views.shape[1]], dtype=np.float32)


def back_project(views: Grey, angles_rad: NDArray[np.float64], shape: tuple[int, int]) -> Grey:
    """Return the reconstruction (y, x, slice) from filtered projections (view, detector, slice)."""
    image = np.zeros((*shape, views.shape[2]), np.float32)
    _back_project(views, np.cos(angles_rad), np.sin(angles_rad), image)
    image *= np.float32(np.pi / angles_rad.size)
    return image


@njit(cache=True, nogil=True)
def _project(image, cosines, sines, views):  # type: ignore[no-untyped-def]
    rows, columns, slices = image.shape
    for a in range(views.shape[0]):
        cosine, sine = cosines[a], sines[a]
        along_x = abs(sine) > abs(cosine)
        steep = sine if along_x else cosine
        flat = cosine if along_x else sine
        weight = 1.0 / abs(steep)
        steps, across = (columns, rows) if along_x else (rows, columns)
        for d in range(views.shape[1]):
            offset = d - 0.5 * (views.shape[1] - 1)
            ray = views[a, d]
            for i in range(steps):
                place = (offset - (i - 0.5 * (steps - 1)) * flat) / steep + 0.5 * (across - 1)
                j = int(np.floor(place))
                if j < 0 or j >= across - 1:
                    continue
                second = np.float32((place - j) * weight)
                first = np.float32(weight) - second
                low = image[j, i] if along_x else image[i, j]
                high = image[j + 1, i] if along_x else image[i, j + 1]
                for s in range(slices):
                    ray[s] += first * low[s] + second * high[s]


@njit(cache=True, nogil=True)
def _back_project(views, cosines, sines, image):  # type: ignore[no-untyped-def]
    rows, columns, slices = image.shape
    for y in range(rows):
        for x in range(columns):
            voxel = image[y, x]
            for a in range(views.shape[0]):
                place = (x - 0.5 * (columns - 1)) * cosines[a] + (y - 0.5 * (rows - 1)) * sines[a]
                place += 0.5 * (views.shape[1] - 1)
                d = int(np.floor(place))
                if d < 0 or d >= views.shape[1] - 1:
                    continue
                second = np.float32(place - d)
                first = np.float32(1.0) - second
                low = views[a, d]
                high = views[a, d + 1]
                for s in range(slices):
                    voxel[s] += first * low[s] + second * high[s]
