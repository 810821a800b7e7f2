"""Metal far beyond the reference interface that no label calls a dendrite, as in a file of three phases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel
from micro.cell.cell import SE_REGION, Part, ReferencePlane
from micro.model import Spacing

__all__ = ["UNNAMED_TOLERANCES", "unnamed_um"]

UNNAMED_TOLERANCES = 2.0
"""Metal is a mound of the anode up to this many tolerances: `split_phases` leaves none beyond."""


def unnamed_um(
    labels: Source,
    parts: Source,
    plane: ReferencePlane,
    *,
    table: NDArray[np.bool_],
    beyond_um: float,
    spacing: Spacing,
    engine: Engine,
) -> float:
    """Return how far metal that is labelled no dendrite reaches beyond the reference interface; 0 where none does.

    Parameters
    ----------
    labels
        Labels of shape (z, y, x).
    parts
        Parts of the same shape, with `SE_REGION`. What a counter electrode has is its own.
    plane
        The reference interface.
    table
        256 booleans: metal that is no filament.
    beyond_um
        Heights up to this one don't count.
    spacing
        Voxel edges in um.

    Examples
    --------
    >>> values = np.full((1, 30, 20), 2, np.uint8); values[0, 20:] = 3; values[0, 12:20, 5:8] = 3
    >>> parts = np.where(values == 3, Part.ANODE, 0).astype(np.uint8); parts[0, :20] |= SE_REGION
    >>> plane, metal = ReferencePlane((0.0, -1.0, 0.0), -20.0), np.arange(256) == 3
    >>> unnamed_um(values, parts, plane, table=metal, beyond_um=5, spacing=Spacing(1, 1, 1), engine=Engine())
    7.5
    """
    constants = {"table": table, "plane": plane, "beyond_um": beyond_um, "spacing": spacing}
    return max(engine.run(_highest, [labels, parts], stage="parts", constants=constants))


def _highest(
    block: Block,
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    *,
    table: NDArray[np.bool_],
    plane: ReferencePlane,
    beyond_um: float,
    spacing: Spacing,
) -> Done[float]:
    mask = np.empty(labels.shape, np.bool_)
    if not _metal_in_region(labels, parts, table, mask):
        return Done(0.0)
    mask &= plane.above(labels.shape, spacing, block.outer_start, than_um=beyond_um)
    z, y, x = np.nonzero(mask)
    if not z.size:
        return Done(0.0)
    return Done(float(plane.heights_at_um((z, y, x), spacing, block.outer_start).max()))


_ANODE, _OTHER, _REGION = np.uint8(Part.ANODE), np.uint8(Part.OTHER), np.uint8(SE_REGION)
"""As compiled kernels want them."""


@kernel
def _metal_in_region(
    labels: NDArray[np.uint8], parts: NDArray[np.uint8], table: NDArray[np.bool_], out: NDArray[np.bool_]
) -> int:
    """Write which voxels of the SE region are metal of the anode or of nothing; return how many."""
    found = 0
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                part = parts[k, j, i]
                named = part != _ANODE | _REGION and part != _OTHER | _REGION
                out[k, j, i] = table[labels[k, j, i]] & (not named)
                found += out[k, j, i]
    return found
