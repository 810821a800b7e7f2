"""Small neural networks of two hidden layers: predicted and trained with every sum in a fixed order.

No linear-algebra library takes part, so the bits depend on neither threads nor processor, and a
voxel's result not on the block it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["CLIP", "Network", "log_odds", "probabilities"]

CLIP = np.float32(6.0)
"""Features farther than this many standard deviations from their mean count as this far."""

TILE = 128


@dataclass(frozen=True)
class Network:
    """Weights of some networks of one shape; each array has the networks along its first axis.

    Attributes
    ----------
    first, second, last
        Weights of the layers, shape (network, out, in), float32.
    first_bias, second_bias, last_bias
        Shape (network, out), float32.
    mean, scale
        Of the features: subtracted, then divided by; shape (feature,), float32.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: NDArray[np.float32]
    last: NDArray[np.float32]
    last_bias: NDArray[np.float32]


@kernel
def exponential(x: np.float32) -> np.float32:
    """Return e to the power of ``x`` from -60 to 0, to 2e-7 of its value, by sums and products only."""
    power = max(x, np.float32(-60.0)) * np.float32(1.44269504)
    whole = np.floor(power)
    part = (power - whole) * np.float32(0.69314718)
    # the exponential series, to the seventh power
    value = np.float32(1.0)
    for term in range(7, 0, -1):
        value = np.float32(1.0) + part / np.float32(term) * value
    for _ in range(int(-whole)):
        value *= np.float32(0.5)
    return value


@kernel
def _layer(
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
    source: NDArray[np.float32],
    count: int,
    rectify: bool,
    out: NDArray[np.float32],
) -> None:
    """Compute one layer for ``count`` voxels; source and out are (neuron, voxel)."""
    inputs = weights.shape[1]
    fours = inputs - inputs % 4
    for h in range(weights.shape[0]):
        row = out[h]
        for t in range(count):
            row[t] = bias[h]
        for f in range(0, fours, 4):
            a, b, c, d = weights[h, f], weights[h, f + 1], weights[h, f + 2], weights[h, f + 3]
            for t in range(count):
                row[t] += (a * source[f, t] + b * source[f + 1, t]) + (c * source[f + 2, t] + d * source[f + 3, t])
        for f in range(fours, inputs):
            a = weights[h, f]
            for t in range(count):
                row[t] += a * source[f, t]
        if rectify:
            for t in range(count):
                row[t] = max(row[t], np.float32(0.0))


@kernel
def _predict(
    features: NDArray[np.float32],
    mean: NDArray[np.float32],
    inverse: NDArray[np.float32],
    layers: tuple[
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
    ],
    out: NDArray[np.float32],
) -> None:
    """Mean log odds of the networks for features (feature, voxel); out is (phase, voxel)."""
    w1, b1, w2, b2, w3, b3 = layers
    total = features.shape[1]
    share = np.float32(1.0) / np.float32(w1.shape[0])
    x = np.empty((features.shape[0], TILE), np.float32)
    one = np.empty((w1.shape[1], TILE), np.float32)
    two = np.empty((w2.shape[1], TILE), np.float32)
    end = np.empty((w3.shape[1], TILE), np.float32)
    for begin in range(0, total, TILE):
        count = min(TILE, total - begin)
        for f in range(features.shape[0]):
            for t in range(count):
                value = (features[f, begin + t] - mean[f]) * inverse[f]
                x[f, t] = min(max(value, -CLIP), CLIP)
        for p in range(out.shape[0]):
            for t in range(count):
                out[p, begin + t] = np.float32(0.0)
        for m in range(w1.shape[0]):
            _layer(w1[m], b1[m], x, count, True, one)
            _layer(w2[m], b2[m], one, count, True, two)
            _layer(w3[m], b3[m], two, count, False, end)
            for p in range(out.shape[0]):
                for t in range(count):
                    out[p, begin + t] += share * end[p, t]


@kernel
def _to_bytes(odds: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Turn log odds (phase, voxel) into 255 times the probability."""
    phases, total = odds.shape
    powers = np.empty(phases, np.float32)
    for t in range(total):
        top = odds[0, t]
        for p in range(1, phases):
            top = max(top, odds[p, t])
        whole = np.float32(0.0)
        for p in range(phases):
            powers[p] = exponential(odds[p, t] - top)
            whole += powers[p]
        for p in range(phases):
            out[p, t] = np.uint8(np.float32(255.0) * powers[p] / whole + np.float32(0.5))


def log_odds(network: Network, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log odds of each phase, shape (phase, voxel), from features of shape (feature, voxel)."""
    out = np.empty((network.last.shape[1], features.shape[1]), np.float32)
    layers = (
        network.first,
        network.first_bias,
        network.second,
        network.second_bias,
        network.last,
        network.last_bias,
    )
    _predict(features, network.mean, np.float32(1) / network.scale, layers, out)
    return out


def probabilities(network: Network, features: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return 255 times the probability of each phase, shape (phase, voxel), from features (feature, voxel)."""
    odds = log_odds(network, features)
    out = np.empty(odds.shape, np.uint8)
    _to_bytes(odds, out)
    return out
