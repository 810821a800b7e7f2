"""Writing OME-Zarr: an image, its labels below it, and coarser levels of both."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np
import zarr
from numpy.typing import NDArray

import micro
from micro.errors import OutputError, ParameterError, ShapeMismatchError
from micro.io._image_label import history_json, image_label
from micro.io._pyramid import halve_by_mean, halve_by_mode, halved_shape, level_factors
from micro.io.atomic import atomic_folder
from micro.io.ngff import is_zarr
from micro.model import Labels, Spacing, Volume

__all__ = ["LABELS_NAME", "write_ome_zarr"]

LABELS_NAME = "phases"
"""Name of the label image below the image."""

_CHUNK_3D = (128, 128, 128)
_CHUNK_2D = (1024, 1024)
_VERSION = "0.5"

Halve = Callable[[NDArray[Any], tuple[int, ...]], NDArray[Any]]


def write_ome_zarr(path: Path, volume: Volume | None, labels: Labels | None = None) -> Path:
    """Write an image and its labels as OME-Zarr (NGFF 0.5, zarr 3), block by block.

    The image lies at the root with its labels in ``labels/phases``; labels without an image lie at the
    root themselves. Each has coarser levels, halved along every long axis: the mean of an image,
    the most frequent of labels. A 2-D image has the axes y and x. The history of the data stands
    beside the OME metadata. An OME-Zarr folder that is there is replaced when the new one is whole.

    Parameters
    ----------
    path
        The folder to write, by custom ending in ``.ome.zarr``.
    volume, labels
        One of them may be None.

    Raises
    ------
    ShapeMismatchError
        If image and labels differ in shape.
    OutputError
        If the folder can't be written, or holds something other than OME-Zarr.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "cell.ome.zarr"
    >>> grey = Volume(np.zeros((4, 5, 6), np.uint8), Spacing.parse("50,25,25nm"))
    >>> _ = write_ome_zarr(target, grey, Labels(np.ones((4, 5, 6), np.uint8), grey.spacing))
    >>> sorted(item.name for item in target.iterdir())
    ['0', 'labels', 'zarr.json']
    """
    path = Path(path)
    if volume is None and labels is None:
        raise ParameterError("write_ome_zarr got neither an image nor labels; expected at least one")
    if volume is not None and labels is not None and volume.shape != labels.shape:
        raise ShapeMismatchError(
            f"labels of shape {labels.shape} do not fit the image of shape {volume.shape}; expected the same"
        )
    if path.is_dir() and any(path.iterdir()) and not is_zarr(path):
        raise OutputError(f"can't write {path}: a folder with other files is there; give another name")
    with atomic_folder(path, replace=True) as beside:
        if volume is not None:
            group = zarr.create_group(beside, zarr_format=3)
            _write_image(beside, group, volume)
        if labels is not None:
            _write_labels(beside, labels, below_image=volume is not None)
    return path


def _write_image(folder: Path, group: zarr.Group, volume: Volume) -> None:
    levels = _write_levels(folder, volume.data, halve_by_mean)
    ome = {"version": _VERSION, "multiscales": [_multiscale(volume.name, volume.spacing, levels)]}
    group.attrs.update({"ome": ome, "micro": _provenance(volume)})


def _write_labels(folder: Path, labels: Labels, *, below_image: bool) -> None:
    place = folder / "labels" / LABELS_NAME if below_image else folder
    meaning = image_label(labels.phases)
    if below_image:
        listing = zarr.create_group(folder / "labels", zarr_format=3)
        listing.attrs["ome"] = {"version": _VERSION, "labels": [LABELS_NAME]}
        meaning["source"] = {"image": "../../"}
    group = zarr.create_group(place, zarr_format=3)
    levels = _write_levels(place, labels.data, halve_by_mode)
    name = LABELS_NAME if below_image else labels.name
    ome = {
        "version": _VERSION,
        "multiscales": [_multiscale(name, labels.spacing, levels)],
        "image-label": meaning,
    }
    group.attrs.update({"ome": ome, "micro": _provenance(labels)})


def _provenance(item: Volume | Labels) -> dict[str, Any]:
    return {"version": micro.__version__, "history": history_json(item.history)}


def _multiscale(name: str, spacing: Spacing, levels: Sequence[tuple[int, ...]]) -> dict[str, Any]:
    """Return the NGFF multiscale metadata; coarse voxels are centred on those that they merge."""
    axes = "zyx"[-len(levels[0]) :]
    fine = spacing.um[-len(axes) :]
    datasets = []
    for number, factors in enumerate(levels):
        scale = [edge * factor for edge, factor in zip(fine, factors, strict=True)]
        shift = [edge * (factor - 1) / 2 for edge, factor in zip(fine, factors, strict=True)]
        transforms = [{"type": "scale", "scale": scale}]
        if number:
            transforms.append({"type": "translation", "translation": shift})
        datasets.append({"path": str(number), "coordinateTransformations": transforms})
    return {
        "name": name,
        "axes": [{"name": axis, "type": "space", "unit": "micrometer"} for axis in axes],
        "datasets": datasets,
    }


def _write_levels(folder: Path, data: da.Array, halve: Halve) -> list[tuple[int, ...]]:
    """Write all levels of ``data`` as arrays 0, 1, ... in ``folder``; return the factors of each."""
    source: Any = data[0] if data.shape[0] == 1 else data
    levels = level_factors(source.shape)
    for number, factors in enumerate(levels):
        if number == 0:
            target = _array(folder / "0", source.shape, source.dtype)
            _for_blocks(partial(_copy, source, target), target)
        else:
            steps = tuple(now // before for now, before in zip(factors, levels[number - 1], strict=True))
            target = _array(folder / str(number), halved_shape(source.shape, steps), source.dtype)
            _for_blocks(partial(_halve, source, target, halve, steps), target)
        source = target
    return levels


def _array(path: Path, shape: tuple[int, ...], dtype: Any) -> zarr.Array:  # noqa: ANN401
    wanted = _CHUNK_2D if len(shape) == 2 else _CHUNK_3D
    chunks = tuple(min(c, n) for c, n in zip(wanted, shape, strict=True))
    return zarr.create_array(
        path,
        shape=shape,
        dtype=np.dtype(dtype).newbyteorder("="),
        chunks=chunks,
        zarr_format=3,
        dimension_names=list("zyx"[-len(shape) :]),
    )


def _for_blocks(task: Callable[[tuple[slice, ...]], None], target: zarr.Array) -> None:
    """Call ``task`` for every chunk of ``target``: one node of the graph each, on any dask scheduler."""
    spans = [range(0, length, chunk) for length, chunk in zip(target.shape, target.chunks, strict=True)]
    regions = [
        tuple(slice(c, min(c + chunk, n)) for c, chunk, n in zip(corner, target.chunks, target.shape, strict=True))
        for corner in itertools.product(*spans)
    ]
    dask.compute(*(dask.delayed(task, pure=False, traverse=False)(region) for region in regions))


def _copy(source: da.Array, target: zarr.Array, region: tuple[slice, ...]) -> None:
    target[region] = source[region].compute(scheduler="synchronous")


def _halve(
    source: zarr.Array, target: zarr.Array, halve: Halve, steps: tuple[int, ...], region: tuple[slice, ...]
) -> None:
    fine = tuple(slice(span.start * step, span.stop * step) for span, step in zip(region, steps, strict=True))
    target[region] = halve(np.asarray(source[fine]), steps)
