"""The values of a labels layer as phases."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine
from micro.errors import PhaseError
from napari_micro_ssb._origin import LayerLike
from napari_micro_ssb._sample import array_of

__all__ = ["phase_values"]


def phase_values(layer: LayerLike, engine: Engine) -> da.Array:
    """Return the values of a labels layer, lazily, as bytes of shape (z, y, x).

    Raises
    ------
    PhaseError
        If there are others than whole numbers from 0 to 255.
    ShapeMismatchError
        If it has other than two or three axes.
    """
    array = array_of(layer)
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "bui":
        raise PhaseError(f"{layer.name}: values of type {array.dtype}; expected labels, whole numbers from 0 to 255")
    spans: list[tuple[int, int]] = engine.run(_span, [array])
    lowest, highest = min(low for low, _ in spans), max(high for _, high in spans)
    if lowest < 0 or highest > 255:
        raise PhaseError(
            f"{layer.name}: values from {lowest} up to {highest}; expected phases from 0 to 255 "
            "(0 none, 1 void, 2 SE, 3 Li, ...)"
        )
    return array.astype(np.uint8)


def _span(_: Block, values: NDArray[Any]) -> Done[tuple[int, int]]:
    return Done((int(values.min()), int(values.max())))
