"""Contact spots: connected patches of the contact map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from micro.measure.clusters import few_objects, unequal_interval
from micro.measure.counting import count_row, cut_weights, whole_weights
from micro.measure.protocol import Context
from micro.measure.results import ContactMap
from micro.model import Measurement

__all__ = ["contact_spots", "empty_spots", "no_spots", "spot_rows"]

MM_UM, MM2_UM2 = 1e3, 1e6
CUT_MAX = 0.5
"""Where patches cut by the picture hold more of the contact than this, the sizes have no interval."""

NO_WHOLE = "no spot is whole: the contact goes on beyond the picture"
MUCH_CUT = "no interval: a patch goes through the whole picture, or those that it cuts hold most of the contact"
FEW_LARGEST = "no interval: set by the few largest"


def contact_spots(found: ContactMap, *, stretch: float) -> pd.DataFrame:
    """Return one row a contact spot: columns in contact that touch each other, corners included.

    Parameters
    ----------
    found
        The contact map.
    stretch
        Area of the reference interface over that of its columns: 1 / cosine of the tilt.

    Returns
    -------
    pandas.DataFrame
        ``id`` in raster order, ``area_um2`` on the reference interface (of a section ``length_um``), box and
        centroid on the map's axes in um, ``cut``: whether the patch reaches the edge of the picture, and ``weight``:
        how many spots like it there are for each that the picture holds whole, 0 for those that are cut.

    Examples
    --------
    >>> from micro.measure.results import ContactMap
    >>> strip = ContactMap(np.array([[1, 1, 2, 1, 2, 2]], np.uint8), (1.0, 0.5), ("z", "x"))
    >>> contact_spots(strip, stretch=1.0)[["length_um", "cut"]].values.tolist()
    [[1.0, True], [0.5, False]]
    """
    contact = found.values == 1
    ids, count = ndimage.label(contact, structure=np.ones((3, 3)))
    flat = found.values.shape[0] == 1 and found.axes[0] == "z"
    column = found.spacing_um[1] if flat else found.spacing_um[0] * found.spacing_um[1]
    boxes = ndimage.find_objects(ids)
    index = np.arange(1, count + 1)
    sizes = np.bincount(ids.ravel(), minlength=count + 1)[1:]
    table: dict[str, NDArray[np.generic]] = {
        "id": index,
        "length_um" if flat else "area_um2": sizes * (column * stretch),
    }
    centres = np.array(ndimage.center_of_mass(contact, ids, index)).reshape(count, 2)
    starts = np.array([[one.start for one in box] for box in boxes], np.int64).reshape(count, 2)
    stops = np.array([[one.stop for one in box] for box in boxes], np.int64).reshape(count, 2)
    cut = np.zeros(count, bool)
    for axis, (name, edge) in enumerate(zip(found.axes, found.spacing_um, strict=True)):
        if flat and axis == 0:
            continue
        start, stop = starts[:, axis], stops[:, axis]
        cut |= (start == 0) | (stop == contact.shape[axis])
        table |= {
            f"start_{name}_um": start * edge,
            f"stop_{name}_um": stop * edge,
            f"centroid_{name}_um": (centres[:, axis] + 0.5) * edge,
        }
    weight = np.where(cut, 0.0, whole_weights(stops - starts, contact.shape, (0, 1)))
    half = cut_weights(starts, stops, contact.shape, (0, 1))
    return pd.DataFrame({**table, "cut": cut, "weight": weight, "counts_for": half})


def no_spots(context: Context) -> pd.DataFrame:
    """Return the table without rows, for a picture without a contact map."""
    return pd.DataFrame(columns=["id", "length_um" if context.is_2d else "area_um2", "cut", "weight", "counts_for"])


def empty_spots(context: Context) -> tuple[Measurement, Measurement, Measurement]:
    """Return the three rows without values."""
    kind, density, size, unit = ("2D", "1/mm", "length", "um") if context.is_2d else ("3D", "1/mm2", "area", "um2")
    return (
        Measurement("contact_spot_density", None, density, f"contact_spot_density/{kind}/v2", roi="interface"),
        Measurement(f"contact_spot_{size}_mean", None, unit, f"contact_spot_{size}/v2", roi="interface"),
        Measurement(f"contact_spot_{size}_p95", None, unit, f"contact_spot_{size}/v2", roi="interface"),
    )


def spot_rows(context: Context, found: ContactMap) -> tuple[tuple[Measurement, ...], pd.DataFrame]:
    """Return number per area and size of the contact spots, and their table."""
    stretch = 1 / context.cosine
    table = contact_spots(found, stretch=stretch)
    density, mean, p95 = empty_spots(context)
    columns = int(np.count_nonzero(found.values))
    a, b = found.spacing_um
    exposure = columns * stretch * (b / MM_UM if context.is_2d else a * b / MM2_UM2)
    if not columns:
        return tuple(replace(row, note="no column of the interface with data") for row in (density, mean, p95)), table
    return (_density_row(density, table, exposure), *_size_rows(mean, p95, table)), table


def _density_row(row: Measurement, table: pd.DataFrame, exposure: float) -> Measurement:
    weights = table["counts_for"].to_numpy(np.float64)
    row = count_row(row, weights, exposure)
    if not table["cut"].all() or not len(table):
        return row
    value = row.value if weights.any() else None
    return replace(row, value=value, ci_low=None, ci_high=None).noted(NO_WHOLE)


def _size_rows(mean: Measurement, p95: Measurement, table: pd.DataFrame) -> tuple[Measurement, Measurement]:
    """Return the mean and the 95th percentile by number of the spots that are whole, with their weights."""
    count, cut = len(table), int(table["cut"].sum())
    if cut == count:
        note = NO_WHOLE if count else "no contact"
        return replace(mean, n=0, note=note), replace(p95, n=0, note=note)
    told = f"{cut} of {count} cut by the picture: left out, and made up for" if cut else ""
    whole = table[~table["cut"]]
    sizes, weights = whole.iloc[:, 1].to_numpy(np.float64), whole["weight"].to_numpy(np.float64)
    value = float(weights @ sizes / weights.sum())
    interval, why = unequal_interval(weights * sizes, weights), few_objects(len(whole), "spots")
    shown = table.iloc[:, 1]
    if (table["counts_for"] == 0).any() or float(shown[table["cut"]].sum()) > CUT_MAX * float(shown.sum()):
        interval, why = None, MUCH_CUT
    low, high = interval or (None, None)
    order = np.argsort(sizes, kind="stable")
    reached = np.cumsum(weights[order]) >= 0.95 * weights.sum() * (1 - 1e-12)
    return (
        replace(mean, value=value, ci_low=low, ci_high=high, n=len(whole)).noted(told, "" if interval else why),
        replace(p95, value=float(sizes[order][int(np.argmax(reached))]), n=len(whole)).noted(told, FEW_LARGEST),
    )
