"""A labels layer as work of the pipeline: as it is, and as it was before anybody corrected it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

import micro
from micro.blocks import Block, Done, Engine
from micro.correct import (
    CORRECT_STEP,
    CorrectedArray,
    Correction,
    automatic_path,
    corrected_path,
    corrections_folder,
    write_corrected,
)
from micro.errors import InputMissingError, ParameterError, ShapeMismatchError
from micro.io import open_source, read_labels, read_volume, write_ome_zarr
from micro.model import SSB_PHASES, Labels, Step, Volume
from micro_pipelines.job import Job, Made, labels_from_labels
from micro_pipelines.journal import Journal
from micro_pipelines.recipe import Recipe
from micro_pipelines.sources import Source, find_sources, safe_name
from napari_micro_ssb._correct_source import found_beside
from napari_micro_ssb._lazy import Lazy
from napari_micro_ssb._origin import KEY, LayerLike, Origin, given_voxel_size, origin_of, spacing_of
from napari_micro_ssb._phase_values import phase_values
from napari_micro_ssb._record import first_in, source_in
from napari_micro_ssb._sample import array_of
from napari_micro_ssb._snapshot import Snapshot

__all__ = ["Work", "compared_works", "different_voxels", "painted_voxels", "work_of"]

CORRECTIONS = ".corrections"
"""What the name of the folder with the corrections of a label file ends in."""


@dataclass(frozen=True)
class Work:
    """A sample with its job: exactly what ``micro run`` or ``micro measure`` would do.

    Attributes
    ----------
    source, job
        The sample and the job.
    file
        Of corrected labels, the file that the Correct panel writes of them; None: the source is the file.
    first_place
        The sample that is the first state of the series, see `micro_pipelines.first_state`.
    """

    source: Source
    job: Job
    file: Source | None = None
    first_place: Path | None = None


def work_of(layer: LayerLike, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]) -> Work:
    """Return what measures a labels layer.

    Labels that were made here and not painted on since are measured as the rest of ``micro run``; those of a
    file as ``micro measure`` does, with the image beside them in the figures; those of the Correct panel as the
    corrected labels that it would write; others, and those that were painted on, are saved in the scratch folder first.

    Parameters
    ----------
    layer
        A labels layer, or a `Snapshot` of one.
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
    ParameterError
        If it was corrected while it was saved.
    """
    spacing, origin = spacing_of(layer), origin_of(layer)
    if isinstance(layer.data, CorrectedArray):
        return _of_correction(layer.data.correction, origin, recipe, engine, scratch)
    if _made(origin) is not None:
        return _of_made(layer, origin, recipe, engine, scratch)
    if origin.paths:
        return _of_file(layer, origin, recipe, engine, scratch)
    labels = Labels(phase_values(layer, engine), spacing, origin.phases or SSB_PHASES, name=layer.name)
    return _saved(labels, None, recipe, engine, scratch)


def compared_works(layer: LayerLike, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]) -> tuple[Work, Work]:
    """Return what measures a labels layer as it was made or opened, and what measures it with all that was changed.

    Changes are what was painted, and the corrections that lie beside the labels or are open in the Correct panel.

    Raises
    ------
    InputMissingError
        If nothing is known of how it was before, or nothing was changed.
    OutputError
        If the corrections are open elsewhere.
    MicroError
        As `work_of`.
    """
    before = work_of(_before(layer), recipe, engine, scratch)
    after = _corrected_beside(layer, recipe, engine, scratch) or work_of(layer, recipe, engine, scratch)
    if after.source == before.source:
        raise InputMissingError(
            f"{layer.name}: nothing was painted on these labels, and no corrections lie beside them; nothing to compare"
        )
    return before, after


def painted_voxels(layer: LayerLike, engine: Engine) -> int:
    """Return how many voxels of the labels of a file, or of those made here, were painted on and are stored nowhere."""
    origin = origin_of(layer)
    made = _made(origin)
    if isinstance(layer.data, CorrectedArray | Lazy) or (made is None and not origin.paths):
        return 0
    labels = read_labels(_source_of(origin).readable, voxel_size=given_voxel_size(layer)) if made is None else made[1]
    return _changed(layer, labels, engine)


def _before(layer: LayerLike) -> Snapshot:
    """Return a labels layer as it was before anybody painted on it or corrected it."""
    origin = origin_of(layer)
    made = _made(origin)
    if made is not None:
        labels = made[1]
    elif origin.paths or origin.kept is not None:
        origin = _automatic(origin)
        source = _source_of(origin)
        labels = read_labels(source.readable, voxel_size=spacing_of(layer), name=source.name)
    else:
        raise InputMissingError(f"{layer.name}: nothing is known of how it was before; expected labels of a file")
    data = labels.data[0] if layer.ndim == 2 else labels.data
    return Snapshot(layer.name, Lazy(data), layer.scale, layer.units, {KEY: origin}, layer.ndim)


def _automatic(origin: Origin) -> Origin:
    """Return the origin of the automatic labels, where it is that of corrected ones, or of labels in memory."""
    if not origin.paths and origin.kept is not None:
        return replace(origin, paths=(origin.kept,))
    if len(origin.paths) > 1 or all(step.operation != CORRECT_STEP for step in open_source(origin.paths[0]).history):
        return origin
    automatic = automatic_path(origin.paths[0])
    if automatic is None:
        raise InputMissingError(
            f"{origin.paths[0]}: corrected labels without the automatic ones beside them; nothing to compare with"
        )
    # they were corrected with the voxel size that is shown, which their own file may not state
    return replace(origin, paths=(automatic,), spacing=None)


def _corrected_beside(layer: LayerLike, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]) -> Work | None:
    """Return what measures the corrections that lie beside an automatic label file; None where there are none."""
    origin = origin_of(layer)
    path = origin.file
    if isinstance(layer.data, CorrectedArray) or path is None:
        return None
    found = found_beside(path)
    if found is None or found.edits == 0:
        return None
    labels = read_labels(path, voxel_size=given_voxel_size(layer))
    if _changed(layer, labels, engine):
        return None
    with Correction(labels, corrections_folder(path)) as correction:
        return _of_correction(correction, origin, recipe, engine, scratch)


def _of_made(layer: LayerLike, origin: Origin, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]) -> Work:
    """Return what measures labels that were made here."""
    job, made = origin.job, _made(origin)
    if job is None or made is None or origin.source is None:
        raise InputMissingError(f"{layer.name}: nothing is known of how these labels were made; run Segment again")
    changed = _changed(layer, made[1], engine)
    if changed:
        return _saved(_painted(layer, made[1], changed, engine), made[0], recipe, engine, scratch)
    same = recipe == job.recipe
    return Work(origin.source, job if same else Job(recipe, None, engine, labels_from_labels, made=made))


def _of_file(layer: LayerLike, origin: Origin, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]) -> Work:
    """Return what measures the labels of a file."""
    given, source = given_voxel_size(layer), _source_of(origin)
    labels = read_labels(source.readable, voxel_size=given, name=source.name)
    grey, changed = _grey_of(origin, labels), _changed(layer, labels, engine)
    if changed:
        return _saved(_painted(layer, labels, changed, engine), grey, recipe, engine, scratch)
    first, place = (None, None) if origin.result is None else first_in(origin.result)
    return Work(source, Job(recipe, given, engine, _with(grey), first=first), first_place=place)


def _of_correction(
    correction: Correction, origin: Origin, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]
) -> Work:
    """Save corrected labels as the Correct panel writes them, and measure that file."""
    labels_file = correction.folder.with_name(correction.folder.name.removesuffix(CORRECTIONS))
    known = Source(safe_name(correction.automatic.name), ())
    if origin.source is not None or origin.paths:
        known = origin.source or _source_of(origin)
    first, place = (None, None) if origin.result is None else first_in(origin.result)
    path = write_corrected(correction, scratch() / f"{known.name}.ome.zarr")
    job = Job(recipe, None, engine, _with(_grey_of(origin, correction.automatic)), first=first)
    source, file = (replace(known, paths=(one,)) for one in (path, corrected_path(labels_file)))
    return Work(source, job, file, place)


def _saved(labels: Labels, grey: Volume | None, recipe: Recipe, engine: Engine, scratch: Callable[[], Path]) -> Work:
    """Save labels, and measure that file."""
    name = safe_name(labels.name)
    path = write_ome_zarr(scratch() / f"{name}.ome.zarr", None, replace(labels, name=name))
    return Work(Source(name, (path,)), Job(recipe, None, engine, _with(grey)))


def _painted(layer: LayerLike, labels: Labels, changed: int, engine: Engine) -> Labels:
    """Return labels with what was painted on them, which is a step of their history."""
    step = Step(CORRECT_STEP, {"voxels": changed}, version=micro.__version__)
    return labels.after(step, phase_values(layer, engine))


def _changed(layer: LayerLike, labels: Labels, engine: Engine) -> int:
    """Return how many voxels of a layer differ from the labels that it was made from."""
    array = array_of(layer)
    if tuple(array.shape) != tuple(labels.shape):
        raise ShapeMismatchError(
            f"{layer.name}: labels of shape {tuple(array.shape)} where their file holds {tuple(labels.shape)}; "
            "expected the same"
        )
    if isinstance(layer.data, Lazy):  # nothing can be painted on it
        return 0
    if array.dtype.kind not in "bui":
        raise ParameterError(f"{layer.name}: labels of type {array.dtype}; expected whole numbers")
    return different_voxels(array, labels.data, engine)


def different_voxels(one: da.Array, two: da.Array, engine: Engine) -> int:
    """Return in how many voxels two arrays of one shape differ."""
    return sum(engine.run(_count_changes, [one, two]))


def _made(origin: Origin) -> Made | None:
    return None if origin.job is None else origin.job.made


def _grey_of(origin: Origin, labels: Labels) -> Volume | None:
    """Return the image that labels were made from, or lie with in one OME-Zarr; None where there is none."""
    made = _made(origin)
    if made is not None:
        return made[0]
    if len(origin.paths) != 1 or not (origin.paths[0] / "labels").is_dir():
        return None
    if open_source(origin.paths[0]).phases is not None:
        return None
    return read_volume(origin.paths[0], voxel_size=labels.spacing, name=labels.name)


def _with(grey: Volume | None) -> Callable[[Source, Job, Journal], Made]:
    """Return `labels_from_labels`, with an image for the figures and the exported labels."""
    if grey is None:
        return labels_from_labels

    def make(source: Source, job: Job, journal: Journal) -> Made:
        return grey, labels_from_labels(source, job, journal)[1]

    return make


def _source_of(origin: Origin) -> Source:
    if origin.result is not None:
        return source_in(origin.result, origin.paths)
    if len(origin.paths) == 1:
        return find_sources([str(origin.paths[0])])[0]
    return Source(safe_name(origin.paths[0].name), origin.paths)


def _count_changes(_: Block, one: NDArray[Any], two: NDArray[Any]) -> Done[int]:
    return Done(int(np.count_nonzero(one != two)))
