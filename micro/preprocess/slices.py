"""The brightness of each slice of a stack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, Source

__all__ = ["slice_gains"]


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
    depth, height, width = grey.shape
    parts = engine.run(
        _gain_steps,
        [grey],
        halo=(1, 0, 0),
        block_shape=engine.slab((depth, height, width)),
        stage="slice brightness",
        constants={"low": low},
    )
    gains = np.cumprod(np.concatenate(parts))
    return np.asarray(gains / np.median(gains))
