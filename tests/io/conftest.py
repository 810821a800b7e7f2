"""Folders and files for the tests of reading and writing."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder whose path has a space and an umlaut."""
    path = tmp_path / "Zelle 3 über Nacht"
    path.mkdir()
    return path


@pytest.fixture
def realdata() -> Path:
    """The folder of real micrographs."""
    place = os.environ.get("MICRO_REALDATA")
    if not place or not Path(place).is_dir():
        pytest.skip("MICRO_REALDATA does not name the folder of real micrographs")
    return Path(place)
