"""The chunks that corrections have touched: copied from the automatic labels on the first write, read before them.

The overlay is a quicker form of what the journal says, no more: it can be made from the journal at any time.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from micro.blocks import Region, Shape, Source, read_region
from micro.correct._disk import sync_files
from micro.correct.patch import Change
from micro.errors import OutputError

__all__ = ["DamagedOverlay", "Overlay"]

_CHUNK: Shape = (64, 64, 64)
_FLAT_CHUNK: Shape = (1, 512, 512)
_STATE = "state.json"
_SHOWN_LEAST, _SHOWN_MOST = 2**18, 2**26
Key = tuple[int, int, int]


class DamagedOverlay(Exception):  # noqa: N818
    """A chunk that can't be read; the overlay is to be made anew from the journal."""


class Overlay:
    """Corrected voxels above labels that are never written.

    Chunks that changed are kept in memory until `flush`; more than ``cache_bytes`` of them are flushed by themselves.

    Parameters
    ----------
    folder
        Holds ``voxels.zarr`` (only chunks that were touched) and ``state.json`` (up to where of which journal).
    base
        The automatic labels: uint8, shape (z, y, x), numpy, zarr or dask.
    journal_id
        The journal that it follows; the overlay of another one is cleared.
    cache_bytes
        Memory for chunks.

    Raises
    ------
    OutputError
        If the folder can't be written.
    """

    def __init__(self, folder: Path, base: Source, *, journal_id: str, cache_bytes: int = 2**27) -> None:
        z, y, x = base.shape
        wanted = _FLAT_CHUNK if z == 1 else _CHUNK
        self.shape: Shape = (z, y, x)
        self.chunks: Shape = (min(wanted[0], z), min(wanted[1], y), min(wanted[2], x))
        self.folder = folder
        self.base = base
        self.journal_id = journal_id
        self.applied = 0
        self._most = max(8, cache_bytes // int(np.prod(self.chunks)))
        self._cache: OrderedDict[Key, NDArray[np.uint8]] = OrderedDict()
        self._dirty: set[Key] = set()
        self._unsynced: set[Key] = set()
        self._shown: tuple[Region, NDArray[np.uint8]] | None = None
        self._open()

    @property
    def keys(self) -> frozenset[Key]:
        """Which chunks were touched, as their numbers along z, y and x."""
        return frozenset(self._stored | self._dirty)

    def region_of(self, key: Key) -> Region:
        """Return the voxels of a chunk."""
        z, y, x = (
            slice(number * edge, min((number + 1) * edge, length))
            for number, edge, length in zip(key, self.chunks, self.shape, strict=True)
        )
        return (z, y, x)

    def read(self, region: Region) -> NDArray[np.uint8]:
        """Return the corrected values of a region (plain slices within the volume); a copy.

        The last large region is kept and follows the changes: a viewer reads the same slice after every stamp.
        """
        if self._shown is not None and self._shown[0] == region:
            return self._shown[1].copy()
        values = self._read(region)
        if _SHOWN_LEAST <= values.size <= _SHOWN_MOST:
            self._shown = (region, values.copy())
        return values

    def _read(self, region: Region) -> NDArray[np.uint8]:
        touched = [key for key in self._keys_in(region) if key in self._stored or key in self._dirty]
        if len(touched) == 1 and self._covers(touched[0], region):
            corner = self.region_of(touched[0])
            return self._chunk(touched[0])[_shifted(region, corner)].copy()
        out = np.array(read_region(self.base, region), np.uint8, copy=True, order="C")
        for key in touched:
            place = self.region_of(key)
            z, y, x = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(place, region, strict=True))
            out[_shifted((z, y, x), region)] = self._chunk(key)[_shifted((z, y, x), place)]
        return out

    def put(self, change: Change, *, backwards: bool = False) -> None:
        """Write the values after a change, or with ``backwards`` those before it."""
        values = change.before if backwards else change.after
        for key in self._keys_in(change.region):
            found = change.within(self.region_of(key))
            if found is None:
                continue
            shared, mask, picked = found
            self._chunk(key, write=True)[_shifted(shared, self.region_of(key))][mask] = values[picked]
        if self._shown is not None and (found := change.within(self._shown[0])) is not None:
            shared, mask, picked = found
            self._shown[1][_shifted(shared, self._shown[0])][mask] = values[picked]

    def flush(self, applied: int) -> None:
        """Write the chunks that changed, then note that the journal is followed up to byte ``applied``.

        Raises
        ------
        OutputError
            If that fails; the journal holds everything that is not in the overlay then.
        """
        try:
            for key in sorted(self._dirty):
                self._write(key)
            self._dirty.clear()
            sync_files(self.folder.joinpath("voxels.zarr", "c", *map(str, key)) for key in self._unsynced)
            self._unsynced.clear()
            self._note(applied)
        except OSError as error:
            raise OutputError(
                f"can't write {self.folder}: {error.strerror or error}; the journal beside it is complete, "
                "check the folder and its space"
            ) from error

    def clear(self) -> None:
        """Throw all chunks away: the automatic labels show again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._cache.clear()
        self._dirty.clear()
        self._unsynced.clear()
        self._shown = None
        self._open()

    def _open(self) -> None:
        try:
            state = self._state()
            if state.get("journal") != self.journal_id:
                shutil.rmtree(self.folder, ignore_errors=True)
                state = {}
            self.folder.mkdir(parents=True, exist_ok=True)
            # Chunks of zeros count, too: one that is missing means "as the automatic labels".
            with zarr.config.set({"array.write_empty_chunks": True}):
                if state:
                    self._array = zarr.open_array(self.folder / "voxels.zarr", mode="r+")
                else:
                    self._array = self._create()
        except OSError as error:
            raise OutputError(f"can't write {self.folder}: {error.strerror or error}; check the folder") from error
        self.applied = int(state.get("applied", 0))
        self._stored = set(self._listed())

    def _create(self) -> zarr.Array:
        return zarr.create_array(
            self.folder / "voxels.zarr",
            shape=self.shape,
            chunks=self.chunks,
            dtype=np.uint8,
            fill_value=0,
            compressors=zarr.codecs.ZstdCodec(level=1, checksum=True),
            dimension_names=["z", "y", "x"],
            overwrite=True,
        )

    def _state(self) -> dict[str, Any]:
        try:
            state = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _note(self, applied: int) -> None:
        beside = self.folder / f".{_STATE}.partial"
        with beside.open("w", encoding="utf-8") as stream:
            json.dump({"journal": self.journal_id, "applied": applied}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(self.folder / _STATE)
        self.applied = applied

    def _listed(self) -> Iterator[Key]:
        for path in (self.folder / "voxels.zarr" / "c").glob("*/*/*"):
            parts = path.parts[-3:]
            if all(part.isdigit() for part in parts):
                yield (int(parts[0]), int(parts[1]), int(parts[2]))

    def _keys_in(self, region: Region) -> Iterator[Key]:
        spans = [
            range(span.start // edge, -(-span.stop // edge)) for span, edge in zip(region, self.chunks, strict=True)
        ]
        yield from itertools.product(*spans)

    def _covers(self, key: Key, region: Region) -> bool:
        place = self.region_of(key)
        return all(a.start <= b.start and b.stop <= a.stop for a, b in zip(place, region, strict=True))

    def _chunk(self, key: Key, *, write: bool = False) -> NDArray[np.uint8]:
        chunk = self._cache.get(key)
        if chunk is None:
            chunk = self._load(key)
            self._make_room()
            self._cache[key] = chunk
        self._cache.move_to_end(key)
        if write:
            self._dirty.add(key)
        return chunk

    def _load(self, key: Key) -> NDArray[np.uint8]:
        place = self.region_of(key)
        if key not in self._stored:
            return np.array(read_region(self.base, place), np.uint8, copy=True, order="C")
        try:
            return np.array(self._array[place], np.uint8, copy=True, order="C")
        except (OSError, RuntimeError, ValueError) as error:
            raise DamagedOverlay(f"chunk {key}: {error}") from error

    def _make_room(self) -> None:
        """Drop the chunk that was used longest ago; one that changed is written first."""
        while len(self._cache) >= self._most:
            key = next(iter(self._cache))
            if key in self._dirty:
                self._write(key)
                self._dirty.discard(key)
            del self._cache[key]

    def _write(self, key: Key) -> None:
        self._array[self.region_of(key)] = self._cache[key]
        self._stored.add(key)
        self._unsynced.add(key)


def _shifted(region: Region, corner: Region) -> Region:
    """Return ``region`` in coordinates of the box ``corner``."""
    z, y, x = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(region, corner, strict=True))
    return (z, y, x)
