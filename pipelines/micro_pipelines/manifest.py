"""A manifest: many samples in a CSV or TOML file, each with its path and whatever the user knows about it."""

from __future__ import annotations

import csv
import difflib
import io
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from micro.errors import CalibrationError, ManifestError
from micro.model import TABLE_COLUMNS, Spacing
from micro_pipelines.metadata import metadata_names
from micro_pipelines.source import Source, safe_name

__all__ = ["KNOWN", "is_manifest", "read_manifest"]

KNOWN = ("path", "sample", "state", "voxel_size")
"""Columns that mean something; all others are metadata."""

_NEAR = 0.85
"""Likeness from which a column is taken for a slip of the pen; "stage" is no "state" (0.80)."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One sample as it is written: where, and its texts by column."""

    place: str
    cells: Mapping[str, str]


def is_manifest(path: Path) -> bool:
    """Tell by its name whether a file lists samples.

    Examples
    --------
    >>> is_manifest(Path("cells.CSV")), is_manifest(Path("cell.tif"))
    (True, False)
    """
    return path.suffix.lower() in (".csv", ".toml") and not path.is_dir()


def read_manifest(path: Path) -> tuple[Source, ...]:
    """Return the samples that a manifest lists, in its order.

    Parameters
    ----------
    path
        A CSV (UTF-8; comma, semicolon or tab) with a header, or a TOML with one ``[[sample]]`` a sample. The
        column, or key, ``path`` is relative to the manifest; ``sample``, ``state`` and ``voxel_size`` (with
        its unit) may be there; all others are metadata. Paths may lead nowhere: that is the sample's failure.

    Raises
    ------
    ManifestError
        If the file can't be read, lists nothing, lacks ``path``, has a column without a name or one that may
        be a slip of the pen, or names a sample twice.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "cells.csv"
    >>> _ = file.write_text("path,state,cell\\na.tif,pristine,A1\\n", encoding="utf-8")
    >>> (source,) = read_manifest(file)
    >>> source.name, source.state, source.metadata
    ('a', 'pristine', (('cell', 'A1'),))
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not in UTF-8; save it as UTF-8 (Excel: CSV UTF-8)") from None
    except OSError as error:
        raise ManifestError(f"{path} can't be read: {error.strerror or error}") from None
    rows = _toml_rows(path, text) if path.suffix.lower() == ".toml" else _csv_rows(path, text)
    if not rows:
        raise ManifestError(f"{path} lists no samples; expected a line, or a [[sample]], each")
    _refuse_odd_columns(path, list(dict.fromkeys(name for row in rows for name in row.cells)))
    return _sources(path, rows)


def _csv_rows(path: Path, text: str) -> list[_Row]:
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    try:
        lines = list(_numbered(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)))
    except csv.Error as error:
        raise ManifestError(f"{path} is no CSV: {error}; expected a header and a line a sample") from None
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if not lines:
        return []
    (_, names), *samples = lines
    _refuse_unnamed(path, names)
    rows = []
    for number, cells in samples:
        place = f"{path.name}, line {number}"
        if len(cells) > len(names):
            raise ManifestError(f"{place}: {len(cells)} cells below {len(names)} columns; is a comma not in quotes?")
        rows.append(_Row(place, dict(zip(names, (*cells, *[""] * (len(names) - len(cells))), strict=True))))
    return rows


def _numbered(reader: Any) -> Iterable[tuple[int, list[str]]]:  # noqa: ANN401 - csv's reader has no public type
    for cells in reader:
        yield reader.line_num, [cell.strip() for cell in cells]


def _refuse_unnamed(path: Path, names: Sequence[str]) -> None:
    for number, name in enumerate(names, 1):
        if not name:
            raise ManifestError(f"{path}: column {number} has no name; give it one, or remove it")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ManifestError(f"{path}: two columns are called {twice[0]!r}; expected each name once")


def _toml_rows(path: Path, text: str) -> list[_Row]:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path} is no TOML: {error}") from None
    samples = found.pop("sample", None)
    if found or not isinstance(samples, list) or not all(isinstance(sample, dict) for sample in samples):
        what = f"found {', '.join(found)}" if found else "found none"
        raise ManifestError(f"{path} is no list of samples: {what}; expected one [[sample]] a sample and nothing else")
    rows = []
    for number, sample in enumerate(samples, 1):
        place = f"{path.name}, sample {number}"
        if not isinstance(sample.get("path", ""), str):
            raise ManifestError(f"{place}: path = {sample['path']!r}; expected a text in quotes")
        cells = {name.strip(): _text(value, f"{place}: {name}") for name, value in sample.items()}
        if "" in cells:
            raise ManifestError(f"{place}: a key has no name; give it one, or remove it")
        rows.append(_Row(place, cells))
    return rows


def _text(value: object, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float | date | time):
        raise ManifestError(f"{where} = {value!r}; expected one text or number")
    return str(value).strip()


def _refuse_odd_columns(path: Path, names: Sequence[str]) -> None:
    found = f"found {', '.join(names)}"
    for name in names:
        if name in KNOWN:
            continue
        plain = name.casefold().replace(" ", "_").replace("-", "_")
        meant = difflib.get_close_matches(plain, KNOWN, n=1, cutoff=_NEAR)
        if meant:
            raise ManifestError(f"{path}: column {name!r} is not known, did you mean {meant[0]!r}?")
        if plain in TABLE_COLUMNS:
            raise ManifestError(f"{path}: column {name!r} has the name of a column of the results; call it otherwise")
    if "path" not in names:
        raise ManifestError(f"{path} has no column 'path'; {found}; expected a path a sample")


def _sources(path: Path, rows: Sequence[_Row]) -> tuple[Source, ...]:
    columns = metadata_names(tuple((name, "") for name in row.cells if name not in KNOWN) for row in rows)
    often = Counter(row.cells.get("sample", "").casefold() for row in rows)
    sources: list[Source] = []
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        if not row.cells.get("path"):
            raise ManifestError(f"{row.place}: the path is empty; expected a file or a folder")
        file = path.parent / Path(row.cells["path"]).expanduser()
        sample, state = (row.cells.get(name, "") for name in ("sample", "state"))
        _refuse_twice(seen, ("path", str(file.resolve())), row.place, f"the file {row.cells['path']}")
        if sample:
            told = f"the sample {sample!r}" + (f" in the state {state!r}" if state else "")
            _refuse_twice(seen, (sample.casefold(), state.casefold()), row.place, told)
        several = bool(sample) and often[sample.casefold()] > 1
        name = safe_name(f"{sample} {state}" if several else sample or file.name)
        if sample:
            _refuse_twice(seen, ("folder", name.casefold()), row.place, f"a sample with the folder {name!r}")
        sources.append(
            Source(
                name,
                (file,),
                state,
                safe_name(sample) if several else "",
                _spacing(row),
                tuple((name, row.cells.get(name, "")) for name in columns),
                row.place,
            )
        )
    return tuple(sources)


def _refuse_twice(seen: dict[tuple[str, ...], str], key: tuple[str, ...], place: str, what: str) -> None:
    if key in seen:
        raise ManifestError(f"{place}: {what} stands in {seen[key]} already; expected each once")
    seen[key] = place


def _spacing(row: _Row) -> Spacing | None:
    text = row.cells.get("voxel_size", "")
    try:
        return Spacing.parse(text) if text else None
    except CalibrationError as error:
        raise ManifestError(f"{row.place}: {error}") from None
