"""One run at a time in a folder: who holds it is told, and the lock of a killed run is no obstacle."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from micro.errors import OutputError
from micro_pipelines import load_recipe, run_sample
from micro_pipelines.lock import LOCK_NAME, OWNER_NAME, Owner, held

Cli = Callable[..., Any]

HOLD = """
import sys
from pathlib import Path
from micro_pipelines.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def out(place: Path) -> Path:
    folder = place / "Ergebnis ö"
    folder.mkdir()
    return folder


@pytest.fixture
def holder(out: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder until its stdin ends."""
    command = [sys.executable, "-c", HOLD, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_run_is_told_who_holds_the_folder(
    cli: Cli, out: Path, no_anode: Path, holder: subprocess.Popen[str]
) -> None:
    told = cli("measure", no_anode, "--out", out, "--quiet")
    assert (told.status, told.out, len(told.err.splitlines())) == (2, "", 1)
    started = json.loads((out / OWNER_NAME).read_text(encoding="utf-8"))["started"]
    assert f"process {holder.pid} on {platform.node()}, since {started}; wait until it is done" in told.errors[0]
    assert datetime.fromisoformat(started).tzinfo is not None
    assert "remove" not in told.errors[0]

    # it ends by itself: nothing is left to take over
    holder.communicate()
    assert holder.returncode == 0
    told = cli("measure", no_anode, "--out", out)
    assert told.status == 0
    assert "killed" not in told.err
    assert not (out / OWNER_NAME).exists()


def test_a_sample_of_the_library_is_refused_too(out: Path, no_anode: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(OutputError, match=f"another run is writing into .*process {holder.pid} on"):
        run_sample(no_anode, load_recipe("sem"), out)


def test_the_lock_of_a_killed_run_is_taken_over(
    cli: Cli, out: Path, no_anode: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    assert (out / OWNER_NAME).exists()
    told = cli("measure", no_anode, "--out", out)
    assert (told.status, told.errors) == (0, [])
    (line,) = [line for line in told.err.splitlines() if "was killed" in line]
    assert line.startswith(f"micro: note: an earlier run here was killed (process {holder.pid} on {platform.node()}")
    assert not (out / OWNER_NAME).exists()
    assert "killed" not in cli("measure", no_anode, "--out", out).err


def test_a_run_on_another_machine_is_believed_until_its_file_is_removed(cli: Cli, out: Path, no_anode: Path) -> None:
    there = Owner("cluster-node-7", 4711, "2026-01-02T03:04:05+01:00")
    (out / OWNER_NAME).write_text(json.dumps(asdict(there)), encoding="utf-8")
    told = cli("measure", no_anode, "--out", out)
    assert (told.status, len(told.errors)) == (2, 1)
    assert "process 4711 on cluster-node-7, since 2026-01-02T03:04:05+01:00" in told.errors[0]
    assert f"remove {out / OWNER_NAME}" in told.errors[0]
    assert Owner.read(out / OWNER_NAME) == there
    (out / OWNER_NAME).unlink()
    assert cli("measure", no_anode, "--out", out).status == 0


def test_a_held_lock_of_another_machine_says_which_files_to_remove(out: Path, holder: subprocess.Popen[str]) -> None:
    (out / OWNER_NAME).write_text(json.dumps(asdict(Owner("node", 1, "then"))), encoding="utf-8")
    with pytest.raises(OutputError, match=f"is over, remove {LOCK_NAME} and {OWNER_NAME}"), held(out):
        pass


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"host": "a"}', '{"host": "a", "process": "x", "started": ""}'])
def test_an_owner_that_cannot_be_read_is_none(text: str, out: Path) -> None:
    (out / OWNER_NAME).write_text(text, encoding="utf-8")
    with held(out) as before:
        assert before is None
        owner = Owner.read(out / OWNER_NAME)
        assert owner is not None
        assert (owner.here, owner.process) == (True, os.getpid())


def test_a_run_that_fails_lets_go(out: Path) -> None:
    with pytest.raises(KeyError), held(out):
        raise KeyError("in the run")
    assert not (out / OWNER_NAME).exists()
    with held(out) as before:
        assert before is None
        with pytest.raises(OutputError, match=f"process {os.getpid()} on"), held(out):
            pass


WITHOUT_LOCKS = """
import errno, fcntl, sys
from pathlib import Path

def refuse(*_):
    raise OSError(getattr(errno, sys.argv[2]), "this disk has no locks")

fcntl.flock = refuse
from micro_pipelines.lock import held
with held(Path(sys.argv[1])) as before:
    print("held after", before, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="locks of another kind")
@pytest.mark.parametrize("reason", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_on_a_disk_without_locks_a_mark_stands_for_it(reason: str, out: Path) -> None:
    """Lustre without flock and NFS without its lock service are such disks."""
    command = [sys.executable, "-c", WITHOUT_LOCKS, str(out), reason]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, encoding="utf-8", stdin=pipe, stdout=pipe, stderr=pipe) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held after None\n"
        second = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, input="")
        assert f"another run is writing into {out}: process {first.pid} on" in second.stderr
        first.kill()
    third = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, input="")
    assert third.stdout.startswith(f"held after process {first.pid} on"), third.stderr
    assert third.stderr == ""
    assert not (out / OWNER_NAME).exists()
