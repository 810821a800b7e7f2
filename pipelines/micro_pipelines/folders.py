"""The output folder of a run: writable, held by one run at a time, and free of what killed runs left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from micro.blocks import clear_scratch
from micro.errors import OutputError
from micro_pipelines.lock import Owner, held
from micro_pipelines.stages import SCRATCH, WORK

__all__ = ["carry_set_aside", "keep_corrections", "locked", "prepare"]


def prepare(folder: Path) -> Path:
    """Make the output folder and see that it can be written to.

    Raises
    ------
    OutputError
        If it can't be made, is a file, or refuses a new file.
    """
    probe = folder / f".micro-probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OutputError(
            f"output folder {folder} can't be written: {error.strerror or error}; choose another with --out"
        ) from error
    return folder


@contextmanager
def locked(folder: Path) -> Iterator[Owner | None]:
    """Hold the folder for this run alone, and clear what a killed run left half-built in it, or among temporary files.

    Gives that run where it was killed while it held the folder, else None.

    Raises
    ------
    OutputError
        If another run is writing into the folder.
    """
    with held(folder) as killed:
        _clear(folder)
        clear_scratch()
        yield killed


def keep_corrections(folder: Path) -> None:
    """Refuse to replace a result that was corrected by hand.

    Raises
    ------
    OutputError
        If corrections lie in the folder, or labels in it are open for them.
    """
    from micro.correct import holds_corrections

    found = next((one for one in sorted(folder.glob("*.corrections")) if holds_corrections(one)), None)
    if found is not None:
        raise OutputError(
            f"{folder} holds corrections by hand ({found.name}) that a new result would replace; "
            "give another folder with --out, or move them away"
        )


def carry_set_aside(old: Path, new: Path) -> None:
    """Copy corrections that were set aside from a result into the one that is about to take its place."""
    from micro.correct import JOURNAL_NAME

    for journal in old.glob(f"*.corrections.*/{JOURNAL_NAME}"):
        shutil.copytree(journal.parent, new / journal.parent.name)


def _clear(folder: Path) -> None:
    """Remove half-built files and folders; put back what was moved away and never replaced.

    Finished stages stay, for whoever continues with them.
    """
    for left in folder.glob(".*.old"):
        final = folder / left.name[1:].rsplit(".", 2)[0]
        if not final.exists():
            left.rename(final)
    for left in (*folder.glob(".*.old"), *folder.glob(".*.partial"), *folder.glob(f".*{WORK}/{SCRATCH}")):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
