"""The camera of a viewer, wherever its version of napari keeps it."""

from __future__ import annotations

from typing import Any

__all__ = ["camera_of"]


def camera_of(viewer: Any) -> Any:  # noqa: ANN401
    """Return the camera: napari 0.9 moved it from the viewer into its scene."""
    return getattr(viewer, "scene", viewer).camera
