"""The table for a paper: written beside the tidy tables of a run, or made from them later."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import micro
from micro.errors import InputMissingError, ParameterError, UnreadableFileError
from micro.io import atomic_path
from micro.model import TABLE_COLUMNS, Measurement
from micro.report import PaperTable, ReportParams, latex_table, markdown_table, paper_table, workbook_bytes
from micro_pipelines.metadata import Metadata

__all__ = ["FORMATS", "Finished", "paper_table_of_run", "read_finished", "write_paper_tables"]

FORMATS: tuple[str, ...] = ("md", "tex", "xlsx")
"""What `write_paper_tables` can write, as the endings of its files."""

_NUMBERS = ("value", "ci_low", "ci_high", "n")


@dataclass(frozen=True)
class Finished:
    """What a finished run left: its measurements, the version that made them, its headline metrics, and metadata.

    ``metadata`` is by the name of the sample.
    """

    rows: tuple[Measurement, ...]
    version: str
    headline: tuple[str, ...]
    metadata: Mapping[str, Metadata] = field(default_factory=dict)


def write_paper_tables(
    folder: Path, table: PaperTable, rows: Sequence[Measurement], *, formats: Sequence[str] = FORMATS
) -> tuple[Path, ...]:
    """Write ``table.md``, ``table.tex`` and ``table.xlsx``, each whole or not at all; return their paths.

    Parameters
    ----------
    folder
        Where they go.
    table
        The table as it is printed.
    rows
        All measurements, which the workbook holds too.
    formats
        Which of `FORMATS`.

    Raises
    ------
    ParameterError
        If a format is not known.
    OutputError
        If a file can't be written.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ParameterError(f"no table format {unknown[0]!r}; known: {', '.join(FORMATS)}")
    made = []
    for name in dict.fromkeys(formats):
        path = folder / f"table.{name}"
        with atomic_path(path) as beside:
            beside.write_bytes(_content(name, table, rows))
        made.append(path)
    return tuple(made)


def _content(name: str, table: PaperTable, rows: Sequence[Measurement]) -> bytes:
    if name == "xlsx":
        return workbook_bytes(table, rows)
    return (markdown_table(table) if name == "md" else latex_table(table)).encode("utf-8")


def paper_table_of_run(
    rows: Sequence[Measurement], params: ReportParams, metadata: Mapping[str, Metadata] | None = None
) -> PaperTable:
    """Return the table of the headline metrics of a run that has just been done; metadata by the sample's name."""
    return paper_table(rows, params.headline, version=micro.__version__, metadata=metadata)


def read_finished(folder: Path) -> Finished:
    """Read the measurements of a finished run, of one of its samples, or of a tidy table by itself.

    Parameters
    ----------
    folder
        The folder of a run or of a sample, or a ``measurements.csv``.

    Raises
    ------
    InputMissingError
        If there is no such folder, or no ``measurements.csv`` in it.
    UnreadableFileError
        If the file is no table of measurements, or holds none.
    """
    if not folder.exists():
        raise InputMissingError(f"no folder {folder}; expected the --out of a run, or one of its samples")
    path = folder / "measurements.csv" if folder.is_dir() else folder
    if not path.is_file():
        raise InputMissingError(f"no measurements.csv in {folder}; expected the --out of a run, or one of its samples")
    rows, metadata = _read_rows(path)
    if not rows:
        raise UnreadableFileError(f"{path} holds no measurements; did every sample of the run fail?")
    records = _records(path.parent, rows)
    versions = dict.fromkeys(str(record.get("versions", {}).get("micro", "")) for record in records)
    headline = next((tuple(found) for record in records if (found := _headline(record))), ReportParams().headline)
    return Finished(rows, ", ".join(filter(None, versions)), headline, metadata)


def _read_rows(path: Path) -> tuple[tuple[Measurement, ...], dict[str, Metadata]]:
    # By the plain reader: a sample may be called NA, and every digit of a number counts.
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in TABLE_COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise UnreadableFileError(f"{path} is no table of measurements: no column {missing[0]!r}")
            records = list(reader)
            added = [name for name in reader.fieldnames or () if name not in TABLE_COLUMNS]
            metadata = {str(one["sample"]): tuple((name, one[name] or "") for name in added) for one in records}
            return tuple(_row(record) for record in records), metadata
    except (ValueError, csv.Error, OSError) as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(f"{path} is no table of measurements: {' '.join(str(error).split())}") from error


def _row(record: Mapping[str, str | None]) -> Measurement:
    cells: dict[str, Any] = {name: record[name] or "" for name in TABLE_COLUMNS}
    cells |= {name: float(cells[name]) if cells[name] else None for name in _NUMBERS}
    return Measurement(**cells)


def _records(folder: Path, rows: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Return the ``run.json`` of the samples, those that can be read."""
    found = []
    for place in (folder, *(folder / name for name in dict.fromkeys(row.sample for row in rows) if name)):
        try:
            record = json.loads((place / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(record, dict):
            found.append(record)
    return found


def _headline(record: Mapping[str, Any]) -> list[str]:
    try:
        return [str(name) for name in record["recipe"]["report"]["headline"]]
    except (KeyError, TypeError):
        return []
