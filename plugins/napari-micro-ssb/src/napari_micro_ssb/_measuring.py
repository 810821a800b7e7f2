"""Measuring a labels layer by the pipeline of the command line, and writing its files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from micro.model import to_table
from micro.report import ReportParams, SampleReport
from micro.report.canvas import to_bytes
from micro.report.figures import draw
from micro_pipelines.batch import BatchResult, write_batch
from micro_pipelines.folders import locked, prepare
from micro_pipelines.journal import Journal
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import plain_recipe
from micro_pipelines.runner import measure_sample, write_sample
from napari_micro_ssb._labels_work import Work
from napari_micro_ssb._origin import LayerLike, origin_of
from napari_micro_ssb._record import recipe_in
from napari_micro_ssb._work import Watcher

__all__ = ["Measured", "changes", "export", "measure_work", "own_recipe"]


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
    return plain_recipe("measure") if origin.result is None else recipe_in(origin.result)


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
        metadata = {work.source.name: work.source.metadata}
        batch = BatchResult(out_dir, (result,), (), metadata=metadata)
        return write_batch(batch, work.job.recipe.report or ReportParams())


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
    # what moved is read without scrolling
    return both[["metric", "before", "after", "change", "unit", "roi", "phase_a", "phase_b"]]
