"""Folders for volumes too large for memory; they go with the program."""

from __future__ import annotations

import tempfile
from pathlib import Path

from micro.blocks import scratch_folder

__all__ = ["in_scratch", "new_scratch"]


def new_scratch() -> Path:
    """Return a new folder. Layers may read from it as long as the program runs."""
    return Path(tempfile.mkdtemp(prefix="napari-", dir=scratch_folder()))


def in_scratch(path: Path) -> bool:
    """Return whether a file goes with the program."""
    return path.is_relative_to(scratch_folder())
