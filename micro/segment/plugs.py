"""Islands of void that noise makes in filaments of metal that is nearly as dark.

In CT lithium is nearly as dark as void, and where noise is strong a stretch of a filament gets as dark as that: the
filament is cut, and what is beyond it hangs on nothing. Islands are compared with what surrounds them most, which is
the electrolyte. So an island of void that touches metal is compared with the metal too: where noise of the mean over
so many voxels reaches from one to the other, it is metal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, label_components, relabelled
from micro.segment.islands import FAINT_VOXELS, tally_islands
from micro.segment.levels import GreyLevels
from micro.segment.noise import Noise

__all__ = ["fill_plugs"]


def _turn(
    _: Block, places: NDArray[np.uint8], ids: NDArray[np.uint32], *, turned: NDArray[np.bool_], into: int
) -> Done[None]:
    return Done(None, (relabelled(places, ids, turned, into),))


def _without_specks(places: Source, metal: int, other: int, voxels: int, engine: Engine) -> Source:
    """Return the places with ``other`` where metal is in pieces of fewer voxels."""
    table = np.zeros(256, np.uint8)
    table[metal] = 1
    found = label_components(places, engine=engine, table=table, connectivity=26)
    small = (found.classes > 0) & (found.voxels < voxels)
    z, y, x = places.shape
    out: Source = engine.array((z, y, x), np.uint8)
    constants = {"turned": small, "into": other}
    engine.run(_turn, [places, found.ids], outputs=[out], stage="plugs", constants=constants)
    return out


def fill_plugs(
    places: Source,
    grey: Source,
    levels: GreyLevels,
    pair: tuple[int, int],
    *,
    noise: Noise,
    sigmas_max: float,
    engine: Engine,
    body_voxels: int = 0,
) -> Source:
    """Return the labels with the islands of void that may as well be metal, and touch it, given to the metal.

    Parameters
    ----------
    places, grey
        Places of the phases in the order of ``levels``, and the picture, shape (z, y, x).
    levels, pair
        Grey level of each phase, and the places of void and metal.
    noise
        Noise of the picture.
    sigmas_max
        Islands whose mean grey is nearer to the metal's than this many standard deviations are turned; 0: none.
    engine
        Where the block tasks run.
    body_voxels
        Only islands that touch a body of metal of so many voxels.

    Examples
    --------
    >>> places = np.full((1, 7, 30), 2, np.uint8); places[0, 2:5] = 1; places[0, 2:5, 14:17] = 0
    >>> grey = np.array([20000, 25000, 40000], np.uint16)[places]; grey[places == 0] = 22000
    >>> levels = GreyLevels(("void", "Li", "SE"), (20000.0, 25000.0, 40000.0), 3000.0)
    >>> how = {"noise": Noise(3000.0, 9.0), "engine": Engine()}
    >>> filled = fill_plugs(places, grey, levels, (0, 1), sigmas_max=4.0, **how)
    >>> int((np.asarray(filled) == 0).sum())
    0
    """
    if sigmas_max <= 0:
        return places
    void, metal = pair
    table = np.zeros(256, np.uint8)
    table[void] = 1
    found = label_components(places, engine=engine, table=table, connectivity=6)
    wanted = (found.classes > 0) & (found.voxels <= FAINT_VOXELS)
    if not wanted.any():
        return places
    phases = len(levels.names)
    around = places if body_voxels <= 1 else _without_specks(places, metal, phases, body_voxels, engine)
    sums = tally_islands(around, grey, found, wanted, phases=phases + 1, engine=engine)
    voxels = np.maximum(found.voxels, 1)
    away = np.abs(sums[:, 0] / voxels - levels.greys[metal])
    turned = wanted & (sums[:, 1 + metal] > 0) & (away < sigmas_max * noise.of_means(voxels))
    if not turned.any():
        return places
    z, y, x = places.shape
    out: Source = engine.array((z, y, x), np.uint8)
    constants = {"turned": turned, "into": metal}
    engine.run(_turn, [places, found.ids], outputs=[out], stage="plugs", constants=constants)
    return out
