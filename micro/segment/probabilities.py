"""How sure the labels are: the probability of each phase in each voxel, given its grey and its neighbours.

The conditional probability of the Potts model that the labels come from, at the final labels: where a later
rule (thin objects, edges, islands) decided against it, the label has a low probability, and is worth a look.
"""

from __future__ import annotations

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, as_dask, kernel
from micro.segment.regularise import UNIT

__all__ = ["probabilities_of"]


@kernel
def _conditional(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    costs: NDArray[np.int32],
    weights: NDArray[np.int32],
    unit: float,
    bounds: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> None:
    """Write 255 times the probability of each phase for the voxels of the core; ``out`` is (phase, z, y, x)."""
    depth, height, width = labels.shape
    phases = costs.shape[1]
    energy = np.zeros(phases, np.int64)
    chance = np.zeros(phases, np.float64)
    for k in range(bounds[0, 0], bounds[0, 1]):
        for j in range(bounds[1, 0], bounds[1, 1]):
            for i in range(bounds[2, 0], bounds[2, 1]):
                for phase in range(phases):
                    energy[phase] = costs[grey[k, j, i], phase]
                for dz in range(max(-1, -k), min(1, depth - 1 - k) + 1):
                    for dy in range(max(-1, -j), min(1, height - 1 - j) + 1):
                        for dx in range(max(-1, -i), min(1, width - 1 - i) + 1):
                            energy[labels[k + dz, j + dy, i + dx]] -= weights[dz + 1, dy + 1, dx + 1]
                least = energy.min()
                total = 0.0
                for phase in range(phases):
                    chance[phase] = np.exp((least - energy[phase]) / unit)
                    total += chance[phase]
                for phase in range(phases):
                    out[phase, k - bounds[0, 0], j - bounds[1, 0], i - bounds[2, 0]] = np.uint8(
                        255 * chance[phase] / total + 0.5
                    )


def _chances(
    block: Block,
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    *,
    costs: NDArray[np.int32],
    weights: NDArray[np.int32],
) -> Done[None]:
    core = tuple(part.stop - part.start for part in block.inner)
    out = np.empty((costs.shape[1], *core), np.uint8)
    bounds = np.array([(part.start, part.stop) for part in block.inner], np.int64)
    _conditional(places, grey, costs, weights, float(UNIT), bounds, out)
    return Done(None, tuple(out))


def probabilities_of(
    places: Source, grey: Source, costs: NDArray[np.int32], weights: NDArray[np.int32], *, engine: Engine
) -> da.Array:
    """Return 255 times the probability of each phase, uint8 of shape (phase, z, y, x).

    Parameters
    ----------
    places, grey
        Places of the phases, and the picture, shape (z, y, x).
    costs
        Of `micro.segment.regularise.cost_table`.
    weights
        Of `micro.segment.regularise.neighbour_weights`.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> costs = np.zeros((65536, 2), np.int32); costs[:, 1] = 2 * UNIT
    >>> alone = np.zeros((3, 3, 3), np.int32)
    >>> grey = np.zeros((1, 1, 4), np.uint16)
    >>> probabilities_of(grey.astype(np.uint8), grey, costs, alone, engine=Engine())[:, 0, 0, 0].compute().tolist()
    [225, 30]
    """
    z, y, x = grey.shape
    outputs = [engine.array((z, y, x), np.uint8) for _ in range(costs.shape[1])]
    halo = tuple(1 if length > 1 else 0 for length in grey.shape)
    engine.run(
        _chances,
        [places, grey],
        outputs=outputs,
        halo=(halo[0], halo[1], halo[2]),
        stage="probabilities",
        constants={"costs": costs, "weights": weights},
    )
    return da.stack([as_dask(output) for output in outputs])
