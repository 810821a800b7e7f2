"""Files and results as napari layers that know how large a voxel is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from micro.errors import MicroError, MissingCalibrationError
from micro.io import ImageSource, open_source, read_coarser, read_labels, read_volume
from micro.model import Spacing
from napari_micro_ssb._layers import LayerTuple, image_layer, labels_layer
from napari_micro_ssb._origin import Origin
from napari_micro_ssb._result import find_result, read_result

__all__ = ["LayerTuple", "napari_get_reader", "read_layers"]

_PIXELS = Spacing(1.0, 1.0, 1.0)
"""Stands in for a voxel size that isn't known; what is shown with it has the unit pixel, and is never measured."""


def napari_get_reader(path: str | Path | Sequence[str | Path]) -> Callable[[ImageSource], list[LayerTuple]] | None:
    """Return what reads ``path``, or None where that is nothing that micro knows.

    Only metadata are read here.

    Parameters
    ----------
    path
        A file, a folder of slices, an OME-Zarr folder, the folder of a result, or a list of slices.

    Examples
    --------
    >>> napari_get_reader("nowhere.tif") is None
    True
    """
    if isinstance(path, str | Path) and find_result(Path(path)) is not None:
        return _read_with_tables
    try:
        open_source(path)
    except MicroError:
        return None
    return read_layers


def read_layers(path: ImageSource) -> list[LayerTuple]:
    """Return what is in ``path`` as napari layers, scaled in um.

    Parameters
    ----------
    path
        A file, a folder of slices, an OME-Zarr folder, the folder of a result, or a list of slices.

    Returns
    -------
    list
        An image, with its labels after it where an OME-Zarr holds them; the labels alone where the file
        is a label image that names its phases; of a result also its dendrites, cracks and gaps. Large arrays
        are lazy, and have coarser levels where the file has them. A single section has the axes y and x.
        An image that doesn't say how large a voxel is is shown in pixels.

    Raises
    ------
    MicroError
        If the source can't be read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from micro.io import write_tiff
    >>> from micro.model import Volume
    >>> path = Path(tempfile.mkdtemp()) / "cell.tif"
    >>> _ = write_tiff(path, Volume(np.zeros((3, 4, 5), np.uint8), Spacing.parse("0.1,0.05,0.05um")))
    >>> data, attributes, kind = read_layers(path)[0]
    >>> data.shape, attributes["scale"], kind
    ((3, 4, 5), (0.1, 0.05, 0.05), 'image')
    """
    result = find_result(Path(path)) if isinstance(path, str | Path) else None
    if result is not None:
        return read_result(result)
    if open_source(path).phases is not None:
        return [_read_labels(path)]
    layers = [_read_image(path)]
    if isinstance(path, str | Path) and (Path(path) / "labels").is_dir():
        layers.append(_read_labels(path))
    return layers


def _read_with_tables(path: ImageSource) -> list[LayerTuple]:
    """Read a result, and show its tables beside the viewer that asked for it, where there is one."""
    layers = read_layers(path)
    # napari alone calls this, but its readers work without a window too
    napari = sys.modules.get("napari")
    viewer = napari.current_viewer() if napari is not None else None
    if viewer is not None:
        viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")
    return layers


def _read_image(path: ImageSource) -> LayerTuple:
    try:
        volume = read_volume(path)
        spacing: Spacing | None = volume.spacing
    except MissingCalibrationError:
        volume, spacing = read_volume(path, voxel_size=_PIXELS), None
    return image_layer(volume, coarser=read_coarser(path), origin=Origin(_paths(path), spacing))


def _read_labels(path: ImageSource) -> LayerTuple:
    labels = read_labels(path)
    origin = Origin(_paths(path), labels.spacing, labels.phases)
    return labels_layer(labels, coarser=read_coarser(path, labels=True), origin=origin)


def _paths(path: ImageSource) -> tuple[Path, ...]:
    return (Path(path),) if isinstance(path, str | Path) else tuple(Path(one) for one in path)
