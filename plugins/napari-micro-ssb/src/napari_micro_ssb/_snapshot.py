"""A layer as it is at one moment, for work in another thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_micro_ssb._origin import LayerLike

__all__ = ["Snapshot", "snapshot_of"]


@dataclass
class Snapshot:
    """What is asked of a layer; nobody paints on it, and it stays when the layer is removed."""

    name: str
    data: Any
    scale: Any
    units: Any
    metadata: Any
    ndim: int


def snapshot_of(layer: LayerLike, *, copy: bool = True) -> Snapshot:
    """Return a layer as it is now: what lies in memory is copied; of several levels the finest one counts.

    Without ``copy`` whoever asks sees to it that nobody paints on the layer meanwhile.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> layer = SimpleNamespace(name="a", data=np.zeros(3), scale=(1,), units=("um",), metadata={}, ndim=1)
    >>> now = snapshot_of(layer)
    >>> layer.data[0] = 1
    >>> now.data.tolist()
    [0.0, 0.0, 0.0]
    """
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    data = data.copy() if copy and isinstance(data, np.ndarray) else data
    return Snapshot(layer.name, data, tuple(layer.scale), tuple(layer.units), dict(layer.metadata), layer.ndim)
