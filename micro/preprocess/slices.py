"""Corrections that need whole slices: brightness, curtains, rings."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, Source

__all__ = ["column_factors", "correct_slice", "ring_offsets", "slice_gains"]

Grey = NDArray[np.float32]
StripeKind = Literal["none", "columns", "rows", "rings"]


def _gain_steps(block: Block, grey: NDArray[np.generic], *, low: float) -> Done[list[float]]:
    """Return the brightness of each slice of the core over the slice before it; 1 for the first."""
    steps = []
    for k in range(block.inner[0].start, block.inner[0].stop):
        if k == 0:
            steps.append(1.0)
            continue
        before, here = grey[k - 1].astype(np.float32) - low, grey[k].astype(np.float32) - low
        # chosen by both slices alike: a choice by one of them would regress to the mean in the other
        both = ndimage.uniform_filter(before + here, 5)
        bright = both >= np.median(both)
        level = float(np.median(before[bright]))
        steps.append(float(np.median(here[bright])) / level if level > 0 else 1.0)
    return Done(steps)


def slice_gains(grey: Source, *, low: float, engine: Engine) -> NDArray[np.float64]:
    """Return the brightness of each slice relative to the stack, from the brighter half of its pixels.

    Neighbouring slices are compared pixel by pixel, so that a change of the sample's shape along
    the stack is not taken for a change of brightness.

    Parameters
    ----------
    grey
        Stack of shape (z, y, x).
    low
        Grey value of black.

    Examples
    --------
    >>> stack = np.full((3, 4, 4), 100.0); stack[1] *= 1.1
    >>> slice_gains(stack, low=0, engine=Engine()).round(3).tolist()
    [1.0, 1.1, 1.0]
    """
    _, height, width = grey.shape
    parts = engine.run(
        _gain_steps,
        [grey],
        halo=(1, 0, 0),
        block_shape=(16, height, width),
        stage="slice brightness",
        constants={"low": low},
    )
    gains = np.cumprod(np.concatenate(parts))
    return np.asarray(gains / np.median(gains))


DARKEST_STRIPE = 0.25
"""What differs more than this share from its neighbours along a stripe is structure."""


def column_factors(grey: Grey, window: int) -> Grey:
    """Return the brightness of each column of a slice relative to its neighbours, shape (x,).

    The median over the column of grey over its mean across ``window`` columns; pixels darker than
    the slice's middle are left out, since their ratio is mostly noise.

    Examples
    --------
    >>> image = np.full((50, 40), 100, np.float32); image[:, 20] = 110
    >>> round(float(column_factors(image, 31)[20]), 2)
    1.1
    """
    around = ndimage.uniform_filter1d(ndimage.median_filter(grey, (1, 5)), window, axis=1)
    bright = around >= 0.75 * np.percentile(around, 75)
    ratio = grey / np.maximum(around, 1e-6)
    # a dark filament along the stripes is no stripe: it stands out more than any curtain
    bright &= np.abs(ndimage.median_filter(ratio, (9, 1)) - 1) < DARKEST_STRIPE
    ratio = np.where(bright, ratio, np.nan)
    enough = bright.sum(axis=0) >= 0.2 * grey.shape[0]
    factors = np.ones(grey.shape[1], np.float32)
    if enough.any():
        factors[enough] = np.nanmedian(ratio[:, enough], axis=0)
    # a column can't be told from its neighbours where the whole neighbourhood is brighter or darker
    return np.asarray(factors / np.maximum(ndimage.uniform_filter1d(factors, window), 1e-6), np.float32)


def ring_offsets(grey: Grey, window: int) -> tuple[Grey, NDArray[np.intp]]:
    """Return the offset of each ring about the slice's centre, and the ring of each pixel.

    The median over the ring of what stands out from a local mean; small rings, of few pixels, are
    believed less.

    Examples
    --------
    >>> offsets, ring = ring_offsets(np.zeros((9, 9), np.float32), 5)
    >>> float(offsets.max()), int(ring[4, 4])
    (0.0, 0)
    """
    height, width = grey.shape
    y = np.arange(height)[:, None] - (height - 1) / 2
    x = np.arange(width)[None, :] - (width - 1) / 2
    ring = np.rint(np.hypot(y, x)).astype(np.intp)
    residual = grey - ndimage.gaussian_filter(grey, window / 6, truncate=3)
    order = np.argsort(ring, axis=None, kind="stable")
    counts = np.bincount(ring.ravel())
    pieces = np.split(residual.ravel()[order], np.cumsum(counts)[:-1])
    medians = np.array([np.median(piece) if piece.size else 0 for piece in pieces])
    return (medians * counts / (counts + 24.0)).astype(np.float32), ring


def correct_slice(grey: Grey, *, stripes: StripeKind, window: int) -> Grey:
    """Remove curtains (columns or rows) or rings from one slice whose black is 0."""
    if stripes == "columns":
        return grey / column_factors(grey, window)[None, :]
    if stripes == "rows":
        return grey / column_factors(np.ascontiguousarray(grey.T), window)[:, None]
    if stripes == "rings":
        offsets, ring = ring_offsets(grey, window)
        return grey - offsets[ring]
    return grey
