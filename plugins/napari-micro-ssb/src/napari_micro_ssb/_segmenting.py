"""Segmentation of a sample, whole or of a piece as a preview: what the panel does, without the panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from micro.blocks import Engine
from micro.errors import ParameterError, ShapeMismatchError
from micro.model import Labels
from micro_pipelines.job import Job, labels_from_image, labels_from_volume
from micro_pipelines.journal import Journal
from micro_pipelines.models import Model
from micro_pipelines.recipe import Recipe
from napari_micro_ssb._sample import Sample
from napari_micro_ssb._work import Watcher

__all__ = ["Piece", "SegmentJob", "Segmented", "box_piece", "preview", "segment_all", "slice_piece"]

PREVIEW_VOXELS_MAX = 2**25
"""A preview of more voxels would take as long as the whole."""
BOX_SLICES = 16
"""Slices of a box in a volume: as many as a small scale of the features can see."""

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Piece:
    """Part of a picture: first and last-plus-one voxel along z, y and x."""

    box: Box

    @property
    def start(self) -> tuple[int, int, int]:
        """First voxel along each axis."""
        z, y, x = (axis.start for axis in self.box)
        return (z, y, x)

    @property
    def voxels(self) -> int:
        """Number of its voxels."""
        return int(np.prod([axis.stop - axis.start for axis in self.box], dtype=np.int64))


@dataclass(frozen=True)
class SegmentJob:
    """What is done to a sample: the recipe, and a model where one takes the place of the grey levels."""

    recipe: Recipe
    model: Model | None = None

    def to_job(self, sample: Sample, engine: Engine) -> Job:
        """Return the job that ``micro run`` would do."""
        return Job(self.recipe, sample.voxel_size, engine, labels_from_image, model=self.model)


@dataclass(frozen=True)
class Segmented:
    """Labels that were made, and of what and how."""

    labels: Labels
    sample: Sample
    job: Job


def slice_piece(shape: tuple[int, int, int], z: int) -> Piece:
    """Return one slice of a picture.

    Examples
    --------
    >>> slice_piece((4, 5, 6), 9).box[0]
    slice(3, 4, None)
    """
    z = min(max(z, 0), shape[0] - 1)
    return Piece((slice(z, z + 1), slice(0, shape[1]), slice(0, shape[2])))


def box_piece(shape: tuple[int, int, int], corners: np.ndarray, z: int) -> Piece:
    """Return a box around slice ``z`` of a picture, from the corners of a rectangle.

    Parameters
    ----------
    shape
        Of the picture.
    corners
        In voxels of the picture, shape (corner, axis); the last two axes are y and x.
    z
        Middle slice.

    Raises
    ------
    ParameterError
        If the rectangle lies beside the picture.

    Examples
    --------
    >>> box_piece((1, 50, 60), np.array([[10.0, 4.0], [40.0, 60.0]]), 0).box[1:]
    (slice(10, 40, None), slice(4, 60, None))
    """
    spans = []
    for axis in (0, 1):
        # the way there and back through um leaves the last digits open
        places = np.round(np.asarray(corners)[:, -2 + axis], 6)
        low, high = int(np.floor(places.min())), int(np.ceil(places.max()))
        spans.append(slice(max(low, 0), min(high, shape[1 + axis])))
    if any(span.stop <= span.start for span in spans):
        raise ParameterError("the box lies beside the picture; expected one on it")
    half = BOX_SLICES // 2
    first = max(0, min(z - half, shape[0] - BOX_SLICES))
    return Piece((slice(first, min(first + BOX_SLICES, shape[0])), *spans))  # type: ignore[arg-type]


def preview(sample: Sample, piece: Piece, wanted: SegmentJob, engine: Engine, watcher: Watcher) -> Labels:
    """Segment a piece as if it were the whole picture.

    Greys are normalised to the piece, and what reaches beyond it is not seen: near to what the whole run gives.

    Raises
    ------
    ParameterError
        If the piece is too large.
    MicroError
        Whatever is wrong with it, in one line.
    """
    if piece.voxels > PREVIEW_VOXELS_MAX:
        raise ParameterError(f"a preview of {piece.voxels} voxels; expected at most {PREVIEW_VOXELS_MAX}: take a box")
    if wanted.model is not None and not sample.is_2d and piece.box[0].stop - piece.box[0].start == 1:
        raise ShapeMismatchError(
            "a model for volumes can't be previewed on one slice, which has no depth; expected a box"
        )
    whole = sample.read(wanted.recipe.modality)
    part = replace(whole, data=whole.data[piece.box])
    job = wanted.to_job(sample, replace(engine, progress=watcher.blocks))
    return labels_from_volume(part, job, Journal(watcher))[1]


def segment_all(sample: Sample, wanted: SegmentJob, engine: Engine, watcher: Watcher, *, scratch: Path) -> Segmented:
    """Segment a whole sample as ``micro run`` does.

    Parameters
    ----------
    sample, wanted, engine
        What to do to what, and how.
    watcher
        Is told how far it is, and may end it.
    scratch
        Folder of volumes too large for memory; it must stay as long as the labels are used.
    """
    job = wanted.to_job(sample, replace(engine, work_dir=scratch, progress=watcher.blocks))
    made = job.labels_of(sample.source, Journal(watcher))
    quiet = replace(job.engine, progress=None)
    return Segmented(made[1], sample, replace(job, engine=quiet, made=made))
