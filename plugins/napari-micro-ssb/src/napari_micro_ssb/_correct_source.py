"""Which labels a layer shows, and where its corrections lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from micro.blocks import Engine
from micro.correct import JOURNAL_NAME, Correction, Edit, Log, Patch, corrections_folder, read_records
from micro.errors import InputMissingError, MicroError, MissingCalibrationError, OutputError, PhaseError
from micro.io import read_labels, write_ome_zarr
from micro.model import SSB_PHASES, Labels, Spacing
from micro.model.volume import as_zyx
from napari_micro_ssb._origin import origin_of, spacing_of
from napari_micro_ssb._phase_values import phase_values
from napari_micro_ssb._words import counted

__all__ = [
    "CorrectableLayer",
    "Found",
    "beside",
    "file_of",
    "found_beside",
    "keep",
    "labels_in",
    "recovered_words",
    "require_there",
    "take_over",
    "unused",
]


class CorrectableLayer(Protocol):
    """What is asked of a napari layer here."""

    name: str
    data: Any
    scale: Any
    units: Any
    metadata: Any
    ndim: int


@dataclass(frozen=True)
class Found:
    """Corrections of an earlier session: how many edits count, how many entries there are, and the time of the last."""

    folder: Path
    edits: int
    entries: int
    last: str


def file_of(layer: CorrectableLayer) -> Path | None:
    """Return the one label file or folder that a layer was read from; None where it lies in memory only."""
    path = origin_of(layer).file or getattr(getattr(layer, "source", None), "path", None)
    if path is None or not Path(path).exists():
        return None
    try:
        read_labels(path, voxel_size=Spacing(1, 1, 1))
    except MicroError:
        return None
    return Path(path)


def require_there(layer: CorrectableLayer) -> None:
    """Refuse labels that were read from a file which is gone.

    Raises
    ------
    InputMissingError
        If that is so.
    """
    for path in origin_of(layer).paths:
        if not path.exists():
            raise InputMissingError(
                f"{layer.name}: {path} is gone; put it back, or save the layer elsewhere and open that"
            )


def labels_in(layer: CorrectableLayer, path: Path) -> Labels:
    """Return the automatic labels in a file, with the voxel size of the layer where it is another one.

    Raises
    ------
    MicroError
        If they can't be read, differ in shape from what the layer shows, or nobody said how large a voxel is.
    """
    edges = spacing_of(layer)
    labels = read_labels(path, voxel_size=edges)
    shape = _shape(layer)
    if labels.shape[-len(shape) :] != shape:
        raise PhaseError(f"{layer.name}: shows {shape} voxels, {path.name} holds {labels.shape}; open the file anew")
    try:
        stated = read_labels(path)
    except MissingCalibrationError:
        return labels
    flat = 1 if len(shape) == 2 else 0
    same = np.allclose(stated.spacing.um[flat:], edges.um[flat:], rtol=1e-6, atol=0)
    return stated if same else labels


def keep(layer: CorrectableLayer, folder: Path) -> Path:
    """Write the labels of a layer in memory to a folder, to be the automatic labels of its corrections.

    The same labels that lie there already are taken as they are.

    Raises
    ------
    OutputError
        If other labels of that name lie there, or the folder can't be written.
    PhaseError
        If the values are no labels from 0 to 255.
    ShapeMismatchError
        If the layer has other than two or three axes.
    """
    array = phase_values(layer, Engine())
    labels = Labels(array, spacing_of(layer), phases=origin_of(layer).phases or SSB_PHASES, name=layer.name)
    safe = "".join("_" if letter in '<>:"/\\|?*' or ord(letter) < 32 else letter for letter in layer.name).strip(" .")
    path = folder / f"{safe or 'labels'}.ome.zarr"
    if path.exists():
        if _same(path, labels):
            return path
        raise OutputError(f"{path} holds other labels; give another folder, or another name to the layer")
    return write_ome_zarr(path, None, labels)


def found_beside(path: Path) -> Found | None:
    """Return what is known of corrections that lie beside a label file; None where there are none."""
    folder = corrections_folder(path)
    try:
        _, records = read_records(folder / JOURNAL_NAME)
    except FileNotFoundError:
        return None
    if not records:
        return None
    return Found(folder, len(Log(records).active), len(records), str(records[-1].content.get("time", ""))[:16])


def beside(layer: CorrectableLayer) -> tuple[Found | None, str]:
    """Return what is known of corrections that lie beside the labels of a layer, and a line about it."""
    path = file_of(layer)
    if path is None:
        return None, "these labels are in memory only; a folder is asked for"
    found = found_beside(path)
    if found is None:
        return None, ""
    return found, f"{counted(found.edits, 'edit')} by hand beside these labels, the last of {found.last} UTC"


def take_over(layer: Any, correction: Correction) -> int:  # noqa: ANN401
    """Make an edit of what was painted on the labels of a file before they were opened for correction.

    Return how many voxels; the layer shows its file again, so that they count once.
    """
    if not isinstance(layer.data, np.ndarray) or origin_of(layer).file is None:
        return 0
    automatic = np.asarray(correction.automatic.data.compute())
    painted = as_zyx(layer.data).compute()
    places = np.argwhere(painted != automatic)
    if not len(places):
        return 0
    low, high = places.min(axis=0), places.max(axis=0) + 1
    box = tuple(slice(int(first), int(last)) for first, last in zip(low, high, strict=True))
    region = (box[0], box[1], box[2])
    here, before = painted[region], automatic[region]
    if here.min() < 0 or here.max() > 255:
        raise PhaseError(f"{layer.name}: values that are no phases were painted; expected whole numbers from 0 to 255")
    values = np.where(here != before, here, correction.read(region)).astype(np.uint8)
    start = (region[0].start, region[1].start, region[2].start)
    done = correction.apply(Edit("napari", [Patch(start, values)]))
    layer.data = automatic[0] if layer.ndim == 2 else automatic
    return 0 if done is None else done.voxels


def recovered_words(correction: Correction) -> str:
    """Return what was found at the opening, in words."""
    found = correction.recovery
    parts = [f"{counted(found.edits, 'edit')} of earlier sessions" if found.edits else "no edits yet"]
    if found.replayed:
        entries = "1 entry" if found.replayed == 1 else f"{found.replayed} entries"
        parts.append(f"recovered after a session broke off, by replaying {entries} of the journal")
    if found.cut_bytes:
        parts.append(f"cut off: {counted(found.cut_bytes, 'byte')} of an entry that was never finished")
    return "; ".join(parts)


def unused(folder: Path) -> Path:
    """Return a name beside ``folder`` that is free, to set it aside."""
    number = 1
    while (place := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    return place


def _shape(layer: CorrectableLayer) -> tuple[int, ...]:
    data = layer.data
    first = data[0] if isinstance(data, list | tuple) or type(data).__name__ == "MultiScaleData" else data
    return tuple(int(length) for length in first.shape)


def _same(path: Path, labels: Labels) -> bool:
    try:
        there = read_labels(path)
    except MicroError:
        return False
    if there.shape != labels.shape or not np.allclose(there.spacing.um, labels.spacing.um, rtol=1e-9, atol=0):
        return False
    return bool((there.data == labels.data).all().compute())
