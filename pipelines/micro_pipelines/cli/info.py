"""``micro info``: what a file holds, and where its voxel size was read."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["info"]


def info(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, folders of slices, OME-Zarr, globs.")],
) -> None:
    """Print format, shape, type, voxel size and where in the file it was read."""
    from micro.errors import MicroError
    from micro.io import inspect
    from micro_pipelines.cli.guard import complain
    from micro_pipelines.sources import find_sources

    failed = False
    for source in find_sources(files):
        try:
            lines = inspect(source.readable).lines()
        except MicroError as error:
            complain(str(error))
            failed = True
        else:
            print(*lines, sep="\n")
    if failed:
        raise typer.Exit(1)
