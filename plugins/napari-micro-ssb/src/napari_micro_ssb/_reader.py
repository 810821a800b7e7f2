"""Images and labels as napari layers that know how large a voxel is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from micro.errors import MicroError
from micro.io import ImageSource, open_source, read_labels, read_volume
from micro.model import Labels, PhaseSet, Volume

__all__ = ["LayerTuple", "napari_get_reader", "read_layers"]

LayerTuple = tuple[Any, dict[str, Any], Literal["image", "labels"]]
"""What napari makes a layer from: the array, the layer's attributes, its kind."""


def napari_get_reader(path: str | Path | Sequence[str | Path]) -> Callable[[ImageSource], list[LayerTuple]] | None:
    """Return what reads ``path``, or None where that is no image that micro knows.

    Only metadata are read here. An image that does not say how large its voxels are has a reader all the
    same; it raises the error that tells the user what to do.

    Parameters
    ----------
    path
        A file, a folder of slices, an OME-Zarr folder, or a list of slices.

    Examples
    --------
    >>> napari_get_reader("nowhere.tif") is None
    True
    """
    try:
        open_source(path)
    except MicroError:
        return None
    return read_layers


def read_layers(path: ImageSource) -> list[LayerTuple]:
    """Return the image and the phase labels in ``path`` as napari layers, scaled in um.

    Parameters
    ----------
    path
        A file, a folder of slices, an OME-Zarr folder, or a list of slices.

    Returns
    -------
    list
        An image, with its labels after it where an OME-Zarr holds them; or the labels alone where the file
        is a label image that names its phases. The arrays are lazy; a single section has the axes y and x.

    Raises
    ------
    MicroError
        If the source can't be read, or does not say how large a voxel is.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from micro.io import write_tiff
    >>> from micro.model import Spacing
    >>> path = Path(tempfile.mkdtemp()) / "cell.tif"
    >>> _ = write_tiff(path, Volume(np.zeros((3, 4, 5), np.uint8), Spacing.parse("0.1,0.05,0.05um")))
    >>> data, attributes, kind = read_layers(path)[0]
    >>> data.shape, attributes["scale"], kind
    ((3, 4, 5), (0.1, 0.05, 0.05), 'image')
    """
    if open_source(path).phases is not None:
        return [_labels_layer(read_labels(path))]
    layers = [_image_layer(read_volume(path))]
    if isinstance(path, str | Path) and (Path(path) / "labels").is_dir():
        layers.append(_labels_layer(read_labels(path)))
    return layers


def _image_layer(volume: Volume) -> LayerTuple:
    return (*_placed(volume), "image")


def _labels_layer(labels: Labels) -> LayerTuple:
    data, attributes = _placed(labels)
    attributes |= {"name": f"{labels.name} phases", "colormap": _colours(labels.phases), "opacity": 0.5}
    return data, attributes, "labels"


def _placed(source: Volume | Labels) -> tuple[Any, dict[str, Any]]:
    """Return the array, without the z axis of a single section, and where it lies in um."""
    # z of a single section is a stand-in: shown, it would be taken for a thickness.
    first = 1 if source.is_2d else 0
    scale: tuple[float, ...] = source.spacing.um[first:]
    attributes: dict[str, Any] = {
        "name": source.name,
        "scale": scale,
        "units": ("um",) * len(scale),
        "axis_labels": tuple("zyx"[first:]),
    }
    return source.data[0] if source.is_2d else source.data, attributes


def _colours(phases: PhaseSet) -> dict[int | None, str]:
    """Return the colour of each label value; values without a phase (None) are not shown."""
    return {None: "transparent", **{phase.value: phase.colour for phase in phases}}
