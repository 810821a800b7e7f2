"""Training while somebody paints, on the slices that carry strokes: what the Strokes tab does, without the tab."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.classify import (
    LIVE_VOXELS_MAX,
    GlimpsedPicture,
    SeenPicture,
    guess,
    learn,
    most_uncertain,
    see,
    uncertainty,
)
from micro.model import Labels, Volume
from micro.preprocess import preprocess
from micro_pipelines.content import check_volume
from micro_pipelines.models import phases_of
from micro_pipelines.recipe import Recipe
from napari_micro_ssb._sample import Sample
from napari_micro_ssb._segmenting import Piece
from napari_micro_ssb._work import Watcher

__all__ = ["Live", "LiveFound", "live_key", "live_piece", "painted_slices", "several_painted"]

WAIT_S = 0.2
"""So often a thread that waits for another one's corrections looks whether it is still wanted."""
CLEAN_BYTES = 2**28
"""Corrected slices are kept up to this size in all; the features of one slice only."""


@dataclass(frozen=True)
class LiveFound:
    """What the strokes make of a slice: labels with probabilities, how unsure, and the least sure place.

    ``place`` is (z, y, x) in voxels of the whole picture.
    """

    piece: Piece
    labels: Labels
    unsure: NDArray[np.uint8]
    place: tuple[int, int, int]


def live_piece(shape: tuple[int, int, int], z: int, centre: tuple[float, float] | None = None) -> Piece:
    """Return the slice, or of a large one the part around ``centre`` (y, x), that is trained on while painting.

    Examples
    --------
    >>> live_piece((9, 100, 100), 4).box
    (slice(4, 5, None), slice(0, 100, None), slice(0, 100, None))
    >>> live_piece((9, 4000, 4000), 4, (0, 3999)).box[1:]
    (slice(0, 2896, None), slice(1104, 4000, None))
    """
    edge = int(np.sqrt(LIVE_VOXELS_MAX))
    spans = []
    for axis in (0, 1):
        length = shape[1 + axis]
        middle = length / 2 if centre is None else centre[axis]
        wanted = min(length, max(edge, LIVE_VOXELS_MAX // max(shape[2 - axis], 1) if shape[2 - axis] < edge else edge))
        first = int(min(max(middle - wanted / 2, 0), length - wanted))
        spans.append(slice(first, first + wanted))
    return Piece((slice(z, z + 1), spans[0], spans[1]))


def painted_slices(strokes: NDArray[Any]) -> tuple[int, ...]:
    """Return the slices that carry strokes, of an array of shape (z, y, x)."""
    return tuple(int(z) for z in range(strokes.shape[0]) if strokes[z].any())


def several_painted(strokes: NDArray[Any]) -> bool:
    """Return whether there are strokes of two phases or more, of an array of shape (y, x) or (z, y, x).

    Only slices that carry strokes are looked at closely: this is asked after every stroke.

    Examples
    --------
    >>> strokes = np.zeros((3, 4, 4), np.uint8)
    >>> strokes[0, 1], strokes[2, 1] = 2, 2
    >>> several_painted(strokes)
    False
    >>> strokes[2, 2] = 3
    >>> several_painted(strokes)
    True
    """
    slices = strokes if strokes.ndim == 3 else strokes[np.newaxis]
    found: set[int] = set()
    for z in painted_slices(slices):
        found.update(int(value) for value in np.unique(slices[z]) if value)
        if len(found) > 1:
            return True
    return False


class Live:
    """Trains on the strokes of slices, each taken as a section of its own, and remembers what it has computed.

    A slice is corrected once, and the features of the one that is looked at are kept. A volume's own
    classifier also looks along z; `micro_pipelines.train_model` trains that one.

    Parameters
    ----------
    engine
        Whose threads do the work.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clean: OrderedDict[str, Volume] = OrderedDict()
        self._seen: tuple[str, SeenPicture] | None = None
        self._glimpsed: dict[str, GlimpsedPicture] = {}
        self._guard = threading.Lock()

    def prepare(self, sample: Sample, piece: Piece, recipe: Recipe, watcher: Watcher) -> None:
        """Correct a slice and compute its features, so that the first `update` of it finds them done.

        Parameters
        ----------
        sample, piece, recipe, watcher
            As of `update`, which waits for it.
        """
        with self._held(watcher):
            self._see(sample, piece, recipe, replace(self._engine, progress=watcher.blocks), watcher)

    def update(
        self, sample: Sample, strokes: Mapping[int, NDArray[np.uint8]], piece: Piece, recipe: Recipe, watcher: Watcher
    ) -> LiveFound:
        """Train on all strokes and label the slice that is looked at.

        Parameters
        ----------
        sample
            The picture.
        strokes
            By slice, shape (y, x) of the whole slice; 0 is no stroke.
        piece
            The slice, or the part of it, that is looked at.
        recipe
            Its [preprocess] and [train] count.
        watcher
            Is told how far it is, and may end it.

        Raises
        ------
        PhaseError
            If there are strokes of one phase only.
        """
        with self._held(watcher):
            return self._update(sample, strokes, piece, recipe, watcher)

    def _update(
        self, sample: Sample, strokes: Mapping[int, NDArray[np.uint8]], piece: Piece, recipe: Recipe, watcher: Watcher
    ) -> LiveFound:
        engine = replace(self._engine, progress=watcher.blocks)
        _, y, x = piece.box
        here = self._see(sample, piece, recipe, engine, watcher)
        pairs: list[tuple[SeenPicture | GlimpsedPicture, Labels]] = []
        for z, painted in sorted(strokes.items()):
            part = Piece((slice(z, z + 1), y, x))
            picture = here if part == piece else self._glimpse(sample, part, recipe, engine, watcher)
            pairs.append((picture, Labels(np.ascontiguousarray(painted[y, x]), sample.spacing)))
        watcher.stage_started("train")
        corrections = recipe.preprocess.model_dump(mode="json")
        classifier = learn(pairs, recipe.train, engine, preprocessed=corrections)
        labels = guess(here, classifier, engine, phases=phases_of(classifier.phases))
        place = np.array(most_uncertain(labels, engine)) + piece.start
        found = tuple(int(at) for at in place)
        unsure = np.asarray(uncertainty(labels).compute(scheduler="synchronous"))
        return LiveFound(piece, labels, unsure, (found[0], found[1], found[2]))

    @contextmanager
    def _held(self, watcher: Watcher) -> Iterator[None]:
        """Keep what was computed to one thread; a thread that waits for it ends on request."""
        while not self._guard.acquire(timeout=WAIT_S):
            watcher.stage_started("the corrections of the slice go on")
        try:
            yield
        finally:
            self._guard.release()

    def _see(self, sample: Sample, piece: Piece, recipe: Recipe, engine: Engine, watcher: Watcher) -> SeenPicture:
        key = live_key(sample, piece, recipe)
        if self._seen is None or self._seen[0] != key:
            self._seen = None  # the old one goes before the new one is made
            clean = self._corrected(sample, piece, recipe, engine, watcher)
            watcher.stage_started("look")
            self._seen = (key, see(clean, recipe.train, engine))
        return self._seen[1]

    def _glimpse(
        self, sample: Sample, piece: Piece, recipe: Recipe, engine: Engine, watcher: Watcher
    ) -> GlimpsedPicture:
        key = live_key(sample, piece, recipe)
        if key not in self._glimpsed:
            clean = self._corrected(sample, piece, recipe, engine, watcher)
            self._glimpsed[key] = GlimpsedPicture(clean, recipe.train, replace(engine, progress=None))
        return self._glimpsed[key]

    def _corrected(self, sample: Sample, piece: Piece, recipe: Recipe, engine: Engine, watcher: Watcher) -> Volume:
        key = live_key(sample, piece, recipe, train=False)
        if key in self._clean:
            self._clean.move_to_end(key)
            return self._clean[key]
        watcher.stage_started("correct")
        whole = sample.read(recipe.modality)
        part = replace(whole, data=whole.data[piece.box])
        check_volume(part, engine)
        # in one piece, since the next step looks at all of it anyway
        self._clean[key] = preprocess(part, recipe.preprocess, engine)
        while sum(volume.data.nbytes for volume in self._clean.values()) > CLEAN_BYTES and len(self._clean) > 1:
            gone, _ = self._clean.popitem(last=False)
            self._glimpsed = {k: v for k, v in self._glimpsed.items() if not k.startswith(gone)}
        return self._clean[key]


def live_key(sample: Sample, piece: Piece, recipe: Recipe, *, train: bool = True) -> str:
    """Return what decides a corrected slice, and with ``train`` what decides its features after it."""
    corrections = recipe.preprocess.model_dump_json()
    told = [str(sample.source), sample.spacing.um, recipe.modality, corrections, [(s.start, s.stop) for s in piece.box]]
    key = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return key + recipe.train.model_dump_json(include={"scales", "features"}) if train else key
