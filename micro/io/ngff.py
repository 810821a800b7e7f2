"""OME-Zarr (NGFF 0.4 on zarr 2, 0.5 on zarr 3): the finest level of an image, and the labels below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from micro.errors import PhaseError, UnreadableFileError, UnsupportedFormatError
from micro.io._calibration.calibration import UNKNOWN
from micro.io._calibration.ngff import read_ngff
from micro.io._guard import guarded
from micro.io._image_label import history_of, phases_of
from micro.io._opened import Opened
from micro.io._stack import Stack

__all__ = ["NgffReader", "coarser_levels", "is_zarr", "open_ngff_labels"]

_MARKERS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


def is_zarr(path: Path) -> bool:
    """Return whether ``path`` is the folder of a zarr group or array."""
    return path.is_dir() and any((path / name).is_file() for name in _MARKERS)


class NgffReader:
    """The reader of OME-Zarr folders.

    Examples
    --------
    >>> NgffReader().extensions
    ('.zarr',)
    """

    @property
    def extensions(self) -> tuple[str, ...]:
        """Endings of OME-Zarr folders."""
        return (".zarr",)

    def open(self, path: Path) -> Opened:
        """Open the finest level of the image in an OME-Zarr folder.

        Raises
        ------
        UnreadableFileError
            If the metadata are missing or damaged.
        UnsupportedFormatError
            If there are several channels or time points, or no image.
        """
        with guarded(path, "OME-Zarr"):
            return _opened(*_node(path))


def open_ngff_labels(path: Path) -> Opened:
    """Open the labels of an OME-Zarr folder: its own if it is a label image, else the only ones below it.

    Raises
    ------
    PhaseError
        If there are several label images below it; the message lists them.
    """
    with guarded(path, "OME-Zarr"):
        return _opened(*_labels_node(path))


def coarser_levels(path: Path, *, labels: bool) -> tuple[Stack, ...]:
    """Return the levels below the finest one, finer first; none where there is only one.

    Parameters
    ----------
    path
        An OME-Zarr folder.
    labels
        Whether those of the labels are wanted, which may lie below an image.
    """
    with guarded(path, "OME-Zarr"):
        place, node = _labels_node(path) if labels else _node(path)
        if isinstance(node, zarr.Array):
            return ()
        multiscale = (_ome(node).get("multiscales") or [{"datasets": []}])[0]
        stacks = []
        for entry in multiscale["datasets"][1:]:
            level_path = _inside(place, str(entry["path"]))
            level = zarr.open_array(level_path, mode="r")
            stacks.append(_stack(level_path, level, _axes(multiscale, level.ndim)))
        return tuple(stacks)


def _labels_node(path: Path) -> tuple[Path, zarr.Group | zarr.Array]:
    """Return the labels at ``path``, or the only ones below the image there; the image itself where there are none."""
    place, node = _node(path)
    if isinstance(node, zarr.Array) or "image-label" in _ome(node):
        return place, node
    names = _label_names(place)
    if not names:
        return place, node
    if len(names) > 1:
        listed = ", ".join(names)
        raise PhaseError(f"{path}: holds several label images ({listed}); give the path of one, .../labels/{names[0]}")
    return _node(place / "labels" / names[0])


@dataclass(frozen=True)
class _ZarrArray:
    """Reads regions of a zarr array as (z, y, x); opened anew by path in every call."""

    path: Path
    axes: tuple[str, ...]

    def __call__(self, z: slice, y: slice, x: slice) -> NDArray[Any]:
        spans: dict[str, Any] = {"z": z, "y": y, "x": x}
        with guarded(self.path, "OME-Zarr"):
            array = zarr.open_array(self.path, mode="r")
            block = np.asarray(array[tuple(spans.get(axis, 0) for axis in self.axes)])
        spatial = [axis for axis in self.axes if axis in "zyx"]
        block = block.transpose([spatial.index(axis) for axis in "zyx" if axis in spatial])
        return block if "z" in spatial else block[np.newaxis][z]


def _node(path: Path) -> tuple[Path, zarr.Group | zarr.Array]:
    """Return the image at ``path``, or the first of a collection by bioformats2raw, and where it lies."""
    node = zarr.open(path, mode="r")
    if isinstance(node, zarr.Group) and "multiscales" not in _ome(node) and (path / "0").is_dir():
        inner = zarr.open(path / "0", mode="r")
        if isinstance(inner, zarr.Group) and "multiscales" in _ome(inner):
            return path / "0", inner
    return path, node


def _ome(group: zarr.Group) -> Mapping[str, Any]:
    """Return the OME metadata of a group: version 0.5 keeps them under one key, 0.4 does not."""
    attributes = group.attrs.asdict()
    inner = attributes.get("ome")
    return inner if isinstance(inner, Mapping) else attributes


def _label_names(path: Path) -> list[str]:
    if not is_zarr(path / "labels"):
        return []
    group = zarr.open_group(path / "labels", mode="r")
    names = _ome(group).get("labels") or sorted(name for name, _ in group.groups())
    return [str(name) for name in names]


def _opened(place: Path, node: zarr.Group | zarr.Array) -> Opened:
    if isinstance(node, zarr.Array):
        axes = tuple("tczyx"[-node.ndim :])
        notes = ("a zarr array without OME metadata: axes taken as z, y, x",)
        return Opened(_stack(place, node, axes), f"zarr {node.metadata.zarr_format} array", UNKNOWN, notes=notes)
    ome = _ome(node)
    multiscales = ome.get("multiscales")
    if not multiscales:
        raise UnsupportedFormatError(
            f"{place}: a zarr group without an OME-Zarr image; expected multiscales in it, give the path of one image"
        )
    multiscale = multiscales[0]
    finest = _inside(place, str(multiscale["datasets"][0]["path"]))
    level = zarr.open_array(finest, mode="r")
    axes = _axes(multiscale, level.ndim)
    version = ome.get("version") or multiscale.get("version") or "0.4"
    return Opened(
        stack=_stack(finest, level, axes),
        format=f"OME-Zarr {version}",
        calibration=read_ngff(multiscale, axes),
        phases=phases_of(ome.get("image-label")),
        history=history_of(node.attrs.asdict().get("micro")),
    )


def _inside(place: Path, name: str) -> Path:
    inner = place / name
    if not inner.resolve().is_relative_to(place.resolve()):
        raise UnreadableFileError(f"{place}: its metadata point outside of it, to {name!r}; the file is damaged")
    return inner


def _axes(multiscale: Mapping[str, Any], ndim: int) -> tuple[str, ...]:
    entries = multiscale.get("axes") or list("tczyx"[-ndim:])
    return tuple(str(entry["name"] if isinstance(entry, Mapping) else entry).lower() for entry in entries)


def _stack(path: Path, array: zarr.Array, axes: tuple[str, ...]) -> Stack:
    lengths = dict(zip(axes, array.shape, strict=True))
    if not {"y", "x"} <= lengths.keys() or 0 in array.shape:
        raise UnsupportedFormatError(f"{path}: axes {', '.join(axes)} of lengths {array.shape}; expected z, y and x")
    for axis, length in lengths.items():
        if axis not in "zyx" and length > 1:
            what = {"c": "channels", "t": "time points"}.get(axis, f"planes along {axis}")
            raise UnsupportedFormatError(f"{path}: {length} {what}; expected one, save one alone")
    grain = dict(zip(axes, array.chunks, strict=True))
    shape = (lengths.get("z", 1), lengths["y"], lengths["x"])
    read = _ZarrArray(path, axes)
    return Stack(shape, np.dtype(array.dtype), read, (grain.get("z", 1), grain["y"], grain["x"]))
