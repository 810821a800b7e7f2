"""TIFF of every kind: plain, multi-page, BigTIFF, OME, ImageJ, compressed, tiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from micro.errors import ShapeMismatchError, UnreadableFileError
from micro.io._calibration.fei import fei_rows
from micro.io._calibration.tags import TiffTags
from micro.io._calibration.tiff import read_tiff_calibration
from micro.io._grey import plain_palette
from micro.io._guard import guarded, present
from micro.io._opened import Opened, SliceHeader
from micro.io._stack import Stack
from micro.io._tiff_axes import Planes, planes_of
from micro.io._tiff_directory import Page, read_first_page, read_pages, truncated
from micro.io._tiff_pixels import CodedPages, PlainPages, read_page

__all__ = ["TiffReader"]

_WANTED_TAGS = (270, 282, 283, 296, 320, 34118, 34680, 34682)


class TiffReader:
    """The reader of TIFF files.

    Examples
    --------
    >>> TiffReader().extensions
    ('.tif', '.tiff', '.btf', '.tf8')
    """

    @property
    def extensions(self) -> tuple[str, ...]:
        """Endings of TIFF names."""
        return (".tif", ".tiff", ".btf", ".tf8")

    def open(self, path: Path) -> Opened:
        """Open a TIFF lazily as one grey stack.

        Raises
        ------
        UnreadableFileError
            If the file is empty, truncated, damaged or no TIFF.
        ShapeMismatchError
            If its pages differ in shape or type.
        UnsupportedFormatError
            If it holds several channels or time points, or real colour.
        """
        with guarded(present(path), "TIFF"):
            pages = read_pages(path)
            tags = _tags(path)
            planes = planes_of(tags.description, path.name)
            _check_alike(path, pages)
            stack, notes = _stack(path, pages, planes)
            calibration = read_tiff_calibration(tags)
            rows = fei_rows(tags, pages[0].height)
            if pages[0].samples > 1:
                stack[0]  # raises where it is a colour image
                notes = (*notes, "colour channels are equal: read as grey")
        cuts = () if rows == pages[0].height else (f"rows {rows} to {pages[0].height - 1} (data bar)",)
        return Opened(
            stack=stack.rows(rows),
            format=_format_name(path, planes, pages),
            calibration=calibration,
            cuts=cuts,
            notes=notes,
            palette=_palette(pages[0], tags),
            white_is_zero=pages[0].photometric == 0,
        )

    def header(self, path: Path) -> SliceHeader:
        """Return shape and type of the first page without reading its pixels."""
        with guarded(present(path), "TIFF"):
            page, count = read_first_page(path)
        return SliceHeader((page.height, page.width), page.dtype, page.samples, count)

    def read(self, path: Path, rows: slice, columns: slice) -> NDArray[Any]:
        """Return part of the first page as grey values."""
        with guarded(present(path), "TIFF"):
            page, _ = read_first_page(path)
        return read_page(path, page, rows, columns)


def _tags(path: Path) -> TiffTags:
    with tifffile.TiffFile(path) as tiff:
        tags = tiff.pages.first.tags
        return TiffTags({code: tags[code].value for code in _WANTED_TAGS if code in tags})


def _check_alike(path: Path, pages: tuple[Page, ...]) -> None:
    first = pages[0]
    for number, page in enumerate(pages, start=1):
        if page.same_as != first.same_as:
            raise ShapeMismatchError(
                f"{path}: page {number} is {page.width} x {page.height} {page.dtype}, page 1 is "
                f"{first.width} x {first.height} {first.dtype}; expected slices alike, save them apart"
            )


def _stack(path: Path, pages: tuple[Page, ...], planes: Planes) -> tuple[Stack, tuple[str, ...]]:
    """Return the stack of all slices, and notes where pages and description disagree."""
    first, count = pages[0], planes.count or len(pages)
    notes: tuple[str, ...] = ()
    starts = np.array([page.data_start for page in pages])
    if len(pages) < count and first.plain and planes.flavour != "OME-TIFF":
        # ImageJ and tifffile may write one directory for the whole stack; the slices follow in one piece.
        end = first.data_start + count * first.image_bytes
        if end > path.stat().st_size:
            raise truncated(path, path.stat().st_size, end)
        starts = first.data_start + np.arange(count) * first.image_bytes
    elif count != len(pages):
        if len(pages) < count and len(pages) > 1:
            raise UnreadableFileError(
                f"{path}: {len(pages)} pages of the {count} slices that it should hold; copy or export it again"
            )
        notes = (f"the description counts {count} slices, the file holds {len(pages)}: read as {len(pages)}",)
    if all(page.plain for page in pages):
        plain = PlainPages(path, starts, first.height, first.width, first.stored_dtype)
        grain = (1, max(1, min(first.height, 2**20 // (first.width * first.bits // 8))), first.width)
        return Stack((len(starts), first.height, first.width), np.dtype(first.dtype), plain, grain), notes
    coded = CodedPages(path, np.array([page.offset for page in pages]), first.dtype)
    grain = (1, first.height, first.width) if first.samples > 1 else (1, *first.segment)
    return Stack((len(pages), first.height, first.width), np.dtype(first.dtype), coded, grain), notes


def _palette(page: Page, tags: TiffTags) -> NDArray[np.uint8] | None:
    """Return the colour map of a palette page as (n, 3) uint8, or None where values are greys."""
    if page.photometric != 3 or page.bits > 8:
        return None
    colours = np.asarray(tags.values.get(320, ()), dtype=np.uint16)
    if colours.size != 3 << page.bits:
        return None
    palette = (colours.reshape(3, -1).T >> 8).astype(np.uint8)
    return None if plain_palette(palette) else palette


def _format_name(path: Path, planes: Planes, pages: tuple[Page, ...]) -> str:
    with path.open("rb") as file:
        big = file.read(4)[2:] in {b"+\0", b"\0+"}
    name = planes.flavour if not big else f"{planes.flavour} (BigTIFF)"
    try:
        coding = tifffile.COMPRESSION(pages[0].compression).name
    except ValueError:
        coding = f"compression {pages[0].compression}"
    return name if pages[0].compression == 1 else f"{name}, {coding}"
