"""Length, thickness, tortuosity and direction of each dendrite, along the path through its middle."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import read_region
from micro.cell import Part
from micro.measure.clusters import clustered_ratio, few_objects
from micro.measure.counting import cut_weights, whole_weights
from micro.measure.filaments import (
    TWICED_STEP,
    Voxels,
    between_voxels,
    centred_paths,
    farthest_ends,
    follow,
    middle_near,
    path_length,
    smooth_path,
    thickness_along,
    wall_distance,
    way_from,
)
from micro.measure.inscribed import inscribed_radii
from micro.measure.intervals import value_interval
from micro.measure.objects import FILAMENTS
from micro.measure.protocol import Context
from micro.measure.results import Findings
from micro.measure.scene import ObjectView, Scene, map_objects
from micro.model import Measurement, Spacing

__all__ = ["PathShape", "measure_shapes", "shape_findings"]

STEEPEST_FOOT = 0.5
"""Least cosine between a root's direction and the normal for which the root is followed down to the interface."""

BOX_VOXELS = 2**25
"""An object in a larger box is looked at in coarser voxels: about 15 bytes a voxel of the box are needed."""

REACHED = 4 / 0.29
"""The middle of an end is looked for within 4 radii: half of a round filament lies within 0.29 radii of its wall."""

NEAR_END = 6.0
"""An isolated object's direction at its end is that of what lies within so many of its greatest radii."""

FACES = 3
"""How often the middle of an end is looked for from the one before."""

TRACE = 0.25
"""A trace's two edges lie half a voxel before the nearest centres beyond them, and its middle between voxels as often
as not: this much, in the finest edge, is taken off the distance from a voxel's centre."""

SMOOTHED = 2.0
"""The path is smoothed over its own mean radius, but over this many voxels at least."""


@dataclass(frozen=True, slots=True)
class PathShape:
    """What the path through one dendrite tells; lengths in um."""

    id: int
    length_um: float
    straight_um: float
    tortuosity: float
    angle_to_normal_deg: float
    thickness_mean_um: float
    thickness_min_um: float
    coarsened_by: int = 1


@dataclass(frozen=True)
class _Posed:
    """An object turned so that how it lay in the picture is forgotten: the normal's axis first, its sign up.

    Lengths are in the finest voxel edge. So the same object answers to the last bit whichever axes it had. ``walls``
    says beyond which sides of the box, lower and upper, nothing of the object lies; along the normal is the anode.
    """

    mask: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    anode: NDArray[np.bool_]
    heights: NDArray[np.float64]
    edges: tuple[float, float, float]
    direction: NDArray[np.float64]
    unit_um: float
    walls: NDArray[np.bool_]


def _heights(context: Context, view: ObjectView) -> NDArray[np.float64]:
    """Return the heights of the object's voxels, in raster order, plane by plane to spare memory."""
    assert context.plane is not None
    parts = []
    for k in range(view.mask.shape[0]):
        start = (view.start[0] + k, view.start[1], view.start[2])
        plane = view.mask[k : k + 1]
        if plane.any():
            parts.append(context.plane.heights_um(plane.shape, context.spacing, start)[plane])
    return np.concatenate(parts)


def _marks(context: Context, view: ObjectView, ratio: list[float]) -> list[tuple[bool, float, int, int, int]]:
    """Return what tells the axes of an object apart, whatever they are called; last how it leans along each."""
    assert context.normal is not None
    marks = []
    for axis in range(3):
        profile = np.count_nonzero(view.mask, axis=tuple(a for a in range(3) if a != axis)).astype(np.int64)
        index = np.arange(profile.size)
        lean = 2 * int((index * profile).sum()) - (profile.size - 1) * int(profile.sum())
        spread = int(((2 * index - profile.size + 1) ** 2 * profile).sum())
        marks.append((axis != context.normal.axis, ratio[axis], profile.size, spread, lean))
    return marks


def _pose(context: Context, view: ObjectView) -> _Posed:
    assert context.normal is not None
    assert context.plane is not None
    unit = min(edge for edge, n in zip(context.spacing.um, context.shape, strict=True) if n > 1)
    ratio = [1.0 if n == 1 else round(e / unit, 9) for e, n in zip(context.spacing.um, context.shape, strict=True)]
    marks = _marks(context, view, ratio)
    order = sorted(range(3), key=lambda axis: (*marks[axis][:4], abs(marks[axis][4])))
    turned = [context.normal.sign < 0 if a == context.normal.axis else marks[a][4] > 0 for a in order]
    flips = tuple(slice(None, None, -1 if back else None) for back in turned)

    def pose(array: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.ascontiguousarray(array.transpose(order)[flips])

    mask, anode = pose(view.mask), pose(view.parts & 127 == int(Part.ANODE))
    index = np.nonzero(view.mask)
    moved = [view.mask.shape[a] - 1 - index[a] if back else index[a] for a, back in zip(order, turned, strict=True)]
    rank = np.argsort(np.ravel_multi_index(tuple(moved), mask.shape))
    direction = np.array(context.plane.direction)[order] * np.where(turned, -1.0, 1.0)
    z, y, x = (ratio[axis] for axis in order)
    heights = _heights(context, view)[rank] / unit
    sides = _walls(context, view)
    walls = np.array([sides[a, ::-1] if back else sides[a] for a, back in zip(order, turned, strict=True)])
    return _Posed(mask, mask | anode, anode, heights, (z, y, x), direction, unit, walls)


def _walls(context: Context, view: ObjectView) -> NDArray[np.bool_]:
    """Return beyond which sides of the box, shape (3, 2), nothing of the object lies."""
    assert context.normal is not None
    stops = np.array(view.start) + view.mask.shape
    walls = np.stack([np.array(view.start) > 0, stops < np.array(context.shape)], axis=1)
    walls[context.normal.axis] = False
    return walls


def _beside(voxels: Voxels, other: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the nodes with a voxel of ``other`` among their 26 neighbours."""
    flat = np.pad(other, 1).ravel()
    steps, _ = voxels.neighbours()
    found = np.zeros(voxels.places.size, bool)
    for step in steps:
        found |= flat[voxels.places + step]
    return np.flatnonzero(found)


@dataclass(frozen=True)
class _Path:
    """Nodes from one end to the other, and where the ends lie between the voxels."""

    nodes: NDArray[np.int64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]


def _middle(
    nodes: NDArray[np.int64], begin: int, reach: float, points: NDArray[np.float64], edge: float
) -> tuple[int, NDArray[np.float64]]:
    """Return the node in the middle of some around one of them, and the middle itself where it lies beside a voxel."""
    number, centre = middle_near(points[nodes], begin, reach)
    node = int(nodes[number])
    return node, centre if np.linalg.norm(centre - points[node]) <= edge else points[node]


def _tip(posed: _Posed, points: NDArray[np.float64], wall: NDArray[np.float32]) -> tuple[int, NDArray[np.float64]]:
    """Return the middle of the voxels that lie within half a voxel of the deepest."""
    half = 0.5 * float(np.abs(posed.direction) @ np.array(posed.edges))
    top = posed.heights.max()
    deepest = np.flatnonzero(posed.heights >= top - half)
    begin = int(np.argmax(np.where(posed.heights[deepest] >= top - 1e-6, np.round(wall[deepest], 5), -1)))
    return _middle(deepest, begin, REACHED * float(np.median(wall)), points, max(posed.edges))


def _path_from_anode(posed: _Posed, voxels: Voxels, points: NDArray[np.float64], wall: NDArray[np.float32]) -> _Path:
    """Return the path from the middle of a root on the anode to the tip."""
    tip, last = _tip(posed, points, wall)
    onward, reached = centred_paths(voxels, wall, tip)
    roots = _beside(voxels, posed.anode)
    if not roots.size:
        roots = np.flatnonzero(posed.heights <= posed.heights.min() + max(posed.edges))
    begin = int(np.argmin(reached[roots]))
    radius = float(np.median(wall[follow(onward, int(roots[begin]))]))
    root, first = _middle(roots, begin, 4 * radius, points, max(posed.edges))
    return _Path(follow(onward, root), first, last)


def _face(
    posed: _Posed, points: NDArray[np.float64], wall: NDArray[np.float32], near: NDArray[np.bool_], begin: int
) -> tuple[int, NDArray[np.float64]]:
    """Return the middle of the face in which an object ends about the node ``begin``.

    Across the long axis of what lies ``near`` that end, within a voxel of the farthest: a flat face ends somewhere in
    the last voxel of each row.
    """
    local = points[near]
    centre = local.mean(axis=0)
    axis = np.linalg.eigh((local - centre).T @ (local - centre))[1][:, 2]
    along = (points - centre) @ (axis if (points[begin] - centre) @ axis > 0 else -axis)
    voxel = (1 - 1e-6) * float(np.abs(axis) @ np.array(posed.edges))
    face = np.flatnonzero(near & (along >= along[near].max() - voxel))
    place = int(np.argmax(np.round(wall[face], 5)))
    return _middle(face, place, REACHED * float(np.median(wall[near])), points, max(posed.edges))


def _path_end_to_end(posed: _Posed, voxels: Voxels, points: NDArray[np.float64], wall: NDArray[np.float32]) -> _Path:
    """Return the path through an isolated object from its shallower end to the other."""
    reach = NEAR_END * float(wall.max())
    ends = []
    for corner in farthest_ends(voxels, int(np.argmin(np.round(posed.heights, 6)))):
        node, middle = corner, points[corner]
        # Of two nodes as far apart as any, each is a corner of its end, and what lies near a corner leans to it.
        for _ in range(FACES):
            node, middle = _face(posed, points, wall, way_from(voxels, node) <= reach, node)
        ends.append((node, middle))
    (shallow, first), (deep, last) = sorted(ends, key=lambda end: round(float(posed.heights[end[0]]), 6))
    return _Path(follow(centred_paths(voxels, wall, deep)[0], shallow), first, last)


def _down_to_interface(smooth: NDArray[np.float64], height: float, posed: _Posed, sigma: float) -> NDArray[np.float64]:
    """Return the path with its foot on the reference interface, ``height`` below its first point."""
    if height <= 0:
        above = height + (smooth - smooth[0]) @ posed.direction > 0
        first = int(np.argmax(above)) if above.any() else 0
        return smooth[max(first - 1, 0) :]
    further = smooth[min(len(smooth) - 1, max(1, round(4 * sigma / TWICED_STEP)))] - smooth[0]
    far = float(np.linalg.norm(further))
    along = further / far if far > 0 else posed.direction
    if along @ posed.direction < STEEPEST_FOOT:
        along = posed.direction
    return np.vstack([smooth[0] - along * (height / (along @ posed.direction)), smooth])


def _measure_path(view: ObjectView, *, context: Context, joined: frozenset[int]) -> PathShape:
    """Find the path through one object and measure along it."""
    posed = _pose(context, view)
    own = view.id in joined
    voxels = Voxels.of(posed.mask, posed.edges)
    wall = wall_distance(posed.inside if own else posed.mask, posed.edges)[posed.mask]
    points = voxels.points(np.arange(voxels.places.size))
    path = (_path_from_anode if own else _path_end_to_end)(posed, voxels, points, wall)
    nodes = path.nodes if path.nodes.size > 1 else np.repeat(path.nodes, 2)
    middle = np.vstack([path.first, between_voxels(voxels, points, wall, nodes[1:-1]), path.last])
    places, inscribed = middle, np.empty(len(nodes))
    if context.is_2d:
        places, inscribed = points[nodes], wall[nodes].astype(np.float64) - TRACE
    else:
        # No farther from a wall than the node, and what lies between both.
        bounds = wall[nodes] + np.linalg.norm(middle - points[nodes], axis=1) + 1e-3
        inscribed_radii(posed.inside if own else posed.mask, middle, bounds, posed.edges, posed.walls, inscribed)
    radius = np.empty(len(nodes))
    thickness_along(places, inscribed, radius)
    sigma = max(SMOOTHED * max(posed.edges), float(radius.mean()))
    smooth = smooth_path(middle, sigma, TWICED_STEP)
    if own:
        height = float(posed.heights[nodes[0]] + (path.first - points[nodes[0]]) @ posed.direction)
        smooth = _down_to_interface(smooth, height, posed, sigma)
    length = path_length(smooth)
    chord = smooth[-1] - smooth[0]
    straight = float(np.linalg.norm(chord))
    cosine = abs(float(chord @ posed.direction)) / straight if straight > 0 else np.nan
    mean, least = _thicknesses(places, radius, both_ends=not own)
    return PathShape(
        view.id,
        length * posed.unit_um,
        straight * posed.unit_um,
        length / straight if straight > 0 else np.nan,
        float(np.degrees(np.arccos(min(cosine, 1.0)))),
        mean * posed.unit_um,
        least * posed.unit_um,
    )


def _thicknesses(path: NDArray[np.float64], radius: NDArray[np.float64], *, both_ends: bool) -> tuple[float, float]:
    """Return mean and least thickness along the path.

    The tip's last stretch of one thickness has no least; nor has the other end's, where that is free.
    """
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    weight = np.concatenate([steps, [0]]) + np.concatenate([[0], steps])
    thickness = np.maximum(2 * radius, 1.0)
    mean = float((thickness * weight).sum() / weight.sum()) if weight.sum() > 0 else float(thickness[0])
    along = np.concatenate([[0], np.cumsum(steps)])
    inner = thickness[(steps.sum() - along > mean) & ((along > mean) | (not both_ends))]
    return mean, float(inner.min()) if inner.size else float(thickness.max())


def measure_shapes(scene: Scene) -> list[PathShape]:
    """Return the shapes of all dendrites; those in boxes of more than `BOX_VOXELS` in coarser voxels."""
    context = scene.context
    if context.plane is None:
        return []
    joined = frozenset(int(i) for i in context.objects.ids_of(Part.DENDRITE))
    ids = np.flatnonzero(FILAMENTS[context.objects.classes & 7])
    boxes = np.prod((context.objects.stop - context.objects.start)[ids] + 2, axis=1)
    task = partial(_measure_path, context=context, joined=joined)
    stage = "dendrite paths"
    found = [one for one in map_objects(task, ids[boxes <= BOX_VOXELS], scene, stage=stage) if one is not None]
    coarse = partial(_measure_coarse, scene=scene, joined=joined)
    found += scene.engine.map(coarse, [int(i) for i in ids[boxes > BOX_VOXELS]], stage=stage)
    return sorted(found, key=lambda one: one.id)


def _measure_coarse(number: int, *, scene: Scene, joined: frozenset[int]) -> PathShape:
    """Measure an object in voxels of 2, 4, ... times the edge, each of which holds all that any of its own holds.

    So a thickness is longer by an edge less than the coarse one on average, which is taken off again.
    """
    context = scene.context
    low, high = scene.objects.start[number] - 1, scene.objects.stop[number] + 1
    factor = 2
    while np.prod(-(-(high - low) // factor) + 1) > BOX_VOXELS:
        factor *= 2
    by = [1 if n == 1 else factor for n in context.shape]
    view = _coarse_view(number, scene, by, low, high)
    z, y, x = (edge * f for edge, f in zip(context.spacing.um, by, strict=True))
    shape = [-(-n // f) for n, f in zip(context.shape, by, strict=True)]
    wide = replace(context, spacing=Spacing(z, y, x), shape=(shape[0], shape[1], shape[2]))
    found = _measure_path(view, context=wide, joined=joined)
    finest = min(edge for edge, n in zip(context.spacing.um, context.shape, strict=True) if n > 1)
    mean, least = (
        max(thick - (factor - 1) * finest, finest) for thick in (found.thickness_mean_um, found.thickness_min_um)
    )
    return replace(found, thickness_mean_um=mean, thickness_min_um=least, coarsened_by=factor)


def _coarse_view(
    number: int, scene: Scene, by: list[int], low: NDArray[np.int64], high: NDArray[np.int64]
) -> ObjectView:
    """Return the object in voxels ``by`` times as long, read a plane of them at a time."""
    first = [max(int(a) // f, 0) for a, f in zip(low, by, strict=True)]
    last = [-(-min(int(b), n) // f) for b, n, f in zip(high, scene.context.shape, by, strict=True)]
    shape = tuple(b - a for a, b in zip(first, last, strict=True))
    mask, anode = np.zeros(shape, bool), np.zeros(shape, bool)
    _, y, x = (slice(a * f, min(b * f, n)) for a, b, f, n in zip(first, last, by, scene.context.shape, strict=True))
    for k in range(shape[0]):
        z = slice((first[0] + k) * by[0], min((first[0] + k + 1) * by[0], scene.context.shape[0]))
        mask[k] = _any(read_region(scene.objects.ids, (z, y, x)) == number, by)
        anode[k] = _any(read_region(scene.cell.parts, (z, y, x)) & 127 == int(Part.ANODE), by)
    parts = np.where(anode & ~mask, np.uint8(Part.ANODE), np.uint8(Part.OTHER))
    return ObjectView(number, (first[0], first[1], first[2]), mask, parts)


def _any(piece: NDArray[np.bool_], by: list[int]) -> NDArray[np.bool_]:
    flat = piece.any(axis=0)
    rows = np.logical_or.reduceat(flat, np.arange(0, flat.shape[0], by[1]), axis=0)
    return np.logical_or.reduceat(rows, np.arange(0, flat.shape[1], by[2]), axis=1)


COLUMNS = [one.name for one in fields(PathShape) if one.name != "straight_um"]
COARSE = "{} of {} dendrites are large, and were followed in coarser voxels"
LEFT_OUT = "{} of {} cut by the picture: left out, and made up for"
ALL_CUT = "no interval: the picture cuts all of them, and each counts with what shows"
METRICS = (
    ("dendrite_length_mean", "um", "v2"),
    ("dendrite_thickness_mean", "um", "v3"),
    ("dendrite_tortuosity", "1", "v2"),
)


def shape_findings(context: Context, shapes: list[PathShape]) -> Findings:
    """Return the columns of the dendrites' table, and the means over the joined dendrites."""
    table = pd.DataFrame([[getattr(one, name) for name in COLUMNS] for one in shapes], columns=COLUMNS)
    joined = context.objects.ids_of(Part.DENDRITE)
    wanted = set(joined.tolist())
    return Findings(_rows(context, [one for one in shapes if one.id in wanted], len(joined)), {"dendrites": table})


def _rows(context: Context, shapes: list[PathShape], count: int) -> tuple[Measurement, ...]:
    rows = [Measurement(name, None, unit, f"{name}/{version}", roi="se_region") for name, unit, version in METRICS]
    if context.plane is None or not count:
        why = context.no_interface or "no joined dendrite"
        return tuple(replace(row, note=why, n=None if context.no_interface else 0) for row in rows)
    coarse = sum(one.coarsened_by > 1 for one in shapes)
    note = COARSE.format(coarse, count) if coarse else ""
    length, straight, thickness = (
        np.array([getattr(one, name) for one in shapes]) for name in ("length_um", "straight_um", "thickness_mean_um")
    )
    weight, told = _weights(context, shapes)
    whole = weight > 0
    lengths, ends, weight = length[whole] * weight[whole], straight[whole] * weight[whole], weight[whole]
    return (
        _mean_row(rows[0], lengths, weight, told, note),
        _mean_row(rows[1], thickness * length, length, note),
        _mean_row(rows[2], lengths, ends, told, note),
    )


def _weights(context: Context, shapes: list[PathShape]) -> tuple[NDArray[np.float64], str]:
    """Return what each dendrite counts for in a mean over whole ones, and a word on those that the border cuts.

    What shows of a cut one is shorter and straighter than it is: it counts nothing, and the whole ones count for those
    like them that are cut. Where all are cut, each counts with what shows.
    """
    ids = [one.id for one in shapes]
    start, stop = context.objects.start[ids], context.objects.stop[ids]
    cut = cut_weights(start, stop, context.shape, context.map_axes) < 1
    if cut.all():
        return np.ones(len(shapes)), ALL_CUT
    weight = np.where(cut, 0.0, whole_weights(stop - start, context.shape, context.map_axes))
    return weight, LEFT_OUT.format(np.count_nonzero(cut), len(cut)) if cut.any() else ""


def _mean_row(
    row: Measurement, numerator: NDArray[np.float64], weight: NDArray[np.float64], *notes: str
) -> Measurement:
    # No path is shorter than the straight one, and most are little longer: what is beyond 1 is skewed.
    least = 1.0 if row.metric == "dendrite_tortuosity" else 0.0
    value, spread = clustered_ratio(numerator, weight, least=least)
    row = replace(row, value=value, n=len(weight)).noted(*notes)
    interval = None if ALL_CUT in notes else value_interval(value, spread, least=least)
    if interval is None:
        return row if ALL_CUT in notes else row.noted(few_objects(len(weight), "dendrites"))
    return replace(row, ci_low=interval[0], ci_high=interval[1])
