"""The largest ball about a point in a body of voxels, with its wall between the last voxel inside and the next."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["inscribed_radii"]

SAME = 1e-6
"""Distances that differ by less than this share are one: the nearest voxels outside are all looked at."""


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
def inscribed_radii(
    inside: NDArray[np.bool_],
    centres: NDArray[np.float64],
    bounds: NDArray[np.float64],
    edges: tuple[float, float, float],
    flatness: float,
    out: NDArray[np.float64],
) -> None:
    """Write the radius of the largest ball about each point that lies in the body.

    A voxel's centre says whether it is the body's, so that a wall lies somewhere between the last centres inside and
    the first one outside, the nearest to the point. A flat wall along the grid lies halfway on average; a bar of 5
    voxels would be 6 thick without this. The nearest of the many centres beyond a wall that is round or oblique
    lies close to it. The same 5 x 5 voxels are a bar 5 thick or a rod 5.8 thick, which no rule can tell apart.

    Parameters
    ----------
    inside
        The body's voxels; what lies beyond the array is no wall.
    centres
        Points in the body from the corner of the array, shape (n, 3), in the unit of the edges.
    bounds
        Upper bound of each point's distance to the nearest voxel centre outside.
    edges
        Voxel edges along the array's axes.
    flatness
        1 for straight walls, 0 for round ones.
    out
        n radii.

    Examples
    --------
    >>> bar = np.zeros((1, 7, 9), bool)
    >>> bar[:, 1:6] = True
    >>> radius = np.empty(1)
    >>> inscribed_radii(bar, np.array([[0.5, 3.5, 4.5]]), np.array([9.0]), (1.0, 1.0, 1.0), 1.0, radius)
    >>> float(2 * radius[0])
    5.0
    """
    for n in range(centres.shape[0]):
        far = _nearest(inside, centres[n], edges, bounds[n])
        inner = far if far <= 0 else _inner(inside, centres[n], edges, far)
        out[n] = far - 0.5 * flatness * (far - inner)
