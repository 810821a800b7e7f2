"""The centred path through a filament: its length, and its thickness along the way.

The path runs over voxels, cheapest where the filament is wide (cost 1 / squared distance to the wall; Deschamps &
Cohen, Med. Image Anal. 5, 2001, 281, on the 26-neighbour graph of Dijkstra 1959), so that it keeps to the
middle. A path over voxels is a staircase, up to 8 % too long; it is smoothed, twice over so that bends
keep their radius (Tukey's twicing), before it is measured.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import edt
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from micro.blocks import kernel

__all__ = [
    "Voxels",
    "between_voxels",
    "centred_paths",
    "farthest_ends",
    "follow",
    "middle_near",
    "path_length",
    "smooth_path",
    "thickness_along",
    "wall_distance",
    "way_from",
]

TWICED_STEP = 0.5
"""The smoothed path has points this far apart, in the finest voxel edge."""


@dataclass(frozen=True)
class Voxels:
    """The voxels of an object as nodes of a graph.

    Attributes
    ----------
    index
        int32, the object's box with a margin of one voxel: -1, or the number of the node.
    places
        Flat place of each node in ``index``.
    edges
        Voxel edges.
    """

    index: NDArray[np.int32]
    places: NDArray[np.int64]
    edges: tuple[float, float, float]

    @classmethod
    def of(cls, mask: NDArray[np.bool_], edges: tuple[float, float, float]) -> Voxels:
        """Number the voxels of a mask in raster order."""
        index = np.full(tuple(n + 2 for n in mask.shape), -1, np.int32)
        inner = index[1:-1, 1:-1, 1:-1]
        inner[mask] = np.arange(np.count_nonzero(mask), dtype=np.int32)
        return cls(index, np.flatnonzero(index.ravel() >= 0), edges)

    def points(self, nodes: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the voxel centres of nodes, from the corner of the box, shape (n, 3)."""
        places = np.unravel_index(self.places[nodes], self.index.shape)
        return np.stack([(place - 0.5) * edge for place, edge in zip(places, self.edges, strict=True)], axis=-1)

    def neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the flat steps to the 26 neighbours, and their lengths."""
        steps = np.argwhere(np.ones((3, 3, 3), bool)) - 1
        steps = steps[steps.any(axis=1)]
        strides = np.array([self.index.shape[1] * self.index.shape[2], self.index.shape[2], 1])
        return steps @ strides, np.asarray(np.sqrt(((steps * np.array(self.edges)) ** 2).sum(axis=1)))


@kernel
def _march(
    index: NDArray[np.int32],
    places: NDArray[np.int64],
    steps: NDArray[np.int64],
    lengths: NDArray[np.float64],
    cost: NDArray[np.float32],
    starts: NDArray[np.int64],
    target: int,
    reached: NDArray[np.float64],
    parent: NDArray[np.int32],
) -> None:
    """Dijkstra's algorithm from all starts, until the target (none: -1) is final."""
    heap = [(0.0, starts[0])]
    heap.pop()
    for start in starts:
        reached[start] = 0.0
        heapq.heappush(heap, (0.0, start))
    while len(heap) > 0:
        far, node = heapq.heappop(heap)
        if far > reached[node]:
            continue
        if node == target:
            return
        for way in range(steps.size):
            other = index[places[node] + steps[way]]
            if other < 0:
                continue
            there = far + 0.5 * lengths[way] * (cost[node] + cost[other])
            if there < reached[other]:
                reached[other] = there
                parent[other] = node
                heapq.heappush(heap, (there, np.int64(other)))


def _spread(
    voxels: Voxels, cost: NDArray[np.float32], starts: NDArray[np.int64], target: int = -1
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    reached = np.full(voxels.places.size, np.inf)
    parent = np.full(voxels.places.size, -1, np.int32)
    steps, lengths = voxels.neighbours()
    _march(voxels.index.ravel(), voxels.places, steps, lengths, cost, starts, target, reached, parent)
    return reached, parent


def wall_distance(inside: NDArray[np.bool_], edges: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return each voxel's distance to the nearest voxel centre outside; the border of the array is no wall.

    At most the array's diagonal, which is all that is known where there is no wall.
    """
    found = edt.edt(np.ascontiguousarray(inside), anisotropy=edges, black_border=False, parallel=1)
    return np.asarray(np.minimum(found, np.linalg.norm(np.array(inside.shape) * edges)), np.float32)


def centred_paths(voxels: Voxels, wall: NDArray[np.float32], tip: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return for each node the next one on its cheapest way to ``tip`` (-1 at the tip), and what the way costs.

    A step costs its length over ``wall`` ^ 2, the squared distance to the wall.

    Examples
    --------
    >>> rod = Voxels.of(np.ones((1, 3, 5), bool), (1.0, 1.0, 1.0))
    >>> wall = np.float32([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1])
    >>> follow(centred_paths(rod, wall, 9)[0], 5).tolist()
    [5, 6, 7, 8, 9]
    """
    reached, onward = _spread(voxels, (1 / (wall * wall)).astype(np.float32), np.array([tip]))
    return onward, reached


def between_voxels(
    voxels: Voxels, points: NDArray[np.float64], wall: NDArray[np.float32], nodes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return where nodes of a path lie between voxels: the mean around them, weighted by distance to the wall ^ 8.

    A filament of an even number of voxels has its middle between two of them.
    """
    steps = np.append(voxels.neighbours()[0], 0)
    around = voxels.index.ravel()[voxels.places[nodes][:, None] + steps]
    weight = np.where(around < 0, 0, (wall[around] / wall[nodes][:, None]).astype(np.float64) ** 8)
    return np.asarray((points[around] * weight[..., None]).sum(axis=1) / weight.sum(axis=1)[:, None])


def follow(onward: NDArray[np.int32], start: int) -> NDArray[np.int64]:
    """Return the nodes from ``start`` on, up to the tip."""
    path = [start]
    while onward[path[-1]] >= 0:
        path.append(int(onward[path[-1]]))
    return np.array(path, np.int64)


def way_from(voxels: Voxels, start: int) -> NDArray[np.float64]:
    """Return how far each node is from ``start``, inside the object."""
    return _spread(voxels, np.ones(voxels.places.size, np.float32), np.array([start]))[0]


def farthest_ends(voxels: Voxels, start: int) -> tuple[int, int]:
    """Return two nodes about as far apart, inside the object, as any (the double sweep from ``start``)."""
    one = int(np.argmax(way_from(voxels, start)))
    return one, int(np.argmax(way_from(voxels, one)))


def smooth_path(points: NDArray[np.float64], sigma: float, step: float) -> NDArray[np.float64]:
    """Return points ``step`` apart along a smoothed path (n, 3), with the ends where they were.

    Smoothing is a Gaussian of ``sigma`` along the path and, added to it, the same of what it took off: an
    arc of radius R shrinks by (sigma / R)^4 / 4 only, where the Gaussian alone takes (sigma / R)^2 / 2.

    Examples
    --------
    >>> stairs = np.array([[0.0, k, k // 2] for k in range(41)])
    >>> smooth = smooth_path(stairs, 4.0, 0.5)
    >>> round(path_length(stairs), 1), round(path_length(smooth), 1), round(float(np.hypot(40, 20)), 1)
    (48.3, 44.7, 44.7)
    """
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    if along[-1] == 0:
        return points
    count = max(2, math.ceil(along[-1] / step) + 1)
    even = np.stack([np.interp(np.linspace(0, along[-1], count), along, axis) for axis in points.T], axis=1)
    own = along[-1] / (count - 1)
    once = _gaussian(even, sigma / own)
    return np.asarray(once + _gaussian(even - once, sigma / own))


def _gaussian(points: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Smooth along the first axis; beyond an end the path goes on as its own point reflection."""
    reach = min(math.ceil(4 * sigma), len(points) - 1)
    before = 2 * points[0] - points[reach:0:-1]
    after = 2 * points[-1] - points[-2 : -reach - 2 : -1]
    long = np.concatenate([before, points, after])
    smoothed = gaussian_filter1d(long, sigma, axis=0, mode="nearest", radius=reach)
    return np.asarray(smoothed[reach : reach + len(points)])


def path_length(points: NDArray[np.float64]) -> float:
    """Return the length of a path (n, 3)."""
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


@kernel
def thickness_along(points: NDArray[np.float64], wall: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write the local radius at each point of a path: of the largest ball about a point of the path that holds it.

    Hildebrand & Ruegsegger (J. Microsc. 185, 1997, 67) with the balls of the centred path only.
    """
    count = points.shape[0]
    out[:] = wall
    for centre in range(count):
        for side in (-1, 1):
            other = centre + side
            while 0 <= other < count:
                far = 0.0
                for axis in range(3):
                    far += (points[other, axis] - points[centre, axis]) ** 2
                if far > wall[centre] * wall[centre]:
                    break
                out[other] = max(out[other], wall[centre])
                other += side


def middle_near(points: NDArray[np.float64], begin: int, reach: float) -> tuple[int, NDArray[np.float64]]:
    """Return the middle of the points around point ``begin``, and the point nearest to it.

    The mean of those within ``reach``, moved until it rests.

    Examples
    --------
    >>> middle_near(np.array([[0.0, 0, k] for k in range(10)]), 0, 6.0)
    (4, array([0. , 0. , 4.5]))
    """
    centre = points[begin]
    for _ in range(20):
        near = ((points - centre) ** 2).sum(axis=1) <= reach * reach
        moved = points[near].mean(axis=0)
        if np.allclose(moved, centre, rtol=0, atol=1e-6 * reach):
            break
        centre = moved
    return int(np.argmin(np.round(((points - centre) ** 2).sum(axis=1), 9))), centre
