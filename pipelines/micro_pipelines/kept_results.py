"""What was measured of a sample, kept beside its tables to the last bit, for a later run that reports on it again."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.cell import Cell, Normal
from micro.measure import Results
from micro.measure.results import ContactMap, ThicknessMap
from micro.model import Labels, Measurement
from micro.report import SampleReport
from micro_pipelines.first_state import plane_as_dict, plane_from_dict
from micro_pipelines.json_types import plain

__all__ = ["RESULTS_NAME", "KeptResults", "read_results", "write_results"]

RESULTS_NAME = "results.npz"
"""Name of the file in a sample's folder."""

_FACTS = "facts"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class KeptResults:
    """What `write_results` has kept: the anatomy without its parts, all that was measured, and the warnings."""

    cell: Cell
    results: Results
    warnings: tuple[str, ...]


def write_results(folder: Path, report: SampleReport) -> Path:
    """Write ``results.npz``: an array a map and a column of numbers, and all else as JSON, no date; return its path.

    Parameters
    ----------
    folder
        The sample's folder.
    report
        What was measured of it.
    """
    arrays: Arrays = {}
    results = report.results
    facts: dict[str, Any] = {
        "cell": _cell_facts(report.cell),
        "warnings": list(report.warnings),
        "rows": [asdict(row) for row in results.rows],
        "objects": {name: _table(table, f"objects/{name}", arrays) for name, table in results.objects.items()},
        "checks": {name: _table(table, f"checks/{name}", arrays) for name, table in results.checks.items()},
        "profiles": _table(results.profiles, "profiles", arrays),
        "distributions": _table(results.distributions, "distributions", arrays),
        "contact_map": None,
        "thickness_maps": {},
    }
    if results.contact_map is not None:
        found = results.contact_map
        arrays["contact_map"] = found.values
        facts["contact_map"] = {"spacing_um": found.spacing_um, "axes": found.axes}
    for name, layer in results.thickness_maps.items():
        arrays[f"thickness/{name}"] = layer.values_um
        facts["thickness_maps"][name] = {"spacing_um": layer.spacing_um, "axes": layer.axes}
    text = json.dumps(plain(facts), ensure_ascii=False, default=str)
    arrays[_FACTS] = np.frombuffer(text.encode("utf-8"), np.uint8)
    return _save(folder / RESULTS_NAME, arrays)


def read_results(folder: Path, labels: Labels) -> KeptResults | None:
    """Return what `write_results` has kept of a sample; None where it isn't there, or not as it was written.

    Parameters
    ----------
    folder
        The sample's folder.
    labels
        Its final labels.
    """
    try:
        arrays = _load(folder / RESULTS_NAME)
        facts = json.loads(arrays[_FACTS].tobytes().decode("utf-8"))
        return KeptResults(_cell(facts["cell"], labels), _results(facts, arrays), tuple(facts["warnings"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error):
        return None


def _results(facts: Mapping[str, Any], arrays: Arrays) -> Results:
    contact, maps = facts["contact_map"], facts["thickness_maps"]
    return Results(
        rows=tuple(Measurement(**row) for row in facts["rows"]),
        objects={name: _filled(one, f"objects/{name}", arrays) for name, one in facts["objects"].items()},
        profiles=_filled(facts["profiles"], "profiles", arrays),
        contact_map=None if contact is None else ContactMap(arrays["contact_map"], *_across(contact)),
        thickness_maps={name: ThicknessMap(arrays[f"thickness/{name}"], *_across(one)) for name, one in maps.items()},
        checks={name: _filled(one, f"checks/{name}", arrays) for name, one in facts["checks"].items()},
        distributions=_filled(facts["distributions"], "distributions", arrays),
    )


def _across(found: Mapping[str, Any]) -> tuple[tuple[float, float], tuple[str, str]]:
    (height, width), (rows, columns) = found["spacing_um"], found["axes"]
    return (float(height), float(width)), (str(rows), str(columns))


def _cell_facts(cell: Cell) -> dict[str, Any]:
    return {
        "normal": cell.normal and str(cell.normal),
        "stated": cell.stated and str(cell.stated),
        "plane": cell.plane and plane_as_dict(cell.plane),
        "far_plane": cell.far_plane and plane_as_dict(cell.far_plane),
        "far_side": cell.far_side,
        "notes": list(cell.notes),
        "reference": cell.reference,
        "has_anode": bool(cell.has_anode),
    }


def _cell(facts: Mapping[str, Any], labels: Labels) -> Cell:
    return Cell(
        labels,
        None,
        normal=facts["normal"] and Normal.parse(facts["normal"]),
        plane=facts["plane"] and plane_from_dict(facts["plane"]),
        far_plane=facts["far_plane"] and plane_from_dict(facts["far_plane"]),
        far_side=facts["far_side"],
        notes=tuple(facts["notes"]),
        reference=facts["reference"],
        has_anode=facts["has_anode"],
        stated=facts["stated"] and Normal.parse(facts["stated"]),
    )


def _table(table: pd.DataFrame, place: str, arrays: Arrays) -> dict[str, Any]:
    """Return a table's columns with their types, and the content of those that are no numbers; these become arrays."""
    columns: list[dict[str, Any]] = []
    for number, name in enumerate(table.columns):
        column = table[name]
        told: dict[str, Any] = {"name": str(name), "dtype": str(column.dtype)}
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf":
            arrays[f"{place}/{number}"] = column.to_numpy()
        else:
            told["values"] = [None if value is pd.NA else value for value in column.tolist()]
        columns.append(told)
    return {"rows": len(table), "columns": columns}


def _filled(told: Mapping[str, Any], place: str, arrays: Arrays) -> pd.DataFrame:
    index = pd.RangeIndex(told["rows"])
    columns: Sequence[Mapping[str, Any]] = told["columns"]
    series = [
        pd.Series(one["values"] if "values" in one else arrays[f"{place}/{number}"], index, one["dtype"])
        for number, one in enumerate(columns)
    ]
    table = pd.DataFrame(dict(enumerate(series)), index=index)
    return table.set_axis([one["name"] for one in columns], axis=1)


def _save(path: Path, arrays: Arrays) -> Path:
    """Write a compressed npz, whose bytes depend on the arrays only."""
    with zipfile.ZipFile(path, "w") as file:
        for name, array in arrays.items():
            held = io.BytesIO()
            np.lib.format.write_array(held, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, held.getvalue())
    return path


def _load(path: Path) -> Arrays:
    """Return all arrays of an npz; each is checked against its checksum."""
    with zipfile.ZipFile(path) as file:
        return {
            name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(file.read(name)), allow_pickle=False)
            for name in file.namelist()
        }
