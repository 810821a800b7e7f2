"""Volumes and labels as napari layers, placed in um and in the colours of their phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro.model import Labels, PhaseSet, Spacing, Volume
from napari_micro_ssb._content import content_of
from napari_micro_ssb._lazy import Lazy, shown
from napari_micro_ssb._origin import KEY, Origin

__all__ = ["LayerTuple", "colours_of", "image_layer", "labels_layer", "mask_layer", "placed"]

LayerTuple = tuple[Any, dict[str, Any], Literal["image", "labels"]]
"""What napari makes a layer from: the array, the layer's attributes, its kind."""


def image_layer(volume: Volume, *, coarser: Sequence[da.Array] = (), origin: Origin) -> LayerTuple:
    """Return a grey volume as an image layer; ``origin.spacing`` None shows it in pixels."""
    data, attributes = placed(volume.data, origin.spacing, volume.name, coarser)
    limits = _contrast(data)
    if limits is not None:
        attributes["contrast_limits"] = limits
    content = content_of(data[0] if isinstance(data, list) else data)
    attributes["metadata"] = {KEY: replace(origin, content=content)}
    return data, attributes, "image"


def labels_layer(labels: Labels, *, coarser: Sequence[da.Array] = (), origin: Origin, name: str = "") -> LayerTuple:
    """Return labels as a labels layer in the colours of their phases; unlabelled voxels are not shown."""
    data, attributes = placed(labels.data, labels.spacing, name or f"{labels.name} phases", coarser)
    attributes |= {"colormap": colours_of(labels.phases), "opacity": 0.5, "metadata": {KEY: origin}}
    return _kept_from_brushes(data, attributes)


def mask_layer(mask: da.Array, spacing: Spacing, name: str, colour: str, *, origin: Origin) -> LayerTuple:
    """Return one part of a cell as a labels layer of one colour."""
    data, attributes = placed(mask.astype(np.uint8), spacing, name, ())
    colours = {None: "transparent", 1: colour}
    metadata = {KEY: replace(origin, helper=True)}
    attributes |= {"colormap": colours, "opacity": 0.8, "visible": False, "metadata": metadata}
    return _kept_from_brushes(data, attributes)


def placed(
    array: da.Array, spacing: Spacing | None, name: str, coarser: Sequence[da.Array]
) -> tuple[Any, dict[str, Any]]:
    """Return what is shown of an array (z, y, x), without the z axis of a single section, and where it lies."""
    # z of a single section is a stand-in: shown, it would be taken for a thickness.
    flat = array.shape[0] == 1
    first = 1 if flat else 0
    levels = [shown(level[0] if flat else level) for level in (array, *coarser)]
    scale = (1.0, 1.0, 1.0)[first:] if spacing is None else spacing.um[first:]
    attributes: dict[str, Any] = {
        "name": name,
        "scale": scale,
        "units": ("pixel" if spacing is None else "um",) * len(scale),
        "axis_labels": tuple("zyx"[first:]),
    }
    # What is in memory needs no coarser levels, and can be painted on.
    if len(levels) == 1 or isinstance(levels[0], np.ndarray):
        return levels[0], attributes
    return levels, attributes | {"multiscale": True}


def _kept_from_brushes(data: Any, attributes: dict[str, Any]) -> LayerTuple:  # noqa: ANN401
    """Return labels such that napari offers its brush only where it can paint: on arrays in memory.

    Labels of several levels can't be painted on, so that those of one level get a second one: every second voxel of the
    slice. The Correct panel paints on all of them.
    """
    if isinstance(data, Lazy):
        coarser = Lazy(data.source[..., ::2, ::2])
        return [data, coarser], attributes | {"multiscale": True}, "labels"
    return data, attributes, "labels"


def colours_of(phases: PhaseSet) -> dict[int | None, str]:
    """Return the colour of each label value; values without a phase (None) are not shown."""
    return {None: "transparent", **{phase.value: phase.colour for phase in phases}}


def _contrast(data: Any) -> tuple[float, float] | None:  # noqa: ANN401
    """Return the greys that are shown as black and white: percentiles of a middle slice, of the coarsest level."""
    coarsest: Lazy | NDArray[Any] = data[-1] if isinstance(data, list) else data
    if coarsest.dtype in (np.uint8, np.bool_):
        return None
    at = coarsest.shape[0] // 2
    if coarsest.ndim == 2:
        middle = np.asarray(coarsest)
    else:
        middle = coarsest.read_slice(at) if isinstance(coarsest, Lazy) else coarsest[at]
    finite = middle[np.isfinite(middle)] if middle.dtype.kind == "f" else middle
    if finite.size == 0:
        return None
    low, high = (float(value) for value in np.percentile(finite, (0.1, 99.9)))
    return (low, high) if high > low else None
