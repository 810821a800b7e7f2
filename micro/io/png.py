"""PNG pictures: grey, grey in colour channels, and palettes."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from micro.errors import UnreadableFileError
from micro.io._calibration.calibration import UNKNOWN, Calibration
from micro.io._calibration.resolution import from_density
from micro.io._grey import channels_to_grey, plain_palette
from micro.io._guard import guarded, present
from micro.io._opened import Opened, SliceHeader
from micro.io._stack import Stack

__all__ = ["PngReader"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3
_METRE_UM = 1e6
_DENSEST = 1100  # bytes out of one byte of deflate, and some


@dataclass(frozen=True, slots=True)
class _Head:
    """What the chunks before and around the pixels say."""

    width: int
    height: int
    bits: int
    colour: int
    density: tuple[int, int] | None
    palette: NDArray[np.uint8] | None

    @property
    def dtype(self) -> str:
        if self.bits == 1 and self.colour == 0:
            return "bool"
        return "uint16" if self.bits == 16 else "uint8"


class PngReader:
    """The reader of PNG files.

    Examples
    --------
    >>> PngReader().extensions
    ('.png',)
    """

    @property
    def extensions(self) -> tuple[str, ...]:
        """Endings of PNG names."""
        return (".png",)

    def open(self, path: Path) -> Opened:
        """Open a PNG as one grey slice.

        Raises
        ------
        UnreadableFileError
            If the file is empty, truncated, damaged or no PNG.
        ColourImageError
            If its channels differ.
        """
        with guarded(present(path), "PNG"):
            head = _head(path)
            shape = (1, head.height, head.width)
            stack = Stack(shape, np.dtype(head.dtype), partial(_read_stack, path), grain=shape)
            notes: tuple[str, ...] = ()
            if _SAMPLES[head.colour] > 1:
                stack[0]  # raises where it is a colour image
                notes = ("colour channels are equal: read as grey",)
        return Opened(stack, "PNG", _calibration(head), notes=notes, palette=head.palette)

    def header(self, path: Path) -> SliceHeader:
        """Return shape and type of the image without reading its pixels."""
        with guarded(present(path), "PNG"):
            head = _head(path)
        return SliceHeader((head.height, head.width), head.dtype, _SAMPLES[head.colour])

    def read(self, path: Path, rows: slice, columns: slice) -> NDArray[Any]:
        """Return part of the image as grey values (or as values of its palette)."""
        with guarded(present(path), "PNG"):
            return _pixels(path)[rows, columns]


def _read_stack(path: Path, z: slice, y: slice, x: slice) -> NDArray[Any]:
    with guarded(path, "PNG"):
        return _pixels(path)[np.newaxis][z, y, x]


def _pixels(path: Path) -> NDArray[Any]:
    data = path.read_bytes()
    colour = data[25]
    if colour == _PALETTE:
        # imagecodecs would turn the values into the colours that they stand for.
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture)
    pixels: NDArray[Any] = imagecodecs.png_decode(data)
    if data[24] == 1 and colour == 0:
        return pixels > 0
    return channels_to_grey(pixels, path.name) if pixels.ndim == 3 else pixels


def _head(path: Path) -> _Head:
    """Read the chunks of a PNG, see that the file is whole, and return what they say."""
    size, packed = path.stat().st_size, 0
    found: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        if file.read(8) != _SIGNATURE:
            raise UnreadableFileError(f"{path}: named as a PNG but not one; expected a PNG image, export it again")
        while b"IEND" not in found:
            start = file.read(8)
            if len(start) < 8 or file.tell() + (length := struct.unpack(">I", start[:4])[0]) + 4 > size:
                raise UnreadableFileError(f"{path}: the PNG is truncated at {size} bytes; copy or export it again")
            kind = start[4:]
            if kind == b"IDAT":
                packed += length
                file.seek(length + 4, 1)
                continue
            body = file.read(length)
            if zlib.crc32(kind + body) != struct.unpack(">I", file.read(4))[0]:
                raise UnreadableFileError(f"{path}: the PNG is damaged (checksum); copy or export it again")
            found.setdefault(kind, body)
    return _parsed(path, found, packed)


def _parsed(path: Path, found: dict[bytes, bytes], packed: int) -> _Head:
    if len(found.get(b"IHDR", b"")) != 13:
        raise UnreadableFileError(f"{path}: the PNG has no header; copy or export it again")
    width, height, bits, colour = struct.unpack(">IIBB", found[b"IHDR"][:10])
    if colour not in _SAMPLES or min(width, height) < 1 or width * height * bits // 8 > (packed + 1024) * _DENSEST:
        raise UnreadableFileError(f"{path}: the PNG is damaged (header); copy or export it again")
    density = None
    if len(found.get(b"pHYs", b"")) == 9:
        x, y, unit = struct.unpack(">IIB", found[b"pHYs"])
        density = (y, x) if unit == 1 and min(x, y) > 0 else None
    palette = None
    if colour == _PALETTE:
        colours = np.frombuffer(found.get(b"PLTE", b""), np.uint8)
        palette = colours[: len(colours) // 3 * 3].reshape(-1, 3)
        palette = None if plain_palette(palette) else palette
    return _Head(width, height, bits, colour, density, palette)


def _calibration(head: _Head) -> Calibration:
    if head.density is None:
        return UNKNOWN
    return from_density(head.density, _METRE_UM, f"{head.density[1]} pixels per metre", "PNG chunk pHYs")
