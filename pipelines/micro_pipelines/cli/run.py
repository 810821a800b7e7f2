"""``micro run``: images to labels, tables, figures and a report."""

from __future__ import annotations

from pathlib import Path
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
    model_of,
    on_engine,
    overrides_of,
    spacing_of,
    with_first_states,
)

__all__ = ["run"]


def run(
    recipe: Annotated[str, typer.Argument(help="A preset (micro recipe lists them) or a .toml file.")],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Files, folders of slices, OME-Zarr, globs, or a .csv or .toml that lists samples.",
        ),
    ],
    *,
    out: Out,
    voxel_size: VoxelSize = None,
    normal: Normal = None,
    changes: Set = None,
    state: State = None,
    series: Series = False,
    first_state: First = None,
    stack: Annotated[
        bool, typer.Option("--stack", help="All inputs are slices of one volume, in natural order of their names.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", metavar="FILE", help="Label with this classifier of micro train, or ONNX network, instead."
        ),
    ] = None,
    model_phases: Annotated[
        str | None,
        typer.Option(metavar="PHASE,...", help="What the classes of an ONNX network are, in order: void,SE,Li."),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Write the probabilities of the phases too, as OME-Zarr.")
    ] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    slurm: Slurm = None,
    memory: Memory = None,
    resume: Resume = False,
    quiet: Quiet = False,
    log: Log = None,
    block: Block = None,
) -> None:
    """Segment and measure images: labels, tables, figures and a report.

    Every file and every match of a glob is a sample; a folder of slices is one volume. A .csv or .toml lists
    samples by their path, with state, voxel_size and whatever else you want in the tables.
    """
    from micro_pipelines.cli.batch import run_and_tell
    from micro_pipelines.job import Job, labels_from_image
    from micro_pipelines.recipe_files import load_recipe
    from micro_pipelines.sources import find_sources

    chosen = load_recipe(recipe, overrides_of(changes, normal))
    job = Job(
        chosen,
        spacing_of(voxel_size),
        make_labels=labels_from_image,
        model=model_of(model, model_phases),
        probabilities=probabilities,
    )
    sources = find_sources(inputs, states=state or (), stack=stack, series=series)
    work = with_first_states([(source, job) for source in sources], first_state)
    with engines(workers, scheduler, slurm, block, out, memory=memory) as engine:
        run_and_tell(on_engine(work, engine), out, resume=resume, quiet=quiet, log=log)
