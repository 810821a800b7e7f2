"""A process that is killed while it corrects, and what the next opening finds."""

import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from micro.correct import JOURNAL_NAME, Correction, Edit, Patch
from micro.errors import JournalError
from micro.model import Labels, Spacing

SHAPE = (70, 80, 90)
SPACING = Spacing(0.1, 0.05, 0.025)

# Step n of a seed is the same in this process and in the one that is killed.
WORK = """
import numpy as np
from micro.correct import Edit, Patch

def step(seed, number, undoable):
    rng = np.random.default_rng([seed, number])
    kind = rng.random()
    if kind < 0.15 and undoable:
        return "undo"
    lows = [int(rng.integers(0, n - 1)) for n in (70, 80, 90)]
    size = [int(rng.integers(1, min(24, n - low) + 1)) for n, low in zip((70, 80, 90), lows)]
    return Edit("paint", [Patch(tuple(lows), rng.integers(1, 7, size, np.uint8))])
"""

VICTIM = (
    WORK
    + """
import sys
from pathlib import Path
from micro.correct import Correction
from micro.model import Labels, Spacing

labels = Labels(np.zeros((70, 80, 90), np.uint8), Spacing(0.1, 0.05, 0.025))
correction = Correction(labels, Path(sys.argv[1]), cache_bytes=1)
for number in range(100_000):
    what = step(int(sys.argv[2]), number, len(correction.log.active))
    correction.undo() if what == "undo" else correction.apply(what)
    if number % 7 == 6:
        correction.flush()
    print(number, flush=True)
"""
)
WORKSHOP: dict = {}
exec(WORK, WORKSHOP)


def automatic():
    return Labels(np.zeros(SHAPE, np.uint8), SPACING)


def whole(correction):
    return correction.read(tuple(slice(0, n) for n in SHAPE))


def reference_after(seed, steps):
    """The labels after so many steps, with arrays alone."""
    states = [np.zeros(SHAPE, np.uint8)]
    for number in range(steps):
        what = WORKSHOP["step"](seed, number, len(states) - 1)
        if what == "undo":
            states.pop()
            continue
        states.append(states[-1].copy())
        for patch in what.patches:
            states[-1][patch.region] = patch.values
    return states[-1]


def kill_while_at_work(folder, seed, wait_s):
    """Run the victim, kill it ``wait_s`` after its first step; return how many steps it said were done."""
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(folder), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    first = process.stdout.readline()
    time.sleep(wait_s)
    process.kill()  # SIGKILL; TerminateProcess on Windows
    out, err = process.communicate(timeout=60)
    assert err == ""
    return len((first + out).splitlines()) - (not (first + out).endswith("\n"))


def check_recovery(folder, seed, said):
    with Correction(automatic(), folder) as correction:
        # All that was said to be done is there, and at most the one step that was under way.
        assert said <= correction.records <= said + 1
        recovered = whole(correction)
        np.testing.assert_array_equal(recovered, reference_after(seed, correction.records))
    with Correction(automatic(), folder) as correction:
        assert correction.recovery.replayed == correction.recovery.cut_bytes == 0
        np.testing.assert_array_equal(whole(correction), recovered)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_process_loses_at_most_the_edit_under_way(seed, tmp_path):
    folder = tmp_path / "Zelle für Übung" / "labels.corrections"
    said = kill_while_at_work(folder, seed, random.Random(seed).uniform(0.05, 0.4))
    assert said >= 1
    check_recovery(folder, seed, said)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 50))
def test_killed_at_many_moments(seed, tmp_path):
    folder = tmp_path / "Zelle für Übung" / "labels.corrections"
    said = kill_while_at_work(folder, seed, random.Random(seed).uniform(0.0, 1.0))
    check_recovery(folder, seed, said)


@pytest.fixture
def three_edits(tmp_path):
    """A journal of three edits with where each ends, and the labels after two and three."""
    folder = tmp_path / "labels.corrections"
    with Correction(automatic(), folder) as correction:
        states, ends = [], []
        for number in range(3):
            values = np.full((3, 4, 5), number + 1, np.uint8)
            correction.apply(Edit("paint", [Patch((number, 2, 60), values), Patch((40 + number, 2, 60), values)]))
            states.append(whole(correction))
            ends.append(correction.revision)
    return folder, states, ends


def test_a_tail_torn_at_any_byte_is_cut_and_what_is_whole_stays(three_edits):
    folder, states, ends = three_edits
    journal = folder / JOURNAL_NAME
    content = journal.read_bytes()
    for cut in (*range(ends[1], ends[2], 3), ends[2] - 1):
        journal.write_bytes(content[:cut])
        with Correction(automatic(), folder) as correction:
            assert correction.recovery.cut_bytes == cut - ends[1]
            assert correction.records == 2
            if cut % 40 == 0:
                np.testing.assert_array_equal(whole(correction), states[1])
        assert journal.read_bytes() == content[: ends[1]]


@pytest.mark.parametrize("tail", [bytes(5000), b"\xb5mj1" * 300, b"\xff" * 40])
def test_rubbish_behind_the_last_edit_is_cut(tail, three_edits):
    folder, states, ends = three_edits
    journal = folder / JOURNAL_NAME
    journal.write_bytes(journal.read_bytes() + tail)
    with Correction(automatic(), folder) as correction:
        assert correction.recovery.cut_bytes == len(tail)
        np.testing.assert_array_equal(whole(correction), states[2])
    assert journal.stat().st_size == ends[2]


def test_damage_in_the_middle_is_told_and_nothing_is_cut(three_edits):
    folder, _, ends = three_edits
    journal = folder / JOURNAL_NAME
    content = bytearray(journal.read_bytes())
    content[ends[0] + 30] ^= 1
    journal.write_bytes(content)
    with pytest.raises(JournalError, match=rf"damaged at byte {ends[0]}, before its end, behind 1 whole") as caught:
        Correction(automatic(), folder)
    assert "\n" not in str(caught.value)
    assert journal.read_bytes() == content


def test_a_file_that_is_no_journal_is_told(tmp_path):
    folder = tmp_path / "labels.corrections"
    folder.mkdir()
    (folder / JOURNAL_NAME).write_bytes(b"something else")
    with pytest.raises(JournalError, match="no journal of corrections"):
        Correction(automatic(), folder)
    assert (folder / JOURNAL_NAME).read_bytes() == b"something else"


def test_an_empty_journal_of_a_process_killed_at_its_start_is_begun_anew(tmp_path):
    folder = tmp_path / "labels.corrections"
    folder.mkdir()
    (folder / JOURNAL_NAME).touch()
    with Correction(automatic(), folder) as correction:
        assert correction.records == 0


def test_a_failed_overlay_is_made_good_from_the_journal(tmp_path, monkeypatch):
    folder = tmp_path / "labels.corrections"
    with Correction(automatic(), folder) as correction:
        with monkeypatch.context() as broken:
            broken.setattr(correction._overlay, "put", _fails)
            with pytest.raises(OSError, match="no space"):
                correction.apply(Edit("paint", [Patch((0, 0, 0), np.ones((1, 1, 2), np.uint8))]))
        assert correction.read(np.s_[0:1, 0:1, 0:3]).ravel().tolist() == [1, 1, 0]
        assert len(correction.log.active) == 1


def _fails(*_, **__):
    raise OSError("no space left")
