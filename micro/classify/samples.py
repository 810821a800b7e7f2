"""From painted pictures to rows of features."""

from __future__ import annotations

from collections.abc import Sequence
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

__all__ = ["Samples", "collect_samples", "features_at"]


@dataclass(frozen=True)
class Samples:
    """Painted voxels of all pictures.

    Attributes
    ----------
    names
        Of the features.
    phases
        Names, by rising label value.
    features
        Shape (voxel, feature), float32.
    targets
        Place of each voxel's phase in ``phases``.
    folds
        Group that each voxel is held out with; -1 is never held out.
    painted
        Painted voxels by phase, before any was left out.
    strokes
        Strokes by phase.
    """

    names: tuple[str, ...]
    phases: tuple[str, ...]
    features: NDArray[np.float32]
    targets: NDArray[np.int64]
    folds: NDArray[np.int64]
    painted: dict[str, int]
    strokes: dict[str, int]


def _rows(
    block: Block, _: NDArray[Any], *, places: NDArray[np.int64], levels: Sequence[Source], plan: FeaturePlan
) -> Done[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Return the features of the places inside a block's core, and which places they are."""
    low, high = block.start, [axis.stop for axis in block.core]
    own = np.flatnonzero(((places >= low) & (places < high)).all(axis=1))
    out = np.empty((own.size, len(plan.names)), np.float32)
    if own.size:
        inside = places[own] - np.asarray(low)
        slices = np.unique(inside[:, 0])
        ready = prepare(block, levels, plan)
        for k, features in zip(slices, feature_slices(ready, slices.tolist()), strict=True):
            here = inside[:, 0] == k
            out[here] = features[:, inside[here, 1], inside[here, 2]].T
    return Done((own, out))


def features_at(grey: Source, places: NDArray[np.int64], plan: FeaturePlan, engine: Engine) -> NDArray[np.float32]:
    """Return the features at some voxels, shape (voxel, feature).

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
    for own, rows in engine.run(_rows, [grey], stage="features of strokes", constants=constants):
        out[own] = rows
    return out


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


def collect_samples(pairs: Sequence[tuple[Volume, Labels]], params: TrainParams, engine: Engine) -> Samples:
    """Compute the features of all strokes.

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
    rows, targets, groups = [], [], []
    plan = None
    for (volume, _), painted in zip(pairs, found, strict=True):
        kept = thin_out(painted, max(10, params.voxels_per_phase // len(pairs)))
        plan = plan_features(params, volume.spacing, is_2d=volume.is_2d)
        finest = min(volume.spacing.um[1 if volume.is_2d else 0 :])
        z, y, x = (edge / finest for edge in volume.spacing.um)
        rows.append(features_at(volume.data, kept.places, plan, engine))
        targets.append(np.searchsorted(values, kept.values))
        groups.append(fold_of(kept, folds, (z, y, x)))
    assert plan is not None
    painted_counts = {names[v]: sum(int((p.values == v).sum()) for p in found) for v in values}
    stroke_counts = {names[v]: sum(np.unique(p.strokes[p.values == v]).size for p in found) for v in values}
    return Samples(
        plan.names,
        tuple(names[value] for value in values),
        np.concatenate(rows),
        np.concatenate(targets).astype(np.int64),
        np.concatenate(groups),
        painted_counts,
        stroke_counts,
    )
