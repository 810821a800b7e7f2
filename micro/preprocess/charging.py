"""Charging: the bright rims that electron micrographs have at the edges of pores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.preprocess.window_median import window_median

__all__ = ["limit_rims", "rim_excess"]

Grey = NDArray[np.float32]

RIM = 4
"""Width in voxels of the rim that is looked at."""

BEHIND = 10
"""So far from a pore, in voxels, lies what the rim is compared with."""


def _rims(grey: Grey) -> tuple[Grey, NDArray[np.bool_], Grey, Grey]:
    """Return the calm picture, which pixels lie in a rim, the brightest just behind each, and the calmer picture."""
    calm = window_median(grey, (3, 3))
    bright = float(np.percentile(calm, 95))
    void = ndimage.binary_opening(calm < 0.3 * bright, iterations=1)
    apart = ndimage.distance_transform_cdt(~void, metric="chessboard") if void.any() else np.full(grey.shape, 99)
    rim = (apart > 0) & (apart <= RIM)
    wide = window_median(grey, (5, 5))
    behind = ndimage.maximum_filter(np.where((apart > RIM) & (apart <= BEHIND), wide, 0), 2 * BEHIND - RIM + 1)
    return calm, rim & (behind > 0), np.asarray(behind, np.float32), wide


def limit_rims(grey: Grey) -> Grey:
    """Return a slice in which rims of pores are no brighter than the brightest that lies just behind them.

    A rim is what lies within four voxels of a pore; behind it is what lies five to ten voxels off, its noise
    taken out by a median. So a bright phase that really borders on a pore stays, as it goes on behind its rim.

    Parameters
    ----------
    grey
        One slice whose black is 0, shape (y, x).

    Examples
    --------
    >>> image = np.full((40, 40), 0.5, np.float32)
    >>> image[12:28, 12:28] = 0.8; image[14:26, 14:26] = 0.0
    >>> float(limit_rims(image)[13, 20]), float(limit_rims(image)[20, 20])
    (0.5, 0.0)
    """
    _, rim, behind, _ = _rims(grey)
    return np.asarray(np.where(rim, np.minimum(grey, behind), grey), np.float32)


def rim_excess(slices: list[Grey]) -> tuple[float, float]:
    """Return by how much rims of pores exceed what lies behind them, as a share of white, and the same of no rims.

    The first is the mean over all rims of the calm picture above the brightest behind; the second the same
    with the rim moved away from the pores, where noise alone exceeds.
    """
    found, null = [], []
    for grey in slices:
        calm, rim, behind, wide = _rims(grey)
        if np.count_nonzero(rim) < 50:
            continue
        found.append(float(np.mean(np.maximum(calm - behind, 0)[rim])))
        off = np.roll(rim, (3 * BEHIND, 3 * BEHIND), axis=(0, 1)) & ~rim
        local = ndimage.maximum_filter(wide, 2 * BEHIND - RIM + 1)
        null.append(float(np.mean(np.maximum(calm - local, 0)[off])) if off.any() else 0.0)
    return (float(np.mean(found)), float(np.mean(null))) if found else (0.0, 0.0)
