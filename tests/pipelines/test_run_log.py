"""The log of a run: when what happened, with warnings and tracebacks; and nothing that a full log could bring down."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from micro.errors import OutputError
from micro_pipelines.run_log import LOG_NAME, logged

Cli = Callable[..., Any]
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d  \S.*|    .*")


def test_a_log_says_what_happened_to_each_sample(cli: Cli, place: Path, no_anode: Path) -> None:
    bad = place / "leer.tif"
    bad.write_bytes(b"")
    assert cli("measure", bad, no_anode, "--out", place / "out", "--quiet").status == 1
    text = (place / "out" / LOG_NAME).read_text(encoding="utf-8")
    lines = text.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), text
    told = [line.split("  ", 1)[1] for line in lines if not line.startswith(" ")]
    assert re.fullmatch(rf"micro \S+ begins: 2 samples, recipe .*; process {os.getpid()} on .*", told[0])
    assert told[1] == "leer: sample 1 of 2"
    failed = next(number for number, line in enumerate(told) if line.startswith("leer: failed in read: "))
    assert told[failed + 1] == "Traceback (most recent call last):"
    assert any(line.startswith("    micro.errors.UnreadableFileError: ") for line in lines)
    assert [line for line in told if line.startswith("kein Lithium: measure ")]
    assert told[-1] == "done"
    # the next run adds to it
    other = place / "anderswo" / "log.txt"
    assert cli("measure", no_anode, "--out", place / "out", "--quiet", "--resume").status == 0
    assert cli("measure", no_anode, "--out", place / "out", "--quiet", "--log", other).status == 0
    longer = (place / "out" / LOG_NAME).read_text(encoding="utf-8")
    assert longer.startswith(text)
    assert "with --resume" in longer[len(text) :]
    assert "kein Lithium: unchanged, skipped" in longer[len(text) :]
    assert "kein Lithium: done in" in other.read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_is_one_line(cli: Cli, place: Path, no_anode: Path) -> None:
    told = cli("measure", no_anode, "--out", place / "out", "--log", place)
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert f"log {place} can't be written" in told.errors[0]


def test_a_log_tells_what_ended_the_run(place: Path) -> None:
    path = place / "run.log"
    with pytest.raises(KeyboardInterrupt), logged(path, "1 sample"):
        raise KeyboardInterrupt
    with pytest.raises(OutputError, match="no space"), logged(path, "1 sample"):
        raise OutputError("no space")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[1].endswith("  stopped by the user")
    assert lines[3].endswith("  ended by Traceback (most recent call last):")
    assert lines[-1] == "    micro.errors.OutputError: no space"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_silences_the_log_and_ends_nothing() -> None:
    with logged(Path("/dev/full"), "1 sample") as log:
        for _ in range(3):
            log.say("a line")
