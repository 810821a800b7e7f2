"""Islands of a few voxels take the phase around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel, label_components

__all__ = ["absorb_islands"]

ROUNDS = 6


@kernel
def _spread(labels: NDArray[np.uint8], phases: int, out: NDArray[np.uint8]) -> None:
    """Give each voxel that is marked 255 the phase of most of its 26 neighbours that have one."""
    depth, height, width = labels.shape
    votes = np.zeros(phases, np.int64)
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                out[k, j, i] = labels[k, j, i]
                if labels[k, j, i] != 255:
                    continue
                votes[:] = 0
                for dz in range(max(-1, -k), min(1, depth - 1 - k) + 1):
                    for dy in range(max(-1, -j), min(1, height - 1 - j) + 1):
                        for dx in range(max(-1, -i), min(1, width - 1 - i) + 1):
                            near = labels[k + dz, j + dy, i + dx]
                            if near != 255:
                                votes[near] += 6 - 2 * (abs(dz) + abs(dy) + abs(dx)) + 1
                best = np.argmax(votes)
                if votes[best] > 0:
                    out[k, j, i] = best


def _absorb(
    block: Block, labels: NDArray[np.uint8], ids: NDArray[np.uint32], *, small: NDArray[np.bool_], phases: int
) -> Done[None]:
    here = np.where(small[ids], np.uint8(255), labels).astype(np.uint8)
    if not (here == 255).any():
        return Done(None, (labels[block.inner],))
    for _ in range(ROUNDS):
        there = np.empty_like(here)
        _spread(here, phases, there)
        here = there
    return Done(None, (np.where(here == 255, labels, here)[block.inner],))


def absorb_islands(labels: Source, *, phases: int, voxels_min: int, engine: Engine) -> Source:
    """Return the labels (places 0, 1, ...) with every component below ``voxels_min`` filled from around.

    Examples
    --------
    >>> speck = np.zeros((1, 7, 7), np.uint8); speck[0, 3, 3] = 2
    >>> int(np.asarray(absorb_islands(speck, phases=3, voxels_min=4, engine=Engine())).sum())
    0
    """
    if voxels_min <= 1:
        return labels
    z, y, x = labels.shape
    table = (np.arange(256) + 1).clip(max=255).astype(np.uint8)
    found = label_components(labels, engine=engine, table=table, connectivity=6)
    small = found.voxels < voxels_min
    small[0] = False
    out: Source = engine.array((z, y, x), np.uint8)
    reach = ROUNDS + 1
    constants = {"small": small, "phases": phases}
    engine.run(_absorb, [labels, found.ids], outputs=[out], halo=(reach,) * 3, stage="islands", constants=constants)
    return out
