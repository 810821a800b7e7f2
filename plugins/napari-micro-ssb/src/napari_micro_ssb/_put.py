"""Putting what was computed into a viewer, in the place of what was there."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_micro_ssb._segmenting import Piece

__all__ = ["below", "put", "translation"]


def put(viewer: Any, kind: str, data: Any, attributes: dict[str, Any]) -> Any:  # noqa: ANN401
    """Show data in the layer of that name: a new one, or with new data where it lies in the same place.

    New data are drawn much faster than a new layer.
    """
    name = attributes["name"]
    if name in viewer.layers:
        there = viewer.layers[name]
        if there.data.shape == data.shape and np.allclose(there.translate, attributes["translate"]):
            there.data = data
            return there
        viewer.layers.remove(name)
    return getattr(viewer, f"add_{kind}")(data, **attributes)


def below(viewer: Any, layer: Any, other: Any) -> None:  # noqa: ANN401
    """Put a layer right below another one, where it isn't below it already."""
    place, limit = viewer.layers.index(layer), viewer.layers.index(other)
    if place > limit:
        viewer.layers.move(place, limit)


def translation(image: Any, piece: Piece) -> tuple[float, ...]:  # noqa: ANN401
    """Return where a piece of an image begins, in its units."""
    start = piece.start[-image.ndim :]
    return tuple(float(place * edge) for place, edge in zip(start, image.scale, strict=True))
