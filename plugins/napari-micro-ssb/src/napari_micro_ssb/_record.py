"""What the record of a finished sample, ``run.json``, says of how it came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from micro.errors import MicroError, UnreadableFileError
from micro_pipelines.first_state import FirstState, read_first_states
from micro_pipelines.recipe import Recipe
from micro_pipelines.sources import Source

__all__ = ["first_in", "recipe_in", "source_in"]


def recipe_in(folder: Path) -> Recipe:
    """Return the recipe of a finished sample.

    Raises
    ------
    UnreadableFileError
        If its ``run.json`` can't be read.
    """
    try:
        return Recipe.model_validate(_record(folder)["recipe"])
    except MicroError:
        raise
    except (ValueError, KeyError) as error:
        raise UnreadableFileError(f"{folder / 'run.json'} can't be read: {' '.join(str(error).split())}") from None


def source_in(folder: Path, paths: tuple[Path, ...]) -> Source:
    """Return the labels of a finished sample under its name, in its state, and with what the user knew of it.

    Raises
    ------
    UnreadableFileError
        If its ``run.json`` can't be read.
    """
    record = _record(folder)
    metadata = record.get("metadata", {})
    known = tuple((str(name), str(text)) for name, text in metadata.items()) if isinstance(metadata, dict) else ()
    return Source(folder.name, paths, str(record.get("state", "")), metadata=known)


def first_in(folder: Path) -> tuple[FirstState | None, Path | None]:
    """Return the first state of the series that a finished sample belongs to, and the sample that it is.

    None where the sample was measured by itself, or the first state is not there any more; no place where it is the
    first state itself.

    Raises
    ------
    UnreadableFileError
        If its ``run.json`` can't be read.
    """
    known = _record(folder).get("fingerprint", {}).get("first_state")
    if not isinstance(known, dict):
        return None, None
    if known.get("contact_fraction") is None:
        return FirstState(str(known.get("sample", "")), str(known.get("state", ""))), None
    place = folder.parent / str(known.get("sample", ""))
    try:
        states = read_first_states(place)
    except MicroError:
        return None, None
    return (states[0], place) if states[0].as_dict() == known else (None, None)


def _record(folder: Path) -> Mapping[str, Any]:
    path = folder / "run.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"{path} can't be read: {' '.join(str(error).split())}") from None
    if not isinstance(record, dict):
        raise UnreadableFileError(f"{path} can't be read: it is no record of a run")
    return record
