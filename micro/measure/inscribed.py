"""The largest ball about a point in a body of voxels, with its wall between the last voxel inside and the next."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["inscribed_radii"]

SAME = 1e-6
"""Distances that differ by less than this share are one: the nearest voxels outside are all looked at."""

PLATE = (1.08, 1.18)
"""A ball half as wide again is filled as by a rod of this many times the distance to the first voxel outside: by a rod
or a square bar up to the first (1.06), by a plate from the second on (1.20 to 1.24)."""


@kernel
def _nearest(
    inside: NDArray[np.bool_], centre: NDArray[np.float64], edges: tuple[float, float, float], bound: float
) -> float:
    """Return the distance from a point to the nearest voxel centre outside, ``bound`` at most."""
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        low[axis] = max(math.floor((centre[axis] - bound) / edges[axis]), 0)
        high[axis] = min(math.ceil((centre[axis] + bound) / edges[axis]), inside.shape[axis])
    best = bound * bound
    for k in range(low[0], high[0]):
        dz = ((k + 0.5) * edges[0] - centre[0]) ** 2
        for j in range(low[1], high[1]):
            dy = dz + ((j + 0.5) * edges[1] - centre[1]) ** 2
            if dy >= best:
                continue
            for i in range(low[2], high[2]):
                far = dy + ((i + 0.5) * edges[2] - centre[2]) ** 2
                if far < best and not inside[k, j, i]:
                    best = far
    return math.sqrt(best)


@kernel
def _last_inside(
    inside: NDArray[np.bool_],
    place: tuple[int, int, int],
    centre: NDArray[np.float64],
    edges: tuple[float, float, float],
    far: float,
) -> float:
    """Return how far the voxels inside around an outer one reach towards it; less than ``far``, its own distance."""
    uz = ((place[0] + 0.5) * edges[0] - centre[0]) / far
    uy = ((place[1] + 0.5) * edges[1] - centre[1]) / far
    ux = ((place[2] + 0.5) * edges[2] - centre[2]) / far
    reach = -1.0
    for k in range(max(place[0] - 1, 0), min(place[0] + 2, inside.shape[0])):
        for j in range(max(place[1] - 1, 0), min(place[1] + 2, inside.shape[1])):
            for i in range(max(place[2] - 1, 0), min(place[2] + 2, inside.shape[2])):
                if inside[k, j, i]:
                    along = uz * ((k + 0.5) * edges[0] - centre[0])
                    along += uy * ((j + 0.5) * edges[1] - centre[1])
                    along += ux * ((i + 0.5) * edges[2] - centre[2])
                    if along < far * (1 - SAME):
                        reach = max(reach, along)
    return reach if reach >= 0 else far


@kernel
def _inner(
    inside: NDArray[np.bool_], centre: NDArray[np.float64], edges: tuple[float, float, float], far: float
) -> float:
    """Return how far the voxels inside reach towards those outside at the distance ``far``; an edge less at least."""
    reach = far * (1 + SAME)
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        low[axis] = max(math.floor((centre[axis] - reach) / edges[axis]), 0)
        high[axis] = min(math.ceil((centre[axis] + reach) / edges[axis]), inside.shape[axis])
    total, count = 0.0, 0
    for k in range(low[0], high[0]):
        dz = ((k + 0.5) * edges[0] - centre[0]) ** 2
        for j in range(low[1], high[1]):
            dy = dz + ((j + 0.5) * edges[1] - centre[1]) ** 2
            if dy > reach * reach:
                continue
            for i in range(low[2], high[2]):
                if dy + ((i + 0.5) * edges[2] - centre[2]) ** 2 <= reach * reach and not inside[k, j, i]:
                    last = _last_inside(inside, (k, j, i), centre, edges, far)
                    total += max(last, far - min(edges))
                    count += 1
    return total / count if count else far


@kernel
def _share_inside(
    inside: NDArray[np.bool_],
    centre: NDArray[np.float64],
    edges: tuple[float, float, float],
    walls: NDArray[np.bool_],
    reach: float,
) -> float:
    """Return which share of a ball is the body's; what lies beyond a side that is no wall counts for nothing.

    A voxel at the distance d of its middle counts as (1 - (d / reach)^2)^(1/2), so that the ball has no edge of voxels.
    """
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        low[axis] = math.floor((centre[axis] - reach) / edges[axis])
        high[axis] = math.ceil((centre[axis] + reach) / edges[axis])
        if not walls[axis, 0]:
            low[axis] = max(low[axis], 0)
        if not walls[axis, 1]:
            high[axis] = min(high[axis], inside.shape[axis])
    bound = reach * reach
    own, every = 0.0, 0.0
    for k in range(low[0], high[0]):
        dz = ((k + 0.5) * edges[0] - centre[0]) ** 2
        for j in range(low[1], high[1]):
            dy = dz + ((j + 0.5) * edges[1] - centre[1]) ** 2
            if dy >= bound:
                continue
            row = 0 <= k < inside.shape[0] and 0 <= j < inside.shape[1]
            for i in range(low[2], high[2]):
                apart = dy + ((i + 0.5) * edges[2] - centre[2]) ** 2
                if apart < bound:
                    weight = math.sqrt(1 - apart / bound)
                    every += weight
                    if row and 0 <= i < inside.shape[2] and inside[k, j, i]:
                        own += weight
    return own / every if every > 0 else 1.0


@kernel
def _rod_radius(share: float, reach: float) -> float:
    """Return the radius r of the rod that fills this share of a ball of radius R about its axis.

    With the weights of `_share_inside` it leaves out (1 - r^2 / R^2)^2 of it.
    """
    return reach * math.sqrt(1 - math.sqrt(max(1 - share, 0.0)))


@kernel
def inscribed_radii(
    inside: NDArray[np.bool_],
    centres: NDArray[np.float64],
    bounds: NDArray[np.float64],
    edges: tuple[float, float, float],
    walls: NDArray[np.bool_],
    out: NDArray[np.float64],
) -> None:
    """Write the radius of the largest ball about each point of a filament's middle that lies in the body.

    A voxel's centre says whether it is the body's, so that a wall lies somewhere between the last centres inside and
    the first one outside, the nearest to the point. Where between is told by the volume around: the ball of an edge
    more than the distance to the first outside is filled as by a rod of some radius, and that is the ball's, as far
    as it lies between the two. Volumes of voxels are right on average, at every direction and offset, where
    the nearest of the many centres beyond a round wall lies close to it and that beyond a flat one anywhere. What
    fills a ball half as wide again more than a rod can (`PLATE`) is a plate, whose flat wall lies halfway on average.

    The same 5 x 5 voxels are a bar 5 thick or a rod 5.8 thick, which no rule can tell apart: they are read as 5.6.

    Parameters
    ----------
    inside
        The body's voxels.
    centres
        Points in the body from the corner of the array, shape (n, 3), in the unit of the edges.
    bounds
        Upper bound of each point's distance to the nearest voxel centre outside.
    edges
        Voxel edges along the array's axes.
    walls
        Shape (3, 2): whether nothing of the body lies beyond the lower and upper side of the array along each axis.
        Beyond the other sides nothing is known.
    out
        n radii.

    Examples
    --------
    >>> rod = np.broadcast_to(np.hypot(*np.ogrid[-6:7, -6:7]) < 4.3, (40, 13, 13)).copy()
    >>> radius, walls = np.empty(1), np.array([[False, False], [True, True], [True, True]])
    >>> inscribed_radii(rod, np.array([[20.0, 6.5, 6.5]]), np.array([9.0]), (1.0, 1.0, 1.0), walls, radius)
    >>> bool(abs(radius[0] - 4.3) < 0.25)
    True
    """
    most = max(edges)
    for n in range(centres.shape[0]):
        far = _nearest(inside, centres[n], edges, bounds[n])
        if far <= 0:
            out[n] = far
            continue
        inner = _inner(inside, centres[n], edges, far)
        rod = _rod_radius(_share_inside(inside, centres[n], edges, walls, far + most), far + most)
        wide = 1.5 * far + most
        full = _rod_radius(_share_inside(inside, centres[n], edges, walls, wide), wide) / far
        flat = min(max((full - PLATE[0]) / (PLATE[1] - PLATE[0]), 0.0), 1.0)
        out[n] = (1 - flat) * min(max(rod, inner), far) + flat * 0.5 * (far + inner)
