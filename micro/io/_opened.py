"""What a reader finds in a file, and what a reader is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from micro.io._calibration.calibration import Calibration
from micro.io._stack import Stack
from micro.model import PhaseSet, Step

__all__ = ["Opened", "Reader", "SliceHeader", "SliceReader"]


@dataclass(frozen=True)
class Opened:
    """An image as it lies on disk.

    Parameters
    ----------
    stack
        The voxels, lazily.
    format
        The format in words, such as ``ImageJ TIFF``.
    calibration
        What the file says about the size of a voxel.
    cuts
        What was cut off, such as a data bar.
    notes
        What a user should know.
    palette
        Colours of the values, (n, 3) uint8, where the file has a palette that is no plain ramp of grey.
    white_is_zero
        Whether the file means white by the value zero.
    phases
        Phases of a label image, where the file names them.
    history
        What was done to the image before, where the file says so.
    files
        All files that were opened, in order.
    """

    stack: Stack
    format: str
    calibration: Calibration
    cuts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    palette: NDArray[np.uint8] | None = None
    white_is_zero: bool = False
    phases: PhaseSet | None = None
    history: tuple[Step, ...] = ()
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """What can be told of an image file without reading its pixels."""

    shape: tuple[int, int]
    dtype: str
    samples: int = 1
    pages: int = 1


class Reader(Protocol):
    """Opens one kind of file; distributions add theirs under the entry-point group ``micro.readers``."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """Endings of file names in lower case, with the dot."""
        ...

    def open(self, path: Path) -> Opened:
        """Open ``path`` lazily; raise a `micro.errors.MicroError` where that is impossible."""
        ...


class SliceReader(Reader, Protocol):
    """A reader whose files can be the slices of a stack."""

    def header(self, path: Path) -> SliceHeader:
        """Return shape and type of the image in ``path``, fast and without its pixels."""
        ...

    def read(self, path: Path, rows: slice, columns: slice) -> NDArray[np.generic]:
        """Return part of the grey image in ``path``, shape (rows, columns)."""
        ...
