"""Regions of zarr arrays on a local disk, read and written chunk by chunk in the thread that asks.

zarr hands each chunk through one event loop and two threads for all who ask. That takes longer than to decode it, and
block tasks wait for one another. What is written here zarr reads, and the other way round.
"""

from __future__ import annotations

import itertools
import math
import struct
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import zarr
from numcodecs import Blosc, Zstd
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, BytesCodec, ZstdCodec
from zarr.core.chunk_key_encodings import DefaultChunkKeyEncoding
from zarr.storage import LocalStore

from micro.blocks.recent import Recent
from micro.errors import OutputError, ParameterError
from micro.files import put_in_place

__all__ = ["ChunkFiles", "open_stored"]

_SHUFFLES = {"noshuffle": Blosc.NOSHUFFLE, "shuffle": Blosc.SHUFFLE, "bitshuffle": Blosc.BITSHUFFLE}

_BLOSC_SIZES = struct.Struct("<4x I 4x I")
"""Bytes of the chunk and of the file, in the first 16. Blosc believes them, and reads beyond the end of a cut file."""

Span = tuple[int, int]


class _Codec(Protocol):
    def encode(self, values: Any, /) -> bytes: ...  # noqa: ANN401

    def decode(self, stored: bytes, out: Any = ..., /) -> Any: ...  # noqa: ANN401


@dataclass(frozen=True, slots=True)
class ChunkFiles:
    """The chunks of one zarr array, a file each.

    Attributes
    ----------
    root
        Folder of the array.
    shape, chunks
        Of the array, and of a chunk.
    dtype
        What is read.
    codec
        Between a chunk and its file.
    recent
        Holds the chunks that were read last, while nobody writes to them; None: each is read anew.
    """

    root: Path
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    codec: _Codec
    recent: Recent | None = field(default=None, compare=False)

    @classmethod
    def of(cls, array: Any) -> ChunkFiles | None:  # noqa: ANN401
        """Return the chunks of an array that is stored as `Engine.array` stores it; None of any other.

        Examples
        --------
        >>> import tempfile
        >>> array = zarr.create_array(tempfile.mkdtemp() + "/a.zarr", shape=(5, 4), chunks=(2, 2), dtype="uint16")
        >>> array[1:3, 1:] = 7
        >>> files = ChunkFiles.of(array)
        >>> files[0:3, 0:2].tolist()
        [[0, 0], [0, 7], [0, 7]]
        >>> files[4:5, 0:4] = np.full((1, 4), 9, np.uint16)
        >>> int(array[:].sum())
        78
        """
        if not isinstance(array, zarr.Array) or not isinstance(array.store, LocalStore):
            return None
        about = array.metadata
        plain = (
            about.zarr_format == 3
            and isinstance(about.chunk_key_encoding, DefaultChunkKeyEncoding)
            and about.chunk_key_encoding.separator == "/"
            and array.shards is None
            and about.fill_value == 0
            and array.dtype.kind in "uifb"
            and array.dtype.isnative
        )
        if not plain:
            return None
        codec = _codec_of(about.codecs, array.dtype)
        root = Path(array.store.root) / array.path
        return None if codec is None else cls(root, array.shape, array.chunks, array.dtype, codec)

    def __getitem__(self, region: Sequence[slice]) -> NDArray[Any]:
        """Return a region, slices without steps, as an array of its own; what was never written is 0.

        Raises
        ------
        OutputError
            If the store is gone, or what a file holds is no chunk of it.
        """
        spans = self._spans(region)
        out = np.zeros([stop - start for start, stop in spans], self.dtype)
        for number, here in self._touched(spans):
            chunk = self._read(number)
            if chunk is not None:
                out[_within(here, [start for start, _ in spans])] = chunk[_within(here, self._begin(number))]
        return out

    def __setitem__(self, region: Sequence[slice], values: NDArray[Any]) -> None:
        """Write a region; of chunks that it covers in part, what else they hold stays.

        A chunk is written beside its file, which is then replaced: whoever reads it sees all of it or nothing.

        Raises
        ------
        ParameterError
            If the values have another shape than the region.
        OutputError
            If the store is gone.
        """
        spans = self._spans(region)
        expected = tuple(stop - start for start, stop in spans)
        if values.shape != expected:
            raise ParameterError(f"values of shape {values.shape} for a region of {expected}; expected one shape")
        for number, here in self._touched(spans):
            part = values[_within(here, [start for start, _ in spans])]
            begin = self._begin(number)
            whole = all(
                low <= first and stop == min(first + edge, length)
                for (low, stop), first, edge, length in zip(here, begin, self.chunks, self.shape, strict=True)
            )
            chunk = np.zeros(self.chunks, self.dtype) if whole else self._chunk(number)
            chunk[_within(here, begin)] = part
            self._put(self._file(number), chunk)

    def _spans(self, region: Sequence[slice]) -> list[Span]:
        return [span.indices(length)[:2] for span, length in zip(region, self.shape, strict=True)]

    def _touched(self, spans: list[Span]) -> Iterator[tuple[tuple[int, ...], list[Span]]]:
        """Give the chunks that a region touches, and the part of the region in each."""
        pairs = list(zip(spans, self.chunks, strict=True))
        for number in itertools.product(*(range(start // edge, -(-stop // edge)) for (start, stop), edge in pairs)):
            first = self._begin(number)
            here = [
                (max(start, low), min(stop, low + edge))
                for ((start, stop), edge), low in zip(pairs, first, strict=True)
            ]
            yield number, here

    def _begin(self, number: tuple[int, ...]) -> list[int]:
        return [n * edge for n, edge in zip(number, self.chunks, strict=True)]

    def _file(self, number: tuple[int, ...]) -> Path:
        return self.root.joinpath("c", *map(str, number))

    def _chunk(self, number: tuple[int, ...]) -> NDArray[Any]:
        stored = self._stored(number)
        return np.zeros(self.chunks, self.dtype) if stored is None else stored.copy()

    def _read(self, number: tuple[int, ...]) -> NDArray[Any] | None:
        if self.recent is None:
            return self._stored(number)
        return self.recent.get((self.root, number), partial(self._stored, number))

    def _stored(self, number: tuple[int, ...]) -> NDArray[Any] | None:
        """Return a chunk, not to be written to; None where it was never written."""
        path = self._file(number)
        stored = _content(path)
        if stored is None:
            self._require()
            return None
        size = math.prod(self.chunks) * self.dtype.itemsize
        try:
            if isinstance(self.codec, Blosc) and _BLOSC_SIZES.unpack(stored[:16]) != (size, len(stored)):
                raise ValueError(f"{len(stored)} bytes")
            # not into an array that is there: what holds too little would leave the end of it as it was
            found = self.codec.decode(stored)
            if len(found) != size:
                raise ValueError(f"{len(found)} bytes in place of {size}")
        except (RuntimeError, ValueError, MemoryError, struct.error) as error:
            raise OutputError(f"{path} is damaged ({error}); run it again") from error
        return np.frombuffer(found, self.dtype).reshape(self.chunks)

    def _require(self) -> None:
        """Refuse to take a store that somebody removed for one of zeros."""
        if not (self.root / "zarr.json").is_file():
            raise _gone(self.root)

    def _put(self, path: Path, chunk: NDArray[Any]) -> None:
        if not chunk.any():
            path.unlink(missing_ok=True)
            return
        stored = self.codec.encode(chunk)
        beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
        try:
            try:
                beside.write_bytes(stored)
            except FileNotFoundError:
                self._require()
                path.parent.mkdir(parents=True, exist_ok=True)
                beside.write_bytes(stored)
            put_in_place(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def open_stored(folder: Path) -> zarr.Array[Any]:
    """Return the zarr array in a folder, to be read.

    Raises
    ------
    OutputError
        If it is gone.

    Examples
    --------
    >>> import tempfile
    >>> open_stored(Path(tempfile.mkdtemp()) / "a.zarr")
    Traceback (most recent call last):
        ...
    micro.errors.OutputError: ...a.zarr: a volume between two stages is gone from the disk; run it again
    """
    try:
        return zarr.open_array(folder, mode="r")
    except FileNotFoundError:
        raise _gone(folder) from None


def _gone(folder: Path) -> OutputError:
    return OutputError(f"{folder}: a volume between two stages is gone from the disk; run it again")


def _content(path: Path) -> bytes | None:
    """Return the bytes of a file, None where there is none."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.readall()
    except FileNotFoundError:
        return None


def _codec_of(codecs: tuple[Any, ...], dtype: np.dtype[Any]) -> _Codec | None:
    """Return what numcodecs has for the codecs of an array, where they are plain bytes and one compressor."""
    if len(codecs) != 2 or not isinstance(codecs[0], BytesCodec):
        return None
    endian = codecs[0].endian
    if dtype.itemsize > 1 and (endian is None or endian.value != sys.byteorder):
        return None
    compressor = codecs[1]
    if isinstance(compressor, BloscCodec):
        shuffle = _SHUFFLES[compressor.shuffle.value]
        return cast("_Codec", Blosc(compressor.cname.value, compressor.clevel, shuffle, compressor.blocksize))
    if isinstance(compressor, ZstdCodec):
        return cast("_Codec", Zstd(compressor.level, compressor.checksum))
    return None


def _within(spans: list[Span], begin: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(start - low, stop - low) for (start, stop), low in zip(spans, begin, strict=True))
