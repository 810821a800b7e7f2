"""Fractions of phases and parts against the height above the reference interface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Shape, kernel
from micro.cell import Part
from micro.measure.census import PARTS, label_columns
from micro.measure.protocol import BlockView, Context
from micro.measure.results import PROFILE_COLUMNS, Findings

__all__ = ["Profiles"]

PART_QUANTITIES: dict[str, tuple[Part, ...]] = {
    "dendrite_fraction": (Part.DENDRITE, Part.ISOLATED),
    "crack_fraction": (Part.CRACK,),
    "gap_fraction": (Part.GAP,),
}


@kernel
def _count(
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    bins: NDArray[np.int32],
    lowest: int,
    out: NDArray[np.int64],
) -> None:
    first_part = out.shape[1] - 8
    for k in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            for i in range(labels.shape[2]):
                row = out[bins[k, j, i] - lowest]
                row[columns[labels[k, j, i]]] += 1
                row[first_part + (parts[k, j, i] & 127)] += 1


@dataclass(frozen=True)
class _Partial:
    lowest: int
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Profiles:
    """Long table of fractions in bins of height; the anode's side has negative heights."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """None."""
        return (0, 0, 0)

    def on_block(self, context: Context, view: BlockView) -> _Partial | None:
        """Count the voxels of each phase and part in each bin."""
        if context.plane is None:
            return None
        shape = tuple(axis.stop - axis.start for axis in view.block.core)
        bins = context.plane.bins(shape, context.spacing, view.block.start, bin_um=context.profile_bin_um)
        lowest = int(bins.min())
        counts = np.zeros((int(bins.max()) - lowest + 1, len(context.phases) + 2 + PARTS), np.int64)
        labels, parts = (np.ascontiguousarray(view.core(array)) for array in (view.labels, view.parts))
        _count(labels, parts, label_columns(context.phases), bins, lowest, counts)
        return _Partial(lowest, counts)

    def merge(self, context: Context, partials: list[_Partial | None]) -> Findings:
        """Return the profiles of all phases that occur, and of dendrites, cracks and gaps."""
        found = [one for one in partials if one is not None]
        if not found:
            return Findings()
        lowest = min(one.lowest for one in found)
        bins = max(one.lowest + len(one.counts) for one in found) - lowest
        counts = np.zeros((bins, found[0].counts.shape[1]), np.int64)
        for one in found:
            counts[one.lowest - lowest : one.lowest - lowest + len(one.counts)] += one.counts
        phases = len(context.phases)
        labelled = counts[:, 1 : phases + 2].sum(axis=1)
        full = labelled > 0
        depth = (np.arange(lowest, lowest + bins) + 0.5)[full] * context.profile_bin_um
        tables = []
        for column, phase in enumerate(context.phases, start=1):
            if counts[:, column].any():
                tables.append(_table(depth, "phase_fraction", phase.name, counts[full, column], labelled[full]))
        for quantity, parts in PART_QUANTITIES.items():
            voxels = counts[full][:, [phases + 2 + int(part) for part in parts]].sum(axis=1)
            tables.append(_table(depth, quantity, "", voxels, labelled[full]))
        return Findings(profiles=pd.concat(tables, ignore_index=True) if len(depth) else None)


def _table(
    depth: NDArray[np.float64], quantity: str, phase: str, voxels: NDArray[np.int64], labelled: NDArray[np.int64]
) -> pd.DataFrame:
    columns = (depth, quantity, phase, voxels / labelled, "1", labelled)
    return pd.DataFrame(dict(zip(PROFILE_COLUMNS, columns, strict=True)))
