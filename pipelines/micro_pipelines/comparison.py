"""Labels against a truth, from their files to the tables of the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from micro.blocks import Engine
from micro.cell import split_phases
from micro.compare import CompareParams, Comparison, changes_table, check_pair, compare
from micro.errors import MissingCalibrationError
from micro.io import ImageSource, atomic_path, read_labels
from micro.model import Labels, Measurement, Spacing
from micro.report import write_differences
from micro_pipelines.names import LABELS_ZARR
from micro_pipelines.recipe import Recipe
from micro_pipelines.sources import find_sources

__all__ = ["COMPARISON_COLUMNS", "LabelPair", "compare_pair", "comparison_table", "read_pair", "write_comparison"]

COMPARISON_COLUMNS = ("metric", "phase", "value", "unit", "ci_low", "ci_high", "n", "definition", "note")
"""Columns of ``comparison.csv``, in this order."""

Mapped = Mapping[int, str] | None


@dataclass(frozen=True)
class LabelPair:
    """Labels and the truth that they are held against."""

    labels: Labels
    truth: Labels


def read_pair(
    labels: str, truth: str, *, voxel_size: Spacing | None, mapping: Mapped, truth_mapping: Mapped
) -> LabelPair:
    """Read both volumes; where one doesn't say how large its voxels are, the other's size holds.

    Raises
    ------
    MissingCalibrationError
        If neither says it.
    MicroError
        Whatever is wrong with a file, in one line.
    """
    one, two = _place(labels), _place(truth)
    try:
        ours = read_labels(one, voxel_size=voxel_size, mapping=mapping)
    except MissingCalibrationError:
        true = read_labels(two, voxel_size=voxel_size, mapping=truth_mapping)
        return LabelPair(read_labels(one, voxel_size=true.spacing, mapping=mapping), true)
    try:
        return LabelPair(ours, read_labels(two, voxel_size=voxel_size, mapping=truth_mapping))
    except MissingCalibrationError:
        return LabelPair(ours, read_labels(two, voxel_size=ours.spacing, mapping=truth_mapping))


def _place(text: str) -> ImageSource:
    """Return what the reader takes: a finished sample's folder stands for its labels, a glob for one stack."""
    inside = Path(text).expanduser() / LABELS_ZARR
    return inside if inside.is_dir() else find_sources([text], stack=True)[0].readable


def compare_pair(
    pair: LabelPair, recipe: Recipe, params: CompareParams, *, engine: Engine, split_truth: bool = False
) -> tuple[LabelPair, Comparison]:
    """Compare a pair; return it with the truth as it was compared.

    Parameters
    ----------
    pair
        Labels and truth.
    recipe
        Its cell and measure sections count.
    params
        See `CompareParams`.
    engine
        How the blocks run.
    split_truth
        Whether to tell dendrites from metal and cracks from void in the truth first, by the recipe.

    Raises
    ------
    MicroError
        If the two can't be compared.
    """
    check_pair(pair.labels, pair.truth)
    if split_truth:
        pair = LabelPair(pair.labels, split_phases(pair.truth, recipe.cell, engine))
    found = compare(
        pair.labels, pair.truth, cell=recipe.cell, measure_params=recipe.measure, params=params, engine=engine
    )
    return pair, found


def comparison_table(rows: tuple[Measurement, ...]) -> pd.DataFrame:
    """Return the rows of the agreement as a table with the columns of `COMPARISON_COLUMNS`.

    Examples
    --------
    >>> comparison_table((Measurement("iou", 0.5, "1", "iou/v1", "void"),)).loc[0, "phase"]
    'void'
    """
    cells = [(r.metric, r.phase_a, r.value, r.unit, r.ci_low, r.ci_high, r.n, r.definition, r.note) for r in rows]
    table = pd.DataFrame(cells, columns=list(COMPARISON_COLUMNS))
    for column in ("value", "ci_low", "ci_high", "n"):
        table[column] = pd.to_numeric(table[column])
    return table


def write_comparison(folder: Path, pair: LabelPair, found: Comparison, recipe: Recipe) -> None:
    """Write ``comparison.csv``, ``changes.csv``, ``matched_objects.csv`` and the figure ``differences``."""
    tables = {
        "comparison.csv": comparison_table(found.rows),
        "changes.csv": changes_table(found.changes),
        "matched_objects.csv": found.objects,
    }
    for name, table in tables.items():
        with atomic_path(folder / name) as path:
            table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    write_differences(
        pair.labels, pair.truth, folder, recipe.report, phases=found.phases, differing=found.confusion.differing
    )
