"""From painted pictures to rows of features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source
from micro.classify.features import feature_slices, prepare
from micro.classify.params import TrainParams
from micro.classify.plan import FeaturePlan, plan_features
from micro.classify.pyramid import build_levels
from micro.classify.strokes import Painted, fold_of, painted_voxels, thin_out
from micro.errors import PhaseError, ShapeMismatchError
from micro.model import Labels, Volume

__all__ = ["FeaturesOf", "Samples", "collect_samples", "features_at"]


OTHERS = 20_000
"""Voxels drawn by lot that tell the phases' shares in the pictures."""
EVERYWHERE = 2**25
"""Up to so many voxels they are drawn from everywhere, else from `BOXES` boxes of `BOX` voxels along each edge."""
BOXES, BOX = 32, 40


FeaturesOf = Callable[[NDArray[np.int64]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Gives features, shape (voxel, feature), and greys at places of shape (voxel, 3)."""


@dataclass(frozen=True)
class Samples:
    """Painted voxels of all pictures.

    Attributes
    ----------
    plan
        Names of the features, and at which sizes they are seen.
    phases
        Names, by rising label value.
    features
        Shape (voxel, feature), float32.
    greys
        Grey value of each voxel, 0 to 65535.
    targets
        Place of each voxel's phase in ``phases``.
    elsewhere
        Features of voxels anywhere in the pictures, painted or not, shape (voxel, feature).
    folds
        Group that each voxel is held out with; -1 is never held out.
    painted
        Painted voxels by phase, before any was left out.
    strokes
        Strokes by phase.
    """

    plan: FeaturePlan
    phases: tuple[str, ...]
    features: NDArray[np.float32]
    greys: NDArray[np.float32]
    targets: NDArray[np.int64]
    elsewhere: NDArray[np.float32]
    folds: NDArray[np.int64]
    painted: dict[str, int]
    strokes: dict[str, int]


def _rows(
    block: Block, _: NDArray[Any], *, places: NDArray[np.int64], levels: Sequence[Source], plan: FeaturePlan
) -> Done[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]:
    """Return which places lie inside a block's core, their features and their greys."""
    low, high = block.start, [axis.stop for axis in block.core]
    own = np.flatnonzero(((places >= low) & (places < high)).all(axis=1))
    out = np.empty((own.size, len(plan.names)), np.float32)
    greys = np.empty(own.size, np.float32)
    if own.size:
        inside = places[own] - np.asarray(low)
        slices = np.unique(inside[:, 0])
        ready = prepare(block, levels, plan)
        greys = ready.grey[inside[:, 0], inside[:, 1], inside[:, 2]]
        for k, features in zip(slices, feature_slices(ready, slices.tolist()), strict=True):
            here = inside[:, 0] == k
            out[here] = features[:, inside[here, 1], inside[here, 2]].T
    return Done((own, out, greys))


def features_at(
    grey: Source, places: NDArray[np.int64], plan: FeaturePlan, engine: Engine
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the features at some voxels, shape (voxel, feature), and their grey values.

    Parameters
    ----------
    grey
        uint16, shape (z, y, x).
    places
        Indices along z, y and x, shape (voxel, 3).
    """
    levels = build_levels(grey, plan, engine)
    constants = {"places": places, "levels": levels, "plan": plan}
    out = np.empty((len(places), len(plan.names)), np.float32)
    greys = np.empty(len(places), np.float32)
    for own, rows, values in engine.run(_rows, [levels[0]], stage="features of strokes", constants=constants):
        out[own], greys[own] = rows, values
    return out, greys


def scattered(shape: tuple[int, ...], count: int, seed: int) -> NDArray[np.int64]:
    """Return some voxels of a picture drawn by lot, shape (voxel, 3); in a large one only from some boxes.

    Examples
    --------
    >>> scattered((1, 9, 9), 5, 0).shape
    (5, 3)
    """
    rng = np.random.default_rng(seed)
    sizes = np.asarray(shape)
    low, high = np.zeros((1, 3), np.int64), sizes[None]
    if np.prod(sizes) > EVERYWHERE:
        low = (rng.random((BOXES, 3)) * np.maximum(sizes - BOX, 1)).astype(np.int64)
        high = np.minimum(low + BOX, sizes)
    box = rng.integers(0, len(low), count)
    return np.asarray(low[box] + rng.random((count, 3)) * (high - low)[box], np.int64)


def _painted(volume: Volume, labels: Labels, engine: Engine) -> Painted:
    if volume.shape != labels.shape:
        raise ShapeMismatchError(
            f"strokes of shape {labels.shape} on the image {volume.name!r} of shape {volume.shape}; "
            "expected one stroke voxel for each image voxel"
        )
    painted = painted_voxels(labels.data, engine)
    for value in np.unique(painted.values):
        if labels.phases.by_value(int(value)) is None:
            known = ", ".join(f"{phase.value} {phase.name}" for phase in labels.phases)
            raise PhaseError(
                f"strokes of the value {value} on the image {volume.name!r}; no phase has it: known are 0 none, {known}"
            )
    return painted


def collect_samples(
    pairs: Sequence[tuple[Volume, Labels]],
    params: TrainParams,
    engine: Engine,
    *,
    features_of: Sequence[FeaturesOf] | None = None,
) -> Samples:
    """Compute the features of all strokes.

    Parameters
    ----------
    pairs
        Pictures with their strokes.
    params, engine
        Which features, and where the block tasks run.
    features_of
        One a picture: what gives the features and greys at some voxels of it. None: computed there.

    Raises
    ------
    ShapeMismatchError
        If strokes do not fit their image, or sections and volumes are mixed.
    PhaseError
        If a stroke has a value that no phase has, or all strokes are of one phase.
    """
    if len({volume.is_2d for volume, _ in pairs}) > 1:
        raise ShapeMismatchError("sections and volumes together in one training; expected one or the other")
    found = [_painted(volume, labels, engine) for volume, labels in pairs]
    values = sorted({int(value) for painted in found for value in painted.values})
    names = {value: pairs[0][1].phases.name_of(value) for value in values}
    if len(values) < 2:
        what = f"only of {names[values[0]]}" if values else "nowhere"
        raise PhaseError(f"there are strokes {what}; expected strokes of at least two phases: paint another one")
    folds = max(2, round(1 / params.held_out))
    rows, elsewhere, greys, targets, groups = [], [], [], [], []
    for number, ((volume, _), painted) in enumerate(zip(pairs, found, strict=True)):
        kept = thin_out(painted, max(10, params.voxels_per_phase // len(pairs)))
        plan = plan_features(params, volume.spacing, is_2d=volume.is_2d)
        finest = min(volume.spacing.um[1 if volume.is_2d else 0 :])
        z, y, x = (edge / finest for edge in volume.spacing.um)
        others = scattered(volume.shape, OTHERS // len(pairs), params.seed)
        places = np.concatenate([kept.places, others])
        if features_of is None:
            features, values_there = features_at(volume.data, places, plan, engine)
        else:
            features, values_there = features_of[number](places)
        rows.append(features[: len(kept.values)])
        elsewhere.append(features[len(kept.values) :])
        greys.append(values_there[: len(kept.values)])
        targets.append(np.searchsorted(values, kept.values))
        groups.append(fold_of(kept, folds, (z, y, x)))
    painted_counts = {names[v]: sum(int((p.values == v).sum()) for p in found) for v in values}
    stroke_counts = {names[v]: sum(np.unique(p.strokes[p.values == v]).size for p in found) for v in values}
    return Samples(
        plan,
        tuple(names[value] for value in values),
        np.concatenate(rows),
        np.concatenate(greys),
        np.concatenate(targets).astype(np.int64),
        np.concatenate(elsewhere),
        np.concatenate(groups),
        painted_counts,
        stroke_counts,
    )
