"""Training of the networks: Adam on small batches, every sum in a fixed order."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine, kernel
from micro.classify.network import CLIP, Network, exponential
from micro.classify.params import TrainParams
from micro.classify.plan import FeaturePlan

__all__ = ["fit", "shares_in", "uncertain_by"]

BATCH = 128
ROWS = 20_000
"""Strokes are repeated, each time with other noise, until there are as many rows of features."""
RATE = 4e-3
"""Step of Adam at the start; it falls in a straight line to a hundredth at the end."""


@kernel
def _gradient(
    x: NDArray[np.float32],
    target: int,
    weight: np.float32,
    layers: tuple[NDArray[np.float32], ...],
    slopes: tuple[NDArray[np.float32], ...],
    room: tuple[NDArray[np.float32], ...],
) -> None:
    """Add the gradient of one voxel's cross entropy; weights here are (in, out)."""
    w1, b1, w2, b2, w3, b3 = layers
    g1, h1, g2, h2, g3, h3 = slopes
    one, two, end, back = room
    one[:] = b1[0]
    for f in range(x.size):
        value = x[f]
        for h in range(one.size):
            one[h] += value * w1[f, h]
    for h in range(one.size):
        one[h] = max(one[h], np.float32(0.0))
    two[:] = b2[0]
    for f in range(one.size):
        value = one[f]
        for h in range(two.size):
            two[h] += value * w2[f, h]
    for h in range(two.size):
        two[h] = max(two[h], np.float32(0.0))
    end[:] = b3[0]
    for f in range(two.size):
        value = two[f]
        for h in range(end.size):
            end[h] += value * w3[f, h]
    top = end[0]
    for p in range(1, end.size):
        top = max(top, end[p])
    whole = np.float32(0.0)
    for p in range(end.size):
        end[p] = exponential(end[p] - top)
        whole += end[p]
    for p in range(end.size):
        end[p] = weight * (end[p] / whole - np.float32(p == target))
        h3[0, p] += end[p]
    for f in range(two.size):
        pull = np.float32(0.0)
        for p in range(end.size):
            g3[f, p] += two[f] * end[p]
            pull += w3[f, p] * end[p]
        back[f] = pull if two[f] > 0 else np.float32(0.0)
    for f in range(two.size):
        two[f] = back[f]
        h2[0, f] += back[f]
    for f in range(one.size):
        pull = np.float32(0.0)
        value = one[f]
        for h in range(two.size):
            g2[f, h] += value * two[h]
            pull += w2[f, h] * two[h]
        back[f] = pull if value > 0 else np.float32(0.0)
    for f in range(one.size):
        h1[0, f] += back[f]
    for f in range(x.size):
        value = x[f]
        for h in range(one.size):
            g1[f, h] += value * back[h]


@kernel
def _adam(
    weights: NDArray[np.float32],
    slope: NDArray[np.float32],
    moments: NDArray[np.float32],
    rate: np.float32,
    decay: np.float32,
    unbias: tuple[np.float32, np.float32],
) -> None:
    """Kingma and Ba (2015), with the weight decay kept apart (Loshchilov and Hutter, 2019); clears the slope."""
    for i in range(weights.shape[0]):
        for j in range(weights.shape[1]):
            s = slope[i, j]
            slope[i, j] = np.float32(0.0)
            moments[0, i, j] += np.float32(0.1) * (s - moments[0, i, j])
            moments[1, i, j] += np.float32(0.001) * (s * s - moments[1, i, j])
            step = moments[0, i, j] * unbias[0] / (np.sqrt(moments[1, i, j] * unbias[1]) + np.float32(1e-8))
            weights[i, j] -= rate * (step + decay * weights[i, j])


@kernel
def _descend(
    x: NDArray[np.float32],
    targets: NDArray[np.int64],
    weights: NDArray[np.float32],
    batches: NDArray[np.int64],
    layers: tuple[NDArray[np.float32], ...],
    slopes: tuple[NDArray[np.float32], ...],
    moments: tuple[NDArray[np.float32], ...],
    rate: float,
    decay: float,
) -> None:
    widest = max(layers[0].shape[1], layers[2].shape[1])
    room = (
        np.empty(layers[0].shape[1], np.float32),
        np.empty(layers[2].shape[1], np.float32),
        np.empty(layers[4].shape[1], np.float32),
        np.empty(widest, np.float32),
    )
    past, past_squared = 1.0, 1.0
    steps = batches.shape[0]
    for step in range(steps):
        for k in range(batches.shape[1]):
            row = batches[step, k]
            _gradient(x[row], targets[row], weights[row] / np.float32(batches.shape[1]), layers, slopes, room)
        past *= 0.9
        past_squared *= 0.999
        unbias = (np.float32(1 / (1 - past)), np.float32(1 / (1 - past_squared)))
        now = np.float32(rate * (1 - 0.99 * step / steps))
        for n in range(6):
            kept = np.float32(decay) if n % 2 == 0 else np.float32(0.0)
            _adam(layers[n], slopes[n], moments[n], now, kept, unbias)


def fit(
    features: NDArray[np.float32],
    targets: NDArray[np.int64],
    phases: int,
    params: TrainParams,
    *,
    blur: NDArray[np.float32],
    networks: int,
    seed: int,
    engine: Engine | None = None,
) -> Network:
    """Train networks on voxels.

    Parameters
    ----------
    features
        Shape (voxel, feature), float32.
    targets
        Place of each voxel's phase, 0 to ``phases`` - 1.
    phases
        Number of phases.
    params
        Hidden layers, steps, weight decay.
    blur
        Of `uncertain_by`, one for each feature.
    networks
        How many.
    seed
        Of the random numbers.
    engine
        Whose threads train the networks side by side; None: one after the other. The bits are the same.
    """
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = np.maximum(features.std(axis=0, dtype=np.float64), 1e-3).astype(np.float32)
    x = np.ascontiguousarray(np.clip((features - mean) * (np.float32(1) / scale), -CLIP, CLIP))
    counts = np.bincount(targets, minlength=phases)
    # every phase counts the same: a stroke is as long as the painter's patience, which tells nothing
    weights = (targets.size / np.maximum(counts, 1) / np.count_nonzero(counts))[targets].astype(np.float32)
    sizes = (*params.hidden, phases)
    one = partial(_train_one, x, targets, weights, sizes, params, blur)
    seeds = [(seed, n) for n in range(networks)]
    # on a cluster it is not worth sending the rows about
    here = engine if engine is not None and engine.scheduler is None else None
    trained = [one(s) for s in seeds] if here is None else here.map(one, seeds, stage="train networks")
    stacked = [np.stack([layers[n] for layers in trained]) for n in range(6)]
    w1, w2, w3 = (np.ascontiguousarray(stacked[n].transpose(0, 2, 1)) for n in (0, 2, 4))
    b1, b2, b3 = (np.ascontiguousarray(stacked[n][:, 0]) for n in (1, 3, 5))
    return Network(mean, scale, w1, b1, w2, b2, w3, b3)


def _train_one(
    x: NDArray[np.float32],
    targets: NDArray[np.int64],
    weights: NDArray[np.float32],
    sizes: tuple[int, ...],
    params: TrainParams,
    blur: NDArray[np.float32],
    seed: tuple[int, int],
) -> list[NDArray[np.float32]]:
    """Return the layers of one network, weights (in, out) and biases (1, out) in turn."""
    rng = np.random.default_rng(seed)
    layers: list[NDArray[np.float32]] = []
    for before, after in itertools.pairwise((x.shape[1], *sizes)):
        start = np.sqrt(6 / before) * (2 * rng.random((before, after)) - 1)
        layers += [start.astype(np.float32), np.zeros((1, after), np.float32)]
    copies = -(-ROWS // len(x))
    x = np.tile(x, (copies, 1))
    x += blur * rng.standard_normal(x.shape, np.float32)
    targets, weights = np.tile(targets, copies), np.tile(weights, copies)
    batches = rng.integers(0, len(x), (params.steps, BATCH))
    slopes = tuple(np.zeros_like(layer) for layer in layers)
    moments = tuple(np.zeros((2, *layer.shape), np.float32) for layer in layers)
    _descend(x, targets, weights, batches, tuple(layers), slopes, moments, RATE, params.weight_decay)
    return layers


def uncertain_by(plan: FeaturePlan, caution: float) -> NDArray[np.float32]:
    """Return the noise that is laid over each feature in training, in its standard deviations.

    A few strokes show a few surroundings only, and a network learns them by heart. Noise on the features of
    large scales (0.2, and 0.4 more for every doubling) makes it rely on what is near, and use the rest where
    it tells much (Bishop, 1995, Training with noise is equivalent to Tikhonov regularization). Chosen by
    `benchmarks/classifier.py`.

    Examples
    --------
    >>> from micro.classify.plan import plan_features
    >>> from micro.model import Spacing
    >>> plan = plan_features(TrainParams(scales=(1, 4), features=("grey", "gaussian")), Spacing(1, 1, 1), is_2d=True)
    >>> uncertain_by(plan, 1.0).tolist()
    [0.20000000298023224, 0.20000000298023224, 1.0]
    """
    doublings = [0.0 if scale is None else max(np.log2(scale), 0.0) for scale in plan.sizes]
    return np.asarray(caution * (0.2 + 0.4 * np.array(doublings)), np.float32)


def shares_in(odds: NDArray[np.float32], rounds: int = 50) -> NDArray[np.float64]:
    """Return the share of each phase among voxels nobody has painted, from the log odds of a balanced training.

    Expectation and maximisation in turn: the shares are those which the probabilities under these shares add
    up to (Saerens, Latinne and Decaestecker, 2002, Adjusting the outputs of a classifier to new a priori
    probabilities).

    Parameters
    ----------
    odds
        Shape (phase, voxel).

    Examples
    --------
    >>> odds = np.float32([[4, 4, 4, -4], [-4, -4, -4, 4]])
    >>> shares_in(odds).round(2)
    array([0.75, 0.25])
    """
    scaled = odds.astype(np.float64)
    chances = np.exp(scaled - scaled.max(axis=0))
    chances /= chances.sum(axis=0)
    shares: NDArray[np.float64] = np.full(len(odds), 1 / len(odds))
    for _ in range(rounds):
        weighted = chances * shares[:, None]
        shares = np.asarray((weighted / weighted.sum(axis=0)).mean(axis=1), np.float64)
    return shares
