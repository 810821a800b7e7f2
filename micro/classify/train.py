"""Training a classifier from strokes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.classify.learning import fit, shares_in, uncertain_by
from micro.classify.model import Classifier, HeldOut, Training
from micro.classify.network import Network, log_odds
from micro.classify.params import TrainParams
from micro.classify.samples import Samples, collect_samples
from micro.errors import ParameterError
from micro.model import Labels, Volume

__all__ = ["classifier_from", "train"]

FEW_VOXELS = 50
"""Below this many painted voxels of a phase the user is told to paint more."""


def train(
    samples: Sequence[tuple[Volume, Labels]],
    params: TrainParams,
    engine: Engine,
    *,
    preprocessed: Mapping[str, object],
) -> Training:
    """Train a classifier from strokes on one or several pictures.

    Parameters
    ----------
    samples
        Pictures, already through `micro.preprocess.preprocess`, each with its strokes (0 is no stroke).
    params
        See `TrainParams`.
    engine
        Where the block tasks run.
    preprocessed
        Parameters of that preprocessing; they are kept with the classifier.

    Returns
    -------
    Training
        The classifier was trained on all strokes; its accuracy is that of others, each trained without
        the strokes that it was asked about.

    Raises
    ------
    ParameterError
        If there is no picture.
    ShapeMismatchError
        If strokes do not fit their picture, or sections and volumes are mixed.
    PhaseError
        If a stroke has a value that no phase has, or all strokes are of one phase.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> grey = np.full((24, 24), 10_000, np.uint16); grey[:, 12:] = 50_000
    >>> strokes = np.zeros((24, 24), np.uint8); strokes[2:22, 4] = 1; strokes[2:22, 20] = 2
    >>> edge = Spacing.parse("10nm")
    >>> pair = (Volume(grey, edge), Labels(strokes, edge))
    >>> training = train([pair], TrainParams(steps=50), Engine(), preprocessed={})
    >>> training.classifier.phases, training.held_out.accuracy
    (('void', 'SE'), 1.0)
    """
    if not samples:
        raise ParameterError("a training without a picture; give at least one image with its strokes")
    rows = collect_samples(samples, params, engine)
    held_out, use = _held_out(rows, params)
    plain = classifier_from(rows, [volume for volume, _ in samples], params, engine, preprocessed=preprocessed)
    warnings = _warnings(samples, rows, held_out)
    facts = {
        **plain.facts,
        "held_out_accuracy": _plain({"": held_out.accuracy})[""],
        "held_out_recall": _plain(held_out.recall),
        "held_out_iou": _plain(held_out.iou),
        "feature_use": use,
        "warnings": list(warnings),
    }
    return Training(replace(plain, facts=facts), held_out, use, rows.painted, warnings)


def classifier_from(
    rows: Samples,
    pictures: Sequence[Volume],
    params: TrainParams,
    engine: Engine,
    *,
    preprocessed: Mapping[str, object],
) -> Classifier:
    """Return the classifier that all strokes make, without telling how good it is.

    Parameters
    ----------
    rows
        Of `micro.classify.samples.collect_samples`.
    pictures
        Those of the strokes.
    params, engine, preprocessed
        As for `train`.
    """
    everything = np.ones(len(rows.targets), bool)
    network = _fit(rows, everything, params, networks=params.networks, seed=params.seed, engine=engine)
    shares = shares_in(log_odds(network, np.ascontiguousarray(rows.elsewhere.T)))
    # the networks took all phases for equally likely
    raised = params.image_shares * np.log(np.maximum(shares, 1e-4) * len(shares))
    network = replace(network, last_bias=network.last_bias + raised.astype(np.float32))
    first = pictures[0]
    facts = {
        "pictures": [volume.name for volume in pictures],
        "strokes": rows.painted,
        "shares": {name: round(float(share), 4) for name, share in zip(rows.phases, shares, strict=True)},
    }
    levels, widths = _levels(rows)
    return Classifier(rows.phases, params, first.spacing, first.is_2d, network, levels, widths, facts, preprocessed)


def _fit(
    rows: Samples,
    chosen: NDArray[np.bool_],
    params: TrainParams,
    *,
    networks: int,
    seed: int,
    engine: Engine | None = None,
) -> Network:
    blur = uncertain_by(rows.plan, params.caution)
    return fit(
        rows.features[chosen],
        rows.targets[chosen],
        len(rows.phases),
        params,
        blur=blur,
        networks=networks,
        seed=seed,
        engine=engine,
    )


def _plain(shares: Mapping[str, float]) -> dict[str, float | None]:
    """Return the figures as JSON knows them: nothing where there is no number."""
    return {name: None if np.isnan(share) else round(share, 4) for name, share in shares.items()}


def _levels(rows: Samples) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the median grey of each phase's strokes, and its spread as a standard deviation."""
    levels, widths = [], []
    for phase in range(len(rows.phases)):
        greys = rows.greys[rows.targets == phase]
        middle = np.median(greys)
        levels.append(float(middle))
        # 1.4826: a Gaussian's standard deviation over its median absolute deviation
        widths.append(float(max(1.4826 * np.median(np.abs(greys - middle)), 1.0)))
    return tuple(levels), tuple(widths)


def _held_out(rows: Samples, params: TrainParams) -> tuple[HeldOut, dict[str, float]]:
    """Train without each group of strokes in turn: how these are recognised, and which features that takes."""
    names = rows.plan.names
    confusion = np.zeros((len(rows.phases), len(rows.phases)), np.int64)
    lost = np.zeros(len(names))
    for fold in range(int(rows.folds.max()) + 1):
        out = rows.folds == fold
        if not out.any() or np.unique(rows.targets[~out]).size < 2:
            continue
        network = _fit(rows, ~out, params, networks=1, seed=params.seed + 1 + fold)
        odds = log_odds(network, np.ascontiguousarray(rows.features[out].T))
        np.add.at(confusion, (rows.targets[out], odds.argmax(axis=0)), 1)
        lost += _lost(network, rows.features[out], rows.targets[out], params.seed + fold)
    share = np.maximum(lost, 0)
    if share.sum() == 0:  # nothing was held out, or nothing can be told from it
        return HeldOut(rows.phases, confusion), {}
    share = share / share.sum()
    use = {name: round(float(s), 4) for name, s in zip(names, share, strict=True)}
    return HeldOut(rows.phases, confusion), use


def _lost(
    network: Network, features: NDArray[np.float32], targets: NDArray[np.int64], seed: int
) -> NDArray[np.float64]:
    """Return how much the cross entropy grows, summed over voxels, when each feature is shuffled."""
    rng = np.random.default_rng(seed)
    columns = np.ascontiguousarray(features.T)
    before = _entropy(log_odds(network, columns), targets)
    lost = np.empty(len(columns))
    for f in range(len(columns)):
        shuffled = columns.copy()
        shuffled[f] = columns[f, rng.permutation(targets.size)]
        lost[f] = _entropy(log_odds(network, shuffled), targets) - before
    return lost


def _entropy(odds: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    shifted = odds.astype(np.float64) - odds.max(axis=0)
    return float((np.log(np.exp(shifted).sum(axis=0)) - shifted[targets, np.arange(targets.size)]).sum())


def _warnings(samples: Sequence[tuple[Volume, Labels]], rows: Samples, held_out: HeldOut) -> tuple[str, ...]:
    warnings = []
    if not held_out.confusion.any():
        warnings.append(
            "too few stroke voxels to keep any apart: how good the classifier is can't be told; "
            "paint some fifty of each phase, in two places at least"
        )
    for name, count in rows.painted.items():
        if count < FEW_VOXELS:
            warnings.append(f"{name} has {count} stroke voxels only: paint more of it")
        elif rows.strokes[name] < 2:
            warnings.append(f"{name} has one stroke only: paint it in another place too")
    for name, share in held_out.recall.items():
        if share < 0.7:
            warnings.append(f"of the strokes of {name} that were held out only {share:.0%} were recognised")
    finest = [min(volume.spacing.um) for volume, _ in samples]
    if max(finest) > 1.5 * min(finest):
        warnings.append("the pictures have different voxel sizes: sizes are compared in voxels, not in um")
    return tuple(warnings)
