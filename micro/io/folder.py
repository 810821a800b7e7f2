"""Slices, one file each, as one stack in natural order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.errors import ShapeMismatchError, UnsupportedFormatError
from micro.io._opened import Opened, SliceHeader, SliceReader

__all__ = ["open_slices"]


@dataclass(frozen=True)
class _SliceFiles:
    """Reads regions of a stack of files."""

    reader: SliceReader
    paths: tuple[Path, ...]
    header: SliceHeader

    def __call__(self, z: slice, y: slice, x: slice) -> NDArray[Any]:
        out = np.empty((z.stop - z.start, y.stop - y.start, x.stop - x.start), self.header.dtype)
        for path, place in zip(self.paths[z], out, strict=True):
            place[...] = self.reader.read(path, y, x)
        return out


def open_slices(paths: Sequence[Path], reader: SliceReader) -> Opened:
    """Open files of one slice each, in the order given; the first one tells the voxel size.

    Raises
    ------
    ShapeMismatchError
        If a slice differs from the first in shape or type; the message names the first that does.
    UnsupportedFormatError
        If a file holds several pages.
    """
    first = reader.open(paths[0])
    header = reader.header(paths[0])
    for path in paths:
        _check_slice(path, reader.header(path), paths[0], header)
    shape = (len(paths), *first.stack.shape[1:])
    stack = replace(
        first.stack,
        shape=shape,
        read=_SliceFiles(reader, tuple(paths), header),
        # Reading part of a file is no cheaper than reading its rows.
        grain=(1, first.stack.grain[1], shape[2]),
    )
    return replace(first, stack=stack, format=f"{len(paths)} slices, {first.format}")


def _check_slice(path: Path, found: SliceHeader, first_path: Path, first: SliceHeader) -> None:
    if found.pages > 1:
        raise UnsupportedFormatError(
            f"{path}: a file of several pages among {first_path.name} and others; expected one slice a file, "
            "open this file alone"
        )
    if found.shape != first.shape or found.dtype != first.dtype:
        raise ShapeMismatchError(
            f"{path}: slice of {found.shape[1]} x {found.shape[0]} {found.dtype}, but {first_path.name} is "
            f"{first.shape[1]} x {first.shape[0]} {first.dtype}; expected slices alike, remove or convert it"
        )
