"""``micro compare``: labels against a truth, and what their difference does to the measured values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micro_pipelines.cli.options import (
    Block,
    Normal,
    Quiet,
    Set,
    VoxelSize,
    Workers,
    engine_of,
    overrides_of,
    spacing_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from micro.compare import Change, Comparison

__all__ = ["compare"]


def compare(
    labels: Annotated[str, typer.Argument(metavar="LABELS", help="A label file, OME-Zarr, or a folder of a result.")],
    truth: Annotated[str, typer.Argument(metavar="TRUTH", help="Labels of the same picture that are held for true.")],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables and the figure.")] = None,
    voxel_size: VoxelSize = None,
    mapping: Annotated[
        str | None,
        typer.Option("--map", metavar="VALUE=PHASE,...", help="What the values of LABELS are: 85=void,170=SE,255=Li."),
    ] = None,
    truth_mapping: Annotated[
        str | None,
        typer.Option("--map-truth", metavar="VALUE=PHASE,...", help="The same for TRUTH; without it as they are."),
    ] = None,
    normal: Normal = None,
    recipe: Annotated[str, typer.Option(help="Recipe whose cell, measure and report sections count.")] = "",
    changes: Set = None,
    reach: Annotated[
        float | None,
        typer.Option("--reach", min=0, metavar="UM", help="Farthest boundary distance in um; default 32 voxels."),
    ] = None,
    split_truth: Annotated[
        bool, typer.Option("--split-truth", help="Tell dendrites and cracks apart in TRUTH first, by the recipe.")
    ] = False,
    workers: Workers = None,
    quiet: Quiet = False,
    block: Block = None,
) -> None:
    """Compare labels with a truth: overlap, boundaries, objects, and the change of every measured value.

    Voxels that are 0 in either are left out, and their share is told. Nothing is registered: both
    must show the same voxels.
    """
    from micro.compare import CompareParams
    from micro.errors import ParameterError
    from micro.io import parse_mapping
    from micro_pipelines.comparison import compare_pair, read_pair, write_comparison
    from micro_pipelines.folders import prepare
    from micro_pipelines.recipe_files import load_recipe, plain_recipe

    if reach == 0:
        raise ParameterError("a reach of 0 um finds no boundary; expected a length in um, such as --reach 1.5")
    overrides = overrides_of(changes, normal)
    chosen = load_recipe(recipe, overrides) if recipe else plain_recipe("compare", overrides)
    ours, true = (None if text is None else parse_mapping(text) for text in (mapping, truth_mapping))
    pair = read_pair(labels, truth, voxel_size=spacing_of(voxel_size), mapping=ours, truth_mapping=true)
    folder = None if out is None else prepare(out)
    params = CompareParams(reach_um=reach)
    pair, found = compare_pair(pair, chosen, params, engine=engine_of(workers, block), split_truth=split_truth)
    if folder is not None:
        write_comparison(folder, pair, found, chosen)
    if not quiet:
        _print_agreement(found)
        _print_objects(found)
        _print_changes(found.changes)


_RATIOS = ("iou", "dice", "voxel_recall", "voxel_precision", "false_volume", "boundary_distance_p95")
_HEADINGS = ("phase", "IoU", "Dice", "recall", "precision", "false volume", "boundary 95 % (um)")
_OBJECTS = ("object_recall", "object_recall_related", "object_precision")


def _print_agreement(found: Comparison) -> None:
    from micro_pipelines.cli.table import print_table

    groups = dict.fromkeys(row.phase_a for row in found.rows if row.metric == "iou")
    cells = [[name, *(_number(found.row(metric, name).value) for metric in _RATIOS)] for name in groups]
    left_out = found.confusion.left_out
    title = f"agreement: {100 * found.confusion.accuracy:.2f} % of {found.confusion.compared} voxels"
    if left_out:
        title += f"; {100 * left_out:.3g} % are unlabelled in either and left out"
    print_table(title, _HEADINGS, cells)
    for row in found.rows:
        if row.metric == "boundary_distance_p95" and row.value is None:
            hint = "" if row.note.startswith("no boundary") else " (--reach looks farther)"
            typer.echo(f"no boundary distance of {row.phase_a}: {row.note}{hint}")


def _print_objects(found: Comparison) -> None:
    from micro_pipelines.cli.table import print_table

    groups = dict.fromkeys(row.phase_a for row in found.rows if row.metric == "object_recall")
    if not groups:
        return
    cells = [[name, *(_counted(found, metric, name) for metric in _OBJECTS)] for name in groups]
    columns = ("objects", "found of the truth's", "when void or Li counts too", "true of the labels'")
    print_table("objects: at least half of the voxels carry the phase", columns, cells)


def _counted(found: Comparison, metric: str, name: str) -> str:
    row = found.row(metric, name)
    return row.note if row.value is None else f"{row.value:.2f} ({row.note})"


def _print_changes(changes: Iterable[Change]) -> None:
    from micro_pipelines.cli.table import print_table

    cells = []
    for one in changes:
        if one.labels is None and one.truth is None:
            continue
        name = " ".join(part for part in (one.metric, one.phase_a, one.phase_b, f"({one.roi})") if part)
        percent = "" if one.difference_percent is None else f"{one.difference_percent:+.1f}"
        in_intervals = "" if one.difference_intervals is None else f"{one.difference_intervals:+.2f}"
        numbers = [_number(number) for number in (one.labels, one.truth, one.difference)]
        cells.append([name, one.unit, *numbers, percent, in_intervals])
    columns = ("measured value", "unit", "labels", "truth", "difference", "%", "of the interval")
    print_table("what it does to the measured values", columns, cells)


def _number(value: float | None) -> str:
    return "none" if value is None or math.isnan(value) else f"{value:.4g}"
