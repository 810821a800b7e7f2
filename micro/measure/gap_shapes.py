"""The extent and thickness of each gap by itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from micro.cell import Part
from micro.measure.results import Findings
from micro.measure.scene import ObjectView, Scene, map_objects

__all__ = ["GapShapes"]


@dataclass(frozen=True)
class GapShapes:
    """Columns for the table of gaps.

    Area on the reference interface (of a section: length), mean and greatest thickness along the reference
    normal; empty for a gap whose box is too large to be read at once.
    """

    def measure(self, scene: Scene) -> Findings:
        """Read every gap in its own box."""
        context = scene.context
        ids = context.objects.ids_of(Part.GAP)
        if context.normal is None or not ids.size:
            return Findings()
        axis = context.normal.axis
        across = [a for a in context.map_axes if not (context.is_2d and a == 0)]
        column = float(np.prod([context.spacing.um[a] for a in across])) / context.cosine
        step = context.spacing.um[axis] * context.cosine
        found = map_objects(partial(_columns, axis=axis), ids, scene, margin=0, stage="gaps")
        seen = [(np.nan, np.nan, np.nan) if one is None else one for one in found]
        count, mean, most = (np.array(values, np.float64) for values in zip(*seen, strict=True))
        table = pd.DataFrame(
            {
                "id": ids,
                "length_um" if context.is_2d else "area_um2": count * column,
                "thickness_mean_um": mean * step,
                "thickness_max_um": most * step,
            }
        )
        return Findings(objects={"gaps": table})


def _columns(view: ObjectView, *, axis: int) -> tuple[float, float, float]:
    """Return the number of columns of a gap, their mean and their greatest number of voxels."""
    voxels = view.mask.sum(axis=axis)
    voxels = voxels[voxels > 0]
    return float(voxels.size), float(voxels.mean()), float(voxels.max())
