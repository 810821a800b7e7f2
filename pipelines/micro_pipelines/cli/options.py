"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from micro.blocks import Engine
    from micro.model import Spacing
    from micro_pipelines.job import Job
    from micro_pipelines.models import Model
    from micro_pipelines.sources import Source

__all__ = [
    "Block",
    "First",
    "Log",
    "Memory",
    "Normal",
    "Out",
    "Quiet",
    "Resume",
    "Scheduler",
    "Series",
    "Set",
    "Slurm",
    "State",
    "VoxelSize",
    "Workers",
    "engine_of",
    "engines",
    "model_of",
    "on_engine",
    "overrides_of",
    "spacing_of",
    "with_first_states",
]

Out = Annotated[Path, typer.Option("--out", help="Folder for the results; made where it is missing.")]
VoxelSize = Annotated[
    str | None,
    typer.Option(
        metavar="Z,Y,XUNIT",
        help="Voxel edges with a unit: 0.05,0.025,0.025um, or 65nm for all. Without it: what the file says.",
    ),
]
Normal = Annotated[
    str | None,
    typer.Option(metavar="[+-][zyx]", help="From the anode into the electrolyte, as --normal=-y; auto finds it."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change one key of the recipe; may be given often."),
]
State = Annotated[
    list[str] | None,
    typer.Option("--state", help="State of the samples (pristine, after 20 cycles): one for all, or one each."),
]
Series = Annotated[
    bool,
    typer.Option("--series", help="All inputs are states of one sample, the first one first, whatever their names."),
]
First = Annotated[
    Path | None,
    typer.Option(
        "--first-state",
        metavar="CSV|DIR",
        help="Table, or folder, of an earlier result: the first state of the samples, from which losses are counted.",
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Threads; by default one a core.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDR",
        help="Run on the workers of this Dask scheduler, as tcp://10.0.0.5:8786; --out must be on a disk that all see.",
    ),
]
Slurm = Annotated[
    Path | None,
    typer.Option(
        "--slurm", metavar="FILE", help="Run on SLURM jobs; a TOML says queue, cores, memory, walltime and jobs."
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="BYTES",
        help="Memory of the run, as 4GB: sets the size of blocks and how many are at work at once, and changes no "
        "result. Without it: 1 GB and 1 GB a thread. On a cluster: of one thread of a worker.",
    ),
]
Block = Annotated[
    str | None, typer.Option("--block", hidden=True, metavar="Z,Y,X", help="Voxels of a block; changes no result.")
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Skip samples that are finished with the same input, recipe and version; go on with one that was stopped "
        "from its last finished stage.",
    ),
]
Log = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Log with times, warnings and tracebacks; by default run.log in --out."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


def spacing_of(text: str | None) -> Spacing | None:
    """Return the voxel size that the user gave, or None."""
    from micro.model import Spacing

    return None if text is None else Spacing.parse(text)


def overrides_of(changes: Sequence[str] | None, normal: str | None) -> tuple[str, ...]:
    """Return the overrides of the recipe, ``--normal`` as one of them."""
    return (*(changes or ()), *(() if normal is None else (f"cell.normal={normal}",)))


def with_first_states(work: Sequence[tuple[Source, Job]], path: Path | None) -> list[tuple[Source, Job]]:
    """Return the jobs with the first states that a table of ``--first-state`` holds."""
    from dataclasses import replace

    from micro_pipelines.first_state import choose_first_state, read_first_states

    if path is None:
        return list(work)
    states = read_first_states(path.expanduser())
    return [(source, replace(job, first=choose_first_state(source, states))) for source, job in work]


def engine_of(workers: int | None, block: str | None = None, memory: str | None = None) -> Engine:
    """Return the engine with these threads, blocks and memory."""
    from micro.blocks import DEFAULT_BLOCK, Engine, parse_bytes
    from micro.errors import ParameterError

    shape = DEFAULT_BLOCK
    if block is not None:
        try:
            z, y, x = (int(part) for part in block.split(","))
        except ValueError:
            raise ParameterError(f"block {block!r} is not understood; expected three numbers, as 64,64,64") from None
        shape = (z, y, x)
    threads = workers or os.cpu_count() or 1
    given = (1 + threads) * 10**9 if memory is None else parse_bytes(memory)
    return Engine(block_shape=shape, workers=threads, memory_bytes=given)


@contextmanager
def engines(
    workers: int | None,
    scheduler: str | None,
    slurm: Path | None,
    block: str | None,
    out: Path,
    *,
    memory: str | None = None,
) -> Iterator[Engine]:
    """Give the engine of this machine's threads, or of a cluster, which is left at the end."""
    from dataclasses import replace

    from micro.errors import ParameterError
    from micro_pipelines.cli.stopping import stoppable

    given = {"--workers": workers, "--scheduler": scheduler, "--slurm": slurm}
    several = [name for name, value in given.items() if value is not None]
    if len(several) > 1:
        raise ParameterError(
            f"{' and '.join(several)}: threads of this machine, a cluster that runs, or SLURM jobs; give one of them"
        )
    # on a cluster each thread of a worker does one block at a time, with a memory of its own
    engine = engine_of(workers if scheduler is None and slurm is None else 1, block, memory)
    if scheduler is not None:
        from micro_pipelines.cluster import connected

        with stoppable(), connected(scheduler, out) as pool:
            yield replace(engine, scheduler=pool)
    elif slurm is not None:
        from micro_pipelines.cluster import connected
        from micro_pipelines.slurm import submitted

        with (
            stoppable(),
            submitted(slurm.expanduser()) as (address, seconds),
            connected(address, out, worker_seconds=seconds) as pool,
        ):
            yield replace(engine, scheduler=pool)
    else:
        with stoppable():
            yield engine


def on_engine(work: Sequence[tuple[Source, Job]], engine: Engine) -> list[tuple[Source, Job]]:
    """Return the jobs on an engine; their files with whole paths, which hold on other machines."""
    from dataclasses import replace

    return [
        (replace(source, paths=tuple(path.absolute() for path in source.paths)), replace(job, engine=engine))
        if engine.scheduler is not None
        else (source, replace(job, engine=engine))
        for source, job in work
    ]


def model_of(file: Path | None, phases: str | None = None) -> Model | None:
    """Return the trained model of a file, or None where none is given."""
    from micro.errors import ParameterError
    from micro_pipelines.models import load_model

    names = [part.strip() for part in (phases or "").split(",") if part.strip()]
    if file is not None:
        return load_model(file.expanduser(), phases=names)
    if phases is not None:
        raise ParameterError("--model-phases without --model; expected the ONNX network whose classes they are")
    return None
