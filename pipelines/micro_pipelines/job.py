"""What is to be done to each sample of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import micro
from micro.blocks import Engine
from micro.cell import ReferencePlane, split_phases
from micro.correct import corrections_beside
from micro.errors import ParameterError
from micro.io import read_labels, read_volume
from micro.model import Labels, Spacing, Step, Volume
from micro.preprocess import preprocess, straighten, unlabel_missing
from micro.segment import segment
from micro_pipelines.content import check_labels, check_tilt, check_volume
from micro_pipelines.first_state import FirstState, plane_as_dict
from micro_pipelines.journal import Journal
from micro_pipelines.models import Model, labels_from_model
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import recipe_hash
from micro_pipelines.sources import Source, input_hash
from micro_pipelines.stages import Stages

__all__ = ["Job", "Made", "labels_from_image", "labels_from_labels", "labels_from_volume"]

Made = tuple[Volume | None, Labels]
VolumeOrLabels = TypeVar("VolumeOrLabels", Volume, Labels)


@dataclass(frozen=True)
class Job:
    """Everything that decides a sample's result, besides the sample itself.

    Parameters
    ----------
    recipe
        All parameters.
    voxel_size
        Voxel edges in um that the user gave for all samples that have none of their own; None: those that the
        file states.
    engine
        How the blocks run; decides nothing but the time it takes.
    make_labels
        How the labels come about: `labels_from_image` or `labels_from_labels`.
    mapping
        Phase names, or values, by the values in a label file.
    model
        A trained model that takes the place of the automatic segmentation.
    probabilities
        Write the probabilities of the phases too.
    first
        The first state of the sample's series, from which losses are counted; None where there is none.
    made
        The labels, where this very job has made them already; it isn't done again.
    stages
        Where finished stages are kept; None: nowhere.
    """

    recipe: Recipe
    voxel_size: Spacing | None = None
    engine: Engine = field(default_factory=Engine)
    make_labels: Callable[[Source, Job, Journal], Made] | None = None
    mapping: Mapping[int, str] | None = None
    model: Model | None = None
    probabilities: bool = False
    first: FirstState | None = None
    made: Made | None = None
    stages: Stages | None = None

    @property
    def first_plane(self) -> ReferencePlane | None:
        """The reference interface of the first state; None where it is this one or there is none.

        Raises
        ------
        ParameterError
            If the recipe asks for it, and the first state has none.
        """
        if self.first is None:
            return None
        if self.recipe.cell.reference == "first-state" and not self.first.itself and self.first.plane is None:
            raise ParameterError(
                f"cell.reference = first-state, but of the first state, {self.first.state or self.first.sample}, no "
                "reference interface is known; expected one in the run.json of a finished result"
            )
        return self.first.plane

    def voxel_size_of(self, source: Source) -> Spacing | None:
        """Return the voxel edges in um that the user gave for this sample, or for all; None: those in the file."""
        return source.voxel_size or self.voxel_size

    def labels_of(self, source: Source, journal: Journal) -> Made:
        """Return the grey picture, where there is one, and the final labels of a sample."""
        return self.made or (self.make_labels or labels_from_image)(source, self, journal)

    def fingerprint(self, source: Source) -> dict[str, Any]:
        """Return what a result depends on, as JSON types; ``--resume`` skips a sample where it is the same."""
        series = {} if self.first is None else {"first_state": self.first.as_dict()}
        metadata = {"metadata": dict(source.metadata)} if source.metadata else {}
        spacing = self.voxel_size_of(source)
        return {
            **series,
            **metadata,
            "input_hash": input_hash(source.paths),
            "micro": micro.__version__,
            "recipe_hash": recipe_hash(self.recipe),
            "labels": "made" if self.make_labels in (None, labels_from_image) else "read",
            "model": None if self.model is None else self.model.summary(),
            "mapping": {str(value): name for value, name in (self.mapping or {}).items()},
            "state": source.state,
            "voxel_size_given_um": None if spacing is None else list(spacing.um),
        }


def labels_from_image(source: Source, job: Job, journal: Journal) -> Made:
    """Read an image, check it, correct it, segment it (or let the model) and tell its phases apart."""
    with journal.timed("read"):
        volume = read_volume(
            source.readable, voxel_size=job.voxel_size_of(source), modality=job.recipe.modality, name=source.name
        )
    return labels_from_volume(volume, job, journal)


def labels_from_volume(volume: Volume, job: Job, journal: Journal) -> Made:
    """Do all of `labels_from_image` but the reading: to an image, or to a piece of one as a preview.

    A stage runs only where a later one, whose result an earlier run has kept, doesn't make it needless.
    """
    recipe, engine = job.recipe, job.engine
    stages = _Stages(volume, job, journal)
    straight = stages.of("align", lambda: _straightened(volume, job, journal))

    def corrected() -> Volume:
        with journal.timed("preprocess"):
            return preprocess(straight, recipe.preprocess, engine)

    def segmented() -> Labels:
        grey = stages.of("preprocess", corrected)
        with journal.timed("segment"):
            return _segmented(grey, job)

    def parted() -> Labels:
        labels = stages.of("segment", segmented, instead_of="preprocess")
        with journal.timed("split phases"):
            return split_phases(labels, recipe.cell, engine, first=job.first_plane)

    return straight, stages.of("split phases", parted, instead_of="segment")


@dataclass(frozen=True)
class _Stages:
    """The stages from one image to its labels: done, and kept where the job says where."""

    volume: Volume
    job: Job
    journal: Journal

    def of(self, name: str, make: Callable[[], VolumeOrLabels], *, instead_of: str = "") -> VolumeOrLabels:
        """Return what a stage makes, or has made in an earlier run; see `Stages.of`."""
        if self.job.stages is None:
            return make()
        wanted = self._wanted(name)
        return self.job.stages.of(name, wanted, make, given=self.volume, journal=self.journal, instead_of=instead_of)

    def _wanted(self, name: str) -> dict[str, Any]:
        """Return what the result of a stage depends on besides the image, earlier stages included."""
        job, recipe = self.job, self.job.recipe
        wanted: dict[str, Any] = {"preprocess": recipe.preprocess.model_dump(mode="json")}
        if name in ("segment", "split phases"):
            wanted["segment"] = recipe.segment.model_dump(mode="json")
            wanted["model"] = None if job.model is None else job.model.summary()
            wanted["probabilities"] = job.probabilities
        if name == "split phases":
            plane = job.first_plane
            wanted["cell"] = recipe.cell.model_dump(mode="json")
            wanted["first_plane"] = None if plane is None else plane_as_dict(plane)
        return wanted


def _straightened(volume: Volume, job: Job, journal: Journal) -> Volume:
    recipe, engine = job.recipe, job.engine
    with journal.timed("check"):
        clipped = check_volume(volume, engine)
    if clipped:
        found = {"warnings": list(clipped), "doubts": ["clipped greys"]}
        volume = volume.after(Step("check image", {"found": found}, version=micro.__version__))
    tilted = check_tilt(volume, recipe.preprocess.tilt_deg)
    if tilted:
        # a hint, no doubt: a face that is seen straight is right as it is
        found = {"warnings": list(tilted), "doubts": []}
        volume = volume.after(Step("check tilt", {"found": found}, version=micro.__version__))
    with journal.timed("align"):
        return straighten(volume, recipe.preprocess, engine)


def _segmented(corrected: Volume, job: Job) -> Labels:
    if job.model is None:
        labels = segment(corrected, job.recipe.segment, job.engine, probabilities=job.probabilities)
    else:
        labels = labels_from_model(corrected, job.model, job.recipe, job.engine)
    if job.probabilities and labels.probabilities is None:
        raise ParameterError("--probabilities: this segmentation gives none; use --model, or leave it out")
    return unlabel_missing(labels, job.engine)


def labels_from_labels(source: Source, job: Job, journal: Journal) -> Made:
    """Read a label file, check that something is labelled, and tell of corrections by hand that it lacks."""
    with journal.timed("read"):
        labels = read_labels(
            source.readable, voxel_size=job.voxel_size_of(source), mapping=job.mapping, name=source.name
        )
    with journal.timed("check"):
        doubts = check_labels(labels, job.engine)
        lacks = corrections_beside(source.paths[0])
        doubts = (*doubts, lacks) if lacks else doubts
    if doubts:
        labels = labels.after(Step("check labels", {"found": {"warnings": list(doubts)}}, version=micro.__version__))
    return None, labels
