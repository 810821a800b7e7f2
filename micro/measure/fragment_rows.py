"""Number and size of the fragments of electrolyte, and their sizes against depth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.measure.clusters import clustered_ratio, few_objects
from micro.measure.intervals import poisson_interval, value_interval
from micro.measure.protocol import Context
from micro.model import Measurement

__all__ = ["empty_fragments", "fragment_profile", "fragment_rows", "no_fragments"]

NO_FRAGMENT = "no enclosed electrolyte"
NO_REGION = "the SE region is empty"
SECTION = "regions of the section: a section can't tell what is enclosed in space"


def empty_fragments(context: Context) -> tuple[Measurement, Measurement]:
    """Return the two rows without values."""
    kind, unit = ("2D", "1/um2") if context.is_2d else ("3D", "1/um3")
    return (
        Measurement("dendrite_fragment_density", None, unit, f"dendrite_fragment_density/{kind}/v1", roi="se_region"),
        Measurement(
            "dendrite_fragment_diameter_mean", None, "um", f"dendrite_fragment_diameter/{kind}/v2", roi="se_region"
        ),
    )


def no_fragments(context: Context) -> pd.DataFrame:
    """Return the table without rows."""
    size = "area_um2" if context.is_2d else "volume_um3"
    return pd.DataFrame(columns=["id", size, "equivalent_diameter_um", "depth_um", "weight"])


def fragment_rows(context: Context, table: pd.DataFrame) -> tuple[Measurement, Measurement]:
    """Return number over volume (of a section area) of the SE region, and mean diameter by number.

    Each fragment counts with its ``weight``. The number's interval is Poisson's, for as many as the weights are worth,
    (sum w)^2 / sum w^2; the mean's takes fragments as independent (jackknife, Student's t).
    """
    density, diameter = empty_fragments(context)
    count, weight = len(table), table["weight"].to_numpy(np.float64)
    note = SECTION if context.is_2d else ""
    assert context.census is not None
    size = int(context.census.labelled(se_region=True).sum()) * context.voxel_measure
    if not size:
        return replace(density, note=NO_REGION), replace(diameter, note=NO_REGION)
    if not count:
        low, high = poisson_interval(0, size)
        density = replace(density, value=0.0, ci_low=low, ci_high=high, n=0)
        return density.noted(note), replace(diameter, n=0, note=NO_FRAGMENT)
    worth = float(weight.sum() ** 2 / (weight**2).sum())
    low, high = poisson_interval(worth, worth / float(weight.sum()) * size)
    density = replace(density, value=float(weight.sum()) / size, ci_low=low, ci_high=high, n=count)
    mean, spread = clustered_ratio(weight * table["equivalent_diameter_um"].to_numpy(np.float64), weight)
    interval = value_interval(mean, spread)
    ends, few = interval or (None, None), "" if interval else few_objects(count, "fragments")
    diameter = replace(diameter, value=mean, ci_low=ends[0], ci_high=ends[1], n=count, note=few)
    return density.noted(note), diameter.noted(note)


def fragment_profile(
    table: pd.DataFrame, bin_um: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the middles of the bins of depth that hold fragments, their mean diameter there, and their number."""
    depth, sizes, weight = (
        table[name].to_numpy(np.float64) for name in ("depth_um", "equivalent_diameter_um", "weight")
    )
    bins, which, number = np.unique(np.floor(depth / bin_um), return_inverse=True, return_counts=True)
    means = np.bincount(which, weight * sizes, len(bins)) / np.bincount(which, weight, len(bins))
    return (bins + 0.5) * bin_um, means, number.astype(np.int64)
