"""Block tasks on the workers of a Dask scheduler, which may be other machines."""

from __future__ import annotations

import functools
import logging
import pickle
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import cloudpickle

import micro
from micro.errors import ClusterError, MissingPackageError
from micro.io import atomic_path
from micro_pipelines.folders import prepare

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["CONNECT_SECONDS", "WORKER_SECONDS", "Workers", "connected", "quiet"]

CONNECT_SECONDS = 10.0
"""How long a scheduler may take to answer."""

WORKER_SECONDS = 60.0
"""How long a scheduler may be without a worker when a run begins."""

AGAIN_SECONDS = 600.0
"""How long until it is said again that there is none, in the middle of a run."""

_LOGGERS = (
    "distributed",
    "distributed.client",
    "distributed.core",
    "distributed.deploy",
    "tornado.application",
    "asyncio",
)

P = TypeVar("P")
Item = TypeVar("Item")


def _to_terminal(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@dataclass(frozen=True)
class Workers:
    """The workers of a Dask scheduler as `micro.blocks.Pool`.

    What is called goes through a file in the shared folder, once a stage: a worker that comes late, or in
    the place of one that died, finds it there. Where for ``worker_seconds`` there is none, a line says so, and another
    one every ten minutes: a worker that comes goes on.
    """

    client: Client
    worker_seconds: float = WORKER_SECONDS
    say: Callable[[str], None] = _to_terminal

    def map_items(
        self, one: Callable[[Item], P], items: Sequence[Item], *, folder: Path | None, told: Callable[[int], None]
    ) -> list[P]:
        """Call ``one`` on every item, as the workers are free; return the results in order.

        Raises
        ------
        ClusterError
            If the scheduler is gone, or a block brought down one worker after the other.
        """
        from distributed import as_completed

        if not items:
            return []
        path = _stored(one, folder)
        # Not pure: equal calls of two stages are two calls.
        futures = self.client.map(functools.partial(_call, str(path)), list(items), pure=False, key=path.stem)
        try:
            with _understood(), _watched(self.client, self.worker_seconds, self.say):
                for done, future in enumerate(as_completed(futures, loop=self.client.loop), 1):
                    if future.status != "finished":
                        future.result()
                    told(done)
                results: list[P] = self.client.gather(futures)
        finally:
            if self.client.status == "running":
                self.client.cancel(futures)
            path.unlink(missing_ok=True)
        return results


@contextmanager
def _watched(client: Client, seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """Say that there is no worker, while the body waits, where there was none for so many seconds."""
    ended = threading.Event()

    def watch() -> None:
        seen = told = time.monotonic()
        while not ended.wait(min(5.0, seconds / 4)):
            try:
                workers = client.nthreads()
            except Exception:  # the scheduler has gone: whoever waits for the blocks is told
                return
            now = time.monotonic()
            if workers:
                seen = told = now
            elif now - seen >= seconds and (told == seen or now - told >= AGAIN_SECONDS):
                say(f"no worker for {now - seen:.0f} s: waiting for one; start it with: dask worker ADDRESS")
                told = now

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()


@contextmanager
def connected(
    address: str, folder: Path, *, seconds: float = CONNECT_SECONDS, worker_seconds: float = WORKER_SECONDS
) -> Iterator[Workers]:
    """Connect to a scheduler, see that its workers have this version and see ``folder``, and give them.

    ``seconds`` is how long the scheduler may take to answer, ``worker_seconds`` how long it may be without a worker.

    Raises
    ------
    MissingPackageError
        If dask.distributed is not installed.
    ClusterError
        If nothing answers there, no worker comes, or a worker has another version or doesn't see the folder.
    OutputError
        If the folder, which is made where it is missing, can't be written.
    """
    try:
        from distributed import Client
    except ImportError:
        raise MissingPackageError(
            "--scheduler needs dask.distributed, which is not installed; to have it: pip install 'micro-ssb[cluster]'"
        ) from None
    if "://" not in address:
        raise ClusterError(f"--scheduler {address!r} is no address; expected one as tcp://10.0.0.5:8786")
    with quiet():
        try:
            client = Client(address, timeout=seconds, set_as_default=False)
        except (OSError, ValueError, ImportError) as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address} within {seconds:g} s ({_line(error)}); is it running, and "
                "does a firewall let this machine through?"
            ) from None
        with client:
            _require_workers(client, prepare(folder), worker_seconds)
            yield Workers(client, worker_seconds)


def _require_workers(client: Client, folder: Path, seconds: float) -> None:
    """Refuse a cluster without workers, with another version, or that does not see the folder."""
    probe = folder / f".micro-probe-{uuid.uuid4().hex[:8]}"
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError:
        raise ClusterError(
            f"the scheduler has no worker after {seconds:g} s; start one with: dask worker ADDRESS"
        ) from None
    probe.touch()
    try:
        found: dict[str, Any] = client.run(_look, str(probe.resolve()), on_error="return")
    finally:
        probe.unlink()
    for worker, answer in found.items():
        if isinstance(answer, BaseException):
            raise ClusterError(f"the worker {worker} can't run micro: {_line(answer)}; install micro-ssb there too")
        version, seen = answer
        if version != micro.__version__:
            raise ClusterError(
                f"the worker {worker} has micro {version}, this is {micro.__version__}; expected the same everywhere"
            )
        if not seen:
            raise ClusterError(f"the worker {worker} doesn't see {folder}; expected a folder that all machines share")


def _look(path: str) -> tuple[str, bool]:
    return micro.__version__, Path(path).is_file()


def _stored(one: Callable[..., Any], folder: Path | None) -> Path:
    if folder is None:
        raise ClusterError("blocks on a cluster need a folder that all machines share; expected a work_dir")
    path = folder.resolve() / f"task-{uuid.uuid4().hex}.pickle"
    try:
        content = cloudpickle.dumps(one)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ClusterError(
            f"this step can't be sent to other processes: {_line(error)}; run it with --workers instead"
        ) from None
    with atomic_path(path) as beside:
        beside.write_bytes(content)
    return path


@functools.lru_cache(maxsize=2)
def _loaded(path: str) -> Callable[[Any], Any]:
    loaded: Callable[[Any], Any] = pickle.loads(Path(path).read_bytes())
    return loaded


def _call(path: str, item: Any) -> Any:  # noqa: ANN401
    return _loaded(path)(item)


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what distributed raises by itself into errors that say what to do."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise ClusterError(
            f"a block brought down {error.allowed_failures + 1} workers; give each more memory, or fewer threads"
        ) from None
    except (CancelledError, CommClosedError):
        raise ClusterError(
            "the scheduler is gone; what is finished is kept: start it again and continue with --resume"
        ) from None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the log of distributed, whose lines would stand between ours; errors come as exceptions."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
