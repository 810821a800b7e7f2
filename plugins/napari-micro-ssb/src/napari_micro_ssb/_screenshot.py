"""Pictures of the viewer's window, for documents and for machines without a screen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from micro.errors import OutputError
from micro.io import atomic_path

if TYPE_CHECKING:
    import napari

__all__ = ["save_screenshot", "settle"]


def settle(rounds: int = 20) -> None:
    """Let Qt draw: the canvas is black until its events are done."""
    from qtpy.QtWidgets import QApplication

    for _ in range(rounds):
        QApplication.processEvents()
        time.sleep(0.01)


def save_screenshot(viewer: napari.Viewer, path: Path, *, canvas_only: bool = False) -> None:
    """Write a picture of a viewer's window as PNG.

    Raises
    ------
    OutputError
        If nothing was drawn: the picture has one colour.
    """
    from PIL import Image

    settle()
    picture = np.asarray(viewer.screenshot(canvas_only=canvas_only, flash=False))
    if picture.std() <= 5:
        raise OutputError(f"{path}: the window is blank; expected a display that can draw (OpenGL)")
    with atomic_path(path) as beside:
        Image.fromarray(picture[..., :3]).save(beside, format="PNG", optimize=True)
