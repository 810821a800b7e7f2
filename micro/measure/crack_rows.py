"""The rows, profiles and distributions of the cracks, from sums over all blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.cell import Part
from micro.measure.clusters import clustered_fraction, few_objects
from micro.measure.counting import count_row, cut_weights
from micro.measure.distributions import distribution_table
from micro.measure.intervals import WIDEST, WIDEST_RATIO, Interval, Spread, ratio_spread, value_interval
from micro.measure.orientation import STEP_DEG
from micro.measure.protocol import Context
from micro.measure.results import PROFILE_COLUMNS, Findings
from micro.model import Measurement

__all__ = ["HOSTS", "CrackSums", "clustered_interval", "counted", "crack_findings", "within"]

HOSTS = ("SE", "anode side", "far side")
"""What a crack may lie in."""

FOLLOWS = "no interval of its own: crack_porosity over crack_density"
NO_QUANTILE = "no interval: the apertures of one crack are not independent"
NO_EXTREME = "an extreme has no honest interval"

NO_P30 = "traces, of which one crack may leave several; a section doesn't tell P30"
NO_P32 = "P21: a section doesn't tell P32, which is 4/pi of it only where cracks run in all directions alike"

CLASS = 32
"""Bins of `CrackSums.apertures` in a class of the distribution: a mean voxel edge, centred on whole edges."""

AREA, BELOW, ANGLE, SINE2, HEIGHT = range(5)
"""Columns of `CrackSums.in_region`."""


@dataclass(frozen=True)
class CrackSums:
    """What the blocks add up to.

    Attributes
    ----------
    table
        The object table, a row a crack.
    in_region
        Of each crack within the SE region (without an interface the whole picture): mid-surface, that
        below resolution, and the sums of angle, squared sine of the angle and height, each times the
        mid-surface; shape (cracks, 5).
    cells
        Mid-surface in the SE region by cell of the coarse grid.
    aperture_bin_um, apertures
        Mid-surface and voxels by local aperture, in bins centred on multiples of a width; shape (2, bins).
    angles, axial
        Mid-surface and voxels by the angle to the normal; trace length and voxels by direction.
    lowest, heights
        Voxels of the SE region, and mid-surface in it, by bins of height from ``lowest`` on; shape (2, bins).
    """

    table: pd.DataFrame
    in_region: NDArray[np.float64]
    cells: NDArray[np.float64]
    aperture_bin_um: float
    apertures: NDArray[np.float64]
    angles: NDArray[np.float64]
    axial: NDArray[np.float64]
    lowest: int
    heights: NDArray[np.float64]


def crack_findings(context: Context, sums: CrackSums) -> Findings:
    """Return the rows, the object table, the profile of density and the distributions."""
    objects = {"cracks": sums.table}
    hosted = _host_rows(context, sums)
    empty = {row.metric: row for row in _empty_rows(context)}
    missing = [replace(row, note=context.no_interface) for row in empty.values()] if context.plane is None else []
    if not context.region.any():
        missing = missing or [replace(row, note="the SE region is empty") for row in empty.values()]
        return Findings((*missing, *hosted), objects)
    empty = {name: replace(row, roi=context.roi) for name, row in empty.items() if _is_given(context, name)}
    rows = [*missing, *_density_rows(context, sums, empty)]
    if sums.in_region[:, AREA].sum() > 0:
        rows += _aperture_rows(context, sums, empty)
        rows += _angle_rows(context, sums, empty) if context.up is not None else []
        rows += _depth_rows(sums, empty) if context.plane is not None else []
    else:
        rows += [replace(row, n=0, note="no crack") for row in empty.values() if "_density" not in row.metric]
    return Findings((*rows, *hosted), objects, _profile(context, sums), distributions=_distributions(context, sums))


def _is_given(context: Context, metric: str) -> bool:
    """Return whether a metric can be told: depths need an interface, angles a normal."""
    if "_depth_" in metric:
        return context.plane is not None
    return context.up is not None or metric not in ("crack_orientation_mean", "crack_alignment")


def counted(context: Context, table: pd.DataFrame) -> pd.DataFrame:
    """Return the cracks that count: those with SE as host, or all where no interface tells what they lie in."""
    return table if context.plane is None else table[table["host"] == HOSTS[0]]


def _empty_rows(context: Context) -> tuple[Measurement, ...]:
    two = context.is_2d
    density, count, unit = ("P21", "P20", "1/um2") if two else ("P32", "P30", "1/um3")
    kind = "2D" if two else "3D"
    rows = (
        ("crack_density", "1/um", f"crack_density/{density}/v2"),
        ("crack_count_density", unit, f"crack_count_density/{count}/v2"),
        ("crack_aperture_mean", "um", "crack_aperture_mean/v2"),
        ("crack_aperture_median", "um", "crack_aperture_median/v1"),
        ("crack_aperture_p95", "um", "crack_aperture_p95/v1"),
        ("crack_below_resolution", "1", "crack_below_resolution/v1"),
        ("crack_orientation_mean", "deg", f"crack_orientation_mean/{kind}/v1"),
        ("crack_alignment", "1", f"crack_alignment/{kind}/v1"),
        ("crack_depth_min", "um", "crack_depth_min/v1"),
        ("crack_depth_mean", "um", "crack_depth_mean/v1"),
        ("crack_depth_max", "um", "crack_depth_max/v1"),
    )
    return tuple(Measurement(name, None, unit, name_id, roi="se_region") for name, unit, name_id in rows)


def _density_rows(context: Context, sums: CrackSums, empty: dict[str, Measurement]) -> tuple[Measurement, Measurement]:
    census = context.census
    assert census is not None
    region = context.region
    size = int(region.sum()) * context.voxel_measure
    hosted = counted(context, sums.table)["id"].to_numpy(np.int64)
    area, count = float(sums.cells.sum()), int(hosted.size)
    spread = ratio_spread(sums.cells, region * context.voxel_measure, census.grid.edges_um)
    interval = value_interval(area / size, spread)
    notes = [] if interval else ["no interval: no crack, or too few independent samples"]
    notes += [one for one in (_resolution_note(sums),) if one]
    low, high = interval or (None, None)
    boxes = context.objects.start[hosted], context.objects.stop[hosted]
    number = count_row(empty["crack_count_density"], cut_weights(*boxes, context.shape, (0, 1, 2)), size)
    density = replace(
        empty["crack_density"], value=area / size, ci_low=low, ci_high=high, n=count, note="; ".join(notes)
    )
    return (density.noted(NO_P32), number.noted(NO_P30)) if context.is_2d else (density, number)


def _resolution_note(sums: CrackSums) -> str:
    area, below = sums.in_region[:, AREA].sum(), sums.in_region[:, BELOW].sum()
    if below <= 0:
        return ""
    share = 100 * below / area
    told = f"{share:.0f}" if share >= 10 else f"{share:.2g}"
    return f"below resolution: {told} % of the mid-surface is thinner than two voxels"


def _aperture_rows(context: Context, sums: CrackSums, empty: dict[str, Measurement]) -> list[Measurement]:
    census = context.census
    assert census is not None
    area, below = float(sums.cells.sum()), float(sums.in_region[:, BELOW].sum())
    count = int(np.count_nonzero(sums.in_region[:, AREA]))
    volume = int(census.of_parts(Part.CRACK, se_region=context.plane is not None).sum()) * context.voxel_measure
    share = below / float(sums.in_region[:, AREA].sum())
    note = _resolution_note(sums)
    rows = [
        replace(empty["crack_aperture_mean"], value=volume / area, note=FOLLOWS),
        replace(empty["crack_aperture_median"], value=_quantile(sums, 0.5), note=NO_QUANTILE),
        replace(empty["crack_aperture_p95"], value=_quantile(sums, 0.95), note=NO_QUANTILE),
    ]
    rows = [replace(row, n=count).noted(note) for row in rows]
    interval = _fraction(sums.in_region[:, BELOW], sums.in_region[:, AREA])
    return [*rows, _with(empty["crack_below_resolution"], share, interval, count)]


def _quantile(sums: CrackSums, share: float) -> float:
    reached = int(np.searchsorted(np.cumsum(sums.apertures[0]), share * sums.apertures[0].sum()))
    return reached * sums.aperture_bin_um


def _angle_rows(context: Context, sums: CrackSums, empty: dict[str, Measurement]) -> list[Measurement]:
    area, angle, sine2 = (sums.in_region[:, column] for column in (AREA, ANGLE, SINE2))
    count = int(np.count_nonzero(area))
    mean, square = angle.sum() / area.sum(), sine2.sum() / area.sum()
    factor, less = (2.0, 1.0) if context.is_2d else (1.5, 0.5)
    by_square, by_angle = _fraction(sine2, area), _fraction(angle / 90, area)
    aligned = None if by_square is None else (factor * by_square[0] - less, factor * by_square[1] - less)
    turned = None if by_angle is None else (90 * by_angle[0], 90 * by_angle[1])
    note = "angle of the trace: a section doesn't tell the crack's angle in space" if context.is_2d else ""
    rows = [
        _with(empty["crack_orientation_mean"], float(mean), turned, count),
        _with(empty["crack_alignment"], float(factor * square - less), aligned, count),
    ]
    return [row.noted(note) for row in rows]


def _fraction(numerators: NDArray[np.float64], area: NDArray[np.float64]) -> Interval | None:
    """Return the interval of a fraction of the mid-surface over cracks, each a cluster, on the logit scale."""
    some = area > 0
    return clustered_fraction(numerators[some], area[some])[1]


def _with(row: Measurement, value: float, interval: Interval | None, count: int) -> Measurement:
    low, high = interval or (None, None)
    note = "" if interval else few_objects(count, "cracks")
    return replace(row, value=value, ci_low=low, ci_high=high, n=count, note=note)


def within(interval: Interval | None, least: float, greatest: float) -> Interval | None:
    """Return an interval without what the quantity can't be; None where hardly anything is left out by it.

    Examples
    --------
    >>> within((-0.2, 0.7), 0.0, 1.0), within((-0.4, 1.3), 0.0, 1.0), within((-2.0, 40.0), 0.0, math.inf)
    ((0.0, 0.7), None, None)
    """
    if interval is None:
        return None
    low, high = max(interval[0], least), min(interval[1], greatest)
    nothing = high > WIDEST_RATIO * low if math.isinf(greatest) else high - low >= WIDEST * (greatest - least)
    return None if nothing else (low, high)


def clustered_interval(
    value: float, numerators: NDArray[np.float64], denominators: NDArray[np.float64]
) -> Interval | None:
    """Return the interval of a ratio of sums over cracks, each a cluster (Cochran 1977, section 6.5).

    Examples
    --------
    >>> low, high = clustered_interval(2.0, np.array([2.0, 3.0, 7.0]), np.array([1.0, 2.0, 3.0]))
    >>> low < 2.0 < high
    True
    """
    count = int(np.count_nonzero(denominators))
    if count < 2:
        return None
    residual = numerators - value * denominators
    variance = float((residual**2).sum() / denominators.sum() ** 2 * count / (count - 1))
    return value_interval(value, Spread(variance, count), positive=False) if variance > 0 else None


def _depth_rows(sums: CrackSums, empty: dict[str, Measurement]) -> list[Measurement]:
    hosted = sums.table[sums.table["host"] == HOSTS[0]]
    area, height = sums.in_region[:, AREA], sums.in_region[:, HEIGHT]
    mean, count = height.sum() / area.sum(), int(np.count_nonzero(area))
    rows = [
        _with(
            empty["crack_depth_mean"], float(mean), within(clustered_interval(mean, height, area), 0.0, math.inf), count
        )
    ]
    for name, column, pick in (("crack_depth_min", "depth_start_um", "min"), ("crack_depth_max", "depth_um", "max")):
        if len(hosted):
            rows.append(replace(empty[name], value=float(hosted[column].agg(pick)), n=len(hosted), note=NO_EXTREME))
        else:
            rows.append(replace(empty[name], n=0, note="no crack with SE as host"))
    return [rows[1], rows[0], rows[2]]


def _host_rows(context: Context, sums: CrackSums) -> list[Measurement]:
    """Return the mid-surface of the cracks of each host; in a section the length of their traces."""
    column, name, unit = "mid_surface_um2", "crack_area", "um2"
    if context.is_2d:
        column, name, unit = "trace_length_um", "crack_length", "um"
    hosts = HOSTS if context.plane is not None else ("unknown",)
    assert context.census is not None
    labelled = bool(context.census.labelled().any())
    rows = []
    for host in hosts:
        sizes = sums.table.loc[sums.table["host"] == host, column]
        total = float(sizes.sum()) if labelled else None
        row = Measurement(name, total, unit, f"{name}/v1", phase_a=host, n=len(sizes))
        note = "no interval: a sum over the picture"
        if context.plane is None:
            note += f"; what it lies in is not known: {context.no_interface}"
        rows.append(replace(row, note=note))
    if context.is_2d:
        note = "a section shows traces; the area of a crack can't be told from them"
        rows.append(Measurement("crack_area", None, "um2", "crack_area/v1", note=note))
    return rows


def _profile(context: Context, sums: CrackSums) -> pd.DataFrame | None:
    voxels, area = sums.heights
    full = voxels > 0
    if not full.any():
        return None
    depth = (np.arange(sums.lowest, sums.lowest + voxels.size) + 0.5)[full] * context.profile_bin_um
    density = area[full] / (voxels[full] * context.voxel_measure)
    columns = (depth, "crack_density", "", density, "1/um", voxels[full].astype(np.int64))
    return pd.DataFrame(dict(zip(PROFILE_COLUMNS, columns, strict=True)))


def _distributions(context: Context, sums: CrackSums) -> pd.DataFrame | None:
    weight = "trace length" if context.is_2d else "mid-surface area"
    half = CLASS // 2
    bins = -(-(sums.apertures.shape[1] + half) // CLASS)
    padded = np.pad(sums.apertures, ((0, 0), (half, bins * CLASS - sums.apertures.shape[1] - half)))
    padded = padded.reshape(2, bins, CLASS).sum(axis=2)
    edges = np.maximum(np.arange(bins + 1) * CLASS - half, 0) * sums.aperture_bin_um
    first = -90.0 if context.is_2d else 0.0
    name, of = ("crack_trace_angle", weight) if context.is_2d else ("crack_strike", "trace length along the interface")
    axial = first + STEP_DEG * (np.arange(sums.axial.shape[1] + 1) - 0.5)
    angles = np.arange(0, 91, STEP_DEG)
    tables = [
        distribution_table("crack_aperture", edges, padded[0], unit="um", weight=weight, n=padded[1]),
        distribution_table("crack_orientation", angles, sums.angles[0], unit="deg", weight=weight, n=sums.angles[1]),
        distribution_table(name, axial, sums.axial[0], unit="deg", weight=of, n=sums.axial[1]),
    ]
    full = [one for one in tables if len(one)]
    return pd.concat(full, ignore_index=True) if full else None
