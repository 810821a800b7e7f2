"""Waiting until files lie on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["sync_files", "sync_folder"]


def sync_files(paths: Iterable[Path]) -> None:
    """Wait until the content and the names of ``paths`` lie on the disk."""
    folders = set()
    for path in paths:
        with path.open("r+b") as stream:
            os.fsync(stream.fileno())
        folders.add(path.parent)
    for folder in sorted(folders):
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Wait until the names in ``folder`` lie on the disk; Windows needs no such call and has none."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
