"""``micro train``: a classifier from a few strokes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micro_pipelines.cli.options import Block, Quiet, Set, VoxelSize, Workers, engine_of, spacing_of

if TYPE_CHECKING:
    from micro.classify import Training
    from micro_pipelines.training import Trained, Unsure

__all__ = ["train"]

_TOP = 5


def train(
    recipe: Annotated[str, typer.Argument(help="A preset (micro recipe lists them) or a .toml file.")],
    pairs: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE STROKES...", help="An image and its strokes, then the next image and its strokes, ..."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The classifier; replaced if it is there.")],
    voxel_size: VoxelSize = None,
    mapping: Annotated[
        str | None,
        typer.Option("--map", metavar="VALUE=PHASE,...", help="What the strokes' values are: 85=void,170=SE,255=Li."),
    ] = None,
    changes: Set = None,
    no_map: Annotated[bool, typer.Option("--no-map", help="Don't write the map of where it is unsure.")] = False,
    workers: Workers = None,
    quiet: Quiet = False,
    block: Block = None,
) -> None:
    """Train a classifier from strokes painted on one or several images, for micro run --model.

    Strokes are a label file of the image's shape: 0 where nothing is painted, else 1 void, 2 SE, 3 Li, 6 cathode,
    7 interphase, 8 collector, unless --map says otherwise. Paint dendrites as Li and cracks as void.
    """
    from micro.io import parse_mapping
    from micro_pipelines.cli.progress import watching
    from micro_pipelines.recipe_files import load_recipe
    from micro_pipelines.training import find_pairs, train_model

    chosen = load_recipe(recipe, changes or ())
    values = None if mapping is None else parse_mapping(mapping)
    found = find_pairs(pairs)
    with watching(quiet=quiet) as observer:
        trained = train_model(
            found,
            chosen,
            out.expanduser(),
            voxel_size=spacing_of(voxel_size),
            mapping=values,
            engine=engine_of(workers, block),
            maps=not no_map,
            observer=observer,
        )
    if not quiet:
        _tell(trained)


def _tell(trained: Trained) -> None:
    from micro_pipelines.cli.guard import complain

    training = trained.training
    if training.held_out.confusion.any():
        _tell_held_out(training)
    for warning in training.warnings:
        complain(warning, kind="warning")
    for unsure in trained.unsure:
        print(f"{unsure.picture}: paint next near {_place(unsure)}")
        if unsure.map is not None:
            print(f"where it is unsure: {unsure.map}")
    print(f"classifier: {trained.path}")


def _tell_held_out(training: Training) -> None:
    from micro_pipelines.cli.table import print_table

    held = training.held_out
    rows = [
        [name, f"{training.strokes[name]}", _percent(held.recall[name]), _percent(held.iou[name])]
        for name in training.classifier.phases
    ]
    print(f"of {int(held.confusion.sum())} stroke voxels that were held out, {_percent(held.accuracy)} are recognised")
    print_table("held-out strokes", ["phase", "painted voxels", "recognised", "IoU"], rows)
    most = sorted(training.feature_use.items(), key=lambda item: -item[1])[:_TOP]
    if most:
        print(f"looks most at: {', '.join(f'{name} {_percent(share)}' for name, share in most)}")


def _percent(share: float) -> str:
    return "-" if share != share else f"{share:.1%}".replace("%", " %")  # noqa: PLR0124


def _place(unsure: Unsure) -> str:
    z, y, x = unsure.place
    return f"x {x}, y {y}" if unsure.is_2d else f"x {x}, y {y}, z {z} (slice {z + 1} in ImageJ)"
