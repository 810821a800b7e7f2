"""Curtains: stripes that run down a picture, change slowly on their way, and stop at nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import kernel
from micro.preprocess.window_median import window_median

__all__ = ["black_below", "shared_by_columns", "stripe_field", "stripe_strength"]

Grey = NDArray[np.float32]

FADING = 32.0
"""Sigma in voxels along a stripe over which its strength may change."""

_OUTLIER = 0.31
"""What differs more than this share from its neighbours along a stripe is structure: lithium is darker than electrolyte
by half or more, the strongest of curtains of 9 % by 30 %."""
_LOOK = 0.25
"""The same where stripes are looked for: edges of phases without noise, smeared by the median, differ by more."""
_DARK = 0.35
"""Darker than this share of the brightest phase, the noise is larger than any stripe."""
_ONE_PHASE = (0.23, 1.9)
"""Darkest and brightest of a calm picture over its median, where it shows one phase: curtains of 9 % and shading reach
.27 and 1.84; of cells, those that reach .19 and more in the dark reach 1.97 and more in the bright."""
_BELOW = 0.75
"""Black below the dark end of one phase, over the phase's grey above it. More would take no more of the curtains, and
would bring lithium so near to electrolyte, where it is too little to be seen as a phase, that it was like it."""


def _blur(values: Grey, sigma_y: float, sigma_x: float) -> Grey:
    """Smooth by three running means along each axis, which is a Gaussian to a few percent at any width's cost."""
    out = values
    for axis, sigma in enumerate((sigma_y, sigma_x)):
        # three means over n voxels have the variance 3 (n^2 - 1) / 12
        width = round(float(np.sqrt(4 * sigma**2 + 1)))
        for _ in range(3 if width > 1 else 0):
            out = ndimage.uniform_filter1d(out, width, axis=axis, mode="nearest")
    return np.asarray(out, np.float32)


@kernel
def _beside(calm: Grey, near: Grey, darkest: float, alike: float, out: Grey, weight: Grey) -> None:
    """Average along x what is of like grey; ``near`` holds the weights by distance, from 0 on.

    One neighbour of all pixels of a row after the other: the sums of a pixel keep their order, and are vectorised.
    """
    height, width = calm.shape
    reach = near.size - 1
    totals, weights = np.empty(width, np.float32), np.empty(width, np.float32)
    least, none = np.empty(width, np.float64), np.float32(0)
    for y in range(height):
        row = calm[y]
        totals[:] = 0
        weights[:] = 0
        for x in range(width):
            least[x] = row[x] * (1 - alike)
        for apart in range(-reach, reach + 1):
            begin, end, close = max(0, -apart), min(width, width - apart), near[abs(apart)]
            here, there = row[begin:], row[begin + apart :]
            least_here, least_there = least[begin:], least[begin + apart :]
            total, weighed = totals[begin:], weights[begin:]
            for i in range(end - begin):
                like = there[i] > least_here[i] and least_there[i] < here[i]
                total[i] += close * there[i] if like else none
                weighed[i] += close if like else none
        for x in range(width):
            known = row[x] >= darkest
            out[y, x] = totals[x] / weights[x] if known else row[x]
            weight[y, x] = weights[x] if known else none


def _calmed(grey: Grey) -> Grey:
    """Return a picture with less noise, stripes as they are: the median, then the mean over 5 voxels along them."""
    return ndimage.uniform_filter1d(window_median(grey, (7, 3), "edge"), 5, axis=0)


def black_below(slices: Sequence[Grey]) -> float:
    """Return how far below 0 black lies: more than 0 where slices show one phase, whose own dark end was taken for it.

    Stripes are shares of the grey above black. Where a picture shows nothing darker than the phase that fills it, 0 is
    the dark end of its noise, and stripes seem up to three times as strong as they are, so that they look like
    structure. Black is then taken to lie below 0, three quarters as far as the phase lies above.

    Parameters
    ----------
    slices
        Slices with the darkest percentile at 0, each of shape (y, x), of one picture.

    Examples
    --------
    >>> se = np.random.default_rng(0).normal(0.5, 0.15, (60, 90)).astype(np.float32)
    >>> round(black_below([se]), 2)
    0.37
    >>> se[20:40, 30:40] = 0.0
    >>> black_below([se])
    0.0
    """
    calm = np.concatenate([_calmed(grey).ravel() for grey in slices])
    dark, phase, bright = (float(value) for value in np.percentile(calm, [0.1, 50, 99.9]))
    least, most = _ONE_PHASE
    return _BELOW * phase if phase > 0 and dark > least * phase and bright < most * phase else 0.0


def _contrast(grey: Grey, window: int, outlier: float = _OUTLIER) -> tuple[Grey, Grey]:
    """Return how much each pixel differs from its own phase beside it, as a share, and its weight (0: unknown)."""
    calm = _calmed(grey)
    bright = float(np.percentile(calm, 95))
    if bright <= 0:  # nearly all of it is black
        return np.zeros_like(grey), np.zeros_like(grey)
    near = np.exp(-0.5 * (np.arange(2 * window + 1) / window) ** 2).astype(np.float32)
    around, weight = np.empty_like(grey), np.empty_like(grey)
    _beside(calm, near, _DARK * bright, outlier, around, weight)
    apart = np.clip(grey / np.maximum(around, 1e-6) - 1, -1, 1)
    # of a phase that is hardly there beside it, and at edges, nothing can be said
    flat = ndimage.maximum_filter(calm, 3) * (1 - outlier) < ndimage.minimum_filter(calm, 3)
    known = (
        flat & (weight > 0.2 * (2 * float(near.sum()) - 1)) & (np.abs(calm / np.maximum(around, 1e-6) - 1) < outlier)
    )
    return np.where(known, apart, 0).astype(np.float32), np.where(known, (around / bright) ** 2, 0).astype(np.float32)


def _columns(apart: Grey, weight: Grey) -> tuple[Grey, float]:
    """Return the median of each column that shows enough, and how much of its power is not noise, 0 to 1."""
    value = np.where(weight > 0, apart, np.nan)
    seen = (weight > 0).sum(axis=0)
    known = seen >= max(8, 0.1 * apart.shape[0])
    columns = np.zeros(apart.shape[1], np.float32)
    if not known.any():
        return columns, 0.0
    columns[known] = np.nanmedian(value[:, known], axis=0)
    # a median of n normal values errs by 1.253 of their deviation over the root of n
    spread = 1.4826 * np.nanmedian(np.abs(value[:, known] - columns[known]), axis=0)
    noise = float(np.mean((1.253 * spread) ** 2 / seen[known]))
    power = float(np.mean(columns[known] ** 2))
    return columns, max(0.0, 1 - noise / power) if power > 0 else 0.0


def stripe_field(grey: Grey, window: int) -> Grey:
    """Return the brightness of stripes along y relative to what lies beside them, shape (y, x), mean about 1.

    Each pixel is compared with pixels of like grey beside it; a stripe is what all pixels of a column share
    (their median), times a strength that changes slowly along and across the stripes (a local regression
    on it), plus what columns share over a shorter way; both by how much they stand out from the noise, and
    from structure, which looks the same across. Vertical cracks and filaments are of another grey, and take
    no part.

    Parameters
    ----------
    grey
        One slice whose black is 0, shape (y, x).
    window
        Sigma in voxels across the stripes of what lies beside: more than the width of a stripe.

    Examples
    --------
    >>> image = np.full((60, 90), 100, np.float32); image[:, 40] = 110
    >>> (100 * stripe_field(image, 31)[30, 38:43]).round().tolist()
    [100.0, 100.0, 110.0, 100.0, 100.0]
    """
    apart, weight = _contrast(grey, window)
    columns, real = _columns(apart, weight)
    columns = columns - ndimage.gaussian_filter1d(columns, 2 * window, mode="nearest")
    pattern = np.broadcast_to(np.float32(real) * columns[None, :], grey.shape)
    power = _blur(weight * pattern * pattern, FADING, window / 2)
    # towards 1 where there is little to tell it from
    trust = np.float32(0.02 * float(np.mean(pattern**2)) + 1e-12)
    strength = (_blur(weight * apart * pattern, FADING, window / 2) + trust) / (power + trust)
    field = np.clip(strength, 0, 3) * pattern
    return np.asarray(1 + field + _fading(apart - field, weight), np.float32)


def _fading(rest: Grey, weight: Grey) -> Grey:
    """Return stripes that last for a part of the column only, by how much they stand out."""
    known = weight > 0
    local, across = (_lasting(rest, weight, axis) for axis in (0, 1))
    power = float(np.mean(local[known] ** 2)) if known.any() else 0.0
    # twice: what lies beside was taken off already, which lessens the means along x
    null = 2 * float(np.mean(across[known] ** 2)) if known.any() else 0.0
    return np.asarray(local * np.float32(max(0.0, 1 - null / power) if power > 0 else 0.0), np.float32)


def _lasting(rest: Grey, weight: Grey, axis: int) -> Grey:
    """Return local means along an axis of what is left, less sure where little is known."""
    sigmas = (FADING, 0.0) if axis == 0 else (0.0, FADING)
    calm = np.clip(rest, -0.3, 0.3) * weight
    return np.asarray(_blur(calm, *sigmas) / (_blur(weight, *sigmas) + np.float32(0.1)), np.float32)


def stripe_strength(grey: Grey, window: int) -> tuple[float, float]:
    """Return the strength of stripes along y, and what noise and structure alone would give: both rms shares.

    The second is the same measure along x, where there are no such stripes. Both are of the part that all
    of a column (a row) shares.
    """
    return shared_by_columns(grey, window), shared_by_columns(np.ascontiguousarray(grey.T), window)


def shared_by_columns(grey: Grey, window: int) -> float:
    """Return the rms of what all pixels of a column share, relative to what lies beside it; see `stripe_strength`."""
    apart, weight = _contrast(grey, window, _LOOK)
    return float(np.sqrt(np.mean(_columns(apart, weight)[0] ** 2)))
