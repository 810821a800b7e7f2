"""Sizes of the pores: local thickness, weighted by volume, and against the height above the interface."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Block, Done, Radii, ball_radii, largest_balls
from micro.blocks.thickness import INSIDE, NEITHER, OUTSIDE
from micro.cell import SE_REGION, Part
from micro.measure.census import Grid
from micro.measure.intervals import Interval, Spread, fraction_interval, ratio_spread, value_interval
from micro.measure.profiles import bin_um
from micro.measure.protocol import Context
from micro.measure.results import PROFILE_COLUMNS, Findings
from micro.measure.scene import Scene
from micro.model import Measurement

__all__ = ["PoreSizes", "SizeCounts", "size_quantile"]

LARGEST_VOXELS = 64
"""Largest diameter that is told apart, in mean voxel edges, where the recipe doesn't say."""

QUANTILES = {"d10": 0.1, "d50": 0.5, "d90": 0.9}

CLASSES = 16
"""Classes of size whose spread over the picture is kept, for the intervals of the quantiles."""


@dataclass(frozen=True)
class SizeCounts:
    """Voxels of pores by size (see `micro.blocks.Radii`), by class of size and cell of a grid, and by height."""

    by_code: NDArray[np.int64]
    by_class: NDArray[np.int64]
    sums: NDArray[np.float64]
    heights: dict[int, tuple[int, float]]

    def __add__(self, other: SizeCounts) -> SizeCounts:
        heights = dict(self.heights)
        for rank, (voxels, total) in other.heights.items():
            before = heights.get(rank, (0, 0.0))
            heights[rank] = (before[0] + voxels, before[1] + total)
        return SizeCounts(
            self.by_code + other.by_code, self.by_class + other.by_class, self.sums + other.sums, heights
        )


def size_quantile(counts: NDArray[np.int64], share: float, sizes: NDArray[np.float64]) -> float:
    """Return the size up to which at least ``share`` of the counts go; ``sizes`` ascend.

    Examples
    --------
    >>> size_quantile(np.array([1, 2, 1]), 0.5, np.array([1.0, 2.0, 4.0]))
    2.0
    """
    reached = np.cumsum(counts) >= share * counts.sum() * (1 - 1e-12)
    return float(sizes[int(np.argmax(reached))])


def _kinds(labels: NDArray[np.uint8], parts: NDArray[np.uint8]) -> NDArray[np.uint8]:
    kinds = np.where(labels == 0, np.uint8(NEITHER), np.uint8(OUTSIDE))
    kinds[parts & 127 == Part.PORE] = INSIDE
    return kinds


def _class_of(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the class of each size: their edges are spaced evenly on the logarithmic scale."""
    low, high = math.log(sizes[1]), math.log(sizes[-1])
    rank = (np.log(np.maximum(sizes, sizes[1])) - low) / max(high - low, 1e-12) * CLASSES
    return np.minimum(rank.astype(np.int64), CLASSES - 1)


def _count_block(
    block: Block,
    parts: NDArray[np.uint8],
    codes: NDArray[np.uint16],
    *,
    radii: Radii,
    context: Context,
    grid: Grid,
    whole: bool,
) -> Done[SizeCounts | None]:
    core = parts[block.inner]
    inside = (core & 127 == Part.PORE) & (whole | (core >= SE_REGION))
    if not inside.any():
        return Done(None)
    sizes = radii.diameters_um
    found = largest_balls(block, codes, radii)[inside]
    by_code = np.bincount(found, minlength=len(sizes))
    cell = np.zeros(1, np.int64)
    for axis in range(3):
        steps = grid.cells(axis, block.core[axis].start, block.core[axis].stop)
        cell = cell[..., None] * grid.counts[axis] + steps
    cells, total = np.broadcast_to(cell, (1, *core.shape))[0][inside], math.prod(grid.counts)
    by_class = np.bincount(cells * CLASSES + _class_of(sizes)[found], minlength=total * CLASSES)
    sums = np.bincount(cells, weights=sizes[found], minlength=total)
    heights: dict[int, tuple[int, float]] = {}
    if context.plane is not None and not whole:
        high = context.plane.heights_um(core.shape, context.spacing, block.start)[inside]
        ranks, which = np.unique(np.floor(high / bin_um(context)).astype(np.int64), return_inverse=True)
        voxels, weights = np.bincount(which), np.bincount(which, weights=sizes[found])
        heights = {int(r): (int(n), float(w)) for r, n, w in zip(ranks, voxels, weights, strict=True)}
    return Done(SizeCounts(by_code, by_class.reshape(total, CLASSES), sums, heights))


@dataclass(frozen=True)
class PoreSizes:
    """Volume-weighted sizes of the pores of the SE region; of the whole picture where it has no interface."""

    def measure(self, scene: Scene) -> Findings:
        """Return the rows, and the mean size in each bin of height."""
        context = scene.context
        if context.plane is not None:
            return _findings(scene, whole=False)
        empty = [_row(context, name, note=context.no_interface) for name in ("mean", *QUANTILES)]
        return Findings((*empty, *_findings(scene, whole=True).rows))


def _findings(scene: Scene, *, whole: bool) -> Findings:
    context = scene.context
    census = context.census
    assert census is not None
    if not census.of_parts(Part.PORE, se_region=not whole).any():
        return Findings(tuple(_row(context, name, whole=whole, note="no pores") for name in ("mean", *QUANTILES)))
    radius = (context.params.pore_size_max_um or LARGEST_VOXELS * context.mean_edge_um) / 2
    radii = ball_radii(
        [scene.cell.labels.data, scene.cell.parts],
        _kinds,
        edges_um=context.spacing.um,
        radius_max_um=radius,
        engine=scene.engine,
    )
    found = scene.engine.run(
        partial(_count_block, radii=replace(radii, codes=None), context=context, grid=census.grid, whole=whole),
        [scene.cell.parts, radii.codes],
        halo=radii.reach,
        stage="pore sizes",
    )
    counts = [one for one in found if one is not None]
    total = sum(counts[1:], counts[0])
    rows = _rows(context, total, radii.diameters_um, census.grid, whole=whole)
    return Findings(tuple(rows), profiles=None if whole else _profile(context, total))


def _rows(
    context: Context, counts: SizeCounts, sizes: NDArray[np.float64], grid: Grid, *, whole: bool
) -> list[Measurement]:
    voxels = int(counts.by_code.sum())
    mean = float(counts.by_code @ sizes) / voxels
    per_cell = counts.by_class.sum(axis=1)
    shape = grid.counts
    spread = ratio_spread(counts.sums.reshape(shape), per_cell.reshape(shape), grid.edges_um)
    share = counts.by_code[-1] / voxels
    note = f"{100 * share:.2g} % of the pore volume is at least {sizes[-1]:g} um thick, the most looked for"
    capped = note if share else ""
    rows = [
        _row(context, "mean", mean, value_interval(mean, spread), voxels, whole=whole, note=capped),
    ]
    for name, part in QUANTILES.items():
        interval = _quantile_interval(counts, part, sizes, grid)
        value = size_quantile(counts.by_code, part, sizes)
        rows.append(_row(context, name, value, interval, voxels, whole=whole, note=capped))
    return rows


def _quantile_interval(counts: SizeCounts, share: float, sizes: NDArray[np.float64], grid: Grid) -> Interval | None:
    """Return the interval of a quantile (Woodruff, J. Am. Stat. Assoc. 47, 1952, 635).

    It is that of the share of volume below the quantile, turned back into sizes. The share's spread is taken at the
    edge of the classes that lies nearest.
    """
    below = np.cumsum(counts.by_class, axis=1)
    shares = below.sum(axis=0) / below[:, -1].sum()
    usable = np.flatnonzero((shares > 0) & (shares < 1))
    if not usable.size:
        return None
    edge = usable[np.argmin(np.abs(shares[usable] - share))]
    spread = ratio_spread(
        below[:, edge].reshape(grid.counts), below[:, -1].reshape(grid.counts), grid.edges_um
    )
    if spread is None:
        return None
    scale = share * (1 - share) / (shares[edge] * (1 - shares[edge]))
    ends = fraction_interval(share, Spread(spread.variance * scale, spread.samples))
    if ends is None:
        return None
    return (size_quantile(counts.by_code, ends[0], sizes), size_quantile(counts.by_code, ends[1], sizes))


def _row(
    context: Context,
    name: str,
    value: float | None = None,
    interval: Interval | None = None,
    n: int | None = None,
    *,
    whole: bool = False,
    note: str = "",
) -> Measurement:
    low, high = interval or (None, None)
    why = "no interval: too few independent samples, or one size only" if value is not None and interval is None else ""
    return Measurement(
        f"pore_size_{name}",
        value,
        "um",
        "pore_size/2D/v1" if context.is_2d else "pore_size/3D/v1",
        "void",
        roi="all" if whole else "se_region",
        ci_low=low,
        ci_high=high,
        n=n,
        note="; ".join(part for part in (note, why) if part),
    )


def _profile(context: Context, counts: SizeCounts) -> pd.DataFrame:
    ranks = sorted(counts.heights)
    voxels = np.array([counts.heights[rank][0] for rank in ranks])
    means = np.array([counts.heights[rank][1] for rank in ranks]) / voxels
    depth = (np.array(ranks) + 0.5) * bin_um(context)
    columns: tuple[Any, ...] = (depth, "pore_size_mean", "void", means, "um", voxels)
    return pd.DataFrame(dict(zip(PROFILE_COLUMNS, columns, strict=True)))
