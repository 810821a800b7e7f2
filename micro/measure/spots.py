"""Contact spots: connected patches of the contact map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from micro.measure.intervals import SAMPLES_MIN, Spread, poisson_interval, value_interval
from micro.measure.protocol import Context
from micro.measure.results import ContactMap
from micro.model import Measurement

__all__ = ["contact_spots", "empty_spots", "no_spots", "spot_rows"]

MM_UM, MM2_UM2 = 1e3, 1e6
CUT_MAX = 0.25
"""Where patches cut by the picture hold more of the contact than this, the sizes have no interval."""


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
        centroid on the map's axes in um, and ``cut``: whether the patch reaches the edge of the picture.

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
    cut = np.zeros(count, bool)
    for axis, (name, edge) in enumerate(zip(found.axes, found.spacing_um, strict=True)):
        if flat and axis == 0:
            continue
        start = np.array([box[axis].start for box in boxes], np.int64)
        stop = np.array([box[axis].stop for box in boxes], np.int64)
        cut |= (start == 0) | (stop == contact.shape[axis])
        table |= {
            f"start_{name}_um": start * edge,
            f"stop_{name}_um": stop * edge,
            f"centroid_{name}_um": (centres[:, axis] + 0.5) * edge,
        }
    return pd.DataFrame({**table, "cut": cut})


def no_spots(context: Context) -> pd.DataFrame:
    """Return the table without rows, for a picture without a contact map."""
    return pd.DataFrame(columns=["id", "length_um" if context.is_2d else "area_um2", "cut"])


def empty_spots(context: Context) -> tuple[Measurement, Measurement, Measurement]:
    """Return the three rows without values."""
    kind, density, size, unit = ("2D", "1/mm", "length", "um") if context.is_2d else ("3D", "1/mm2", "area", "um2")
    return (
        Measurement("contact_spot_density", None, density, f"contact_spot_density/{kind}/v1", roi="interface"),
        Measurement(f"contact_spot_{size}_mean", None, unit, f"contact_spot_{size}/v1", roi="interface"),
        Measurement(f"contact_spot_{size}_p95", None, unit, f"contact_spot_{size}/v1", roi="interface"),
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
    count, cut = len(table), int(table["cut"].sum())
    told = f"{cut} of {count} cut by the picture" if cut else ""
    if cut and cut == count:
        density = replace(density, value=count / exposure, n=count, note=_joined(told, "no interval: no spot is whole"))
    else:
        low, high = poisson_interval(count, exposure)
        density = replace(density, value=count / exposure, ci_low=low, ci_high=high, n=count, note=told)
    if not count:
        return (density, *(replace(row, n=0, note="no contact") for row in (mean, p95))), table
    sizes = table.iloc[:, 1].to_numpy()
    interval, why = _size_interval(sizes, table["cut"].to_numpy())
    size_low, size_high = interval or (None, None)
    deepest = float(np.quantile(sizes, 0.95, method="inverted_cdf"))
    return (
        density,
        replace(mean, value=float(sizes.mean()), ci_low=size_low, ci_high=size_high, n=count, note=_joined(told, why)),
        replace(p95, value=deepest, n=count, note=_joined(told, "no interval: set by the few largest")),
    ), table


def _size_interval(sizes: NDArray[np.float64], cut: NDArray[np.bool_]) -> tuple[tuple[float, float] | None, str]:
    """Return the interval of the mean size over the spots as samples, or why there is none."""
    if sizes[cut].sum() > CUT_MAX * sizes.sum():
        return None, "no interval: patches that the picture cuts hold more than a quarter of the contact"
    if len(sizes) < SAMPLES_MIN:
        return None, "no interval: fewer than three spots"
    spread = Spread(float(sizes.var(ddof=1)) / len(sizes), float(len(sizes)))
    return value_interval(float(sizes.mean()), spread), ""


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
