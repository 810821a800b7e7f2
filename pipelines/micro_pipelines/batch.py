"""Many samples into one folder: tables over all, one report, and a list of what failed."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from micro.errors import UnreadableFileError
from micro.model import Measurement, to_table
from micro.report import ReportParams, write_report
from micro_pipelines.first_state import FirstState, first_state_of, lost_first_state, seen_from
from micro_pipelines.folders import locked, prepare
from micro_pipelines.job import Job
from micro_pipelines.journal import Journal, Observer, Silent
from micro_pipelines.lock import Owner
from micro_pipelines.metadata import Metadata, with_metadata_of
from micro_pipelines.names import LABELS_ZARR, PROBABILITIES_ZARR
from micro_pipelines.outputs import Failure, write_batch_tables
from micro_pipelines.paper import FORMATS, paper_table_of_run, write_paper_tables
from micro_pipelines.recipe_files import recipe_hash
from micro_pipelines.run_log import LOG_NAME, RunLog, Several, logged
from micro_pipelines.runner import SampleResult, reload_sample, run_job
from micro_pipelines.sources import Source, series_key
from micro_pipelines.stages import finished_stages, work_folder_of
from micro_pipelines.written import differing

__all__ = ["BatchResult", "run_batch", "write_batch"]


@dataclass(frozen=True)
class BatchResult:
    """What a run left behind: its folder, the finished samples in order, the failures, and what it has to say."""

    folder: Path
    samples: tuple[SampleResult, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Metadata] = field(default_factory=dict)
    """By the name of the sample."""

    @property
    def rows(self) -> tuple[Measurement, ...]:
        """All measurements, sample after sample."""
        return tuple(row for sample in self.samples for row in sample.report.table_rows)

    @property
    def table(self) -> pd.DataFrame:
        """All measurements as a tidy table; the samples' metadata are its last columns."""
        return with_metadata_of(to_table(self.rows), self.metadata)


def run_batch(
    work: Sequence[tuple[Source, Job]],
    out_dir: Path,
    *,
    resume: bool = False,
    observer: Observer | None = None,
    log: Path | None = None,
) -> BatchResult:
    """Do every job to its sample; one that fails becomes a row of ``failures.csv`` and stops no other.

    Parameters
    ----------
    work
        The samples, whose names differ, each with what is done to it. Of several states of one sample (see
        `series_key`) the first is the one that losses are counted from.
    out_dir
        Gets a folder a sample, ``measurements.csv`` and ``.parquet``, ``table.md``, ``.tex`` and ``.xlsx``,
        ``report.html`` and ``failures.csv``. The tables and the report hold the samples of this run, those that
        ``resume`` skips included.
    resume
        Skip a sample whose finished folder has the same input, recipe, model, version and voxel size; go on with
        one that was not finished from its last finished stage (see `Stages`).
    observer
        Is told what happens.
    log
        File that says when what happened; None: ``run.log`` in the folder.

    Raises
    ------
    OutputError
        If the folder or the log can't be written, or another run is writing into the folder.
    """
    with locked(prepare(out_dir)) as killed, logged(log or out_dir / LOG_NAME, _what(work, resume)) as told:
        watcher = Several([told, observer or Silent()])
        notes = [*_took_over(killed), *(() if resume else _discarded([source for source, _ in work], out_dir))]
        samples, failures = _all(work, out_dir, resume, watcher, told)
        metadata = {source.name: source.metadata for source, _ in work}
        batch = BatchResult(out_dir, samples, failures, tuple(notes), metadata)
        batch = write_batch(batch, work[0][1].recipe.report, watcher)
        for note in batch.notes:
            told.say(f"note: {note}")
        return batch


def _all(
    work: Sequence[tuple[Source, Job]], out_dir: Path, resume: bool, observer: Observer, log: RunLog
) -> tuple[tuple[SampleResult, ...], tuple[Failure, ...]]:
    """Do all samples; return what is finished and what failed, both in the order of the samples.

    What an earlier run has finished is read last, so that a run that is killed again and again gets on; but for the
    first state of a series, which its later states need.
    """
    begun = _Begun.of([source for source, _ in work])
    done: dict[int, SampleResult | Failure] = {}
    later: dict[int, tuple[Source, Job]] = {}

    def add(number: int, source: Source, one: SampleResult | Failure) -> None:
        done[number] = one
        begun.add(source, one)
        lines = one.report.warnings if isinstance(one, SampleResult) else ()
        for text in (f"{source.name}: warning: {line}" for line in lines):
            log.say(text)
        if isinstance(one, Failure):
            log.say(one.details)

    for number, (source, given) in enumerate(work, 1):
        job = begun.told(source, given)
        observer.sample_started(source.name, number, len(work))
        one = _one(source, job, out_dir, resume, observer, wanted_now=begun.is_first(source))
        if one is None:
            later[number] = (source, job)
        else:
            add(number, source, one)
    for number, (source, job) in later.items():
        observer.sample_started(source.name, number, len(work))
        add(number, source, _again(source, job, out_dir, observer))
    ordered = [done[number] for number in sorted(done)]
    samples = tuple(one for one in ordered if isinstance(one, SampleResult))
    return samples, tuple(one for one in ordered if isinstance(one, Failure))


def _what(work: Sequence[tuple[Source, Job]], resume: bool) -> str:
    recipe = work[0][1].recipe
    count = f"{len(work)} sample" + ("s" if len(work) > 1 else "")
    return f"{count}, recipe {recipe.name}, hash {recipe_hash(recipe)}" + (", with --resume" if resume else "")


def _took_over(killed: Owner | None) -> tuple[str, ...]:
    if killed is None:
        return ()
    return (f"an earlier run here was killed ({killed}); its lock was taken over, what it finished is kept",)


def _discarded(sources: Sequence[Source], out_dir: Path) -> tuple[str, ...]:
    """Say of which samples finished stages will be done anew."""
    names = [source.name for source in sources if finished_stages(out_dir / source.name)]
    if not names:
        return ()
    listed = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return (f"stages of {listed} that an earlier run had finished were done anew; --resume takes them",)


@dataclass
class _Begun:
    """The series of a batch, by what their states have in common, and the first states that are measured."""

    firsts: dict[str, Source]
    measured: dict[str, FirstState]

    @classmethod
    def of(cls, sources: Sequence[Source]) -> _Begun:
        """Return the series of two samples or more; none is measured yet."""
        keys = Counter(series_key(source) for source in sources)
        firsts: dict[str, Source] = {}
        for source in sources:
            if keys[series_key(source)] > 1:
                firsts.setdefault(series_key(source), source)
        return cls(firsts, {})

    def is_first(self, source: Source) -> bool:
        """Tell whether it is the first state of a series, which the later ones are compared with."""
        return self.firsts.get(series_key(source)) is source

    def told(self, source: Source, job: Job) -> Job:
        """Return the job with the first state of its sample, where it is a state of a series."""
        key = series_key(source)
        if job.first is not None or key not in self.firsts:
            return job
        first = self.measured.get(key, FirstState(source.name, source.state))
        return replace(job, first=seen_from(source, first))

    def add(self, source: Source, done: SampleResult | Failure) -> None:
        """Remember the first state of a series; a later one never takes its place."""
        if self.is_first(source):
            cell = dict(source.metadata).get("cell", "")
            self.measured[series_key(source)] = (
                lost_first_state(source, "it failed")
                if isinstance(done, Failure)
                else first_state_of(done.report, cell)
            )


def _one(
    source: Source, job: Job, out_dir: Path, resume: bool, observer: Observer, *, wanted_now: bool
) -> SampleResult | Failure | None:
    """Do a sample; None where an earlier run has finished it, unless its result is wanted now."""
    journal = Journal(observer)
    # A stage of another's making may fail in any way; the other samples must go on.
    try:
        journal.stage = "read"
        source.require()
        lost = _lost(source, job, out_dir) if resume else None
        if lost == "":
            shutil.rmtree(work_folder_of(out_dir / source.name), ignore_errors=True)
            observer.sample_done(source.name, "unchanged, skipped")
            return reload_sample(source, job, out_dir, journal=Journal()) if wanted_now else None
        result = run_job(source, job, out_dir, journal=journal, resume=resume)
        again = f"{lost} was not as it was written: " if lost else ""
        observer.sample_done(source.name, f"{again}done in {sum(journal.seconds.values()):.1f} s")
    except Exception as error:
        return _failed(source, journal, error)
    return result


def _again(source: Source, job: Job, out_dir: Path, observer: Observer) -> SampleResult | Failure:
    """Read a finished sample for the report."""
    journal = Journal(observer)
    try:
        result = reload_sample(source, job, out_dir, journal=journal)
        observer.sample_done(source.name, "read for the report")
    except Exception as error:
        return _failed(source, journal, error)
    return result


def _failed(source: Source, journal: Journal, error: Exception) -> Failure:
    failure = Failure.of(source.name, str(source), journal.stage, error)
    journal.observer.sample_failed(source.name, failure.stage, failure.message)
    return failure


def _lost(source: Source, job: Job, out_dir: Path) -> str | None:
    """Return what of a finished sample's folder is not as it was written, empty where all is; None: not finished."""
    folder = out_dir / source.name
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return "run.json"
    if not isinstance(record, dict) or record.get("fingerprint") != job.fingerprint(source):
        return None
    known = record.get("written")
    if job.probabilities and not (folder / PROBABILITIES_ZARR).exists():
        return None
    if not isinstance(known, dict):  # of an earlier version, which doesn't say what was written
        return "" if all((folder / name).exists() for name in (LABELS_ZARR, "measurements.csv", "figures")) else None
    return differing(folder, known)


def _drawn(batch: BatchResult, params: ReportParams, observer: Observer) -> BatchResult:
    """Write the report; samples that can't be read for it, which is seen only now, are failures of the batch."""
    try:
        _write_report(batch.samples, batch.folder, params)
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, UnreadableFileError):
            raise  # no sample's: the report can't be written
        lost = {sample.report.name: why for sample in batch.samples if (why := _why_not_drawn(sample, params))}
        if not lost:
            raise
        for why in lost.values():
            observer.sample_failed(why.sample, why.stage, why.message)
        samples = tuple(sample for sample in batch.samples if sample.report.name not in lost)
        batch = replace(batch, samples=samples, failures=(*batch.failures, *lost.values()))
        _write_report(batch.samples, batch.folder, params)
    return batch


def _why_not_drawn(sample: SampleResult, params: ReportParams) -> Failure | None:
    """Return why a sample can't be read for a report; None where it can."""
    with tempfile.TemporaryDirectory() as aside:
        try:
            _write_report((sample,), Path(aside), params)
        except Exception as error:
            return Failure.of(sample.report.name, sample.source, "report", error)
    return None


def _write_report(samples: Sequence[SampleResult], folder: Path, params: ReportParams) -> None:
    if samples:
        write_report([sample.report for sample in samples], folder / "report.html", params)


def write_batch(batch: BatchResult, params: ReportParams, observer: Observer | None = None) -> BatchResult:
    """Write the report and the tables over all samples; return the batch with what there is to say about them.

    A sample that can't be read for the report becomes a failure.
    """
    batch = _drawn(batch, params, observer or Silent())
    notes = (*batch.notes, *write_batch_tables(batch.folder, batch.rows, batch.failures, batch.metadata))
    if not batch.samples:
        for name in ("report.html", *(f"table.{form}" for form in FORMATS)):
            (batch.folder / name).unlink(missing_ok=True)
        return replace(batch, notes=notes)
    write_paper_tables(batch.folder, paper_table_of_run(batch.rows, params, batch.metadata), batch.rows)
    return replace(batch, notes=notes)
