"""The cap of a gap: what is left above the band of a gap that stands higher, as thin and flat as a crack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Done, Engine, Source, kernel, looked_up
from micro.cell.cell import Normal

__all__ = ["caps_of_gaps"]

RESTS = 0.5
"""A void with more than this share of its underside on a gap is a part of it; a crack opens into one by its edge."""


@kernel
def _undersides(
    places: NDArray[np.uint32], gaps: NDArray[np.uint8], core: NDArray[np.bool_], out: NDArray[np.int64]
) -> None:
    """Count, for each place, the voxels with something else below them, and those with a gap; axis 0 leads up."""
    length, height, width = places.shape
    for k in range(1, length):
        for j in range(height):
            for i in range(width):
                place = places[k, j, i]
                if place == 0 or not core[k] or places[k - 1, j, i] == place:
                    continue
                out[place, 0] += 1
                out[place, 1] += gaps[k - 1, j, i] != 0


def _count(
    block: Block, ids: NDArray[np.uint32], gaps: NDArray[np.uint8], *, place_of: NDArray[np.uint32], normal: Normal
) -> Done[NDArray[np.int64]]:
    out = np.zeros((int(place_of.max()) + 1, 2), np.int64)
    inner = list(block.inner)
    core = np.zeros(ids.shape[normal.axis], np.bool_)
    core[inner[normal.axis]] = True
    inner[normal.axis] = slice(None)
    places = np.moveaxis(looked_up(ids[tuple(inner)], place_of), normal.axis, 0)
    beside = np.moveaxis(gaps[tuple(inner)], normal.axis, 0)
    _undersides(places[:: normal.sign], beside[:: normal.sign], core[:: normal.sign], out)
    return Done(out)


def caps_of_gaps(
    found: Components, chosen: NDArray[np.bool_], gaps: Source, normal: Normal, engine: Engine
) -> NDArray[np.bool_]:
    """Tell which of the chosen objects rest on a gap: more than half of their underside lies on it.

    A gap that stands higher than the band about the interface is cut at the band's end, and what is left above may
    be as thin and flat as a crack.

    Parameters
    ----------
    found
        Void outside the gaps.
    chosen
        The objects that are asked about, shape (count + 1,).
    gaps
        Of `micro.cell.voids.mark_gaps`: above 0 in a gap.
    normal
        Direction from the anode into the electrolyte.

    Examples
    --------
    >>> from micro.blocks import label_components
    >>> void = np.zeros((1, 8, 12), np.uint8); void[0, 2, 2:9] = 1; void[0, 0:5, 11] = 1
    >>> gaps = np.zeros_like(void); gaps[0, 3:6, 2:11] = 1
    >>> found = label_components(void, engine=Engine())
    >>> caps_of_gaps(found, np.array([False, True, True]), gaps, Normal.parse("-y"), Engine()).tolist()
    [False, False, True]
    """
    place_of = np.where(chosen, np.cumsum(chosen), 0).astype(np.uint32)
    halo = [0, 0, 0]
    halo[normal.axis] = 1
    parts = engine.run(
        _count,
        [found.ids, gaps],
        halo=(halo[0], halo[1], halo[2]),
        stage="cracks",
        constants={"place_of": place_of, "normal": normal},
    )
    undersides = np.sum(parts, axis=0)[place_of]
    return np.asarray(chosen & (undersides[:, 1] > RESTS * undersides[:, 0]))
