"""The page directory of a TIFF: where every page lies, read fast and checked against the file's size.

Follows TIFF 6.0 (Adobe 1992) and BigTIFF. Only what decides where pixels lie is read here, so that
a stack of thousands of pages or files opens in a fraction of a second; decoding is left to tifffile.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from micro.errors import UnreadableFileError, UnsupportedFormatError

__all__ = ["Page", "read_first_page", "read_pages"]

_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_NAMES = {
    254: "subfile",
    256: "width",
    257: "height",
    258: "bits",
    259: "compression",
    262: "photometric",
    266: "fill_order",
    273: "offsets",
    277: "samples",
    278: "rows_per_strip",
    279: "counts",
    284: "planar",
    322: "tile_width",
    323: "tile_height",
    324: "offsets",
    325: "counts",
    339: "sample_format",
    32997: "depth",
}
_STATED = {270: 1, 282: 8, 283: 8, 34118: 1, 34680: 1, 34682: 1}  # what tells the voxel size: bytes a value
_KINDS = {1: "u", 2: "i", 3: "f"}
_KIND_NAMES = {"u": "uint", "i": "int", "f": "float"}
_MOST_TAGS = 1000
_DENSEST = {5: 4096, 8: 1100, 32946: 1100, 32773: 128}  # bytes out of one byte: LZW, deflate, PackBits
_SLACK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its image, and the first and last byte of its pixels in the file.

    ``plain`` pages lie uncompressed in one piece, so that they can be mapped into memory.
    """

    offset: int
    height: int
    width: int
    samples: int
    bits: int
    kind: str
    byteorder: str
    compression: int
    photometric: int
    reduced: bool
    segment: tuple[int, int]
    data_start: int
    data_stop: int
    plain: bool

    @property
    def same_as(self) -> tuple[object, ...]:
        """What the pages of a stack must share."""
        return (self.height, self.width, self.samples, self.bits, self.kind)

    @property
    def dtype(self) -> str:
        """Type of the decoded pixels, such as ``uint16``."""
        if self.bits == 1:
            return "bool"
        size = next((size for size in (8, 16, 32, 64) if size >= self.bits), 64)
        return f"{_KIND_NAMES[self.kind]}{size}"

    @property
    def stored_dtype(self) -> str:
        """Type of the pixels of a plain page as they lie in the file, such as ``>u2``."""
        return f"{self.byteorder}{self.kind}{self.bits // 8}"

    @property
    def image_bytes(self) -> int:
        """Bytes of the uncompressed image, rows padded to whole bytes."""
        return self.height * ((self.width * self.samples * self.bits + 7) // 8)


def read_pages(path: Path) -> tuple[Page, ...]:
    """Return all pages of ``path`` but previews of reduced size.

    Raises
    ------
    UnreadableFileError
        If this is no TIFF, or is damaged or cut short.
    UnsupportedFormatError
        If a page holds something other than real numbers of one width.
    """
    return _read(path, most=None)


def read_first_page(path: Path) -> tuple[Page, int]:
    """Return the first page of ``path`` and how many there are at least (1 or 2)."""
    pages = _read(path, most=2)
    return pages[0], len(pages)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the numbers of this file are written."""

    byteorder: str
    offset_size: int
    count_format: str
    next_format: str
    entry_size: int
    size: int


def _read(path: Path, most: int | None) -> tuple[Page, ...]:
    pages: list[Page] = []
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        layout, at = _header(file, path, size)
        seen: set[int] = set()
        while at and (most is None or len(pages) < most):
            if at in seen:
                raise UnreadableFileError(f"{path}: its list of pages runs in a circle; the file is damaged")
            seen.add(at)
            fields, at_next = _directory(file, path, layout, at)
            page = _page(path, layout, at, fields, len(seen))
            if not page.reduced:
                pages.append(page)
            at = at_next
    if not pages:
        raise UnreadableFileError(f"{path}: a TIFF without an image; the file is damaged or was not finished")
    return tuple(pages)


def _header(file: BinaryIO, path: Path, size: int) -> tuple[_Layout, int]:
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    version = struct.unpack(f"{order}H", head[2:4])[0] if order and len(head) >= 4 else 0
    if order is None or version not in {42, 43}:
        raise UnreadableFileError(f"{path}: named as a TIFF but not one; expected a TIFF image, export it again")
    if len(head) < (8 if version == 42 else 16):
        raise truncated(path, size, len(head) + 1)
    if version == 42:
        return _Layout(order, 4, f"{order}H", f"{order}I", 12, size), struct.unpack(f"{order}I", head[4:8])[0]
    return _Layout(order, 8, f"{order}Q", f"{order}Q", 20, size), struct.unpack(f"{order}Q", head[8:16])[0]


def truncated(path: Path, size: int, needed: int) -> UnreadableFileError:
    """Return the error of a file that ends too early."""
    return UnreadableFileError(
        f"{path}: the file is truncated: it has {size} bytes and refers to byte {needed}; copy or export it again"
    )


def _directory(file: BinaryIO, path: Path, layout: _Layout, at: int) -> tuple[dict[str, tuple[int, ...]], int]:
    """Return the fields of the directory at byte ``at`` that matter here, and where the next one is."""
    count_size, next_size = struct.calcsize(layout.count_format), layout.offset_size
    file.seek(at)
    block = file.read(count_size + 24 * layout.entry_size + next_size)
    if len(block) < count_size:
        raise truncated(path, layout.size, at + count_size)
    count = struct.unpack_from(layout.count_format, block)[0]
    if not 0 < count <= _MOST_TAGS:
        raise UnreadableFileError(f"{path}: a page with {count} tags at byte {at}; the file is damaged")
    length = count_size + count * layout.entry_size + next_size
    if len(block) < length:
        file.seek(at)
        block = file.read(length)
        if len(block) < length:
            raise truncated(path, layout.size, at + length)
    entry = f"{layout.byteorder}HHI4s" if layout.offset_size == 4 else f"{layout.byteorder}HHQ8s"
    fields = {}
    for tag, kind, values, inline in struct.iter_unpack(entry, block[count_size : length - next_size]):
        if tag in _NAMES and kind in _FORMATS:
            fields[_NAMES[tag]] = _values(file, path, layout, kind, values, inline)
        elif (length_bytes := _STATED.get(tag, 0) * values) > layout.offset_size:
            _see_whole(path, layout, inline, length_bytes)
    return fields, struct.unpack_from(layout.next_format, block, length - next_size)[0]


def _values(file: BinaryIO, path: Path, layout: _Layout, kind: int, count: int, inline: bytes) -> tuple[int, ...]:
    """Return the numbers of one tag, from its entry or from where the entry says that they are."""
    format_ = f"{layout.byteorder}{count}{_FORMATS[kind]}"
    length = struct.calcsize(format_)
    if length > len(inline):
        file.seek(_see_whole(path, layout, inline, length))
        inline = file.read(length)
    return struct.unpack_from(format_, inline)


def _see_whole(path: Path, layout: _Layout, inline: bytes, length: int) -> int:
    """Return where the values of a tag lie that do not fit into its entry; they must lie in the file."""
    at: int = struct.unpack(layout.next_format, inline)[0]
    if at + length > layout.size:
        raise truncated(path, layout.size, at + length)
    return at


def _page(path: Path, layout: _Layout, at: int, fields: dict[str, tuple[int, ...]], number: int) -> Page:
    def one(name: str, default: int) -> int:
        found = fields.get(name)
        return found[0] if found else default

    height, width, samples = one("height", 0), one("width", 0), one("samples", 1)
    offsets = fields.get("offsets", ())
    if height < 1 or width < 1 or samples < 1 or not offsets or one("depth", 1) > 1:
        raise UnreadableFileError(f"{path}: page {number} has no image of rows and columns; the file is damaged")
    bits, kind = _type(path, fields)
    tiled = "tile_width" in fields
    rows = min(one("rows_per_strip", height), height)
    segment = (one("tile_height", 0), one("tile_width", 0)) if tiled else (rows, width)
    if min(segment) < 1:
        raise UnreadableFileError(f"{path}: page {number} has empty strips or tiles; the file is damaged")
    planes = samples if one("planar", 1) == 2 else 1
    wanted = math.ceil(height / segment[0]) * math.ceil(width / segment[1]) * planes
    row_bytes = (width * (1 if planes > 1 else samples) * bits + 7) // 8
    counts = fields.get("counts", (height * row_bytes * planes // len(offsets),) * len(offsets))
    if wanted != len(offsets) or len(counts) != len(offsets):
        raise UnreadableFileError(
            f"{path}: page {number} has {len(offsets)} strips or tiles; expected {wanted}, the file is damaged"
        )
    compression = one("compression", 1)
    stop, total, adjacent = _extent(offsets, counts)
    if stop > layout.size:
        raise truncated(path, layout.size, stop)
    needed = height * row_bytes * planes
    if (compression == 1 and total < needed) or needed > total * _DENSEST.get(compression, 2**40) + _SLACK_BYTES:
        raise UnreadableFileError(
            f"{path}: page {number} holds {total} bytes for an image of {width} x {height} pixels; the file is damaged"
        )
    plain = compression == 1 and not tiled and samples == 1 and bits in {8, 16, 32, 64} and one("fill_order", 1) == 1
    return Page(
        offset=at,
        height=height,
        width=width,
        samples=samples,
        bits=bits,
        kind=kind,
        byteorder=layout.byteorder,
        compression=compression,
        photometric=one("photometric", 1),
        reduced=bool(one("subfile", 0) & 1),
        segment=segment,
        data_start=offsets[0],
        data_stop=stop,
        plain=plain and adjacent,
    )


def _extent(offsets: tuple[int, ...], counts: tuple[int, ...]) -> tuple[int, int, bool]:
    """Return the byte after the last one, the bytes in all, and whether the pieces follow each other."""
    if len(offsets) == 1:
        return offsets[0] + counts[0], counts[0], True
    starts, lengths = np.array(offsets, np.uint64), np.array(counts, np.uint64)
    stops = starts + lengths
    return int(stops.max()), int(lengths.sum()), bool(np.all(starts[1:] == stops[:-1]))


def _type(path: Path, fields: dict[str, tuple[int, ...]]) -> tuple[int, str]:
    bits = set(fields.get("bits", (1,)))
    formats = set(fields.get("sample_format", (1,)))
    kind = _KINDS.get(min(formats, default=1), "u" if formats == {4} else "")
    if len(bits) != 1 or len(formats) != 1 or not kind or not 1 <= min(bits) <= 64:
        raise UnsupportedFormatError(
            f"{path}: pixels of {sorted(bits)} bits and sample format {sorted(formats)}; expected grey values of one "
            "type, integer or floating point"
        )
    return min(bits), kind
