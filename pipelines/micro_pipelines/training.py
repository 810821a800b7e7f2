"""Training a classifier from images and strokes in files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from micro.blocks import Engine, as_dask
from micro.classify import (
    Classifier,
    Training,
    classify,
    most_uncertain,
    read_classifier,
    train,
    uncertainty,
    write_classifier,
)
from micro.errors import (
    ColourImageError,
    MicroError,
    OutputError,
    ParameterError,
    PhaseError,
    ShapeMismatchError,
    UnsupportedFormatError,
)
from micro.io import read_labels, read_volume, write_tiff
from micro.model import UNLABELLED, Labels, Spacing, Volume
from micro.preprocess import follow, follow_back, preprocess, slice_shifts, straighten
from micro_pipelines.content import check_labels, check_volume
from micro_pipelines.folders import prepare
from micro_pipelines.journal import Journal, Observer
from micro_pipelines.likeness import Greys, phase_greys
from micro_pipelines.models import phases_of
from micro_pipelines.recipe import Recipe
from micro_pipelines.sources import Source, find_sources

__all__ = ["Trained", "Unsure", "find_pairs", "train_model"]

Pair = tuple[Source, Source]


@dataclass(frozen=True)
class Unsure:
    """Where a classifier is unsure in one of its pictures.

    Attributes
    ----------
    picture
        Name of the picture.
    place
        Index (z, y, x), in the image as it was read, of the voxel in the middle of the most uncertain neighbourhood:
        the next place to paint.
    map
        The file that shows how unsure every voxel is (uint8, 0 sure to 255 no idea); None where none was asked for.
    is_2d
        Whether the picture is a single section.
    """

    picture: str
    place: tuple[int, int, int]
    map: Path | None
    is_2d: bool


@dataclass(frozen=True)
class Trained:
    """A classifier in its file, how good it is, and where it is unsure."""

    path: Path
    training: Training
    unsure: tuple[Unsure, ...]


def find_pairs(files: Sequence[str]) -> tuple[Pair, ...]:
    """Return the images and their strokes, which take turns in ``files``.

    Raises
    ------
    ParameterError
        If an image has no strokes.
    InputMissingError
        If a path leads to nothing.
    """
    if len(files) < 2 or len(files) % 2:
        raise ParameterError(
            f"{len(files)} files to train on; expected an image and its strokes, then the next image and its strokes"
        )
    images = find_sources(files[::2], states=())
    strokes = find_sources(files[1::2], states=())
    if len(images) != len(strokes) or len(images) != len(files) // 2:
        raise ParameterError("a pattern stands for several files here; name each image and its strokes in turn")
    return tuple(zip(images, strokes, strict=True))


def train_model(
    pairs: Sequence[Pair],
    recipe: Recipe,
    out: Path,
    *,
    voxel_size: Spacing | None = None,
    mapping: Mapping[int, str] | None = None,
    engine: Engine | None = None,
    maps: bool = True,
    observer: Observer | None = None,
) -> Trained:
    """Train a classifier and write it, and beside it where it is unsure.

    Parameters
    ----------
    pairs
        Images with their strokes, from `find_pairs`. Each image goes through the recipe's corrections, which bring
        pictures of different grey scales to one.
    recipe
        [preprocess], [train] and [segment] count.
    out
        The classifier's file; an older one is replaced. The maps are called ``<stem>_uncertainty.tif``, with
        the picture's name behind it where there are several.
    voxel_size
        Voxel edges in um of all images; None: what the files say.
    mapping
        What the values in the stroke files are; None: label values. 0 is no stroke.
    engine
        How the blocks run; None: two threads.
    maps
        Whether to write the maps.
    observer
        Is told what happens.

    Raises
    ------
    MicroError
        Whatever is wrong with an image, with strokes or with the output, in one line.
    """
    journal = Journal(observer)
    journal.observer.sample_started(out.stem, 1, 1)
    _check_mapping(mapping)
    _check_place(out)
    folder = prepare(out.parent)
    with tempfile.TemporaryDirectory(
        prefix=f".{out.name}.", suffix=".partial", dir=folder, ignore_cleanup_errors=True
    ) as scratch:
        here = replace(engine or Engine(), work_dir=Path(scratch), progress=journal.observer.blocks)
        samples = [_sample(pair, recipe, here, journal, voxel_size=voxel_size, mapping=mapping) for pair in pairs]
        with journal.timed("train"):
            corrections = recipe.preprocess.model_dump(mode="json")
            training = train(samples, recipe.train, here, preprocessed=corrections)
        with journal.timed("uncertainty"):
            own = phases_of(training.classifier.phases)
            labelled = [classify(v, training.classifier, recipe.segment, here, phases=own) for v, _ in samples]
            greys = [phase_greys(volume, labels, here) for (volume, _), labels in zip(samples, labelled, strict=True)]
            training = replace(training, classifier=_with_greys(training.classifier, greys))
            write_classifier(training.classifier, out)
            unsure = []
            for (volume, _), labels in zip(samples, labelled, strict=True):
                name = f"{out.stem}_uncertainty{'_' + volume.name if len(samples) > 1 else ''}.tif"
                unsure.append(_unsure(volume, labels, here, folder / name if maps else None))
    journal.observer.sample_done(out.stem, f"done in {sum(journal.seconds.values()):.1f} s")
    return Trained(out, training, tuple(unsure))


def _sample(
    pair: Pair,
    recipe: Recipe,
    engine: Engine,
    journal: Journal,
    *,
    voxel_size: Spacing | None,
    mapping: Mapping[int, str] | None,
) -> tuple[Volume, Labels]:
    """Return the corrected image and its strokes."""
    image, painted = pair
    with journal.timed("read"):
        volume = read_volume(image.readable, voxel_size=voxel_size, modality=recipe.modality, name=image.name)
        strokes = _strokes(painted, volume, mapping)
    with journal.timed("check"):
        check_volume(volume, engine)
        doubts = check_labels(strokes, engine)
        if doubts:
            raise PhaseError(f"{painted.paths[0].name}: {doubts[0]} 85=void,170=SE; 0 is no stroke")
    with journal.timed("align"):
        volume = straighten(volume, recipe.preprocess, engine)
        strokes = follow(strokes, volume, engine)
    with journal.timed("preprocess"):
        return preprocess(volume, recipe.preprocess, engine), strokes


def _strokes(painted: Source, volume: Volume, mapping: Mapping[int, str] | None) -> Labels:
    """Read strokes; their voxel size is the image's, whatever the program that saved them says."""
    name = painted.paths[0].name
    try:
        strokes = read_labels(painted.readable, voxel_size=volume.spacing, mapping=mapping, name=name)
    except ColourImageError as error:
        raise ColourImageError(
            f"{name}: a coloured picture; expected strokes as whole numbers with 0 where nothing is painted: save the "
            "labels alone, as the labels layer of napari or an 8-bit TIFF of ImageJ, not the picture with paint on it"
        ) from error
    if strokes.shape != volume.shape:
        raise ShapeMismatchError(
            f"{name}: strokes of shape {strokes.shape} for the image {volume.name} of shape {volume.shape} (z, y, x); "
            "expected the same, so paint on this image and save it without scaling or cropping"
        )
    return strokes


def _check_place(out: Path) -> None:
    """Refuse to write over anything but a classifier: a slip of the order would cost an image or its strokes."""
    if out.is_dir():
        raise OutputError(f"can't write the classifier {out}: a folder of that name is there; give another name")
    if not out.exists():
        return
    try:
        read_classifier(out)
    except UnsupportedFormatError:
        return  # a classifier of another version
    except MicroError:
        raise OutputError(
            f"can't write the classifier {out}: a file that is no classifier is there; give another name"
        ) from None


def _check_mapping(mapping: Mapping[int, str] | None) -> None:
    target = (mapping or {}).get(UNLABELLED)
    if target is not None and target.lower() not in ("unlabelled", "0"):
        raise ParameterError(f"--map 0={target}: 0 is where nothing is painted; paint {target} with another value")


def _with_greys(classifier: Classifier, found: Sequence[Greys]) -> Classifier:
    """Keep with the classifier what grey its phases have, over all pictures; a run compares its own."""
    greys = {}
    for name in classifier.phases:
        own = [picture[name] for picture in found if name in picture]
        count = sum(voxels for _, _, voxels in own)
        if count:
            mean, spread = (sum(entry[n] * entry[2] for entry in own) / count for n in (0, 1))
            greys[name] = [round(mean, 4), round(spread, 4), count]
    return replace(classifier, facts={**classifier.facts, "greys": greys})


def _unsure(volume: Volume, labels: Labels, engine: Engine, path: Path | None) -> Unsure:
    """Return where the classifier is unsure, on the grid of the image as it was read: there the next stroke goes."""
    if path is not None:
        values = as_dask(follow_back(uncertainty(labels), volume, engine))
        write_tiff(path, Volume(values, volume.spacing, name=volume.name))
    place = np.array(most_uncertain(labels, engine))
    place[1:] += slice_shifts(volume.history, volume.shape[0])[place[0]]
    z, y, x = np.clip(place, 0, np.array(volume.shape) - 1).tolist()
    return Unsure(volume.name, (z, y, x), path, volume.is_2d)
