"""How rough the anode's surface is: Sq and the developed area ratio, smoothed so that voxel steps don't count."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.measure.census import Grid
from micro.measure.intervals import Interval, Spread, ratio_spread, value_interval
from micro.measure.protocol import Context
from micro.model import Measurement

__all__ = [
    "SMOOTHING_VOXELS",
    "Roughness",
    "empty_roughness",
    "roughness_of",
    "roughness_rows",
    "smoothing_um",
    "without_dust",
]

SMOOTHING_VOXELS = 10.0
"""The smoothing length that is left out, in longest voxel edges. A digital plane of any tilt then has a developed
area ratio of .003 or less; at 8 edges it is .004, at 16 .001, and shorter waves are lost."""

_GAUSS = math.sqrt(math.log(2) / math.pi) / math.sqrt(2 * math.pi)
"""Standard deviation of the Gaussian filter of ISO 16610-61 over its cut-off wavelength: 0.187."""
_FULL_WEIGHT = 0.99
"""Share of the filter that falls on known columns where it fits: from .44 cut-off wavelengths off a straight border."""
_COLUMNS_MIN = 9
"""Fewer columns than this have no roughness to speak of."""
_DUST = 1e-9
"""What is less than this share of the lengths it was reckoned from is rounding."""


@dataclass(frozen=True, slots=True)
class Roughness:
    """Root mean square height in um, developed ratio (1), and their 95 % intervals where there are any.

    ``columns`` is the number of columns behind it.
    """

    sq_um: float
    developed: float
    columns: int
    sq_interval: Interval | None = None
    developed_interval: Interval | None = None


def smoothing_um(context: Context) -> float:
    """Return the smoothing length in um: the recipe's, or `SMOOTHING_VOXELS` longest voxel edges."""
    if context.params.roughness_smoothing_um is not None:
        return context.params.roughness_smoothing_um
    return SMOOTHING_VOXELS * max(
        edge for edge, length in zip(context.spacing.um, context.shape, strict=True) if length > 1
    )


def roughness_of(
    surface_um: NDArray[np.float64],
    reference_um: NDArray[np.float64],
    spacing_um: tuple[float, float],
    *,
    smoothing_um: float,
) -> Roughness | None:
    """Return the roughness of a surface about its reference, after smoothing.

    The distance of the surface from the reference, along the axis, goes through the areal Gaussian filter
    of ISO 16610-61 with the cut-off wavelength ``smoothing_um`` (waves that long keep half their height);
    the least-squares plane of what is left is taken off. Sq is the root mean square of the rest,
    perpendicular to the mean plane; the developed ratio is the smoothed surface's area over that of
    reference and plane, less 1 (Sdr, both of ISO 25178-2). Of a section they are Rq and the developed
    length ratio of the profile (ISO 21920-2).

    Parameters
    ----------
    surface_um
        Place of the surface along the axis in each column, shape (rows, columns); NaN where there is none.
        A section has one row.
    reference_um
        Place of the reference along the same axis, of that shape.
    spacing_um
        Edges of a column.
    smoothing_um
        Cut-off wavelength.

    Returns
    -------
    Roughness or None
        None with fewer than nine columns.

    Examples
    --------
    >>> wave = np.tile(2 * np.sin(2 * np.pi * np.arange(640) / 80), (640, 1))
    >>> found = roughness_of(wave, np.zeros_like(wave), (1.0, 1.0), smoothing_um=10.0)
    >>> round(found.sq_um * 2**0.5 / 2, 2)
    0.98
    >>> slope = 2 * np.pi / 80 * 2 * np.cos(np.linspace(0, 2 * np.pi, 10_000))
    >>> bool(abs(found.developed / (np.sqrt(1 + slope**2).mean() - 1) - 1) < 0.05)
    True
    """
    known = np.isfinite(surface_um)
    if np.count_nonzero(known) < _COLUMNS_MIN:
        return None
    smooth, weight = _smoothed(np.where(known, surface_um - reference_um, 0.0), known, spacing_um, smoothing_um)
    level = _level(smooth, known, spacing_um)
    rest = smooth - level
    base = reference_um + level
    cosine = _cosine(base, known, spacing_um)
    if cosine is None:
        return None
    squares = np.where(known, (rest * cosine) ** 2, 0.0)
    area, flat, cells = _areas(base + rest, base, _inner(known, weight), spacing_um)
    # A plane can come out a few 1e-5 below its own area, since the mean slope of the voxels is not quite its.
    variance, developed = squares[known].mean(), max(float(area.sum() / flat.sum() - 1), 0.0)
    grid = Grid.fitting((1, *known.shape), (1.0, *spacing_um), cells=2**14)
    fine = Grid.fitting((1, *cells.shape), (1.0, *spacing_um), cells=2**14)
    of_ratio = _interval(developed, ratio_spread(fine.pool((area - flat)[None]), fine.pool(flat[None]), fine.edges_um))
    sq_interval = _sq_interval(rest * known, squares, known, grid)
    sq_um = without_dust(math.sqrt(variance), smoothing_um)
    return Roughness(sq_um, without_dust(developed, 1.0), int(np.count_nonzero(known)), sq_interval, of_ratio)


def without_dust(value: float, scale: float) -> float:
    """Return a value of which nothing is left but rounding, beside what it was reckoned from, as 0.

    Examples
    --------
    >>> without_dust(3.9e-31, 10.0), without_dust(0.02, 10.0)
    (0.0, 0.02)
    """
    return 0.0 if abs(value) < _DUST * scale else value


def _sq_interval(
    rest: NDArray[np.float64], squares: NDArray[np.float64], known: NDArray[np.bool_], grid: Grid
) -> Interval | None:
    """Return the interval of the root of the mean square.

    The picture's own plane takes a share a of the material's variance with it, one effective sample's for each of its
    terms: the mean square is low by 1 - a. All correlations of the heights come out lower by a, too. The squares'
    covariance is the heights' squared, so its sum loses 4 a of itself (where it is a Gaussian: the sum of
    correlations is twice that of their squares), against 2 a that the squared mean square has lost: the relative
    variance is low by (1 - a)^2 to first order.
    """
    weight = grid.pool(known[None])
    heights = ratio_spread(grid.pool(rest[None]), weight, grid.edges_um)
    spread = ratio_spread(grid.pool(squares[None]), weight, grid.edges_um)
    terms = 1 + sum(n > 1 for n in known.shape)
    if heights is None or spread is None or heights.samples < 2 * terms:
        return None
    lost = heights.samples / (heights.samples - terms)
    spread = replace(spread, variance=spread.variance * lost**2)
    ends = _interval(float(squares[known].mean()), spread)
    return None if ends is None else (math.sqrt(lost * ends[0]), math.sqrt(lost * ends[1]))


def _interval(value: float, spread: Spread | None) -> Interval | None:
    """Return the interval of a value that is more than its own noise: of a flat surface's there is none."""
    if spread is None or spread.variance > value**2:
        return None
    return value_interval(value, spread)


def _smoothed(
    values: NDArray[np.float64], known: NDArray[np.bool_], spacing_um: tuple[float, float], smoothing_um: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the known columns filtered, and the share of the filter that fell on known ones.

    Unknown ones and what lies beyond the picture have no weight.
    """
    sigma = [_GAUSS * smoothing_um / edge if n > 1 else 0.0 for n, edge in zip(values.shape, spacing_um, strict=True)]
    weight = ndimage.gaussian_filter(known.astype(np.float64), sigma, mode="constant")
    total = ndimage.gaussian_filter(values, sigma, mode="constant")
    return np.divide(total, weight, out=np.zeros_like(total), where=known & (weight > 0)), weight


def _inner(known: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the columns whose slopes count: those that the whole filter fits around, as long as they are most.

    At a border the filter sees one side only and flattens the slope across it (ISO 16610-28 leaves such ends out).
    """
    inner = known & (weight >= _FULL_WEIGHT)
    return inner if 2 * np.count_nonzero(_whole(inner)) >= np.count_nonzero(_whole(known)) else known


def _level(
    values: NDArray[np.float64], known: NDArray[np.bool_], spacing_um: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the least-squares plane through the known columns, over all of them."""
    lines = [(np.arange(n) - (n - 1) / 2) * edge for n, edge in zip(values.shape, spacing_um, strict=True)]
    places = np.meshgrid(*lines, indexing="ij")
    terms = [np.ones_like(values), *(place for place in places if np.ptp(place[known]) > 0)]
    matrix = np.stack([term[known] for term in terms], axis=1)
    weights = np.linalg.lstsq(matrix.T @ matrix, matrix.T @ values[known], rcond=None)[0]
    return np.asarray(sum((w * term for w, term in zip(weights, terms, strict=True)), np.zeros_like(values)))


def _slopes(
    surface: NDArray[np.float64], spacing_um: tuple[float, float]
) -> tuple[NDArray[np.float64] | float, NDArray[np.float64] | float]:
    """Return the slopes of the cells between four columns (two, where the map is a line)."""
    rows, columns = surface.shape
    by_row: NDArray[np.float64] | float = 0.0
    by_column: NDArray[np.float64] | float = 0.0
    if rows > 1:
        steps = np.diff(surface, axis=0) / spacing_um[0]
        by_row = (steps[:, 1:] + steps[:, :-1]) / 2 if columns > 1 else steps
    if columns > 1:
        steps = np.diff(surface, axis=1) / spacing_um[1]
        by_column = (steps[1:] + steps[:-1]) / 2 if rows > 1 else steps
    return by_row, by_column


def _whole(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the cells all of whose columns are known."""
    for axis in (0, 1):
        if known.shape[axis] > 1:
            moved = np.moveaxis(known, axis, 0)
            known = np.moveaxis(moved[1:] & moved[:-1], 0, axis)
    return known


def _areas(
    surface: NDArray[np.float64], base: NDArray[np.float64], known: NDArray[np.bool_], spacing_um: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the stretch of surface and of base over each whole cell (0 elsewhere), and which cells are whole."""
    cells = _whole(known)
    stretches = []
    for sheet in (surface, base):
        by_row, by_column = _slopes(sheet, spacing_um)
        stretches.append(np.where(cells, np.sqrt(1 + by_row**2 + by_column**2), 0.0))
    return stretches[0], stretches[1], cells


def _cosine(base: NDArray[np.float64], known: NDArray[np.bool_], spacing_um: tuple[float, float]) -> float | None:
    """Return the mean cosine between the axis and the base's normal; None without a whole cell."""
    _, flat, cells = _areas(base, base, known, spacing_um)
    return float((1 / flat[cells]).mean()) if cells.any() else None


def empty_roughness(context: Context) -> tuple[Measurement, Measurement]:
    """Return the two rows without values."""
    height, ratio = ("Rq", "length") if context.is_2d else ("Sq", "Sdr")
    return (
        Measurement("interface_roughness", None, "um", f"interface_roughness/{height}/v1", roi="interface"),
        Measurement("interface_developed_ratio", None, "1", f"interface_developed_ratio/{ratio}/v2", roi="interface"),
    )


def roughness_rows(context: Context, ends: NDArray[np.int32]) -> tuple[Measurement, ...]:
    """Return Sq (in a section Rq) and the developed ratio of the anode body's surface.

    Parameters
    ----------
    context
        With a reference interface.
    ends
        Outermost voxel of the anode body in each column, counted along the normal; -1 where there is none,
        or where the picture ends there.
    """
    assert context.plane is not None
    assert context.normal is not None
    axis, sign = context.normal.axis, context.normal.sign
    a, b = context.map_axes
    edge = context.spacing.um[axis]
    length_um = context.shape[axis] * edge
    outer = (ends + 1.0) * edge
    surface = np.where(ends >= 0, outer if sign > 0 else length_um - outer, np.nan)
    spacing_um = (context.spacing.um[a], context.spacing.um[b])
    u, v = ((np.arange(n, dtype=np.float64) + 0.5) * e for n, e in zip(ends.shape, spacing_um, strict=True))
    reference = np.broadcast_to(context.plane.place_um(axis, u[:, None], v[None, :]), ends.shape)
    length = smoothing_um(context)
    rows = empty_roughness(context)
    found = roughness_of(surface, reference, spacing_um, smoothing_um=length)
    if found is None:
        return tuple(replace(row, note="too few columns with a surface inside the picture") for row in rows)
    filled = []
    values = ((found.sq_um, found.sq_interval), (found.developed, found.developed_interval))
    for row, (value, interval) in zip(rows, values, strict=True):
        low, high = interval or (None, None)
        note = f"smoothing length {length:.4g} um" + ("" if interval else "; no interval: flat, or too small")
        filled.append(replace(row, value=value, ci_low=low, ci_high=high, n=found.columns, note=note))
    return tuple(filled)
