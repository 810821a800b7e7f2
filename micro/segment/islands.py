"""Islands that are too small, or too faint to be told from the noise around them, take the phase around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import (
    Block,
    Components,
    Done,
    Engine,
    Source,
    ids_among,
    kernel,
    label_components,
    looked_up,
    relabelled,
)
from micro.segment.levels import GreyLevels
from micro.segment.noise import Noise

__all__ = ["FAINT_VOXELS", "absorb_islands", "island_sigmas", "tally_islands"]

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
    here = relabelled(labels, ids, small, 255)
    if not (here == 255).any():
        return Done(None, (labels[block.inner],))
    for _ in range(ROUNDS):
        there = np.empty_like(here)
        _spread(here, phases, there)
        here = there
    return Done(None, (np.where(here == 255, labels, here)[block.inner],))


@kernel
def _tally(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    ids: NDArray[np.uint32],
    rows: NDArray[np.int64],
    bounds: NDArray[np.int64],
    table: NDArray[np.int64],
) -> None:
    """Add up the grey, and the faces towards each phase, of the voxels of the core; ``rows`` is each island's row."""
    depth, height, width = labels.shape
    for z in range(bounds[0, 0], bounds[0, 1]):
        for y in range(bounds[1, 0], bounds[1, 1]):
            for x in range(bounds[2, 0], bounds[2, 1]):
                row = rows[ids[z, y, x]]
                if row < 0:
                    continue
                table[row, 0] += grey[z, y, x]
                here = labels[z, y, x]
                for axis in range(3):
                    for step in (-1, 1):
                        k = z + (step if axis == 0 else 0)
                        j = y + (step if axis == 1 else 0)
                        i = x + (step if axis == 2 else 0)
                        if 0 <= k < depth and 0 <= j < height and 0 <= i < width and labels[k, j, i] != here:
                            table[row, 1 + labels[k, j, i]] += 1


def _tally_block(
    block: Block,
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    ids: NDArray[np.uint32],
    *,
    wanted: NDArray[np.bool_],
    phases: int,
) -> Done[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    inner = ids[block.inner]
    here = ids_among(inner, looked_up(inner, wanted.view(np.uint8)), 1, len(wanted) - 1)
    place = np.full(len(wanted), -1, np.int64)
    place[here] = np.arange(len(here))
    table = np.zeros((len(here), 1 + phases), np.int64)
    if len(here):
        bounds = np.array([(part.start, part.stop) for part in block.inner], np.int64)
        _tally(labels, grey, ids, place, bounds, table)
    return Done((here, table))


def tally_islands(
    labels: Source,
    grey: Source,
    found: Components,
    wanted: NDArray[np.bool_],
    *,
    phases: int,
    engine: Engine,
) -> NDArray[np.int64]:
    """Return the sum of the greys of each wanted island, and its faces towards each phase: (island, 1 + phase).

    Parameters
    ----------
    labels, grey
        Places of the phases, and the picture.
    found
        Components of ``labels``.
    wanted
        For each component (0 is background) whether it is to be looked at; the others are 0.
    phases
        Number of phases.
    engine
        Where the block tasks run.
    """
    constants = {"wanted": wanted, "phases": phases}
    parts = engine.run(_tally_block, [labels, grey, found.ids], halo=(1, 1, 1), stage="islands", constants=constants)
    sums = np.zeros((found.count + 1, 1 + phases), np.int64)
    for ids, table in parts:
        np.add.at(sums, ids, table)
    return sums


def island_sigmas(
    labels: Source,
    grey: Source,
    found: Components,
    wanted: NDArray[np.bool_],
    levels: GreyLevels,
    noise: Noise,
    *,
    engine: Engine,
) -> NDArray[np.float64]:
    """Return by how many standard deviations the mean grey of each wanted island differs from what surrounds it.

    The phase around an island is the one that it shares most faces with.

    Parameters
    ----------
    labels, grey
        Places of the phases, and the picture.
    found
        Components of ``labels``.
    wanted
        For each component (0 is background) whether it is to be looked at; the others are infinite.
    levels, noise
        Grey level of each phase, and the noise of the picture.
    engine
        Where the block tasks run.
    """
    sums = tally_islands(labels, grey, found, wanted, phases=len(levels.names), engine=engine)
    voxels = np.maximum(found.voxels, 1)
    host = np.argmax(sums[:, 1:], axis=1)
    away = np.abs(sums[:, 0] / voxels - np.asarray(levels.greys)[host])
    return np.where(wanted & (sums[:, 1:].sum(axis=1) > 0), away / np.maximum(noise.of_means(voxels), 1e-9), np.inf)


FAINT_VOXELS = 4096
"""Larger islands are not noise, and not looked at."""


def absorb_islands(
    labels: Source,
    *,
    phases: int,
    voxels_min: int,
    engine: Engine,
    grey: Source | None = None,
    levels: GreyLevels | None = None,
    noise: Noise | None = None,
    sigmas_min: float = 0.0,
) -> Source:
    """Return the labels (places 0, 1, ...) with every component that is too small or too faint filled from around.

    Parameters
    ----------
    labels
        Places of the phases, shape (z, y, x).
    phases
        Number of phases.
    voxels_min
        Smaller components are filled.
    engine
        Where the block tasks run.
    grey, levels, noise, sigmas_min
        With these, components fainter than ``sigmas_min`` (see `island_sigmas`) are filled too.

    Examples
    --------
    >>> speck = np.zeros((1, 7, 7), np.uint8); speck[0, 3, 3] = 2
    >>> int(np.asarray(absorb_islands(speck, phases=3, voxels_min=4, engine=Engine())).sum())
    0
    """
    faint = grey is not None and levels is not None and noise is not None and sigmas_min > 0
    if voxels_min <= 1 and not faint:
        return labels
    z, y, x = labels.shape
    table = (np.arange(256) + 1).clip(max=255).astype(np.uint8)
    found = label_components(labels, engine=engine, table=table, connectivity=6)
    small = found.voxels < voxels_min
    if grey is not None and levels is not None and noise is not None and sigmas_min > 0:
        wanted = ~small & (found.voxels <= FAINT_VOXELS)
        wanted[0] = False
        small |= island_sigmas(labels, grey, found, wanted, levels, noise, engine=engine) < sigmas_min
    small[0] = False
    out: Source = engine.array((z, y, x), np.uint8)
    reach = ROUNDS + 1
    constants = {"small": small, "phases": phases}
    engine.run(_absorb, [labels, found.ids], outputs=[out], halo=(reach,) * 3, stage="islands", constants=constants)
    return out
