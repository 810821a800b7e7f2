"""The camera of a viewer, wherever its version of napari keeps it, and flying to an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_micro_ssb._origin import spacing_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["camera_of", "fly_to"]

FLY_PIXELS = 200.0
"""Size of an object on the screen after flying to it."""


def camera_of(viewer: Any) -> Any:  # noqa: ANN401
    """Return the camera: napari 0.9 moved it from the viewer into its scene."""
    return getattr(viewer, "scene", viewer).camera


def fly_to(viewer: Any, layer: Any, row: pd.Series[Any]) -> None:  # noqa: ANN401
    """Look at an object of a table in a layer: in the middle of the view, and of a size to be seen.

    Raises
    ------
    ValueError
        If the row has no place.
    MissingCalibrationError
        If the layer's units are no lengths.
    """
    axes = [axis for axis in "zyx"[-layer.ndim :] if f"centroid_{axis}_um" in row]
    edges_um = spacing_of(layer).um[-layer.ndim :]
    # spots of contact have no place along the normal: the view stays where it is
    voxel = _looked_at(viewer, layer)
    for axis in axes:
        number = "zyx"[-layer.ndim :].index(axis)
        # tables count from the picture's edge, napari from the middle of its first voxel
        voxel[number] = float(row[f"centroid_{axis}_um"]) / edges_um[number] - 0.5
    extent_um = max(float(row[f"stop_{axis}_um"]) - float(row[f"start_{axis}_um"]) for axis in axes[-2:])
    centre, edge = layer.data_to_world(voxel), float(layer.scale[-1])
    viewer.dims.set_point(range(viewer.dims.ndim)[-layer.ndim :], centre)
    camera = camera_of(viewer)
    camera.center = tuple(centre)
    camera.zoom = FLY_PIXELS / (max(extent_um / edges_um[-1], 1) * edge)


def _looked_at(viewer: Any, layer: Any) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401
    """Return the voxel of a layer in the middle of the view."""
    dims = viewer.dims
    point = np.array(dims.point, dtype=np.float64)
    point[list(dims.displayed)] = camera_of(viewer).center[-len(dims.displayed) :]
    return np.array(layer.world_to_data(point))[-layer.ndim :]
