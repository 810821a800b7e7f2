"""``micro demo``: the whole job on the example images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from micro_pipelines.cli.options import Quiet, Workers, engine_of

__all__ = ["demo"]


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("micro_demo"),
    workers: Workers = None,
    quiet: Quiet = False,
) -> None:
    """Run the whole job on the example images, print the table and leave a report to look at."""
    from micro_pipelines.cli.batch import run_and_tell
    from micro_pipelines.demo import demo_work, example_folder
    from micro_pipelines.folders import prepare

    images = example_folder(prepare(out) / "images")
    run_and_tell(demo_work(images, engine_of(workers)), out, resume=False, quiet=quiet)
