"""SLURM jobs as workers: the job script, and what is wrong with the file. There is no SLURM where the tests run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from micro.errors import ClusterError, InputMissingError, MissingPackageError
from micro_pipelines.slurm import SlurmParams, read_slurm, slurm_cluster

Cli = Callable[..., Any]

FULL = """
jobs = 4
cores = 16
memory = "64GB"
processes = 2
walltime = "02:30:00"
queue = "long"
account = "battery"
log_directory = "logs"
python = "/opt/micro/bin/python"
job_extra_directives = ["--constraint=big"]
job_script_prologue = ["module load python"]
wait_minutes = 5
"""


def written(place: Path, text: str) -> Path:
    path = place / "slurm ö.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_job_script_asks_for_what_the_file_says(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    with slurm_cluster(read_slurm(written(place, FULL))) as cluster:
        script = cluster.job_script()
        address = cluster.scheduler_address
    lines = script.splitlines()
    asked = {line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH ")}
    # 64 GB are 59.6 GiB, which dask-jobqueue rounds up
    assert {"-p long", "-A battery", "--cpus-per-task=16", "--mem=60G", "-t 02:30:00", "--constraint=big"} <= asked
    assert lines.index("module load python") < next(n for n, line in enumerate(lines) if "dask_worker" in line)
    worker = lines[-1]
    assert worker.startswith(f"/opt/micro/bin/python -m distributed.cli.dask_worker {address} ")
    # 16 threads and 64 GB over two processes
    assert "--nthreads 8 " in worker
    assert "--nworkers 2 " in worker
    assert "--memory-limit 29.80GiB" in worker


def test_what_is_left_out_is_left_to_slurm() -> None:
    with slurm_cluster(SlurmParams(cores=2, memory="4GB")) as cluster:
        script = cluster.job_script()
    assert "#SBATCH -p" not in script
    assert "#SBATCH -A" not in script
    assert f"{sys.executable} -m distributed" in script


WRONG = {
    "cores = 4": "'memory' is missing; expected the memory of a job",
    "cores = 4\nmemry = '4GB'": "unknown key 'memry', did you mean 'memory'?; known keys: jobs, cores",
    "cores = 0\nmemory = '4GB'": "cores = 0 is not possible",
    "cores = 4\nmemory = 4": "memory = 4 is not possible",
    "cores = ": "is no TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_with_the_file_is_one_line(text: str, place: Path) -> None:
    with pytest.raises(ClusterError, match=re.escape(WRONG[text])) as caught:
        read_slurm(written(place, text))
    assert "\n" not in str(caught.value)


def test_no_file_no_slurm_and_no_package_are_one_line(
    cli: Cli, place: Path, no_anode: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputMissingError, match="no file"):
        read_slurm(place / "fehlt.toml")
    command = ("measure", no_anode, "--out", place / "out", "--slurm", written(place, FULL))
    monkeypatch.setenv("PATH", str(place))
    told = cli(*command)
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "no sbatch on this machine" in told.errors[0]
    told = cli(*command, "--scheduler", "tcp://127.0.0.1:9")
    assert (told.status, len(told.err.splitlines())) == (2, 1)
    assert "--scheduler and --slurm" in told.errors[0]
    assert not (place / "out").exists()
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'micro-ssb\[cluster\]'"):
        slurm_cluster(SlurmParams(cores=2, memory="4GB"))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for sbatch")
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_job_that_slurm_refuses_is_one_line(jobs: int, place: Path, cli: Cli, no_anode: Path) -> None:
    # There is no SLURM here: a script says what sbatch says.
    script = place / "bin" / "sbatch"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\necho 'sbatch: error: invalid partition specified: long' >&2\nexit 1\n", encoding="utf-8"
    )
    script.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(script.parent), prepend=os.pathsep)
        patch.chdir(place)
        options = written(place, FULL.replace("jobs = 4", f"jobs = {jobs}"))
        told = cli("measure", no_anode, "--out", place / "out", "--slurm", options)
    assert (told.status, len(told.err.splitlines())) == (2, 1), told.err
    assert "SLURM refused a job" in told.errors[0]
    assert "invalid partition specified: long" in told.errors[0]
    assert not (place / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand for sbatch and scancel")
def test_a_run_on_jobs_gives_the_tables_of_threads(place: Path, cli: Cli, no_anode: Path) -> None:
    # There is no SLURM here: scripts stand for it, and run the job on this machine.
    folder = place / "bin"
    folder.mkdir()
    start = 'cp "$1" job.sh\nnohup sh job.sh >job.log 2>&1 </dev/null &\necho "Submitted batch job 7"\n'
    for name, lines in (("sbatch", start), ("scancel", "exit 0\n")):
        (folder / name).write_text(f"#!/bin/sh\n{lines}", encoding="utf-8")
        (folder / name).chmod(0o755)
    options = written(place, 'cores = 1\nmemory = "2GB"\nwait_minutes = 2')
    fast = ("--block", "1,32,32", "--quiet", "--set", "report.figures=[]", "--set", "measure.resolution_check=false")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        patch.chdir(place)
        told = cli("measure", no_anode, "--out", place / "jobs", "--slurm", options, *fast)
    assert (told.status, told.err) == (0, ""), (place / "job.log").read_text(encoding="utf-8")
    assert cli("measure", no_anode, "--out", place / "threads", *fast).status == 0
    written_by = [(place / name / "measurements.csv").read_bytes() for name in ("jobs", "threads")]
    assert written_by[0] == written_by[1]


@pytest.mark.skipif(os.name != "posix", reason="what this system offers for it is something else")
def test_jobs_are_cancelled_where_the_system_ends_the_run(place: Path, no_anode: Path) -> None:
    folder = place / "bin"
    folder.mkdir()
    for name, lines in (("sbatch", 'echo "Submitted batch job 7"\ntouch submitted'), ("scancel", 'echo "$@" >> gone')):
        (folder / name).write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    options = written(place, 'cores = 1\nmemory = "2GB"\nwait_minutes = 20')
    command = [
        sys.executable,
        "-m",
        "micro_pipelines",
        "measure",
        str(no_anode),
        "--out",
        "out",
        "--slurm",
        str(options),
    ]
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    with subprocess.Popen(command, cwd=place, env=env, stderr=subprocess.PIPE, encoding="utf-8") as run:
        while run.poll() is None and not (place / "submitted").exists():
            time.sleep(0.1)
        time.sleep(2)
        run.terminate()
        said = run.communicate(timeout=600)[1]
    assert run.returncode == 128 + signal.SIGTERM, said
    assert (place / "gone").read_text(encoding="utf-8").split() == ["7"]
    assert said.startswith("micro: interrupted: stopped by the system (SIGTERM)"), said
