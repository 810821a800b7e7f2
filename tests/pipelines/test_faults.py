"""Whatever ends a run, ``--resume`` goes on from the last finished stage and ends with the bytes of an undisturbed run.

The runs are processes of their own; the faults are real: they are killed, their disk is full, their input goes away,
the user stops them.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from micro.blocks import Engine
from micro.io import write_tiff
from micro.phantoms import make_phantom
from micro_pipelines import load_recipe, run_batch
from micro_pipelines.batch import BatchResult
from micro_pipelines.job import Job
from micro_pipelines.journal import Observer, Silent
from micro_pipelines.source import Source

STAGES = ("hash", "read", "check", "align", "preprocess", "segment", "split phases", "anatomy", "measure", "figures")
SAMPLE = "stack ö"
BUT = (".micro.lock", "run.log")
HANGS = 1200
"""Seconds after which a run counts as one that never ends; a machine with other work takes minutes."""
posix = pytest.mark.skipif(os.name != "posix", reason="what this system offers for it is something else")


SETTINGS = ("report.figures=[]", "measure.resolution_check=false")
BLOCK = (24, 20, 48)

CHILD = """
import sys
import threading
from pathlib import Path

import psutil

from micro.blocks import Engine
from micro_pipelines import load_recipe, run_batch
from micro_pipelines.job import Job
from micro_pipelines.journal import Silent
from micro_pipelines.source import Source

image, out, moment, resume, settings, block = eval(sys.argv[1])


def die():
    psutil.Process().kill()


class Killing(Silent):
    def stage_started(self, stage):
        print(stage, flush=True)
        if moment == ("before", stage):
            die()
        if moment == ("inside", stage):
            threading.Thread(target=self.watch, daemon=True).start()

    def stage_kept(self, stage, seconds):
        print("kept", stage, flush=True)

    def stage_done(self, stage, seconds):
        if moment == ("after", stage):
            die()

    def blocks(self, step, done, total):
        if moment == ("block", step) and done < total:
            die()

    def watch(self):
        # the result's voxels are being written
        while not any(Path(out).glob(".*.partial/labels.ome.zarr/**/c")):
            pass
        die()


if __name__ == "__main__":
    job = Job(load_recipe("fibsem", settings), engine=Engine(block_shape=block))
    batch = run_batch([(Source("stack ö", (Path(image),)), job)], Path(out), resume=resume, observer=Killing())
    sys.exit(len(batch.failures))
"""


def run_child(
    image: Path, out: Path, moment: tuple[str, str] = ("", ""), *, resume: bool = True
) -> tuple[int, list[str]]:
    """Run a sample in a process that kills itself at a moment; return its status, and the stages that it began."""
    given = (str(image), str(out), moment, resume, SETTINGS, BLOCK)
    command = [sys.executable, "-c", CHILD, repr(given)]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False, timeout=HANGS)
    return done.returncode, done.stdout.split("\n")[:-1]


def command_of(image: Path, out: Path, *more: str) -> list[str]:
    """Return the command line of the same run, in a process that listens to Ctrl-C wherever it was started."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from micro_pipelines.cli import main; sys.exit(main())"
    )
    changes = [word for setting in SETTINGS for word in ("--set", setting)]
    block = ",".join(map(str, BLOCK))
    run = ["run", "fibsem", str(image), "--out", str(out), "--block", block, "--workers", "2", *changes]
    return [sys.executable, "-c", code, *run, *more]


class Fault(Silent):
    """Takes the input away when a stage begins, or fails itself; notes which stages were kept."""

    def __init__(self, image: Path | None, stage: str) -> None:
        self.image, self.stage, self.kept = image, stage, list[str]()

    def stage_started(self, stage: str) -> None:
        if stage == self.stage:
            if self.image is None:
                raise MemoryError("none left")
            self.image.rename(f"{self.image} away")

    def stage_kept(self, stage: str, seconds: float) -> None:
        assert seconds > 0
        self.kept.append(stage)


def run_here(image: Path, out: Path, observer: Observer | None = None, *, resume: bool = True) -> BatchResult:
    """Run the sample in this process, with what is finished of it."""
    job = Job(load_recipe("fibsem", SETTINGS), engine=Engine(block_shape=BLOCK))
    return run_batch([(Source(SAMPLE, (image,)), job)], out, resume=resume, observer=observer)


def left(out: Path, *, but: Sequence[str] = BUT) -> dict[str, bytes]:
    """Return the bytes of every file in a folder, hidden ones too; of ``run.json`` all but the times."""
    found = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file() and path.name not in but):
        content = path.read_bytes()
        if path.name == "run.json":
            record = json.loads(content)
            del record["began"], record["seconds"]
            content = json.dumps(record).encode()
        found[path.relative_to(out).as_posix()] = content
    return found


def differ(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """Return the files that are not in both, or not the same in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack whose slices jitter, so that it is put in line too."""
    path = tmp_path_factory.mktemp("Stapel mit Ü") / f"{SAMPLE}.tif"
    write_tiff(path, make_phantom("fibsem", seed=2, shape=(24, 48, 48)).volume)
    return path


@pytest.fixture(scope="module")
def undisturbed(image: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves that nothing happens to."""
    out = tmp_path_factory.mktemp("Ergebnis ö") / "out"
    assert run_here(image, out).failures == ()
    return left(out)


def work(out: Path) -> Path:
    return out / f".{SAMPLE}.work"


def finished(out: Path) -> list[str]:
    """Return the stages that are kept of a sample that is not finished."""
    return list(json.loads((work(out) / "stages.json").read_text(encoding="utf-8")))


def test_a_run_that_is_killed_again_and_again_goes_on_from_its_last_stage(
    image: Path, undisturbed: dict[str, bytes], place: Path
) -> None:
    out = place / "out"
    # in the middle of writing the first stage: what there is of it counts for nothing
    assert run_child(image, out, ("block", "keep"))[0] != 0
    assert (list(work(out).glob("align.zarr/**/c/*")) != [], (work(out) / "stages.json").exists()) == (True, False)
    # between two stages
    status, told = run_child(image, out, ("before", "segment"))
    assert (status != 0, told) == (True, ["hash", "read", "check", "align", "preprocess", "segment"])
    assert finished(out) == ["align", "preprocess"]
    # in the middle of writing the result, which lies beside its place
    status, told = run_child(image, out, ("inside", "write"))
    assert (status != 0, told[:4]) == (True, ["hash", "read", "kept align", "kept preprocess"])
    assert (list(out.glob(".*.partial")) != [], (out / SAMPLE).exists()) == (True, False)
    assert finished(out) == ["align", "split phases"]

    seen = Fault(image, "never")
    assert run_here(image, out, seen).failures == ()
    assert seen.kept == ["align", "split phases"]
    assert differ(left(out), undisturbed) == []
    # once more, from what is finished: the tables and the report over all are the same too
    assert run_here(image, out).failures == ()
    assert differ(left(out), undisturbed) == []


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_at_any_boundary_ends_as_if_it_were_not(
    when: str, image: Path, undisturbed: dict[str, bytes], place: Path
) -> None:
    for number, stage in enumerate((*STAGES, "write")):
        out = place / f"out {number}"
        status, told = run_child(image, out, (when, stage))
        assert status != 0
        assert told[-1] == stage
        assert run_here(image, out).failures == ()
        assert differ(left(out), undisturbed) == [], stage


@posix
@pytest.mark.parametrize(("name", "by"), [("SIGINT", "the user"), ("SIGTERM", "the system (SIGTERM)")])
def test_a_run_that_is_told_to_stop_ends_in_one_line_and_can_be_continued(
    name: str, by: str, image: Path, undisturbed: dict[str, bytes], place: Path
) -> None:
    """By Ctrl-C; by SIGTERM, as a queue does whose time is up."""
    out = place / "out"
    with subprocess.Popen(command_of(image, out, "--quiet"), stderr=subprocess.PIPE, encoding="utf-8") as process:
        await_stage(out, "align")
        process.send_signal(signal.Signals[name])
        said = process.communicate(timeout=HANGS)[1]
    assert process.returncode == 128 + signal.Signals[name]
    assert said == f"micro: interrupted: stopped by {by}; what is finished is kept, --resume continues\n"
    hidden = {path.name for path in out.iterdir() if path.name.startswith(".")}
    assert hidden == {".micro.lock", work(out).name}
    assert not (work(out) / "scratch").exists()
    assert f"  stopped by {by}\n" in (out / "run.log").read_text(encoding="utf-8")
    kept = finished(out)
    seen = Fault(image, "never")
    batch = run_here(image, out, seen)
    assert (batch.failures, batch.notes) == ((), ())
    assert seen.kept == kept
    assert differ(left(out), undisturbed) == []


def await_stage(out: Path, stage: str) -> None:
    """Wait until a stage is finished."""
    for _ in range(50 * HANGS):
        try:
            if stage in json.loads((work(out) / "stages.json").read_text(encoding="utf-8")):
                return
        except (OSError, ValueError):
            pass
        time.sleep(0.02)
    pytest.fail(f"{stage} was not finished")


@posix
@pytest.mark.slow
def test_files_that_may_not_grow_end_in_one_line_and_can_be_continued(
    image: Path, undisturbed: dict[str, bytes], place: Path
) -> None:
    out = place / "out"
    command = command_of(image, out, "--resume")
    # the largest file that a stage leaves has 45 kB, labels.tif more
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)); "
    done = subprocess.run(
        [command[0], "-c", limit + command[2], *command[3:]],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=HANGS,
    )
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("micro: error:")]
    assert "File too large" in line
    assert not (out / SAMPLE).exists()
    assert work(out).is_dir()
    assert run_here(image, out).failures == ()
    assert differ(left(out), undisturbed) == []


SMALL_DISK = """
mount -t tmpfs -o size=$SIZE tmpfs "$OUT" || exit 77
"$@"; status=$?
cp -a "$OUT/." "$COPY"
exit $status
"""


def may_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("kilobytes", [300, pytest.param(200, marks=pytest.mark.slow)])
def test_a_full_disk_ends_in_one_line_and_can_be_continued(
    kilobytes: int, image: Path, undisturbed: dict[str, bytes], place: Path
) -> None:
    if not may_mount():
        pytest.skip("this user may not mount a small disk")
    disk, out = place / "kleine Platte", place / "out"
    disk.mkdir()
    out.mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", SMALL_DISK, "sh", *command_of(image, disk)],
        env={**os.environ, "OUT": str(disk), "COPY": str(out), "SIZE": f"{kilobytes}k"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=HANGS,
    )
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("micro: error:")]
    assert "No space left on device" in line
    assert not (out / SAMPLE).exists()
    seen, kept = Fault(image, "never"), finished(out)
    assert run_here(image, out, seen).failures == ()
    assert seen.kept == kept != []
    assert differ(left(out), undisturbed) == []


@posix
def test_an_input_that_goes_away_fails_its_sample_and_can_be_continued(
    image: Path, undisturbed: dict[str, bytes], place: Path
) -> None:
    out = place / "out"
    batch = run_here(image, out, Fault(image, "check"))
    Path(f"{image} away").rename(image)
    (failure,) = batch.failures
    assert (failure.stage, failure.error) == ("check", "InputMissingError"), failure
    assert not work(out).exists()
    with (out / "failures.csv").open(encoding="utf-8", newline="") as lines:
        assert [row["message"] for row in csv.DictReader(lines)] == [failure.message]
    assert run_here(image, out).failures == ()
    assert differ(left(out), undisturbed) == []


def test_without_resume_everything_is_done_anew_and_a_note_says_so(
    image: Path, undisturbed: dict[str, bytes], place: Path
) -> None:
    out = place / "out"
    (failure,) = run_here(image, out, Fault(None, "segment")).failures
    assert (failure.stage, failure.error, finished(out)) == ("segment", "MemoryError", ["align", "preprocess"])
    seen = Fault(image, "never")
    batch = run_here(image, out, seen, resume=False)
    assert (batch.failures, seen.kept) == ((), [])
    assert batch.notes == (f"stages of {SAMPLE} that an earlier run had finished were done anew; --resume takes them",)
    assert differ(left(out), undisturbed) == []


@pytest.mark.slow
def test_a_batch_that_is_killed_at_any_time_ends_as_if_it_were_not(place: Path) -> None:
    images = [place / f"Probe {number}.tif" for number in range(2)]
    for number, path in enumerate(images):
        write_tiff(path, make_phantom("fibsem", seed=number + 3, shape=(24, 48, 48)).volume)
    undisturbed, out = place / "ungestört", place / "gestört"
    given = str(place / "Probe *.tif")
    began = time.monotonic()
    subprocess.run(command_of(Path(given), undisturbed, "--quiet"), check=True, timeout=HANGS)
    seconds, random = time.monotonic() - began, Random(5)
    expected = left(undisturbed)
    for _ in range(6):
        with subprocess.Popen(command_of(Path(given), out, "--quiet", "--resume")) as process:
            try:
                process.wait(random.uniform(0.2, 0.9) * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        # what stands in a sample's folder is finished
        for name, content in left(out).items() if out.exists() else ():
            if name.startswith("Probe"):
                assert expected[name] == content
    subprocess.run(command_of(Path(given), out, "--quiet", "--resume"), check=True, timeout=HANGS)
    assert differ(left(out), expected) == []
