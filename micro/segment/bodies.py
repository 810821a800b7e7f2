"""The prior that metal lies in the electrodes only: islands of it take the phase of the next nearest grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, label_components

__all__ = ["bodies_only"]

BODY_SHARE = 0.05
"""A component of metal this large, of the largest one, is an electrode."""


def _turn(
    _: Block,
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    ids: NDArray[np.uint32],
    *,
    island: NDArray[np.bool_],
    nearest: NDArray[np.uint8],
) -> Done[None]:
    return Done(None, (np.where(island[ids], nearest[grey], places).astype(np.uint8),))


def bodies_only(places: Source, grey: Source, metal: int, *, costs: NDArray[np.int32], engine: Engine) -> Source:
    """Return the places with every component of metal but the electrodes given to the other phases by its grey.

    What is joined to an electrode by a face, an edge or a corner is part of it: dendrites stay.

    Parameters
    ----------
    places, grey
        Places of the phases, and the picture, shape (z, y, x).
    metal
        Place of the metal.
    costs
        Of `micro.segment.regularise.cost_table`.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> places = np.full((1, 6, 20), 1, np.uint8); places[0, 3:] = 0; places[0, 1, 5] = 0
    >>> costs = np.zeros((65536, 2), np.int32)
    >>> kept = bodies_only(places, np.zeros((1, 6, 20), np.uint16), 0, costs=costs, engine=Engine())
    >>> int(kept[0, 1, 5]), int(kept[0, 4, 5])
    (1, 0)
    """
    table = np.zeros(256, np.uint8)
    table[metal] = 1
    found = label_components(places, engine=engine, table=table)
    island = found.voxels < BODY_SHARE * found.voxels.max(initial=0)
    island[0] = False
    others = costs.astype(np.int64)
    others[:, metal] = np.iinfo(np.int64).max
    nearest = np.argmin(others, axis=1).astype(np.uint8)
    z, y, x = places.shape
    out: Source = engine.array((z, y, x), np.uint8)
    constants = {"island": island, "nearest": nearest}
    engine.run(_turn, [places, grey, found.ids], outputs=[out], stage="electrodes", constants=constants)
    return out
