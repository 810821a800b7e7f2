"""Metal far beyond the reference interface that no label calls a dendrite, as in a file of three phases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape, kernel
from micro.cell.cell import SE_REGION, Part, ReferencePlane
from micro.model import Spacing

__all__ = ["UNNAMED", "UNNAMED_TOLERANCES", "unnamed_um"]

UNNAMED = (
    "metal reaches {:.3g} um beyond the interface and is not labelled dendrite: it counts as none; "
    "give it a value of its own (4, or --map VALUE=dendrite)"
)
"""What a cell says of it."""

UNNAMED_TOLERANCES = 2.0
"""Metal is a mound of the anode up to this many tolerances: `split_phases` leaves none beyond."""


def unnamed_um(
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    plane: ReferencePlane,
    *,
    table: NDArray[np.bool_],
    beyond_um: float,
    spacing: Spacing,
    start: Shape = (0, 0, 0),
) -> float:
    """Return how far a block's metal that is labelled no dendrite reaches beyond the interface; 0 where none does.

    Parameters
    ----------
    labels
        Labels of the block, shape (z, y, x).
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
    start
        The block's first voxel.

    Examples
    --------
    >>> values = np.full((1, 30, 20), 2, np.uint8); values[0, 20:] = 3; values[0, 12:20, 5:8] = 3
    >>> parts = np.where(values == 3, Part.ANODE, 0).astype(np.uint8); parts[0, :20] |= SE_REGION
    >>> plane, metal = ReferencePlane((0.0, -1.0, 0.0), -20.0), np.arange(256) == 3
    >>> unnamed_um(values, parts, plane, table=metal, beyond_um=5, spacing=Spacing(1, 1, 1))
    7.5
    """
    z, y, x = _in_region(labels, parts, table)
    if not z.size:
        return 0.0
    highest = float(plane.heights_at_um((z, y, x), spacing, start).max())
    return highest if highest > beyond_um else 0.0


_ANODE, _OTHER = np.uint8(Part.ANODE | SE_REGION), np.uint8(Part.OTHER | SE_REGION)
"""As compiled kernels want them."""


@kernel
def _in_region(
    labels: NDArray[np.uint8], parts: NDArray[np.uint8], table: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return where metal of the anode, or of nothing, lies in the SE region."""
    found = 0
    for k in range(parts.shape[0]):
        for j in range(parts.shape[1]):
            for i in range(parts.shape[2]):
                part = parts[k, j, i]
                found += part in (_ANODE, _OTHER) and table[labels[k, j, i]]
    z, y, x = np.empty(found, np.int64), np.empty(found, np.int64), np.empty(found, np.int64)
    n = 0
    for k in range(parts.shape[0]):
        for j in range(parts.shape[1]):
            for i in range(parts.shape[2]):
                part = parts[k, j, i]
                if n < found and part in (_ANODE, _OTHER) and table[labels[k, j, i]]:
                    z[n], y[n], x[n] = k, j, i
                    n += 1
    return z, y, x
