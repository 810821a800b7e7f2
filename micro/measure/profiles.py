"""Fractions of phases and parts against the height above the reference interface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Shape
from micro.cell import Part
from micro.measure.protocol import BlockView, Context
from micro.measure.results import PROFILE_COLUMNS, Findings

__all__ = ["Profiles"]

PART_QUANTITIES: dict[str, tuple[Part, ...]] = {
    "dendrite_fraction": (Part.DENDRITE, Part.ISOLATED),
    "crack_fraction": (Part.CRACK,),
    "gap_fraction": (Part.GAP,),
}


@dataclass(frozen=True)
class Profiles:
    """Long table of fractions in bins of height; the anode's side has negative heights.

    The counts come with the census, so it reads no blocks of its own.
    """

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """None."""
        return (0, 0, 0)

    def on_block(self, context: Context, view: BlockView) -> None:  # noqa: ARG002
        """Nothing: the voxels are counted already."""
        return

    def merge(self, context: Context, partials: list[None]) -> Findings:  # noqa: ARG002
        """Return the profiles of all phases that occur, and of dendrites, cracks and gaps."""
        heights = context.heights
        if heights is None:
            return Findings()
        labelled = heights.labelled
        full = labelled > 0
        bins = np.arange(heights.lowest, heights.lowest + labelled.size, dtype=np.float64)
        depth = (bins[full] + 0.5) * context.profile_bin_um
        tables = []
        for rank, phase in enumerate(context.phases):
            voxels = heights.of_phase(rank)
            if voxels.any():
                tables.append(_table(depth, "phase_fraction", phase.name, voxels[full], labelled[full]))
        for quantity, parts in PART_QUANTITIES.items():
            tables.append(_table(depth, quantity, "", heights.of_parts(*parts)[full], labelled[full]))
        return Findings(profiles=pd.concat(tables, ignore_index=True) if len(depth) else None)


def _table(
    depth: NDArray[np.float64], quantity: str, phase: str, voxels: NDArray[np.int64], labelled: NDArray[np.int64]
) -> pd.DataFrame:
    columns = (depth, quantity, phase, voxels / labelled, "1", labelled)
    return pd.DataFrame(dict(zip(PROFILE_COLUMNS, columns, strict=True)))
