"""Folders for volumes too large for memory; they go with the program."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

__all__ = ["in_scratch", "new_scratch"]


def new_scratch() -> Path:
    """Return a new folder. Layers may read from it as long as the program runs."""
    return Path(tempfile.mkdtemp(dir=_of_this_program()))


def in_scratch(path: Path) -> bool:
    """Return whether a file goes with the program."""
    return path.is_relative_to(_of_this_program())


@functools.cache
def _of_this_program() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="micro-napari-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
