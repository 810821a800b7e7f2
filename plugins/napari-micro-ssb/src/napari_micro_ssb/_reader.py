"""Files and results as napari layers that know how large a voxel is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from micro.errors import MicroError, MissingCalibrationError
from micro.io import ImageSource, open_source, read_coarser, read_labels, read_volume, readers
from micro.model import SSB_PHASES, PhaseSet, Spacing
from micro_pipelines.names import LABELS_ZARR
from napari_micro_ssb._layers import LayerTuple, image_layer, labels_layer
from napari_micro_ssb._origin import KEY, Origin
from napari_micro_ssb._result import find_result, read_result

__all__ = ["LayerTuple", "napari_get_reader", "read_layers"]

_PIXELS = Spacing(1.0, 1.0, 1.0)
"""Stands in for a voxel size that isn't known; what is shown with it has the unit pixel, and is never measured."""
LABELS, LABEL_ENDINGS = "labels", ("_labels", "_truth", "_strokes")
"""What a TIFF or PNG of labels is called; such files don't say themselves what they hold."""


def napari_get_reader(path: str | Path | Sequence[str | Path]) -> Callable[[ImageSource], list[LayerTuple]] | None:
    """Return what reads ``path``, or None where that is nothing that micro knows.

    Only metadata are read here. A folder, and a file with an ending that micro knows, always has a reader: where it
    can't be read, the reader says why, and of a reader that isn't there napari says nothing but that it refused.

    Parameters
    ----------
    path
        A file, a folder of slices, an OME-Zarr folder, the folder of a result, or a list of slices.

    Examples
    --------
    >>> napari_get_reader("notes.txt") is None
    True
    """
    if isinstance(path, str | Path) and find_result(Path(path)) is not None:
        return _read_with_tables
    try:
        open_source(path)
    except MicroError:
        return read_layers if _is_known(path) else None
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
        is a label image, see `is_label_file`; of a result also its dendrites, cracks and gaps. Large arrays
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
    if is_label_file(path):
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
    if napari is not None and napari.current_viewer() is not None:
        from qtpy.QtCore import QTimer

        # a reader isn't told which of several viewers asks: the one that has the layers a moment later
        QTimer.singleShot(0, lambda: _show_tables(layers))
    return layers


def _show_tables(layers: list[LayerTuple]) -> None:
    """Show the tables of a result beside the viewer that its layers were added to."""
    import napari

    origins = [attributes["metadata"][KEY] for _, attributes, _ in layers]
    current = napari.current_viewer()
    viewers: list[Any] = list(getattr(napari.Viewer, "_instances", ())) or ([] if current is None else [current])
    for viewer in viewers:
        shown = [layer.metadata.get(KEY) for layer in viewer.layers]
        if any(one is origin for one in shown for origin in origins):
            viewer.window.add_plugin_dock_widget("napari-micro-ssb", "Measure")


def is_label_file(path: ImageSource) -> bool:
    """Return whether a source holds labels.

    OME-Zarr says it itself. One TIFF or PNG of 8 bits holds labels if it is called ``labels``, or by a name that ends
    in ``_labels``, ``_truth`` or ``_strokes``, and its middle slice has values of phases only.

    Raises
    ------
    MicroError
        If the source can't be read.
    """
    opened = open_source(path)
    if opened.phases is not None:
        return True
    if not isinstance(path, str | Path) or not Path(path).is_file() or opened.stack.dtype != np.uint8:
        return False
    stem = Path(path).stem.removesuffix(".ome").lower()
    if stem != LABELS and not stem.endswith(LABEL_ENDINGS):
        return False
    slices = opened.stack.lazy()
    values = np.unique(slices[slices.shape[0] // 2].compute(scheduler="synchronous")).tolist()
    return set(values) <= {0, *(phase.value for phase in _phases_of(Path(path)))}


def _is_known(path: ImageSource) -> bool:
    """Return whether a source is a folder, or all its files have endings that micro knows."""
    if isinstance(path, str | Path) and Path(path).is_dir():
        return True
    known = {ending for name in readers().names() for ending in readers().get(name).extensions}
    return {file.suffix.lower() for file in _paths(path)} <= known


def _read_image(path: ImageSource) -> LayerTuple:
    try:
        volume = read_volume(path)
        spacing: Spacing | None = volume.spacing
    except MissingCalibrationError:
        volume, spacing = read_volume(path, voxel_size=_PIXELS), None
    return image_layer(volume, coarser=read_coarser(path), origin=Origin(_paths(path), spacing))


def _read_labels(path: ImageSource) -> LayerTuple:
    phases = _phases_of(Path(path)) if isinstance(path, str | Path) else SSB_PHASES
    try:
        labels, known = read_labels(path, phases=phases), True
    except MissingCalibrationError:
        labels, known = read_labels(path, phases=phases, voxel_size=_PIXELS), False
    origin = Origin(_paths(path), labels.spacing if known else None, labels.phases)
    data, attributes, kind = labels_layer(labels, coarser=read_coarser(path, labels=True), origin=origin)
    if not known:
        attributes["units"] = ("pixel",) * len(attributes["units"])
    return data, attributes, kind


def _phases_of(path: Path) -> PhaseSet:
    """Return the phases of a label file that doesn't name them: those of its result, where it is its ``labels.tif``."""
    folder = path.parent
    if path.name == f"{LABELS}.tif" and find_result(folder) == folder:
        return read_labels(folder / LABELS_ZARR).phases
    return SSB_PHASES


def _paths(path: ImageSource) -> tuple[Path, ...]:
    return (Path(path),) if isinstance(path, str | Path) else tuple(Path(one) for one in path)
