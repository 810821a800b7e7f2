"""The files of a run: tables, labels and the record of what was done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from micro.cell import Cell
from micro.io import atomic_path, write_ome_zarr, write_probabilities, write_tiff
from micro.measure import Results
from micro.model import TABLE_COLUMNS, Labels, Measurement, Spacing, Volume, to_table
from micro_pipelines.metadata import Metadata, are_numbers, with_metadata, with_metadata_of
from micro_pipelines.names import LABELS_ZARR, PROBABILITIES_ZARR

__all__ = [
    "CONTACT_MAP",
    "TIFF_BYTES",
    "Failure",
    "write_batch_tables",
    "write_contact_map",
    "write_json",
    "write_labels",
    "write_tables",
    "write_thickness_maps",
]

CONTACT_MAP = "contact_map.tif"
"""Name of the contact map's image."""

TIFF_BYTES = 2 * 2**30
"""Labels from this size on get no ``labels.tif``: a plain TIFF can't hold them everywhere."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample that failed: a row of ``failures.csv``; ``details`` is the traceback."""

    sample: str
    input: str
    stage: str
    error: str
    message: str
    details: str = ""

    @classmethod
    def of(cls, sample: str, path: str, stage: str, error: Exception) -> Failure:
        """Return the row for ``error``; the message is brought to one line."""
        import traceback

        message = " ".join(str(error).split()) or "no message"
        details = "".join(traceback.format_exception(error))
        return cls(sample, path, stage, type(error).__name__, message, details)


_FAILURE_COLUMNS = ["sample", "input", "stage", "error", "message"]


def write_labels(folder: Path, volume: Volume | None, labels: Labels, *, probabilities: bool = False) -> None:
    """Write ``labels.ome.zarr``, ``labels.tif`` where it fits, and on request ``probabilities.ome.zarr``.

    Raises
    ------
    ParameterError
        If probabilities are asked for and the labels carry none.
    """
    write_ome_zarr(folder / LABELS_ZARR, volume, labels)
    if labels.data.nbytes < TIFF_BYTES:
        write_tiff(folder / "labels.tif", labels)
    if probabilities:
        write_probabilities(folder / PROBABILITIES_ZARR, labels)


def write_tables(folder: Path, rows: Sequence[Measurement], results: Results, metadata: Metadata = ()) -> None:
    """Write ``measurements.csv``, ``objects_*.csv``, ``profiles.csv``, ``distributions.csv``, and a table a check.

    The last columns of each are the sample's metadata.
    """
    tables = {
        "measurements": to_table(rows),
        **{f"objects_{kind}": table for kind, table in results.objects.items()},
        "profiles": results.profiles,
        "distributions": results.distributions,
        **results.checks,
    }
    for name, table in tables.items():
        _write_csv(with_metadata(table, metadata), folder / f"{name}.csv")


def write_thickness_maps(folder: Path, results: Results) -> None:
    """Write ``thickness_*.tif``, one a layer that has a map: um as float32, NaN where the layer is missing.

    Rows and columns are the two axes across the normal's, in the order z, y, x, with their spacing in um.
    """
    for name, found in results.thickness_maps.items():
        spacing = Spacing(min(found.spacing_um), *found.spacing_um)
        values = found.values_um.astype(np.float32)
        write_tiff(folder / f"thickness_{name.replace(' ', '_')}.tif", Volume(values[None], spacing))


def write_contact_map(folder: Path, results: Results, cell: Cell) -> None:
    """Write ``contact_map.tif``, where there is a map: 0 no data, 1 contact, 2 void, seen along the normal.

    Rows and columns are the two axes across the normal's, in the order z, y, x, with their spacing in um.
    """
    found = results.contact_map
    if found is None or cell.normal is None:
        return
    spacing = Spacing(cell.labels.spacing.um[cell.normal.axis], *found.spacing_um)
    write_tiff(folder / CONTACT_MAP, Volume(found.values[None], spacing))


def write_batch_tables(
    folder: Path,
    rows: Sequence[Measurement],
    failures: Sequence[Failure],
    metadata: Mapping[str, Metadata] | None = None,
) -> tuple[str, ...]:
    """Write ``measurements.csv``, ``measurements.parquet`` and ``failures.csv``, each whole or not at all.

    The last columns of each are the metadata of its samples, which ``metadata`` holds by name.
    Without pyarrow there is no Parquet file, not an older one either; the line that says so is returned.
    """
    table = with_metadata_of(to_table(rows), metadata or {})
    lost = pd.DataFrame([[getattr(failure, column) for column in _FAILURE_COLUMNS] for failure in failures])
    lost = lost.set_axis(_FAILURE_COLUMNS, axis=1) if failures else pd.DataFrame(columns=_FAILURE_COLUMNS)
    lost = with_metadata_of(lost, metadata or {})
    with atomic_path(folder / "measurements.csv") as path:
        _write_csv(table, path)
    with atomic_path(folder / "failures.csv") as path:
        _write_csv(lost, path)
    return _write_parquet(table, folder / "measurements.parquet")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` as indented JSON in UTF-8."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def _write_parquet(table: pd.DataFrame, path: Path) -> tuple[str, ...]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        path.unlink(missing_ok=True)
        return (f"{path.name} is not written, for want of pyarrow; to have it: pip install 'micro-ssb[parquet]'",)
    # Types by column, not by content: a run without a single value has the same ones. What the user wrote is a
    # number where all of its column is.
    added = [name for name in table.columns if name not in TABLE_COLUMNS]
    numbers = [name for name in added if are_numbers(table[name])]
    table = table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in numbers})
    texts = set(table.columns) - {"value", "ci_low", "ci_high", "n", *numbers}
    schema = pa.schema([(name, pa.string() if name in texts else pa.float64()) for name in table.columns])
    with atomic_path(path) as beside:
        parquet.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False), beside)
    return ()


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
