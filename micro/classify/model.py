"""What a training gives: the classifier, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.classify.network import Network
from micro.classify.params import TrainParams
from micro.model import Spacing

__all__ = ["Classifier", "HeldOut", "Training"]


@dataclass(frozen=True)
class Classifier:
    """Everything that is needed to classify a picture.

    Attributes
    ----------
    phases
        Names, in the order of the network's outputs.
    params
        What it was trained with; decides the features.
    spacing
        Voxel size of the first picture that it was trained on.
    is_2d
        Whether it was trained on sections; it then classifies sections only, and else volumes only.
    network
        Weights, and the normalisation of the features.
    levels, widths
        Median grey of each phase's strokes (0 to 65535), and its spread as a standard deviation.
    facts
        About the training, JSON types: pictures, strokes per phase, held-out accuracy.
    preprocess
        Parameters of the preprocessing that the pictures went through, JSON types.
    """

    phases: tuple[str, ...]
    params: TrainParams
    spacing: Spacing
    is_2d: bool
    network: Network
    levels: tuple[float, ...]
    widths: tuple[float, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    preprocess: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        object.__setattr__(self, "preprocess", MappingProxyType(dict(self.preprocess)))


@dataclass(frozen=True)
class HeldOut:
    """How well strokes are recognised that the networks had not seen.

    Attributes
    ----------
    phases
        Names.
    confusion
        Voxels by true phase (rows) and recognised phase (columns).

    Examples
    --------
    >>> seen = HeldOut(("void", "SE"), np.array([[8, 2], [0, 10]]))
    >>> seen.accuracy, seen.recall["void"], seen.iou["SE"].__round__(3)
    (0.9, 0.8, 0.833)
    """

    phases: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of all voxels that are recognised; NaN where there are none."""
        return _ratio(np.trace(self.confusion), self.confusion.sum())

    @property
    def recall(self) -> dict[str, float]:
        """Share of each phase's voxels that are recognised."""
        right, rows = np.diag(self.confusion), self.confusion.sum(axis=1)
        return {name: _ratio(right[n], rows[n]) for n, name in enumerate(self.phases)}

    @property
    def iou(self) -> dict[str, float]:
        """Voxels right over voxels of the phase or taken for it (intersection over union)."""
        right = np.diag(self.confusion)
        union = self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - right
        return {name: _ratio(right[n], union[n]) for n, name in enumerate(self.phases)}


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


@dataclass(frozen=True)
class Training:
    """A classifier and what is known about it.

    Attributes
    ----------
    classifier
        Trained on all strokes.
    held_out
        From networks that were trained without the strokes they were asked about.
    feature_use
        By feature: its share of what is lost on held-out strokes when one feature is shuffled; adds up to 1. Empty
        where too few strokes could be held out to tell.
    strokes
        Painted voxels by phase.
    warnings
        Sentences for the user.
    """

    classifier: Classifier
    held_out: HeldOut
    feature_use: Mapping[str, float]
    strokes: Mapping[str, int]
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "feature_use", MappingProxyType(dict(self.feature_use)))
        object.__setattr__(self, "strokes", MappingProxyType(dict(self.strokes)))
