"""The size of a voxel in a TIFF: the first of the sources that says it."""

from __future__ import annotations

from micro.io._calibration.calibration import Calibration
from micro.io._calibration.fei import read_fei
from micro.io._calibration.imagej import read_imagej
from micro.io._calibration.ome import read_ome
from micro.io._calibration.resolution import read_resolution
from micro.io._calibration.tags import TiffTags
from micro.io._calibration.tilt import read_tilt
from micro.io._calibration.zeiss import read_zeiss

__all__ = ["read_tiff_calibration"]

# Programs that save a picture anew describe what they saved; so they go before the microscopes.
_SOURCES = (read_ome, read_imagej, read_zeiss, read_fei, read_resolution)


def read_tiff_calibration(tags: TiffTags) -> Calibration:
    """Return what the first page says about the voxel size, with notes on what was not believed.

    Examples
    --------
    >>> read_tiff_calibration(TiffTags({})).in_plane
    False
    """
    notes: list[str] = []
    for read in _SOURCES:
        found = read(tags)
        notes.extend(found.notes)
        if found.in_plane:
            return Calibration(found.z_um, found.y_um, found.x_um, found.where, tuple(notes), read_tilt(tags))
    return Calibration(notes=tuple(notes), tilt=read_tilt(tags))
