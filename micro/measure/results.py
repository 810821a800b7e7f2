"""What the measurements find: rows, objects, profiles and maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.measure.distributions import DISTRIBUTION_COLUMNS
from micro.model import Measurement

__all__ = ["PROFILE_COLUMNS", "ContactMap", "Findings", "Results", "ThicknessMap", "join_objects"]

PROFILE_COLUMNS: tuple[str, ...] = ("depth_um", "quantity", "phase", "value", "unit", "n")
"""Columns of the profile table."""


@dataclass(frozen=True, slots=True)
class ContactMap:
    """Where the interface touches, seen along the normal's axis.

    ``values`` has shape (rows, columns), the two axes left over in the order z, y, x; in a section
    the axis z has one row. 0 no data, 1 contact, 2 void.
    """

    values: NDArray[np.uint8]
    spacing_um: tuple[float, float]
    axes: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ThicknessMap:
    """Thickness of a layer in um over the same two axes as `ContactMap`; NaN where the layer is missing."""

    values_um: NDArray[np.float64]
    spacing_um: tuple[float, float]
    axes: tuple[str, str]


@dataclass(frozen=True)
class Findings:
    """What one measurement adds to the `Results`."""

    rows: tuple[Measurement, ...] = ()
    objects: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    profiles: pd.DataFrame | None = None
    contact_map: ContactMap | None = None
    thickness_maps: Mapping[str, ThicknessMap] = field(default_factory=dict)
    distributions: pd.DataFrame | None = None


@dataclass(frozen=True)
class Results:
    """All measurements of one cell.

    Attributes
    ----------
    rows
        Rows of the measurement table; sample, state and recipe are still empty.
    objects
        ``dendrites``, ``cracks``, ``gaps``: one row an object.
    profiles
        Long table with the columns `PROFILE_COLUMNS`.
    contact_map
        None where there is no interface.
    thickness_maps
        By name of the layer.
    checks
        ``resolution`` and ``threshold_sweep``, where they were asked for: how far each value can move.
    distributions
        Long table with the columns `DISTRIBUTION_COLUMNS`: the share of the weight in each bin of a quantity.
    """

    rows: tuple[Measurement, ...]
    objects: dict[str, pd.DataFrame]
    profiles: pd.DataFrame
    contact_map: ContactMap | None
    thickness_maps: dict[str, ThicknessMap]
    checks: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    distributions: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(DISTRIBUTION_COLUMNS)))

    def row(self, metric: str, *, phase_a: str = "", roi: str | None = None) -> Measurement:
        """Return the first row of a metric, of the phase and roi where they are given.

        Raises
        ------
        KeyError
            If there is none.
        """
        for row in self.rows:
            if row.metric == metric and row.phase_a == (phase_a or row.phase_a) and row.roi == (roi or row.roi):
                return row
        raise KeyError(f"no row {metric} {phase_a} {roi or ''}".strip())


def merge_findings(found: list[Findings]) -> Results:
    """Put together what the measurements found, in their order."""
    maps = [one.contact_map for one in found if one.contact_map is not None]
    return Results(
        rows=tuple(row for one in found for row in one.rows),
        objects=join_objects(found),
        profiles=_stack([one.profiles for one in found], PROFILE_COLUMNS),
        contact_map=maps[0] if maps else None,
        thickness_maps={name: one_map for one in found for name, one_map in one.thickness_maps.items()},
        distributions=_stack([one.distributions for one in found], DISTRIBUTION_COLUMNS),
    )


def _stack(found: list[pd.DataFrame | None], columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the tables one below the other; without any an empty one with the columns."""
    tables = [one for one in found if one is not None and len(one)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(columns))


def join_objects(found: list[Findings]) -> dict[str, pd.DataFrame]:
    """Return the object tables by name; those of one name are joined by ``id``, the first one's rows and order kept."""
    tables: dict[str, pd.DataFrame] = {}
    for one in found:
        for name, table in one.objects.items():
            tables[name] = tables[name].merge(table, on="id", how="left") if name in tables else table
    return tables
