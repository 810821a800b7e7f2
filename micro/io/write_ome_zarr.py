"""Writing OME-Zarr: an image, its labels below it, and coarser levels of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import zarr

import micro
from micro.errors import OutputError, ParameterError, ShapeMismatchError
from micro.io._image_label import history_json, image_label
from micro.io._levels import SHARDED_VOXELS, VERSION, multiscale, write_levels
from micro.io._pyramid import halve_by_mean, halve_by_mode
from micro.io.atomic import atomic_folder
from micro.io.ngff import is_zarr
from micro.model import Labels, Volume

__all__ = ["LABELS_NAME", "write_ome_zarr"]

LABELS_NAME = "phases"
"""Name of the label image below the image."""


def write_ome_zarr(
    path: Path,
    volume: Volume | None,
    labels: Labels | None = None,
    *,
    sharded_voxels: int = SHARDED_VOXELS,
    check: Callable[[], None] | None = None,
) -> Path:
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
    sharded_voxels
        Levels of so many voxels or more are written in shards: files of up to 256^3 voxels that hold chunks of 64^3.
    check
        Called when the new folder is whole; where it raises an error, the one that is there is not replaced.

    Raises
    ------
    ShapeMismatchError
        If image and labels differ in shape.
    OutputError
        If the folder can't be written, or holds something other than OME-Zarr.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from micro.model import Spacing
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
            _write_image(beside, group, volume, sharded_voxels)
        if labels is not None:
            _write_labels(beside, labels, sharded_voxels, below_image=volume is not None)
        if check is not None:
            check()
    return path


def _write_image(folder: Path, group: zarr.Group, volume: Volume, sharded_voxels: int) -> None:
    levels = write_levels(folder, volume.data, halve_by_mean, sharded_voxels=sharded_voxels)
    ome = {"version": VERSION, "multiscales": [multiscale(volume.name, volume.spacing, levels)]}
    group.attrs.update({"ome": ome, "micro": _provenance(volume)})


def _write_labels(folder: Path, labels: Labels, sharded_voxels: int, *, below_image: bool) -> None:
    place = folder / "labels" / LABELS_NAME if below_image else folder
    meaning = image_label(labels.phases)
    if below_image:
        listing = zarr.create_group(folder / "labels", zarr_format=3)
        listing.attrs["ome"] = {"version": VERSION, "labels": [LABELS_NAME]}
        meaning["source"] = {"image": "../../"}
    group = zarr.create_group(place, zarr_format=3)
    levels = write_levels(place, labels.data, halve_by_mode, sharded_voxels=sharded_voxels)
    name = LABELS_NAME if below_image else labels.name
    ome = {
        "version": VERSION,
        "multiscales": [multiscale(name, labels.spacing, levels)],
        "image-label": meaning,
    }
    group.attrs.update({"ome": ome, "micro": _provenance(labels)})


def _provenance(item: Volume | Labels) -> dict[str, Any]:
    return {"version": micro.__version__, "history": history_json(item.history)}
