"""Training while somebody paints: a picture's features are computed once, then only the networks are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Engine, Source
from micro.classify.features import feature_slices, prepare
from micro.classify.model import Classifier
from micro.classify.network import probabilities
from micro.classify.params import TrainParams
from micro.classify.plan import FeaturePlan, plan_features
from micro.classify.pyramid import build_levels
from micro.classify.samples import collect_samples, features_at
from micro.classify.train import classifier_from
from micro.errors import ParameterError, ShapeMismatchError
from micro.model import SSB_PHASES, Labels, PhaseSet, Step, Volume

__all__ = ["LIVE_VOXELS_MAX", "GlimpsedPicture", "SeenPicture", "guess", "learn", "see"]

LIVE_VOXELS_MAX = 2**23
"""Largest picture whose features are kept in memory: 84 bytes a voxel with the default features."""


@dataclass(frozen=True)
class SeenPicture:
    """A picture with the features of all its voxels.

    Attributes
    ----------
    volume
        uint16, through `micro.preprocess.preprocess`; its data lie in memory.
    params
        Which features.
    features
        float32, shape (feature, z, y, x).
    """

    volume: Volume
    params: TrainParams
    features: NDArray[np.float32]

    def at(self, places: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the features, shape (voxel, feature), and the greys at places of shape (voxel, 3)."""
        z, y, x = places.T
        grey = np.asarray(self.volume.data)[z, y, x].astype(np.float32)
        return np.ascontiguousarray(self.features[:, z, y, x].T), grey


class GlimpsedPicture:
    """A picture whose features are computed where it was painted, and remembered until something else is painted.

    For the painted slices of a volume that nobody looks at just now.

    Parameters
    ----------
    volume, params
        As for `SeenPicture`.
    engine
        Where the block tasks run.
    """

    def __init__(self, volume: Volume, params: TrainParams, engine: Engine) -> None:
        self.volume = volume
        self.params = params
        self._engine = engine
        self._places = np.empty((0, 3), np.int64)
        self._found = (np.empty((0, 0), np.float32), np.empty(0, np.float32))

    def at(self, places: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the features, shape (voxel, feature), and the greys at places of shape (voxel, 3)."""
        if not np.array_equal(places, self._places):
            plan = plan_features(self.params, self.volume.spacing, is_2d=self.volume.is_2d)
            self._found = features_at(self.volume.data, places, plan, self._engine)
            self._places = places
        return self._found


def see(volume: Volume, params: TrainParams, engine: Engine) -> SeenPicture:
    """Compute the features of a whole picture and keep them.

    Parameters
    ----------
    volume
        uint16, from `micro.preprocess.preprocess`.
    params
        Its ``scales`` and ``features`` count.
    engine
        Where the block tasks run.

    Raises
    ------
    ParameterError
        If the picture is larger than `LIVE_VOXELS_MAX`.
    """
    if volume.data.size > LIVE_VOXELS_MAX:
        raise ParameterError(
            f"{volume.name}: {volume.data.size} voxels to train on while painting; expected at most "
            f"{LIVE_VOXELS_MAX}: take a box of it"
        )
    import dask.array as da

    grey = volume.data.compute(scheduler="synchronous")
    plan = plan_features(params, volume.spacing, is_2d=volume.is_2d)
    levels = build_levels(grey, plan, engine)
    features = np.empty((len(plan.names), *volume.shape), np.float32)
    engine.map(partial(_fill, levels, plan, features), engine.blocks(volume.shape), stage="features")
    kept = Volume(
        da.from_array(grey, name=False), volume.spacing, volume.modality, history=volume.history, name=volume.name
    )
    return SeenPicture(kept, params, features)


def _fill(levels: Sequence[Source], plan: FeaturePlan, out: NDArray[np.float32], block: Block) -> None:
    z, y, x = block.core
    for k, features in enumerate(feature_slices(prepare(block, levels, plan))):
        out[:, z.start + k, y, x] = features


def learn(
    strokes: Sequence[tuple[SeenPicture | GlimpsedPicture, Labels]],
    params: TrainParams,
    engine: Engine,
    *,
    preprocessed: Mapping[str, object],
) -> Classifier:
    """Train the classifier of `micro.classify.train`, to the last bit, without telling how good it is.

    Parameters
    ----------
    strokes
        Pictures, each with its strokes (0 is no stroke).
    params
        Those that the pictures were seen with, but for what the networks are told.
    engine
        Whose threads train.
    preprocessed
        Parameters of the preprocessing; they are kept with the classifier.

    Raises
    ------
    ParameterError
        If there is no picture, or one was seen with other features.
    ShapeMismatchError, PhaseError
        As `micro.classify.train`.

    Examples
    --------
    >>> from micro.classify import train
    >>> from micro.model import Spacing
    >>> grey = np.full((24, 24), 10_000, np.uint16); grey[:, 12:] = 50_000
    >>> painted = np.zeros((24, 24), np.uint8); painted[2:22, 4] = 1; painted[2:22, 20] = 2
    >>> edge, params = Spacing.parse("10nm"), TrainParams(steps=50)
    >>> image, painted = Volume(grey, edge), Labels(painted, edge)
    >>> live = learn([(see(image, params, Engine()), painted)], params, Engine(), preprocessed={})
    >>> slow = train([(image, painted)], params, Engine(), preprocessed={}).classifier
    >>> bool((live.network.first == slow.network.first).all())
    True
    """
    if not strokes:
        raise ParameterError("no strokes to train on; paint strokes of two phases at least")
    for picture, _ in strokes:
        if (picture.params.scales, picture.params.features) != (params.scales, params.features):
            raise ParameterError(f"{picture.volume.name} was seen with other features; see it again")
    pairs = [(picture.volume, painted) for picture, painted in strokes]
    rows = collect_samples(pairs, params, engine, features_of=[picture.at for picture, _ in strokes])
    return classifier_from(rows, [volume for volume, _ in pairs], params, engine, preprocessed=preprocessed)


def guess(picture: SeenPicture, classifier: Classifier, engine: Engine, *, phases: PhaseSet = SSB_PHASES) -> Labels:
    """Label every voxel of a picture by itself: what `micro.classify.classify` starts from.

    Neighbours have no say here, so that it takes a second where the whole segmentation takes ten.

    Parameters
    ----------
    picture
        Seen with the features of the classifier.
    classifier
        Of `learn`, `micro.classify.train` or a file.
    engine
        Whose threads predict.
    phases
        Label values of the phase names.

    Returns
    -------
    Labels
        The most probable phase of each voxel, with the probabilities.

    Raises
    ------
    ShapeMismatchError
        If the classifier was trained on sections and this is a volume, or the other way round, or with other features.
    """
    seen, wanted = picture.params, classifier.params
    if (seen.scales, seen.features) != (wanted.scales, wanted.features) or picture.volume.is_2d != classifier.is_2d:
        raise ShapeMismatchError(
            f"the classifier looks at other features than {picture.volume.name} was seen with; train anew"
        )
    names, shape = classifier.phases, picture.volume.shape
    values = np.array([phases[name].value for name in names], np.uint8)
    chances = np.empty((len(names), *shape), np.uint8)
    labels = np.empty(shape, np.uint8)

    def one(block: Block) -> None:
        part = np.ascontiguousarray(picture.features[(slice(None), *block.core)])
        found = probabilities(classifier.network, part.reshape(len(part), -1)).reshape(-1, *part.shape[1:])
        chances[(slice(None), *block.core)] = found
        labels[block.core] = values[np.argmax(found, axis=0)]

    engine.map(one, engine.blocks(shape, block_shape=(1, 512, 512)), stage="classify")
    step = Step("guess", {"phases": list(names)}, version=__version__)
    return Labels(
        labels, picture.volume.spacing, phases, (*picture.volume.history, step), chances, names, picture.volume.name
    )
