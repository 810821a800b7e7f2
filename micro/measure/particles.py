"""Particles of a phase, touching ones split: sizes by volume, corrected for those that the picture cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Block, Done, Shape, kernel
from micro.measure.clusters import unequal_interval
from micro.measure.distributions import distribution_table, even_edges
from micro.measure.intervals import Interval, Spread, fraction_interval
from micro.measure.protocol import Context
from micro.measure.results import PROFILE_COLUMNS, Findings
from micro.measure.scene import Scene
from micro.measure.watershed import split_touching
from micro.model import Measurement

__all__ = ["Particles"]

WHOLE_VOXELS = 2**24
"""Pictures up to this size are split in one piece, at about 20 bytes a voxel."""

TILE: Shape = (160, 160, 160)
HALO = 48
"""Larger ones are split tile by tile, each read with a rim of this many voxels: no wider particle is measured there."""
_FLAT_TILE, _FLAT_HALO = 2048, 256

QUANTILES = {"d10": 0.1, "d50": 0.5, "d90": 0.9}


@dataclass(frozen=True)
class _Found:
    """Particles, one row each: voxels, sums of indices, start, stop; cut by the picture, wider than the tile's rim."""

    table: NDArray[np.int64]
    cut: NDArray[np.bool_]
    wide: NDArray[np.bool_]

    @property
    def voxels(self) -> NDArray[np.int64]:
        return self.table[:, 0]

    @property
    def centres(self) -> NDArray[np.float64]:
        """Centroids in voxel indices."""
        return self.table[:, 1:4] / self.table[:, :1]

    @property
    def extents(self) -> NDArray[np.int64]:
        """Edges of the bounding boxes in voxels."""
        return self.table[:, 7:10] - self.table[:, 4:7]


@kernel
def _tabulate(
    particles: NDArray[np.int32],
    labels: NDArray[np.uint8],
    table: NDArray[np.int64],
    bits: NDArray[np.uint8],
) -> None:
    """Fill the table of `_Found`; ``bits`` are 1 beside something unlabelled, 2 at the array's border (by side)."""
    depth, height, width = particles.shape
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                label = particles[k, j, i]
                if label == 0:
                    continue
                row = table[label - 1]
                if row[0] == 0:
                    row[4], row[5], row[6] = k, j, i
                row[0] += 1
                row[1] += k
                row[2] += j
                row[3] += i
                row[4], row[5], row[6] = min(row[4], k), min(row[5], j), min(row[6], i)
                row[7], row[8], row[9] = max(row[7], k + 1), max(row[8], j + 1), max(row[9], i + 1)
                for step in range(-1, 2, 2):
                    if 0 <= k + step < depth and labels[k + step, j, i] == 0:
                        bits[label - 1] = 1
                    if 0 <= j + step < height and labels[k, j + step, i] == 0:
                        bits[label - 1] = 1
                    if 0 <= i + step < width and labels[k, j, i + step] == 0:
                        bits[label - 1] = 1


def _tile(block: Block, labels: NDArray[np.uint8], *, value: int, context: Context) -> Done[_Found | None]:
    """Split a tile and keep the particles whose bounding box has its middle in the tile's core."""
    mask = labels == value
    if not mask.any():
        return Done(None)
    edges = context.spacing.um
    particles = split_touching(mask, edges, unknown=labels == 0)
    count = int(particles.max())
    table, bits = np.zeros((count, 10), np.int64), np.zeros(count, np.uint8)
    _tabulate(particles, np.ascontiguousarray(labels), table, bits)
    origin = np.array(block.outer_start)
    table[:, 1:4] += table[:, :1] * origin
    table[:, 4:7] += origin
    table[:, 7:10] += origin
    cut, wide, mine = bits == 1, np.zeros(count, np.bool_), np.ones(count, np.bool_)
    for axis, (outer, core) in enumerate(zip(block.outer, block.core, strict=True)):
        length = context.shape[axis]
        low, high = table[:, 4 + axis] == outer.start, table[:, 7 + axis] == outer.stop
        if length > 1:
            cut |= (low & (outer.start == 0)) | (high & (outer.stop == length))
        wide |= (low & (outer.start > 0)) | (high & (outer.stop < length))
        middle = (table[:, 4 + axis] + table[:, 7 + axis]) // 2
        mine &= (middle >= core.start) & (middle < core.stop)
    return Done(_Found(table[mine], cut[mine], wide[mine]))


def _find(scene: Scene, value: int) -> _Found | None:
    """Return the particles of a phase in raster order of their boxes; the tiles depend on the picture's size only."""
    context = scene.context
    shape = context.shape
    tile, halo = shape, (0, 0, 0)
    if math.prod(shape) > WHOLE_VOXELS:
        tile, halo = TILE, (HALO, HALO, HALO)
        if context.is_2d:
            tile, halo = (1, _FLAT_TILE, _FLAT_TILE), (0, _FLAT_HALO, _FLAT_HALO)
    found = scene.engine.run(
        partial(_tile, value=value, context=context),
        [scene.cell.values],
        halo=halo,
        block_shape=tile,
        stage="particles",
    )
    some = [one for one in found if one is not None]
    if not some:
        return None
    table = np.concatenate([one.table for one in some])
    cut, wide = (np.concatenate([getattr(one, name) for one in some]) for name in ("cut", "wide"))
    order = np.lexsort([*table.T[::-1]])
    order = order[np.lexsort((table[order, 6], table[order, 5], table[order, 4]))]
    return _Found(table[order], cut[order], wide[order])


@dataclass(frozen=True)
class Particles:
    """Sizes of the particles of the phases that the recipe names; one that does not occur has no rows."""

    def measure(self, scene: Scene) -> Findings:
        """Return the rows, the object table, the sizes against the height, and their distribution."""
        context = scene.context
        census = context.census
        assert census is not None
        rows, objects, profiles, shares = [], [], [], []
        for name in context.params.particles:
            if name not in context.phases:
                note = f"no phase is called {name}"
                rows += [_row(context, metric, name, note=note) for metric in ("mean", *QUANTILES)]
                continue
            if not census.of_labels((context.phases[name].value,)).any():
                continue
            found = _find(scene, context.phases[name].value)
            assert found is not None
            table = _objects(context, name, found)
            rows += _rows(context, name, found, table)
            objects.append(table)
            whole = table[table["weight"] > 0]
            if len(whole):
                shares.append(_distribution(context, name, whole))
                if context.plane is not None:
                    profiles.append(_profile(context, name, whole))
        tables = {"particles": pd.concat(objects, ignore_index=True)} if objects else {}
        if objects:
            tables["particles"].insert(0, "id", np.arange(1, len(tables["particles"]) + 1))
        return Findings(
            tuple(rows),
            objects=tables,
            profiles=pd.concat(profiles, ignore_index=True) if profiles else None,
            distributions=pd.concat(shares, ignore_index=True) if shares else None,
        )


def _objects(context: Context, name: str, found: _Found) -> pd.DataFrame:
    """Return one row a particle; ``weight`` is how many like it there are for each that the picture holds whole."""
    size = found.voxels * context.voxel_measure
    diameter = 2 * np.sqrt(size / math.pi) if context.is_2d else np.cbrt(6 * size / math.pi)
    centres = (found.centres + 0.5) * np.array(context.spacing.um)
    weight = np.where(found.cut | found.wide, 0.0, 1.0)
    for axis, length in enumerate(context.shape):
        if length > 1:
            # Miles and Lantuejoul: of the places where its box can begin, those without a touch of the border.
            weight *= length / np.maximum(length - 1 - found.extents[:, axis], 1)
    columns = {
        "phase": name,
        "area_um2" if context.is_2d else "volume_um3": size,
        "equivalent_diameter_um": diameter,
        "depth_um": _depths(context, found),
        "z_um": centres[:, 0],
        "y_um": centres[:, 1],
        "x_um": centres[:, 2],
        "cut": found.cut,
        "weight": weight,
    }
    return pd.DataFrame(columns)


def _depths(context: Context, found: _Found) -> NDArray[np.float64]:
    """Return the heights of the centroids' voxels above the interface; NaN where there is none."""
    if context.plane is None:
        return np.full(len(found.voxels), np.nan)
    voxels = np.round(found.centres).astype(np.int64)
    at = [(int(z), int(y), int(x)) for z, y, x in voxels]
    return np.array([context.plane.heights_um((1, 1, 1), context.spacing, start).item() for start in at])


PARTICLES_MIN = 10
"""Of fewer particles no quantile has an interval: it would end at the smallest or the largest of them."""

BEYOND_MIN = 4.0
"""Nor where fewer effective particles than this lie on its rarer side: a few large ones set it."""


def _rows(context: Context, name: str, found: _Found, table: pd.DataFrame) -> list[Measurement]:
    whole = table["weight"].to_numpy() > 0
    count, cut, wide = int(whole.sum()), int(found.cut.sum()), int((found.wide & ~found.cut).sum())
    metrics = ("mean", *QUANTILES)
    notes = []
    if cut:
        notes = [f"{cut} cut by the picture are left out, and made up for" if count else f"{cut} cut by the picture"]
    if wide:
        notes.append(
            f"{wide} wider than {_FLAT_HALO if context.is_2d else HALO} voxels are left out: coarsen the labels"
        )
    note = "; ".join(notes)
    if count == 0:
        return [
            _row(context, metric, name, note=f"{note}: none is whole" if note else "no particles") for metric in metrics
        ]
    size = table["area_um2" if context.is_2d else "volume_um3"].to_numpy()[whole]
    shares = table["weight"].to_numpy()[whole] * size
    diameters = table["equivalent_diameter_um"].to_numpy()[whole]
    shares /= shares.sum()
    mean = float(shares @ diameters)
    rows = [_row(context, "mean", name, mean, unequal_interval(shares * diameters, shares), count, note=note)]
    for metric, part in QUANTILES.items():
        value = _quantile(shares, diameters, part)
        interval = _quantile_interval(shares, diameters, part)
        rows.append(_row(context, metric, name, value, interval, count, note=note))
    return rows


def _quantile_interval(shares: NDArray[np.float64], diameters: NDArray[np.float64], part: float) -> Interval | None:
    """Return the interval of a quantile (Woodruff, J. Am. Stat. Assoc. 47, 1952, 635).

    The spread of the share below it is taken at the particles on either side of it, and the larger one counts; it is
    known no better than from as many particles as lie on the rarer side. Of 1500 draws each of 60 to 160 balls, the
    intervals of d90 hold its value 92 to 95 % of the time (without these two: 88 to 93).
    """
    rarer = min(part, 1 - part) / float((shares**2).sum())
    if len(shares) < PARTICLES_MIN or rarer < BEYOND_MIN:
        return None
    order = np.argsort(diameters, kind="stable")
    place = int(np.searchsorted(np.cumsum(shares[order]), part * (1 - 1e-12)))
    variances = []
    for size in diameters[order][max(place - 1, 0) : place + 1]:
        below = (diameters <= size).astype(np.float64)
        reached = float(shares @ below)
        spread = _spread(shares, below, reached)
        if spread is not None and 0 < reached < 1:
            variances.append(spread.variance * part * (1 - part) / (reached * (1 - reached)))
    if not variances:
        return None
    ends = fraction_interval(part, Spread(max(variances), 2 * rarer, 2 * rarer))
    if ends is None:
        return None
    low, high = (_quantile(shares, diameters, end) for end in ends)
    return (low, high) if low < high else None


def _spread(shares: NDArray[np.float64], values: NDArray[np.float64], mean: float) -> Spread | None:
    """Return the spread of a weighted mean over particles that are independent (jackknife, Cochran 1977, section 6.17).

    They are worth as many samples as equal ones would be, 1 / sum of the squared shares.
    """
    count = len(values)
    if count < 2:
        return None
    variance = float((((values - mean) * shares / (1 - shares)) ** 2).sum()) * (count - 1) / count
    return Spread(variance, 1 / float((shares**2).sum())) if variance > 0 else None


def _quantile(shares: NDArray[np.float64], values: NDArray[np.float64], part: float) -> float:
    """Return the value up to which at least ``part`` of the shares go."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(shares[order]) >= part * (1 - 1e-12)
    return float(values[order][int(np.argmax(reached))])


def _row(
    context: Context,
    metric: str,
    name: str,
    value: float | None = None,
    interval: Interval | None = None,
    n: int | None = None,
    *,
    note: str = "",
) -> Measurement:
    low, high = interval or (None, None)
    why = "no interval: too few particles" if value is not None and interval is None else ""
    return Measurement(
        f"particle_size_{metric}",
        value,
        "um",
        "particle_size/2D/v1" if context.is_2d else "particle_size/3D/v1",
        name,
        ci_low=low,
        ci_high=high,
        n=n,
        note="; ".join(part for part in (note, why) if part),
    )


def _shares(context: Context, whole: pd.DataFrame) -> NDArray[np.float64]:
    size = whole["area_um2" if context.is_2d else "volume_um3"].to_numpy()
    return np.asarray(whole["weight"].to_numpy() * size, np.float64)


def _profile(context: Context, name: str, whole: pd.DataFrame) -> pd.DataFrame:
    bins = np.floor(whole["depth_um"].to_numpy() / context.profile_bin_um).astype(np.int64)
    ranks, which = np.unique(bins, return_inverse=True)
    shares = _shares(context, whole)
    sums = np.bincount(which, weights=shares * whole["equivalent_diameter_um"].to_numpy())
    means = sums / np.bincount(which, weights=shares)
    columns = ((ranks + 0.5) * context.profile_bin_um, "particle_size_mean", name, means, "um", np.bincount(which))
    return pd.DataFrame(dict(zip(PROFILE_COLUMNS, columns, strict=True)))


def _distribution(context: Context, name: str, whole: pd.DataFrame) -> pd.DataFrame:
    diameters = whole["equivalent_diameter_um"].to_numpy()
    edges = even_edges(float(diameters.max()), 2 * context.mean_edge_um)
    bins = np.minimum(np.searchsorted(edges, diameters, side="right") - 1, len(edges) - 2)
    return distribution_table(
        "particle_size",
        edges,
        np.bincount(bins, weights=_shares(context, whole), minlength=len(edges) - 1),
        unit="um",
        weight="area" if context.is_2d else "volume",
        n=np.bincount(bins, minlength=len(edges) - 1),
        phase=name,
    )
