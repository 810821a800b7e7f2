"""A run on the workers of a Dask scheduler gives the bytes of a run in threads, even where a worker is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from distributed import LocalCluster
from numpy.typing import NDArray

import micro
from micro.blocks import Block, Done, Engine, label_components
from micro.errors import ClusterError, MissingPackageError, ParameterError
from micro.io import write_tiff
from micro.phantoms import make_phantom
from micro_pipelines import load_recipe, run_batch
from micro_pipelines.cluster import Workers, connected
from micro_pipelines.job import Job
from micro_pipelines.journal import Silent
from micro_pipelines.source import Source

Cli = Callable[..., Any]
BLOCK = (24, 20, 48)
FAST = ("--set", "report.figures=[]", "--set", "measure.resolution_check=false")
DOTS = np.zeros((12, 40, 40), np.uint8)
DOTS[::2, ::2, ::2] = 1


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """A scheduler with two workers, each a process of its own with one thread."""
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as made:
        yield made


@pytest.fixture
def pool(cluster: LocalCluster, place: Path) -> Iterator[Workers]:
    with connected(cluster.scheduler_address, place) as made:
        yield made


@pytest.fixture
def doomed(place: Path) -> Iterator[Workers]:
    """Two workers, of which one will be killed; whether it comes back is not waited for."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        connected(cluster.scheduler_address, place) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated stack of a few blocks."""
    path = tmp_path_factory.mktemp("Stapel mit Ü") / "stack.tif"
    write_tiff(path, make_phantom("fibsem", seed=2, shape=(24, 48, 48)).volume)
    return path


@pytest.fixture(scope="module")
def by_threads(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run in the threads of this process leaves."""
    out = tmp_path_factory.mktemp("Fäden")
    job = Job(load_recipe("fibsem", RECIPE), engine=Engine(block_shape=BLOCK))
    assert not run_batch([(Source("stack", (stack,)), job)], out).failures
    return out


RECIPE = ("report.figures=[]", "measure.resolution_check=false")


def same_results(one: Path, other: Path) -> None:
    assert (one / "stack" / "labels.tif").read_bytes() == (other / "stack" / "labels.tif").read_bytes()
    for path in sorted((other / "stack").glob("*.csv")):
        # The contract: floats within 1e-9 on any scheduler.
        found, expected = (pd.read_csv(folder / "stack" / path.name) for folder in (one, other))
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=0)


def kill_one(pool: Workers) -> None:
    psutil.Process(next(iter(pool.client.run(os.getpid).values()))).kill()


def test_a_run_by_command_on_two_workers_gives_the_bytes_of_threads(
    cli: Cli, cluster: LocalCluster, stack: Path, by_threads: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    # relative paths, which mean nothing to the workers
    inputs = os.path.relpath(stack, place)
    command = ("run", "fibsem", inputs, "--out", "out ü", "--scheduler", cluster.scheduler_address, *FAST)
    told = cli(*command, "--block", ",".join(map(str, BLOCK)))
    assert (told.status, told.errors) == (0, []), told.err
    same_results(place / "out ü", by_threads)
    assert {path.name for path in (place / "out ü").iterdir() if path.name.startswith(".")} == {".micro.lock"}
    # nothing but our own lines
    assert all(line.startswith(("stack: ", "micro: ")) for line in told.err.splitlines()), told.err


class Killer(Silent):
    """Kills a worker while a stage has done some of its blocks and not all; counts the news of that stage."""

    def __init__(self, pool: Workers, stage: str) -> None:
        self.pool, self.stage, self.news = pool, stage, [(0, 0)]

    def blocks(self, step: str, done: int, total: int) -> None:
        if step != self.stage or total < 2 or self.news[-1][0] == self.news[-1][1] > 0:
            return
        self.news.append((done, total))
        if done == 1:
            kill_one(self.pool)


def test_a_worker_that_is_killed_changes_nothing(doomed: Workers, stack: Path, by_threads: Path, place: Path) -> None:
    killer = Killer(doomed, "denoise")
    job = Job(load_recipe("fibsem", RECIPE), engine=Engine(block_shape=BLOCK, scheduler=doomed))
    batch = run_batch([(Source("stack", (stack,)), job)], place, observer=killer)
    assert batch.failures == ()
    assert killer.news[1:] == [(done, 3) for done in (1, 2, 3)]
    same_results(place, by_threads)


class Closing(Silent):
    """Takes the scheduler away when a stage begins; notes which stages were kept."""

    def __init__(self, cluster: LocalCluster | None = None, stage: str = "") -> None:
        self.cluster, self.stage, self.kept = cluster, stage, list[str]()

    def stage_started(self, stage: str) -> None:
        if self.cluster is not None and stage == self.stage:
            self.cluster.close()

    def stage_kept(self, stage: str, seconds: float) -> None:
        assert seconds > 0
        self.kept.append(stage)


@pytest.mark.slow
def test_a_run_whose_scheduler_is_lost_is_continued_elsewhere(stack: Path, by_threads: Path, place: Path) -> None:
    recipe, source = load_recipe("fibsem", RECIPE), Source("stack", (stack,))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        connected(cluster.scheduler_address, place) as pool,
    ):
        job = Job(recipe, engine=Engine(block_shape=BLOCK, scheduler=pool))
        (failure,) = run_batch([(source, job)], place, observer=Closing(cluster, "segment")).failures
    assert (failure.stage, failure.error) == ("segment", "ClusterError"), failure
    seen = Closing()
    job = Job(recipe, engine=Engine(block_shape=BLOCK))
    assert run_batch([(source, job)], place, resume=True, observer=seen).failures == ()
    assert seen.kept == ["align", "preprocess"]
    same_results(place, by_threads)


def test_blocks_that_are_done_again_find_what_was_there_before(doomed: Workers, place: Path) -> None:
    """The last stage of the components reads and writes the same array; what a dead worker did is done twice.

    Every dot is a component, so that numbering twice gives other numbers.
    """
    expected = label_components(DOTS, engine=Engine(block_shape=(4, 10, 10)))

    def kill_late(stage: str, done: int, total: int) -> None:
        # 48 blocks, of which the dead one has done about half
        if (stage, done) == ("number", total - 4):
            kill_one(doomed)

    engine = Engine(block_shape=(4, 10, 10), scheduler=doomed, work_dir=place, progress=kill_late)
    found = label_components(DOTS, engine=engine)
    np.testing.assert_array_equal(found.ids[:], expected.ids)
    np.testing.assert_array_equal(found.voxels, expected.voxels)
    assert len([path for path in place.iterdir() if path.suffix == ".zarr"]) == 1
    assert not list(place.glob("task-*"))


def fail(block: Block, grey: NDArray[np.uint8]) -> Done[None]:
    if block.number == 2:
        raise ParameterError("block two is wrong")
    return Done(None)


def test_an_error_on_a_worker_is_the_error_of_the_caller(pool: Workers, place: Path) -> None:
    engine = Engine(block_shape=(4, 10, 10), scheduler=pool, work_dir=place)
    with pytest.raises(ParameterError, match=r"^block two is wrong$"):
        engine.run(fail, [DOTS])
    assert engine.map(abs, [-1, 2, -3]) == [1, 2, 3]
    assert engine.map(abs, []) == []


def die(_: Block, grey: NDArray[np.uint8]) -> Done[None]:
    os._exit(1)


@pytest.mark.slow
def test_a_block_that_brings_down_every_worker_ends_in_one_line(place: Path) -> None:
    from dask import config

    with (
        config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        connected(cluster.scheduler_address, place) as pool,
        pytest.raises(ClusterError, match="a block brought down 2 workers; give each more memory"),
    ):
        Engine(scheduler=pool, work_dir=place).run(die, [DOTS])


def test_what_cannot_be_sent_says_so(pool: Workers, place: Path) -> None:
    with (place / "offen").open("wb") as stream, pytest.raises(ClusterError, match="can't be sent to other processes"):
        Engine(scheduler=pool, work_dir=place).map(lambda _: stream.write(b""), [1])
    with pytest.raises(ClusterError, match="expected a work_dir"):
        Engine(scheduler=pool).map(abs, [1])


def test_nobody_there_and_no_address_are_one_line(cli: Cli, place: Path, no_anode: Path) -> None:
    nobody = r"no Dask scheduler answers at tcp://127.0.0.1:9 within 0.5 s"
    with pytest.raises(ClusterError, match=nobody), connected("tcp://127.0.0.1:9", place / "out", seconds=0.5):
        pass
    told = cli("measure", no_anode, "--out", place / "out", "--scheduler", "localhost")
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "--scheduler 'localhost' is no address" in told.errors[0]
    told = cli("measure", no_anode, "--out", place / "out", "--scheduler", "tcp://a:1", "--workers", "2")
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "--workers and --scheduler: threads of this machine" in told.errors[0]
    assert not (place / "out").exists()


def test_without_distributed_a_line_says_how_to_get_it(
    cli: Cli, place: Path, no_anode: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = cli("measure", no_anode, "--out", place / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "pip install 'micro-ssb[cluster]'" in told.errors[0]
    with pytest.raises(MissingPackageError), connected("tcp://127.0.0.1:9", place):
        pass


def test_a_run_in_threads_does_not_load_distributed(place: Path, no_anode: Path) -> None:
    code = (
        "import sys; from micro_pipelines.cli import main; status = main(sys.argv[1:]); "
        "print(status, 'distributed' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "measure", str(no_anode), "--out", "out", "--quiet"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=place, timeout=300)
    assert done.stdout.split() == ["0", "False"]


def pretend(version: str) -> str:
    """Give this process another version of micro; return the one that it had."""
    before, micro.__version__ = micro.__version__, version
    return before


def test_workers_of_another_version_are_refused(pool: Workers, place: Path) -> None:
    address = pool.client.scheduler.address
    pool.client.run(pretend, "0.0.1")
    try:
        with (
            pytest.raises(ClusterError, match=rf"has micro 0.0.1, this is {micro.__version__}; expected the same"),
            connected(address, place),
        ):
            pass
    finally:
        pool.client.run(pretend, micro.__version__)
    assert not [path for path in place.iterdir() if path.name.startswith(".micro-probe")]


def test_a_scheduler_without_workers_is_told(place: Path) -> None:
    with (
        LocalCluster(n_workers=0, processes=True, dashboard_address=":0") as empty,
        pytest.raises(ClusterError, match=r"has no worker after 0.2 s; start one with: dask worker ADDRESS"),
        connected(empty.scheduler_address, place, worker_seconds=0.2),
    ):
        pass


def test_a_run_whose_last_worker_died_says_that_it_waits(place: Path) -> None:
    said: list[str] = []
    waiting = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        waiting.set()

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        connected(cluster.scheduler_address, place) as found,
        ThreadPoolExecutor(1) as beside,
    ):
        cluster.scale(0)
        while found.client.nthreads():
            time.sleep(0.05)
        workers = replace(found, worker_seconds=0.5, say=say)
        result = beside.submit(workers.map_items, abs, [-1, 2], folder=place, told=lambda _: None)
        assert waiting.wait(60)
        cluster.scale(1)
        assert result.result(60) == [1, 2]
    assert len(said) == 1
    assert said[0].startswith("no worker for")
    assert "waiting for one" in said[0]
