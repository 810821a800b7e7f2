"""A layer as a sample of the pipeline: the very input that the command line takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np

from micro.errors import ColourImageError, ShapeMismatchError
from micro.io import read_volume, write_ome_zarr
from micro.model import Spacing, Volume
from micro.model.volume import as_zyx
from micro_pipelines.sources import Source, find_sources, safe_name
from napari_micro_ssb._lazy import Lazy
from napari_micro_ssb._origin import LayerLike, given_voxel_size, origin_of, spacing_of

__all__ = ["Sample", "array_of", "sample_of"]


@dataclass(frozen=True)
class Sample:
    """What is segmented.

    Attributes
    ----------
    source
        Name and paths, as ``micro run`` finds them.
    voxel_size
        What the user said, as ``--voxel-size``; None: what the file says.
    spacing
        Voxel edges that hold.
    is_2d
        Whether it is a single section.
    """

    source: Source
    voxel_size: Spacing | None
    spacing: Spacing
    is_2d: bool

    def read(self, modality: str) -> Volume:
        """Read it, lazily."""
        return read_volume(self.source.readable, voxel_size=self.voxel_size, modality=modality, name=self.source.name)


def array_of(layer: LayerLike) -> da.Array:
    """Return the finest level of a layer as a lazy array of shape (z, y, x).

    Raises
    ------
    ShapeMismatchError
        If it has other than two or three axes.
    """
    data: Any = layer.data[0] if _is_multiscale(layer) else layer.data
    if data.ndim not in (2, 3):
        raise ShapeMismatchError(
            f"{layer.name}: a layer of {data.ndim} axes; expected a section (y, x) or a volume (z, y, x)"
        )
    if isinstance(data, Lazy):
        return as_zyx(data.source)
    return as_zyx(data if isinstance(data, da.Array | np.ndarray) else da.from_array(data, name=False))


def sample_of(layer: LayerLike, scratch: Callable[[], Path]) -> Sample:
    """Return an image layer as a sample.

    A layer that was opened from a file stands for that file. Another one is written to the scratch folder
    first, so that all of them go one way.

    Parameters
    ----------
    layer
        An image layer.
    scratch
        Gives the folder.

    Raises
    ------
    MissingCalibrationError
        If nobody said how large a voxel is.
    ColourImageError
        If it is a colour picture.
    ShapeMismatchError
        If it has other than two or three axes.
    """
    if getattr(layer, "rgb", False):
        raise ColourImageError(f"{layer.name}: a colour picture; expected grey: split it into channels first")
    array = array_of(layer)
    given, spacing = given_voxel_size(layer), spacing_of(layer)
    paths = origin_of(layer).paths
    if paths:
        if len(paths) == 1:
            (source,) = find_sources([str(paths[0])])
        else:
            source = Source(safe_name(paths[0].name), paths)
        return Sample(source, given, spacing, array.shape[0] == 1)
    name = safe_name(layer.name)
    path = write_ome_zarr(scratch() / f"{name}.ome.zarr", Volume(array, spacing, name=name))
    return Sample(Source(name, (path,)), None, spacing, array.shape[0] == 1)


def _is_multiscale(layer: LayerLike) -> bool:
    return bool(getattr(layer, "multiscale", False))
