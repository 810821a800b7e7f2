"""Natural order of file names: slice2 before slice10."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["natural_key", "natural_sorted"]


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return the sort key of ``name`` in which runs of digits count as numbers.

    Examples
    --------
    >>> sorted(["slice10", "Slice2", "slice1"], key=natural_key)
    ['slice1', 'Slice2', 'slice10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    key = [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]
    # The spelling decides between equals (a01, a1), so that the order never depends on the file system.
    return (*key, (2, 0, name))


def natural_sorted(paths: Iterable[Path]) -> list[Path]:
    """Return ``paths`` in the natural order of their folders, then of their names.

    Examples
    --------
    >>> [path.name for path in natural_sorted([Path("s10.tif"), Path("s9.tif")])]
    ['s9.tif', 's10.tif']
    """
    return sorted(paths, key=lambda path: (natural_key(path.parent.as_posix()), natural_key(path.name)))
