"""A layer as a sample of the pipeline: the very input that the command line takes."""

from __future__ import annotations

import threading
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
from napari_micro_ssb._content import content_of
from napari_micro_ssb._lazy import Lazy
from napari_micro_ssb._origin import LayerLike, given_voxel_size, origin_of, refuse_turned, spacing_of

__all__ = ["Asked", "Sample", "Samples", "array_of", "asked_of", "sample_of"]


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


@dataclass(frozen=True, eq=False)
class Asked:
    """An image layer as it was when something was asked of it, for work in another thread: nothing is copied.

    Attributes
    ----------
    name
        Of the layer.
    data
        Its finest level.
    paths, content
        Of its `Origin`: where it was read from, and what told its voxels from others then.
    given, spacing
        As ``voxel_size`` and ``spacing`` of a `Sample`.
    """

    name: str
    data: Any
    paths: tuple[Path, ...]
    content: str | None
    given: Spacing | None
    spacing: Spacing

    def like(self, other: Asked | None) -> bool:
        """Return whether both were asked of the same array in the same place; its voxels may have changed."""
        return (
            other is not None
            and self.data is other.data
            and (self.name, self.paths, self.content) == (other.name, other.paths, other.content)
            and self.spacing.um == other.spacing.um
        )


class Samples:
    """Makes samples of images; one that lies in memory is saved once, for as long as its voxels stay the same.

    Any thread may ask; one at a time is served.

    Parameters
    ----------
    scratch
        Gives the folder for images that are in memory only.
    """

    def __init__(self, scratch: Callable[[], Path]) -> None:
        self._scratch = scratch
        self._guard = threading.Lock()
        self._last: tuple[Asked, str | None, Sample] | None = None

    def of(self, asked: Asked) -> Sample:
        """Return an image as a sample.

        A layer that was opened from a file stands for that file, as long as it shows its voxels. Another one is written
        to the scratch folder first, so that all of them go one way.

        Raises
        ------
        MicroError
            If it can't be read or written.
        """
        with self._guard:
            content = content_of(asked.data)
            array = _as_dask(asked.data)
            if asked.paths and content is not None and content == asked.content:
                return Sample(_source_of(asked.paths), asked.given, asked.spacing, array.shape[0] == 1)
            if self._last is not None and asked.like(self._last[0]) and content == self._last[1]:
                return self._last[2]
            name = safe_name(asked.name)
            path = write_ome_zarr(self._scratch() / f"{name}.ome.zarr", Volume(array, asked.spacing, name=name))
            sample = Sample(Source(name, (path,)), None, asked.spacing, array.shape[0] == 1)
            self._last = (asked, content, sample)
            return sample


def asked_of(layer: LayerLike) -> Asked:
    """Return an image layer as it is now, without reading a voxel of it.

    Raises
    ------
    MissingCalibrationError
        If nobody said how large a voxel is.
    ColourImageError
        If it is a colour picture.
    ShapeMismatchError
        If it has other than two or three axes.
    ParameterError
        If it is shown turned or sheared.
    """
    if getattr(layer, "rgb", False):
        raise ColourImageError(f"{layer.name}: a colour picture; expected grey: split it into channels first")
    data, origin = _finest(layer), origin_of(layer)
    refuse_turned(layer)
    return Asked(layer.name, data, origin.paths, origin.content, given_voxel_size(layer), spacing_of(layer))


def sample_of(layer: LayerLike, scratch: Callable[[], Path]) -> Sample:
    """Return an image layer as a sample; see `asked_of` and `Samples.of`."""
    return Samples(scratch).of(asked_of(layer))


def array_of(layer: LayerLike) -> da.Array:
    """Return the finest level of a layer as a lazy array of shape (z, y, x).

    Raises
    ------
    ShapeMismatchError
        If it has other than two or three axes.
    """
    return _as_dask(_finest(layer))


def _finest(layer: LayerLike) -> Any:  # noqa: ANN401
    data: Any = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    if data.ndim not in (2, 3):
        raise ShapeMismatchError(
            f"{layer.name}: a layer of {data.ndim} axes; expected a section (y, x) or a volume (z, y, x)"
        )
    return data


def _as_dask(data: Any) -> da.Array:  # noqa: ANN401
    if isinstance(data, Lazy):
        return as_zyx(data.source)
    return as_zyx(data if isinstance(data, da.Array | np.ndarray) else da.from_array(data, name=False))


def _source_of(paths: tuple[Path, ...]) -> Source:
    if len(paths) == 1:
        (source,) = find_sources([str(paths[0])])
        return source
    return Source(safe_name(paths[0].name), paths)
