"""The reference interface: a robust plane, or bowed surface, through the electrolyte's side of the anode body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, looked_up
from micro.cell.bow import TERMS, Bow, bow_terms
from micro.cell.cell import Normal, ReferencePlane
from micro.cell.params import ReferenceShape
from micro.model import Spacing

__all__ = ["fit_plane", "fit_points", "fit_reference", "scatter_um", "surface_map"]

SAG_MIN_VOXELS, SAG_MIN_RESIDUALS, GAIN_MIN = 6.0, 6.0, 1.4
"""A surface is curved where the bow sags by this many voxels (three parts the coarsest edge, one the finest) and by
this many residuals, and the plane's residual is this many times the bow's. On phantoms with plane interfaces in
pictures of the usual size, roughness alone reaches 3.6, 5.7 and 1.6, but never all three."""


def _outermost(
    block: Block,
    bodies: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    *,
    body: int,
    normal: Normal,
    solid: NDArray[np.bool_],
) -> Done[NDArray[np.int64]]:
    """Return for each column twice the step of its outermost body voxel, plus 1 where ``solid`` lies beyond; -1: none.

    Steps count along the normal from the border that it comes from, so the largest wins in every block.
    """
    axis = normal.axis
    inside = np.moveaxis(bodies, axis, 0) == body
    beyond = np.moveaxis(looked_up(labels, solid), axis, 0)
    length = inside.shape[0]
    first, stop = block.inner[axis].start, block.inner[axis].stop
    if normal.sign < 0:
        inside, beyond = inside[::-1], beyond[::-1]
        first, stop = length - stop, length - first
    lateral = tuple(block.inner[a] for a in range(3) if a != axis)
    inside, beyond = inside[:, *lateral], beyond[:, *lateral]
    core = inside[first:stop]
    place = first + core.shape[0] - 1 - np.argmax(core[::-1], axis=0)
    follows = np.take_along_axis(beyond, np.minimum(place + 1, length - 1)[None], axis=0)[0] & (place + 1 < length)
    return Done(np.where(core.any(axis=0), 2 * place + follows, -1).astype(np.int64))


def surface_map(
    bodies: Source, labels: Source, normal: Normal, *, body: int, solid: NDArray[np.bool_], engine: Engine
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the index along the normal of the body's outermost voxel in every column, and whether a solid follows.

    Parameters
    ----------
    bodies
        uint8 of `Bodies.mask`.
    labels
        uint8 labels.
    normal
        Out of the body.
    solid
        256 booleans: which labels beyond the body make the column one in contact.

    Returns
    -------
    index, contact
        Of the two axes that are not the normal's; the index is -1 where the column has no body.
    """
    z, y, x = bodies.shape
    shape = (z, y, x)
    axis = normal.axis
    halo = tuple(1 if a == axis else 0 for a in range(3))
    constants = {"body": body, "normal": normal, "solid": solid}
    blocks = engine.blocks(shape, halo=(halo[0], halo[1], halo[2]))
    parts = engine.run(
        _outermost, [bodies, labels], halo=(halo[0], halo[1], halo[2]), stage="interface", constants=constants
    )
    best = np.full([shape[a] for a in range(3) if a != axis], -1, np.int64)
    for block, part in zip(blocks, parts, strict=True):
        outer = block.outer[axis]
        steps_before = outer.start if normal.sign > 0 else shape[axis] - outer.stop
        lateral = tuple(block.core[a] for a in range(3) if a != axis)
        best[lateral] = np.maximum(best[lateral], np.where(part >= 0, part + 2 * steps_before, -1))
    steps = best // 2
    index = np.where(best < 0, -1, steps if normal.sign > 0 else shape[axis] - 1 - steps)
    return index, (best >= 0) & (best % 2 == 1)


def fit_plane(
    index: NDArray[np.int64], contact: NDArray[np.bool_], normal: Normal, *, spacing: Spacing
) -> ReferencePlane | None:
    """Fit a plane to the outer faces of the outermost voxels, by least squares with Tukey's biweight.

    Columns in contact decide where there are enough of them, since gaps may be carved into the
    body. Returns None with fewer than three columns.

    Parameters
    ----------
    index, contact
        From `surface_map`.
    normal
        Out of the body.

    Examples
    --------
    >>> plane = fit_plane(np.full((1, 9), 3), np.ones((1, 9), bool), Normal(1, 1), spacing=Spacing(1, 1, 1))
    >>> plane.direction, plane.offset_um
    ((0.0, 1.0, 0.0), 4.0)
    """
    points = _points(index, contact, normal, spacing)
    return None if points is None else _plane(points, normal)


def fit_reference(
    index: NDArray[np.int64],
    contact: NDArray[np.bool_],
    normal: Normal,
    *,
    spacing: Spacing,
    shape: ReferenceShape = "auto",
) -> ReferencePlane | None:
    """Fit the reference interface as ``shape`` says: `fit_plane`, or a quadratic surface by the same robust fit.

    ``auto`` takes the curved one where roughness can't explain it: see `SAG_MIN_VOXELS`. Returns None with
    fewer than three columns.

    Examples
    --------
    >>> column = np.arange(-50, 50)
    >>> index = np.round(20 + column**2 / 100).astype(int)[None]
    >>> arch = fit_reference(index, index > 0, Normal(1, 1), spacing=Spacing(1, 1, 1))
    >>> heights_um = arch.heights_um((1, 60, 100), Spacing(1, 1, 1))
    >>> bool(abs(arch.bow.sag_um - 25) < 1), bool(abs(heights_um[0, 30, 50] - 9.5) < 0.5)
    (True, True)
    """
    points = _points(index, contact, normal, spacing)
    if points is None:
        return None
    plane = _plane(points, normal)
    if shape == "plane" or points.height.size < 3 * TERMS:
        return plane
    curved = _curved(points, normal)
    if shape == "curved":
        return curved
    lateral = [edge for axis, edge in enumerate(spacing.um) if axis != normal.axis]
    edges = [points.edge_um, *(edge for edge, length in zip(lateral, index.shape, strict=True) if length > 1)]
    voxel_um = 0.75 * max(edges) + 0.25 * min(edges)
    residual_um = max(curved.residual_um, points.floor_um)
    clear = curved.sag_um >= max(SAG_MIN_VOXELS * voxel_um, SAG_MIN_RESIDUALS * residual_um)
    return curved if clear and plane.residual_um >= GAIN_MIN * residual_um else plane


def fit_points(points_um: NDArray[np.float64], normal: Normal, *, edge_um: float, curved: bool) -> ReferencePlane:
    """Fit a plane, or where there are enough points a quadratic surface, to points by plain least squares.

    Parameters
    ----------
    points_um
        Shape (n, 3): z, y, x in um.
    normal
        From the anode into the electrolyte.
    edge_um
        Voxel edge along the normal's axis.

    Returns
    -------
    ReferencePlane
        Its residual is the root mean square distance of the points along the normal's axis.
    """
    u, v = (points_um[:, axis] for axis in range(3) if axis != normal.axis)
    points = _Points(u, v, points_um[:, normal.axis], edge_um)
    wide = min(np.ptp(u), np.ptp(v)) > 0
    plane = _plane(points, normal, robust=False)
    return _curved(points, normal, robust=False) if curved and u.size > (TERMS if wide else 3) else plane


def scatter_um(
    plane: ReferencePlane, index: NDArray[np.int64], contact: NDArray[np.bool_], normal: Normal, *, spacing: Spacing
) -> float:
    """Return the robust standard deviation of a surface (of `surface_map`) about a reference, along the axis."""
    points = _points(index, contact, normal, spacing)
    if points is None:
        return 0.0
    away = points.height - plane.place_um(normal.axis, points.u, points.v)
    return 1.4826 * float(np.median(np.abs(away - np.median(away))))


@dataclass(frozen=True)
class _Points:
    """Outer faces of the outermost voxels: (u, v) and the place along the normal's axis, in um."""

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    height: NDArray[np.float64]
    edge_um: float

    @property
    def floor_um(self) -> float:
        """The least residual that voxels leave: about their edge over the root of twelve."""
        return 0.3 * self.edge_um


def _points(index: NDArray[np.int64], contact: NDArray[np.bool_], normal: Normal, spacing: Spacing) -> _Points | None:
    seen = index >= 0
    if np.count_nonzero(contact) >= max(3, 0.1 * np.count_nonzero(seen)):
        seen = contact
    if np.count_nonzero(seen) < 3:
        return None
    edge = spacing.um[normal.axis]
    lateral = [a for a in range(3) if a != normal.axis]
    u, v = (place.astype(float) for place in np.nonzero(seen))
    height = np.asarray((index[seen] + (1 if normal.sign > 0 else 0)) * edge, np.float64)
    return _Points((u + 0.5) * spacing.um[lateral[0]], (v + 0.5) * spacing.um[lateral[1]], height, edge)


def _plane(points: _Points, normal: Normal, *, robust: bool = True) -> ReferencePlane:
    u, v = points.u, points.v
    centre = (u.mean(), v.mean())
    matrix: NDArray[np.float64] = np.stack([np.ones_like(u), u - centre[0], v - centre[1]], axis=1)
    free = np.array([True, bool(np.ptp(u) > 0), bool(np.ptp(v) > 0)])
    solution = np.zeros(3)
    solve = _biweight if robust else _plain
    solution[free], residual_um = solve(matrix[:, free], points.height, floor_um=points.floor_um)
    direction, offset_um = _direction(normal, solution, centre)
    return ReferencePlane(direction, offset_um, residual_um)


def _direction(
    normal: Normal, solution: NDArray[np.float64], centre: tuple[float, float]
) -> tuple[tuple[float, float, float], float]:
    """Return unit normal and offset of the plane: level and slopes about ``centre``."""
    lateral = [a for a in range(3) if a != normal.axis]
    gradient = np.zeros(3)
    gradient[normal.axis] = 1.0
    gradient[lateral[0]], gradient[lateral[1]] = -solution[1], -solution[2]
    direction = normal.sign * gradient / np.linalg.norm(gradient)
    on_plane = np.zeros(3)
    on_plane[normal.axis] = solution[0]
    on_plane[lateral[0]], on_plane[lateral[1]] = centre
    z, y, x = (float(d) + 0.0 for d in direction)
    return (z, y, x), float(direction @ on_plane)


def _curved(points: _Points, normal: Normal, *, robust: bool = True) -> ReferencePlane:
    """Fit a quadratic, and split it into the best plane over the same columns and the bow about it."""
    u, v = points.u, points.v
    centre = (float(u.mean()), float(v.mean()))
    half = (max(float(np.ptp(u)) / 2, points.edge_um), max(float(np.ptp(v)) / 2, points.edge_um))
    terms = bow_terms((u - centre[0]) / half[0], (v - centre[1]) / half[1])
    wide, long = bool(np.ptp(u) > 0), bool(np.ptp(v) > 0)
    free = np.array([True, wide, long, wide, wide and long, long])
    weights = np.zeros(TERMS)
    solve = _biweight if robust else _plain
    weights[free], residual_um = solve(terms[:, free], points.height, floor_um=points.floor_um)
    surface = terms @ weights
    flat = free[:3]
    plane = np.zeros(3)
    matrix = terms[:, :3][:, flat]
    plane[flat] = np.linalg.lstsq(matrix.T @ matrix, matrix.T @ surface, rcond=None)[0]
    weights[:3] -= plane
    direction, offset_um = _direction(normal, plane / np.array([1.0, *half]), centre)
    c = [float(w) for w in weights]
    sag_um = float(np.ptp(terms @ weights))
    return ReferencePlane(
        direction,
        offset_um,
        residual_um,
        Bow(normal.axis, centre, half, (c[0], c[1], c[2], c[3], c[4], c[5]), sag_um),
    )


def _biweight(
    matrix: NDArray[np.float64], height: NDArray[np.float64], *, floor_um: float
) -> tuple[NDArray[np.float64], float]:
    """Solve least squares with Tukey's biweight, started from the median; also return the robust residual."""
    solution = np.zeros(matrix.shape[1])
    solution[0] = np.median(height)
    cut = 4.685 * max(1.4826 * float(np.median(np.abs(height - solution[0]))), 3 * floor_um)
    for turn in range(30):
        residual = height - matrix @ solution
        if turn > 4:
            cut = 4.685 * max(1.4826 * float(np.median(np.abs(residual))), floor_um)
        weight = np.maximum(1 - (residual / cut) ** 2, 0) ** 2
        weighted = matrix * weight[:, None]
        update = np.linalg.lstsq(weighted.T @ matrix, weighted.T @ height, rcond=None)[0]
        change = float(np.max(np.abs(matrix @ (update - solution))))
        solution = update
        if change < 1e-9 * floor_um and turn > 5:
            break
    residual = height - matrix @ solution
    return solution, 1.4826 * float(np.median(np.abs(residual - np.median(residual))))


def _plain(
    matrix: NDArray[np.float64], height: NDArray[np.float64], *, floor_um: float
) -> tuple[NDArray[np.float64], float]:
    """Solve plain least squares; also return the root mean square residual, 0 where it is rounding only."""
    solution = np.asarray(np.linalg.lstsq(matrix, height, rcond=None)[0], np.float64)
    residual = float(np.sqrt(np.mean((height - matrix @ solution) ** 2)))
    return solution, residual if residual > 1e-9 * floor_um else 0.0
