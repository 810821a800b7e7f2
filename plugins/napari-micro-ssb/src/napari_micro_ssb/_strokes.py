"""Strokes on an image, and a classifier from them, as ``micro train`` makes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.errors import ParameterError, ShapeMismatchError
from micro.io import write_tiff
from micro.model import SSB_PHASES, Labels
from micro_pipelines import Recipe, Source
from micro_pipelines.training import Trained, train_model
from napari_micro_ssb._layers import colours_of
from napari_micro_ssb._origin import KEY, Origin
from napari_micro_ssb._sample import Sample
from napari_micro_ssb._work import Watcher

__all__ = ["PAINTED", "STROKES", "as_strokes", "drawn_on", "strokes_layer", "train_and_save"]

PAINTED = ("void", "SE", "Li", "cathode", "interphase", "collector")
"""Phases that are painted; dendrites are painted as Li and cracks as void, and told apart afterwards."""


STROKES = "strokes"
"""Name of the layer."""


def strokes_layer(viewer: Any, image: Any, drawn: NDArray[np.uint8]) -> Any:  # noqa: ANN401
    """Add strokes to the viewer as a layer that lies on the image, with the brush in hand, and return it."""
    layer = viewer.add_labels(
        drawn,
        name=STROKES,
        **{about: getattr(image, about) for about in ("scale", "translate", "units", "axis_labels")},
        colormap=colours_of(SSB_PHASES),
        metadata={KEY: Origin(phases=SSB_PHASES, helper=True)},
    )
    layer.brush_size = max(3, round(min(drawn.shape[-2:]) / 100))
    layer.mode = "paint"
    return layer


def drawn_on(layer: Any, image: Any) -> Any:  # noqa: ANN401
    """Return the array of a labels layer with strokes on an image; its voxels are not looked at.

    Raises
    ------
    ShapeMismatchError
        If the layer doesn't have the shape of the image.
    """
    wanted = (image.data[0] if image.multiscale else image.data).shape
    if tuple(layer.data.shape) != tuple(wanted):
        raise ShapeMismatchError(
            f"{layer.name}: strokes of shape {tuple(layer.data.shape)} for the image {image.name} of shape "
            f"{tuple(wanted)}; expected the same: begin with New strokes"
        )
    return layer.data


def as_strokes(drawn: Any, name: str) -> NDArray[np.uint8]:  # noqa: ANN401
    """Return what was drawn on a layer of that name as uint8 of shape (z, y, x).

    Raises
    ------
    ParameterError
        If a value is no label value.
    """
    data = np.asarray(drawn)
    if data.dtype != np.uint8:
        if data.min() < 0 or data.max() > 255:
            raise ParameterError(f"{name}: values beyond 0 to 255; expected strokes from New strokes")
        data = data.astype(np.uint8)
    return data[np.newaxis] if data.ndim == 2 else data


def train_and_save(
    sample: Sample,
    strokes: NDArray[np.uint8],
    recipe: Recipe,
    out: Path,
    engine: Engine,
    watcher: Watcher,
    *,
    scratch: Path,
) -> Trained:
    """Train the classifier that ``micro train`` trains from the same strokes, and write it.

    The strokes are saved in the scratch folder as the file that the command would be given.

    Raises
    ------
    MicroError
        Whatever is wrong with the strokes, the image or the output, in one line.
    """
    painted = Labels(strokes, sample.spacing, SSB_PHASES, name=f"{sample.source.name}_strokes")
    path = write_tiff(scratch / f"{sample.source.name}_strokes.tif", painted)
    pair = (sample.source, Source(painted.name, (path,)))
    return train_model(
        [pair],
        recipe,
        out,
        voxel_size=sample.voxel_size,
        engine=replace(engine, progress=None),
        maps=False,
        observer=watcher,
    )
