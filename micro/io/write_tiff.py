"""Writing calibrated TIFF: in the manner of ImageJ, or as OME-TIFF where that can't hold the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from micro.io.atomic import atomic_path
from micro.model import Labels, Volume

__all__ = ["imagej_can_hold", "write_tiff"]

_IMAGEJ_TYPES = ("uint8", "uint16", "float32")
_IMAGEJ_BYTES = 2**32 - 2**20  # offsets of 32 bits, with room for the directories
_SLAB_BYTES = 2**27


def imagej_can_hold(item: Volume | Labels) -> bool:
    """Return whether an ImageJ TIFF can hold the data: uint8, uint16 or float32, below 4 GB.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> imagej_can_hold(Volume(np.zeros((2, 2), np.float64), Spacing.parse("1um")))
    False
    """
    dtype = _written_type(item)
    return dtype.name in _IMAGEJ_TYPES and item.data.size * dtype.itemsize <= _IMAGEJ_BYTES


def write_tiff(path: Path, item: Volume | Labels) -> Path:
    """Write a volume or labels as one calibrated TIFF, slice by slice.

    ImageJ opens it with the voxel size in um. Types and sizes that ImageJ's TIFF can't hold
    become OME-TIFF (BigTIFF from 4 GB), which Fiji opens through Bio-Formats. Booleans become
    uint8 of 0 and 1.

    Raises
    ------
    OutputError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from micro.model import Spacing
    >>> grey = Volume(np.zeros((3, 4, 5), np.uint8), Spacing.parse("0.1,0.05,0.05um"))
    >>> write_tiff(Path(tempfile.mkdtemp()) / "cell.tif", grey).name
    'cell.tif'
    """
    path = Path(path)
    z_um, y_um, x_um = item.spacing.um
    dtype = _written_type(item)
    with atomic_path(path) as beside:
        if imagej_can_hold(item):
            tifffile.imwrite(
                beside,
                _slices(item, dtype),
                shape=item.shape,
                dtype=dtype,
                imagej=True,
                resolution=(1 / x_um, 1 / y_um),
                metadata={"axes": "ZYX", "unit": "um", "spacing": z_um},
                photometric="minisblack",
            )
        else:
            sizes = {f"PhysicalSize{axis}": edge for axis, edge in zip("ZYX", item.spacing.um, strict=True)}
            units = {f"PhysicalSize{axis}Unit": "µm" for axis in "ZYX"}
            tifffile.imwrite(
                beside,
                _slices(item, dtype),
                shape=item.shape,
                dtype=dtype,
                ome=True,
                bigtiff=item.data.size * dtype.itemsize > _IMAGEJ_BYTES,
                metadata={"axes": "ZYX", **sizes, **units},
                photometric="minisblack",
            )
    return path


def _written_type(item: Volume | Labels) -> np.dtype[Any]:
    dtype = np.dtype(item.data.dtype)
    return np.dtype(np.uint8) if dtype == np.bool_ else dtype.newbyteorder("=")


def _slices(item: Volume | Labels, dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """Yield the slices, computed in slabs of whole chunks where these are small enough."""
    z, y, x = item.shape
    most = max(1, _SLAB_BYTES // (y * x * dtype.itemsize))
    step = min(most, item.data.chunksize[0])
    for start in range(0, z, step):
        yield from item.data[start : start + step].compute().astype(dtype, copy=False)
