"""The first state of a series: what losses are counted from, and the reference interface of the later states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from micro.cell import Bow, ReferencePlane
from micro.errors import CalibrationError, InputMissingError, ParameterError, UnreadableFileError
from micro.model import Measurement, Spacing
from micro.report import SampleReport
from micro_pipelines.json_types import plain
from micro_pipelines.sources import Source, series_key

__all__ = [
    "FirstState",
    "choose_first_state",
    "first_state_of",
    "lost_first_state",
    "plane_as_dict",
    "plane_from_dict",
    "read_first_states",
    "seen_from",
]

METRIC = "contact_fraction"

VOXELS_DIFFER = 2.0
"""Voxels that differ by more than this factor see contact differently."""


@dataclass(frozen=True)
class FirstState:
    """The first state of a sample.

    Parameters
    ----------
    sample, state
        Its name and state.
    contact
        Its row of ``contact_fraction``; None where this is the first state itself.
    plane
        Its reference interface; None where that is not known, or this is the first state itself.
    is_2d
        Whether it is a single section; None where that is not known.
    spacing
        Its voxel size; None where that is not known.
    cell
        The cell that its metadata name, where they do.
    other_cell
        The cell that the metadata of the sample at hand name, where that is another one.
    """

    sample: str
    state: str
    contact: Measurement | None = None
    plane: ReferencePlane | None = None
    is_2d: bool | None = None
    spacing: Spacing | None = None
    cell: str = ""
    other_cell: str = ""

    @property
    def itself(self) -> bool:
        """Whether it is the first state that this is said to."""
        return self.contact is None

    def as_dict(self) -> dict[str, Any]:
        """Return what a result depends on, as JSON types."""
        row = self.contact
        return {
            "sample": self.sample,
            "state": self.state,
            "contact_fraction": None if row is None else [row.value, row.ci_low, row.ci_high],
            "interface": None if self.plane is None else plane_as_dict(self.plane),
            **({"other_cell": [self.cell, self.other_cell]} if self.other_cell else {}),
        }

    def doubt(self, spacing: Spacing) -> str:
        """Return what speaks against comparing it with a sample of this voxel size; empty if nothing does."""
        told = [f"of cell {self.cell}, this is cell {self.other_cell}"] if self.other_cell else []
        if self.spacing is not None:
            # z of a section is no length of the picture
            edges = list(zip(self.spacing.um, spacing.um, strict=True))[1 if self.is_2d else 0 :]
            if any(max(pair) > VOXELS_DIFFER * min(pair) for pair in edges):
                told.append(f"voxel size {self.spacing}, here {spacing}")
        return "; ".join(told)


def first_state_of(report: SampleReport, cell: str = "") -> FirstState:
    """Return a measured sample, of the cell that its metadata name, as the first state of those that follow."""
    row = report.find(METRIC) or _missing_row("it was not measured", report.name, report.state)
    labels = report.cell.labels
    return FirstState(report.name, report.state, row, report.cell.plane, labels.is_2d, labels.spacing, cell)


def lost_first_state(source: Source, why: str) -> FirstState:
    """Return a first state that failed: nothing can be compared with it."""
    return FirstState(source.name, source.state, _missing_row(why, source.name, source.state))


def read_first_states(path: Path) -> tuple[FirstState, ...]:
    """Return the first state of every sample in an earlier result.

    Parameters
    ----------
    path
        A ``measurements.csv``, or the folder that holds one: of a sample or of a whole run. The reference
        interface is read from the ``run.json`` beside it, where there is one.

    Raises
    ------
    InputMissingError
        If there is no such table.
    UnreadableFileError
        If it is no table of measurements, or holds no contact fraction.
    """
    file = path / "measurements.csv" if path.is_dir() else path
    if not file.is_file():
        raise InputMissingError(f"--first-state: no table at {file}; expected a measurements.csv or its folder")
    try:
        table = pd.read_csv(file, keep_default_na=False, dtype=str)
        found = table[table["metric"] == METRIC]
        rows = [_row(values) for values in found.to_dict("records")]
        flat = set(table.loc[table["metric"] == "interface_length", "sample"])
        cells = [str(values.get("cell", "")) for values in found.to_dict("records")]
    except (OSError, ValueError, KeyError) as error:
        raise UnreadableFileError(
            f"--first-state: {file} is no table of measurements: {' '.join(str(error).split())}; expected a "
            "measurements.csv of micro"
        ) from None
    if not rows:
        raise UnreadableFileError(f"--first-state: {file} has no {METRIC}; expected one of a cell with an interface")
    return tuple(
        FirstState(
            row.sample,
            row.state,
            row,
            _plane_beside(file, row.sample),
            row.sample in flat,
            _spacing_beside(file, row.sample),
            cell,
        )
        for row, cell in zip(rows, cells, strict=True)
    )


def choose_first_state(source: Source, states: tuple[FirstState, ...]) -> FirstState:
    """Return the first state of a sample: the only one there is, or the first of the same series.

    Raises
    ------
    ParameterError
        If there are several, and none of the same series.
    """
    if len(states) == 1:
        return seen_from(source, states[0])
    wanted = series_key(source)
    for one in states:
        if series_key(Source(one.sample, (), one.state)) == wanted:
            return seen_from(source, one)
    known = ", ".join(dict.fromkeys(one.sample for one in states))
    raise ParameterError(
        f"--first-state: which one is that of {source.name}? The table holds {known}; expected one sample, or one of "
        "the same name but for the state"
    )


def seen_from(source: Source, first: FirstState) -> FirstState:
    """Return the first state with the cell of the sample at hand, where both name one and they differ."""
    cell = dict(source.metadata).get("cell", "")
    return replace(first, other_cell=cell) if cell and first.cell and cell != first.cell else first


def plane_as_dict(plane: ReferencePlane) -> dict[str, Any]:
    """Return a reference interface as JSON types."""
    return {
        "direction_zyx": list(plane.direction),
        "offset_um": plane.offset_um,
        "residual_um": plane.residual_um,
        **({} if plane.bow is None else {"bow": plain(asdict(plane.bow))}),
    }


def plane_from_dict(found: Mapping[str, Any]) -> ReferencePlane:
    """Return the reference interface that `plane_as_dict` wrote.

    Examples
    --------
    >>> plane = ReferencePlane((0.0, -1.0, 0.0), -5.0, 0.2)
    >>> plane_from_dict(plane_as_dict(plane)) == plane
    True
    """
    z, y, x = (float(part) for part in found["direction_zyx"])
    bow = None
    if "bow" in found:
        held = found["bow"]
        centre, half, weights = (tuple(held[key]) for key in ("centre_um", "half_um", "weights_um"))
        bow = Bow(int(held["axis"]), centre, half, weights, float(held["sag_um"]))
    return ReferencePlane((z, y, x), float(found["offset_um"]), float(found["residual_um"]), bow)


def _plane_beside(file: Path, sample: str) -> ReferencePlane | None:
    """Return the reference interface in the record beside a table; None where there is none to be read."""
    try:
        return plane_from_dict(_record_beside(file, sample)["anatomy"]["interface"])
    except (ValueError, KeyError, TypeError):
        return None


def _spacing_beside(file: Path, sample: str) -> Spacing | None:
    try:
        edges = _record_beside(file, sample)["voxel_size_um"]
        return Spacing(*(float(edges[axis]) for axis in "zyx"))
    except (ValueError, KeyError, TypeError, CalibrationError):
        return None


def _record_beside(file: Path, sample: str) -> Mapping[str, Any]:
    """Return the record of a sample beside a table; empty where there is none to be read."""
    for place in (file.parent / "run.json", file.parent / sample / "run.json"):
        try:
            record = json.loads(place.read_text(encoding="utf-8"))
            if record["sample"] == sample:
                return dict(record)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {}


def _row(values: Mapping[Any, str]) -> Measurement:
    value, low, high, n = (
        float(values[name]) if values[name] else None for name in ("value", "ci_low", "ci_high", "n")
    )
    return Measurement(
        METRIC,
        value,
        values["unit"],
        values["definition"],
        roi=values["roi"],
        ci_low=low,
        ci_high=high,
        n=n,
        note=values["note"],
        sample=values["sample"],
        state=values["state"],
    )


def _missing_row(why: str, sample: str, state: str) -> Measurement:
    return Measurement(METRIC, None, "1", f"{METRIC}/v1", note=why, sample=sample, state=state)
