"""Workers as SLURM jobs, by the options of a TOML file, through dask-jobqueue."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from micro.errors import ClusterError, InputMissingError, MissingPackageError
from micro_pipelines.cluster import quiet
from micro_pipelines.recipe_errors import near

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

__all__ = ["SlurmParams", "read_slurm", "slurm_cluster", "submitted"]


class SlurmParams(BaseModel):
    """What is asked of SLURM; each job is one machine's share, the words are those of dask-jobqueue.

    Examples
    --------
    >>> SlurmParams(cores=8, memory="32GB", walltime="02:00:00").jobs
    1
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    jobs: int = Field(1, ge=1, description="How many jobs.")
    cores: int = Field(ge=1, description="Threads of a job, over its processes.")
    memory: str = Field(description="Memory of a job, as 32GB.")
    processes: int = Field(1, ge=1, description="Processes of a job, among which cores and memory are split.")
    walltime: str = Field("", description="Longest time of a job, as 02:00:00; empty: the queue's own.")
    queue: str = Field("", description="Partition; empty: SLURM's default.")
    account: str = Field("", description="Account that is charged; empty: yours.")
    interface: str = Field("", description="Network interface, as ib0; empty: the machine's first.")
    local_directory: str = Field(
        "", description="Folder of a worker's own on its machine; empty: where the job begins."
    )
    log_directory: str = Field("", description="Folder of the jobs' logs; empty: where the job begins.")
    python: str = Field("", description="Python with micro on the machines of the jobs; empty: the path of this one.")
    job_extra_directives: list[str] = Field([], description='More #SBATCH lines, as "--constraint=big".')
    job_script_prologue: list[str] = Field([], description='Shell lines before the worker, as "module load python".')
    wait_minutes: float = Field(60, gt=0, description="How long the first job may wait in the queue.")

    def options(self) -> dict[str, Any]:
        """Return the arguments of ``SLURMCluster``; what is empty is left to dask-jobqueue."""
        given = self.model_dump(exclude={"jobs", "wait_minutes"})
        return {name: value for name, value in given.items() if value not in ("", [])}


def read_slurm(path: Path) -> SlurmParams:
    """Read the options of a file.

    Raises
    ------
    InputMissingError
        If there is no such file.
    ClusterError
        If it is no TOML, lacks ``cores`` or ``memory``, or has an unknown key or a wrong value.
    """
    if not path.is_file():
        raise InputMissingError(f"--slurm: no file {path}; expected a TOML with cores and memory of a job")
    try:
        found: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ClusterError(f"{path} is no TOML: {error}") from None
    known = tuple(SlurmParams.model_fields)
    for key in found:
        if key not in known:
            raise ClusterError(f"{path}: unknown key {key!r}{near(key, known)}; known keys: {', '.join(known)}")
    try:
        return SlurmParams(**found)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if first["type"] == "missing":
            raise ClusterError(f"{path}: {key!r} is missing; expected the {key} of a job") from None
        raise ClusterError(f"{path}: {key} = {first['input']!r} is not possible: {first['msg']}") from None


def _require_jobqueue() -> None:
    try:
        import dask_jobqueue  # noqa: F401
    except ImportError:
        raise MissingPackageError(
            "--slurm needs dask-jobqueue, which is not installed; to have it: pip install 'micro-ssb[cluster]'"
        ) from None


def slurm_cluster(params: SlurmParams) -> SLURMCluster:
    """Start a scheduler in this process, which submits jobs when it is scaled; ``job_script()`` shows one.

    Raises
    ------
    MissingPackageError
        If dask-jobqueue is not installed.
    ClusterError
        If dask-jobqueue refuses the options.
    """
    _require_jobqueue()
    from dask_jobqueue import SLURMCluster

    try:
        return SLURMCluster(**params.options(), scheduler_options={"dashboard_address": ":0"})
    except (ValueError, RuntimeError, OSError) as error:
        raise ClusterError(f"--slurm: {' '.join(str(error).split())}; look at the options in its file") from None


@contextmanager
def submitted(path: Path) -> Iterator[tuple[str, float]]:
    """Submit the jobs of a file; give the scheduler's address, and the seconds that its first worker may take.

    The jobs are cancelled at the end.

    Raises
    ------
    ClusterError
        If there is no SLURM here, or it refuses a job.
    """
    params = read_slurm(path)
    if shutil.which("sbatch") is None:
        raise ClusterError("--slurm: no sbatch on this machine; expected a login node of a cluster with SLURM")
    _require_jobqueue()  # before its log is silenced: loading it sets the log up
    with quiet():
        cluster = slurm_cluster(params)
        try:
            _submit(cluster, params.jobs)
            yield cluster.scheduler_address, 60 * params.wait_minutes
        finally:
            cluster.close()


def _submit(cluster: SLURMCluster, jobs: int) -> None:
    """Submit the jobs, not by ``scale``, which only logs what sbatch says against one."""
    from distributed import Status

    for _ in range(jobs):
        cluster.worker_spec.update(cluster.new_worker_spec())

    async def settled() -> None:
        await cluster

    try:
        cluster.sync(settled)
    except RuntimeError as error:
        # closing the cluster asserts that no job is left as it was made
        for job in cluster.workers.values():
            if job.status == Status.created:
                job.status = Status.failed
        raise ClusterError(
            f"--slurm: SLURM refused a job: {' '.join(str(error).split())}; look at the options in its file"
        ) from None
