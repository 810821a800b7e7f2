"""One sample from its file to its tables, figures and record."""

from __future__ import annotations

import errno
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from micro.blocks import Engine, memory_kept
from micro.cell import Cell, anatomy
from micro.errors import OutputError
from micro.io import atomic_folder, read_labels, read_volume
from micro.measure import (
    Results,
    measure,
    resolution_check,
    threshold_sweep,
    with_contact_loss,
    with_resolution,
    with_sweep,
)
from micro.model import Labels, Spacing, Volume
from micro.report import SampleReport, write_figures
from micro_pipelines.folders import carry_set_aside, keep_corrections, locked, prepare
from micro_pipelines.job import Job, labels_from_image
from micro_pipelines.journal import Journal
from micro_pipelines.kept_results import read_results, write_results
from micro_pipelines.metadata import Metadata
from micro_pipelines.names import LABELS_ZARR
from micro_pipelines.outputs import (
    write_contact_map,
    write_json,
    write_labels,
    write_tables,
    write_thickness_maps,
)
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import recipe_hash, recipe_text
from micro_pipelines.record import record_of
from micro_pipelines.sources import Source, safe_name
from micro_pipelines.stages import Stages, work_folder
from micro_pipelines.versions import versions
from micro_pipelines.written import written

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_IN_PART = re.compile(r"\d+ requested and \d+ written")

__all__ = ["SampleResult", "measure_sample", "reload_sample", "run_job", "run_sample", "write_sample"]


@dataclass(frozen=True)
class SampleResult:
    """A finished sample: the folder it lies in, what the report of a batch takes, and what it was made of."""

    folder: Path
    report: SampleReport
    source: str


def run_sample(
    source: Source | str | Path,
    recipe: Recipe,
    out_dir: Path,
    *,
    voxel_size: Spacing | None = None,
    engine: Engine | None = None,
    state: str = "",
    name: str | None = None,
    resume: bool = False,
) -> SampleResult:
    """Segment and measure one image; write ``out_dir/<sample>`` and return what it holds.

    Parameters
    ----------
    source
        A file, a folder of slices, an OME-Zarr, or a `Source`.
    recipe
        All parameters.
    out_dir
        Gets the sample's folder; an older one of that name is replaced once the new one is complete.
    voxel_size
        Voxel edges in um; None: those that the file states.
    engine
        How the blocks run; None: two threads.
    state, name
        State and name of the sample; empty: no state, and the file's name.
    resume
        Go on from the stages that a run of this sample has finished which was killed, interrupted or failed.

    Raises
    ------
    OutputError
        If another run is writing into the folder.
    MicroError
        Whatever is wrong with the input or the output, in one line. Nothing half-written stays.
    """
    if not isinstance(source, Source):
        path = Path(source)
        source = Source(name or safe_name(path.name), (path,), state)
    job = Job(recipe, voxel_size, engine or Engine(), labels_from_image)
    with locked(prepare(Path(out_dir))):
        return run_job(source, job, Path(out_dir), journal=Journal(), resume=resume)


def run_job(source: Source, job: Job, out_dir: Path, *, journal: Journal, resume: bool = False) -> SampleResult:
    """Do ``job`` to ``source`` and write ``out_dir/<sample>``, complete or not at all.

    Intermediate volumes and finished stages lie in a work folder beside it, which goes at the end. On errors
    the finished stages stay, and ``resume`` goes on from there; without it they are done anew. The report that
    is returned reads image and labels from the finished folder; of the anatomy it has all but the parts.
    """
    began = datetime.now(UTC)
    final = out_dir / source.name
    keep_corrections(final)
    with memory_kept(), _space_told(out_dir), work_folder(final, resume=resume) as (work, scratch):
        with journal.timed("hash"):
            fingerprint = job.fingerprint(source)
        job = _working_in(scratch, job, journal)
        # not the platform: a new kernel of the system changes no voxel
        packages = {name: version for name, version in versions().items() if name != "platform"}
        origin = {"input_hash": fingerprint["input_hash"], "versions": packages}
        job = replace(job, stages=Stages(work, origin, job.engine))
        report = measure_sample(source, job, journal=journal)
        return write_sample(report, source, job, out_dir, journal=journal, fingerprint=fingerprint, began=began)


def measure_sample(source: Source, job: Job, *, journal: Journal) -> SampleReport:
    """Do ``job`` to ``source`` and write nothing: the labels, their anatomy and all that is measured.

    Intermediate volumes lie in the work folder of the job's engine, which the report reads from.
    """
    with warnings.catch_warnings(record=True) as caught:
        volume, labels = job.labels_of(source, journal)
        cell, results = _measured(labels, job, journal)
        return _report(source, job, volume=volume, cell=cell, results=results, lines=_lines(cell, caught))


def write_sample(
    report: SampleReport,
    source: Source,
    job: Job,
    out_dir: Path,
    *,
    journal: Journal,
    fingerprint: Mapping[str, Any],
    began: datetime,
) -> SampleResult:
    """Write ``out_dir/<sample>``, complete or not at all, of what ``job`` has measured; see `run_job`."""
    final = out_dir / source.name
    with warnings.catch_warnings(record=True), atomic_folder(final, replace=True) as folder:
        _write(folder, report, job, journal, source.metadata)
        record = record_of(source, job, report, journal=journal, fingerprint=fingerprint, began=began)
        write_json(folder / "run.json", {**record, "written": written(folder)})
        carry_set_aside(final, folder)
    finished = replace(
        report.labels, data=read_labels(final / LABELS_ZARR).data, probabilities=None, probability_phases=()
    )
    volume = None if report.volume is None else replace(report.volume, data=read_volume(final / LABELS_ZARR).data)
    cell = replace(report.cell, labels=finished, parts=None, inside=None)
    return SampleResult(final, replace(report, volume=volume, labels=finished, cell=cell), str(source))


@contextmanager
def _space_told(folder: Path) -> Iterator[None]:
    """Turn a full disk into one line that says what to do."""
    try:
        yield
    except OSError as error:
        why = _no_space(error)
        if not why:
            raise
        raise OutputError(
            f"no space is left in {folder} ({why}); free some, then continue with --resume: finished "
            "samples and stages are kept"
        ) from error


def _no_space(error: BaseException | None) -> str:
    """Return how the system, or numpy, says that a disk is full, of an error or of what led to it; else nothing."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return error.strerror or "disk full"
        # numpy, of an array that went to the disk in part: it has no errno
        if isinstance(error, OSError) and _IN_PART.search(str(error)):
            return "written in part"
        error = error.__cause__
    return ""


def _scratch(final: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(
        prefix=f".{final.name}.", suffix=".partial", dir=final.parent, ignore_cleanup_errors=True
    )


def _working_in(scratch: Path, job: Job, journal: Journal) -> Job:
    return replace(job, engine=replace(job.engine, work_dir=scratch.resolve(), progress=journal.observer.blocks))


def reload_sample(source: Source, job: Job, out_dir: Path, *, journal: Journal) -> SampleResult:
    """Return a finished sample from its folder: as it was measured, or measured again where that isn't kept."""
    folder = out_dir / source.name
    labels = read_labels(folder / LABELS_ZARR, name=source.name)
    # The last step is the reading just now: no part of how the labels came about.
    labels = replace(labels, history=labels.history[:-1])
    volume = None
    if job.make_labels in (None, labels_from_image):
        volume = read_volume(folder / LABELS_ZARR, modality=job.recipe.modality, name=source.name)
    kept = read_results(folder, labels)
    if kept is not None:
        cell, results, lines = kept.cell, kept.results, kept.warnings
    else:
        with _scratch(folder) as scratch:
            cell, results = _measured(labels, _working_in(Path(scratch), job, journal), journal)
        lines = _lines(cell, ())
    report = _report(source, job, volume=volume, cell=cell, results=results, lines=lines)
    return SampleResult(folder, replace(report, cell=replace(cell, parts=None, inside=None)), str(source))


def _measured(labels: Labels, job: Job, journal: Journal) -> tuple[Cell, Results]:
    with journal.timed("anatomy"):
        cell = anatomy(labels, job.recipe.cell, job.engine, first=job.first_plane)
    with journal.timed("measure"):
        results = measure(cell, job.recipe.measure, job.engine)
    results = _checked(cell, results, job, journal)
    if job.first is not None:
        first = job.first
        doubt = first.doubt(labels.spacing)
        results = with_contact_loss(results, first.contact, itself=first.itself, first_is_2d=first.is_2d, doubt=doubt)
    return cell, results


def _checked(cell: Cell, results: Results, job: Job, journal: Journal) -> Results:
    """Return the results with what they do at half the resolution, and at other thresholds where there are some."""
    cell_params, params, engine = job.recipe.cell, job.recipe.measure, job.engine
    if params.resolution_check:
        with journal.timed("check resolution"):
            table = resolution_check(
                cell, results, cell_params=cell_params, params=params, engine=engine, first=job.first_plane
            )
            results = with_resolution(results, table)
    if job.probabilities and cell.labels.probabilities is not None:
        with journal.timed("sweep threshold"):
            table = threshold_sweep(
                cell.labels, results, cell_params=cell_params, params=params, engine=engine, first=job.first_plane
            )
            results = with_sweep(results, table)
    return results


def _report(
    source: Source, job: Job, *, volume: Volume | None, cell: Cell, results: Results, lines: tuple[str, ...]
) -> SampleReport:
    return SampleReport(
        name=source.name,
        state=source.state,
        volume=volume,
        labels=cell.labels,
        cell=cell,
        results=results,
        recipe_name=job.recipe.name,
        recipe_hash=recipe_hash(job.recipe),
        recipe_text=recipe_text(job.recipe),
        warnings=lines,
        metadata=source.metadata,
    )


def _lines(cell: Cell, caught: Sequence[warnings.WarningMessage]) -> tuple[str, ...]:
    """Return what the reader of the numbers must know: notes of the anatomy, and warnings of the stages."""
    found = (step.parameters.get("found", {}) for step in cell.labels.history)
    steps = (line for result in found for line in result.get("warnings", ()))
    python = (" ".join(str(warning.message).split()) for warning in caught)
    return tuple(dict.fromkeys((*steps, *cell.notes, *python)))


def _write(folder: Path, report: SampleReport, job: Job, journal: Journal, metadata: Metadata) -> None:
    (folder / "figures").mkdir()
    with journal.timed("figures"):
        write_figures(report, folder / "figures", job.recipe.report)
    with journal.timed("write"):
        write_labels(folder, report.volume, report.labels, probabilities=job.probabilities)
        write_tables(folder, report.table_rows, report.results, metadata)
        write_thickness_maps(folder, report.results)
        write_contact_map(folder, report.results, report.cell)
        write_results(folder, report)
