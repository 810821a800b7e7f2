"""What a file is and where its voxel size stands: ``micro info``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micro.io._opened import Opened
from micro.io.readers import ImageSource, open_source
from micro.model import Spacing

__all__ = ["FileInfo", "inspect"]

SMALLEST_TILT = 1.0
"""Degrees; a stage that stands straighter is straight: lengths change by less than 2 in 10000."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What an image source holds.

    ``spacing`` is None where the file does not say all of it; ``spacing_from`` tells where it was
    read, or what is missing. ``cuts`` are parts left out (a data bar), ``notes`` what a user should know.
    """

    source: str
    format: str
    shape: tuple[int, int, int]
    dtype: str
    spacing: Spacing | None
    spacing_from: str
    cuts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Return the facts, one a line, for a terminal.

        Examples
        --------
        >>> info = FileInfo("a.tif", "TIFF", (1, 4, 5), "uint8", Spacing.parse("25nm"), "the user")
        >>> print(*info.lines(), sep="\\n")
        a.tif
          format      TIFF
          shape       4 x 5 (y, x)
          type        uint8
          voxel size  0.025 x 0.025 um (y, x)
          read from   the user
        """
        z, y, x = self.shape
        shape = f"{y} x {x} (y, x)" if z == 1 else f"{z} x {y} x {x} (z, y, x)"
        facts = [("format", self.format), ("shape", shape), ("type", self.dtype), ("voxel size", self._size())]
        facts.append(("read from" if self.spacing else "found", self.spacing_from))
        facts.extend(("cut off", cut) for cut in self.cuts)
        facts.extend(("note", note) for note in self.notes)
        return (self.source, *(f"  {key:<12}{text}" for key, text in facts))

    def _size(self) -> str:
        if self.spacing is None:
            return "not known: say it with --voxel-size"
        if self.shape[0] == 1:
            return f"{self.spacing.y:g} x {self.spacing.x:g} um (y, x)"
        return str(self.spacing)


def inspect(source: ImageSource) -> FileInfo:
    """Return what a source holds, without reading more than its metadata.

    A missing voxel size is no error here.

    Raises
    ------
    MicroError
        If the source can't be read; the message says why in one line.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from micro.io import write_tiff
    >>> from micro.model import Volume
    >>> path = Path(tempfile.mkdtemp()) / "cell.tif"
    >>> _ = write_tiff(path, Volume(np.zeros((4, 5), np.uint8), Spacing.parse("25nm")))
    >>> inspect(path).format
    'ImageJ TIFF'
    """
    opened = open_source(source)
    spacing = opened.calibration.spacing(slices=opened.stack.shape[0])
    text = str(source) if isinstance(source, str | Path) else f"{len(source)} files"
    return FileInfo(
        source=text,
        format=opened.format,
        shape=opened.stack.shape,
        dtype=opened.stack.dtype.name,
        spacing=spacing,
        spacing_from=_found(opened, spacing),
        cuts=opened.cuts,
        notes=(*_notes(opened), *opened.calibration.notes, *_tilt(opened)),
    )


def _found(opened: Opened, spacing: Spacing | None) -> str:
    found = opened.calibration
    if spacing is not None:
        return found.where
    if found.in_plane:
        return f"y, x = {found.y_um:g}, {found.x_um:g} um ({found.where}), but no distance between slices"
    return "nothing about the voxel size"


def _tilt(opened: Opened) -> tuple[str, ...]:
    tilt = opened.calibration.tilt
    return () if tilt is None or abs(tilt.stage_deg) < SMALLEST_TILT else (tilt.sentence,)


def _notes(opened: Opened) -> tuple[str, ...]:
    notes = list(opened.notes)
    if opened.palette is not None:
        notes.append("the values have a palette")
    if opened.white_is_zero:
        notes.append("white is stored as zero: grey values are inverted when read")
    if opened.phases is not None:
        notes.append(f"phases: {', '.join(f'{p.value} {p.name}' for p in opened.phases)}")
    return tuple(notes)
