"""``micro measure``: tables from any label file."""

from __future__ import annotations

from typing import Annotated

import typer

from micro_pipelines.cli.options import (
    Block,
    First,
    Log,
    Memory,
    Normal,
    Out,
    Quiet,
    Resume,
    Scheduler,
    Series,
    Set,
    Slurm,
    State,
    VoxelSize,
    Workers,
    engines,
    on_engine,
    overrides_of,
    spacing_of,
    with_first_states,
)

__all__ = ["measure"]


def measure(
    labels: Annotated[
        list[str],
        typer.Argument(metavar="LABELS...", help="Label files, OME-Zarr, globs, or a .csv or .toml that lists them."),
    ],
    *,
    out: Out,
    voxel_size: VoxelSize = None,
    mapping: Annotated[
        str | None,
        typer.Option("--map", metavar="VALUE=PHASE,...", help="What the file's values are: 85=void,170=SE,255=Li."),
    ] = None,
    normal: Normal = None,
    recipe: Annotated[str, typer.Option(help="Recipe whose cell, measure and report sections count.")] = "",
    changes: Set = None,
    state: State = None,
    series: Series = False,
    first_state: First = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    slurm: Slurm = None,
    memory: Memory = None,
    resume: Resume = False,
    quiet: Quiet = False,
    log: Log = None,
    block: Block = None,
) -> None:
    """Measure label files: tables, objects, profiles, figures and a report.

    Labels are taken as they are: 0 unlabelled, 1 void, 2 SE, 3 Li, 4 dendrite, 5 crack, 6 cathode,
    7 interphase, 8 collector, 9 and up your own, unless --map says otherwise.
    """
    from micro.io import parse_mapping
    from micro_pipelines.cli.batch import run_and_tell
    from micro_pipelines.job import Job, labels_from_labels
    from micro_pipelines.recipe_files import load_recipe, plain_recipe
    from micro_pipelines.sources import find_sources

    overrides = overrides_of(changes, normal)
    chosen = load_recipe(recipe, overrides) if recipe else plain_recipe("measure", overrides)
    values = None if mapping is None else parse_mapping(mapping)
    job = Job(chosen, spacing_of(voxel_size), make_labels=labels_from_labels, mapping=values)
    sources = find_sources(labels, states=state or (), series=series)
    work = with_first_states([(source, job) for source in sources], first_state)
    with engines(workers, scheduler, slurm, block, out, memory=memory) as engine:
        run_and_tell(on_engine(work, engine), out, resume=resume, quiet=quiet, log=log)
