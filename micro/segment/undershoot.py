"""Void that is none: the dark seam that sharpening leaves beside the edge of the metal.

What is darker than the darkest mode of the greys may be void too rare for a mode of its own. Where electrolyte and
metal meet sharply, sharpening overshoots on both sides of the edge, and the darker side's overshoot is darker than
its phase. In a cell that has no void it would be taken for a gap all along the interface.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, Source
from micro.segment.levels import GreyLevels
from micro.segment.skins import mark_cores

__all__ = ["is_undershoot"]

REACH = 3
"""The seam lies this close to the body of the metal (voxels)."""
SHARE, SOLID = 0.6, 0.1
"""From this share of the dark voxels on it is the seam, and not where more than that fill squares (cubes) of three."""


def _count(
    block: Block, grey: NDArray[np.uint16], *, limit: float, metal: tuple[float, float]
) -> Done[tuple[int, int, int]]:
    """Count the voxels darker than the void's limit, those near a body of the metal's grey, and the thick ones."""
    void = grey < limit
    if not void[block.inner].any():
        return Done((0, 0, 0))
    body = mark_cores(((grey > metal[0]) & (grey < metal[1])).astype(np.uint8), 1)
    size = tuple(2 * REACH + 1 if length > 1 else 1 for length in grey.shape)
    near = ndimage.maximum_filter(body.view(np.uint8), size=size, mode="constant") > 0
    marks = (void, void & near, mark_cores(void.view(np.uint8), 1))
    some, close, thick = (int(np.count_nonzero(mark[block.inner])) for mark in marks)
    return Done((some, close, thick))


def is_undershoot(grey: Source, levels: GreyLevels, *, metal: int, engine: Engine) -> bool:
    """Tell whether what would be void is but the seam along the edge of the metal.

    Parameters
    ----------
    grey
        uint16 stack, shape (z, y, x).
    levels
        Grey level of each phase, void the darkest.
    metal
        Its place in the order.

    Examples
    --------
    >>> grey = np.full((1, 60, 60), 45000, np.uint16); grey[:, 30:] = 20000; grey[:, 30] = 12000
    >>> levels = GreyLevels(("void", "Li", "SE"), (12000.0, 20000.0, 45000.0), 500.0)
    >>> is_undershoot(grey, levels, metal=1, engine=Engine())
    True
    >>> grey[:, 30] = 20000; grey[:, 8:14, 8:14] = 12000
    >>> is_undershoot(grey, levels, metal=1, engine=Engine())
    False
    """
    last = len(levels.names) - 1
    bounds = [0.0, *(levels.midpoint(k, k + 1) for k in range(last)), 65536.0]
    constants = {"limit": bounds[1], "metal": (bounds[metal], bounds[metal + 1])}
    reach = REACH + 2
    z, y, x = (reach if length > 1 else 0 for length in grey.shape)
    parts = engine.run(_count, [grey], halo=(z, y, x), stage="grey levels", constants=constants)
    some, near, thick = (sum(part[k] for part in parts) for k in range(3))
    return some > 0 and near > SHARE * some and thick <= SOLID * some
