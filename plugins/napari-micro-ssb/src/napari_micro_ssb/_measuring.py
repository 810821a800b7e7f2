"""Measuring a labels layer by the pipeline of the command line, and writing its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import micro
from micro.blocks import Block, Done, Engine
from micro.errors import ParameterError, PhaseError, ShapeMismatchError, UnreadableFileError
from micro.io import read_labels, write_ome_zarr
from micro.model import SSB_PHASES, Labels, Step, to_table
from micro.report import ReportParams, SampleReport
from micro.report.canvas import to_bytes
from micro.report.figures import draw
from micro_pipelines.batch import BatchResult, write_batch
from micro_pipelines.folders import locked, prepare
from micro_pipelines.job import Job, labels_from_labels
from micro_pipelines.journal import Journal
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import plain_recipe
from micro_pipelines.runner import measure_sample, write_sample
from micro_pipelines.sources import Source, find_sources, safe_name
from napari_micro_ssb._origin import LayerLike, Origin, given_voxel_size, origin_of, spacing_of
from napari_micro_ssb._sample import array_of
from napari_micro_ssb._work import Watcher

__all__ = ["Measured", "Work", "changes", "export", "measure_work", "own_recipe", "work_of"]


@dataclass(frozen=True)
class Work:
    """A sample with its job: exactly what ``micro run`` or ``micro measure`` would do."""

    source: Source
    job: Job


@dataclass(frozen=True)
class Measured:
    """What was measured, by which work, with figures as PNG by name."""

    work: Work
    report: SampleReport
    figures: dict[str, bytes]
    journal: Journal
    began: datetime

    @property
    def table(self) -> pd.DataFrame:
        """The rows of ``measurements.csv``."""
        return to_table(self.report.table_rows)


def own_recipe(layer: LayerLike) -> Recipe:
    """Return the recipe that a labels layer was made by; the defaults of ``micro measure`` where none is known.

    Raises
    ------
    UnreadableFileError
        If the ``run.json`` of its result can't be read.
    """
    origin = origin_of(layer)
    if origin.job is not None:
        return origin.job.recipe
    if origin.result is None:
        return plain_recipe("measure")
    record = origin.result / "run.json"
    try:
        return Recipe.model_validate(json.loads(record.read_text(encoding="utf-8"))["recipe"])
    except (OSError, ValueError, KeyError) as error:
        raise UnreadableFileError(f"{record} can't be read: {' '.join(str(error).split())}") from None


def work_of(layer: LayerLike, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]) -> Work:
    """Return what measures a labels layer.

    Labels that were made here and not painted on since are measured as the rest of ``micro run``; those of a
    file as ``micro measure`` does; others, and those that were painted on, are saved in the scratch folder first.

    Parameters
    ----------
    layer
        A labels layer.
    recipe
        Its [cell], [measure] and [report] count.
    engine
        How the blocks run.
    scratch
        Gives a folder.

    Raises
    ------
    MissingCalibrationError
        If nobody said how large a voxel is.
    PhaseError
        If it holds no label values.
    ShapeMismatchError
        If it has other than two or three axes.
    """
    array, spacing, origin = array_of(layer), spacing_of(layer), origin_of(layer)
    made = None if origin.job is None else origin.job.made
    if made is not None and origin.job is not None and origin.source is not None:
        if not _differ(array, made[1].data, engine):
            if recipe == origin.job.recipe:
                return Work(origin.source, origin.job)
            return Work(origin.source, Job(recipe, None, engine, labels_from_labels, made=made))
        return _saved(layer, made[1], array, recipe, engine, scratch)
    if not origin.paths:
        labels = Labels(_as_bytes(layer, array, engine), spacing, origin.phases or SSB_PHASES, name=layer.name)
        return _saved(layer, labels, None, recipe, engine, scratch)
    given = given_voxel_size(layer)
    source = _source_of(origin)
    stored = read_labels(source.readable, voxel_size=given, name=source.name)
    if _differ(array, stored.data, engine):
        return _saved(layer, stored, array, recipe, engine, scratch)
    return Work(source, Job(recipe, given, engine, labels_from_labels))


def measure_work(work: Work, watcher: Watcher, *, scratch: Path) -> Measured:
    """Measure, and draw the figures; nothing is written.

    ``scratch`` holds volumes too large for memory; it must stay as long as what is returned is used.
    """
    began, journal = datetime.now(UTC), Journal(watcher)
    engine = replace(work.job.engine, work_dir=scratch, progress=watcher.blocks)
    report = measure_sample(work.source, replace(work.job, engine=engine), journal=journal)
    watcher.stage_started("figures")
    params = work.job.recipe.report
    screen = params.model_copy(update={"dpi": 150})
    figures: dict[str, bytes] = {
        str(name): content for name, content in draw(report, screen, lambda _, one: to_bytes(one, "png", 150)).items()
    }
    return Measured(work, report, figures, journal, began)


def export(measured: Measured, out_dir: Path, watcher: Watcher) -> BatchResult:
    """Write the files that the command line writes: the sample's folder, and the tables and report beside it.

    Raises
    ------
    OutputError
        If the folder can't be written, or a run is writing into it.
    """
    work, journal = measured.work, Journal(watcher)
    with locked(prepare(out_dir)):
        watcher.stage_started("write")
        journal.seconds.update(measured.journal.seconds)
        result = write_sample(
            measured.report,
            work.source,
            work.job,
            out_dir,
            journal=journal,
            fingerprint=work.job.fingerprint(work.source),
            began=measured.began,
        )
        return write_batch(BatchResult(out_dir, (result,), ()), work.job.recipe.report or ReportParams())


def changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return each value before and after a correction, and by how much it moved.

    Parameters
    ----------
    before, after
        Two tables of measurements.

    Examples
    --------
    >>> keys = {"metric": ["porosity"], "roi": ["all"], "phase_a": [""], "phase_b": [""], "unit": ["1"]}
    >>> one, two = (pd.DataFrame({**keys, "value": [value]}) for value in (0.25, 0.5))
    >>> changes(one, two)[["before", "after", "change"]].values.tolist()
    [[0.25, 0.5, 0.25]]
    """
    keys = ["metric", "roi", "phase_a", "phase_b", "unit"]
    both = before[[*keys, "value"]].merge(
        after[[*keys, "value"]], on=keys, how="outer", suffixes=("_before", "_after"), sort=False
    )
    both = both.rename(columns={"value_before": "before", "value_after": "after"})
    both["change"] = pd.to_numeric(both["after"]) - pd.to_numeric(both["before"])
    return both


def _source_of(origin: Origin) -> Source:
    if origin.result is not None:
        return Source(origin.result.name, origin.paths)
    if len(origin.paths) == 1:
        return find_sources([str(origin.paths[0])])[0]
    return Source(safe_name(origin.paths[0].name), origin.paths)


def _saved(
    layer: LayerLike,
    labels: Labels,
    painted: Any,  # noqa: ANN401
    recipe: Recipe,
    engine: Engine,
    scratch: Callable[[], Path],
) -> Work:
    """Save labels with what was painted on them as a step of their history, and measure that file."""
    if painted is not None:
        changed = sum(engine.run(_count_changes, [labels.data, painted]))
        step = Step("correct by hand", {"voxels": int(changed)}, version=micro.__version__)
        labels = labels.after(step, _as_bytes(layer, painted, engine))
    name = safe_name(labels.name)
    path = write_ome_zarr(scratch() / f"{name}.ome.zarr", None, replace(labels, name=name))
    return Work(Source(name, (path,)), Job(recipe, None, engine, labels_from_labels))


def _as_bytes(layer: LayerLike, array: Any, engine: Engine) -> Any:  # noqa: ANN401
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "bui":
        raise PhaseError(f"{layer.name}: values of type {array.dtype}; expected labels, whole numbers from 0 to 255")
    highest = max(engine.run(_highest, [array]))
    if highest > 255:
        raise PhaseError(
            f"{layer.name}: values up to {highest}; expected phases from 0 to 255 (0 none, 1 void, 2 SE, 3 Li, ...)"
        )
    return array.astype(np.uint8)


def _differ(array: Any, stored: Any, engine: Engine) -> bool:  # noqa: ANN401
    if tuple(array.shape) != tuple(stored.shape):
        raise ShapeMismatchError(
            f"labels of shape {tuple(array.shape)} where their file holds {tuple(stored.shape)}; expected the same"
        )
    if array.dtype.kind not in "bui":
        raise ParameterError(f"labels of type {array.dtype}; expected whole numbers")
    changed: list[int] = engine.run(_count_changes, [array, stored])
    return any(changed)


def _count_changes(_: Block, one: NDArray[Any], two: NDArray[Any]) -> Done[int]:
    return Done(int(np.count_nonzero(one != two)))


def _highest(_: Block, values: NDArray[Any]) -> Done[int]:
    return Done(int(values.max()))
