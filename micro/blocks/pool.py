"""Block tasks in other processes: who runs them, and how they may run twice.

A process that dies takes its results with it, and what it was doing is done again elsewhere. So a task
may run twice, even after it has written; it must not read what it overwrites.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import zarr

__all__ = ["Pool", "take_place", "twin_of"]

P = TypeVar("P")
Item = TypeVar("Item")


@runtime_checkable
class Pool(Protocol):
    """Processes, of this machine or of others, that call functions; all of them see ``folder``."""

    def map_items(
        self, one: Callable[[Item], P], items: Sequence[Item], *, folder: Path | None, told: Callable[[int], None]
    ) -> list[P]:
        """Call ``one`` on every item; return the results in order.

        ``one`` may run twice on an item. ``told`` is called in this process with how many are done, after each.
        """
        ...


def twin_of(array: zarr.Array) -> zarr.Array:
    """Make an empty array of the same kind beside one of `Engine.array`."""
    root = _root(array)
    folder = tempfile.mkdtemp(prefix="micro-", suffix=".zarr", dir=root.parent)
    # whoever holds the array reads what takes its place with the codecs that it knows
    return zarr.create_array(
        folder,
        shape=array.shape,
        dtype=array.dtype,
        chunks=array.chunks,
        compressors=array.compressors,
        overwrite=True,
    )


def take_place(twin: zarr.Array, array: zarr.Array) -> None:
    """Put the content of the twin in the array's place; whoever holds the array reads it from now on.

    Examples
    --------
    >>> array = zarr.create_array(tempfile.mkdtemp() + "/a.zarr", shape=(2,), chunks=(2,), dtype="uint8")
    >>> twin = twin_of(array)
    >>> twin[:] = [3, 4]
    >>> take_place(twin, array)
    >>> array[:].tolist()
    [3, 4]
    """
    root, other = _root(array), _root(twin)
    old = root.with_suffix(".old")
    root.rename(old)
    other.rename(root)
    shutil.rmtree(old, ignore_errors=True)


def _root(array: Any) -> Path:  # noqa: ANN401
    return Path(array.store.root)
