"""Breaks in filaments, closed where the picture is better explained with metal in them than without.

Noise breaks a filament two or three voxels wide, and what lies beyond the break hangs on nothing: the depth
of a dendrite ends there. Voxel by voxel the neighbours decide; the break as a whole is another question. So
between two pieces of metal a few voxels apart a straight path is drawn, blurred as the picture is, and it
stays where the squares of what the picture still differs by become fewer. Only whole numbers are compared,
so blocks agree exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, kernel, label_components
from micro.segment.levels import GreyLevels
from micro.segment.neighbours import alike_around
from micro.segment.refine import difference_at

__all__ = ["close_breaks"]

COLUMNS = 9
"""Of a candidate: the two pieces, minus the gain, and z, y, x of the metal at either end of the path."""


def _offsets(reach_voxels: float, edges_um: tuple[float, float, float], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the steps (z, y, x) to voxels within the reach, direct neighbours left out, the nearest first."""
    finest = min(edge for edge, length in zip(edges_um, shape, strict=True) if length > 1)
    limits = [
        int(reach_voxels * finest / edge) if length > 1 else 0 for edge, length in zip(edges_um, shape, strict=True)
    ]
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in limits), indexing="ij"), axis=-1).reshape(-1, 3)
    apart = np.linalg.norm(grid * (np.asarray(edges_um) / finest), axis=1)
    chosen = (apart <= reach_voxels) & (np.abs(grid).max(axis=1) > 1)
    order = np.argsort(apart[chosen], kind="stable")
    return np.ascontiguousarray(grid[chosen][order].astype(np.int64))


@kernel
def _path(
    places: NDArray[np.uint8], metal: int, at: NDArray[np.int64], step: NDArray[np.int64], path: NDArray[np.int64]
) -> int:
    """Write the voxels between ``at`` and ``at`` + ``step``; return how many, or 0 where metal lies among them."""
    count = int(np.max(np.abs(step))) - 1
    for n in range(count):
        for axis in range(3):
            # the nearest whole number to at + step * (n + 1) / (count + 1), halves away from the start
            part = 2 * abs(step[axis]) * (n + 1) + count + 1
            path[n, axis] = at[axis] + np.sign(step[axis]) * (part // (2 * (count + 1)))
        if places[path[n, 0], path[n, 1], path[n, 2]] == metal:
            return 0
    return count


@kernel
def _gain(
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    levels: NDArray[np.int32],
    metal: int,
    weights: NDArray[np.int32],
    path: NDArray[np.int64],
    count: int,
) -> int:
    """Return by how much the sum of squared differences falls when the path is metal, in units of 2**16."""
    rz, ry, rx = weights.shape[0] // 2, weights.shape[1] // 2, weights.shape[2] // 2
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        reach = weights.shape[axis] // 2
        low[axis] = max(np.min(path[:count, axis]) - reach, 0)
        high[axis] = min(np.max(path[:count, axis]) + reach + 1, places.shape[axis])
    gain = np.int64(0)
    for z in range(low[0], high[0]):
        for y in range(low[1], high[1]):
            for x in range(low[2], high[2]):
                more = np.int64(0)
                for n in range(count):
                    k, j, i = z - path[n, 0] + rz, y - path[n, 1] + ry, x - path[n, 2] + rx
                    if 0 <= k < weights.shape[0] and 0 <= j < weights.shape[1] and 0 <= i < weights.shape[2]:
                        here = places[path[n, 0], path[n, 1], path[n, 2]]
                        more += np.int64(weights[k, j, i]) * (levels[metal] - levels[here])
                if more != 0:
                    short = difference_at(places, grey, levels, weights, z, y, x)
                    gain += (more * (2 * short - more)) >> 16
    return int(gain)


@kernel
def _candidates(
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    ids: NDArray[np.uint32],
    ends: NDArray[np.bool_],
    levels: NDArray[np.int32],
    metal: int,
    weights: NDArray[np.int32],
    offsets: NDArray[np.int64],
    bounds: NDArray[np.int64],
    out: NDArray[np.int64],
) -> int:
    """Write the best path from each voxel of the core in ``ends`` to another piece; return how many there are."""
    depth, height, width = places.shape
    path = np.empty((64, 3), np.int64)
    at = np.empty(3, np.int64)
    found = 0
    for z in range(bounds[0, 0], bounds[0, 1]):
        for y in range(bounds[1, 0], bounds[1, 1]):
            for x in range(bounds[2, 0], bounds[2, 1]):
                if not ends[z, y, x]:
                    continue
                own = ids[z, y, x]
                at[0], at[1], at[2] = z, y, x
                best = 0
                for row in range(len(offsets)):
                    step = offsets[row]
                    k, j, i = z + step[0], y + step[1], x + step[2]
                    if not (0 <= k < depth and 0 <= j < height and 0 <= i < width):
                        continue
                    other = ids[k, j, i]
                    if other == 0 or other == own:  # noqa: PLR1714 - numba knows no sets of mixed integers
                        continue
                    count = _path(places, metal, at, step, path)
                    if count == 0:
                        continue
                    gain = _gain(places, grey, levels, metal, weights, path, count)
                    if gain > best:
                        best = gain
                        out[found, 0], out[found, 1] = min(own, other), max(own, other)
                        out[found, 2] = -gain
                        out[found, 3], out[found, 4], out[found, 5] = z, y, x
                        out[found, 6], out[found, 7], out[found, 8] = k, j, i
                if best > 0:
                    found += 1
    return found


def _look(
    block: Block,
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    ids: NDArray[np.uint32],
    *,
    main: int,
    levels: GreyLevels,
    metal: int,
    weights: NDArray[np.int32],
    offsets: NDArray[np.int64],
) -> Done[NDArray[np.int64]]:
    # a path begins with a voxel that is no metal, so not where all around is
    ends = (ids != 0) & (ids != main)
    ends &= ~alike_around((places == metal).view(np.uint8))
    voxels = int(np.count_nonzero(ends[block.inner]))
    if voxels == 0:
        return Done(np.empty((0, COLUMNS), np.int64))
    bounds = np.array([(part.start, part.stop) for part in block.inner], np.int64)
    out = np.empty((voxels, COLUMNS), np.int64)
    greys = np.rint(levels.greys).astype(np.int32)
    count = _candidates(places, grey, ids, ends, greys, metal, weights, offsets, bounds, out)
    found = out[:count]
    found[:, 3:6] += np.asarray(block.outer_start)
    found[:, 6:9] += np.asarray(block.outer_start)
    return Done(found)


def _best(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the path of the greatest gain between every two pieces; among equals the first in raster order."""
    found = np.concatenate(parts)
    found = found[np.lexsort(found.T[::-1])]
    _, first = np.unique(found[:, :2], axis=0, return_index=True)
    return found[first]


def _write(block: Block, places: NDArray[np.uint8], *, voxels: NDArray[np.int64], metal: int) -> Done[None]:
    out = places[block.inner].copy()
    local = voxels - np.array([part.start for part in block.core])
    inside = ((local >= 0) & (local < np.array(out.shape))).all(axis=1)
    out[tuple(local[inside].T)] = metal
    return Done(None, (out,))


def close_breaks(
    places: Source,
    grey: Source,
    levels: GreyLevels,
    metal: int,
    *,
    weights: NDArray[np.int32],
    reach_voxels: float,
    edges_um: tuple[float, float, float],
    engine: Engine,
) -> Source:
    """Return the labels with short breaks between pieces of metal closed, where the picture asks for it.

    Parameters
    ----------
    places, grey
        Places of the phases in the order of ``levels``, and the picture, shape (z, y, x).
    levels, metal
        Grey level of each phase, and the place of the metal.
    weights
        Blur of the picture, of `micro.segment.refine.blur_weights`.
    reach_voxels
        How far apart two pieces may be, from voxel to voxel, in voxels of the finest axis.
    edges_um
        Voxel edges along z, y and x.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> from micro.segment.refine import blur_weights
    >>> places = np.zeros((1, 9, 21), np.uint8); places[0, 3:6, 2:10] = places[0, 3:6, 12:19] = 1
    >>> grey = np.zeros((1, 9, 21), np.uint16); grey[0, 3:6, 2:19] = 60000
    >>> levels = GreyLevels(("SE", "Li"), (0.0, 60000.0), 100.0)
    >>> blur = blur_weights(0.5, (1, 1, 1), grey.shape)
    >>> how = {"weights": blur, "reach_voxels": 4.0, "edges_um": (1.0, 1.0, 1.0), "engine": Engine()}
    >>> closed = close_breaks(places, grey, levels, 1, **how)
    >>> closed[0, 3:6, 9:13].max(axis=0).tolist()
    [1, 1, 1, 1]
    """
    z, y, x = places.shape
    offsets = _offsets(reach_voxels, edges_um, (z, y, x))
    table = np.zeros(256, np.uint8)
    table[metal] = 1
    found = label_components(places, engine=engine, table=table)
    if not len(offsets) or found.count < 2:
        return places
    main = int(np.argmax(np.where(found.classes > 0, found.voxels, -1)))
    halo = [int(r + 2 * (w // 2)) for r, w in zip(np.abs(offsets).max(axis=0), weights.shape, strict=True)]
    constants = {"main": main, "levels": levels, "metal": metal, "weights": weights, "offsets": offsets}
    parts = engine.run(
        _look,
        [places, grey, found.ids],
        halo=(halo[0], halo[1], halo[2]),
        stage="breaks",
        constants=constants,
    )
    best = _best(parts)
    if not len(best):
        return places
    voxels = np.concatenate([_between(row[3:6], row[6:9]) for row in best])
    out: Source = engine.array((z, y, x), np.uint8)
    engine.run(_write, [places], outputs=[out], stage="breaks", constants={"voxels": voxels, "metal": metal})
    return out


def _between(first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the voxels of the path from ``first`` to ``last``, as `_path` counts them."""
    step = last - first
    count = int(np.abs(step).max()) - 1
    part = 2 * np.abs(step) * np.arange(1, count + 1)[:, None] + count + 1
    return np.asarray(first + np.sign(step) * (part // (2 * (count + 1))))
