"""The files of a run: tables, labels and the record of what was done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from micro.io import atomic_path, write_ome_zarr, write_probabilities, write_tiff
from micro.measure import Results
from micro.model import Labels, Measurement, Volume, to_table

__all__ = [
    "LABELS_ZARR",
    "PROBABILITIES_ZARR",
    "TIFF_BYTES",
    "Failure",
    "write_batch_tables",
    "write_json",
    "write_labels",
    "write_tables",
]

LABELS_ZARR = "labels.ome.zarr"
"""Name of the OME-Zarr with a sample's image and labels."""

PROBABILITIES_ZARR = "probabilities.ome.zarr"
"""Name of the OME-Zarr with the probabilities of a sample's phases, which are written on request."""

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


def write_tables(folder: Path, rows: Sequence[Measurement], results: Results) -> None:
    """Write ``measurements.csv``, one ``objects_*.csv`` a kind of object, ``profiles.csv``, and a table a check."""
    _write_csv(to_table(rows), folder / "measurements.csv")
    for kind, table in results.objects.items():
        _write_csv(table, folder / f"objects_{kind}.csv")
    _write_csv(results.profiles, folder / "profiles.csv")
    for name, table in results.checks.items():
        _write_csv(table, folder / f"{name}.csv")


def write_batch_tables(folder: Path, rows: Sequence[Measurement], failures: Sequence[Failure]) -> None:
    """Write ``measurements.csv``, ``measurements.parquet`` and ``failures.csv``, each whole or not at all."""
    table = to_table(rows)
    lost = pd.DataFrame([[getattr(failure, column) for column in _FAILURE_COLUMNS] for failure in failures])
    lost = lost.set_axis(_FAILURE_COLUMNS, axis=1) if failures else pd.DataFrame(columns=_FAILURE_COLUMNS)
    with atomic_path(folder / "measurements.csv") as path:
        _write_csv(table, path)
    with atomic_path(folder / "measurements.parquet") as path:
        table.to_parquet(path, index=False)
    with atomic_path(folder / "failures.csv") as path:
        _write_csv(lost, path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` as indented JSON in UTF-8."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
