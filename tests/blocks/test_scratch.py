"""Stores among the temporary files go with their program, also where it is killed; those of others stay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from micro.blocks import Engine, clear_scratch, scratch, scratch_folder

CHILD = """
import sys
import numpy as np
from micro.blocks import Engine, scratch_folder
out = Engine(in_memory_bytes=0).array((4, 4, 4), np.uint8)
out[:] = 1
print(scratch_folder(), flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def temporary(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The system's temporary folder, of this test alone; its name has a space and an umlaut."""
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(scratch, "_OWN", {})
    yield place
    # a lock that is held is not removed on every system
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "für Übergänge"
    folder.mkdir()
    return folder


def begin(temporary: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a program that stores something; return it and its folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env={**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "PYTHONUTF8": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().rstrip("\n"))


def names(temporary: Path) -> set[str]:
    return {path.name for path in temporary.iterdir()}


def test_nothing_is_left_by_a_program_that_ends(temporary: Path) -> None:
    process, folder = begin(temporary)
    assert folder.parent == temporary
    assert list(folder.glob("micro-*.zarr/**/c/*"))
    process.communicate("\n", timeout=60)
    assert process.returncode == 0
    assert names(temporary) == set()


def test_what_a_killed_program_left_goes_with_the_next_and_what_others_use_stays(temporary: Path) -> None:
    killed, left = begin(temporary)
    working, used = begin(temporary)
    psutil.Process(killed.pid).kill()
    killed.communicate(timeout=60)
    assert left.is_dir()
    strangers = temporary / left.name.replace("micro-", "micro-other_machine_", 1)
    strangers.mkdir()
    (temporary / "micro-notes").mkdir()

    own = scratch_folder()
    assert not left.exists()
    assert not left.with_suffix(".lock").exists()
    assert list(used.glob("micro-*.zarr"))
    assert (strangers.is_dir(), (temporary / "micro-notes").is_dir()) == (True, True)
    assert own not in clear_scratch()
    assert own.is_dir()
    working.communicate("\n", timeout=60)
    assert not used.exists()


def test_a_given_folder_needs_none_of_these(temporary: Path, tmp_path: Path) -> None:
    Engine(in_memory_bytes=0, work_dir=tmp_path).array((4, 4, 4), "uint8")
    Engine().array((4, 4, 4), "uint8")
    assert names(temporary) == set()
    (store,) = tmp_path.glob("micro-*.zarr")
    assert store.is_dir()
