"""Pixels of TIFF pages: mapped into memory where they lie plain, else decoded by tifffile."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from micro.io._grey import channels_to_grey
from micro.io._guard import guarded
from micro.io._tiff_directory import Page

__all__ = ["CodedPages", "PlainPages", "read_page"]


@dataclass(frozen=True)
class PlainPages:
    """Reads regions of pages that lie uncompressed, each at its own byte of the file.

    Only the bytes of the region are touched; the file is opened anew at every call, so that the
    reader can be sent to other processes.
    """

    path: Path
    starts: NDArray[np.int64]
    height: int
    width: int
    dtype: str

    def __call__(self, z: slice, y: slice, x: slice) -> NDArray[Any]:
        """Return the voxels of three plain slices in the byte order of this machine."""
        stored = np.dtype(self.dtype)
        out = np.empty((z.stop - z.start, y.stop - y.start, x.stop - x.start), stored.newbyteorder("="))
        if out.size == 0:
            return out
        first = y.start * self.width * stored.itemsize
        with (
            guarded(self.path, "TIFF"),
            self.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as bytes_,
        ):
            for place, start in zip(out, self.starts[z].tolist(), strict=True):
                rows = np.ndarray((len(place), self.width), stored, buffer=bytes_, offset=start + first)
                place[...] = rows[:, x]
                del rows  # it holds the map open
        return out


@dataclass(frozen=True)
class CodedPages:
    """Reads regions of pages that tifffile must decode; only strips and tiles in the region are decoded."""

    path: Path
    offsets: NDArray[np.int64]
    dtype: str

    def __call__(self, z: slice, y: slice, x: slice) -> NDArray[Any]:
        """Return the grey voxels of three plain slices."""
        out = np.empty((z.stop - z.start, y.stop - y.start, x.stop - x.start), self.dtype)
        if out.size == 0:
            return out
        with guarded(self.path, "TIFF"), tifffile.TiffFile(self.path) as tiff:
            for number, place in zip(range(z.start, z.stop), out, strict=True):
                name = f"{self.path.name}, page {number + 1}" if len(self.offsets) > 1 else self.path.name
                place[...] = _decoded(tiff, int(self.offsets[number]), y, x, name)
        return out


def read_page(path: Path, page: Page, y: slice, x: slice) -> NDArray[Any]:
    """Return part of one page as grey values, shape (rows, columns)."""
    if page.plain:
        starts = np.array([page.data_start])
        plain = PlainPages(path, starts, page.height, page.width, page.stored_dtype)
        return plain(slice(0, 1), y, x).reshape(y.stop - y.start, x.stop - x.start)
    coded = CodedPages(path, np.array([page.offset]), page.dtype)
    return coded(slice(0, 1), y, x).reshape(y.stop - y.start, x.stop - x.start)


def _decoded(tiff: tifffile.TiffFile, offset: int, y: slice, x: slice, name: str) -> NDArray[Any]:
    tiff.filehandle.seek(offset)
    page = tifffile.TiffPage(tiff, 0)
    if page.samplesperpixel > 1 or page.compression == tifffile.COMPRESSION.JPEG:
        pixels: NDArray[Any] = page.asarray()
        if page.axes == "SYX":
            pixels = np.moveaxis(pixels, 0, -1)
        return channels_to_grey(pixels, name)[y, x] if pixels.ndim == 3 else pixels[y, x]
    return _decoded_segments(tiff, page, y, x)


def _decoded_segments(tiff: tifffile.TiffFile, page: tifffile.TiffPage, y: slice, x: slice) -> NDArray[Any]:
    """Decode the strips or tiles of a page of one sample that meet the region."""
    height, width = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    height = min(height, page.imagelength) if not page.is_tiled else height
    across = -(-page.imagewidth // width)
    out = np.full((y.stop - y.start, x.stop - x.start), page.nodata, page.dtype)
    for row in range(y.start // height, -(-y.stop // height)):
        for column in range(x.start // width, -(-x.stop // width)):
            number = row * across + column
            start, count = page.dataoffsets[number], page.databytecounts[number]
            if not start or not count:
                continue  # a tile that was never written holds the value for no data
            tiff.filehandle.seek(start)
            segment, place, shape = page.decode(tiff.filehandle.read(count), number)
            if segment is None:
                continue
            piece = segment[0, : shape[1], : shape[2], 0]
            _paste(out, piece, (place[2] - y.start, place[3] - x.start))
    return out


def _paste(out: NDArray[Any], piece: NDArray[Any], corner: tuple[int, int]) -> None:
    """Put ``piece`` with its first pixel at ``corner`` of ``out``; what lies outside is left off."""
    inside = tuple(
        slice(max(c, 0), min(c + n, size)) for c, n, size in zip(corner, piece.shape, out.shape, strict=True)
    )
    part = tuple(slice(s.start - c, s.stop - c) for s, c in zip(inside, corner, strict=True))
    out[inside] = piece[part]
