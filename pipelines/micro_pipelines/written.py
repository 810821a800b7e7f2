"""What a run has written into a sample's folder, so that another one can tell whether all of it is still there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["differing", "written"]

READ_BYTES = 16 * 2**20
"""Files of the folder itself up to this size are compared by what they hold; others by their sizes."""

LEFT_OUT = frozenset({"run.json", "results.npz"})
"""The record, which this stands in; and what is measured once more where it is damaged."""
FOREIGN = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
"""What file managers leave where somebody looks; in lower case."""


def written(folder: Path) -> dict[str, dict[str, Any]]:
    """Return, for each file and folder in ``folder``, how many files it is and a digest of their names and sizes.

    Of tables and other small files in the folder itself the digest is of what they hold.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "measurements.csv").write_bytes(b"metric,value")
    >>> known = written(folder)
    >>> known["measurements.csv"]["files"], differing(folder, known)
    (1, '')
    >>> _ = (folder / "measurements.csv").write_bytes(b"metric,other")
    >>> differing(folder, known)
    'measurements.csv'
    """
    return {entry.name: _entry(entry) for entry in sorted(folder.iterdir()) if entry.name not in LEFT_OUT}


def differing(folder: Path, known: Mapping[str, Any]) -> str:
    """Return the name of what is gone from a folder, or is not as `written` found it; empty where all is.

    What was added since is not looked at: corrections, marks of a review.
    """
    for name, found in known.items():
        if not (folder / name).exists() or _entry(folder / name) != found:
            return name
    return ""


def _entry(path: Path) -> dict[str, Any]:
    if path.is_file() and path.stat().st_size <= READ_BYTES:
        return {"files": 1, "digest": hashlib.sha256(path.read_bytes()).hexdigest()}
    sizes = sorted(_sizes(path))
    text = "".join(f"{name} {size}\n" for name, size in sizes)
    return {"files": len(sizes), "digest": hashlib.sha256(text.encode("utf-8")).hexdigest()}


def _sizes(path: Path) -> Iterator[tuple[str, int]]:
    """Give the files in a folder by their path within it, or a file by its name, each with its size."""
    if path.is_file():
        yield path.name, path.stat().st_size
        return
    for place, _, names in os.walk(path):
        within = Path(place).relative_to(path)
        for name in names:
            if name.lower() in FOREIGN or name.startswith("._"):
                continue
            yield (within / name).as_posix(), (Path(place) / name).stat().st_size
