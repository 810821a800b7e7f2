"""Putting what was computed into a viewer, in the place of what was there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from napari_micro_ssb._origin import origin_of
from napari_micro_ssb._segmenting import Piece

__all__ = ["alone", "below", "put", "translation"]


def put(viewer: Any, kind: str, data: Any, attributes: dict[str, Any]) -> Any:  # noqa: ANN401
    """Show data in the layer of that name: a new one, or with new data where it lies in the same place.

    New data are drawn much faster than a new layer.
    """
    name = attributes["name"]
    if name in viewer.layers:
        there = viewer.layers[name]
        if there.data.shape == data.shape and _lies_there(there, attributes):
            there.data = data
            return there
        viewer.layers.remove(name)
    return getattr(viewer, f"add_{kind}")(data, **attributes)


def _lies_there(layer: Any, attributes: dict[str, Any]) -> bool:  # noqa: ANN401
    """Return whether a layer lies where the attributes say, with voxels of that size."""
    same = (np.allclose(getattr(layer, name), attributes[name]) for name in ("translate", "scale"))
    return all(same) and [str(one) for one in layer.units] == [str(one) for one in attributes["units"]]


def below(viewer: Any, layer: Any, other: Any) -> None:  # noqa: ANN401
    """Put a layer right below another one, where it isn't below it already."""
    place, limit = viewer.layers.index(layer), viewer.layers.index(other)
    if place > limit:
        viewer.layers.move(place, limit)


def alone(viewer: Any, layer: Any, names: Collection[str]) -> None:  # noqa: ANN401
    """Hide what was made of the image before, so that no two sets of colours are seen through one another.

    Parameters
    ----------
    viewer, layer
        The layer that is to be seen.
    names
        Of previews; labels that were made here are hidden, too.
    """
    for other in viewer.layers:
        if other is not layer and (other.name in names or origin_of(other).job is not None):
            other.visible = False
    layer.visible = True


def translation(image: Any, piece: Piece) -> tuple[float, ...]:  # noqa: ANN401
    """Return where a piece of an image begins, in its units."""
    begin = np.asarray(image.translate) + np.multiply(piece.start[-image.ndim :], image.scale)
    return tuple(float(place) for place in begin)
