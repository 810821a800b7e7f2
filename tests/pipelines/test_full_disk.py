"""A disk that fills is told in one line that says what to do, however the writer has put it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micro.errors import OutputError
from micro.io import atomic_path
from micro_pipelines.runner import _space_told

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")


def by_numpy() -> None:
    with FULL.open("wb") as file:
        np.zeros(10**6).tofile(file)


def by_the_system() -> None:
    with FULL.open("wb", buffering=0) as file:
        file.write(b"0")


@pytest.mark.parametrize("write", [by_numpy, by_the_system])
def test_a_full_disk_is_told_alike(tmp_path: Path, write: object) -> None:
    assert callable(write)
    with (
        pytest.raises(OutputError, match=r"no space is left in .*continue with --resume"),
        _space_told(tmp_path),
        atomic_path(tmp_path / "labels.tif"),
    ):
        write()
    assert not list(tmp_path.iterdir())


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't write"), _space_told(tmp_path), atomic_path(tmp_path / "a.tif"):
        raise OSError("the cable was pulled")
