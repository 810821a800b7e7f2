"""Sizes of the pores: local thickness, weighted by volume, and against the height above the interface."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Block, Done, Radii, ball_radii, box_of, kernel, largest_balls
from micro.blocks.thickness import INSIDE, NEITHER, OUTSIDE
from micro.cell import SE_REGION, Part
from micro.measure.census import Grid
from micro.measure.distributions import distribution_table
from micro.measure.intervals import Interval, fraction_interval, ratio_spread
from micro.measure.places import amount_worth, place_interval
from micro.measure.protocol import Context
from micro.measure.results import PROFILE_COLUMNS, Findings
from micro.measure.scene import Scene
from micro.measure.tally import Tally
from micro.model import Measurement

__all__ = ["PoreSizes", "size_quantile"]

LARGEST_VOXELS = 64
"""Largest diameter that is told apart, in mean voxel edges, where the recipe doesn't say."""

QUANTILES = {"d10": 0.1, "d50": 0.5, "d90": 0.9}

BEYOND_MIN = 4.0
"""Fewer independent pores than this on the rarer side of a quantile don't tell where it lies."""

CLASSES = 64
"""Classes of size whose spread over the picture is kept, for the intervals of the quantiles."""


@dataclass(frozen=True)
class _Partial:
    """Voxels of pores in a block: by code of size; their number and sum of sizes by cell and class, and by height."""

    by_code: NDArray[np.int64]
    places: Tally
    heights: Tally


@dataclass(frozen=True)
class _Counts:
    """The same of the whole picture; ``by_class`` has shape (cells, classes), ``sums`` (cells)."""

    by_code: NDArray[np.int64]
    by_class: NDArray[np.int64]
    sums: NDArray[np.float64]
    heights: Tally


def size_quantile(counts: NDArray[np.int64], share: float, sizes: NDArray[np.float64]) -> float:
    """Return the size that ``share`` of the counts lie below; ``sizes`` ascend.

    On a grid of voxels few sizes are possible, .2 to .8 voxels apart among small pores, and a quantile that could be
    these only would jump from one to the next. Half of what is of a size counts as below it, and shares between
    two sizes lie between them: the quantile of the mid-distribution (Ma, Genton & Parzen, Ann. Inst. Stat.
    Math. 63, 2011, 227). Of one size it is that size.

    Examples
    --------
    >>> [size_quantile(np.array([1, 2, 1]), share, np.array([1.0, 2.0, 4.0])) for share in (0.05, 0.5, 0.6875)]
    [1.0, 2.0, 3.0]
    """
    seen = np.flatnonzero(counts)
    below = np.cumsum(counts[seen]) - counts[seen] / 2
    return float(np.interp(share * counts.sum(), below, sizes[seen]))


@kernel
def _classify(labels: NDArray[np.uint8], parts: NDArray[np.uint8], pore: int, out: NDArray[np.uint8]) -> None:
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                kind = INSIDE if parts[k, j, i] & 127 == pore else OUTSIDE
                out[k, j, i] = NEITHER if kind == OUTSIDE and labels[k, j, i] == 0 else kind


def _kinds(labels: NDArray[np.uint8], parts: NDArray[np.uint8]) -> NDArray[np.uint8]:
    kinds = np.empty(labels.shape, np.uint8)
    _classify(np.ascontiguousarray(labels), np.ascontiguousarray(parts), int(Part.PORE), kinds)
    return kinds


def _class_of(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the class of each size: their edges are spaced evenly on the logarithmic scale."""
    low, high = math.log(sizes[1]), math.log(sizes[-1])
    rank = (np.log(np.maximum(sizes, sizes[1])) - low) / max(high - low, 1e-12) * CLASSES
    return np.asarray(np.minimum(rank, CLASSES - 1), np.int64)


def _count_block(
    block: Block,
    parts: NDArray[np.uint8],
    codes: NDArray[np.uint16],
    *,
    radii: Radii,
    context: Context,
    grid: Grid,
    whole: bool,
) -> Done[_Partial | None]:
    wanted = np.zeros(256, np.uint8)
    wanted[[Part.PORE | SE_REGION, *([Part.PORE] if whole else [])]] = 1
    core = np.ascontiguousarray(parts[block.inner])
    box = box_of(core, wanted)
    if box is None:
        return Done(None)
    sizes = radii.diameters_um
    places = np.nonzero(wanted[core[box]])
    z, y, x = (place + span.start for place, span in zip(places, box, strict=True))
    found = largest_balls(block, codes, radii)[z, y, x]
    cell = np.zeros(z.size, np.int64)
    for axis, voxel in enumerate((z, y, x)):
        steps = grid.cells(axis, block.core[axis].start, block.core[axis].stop)
        cell = cell * grid.counts[axis] + steps[voxel]
    tally = Tally.of(cell * CLASSES + _class_of(sizes)[found], sizes[found])
    heights = Tally.of(np.zeros(0, np.int64), np.zeros(0))
    if context.plane is not None and not whole:
        high = context.plane.heights_at_um((z, y, x), context.spacing, block.start)
        heights = Tally.of(np.floor(high / context.profile_bin_um).astype(np.int64), sizes[found])
    return Done(_Partial(np.bincount(found, minlength=len(sizes)), tally, heights))


def _merge(partials: list[_Partial], grid: Grid) -> _Counts:
    places = Tally.merged([one.places for one in partials])
    cells = math.prod(grid.counts)
    by_class, sums = np.zeros(cells * CLASSES, np.int64), np.zeros(cells * CLASSES)
    by_class[places.keys], sums[places.keys] = places.counts, places.sums
    by_code = np.sum([one.by_code for one in partials], axis=0)
    heights = Tally.merged([one.heights for one in partials])
    return _Counts(by_code, by_class.reshape(cells, CLASSES), sums.reshape(cells, CLASSES).sum(axis=1), heights)


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
        [scene.cell.values, scene.cell.parts],
        _kinds,
        edges_um=context.spacing.um,
        radius_max_um=radius,
        engine=scene.engine,
        only=_blocks(scene, census.grid, census.of_parts(Part.PORE)),
    )
    found = scene.engine.run(
        partial(_count_block, radii=replace(radii, codes=None), context=context, grid=census.grid, whole=whole),
        [scene.cell.parts, radii.codes],
        halo=radii.reach,
        stage="pore sizes",
        only=_blocks(scene, census.grid, census.of_parts(Part.PORE, se_region=not whole)),
    )
    total = _merge([one for one in found if one is not None], census.grid)
    rows = _rows(context, total, radii.diameters_um, census.grid, whole=whole)
    return Findings(
        tuple(rows),
        profiles=None if whole else _profile(context, total),
        distributions=_distribution(context, total, radii.diameters_um),
    )


def _blocks(scene: Scene, grid: Grid, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return, by number, which of the engine's blocks meet a cell of the census that has a count."""
    found = []
    for block in scene.engine.blocks(scene.context.shape):
        ends = (grid.cells(axis, core.start, core.stop)[[0, -1]] for axis, core in enumerate(block.core))
        z, y, x = (slice(int(first), int(last) + 1) for first, last in ends)
        found.append(bool(counts[z, y, x].any()))
    return np.array(found)


def _rows(
    context: Context, counts: _Counts, sizes: NDArray[np.float64], grid: Grid, *, whole: bool
) -> list[Measurement]:
    voxels = int(counts.by_code.sum())
    mean = float(counts.by_code @ sizes) / voxels
    per_cell = counts.by_class.sum(axis=1)
    shape = grid.counts
    interval = place_interval(counts.sums.reshape(shape), per_cell.reshape(shape), grid.edges_um)
    share = counts.by_code[-1] / voxels
    note = f"{100 * share:.3g} % of the pore volume is at least {sizes[-1]:g} um thick, the most looked for"
    capped = note if share else ""
    rows = [
        _row(context, "mean", mean, interval, voxels, whole=whole, note=capped),
    ]
    for name, part in QUANTILES.items():
        interval = _quantile_interval(counts, part, sizes, grid)
        value = size_quantile(counts.by_code, part, sizes)
        rows.append(_row(context, name, value, interval, voxels, whole=whole, note=capped))
    return rows


def _quantile_interval(counts: _Counts, share: float, sizes: NDArray[np.float64], grid: Grid) -> Interval | None:
    """Return the interval of a quantile (Woodruff, J. Am. Stat. Assoc. 47, 1952, 635).

    It is that of the share of volume below the quantile, turned back into sizes. The share's spread is that of what
    lies in the classes below, and of so much of the class that holds the quantile as is needed; it is known no better
    than from as many pores as lie on the rarer side, of no more than the amount of pores is worth. None where these are
    fewer than `BEYOND_MIN`: the few largest set such a quantile.
    """
    by_class = counts.by_class.sum(axis=0)
    total = by_class.sum()
    holds = int(np.searchsorted(np.cumsum(by_class), share * total))
    part = (share * total - by_class[:holds].sum()) / by_class[holds]
    below = counts.by_class[:, :holds].sum(axis=1) + part * counts.by_class[:, holds]
    per_cell = counts.by_class.sum(axis=1).reshape(grid.counts)
    spread = ratio_spread(below.reshape(grid.counts), per_cell, grid.edges_um)
    if spread is None:
        return None
    samples = min(share * (1 - share) / spread.variance, amount_worth(per_cell, grid.edges_um))
    rarer = min(share, 1 - share) * samples
    if rarer < BEYOND_MIN:
        return None
    ends = fraction_interval(share, replace(spread, freedom=1 / (1 / spread.freedom + 0.5 / rarer)))
    if ends is None:
        return None
    low, high = (size_quantile(counts.by_code, end, sizes) for end in ends)
    return (low, high) if low < high else None


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
        "pore_size/2D/v2" if context.is_2d else "pore_size/3D/v2",
        "void",
        roi="all" if whole else "se_region",
        ci_low=low,
        ci_high=high,
        n=n,
        note="; ".join(part for part in (note, why) if part),
    )


def _profile(context: Context, counts: _Counts) -> pd.DataFrame:
    heights = counts.heights
    depth = (heights.keys + 0.5) * context.profile_bin_um
    means, voxels = heights.sums / heights.counts, heights.counts
    columns: tuple[Any, ...] = (depth, "pore_size_mean", "void", means, "um", voxels)
    return pd.DataFrame(dict(zip(PROFILE_COLUMNS, columns, strict=True)))


def _distribution(context: Context, counts: _Counts, sizes: NDArray[np.float64]) -> pd.DataFrame:
    """Return the shares of volume in bins of one mean voxel edge, centred on whole edges."""
    edge = context.mean_edge_um
    bins = np.floor(sizes / edge + 0.5).astype(np.int64)
    voxels = np.bincount(bins, weights=counts.by_code).astype(np.int64)
    first, last = np.flatnonzero(voxels)[[0, -1]]
    return distribution_table(
        "pore_size",
        (np.arange(first, last + 2) - 0.5) * edge,
        voxels[first : last + 1],
        unit="um",
        weight="area" if context.is_2d else "volume",
        n=voxels[first : last + 1],
        phase="void",
    )
