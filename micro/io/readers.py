"""Which reader opens what: by the ending of the name, through the entry-point group ``micro.readers``."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeGuard

from micro.errors import InputMissingError, UnsupportedFormatError
from micro.io._opened import Opened, Reader, SliceReader
from micro.io.folder import open_slices
from micro.io.natural import natural_sorted
from micro.io.ngff import NgffReader, is_zarr
from micro.registry import Registry

__all__ = ["ImageSource", "open_source", "readers", "source_name"]

ImageSource = str | Path | Sequence[str | Path]
"""A file, a folder of slices, a pattern such as ``slices/*.tif``, an OME-Zarr folder, or a list of files."""


@cache
def readers() -> Registry[Reader]:
    """Return the readers: those of micro and those that entry points bring.

    Examples
    --------
    >>> {"ome-zarr", "png", "tiff"} <= set(readers().names())
    True
    """
    from micro.io.png import PngReader
    from micro.io.tiff import TiffReader

    registry: Registry[Reader] = Registry("micro.readers")
    registry.add("tiff", TiffReader())
    registry.add("png", PngReader())
    registry.add("ome-zarr", NgffReader())
    return registry


def open_source(source: ImageSource, *, open_zarr: Callable[[Path], Opened] | None = None) -> Opened:
    """Open a file, a folder of slices, a pattern, an OME-Zarr folder or a list of files, lazily.

    Parameters
    ----------
    source
        Where the image is.
    open_zarr
        What opens an OME-Zarr folder in place of the reader of images.

    Raises
    ------
    InputMissingError
        If nothing is there.
    UnsupportedFormatError
        If no reader knows the ending; the message lists those that are known.
    """
    path, files = _resolve(source)
    if path is not None and is_zarr(path):
        return replace((open_zarr or readers().get("ome-zarr").open)(path), files=_zarr_files(path))
    if path is not None and path.is_dir():
        files = _images_in(path)
    if len(files) == 1:
        return replace(_reader_of(files[0]).open(files[0]), files=tuple(files))
    return replace(open_slices(files, _slice_reader(files)), files=tuple(files))


def _slice_reader(files: Sequence[Path]) -> SliceReader:
    """Return the reader of all ``files``."""
    endings = {file.suffix.lower() for file in files}
    reader = _reader_of(files[0])
    if not endings <= set(reader.extensions):
        found = ", ".join(f"{sum(f.suffix.lower() == e for f in files)} {e}" for e in sorted(endings))
        raise UnsupportedFormatError(
            f"{files[0].parent}: files of several kinds ({found}); expected slices of one kind, "
            "give a pattern such as folder/*.tif"
        )
    if not _reads_slices(reader):
        raise UnsupportedFormatError(f"{files[0]}: {files[0].suffix} files can't be slices; open one alone")
    return reader


def source_name(source: ImageSource) -> str:
    """Return the name of the sample: that of the file without its endings, or that of the folder.

    Examples
    --------
    >>> source_name("cells/cell 3.ome.zarr"), source_name("cells/cell4/*.tif")
    ('cell 3', 'cell4')
    """
    if not isinstance(source, str | Path):
        source = Path(source[0]).parent
    path = Path(source)
    if _is_pattern(str(source)) and not path.exists():
        path = next(parent for parent in path.parents if not _is_pattern(str(parent)))
    elif path.suffix.lower() in _known_extensions():
        path = path.with_suffix("")
        path = path.with_suffix("") if path.suffix.lower() == ".ome" else path
    return path.name or path.absolute().name or "sample"


def _resolve(source: ImageSource) -> tuple[Path | None, list[Path]]:
    """Return the one path of the source, and the files that it means."""
    if not isinstance(source, str | Path):
        files = [Path(item) for item in source]
        if not files:
            raise InputMissingError("an empty list of files; expected at least one image")
        return None, natural_sorted(files)
    path = Path(source).expanduser()
    if path.exists():
        return path, [path]
    if _is_pattern(str(source)):
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207
        if not found:
            raise InputMissingError(f"{source}: no file fits this pattern; check the folder and the ending")
        return (found[0] if len(found) == 1 else None), natural_sorted(found)
    raise InputMissingError(f"{source}: no such file or folder; check the path")


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _images_in(folder: Path) -> list[Path]:
    """Return the image files in ``folder``, in natural order; hidden files and others are passed over."""
    known = _known_extensions()
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file()]
    files = [folder / name for name in names if Path(name).suffix.lower() in known]
    if not files:
        raise UnsupportedFormatError(
            f"{folder}: no images in this folder; expected slices ending in {', '.join(known)}"
        )
    return natural_sorted(files)


def _zarr_files(folder: Path) -> tuple[Path, ...]:
    return tuple(natural_sorted(file for file in folder.rglob("*") if file.is_file()))


def _known_extensions() -> tuple[str, ...]:
    return tuple(_by_extension())


@cache
def _by_extension() -> dict[str, Reader]:
    """Return the reader of every ending; looked up once, since entry points are slow to list."""
    registry = readers()
    found = [(ending, registry.get(name)) for name in registry.names() for ending in registry.get(name).extensions]
    return dict(reversed(found))


def _reader_of(path: Path) -> Reader:
    if not path.exists():
        raise InputMissingError(f"{path}: no such file; check the path")
    reader = _by_extension().get(path.suffix.lower())
    if reader is not None:
        return reader
    raise UnsupportedFormatError(
        f"{path}: files ending in {path.suffix or 'nothing'!r} can't be read; known: {', '.join(_known_extensions())}"
    )


def _reads_slices(reader: Reader) -> TypeGuard[SliceReader]:
    return hasattr(reader, "header") and hasattr(reader, "read")
