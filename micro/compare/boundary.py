"""How far the boundaries of a phase lie apart in two label volumes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Shape, Source, kernel
from micro.compare.groups import Group
from micro.model import Spacing

__all__ = ["BoundaryDistances", "boundary_distances"]

FAR = 2**30


@dataclass(frozen=True)
class BoundaryDistances:
    """Distances from the boundary voxels of one volume to the nearest of the other, as an exact histogram.

    Attributes
    ----------
    distances_um
        The distances that occur, ascending; up to the reach.
    voxels
        How many boundary voxels have each of them.
    beyond
        Boundary voxels without a counterpart within the reach.
    """

    distances_um: NDArray[np.float64]
    voxels: NDArray[np.int64]
    beyond: int

    @property
    def count(self) -> int:
        """All boundary voxels."""
        return int(self.voxels.sum()) + self.beyond

    def percentile(self, share: float) -> float:
        """Return the smallest distance that holds for at least ``share`` of the boundary; infinite beyond the reach.

        Examples
        --------
        >>> BoundaryDistances(np.array([0.0, 2.0]), np.array([90, 10]), 0).percentile(0.95)
        2.0
        """
        if self.count == 0:
            return math.nan
        wanted = math.ceil(share * self.count - 1e-9)
        place = int(np.searchsorted(np.cumsum(self.voxels), wanted))
        return float(self.distances_um[place]) if place < self.distances_um.size else math.inf


@kernel
def _surface(inside: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the voxels inside that share a face with a known voxel outside."""
    out = np.zeros(inside.shape, np.bool_)
    depth, height, width = inside.shape
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                if not (inside[k, j, i] and known[k, j, i]):
                    continue
                edge = k > 0 and known[k - 1, j, i] and not inside[k - 1, j, i]
                edge = edge or (k < depth - 1 and known[k + 1, j, i] and not inside[k + 1, j, i])
                edge = edge or (j > 0 and known[k, j - 1, i] and not inside[k, j - 1, i])
                edge = edge or (j < height - 1 and known[k, j + 1, i] and not inside[k, j + 1, i])
                edge = edge or (i > 0 and known[k, j, i - 1] and not inside[k, j, i - 1])
                edge = edge or (i < width - 1 and known[k, j, i + 1] and not inside[k, j, i + 1])
                out[k, j, i] = edge
    return out


@kernel
def _along_rows(surface: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return how many voxels away along x the nearest surface voxel of the same row lies."""
    out = np.empty(surface.shape, np.int32)
    depth, height, width = surface.shape
    for k in range(depth):
        for j in range(height):
            last = -FAR
            for i in range(width):
                if surface[k, j, i]:
                    last = i
                out[k, j, i] = min(i - last, FAR)
            last = FAR
            for i in range(width - 1, -1, -1):
                if surface[k, j, i]:
                    last = i
                out[k, j, i] = min(out[k, j, i], last - i)
    return out


@kernel
def _nearest(
    rows: NDArray[np.int32],
    points: NDArray[np.int64],
    edges: tuple[float, float, float],
    reach2: float,
) -> NDArray[np.float64]:
    """Return the squared distance (um2) from each point to the nearest surface voxel; infinite beyond the reach.

    The search widens from the point's own row and stops where no row can be nearer. Each distance
    is one sum in one order, so it does not depend on where the block begins.
    """
    depth, height, _ = rows.shape
    out = np.empty(points.shape[0], np.float64)
    for p in range(points.shape[0]):
        z, y, x = points[p]
        best = np.inf
        for dz in range(depth):
            part_z = (dz * edges[0]) ** 2
            if part_z > reach2 or part_z >= best:
                break
            for k in (z - dz, z + dz):
                if k < 0 or k >= depth:
                    continue
                for dy in range(height):
                    part = part_z + (dy * edges[1]) ** 2
                    if part > reach2 or part >= best:
                        break
                    for j in (y - dy, y + dy):
                        if 0 <= j < height and rows[k, j, x] < FAR:
                            best = min(best, part + (rows[k, j, x] * edges[2]) ** 2)
        out[p] = best if best <= reach2 else np.inf
    return out


Histogram = tuple[NDArray[np.float64], NDArray[np.int64]]


def _measure(
    block: Block,
    labels: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    *,
    tables: tuple[NDArray[np.bool_], ...],
    edges_um: tuple[float, float, float],
    reach2: float,
) -> Done[list[tuple[Histogram, Histogram]]]:
    known = (labels != 0) & (truth != 0)
    found = []
    for table in tables:
        one, two = (_surface(np.ascontiguousarray(table[volume]), known) for volume in (labels, truth))
        found.append(tuple(_directed(block, a, b, edges_um, reach2) for a, b in ((one, two), (two, one))))
    return Done([(there, back) for there, back in found])


def _directed(
    block: Block,
    here: NDArray[np.bool_],
    there: NDArray[np.bool_],
    edges_um: tuple[float, float, float],
    reach2: float,
) -> Histogram:
    points = np.argwhere(here[block.inner])
    if not len(points):
        return np.zeros(0), np.zeros(0, np.int64)
    points += [axis.start for axis in block.inner]
    values, counts = np.unique(_nearest(_along_rows(there), points, edges_um, reach2), return_counts=True)
    return values, counts.astype(np.int64)


def _merged(parts: list[Histogram]) -> BoundaryDistances:
    values = np.concatenate([part[0] for part in parts])
    counts = np.concatenate([part[1] for part in parts])
    distinct, place = np.unique(values, return_inverse=True)
    voxels = np.zeros(distinct.size, np.int64)
    np.add.at(voxels, place, counts)
    near = np.isfinite(distinct)
    return BoundaryDistances(np.sqrt(distinct[near]), voxels[near], int(voxels[~near].sum()))


def boundary_distances(
    labels: Source,
    truth: Source,
    groups: tuple[Group, ...],
    *,
    spacing: Spacing,
    reach_um: float,
    engine: Engine,
) -> tuple[tuple[BoundaryDistances, BoundaryDistances], ...]:
    """Return for each group the distances from labels to truth, and from truth to labels.

    A boundary voxel is a voxel of the group that shares a face with a voxel of another label; the
    border of the picture and unlabelled voxels (0 in either volume) make no boundary. The distance
    is that between voxel centres (Euclidean, with the true edges), exact up to the reach, which is
    also the halo of the blocks: memory does not grow with the volume.

    Parameters
    ----------
    labels, truth
        uint8, of one shape (z, y, x).
    groups
        What counts as one phase.
    spacing
        Voxel edges in um; they may differ.
    reach_um
        Farthest distance that is looked for.
    engine
        Where the block tasks run; it never changes a result.

    Examples
    --------
    >>> wall, moved = np.full((2, 1, 4, 9), 2, np.uint8)
    >>> wall[..., :3] = 3; moved[..., :5] = 3
    >>> there, back = boundary_distances(
    ...     wall, moved, (Group("Li", (3,)),), spacing=Spacing.parse("50nm"), reach_um=1.0, engine=Engine()
    ... )[0]
    >>> round(there.percentile(0.95), 3), back.count
    (0.1, 4)
    """
    z, y, x = (
        math.ceil(reach_um / edge) + 1 if length > 1 else 0
        for edge, length in zip(spacing.um, labels.shape, strict=True)
    )
    halo: Shape = (z, y, x)
    constants = {
        "tables": tuple(group.table() for group in groups),
        "edges_um": spacing.um,
        # distances that equal the reach belong to it, whatever the last digit of the product
        "reach2": reach_um**2 * (1 + 1e-9),
    }
    partials = engine.run(_measure, [labels, truth], halo=halo, stage="boundaries", constants=constants)
    return tuple(
        (_merged([part[rank][0] for part in partials]), _merged([part[rank][1] for part in partials]))
        for rank in range(len(groups))
    )
