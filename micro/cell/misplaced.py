"""A reference interface that was given and can't be right: beyond the picture, or above all dendrites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine
from micro.cell.cell import Normal, ReferencePlane
from micro.model import Labels, Spacing

__all__ = ["misplaced"]

INSIDE_MIN = 0.5
"""A reference interface that lies inside the picture in fewer of its columns than this is doubted."""


def misplaced(labels: Labels, plane: ReferencePlane, normal: Normal, reference: str, engine: Engine) -> str:
    """Return why a reference interface that was given can't be where it is said to be; empty where it may.

    Parameters
    ----------
    labels
        With the dendrites told apart.
    reference
        Where it comes from, in a few words.

    Examples
    --------
    >>> values = np.full((1, 30, 20), 2, np.uint8); values[0, 20:] = 3; values[0, 12:20, 5:8] = 4
    >>> labels = Labels(values, Spacing(1, 1, 1))
    >>> misplaced(labels, ReferencePlane((0.0, -1.0, 0.0), -20.0), Normal(1, -1), "drawn line", Engine())
    ''
    >>> misplaced(labels, ReferencePlane((0.0, -1.0, 0.0), -5.0), Normal(1, -1), "drawn line", Engine())
    'the reference interface from the drawn line lies above all dendrites, by 7.5 um: depths are negative; check it'
    """
    inside = _inside(labels, plane, normal)
    if inside < INSIDE_MIN:
        where = f"outside of the picture in {100 * (1 - inside):.0f} % of its columns"
        return f"the reference interface from the {reference} lies {where}: depths count from there; check its place"
    table = labels.phases.mask_table("filament")
    constants = {"table": table, "plane": plane, "spacing": labels.spacing}
    highest = max(engine.run(_highest, [labels.data], stage="reference", constants=constants))
    if not -np.inf < highest <= 0:
        return ""
    told = f"lies above all dendrites, by {-highest:.3g} um: depths are negative; check it"
    return f"the reference interface from the {reference} {told}"


def _inside(labels: Labels, plane: ReferencePlane, normal: Normal) -> float:
    """Return the share of the columns in which the reference lies within the picture."""
    axis, edges = normal.axis, labels.spacing.um
    u, v = ((np.arange(labels.shape[a], dtype=np.float64) + 0.5) * edges[a] for a in range(3) if a != axis)
    place = plane.place_um(axis, u[:, None], v[None, :])
    return float(np.mean((place >= 0) & (place <= labels.shape[axis] * edges[axis])))


def _highest(
    block: Block, labels: NDArray[np.uint8], *, table: NDArray[np.bool_], plane: ReferencePlane, spacing: Spacing
) -> Done[float]:
    """Return the greatest height of a dendrite's voxel centre in a block, or minus infinity."""
    z, y, x = np.nonzero(table[labels])
    if not z.size:
        return Done(-np.inf)
    return Done(float(plane.heights_at_um((z, y, x), spacing, block.outer_start).max()))
