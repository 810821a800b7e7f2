"""What a person does with a tool, as an edit: the place and the settings in, the edit out. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Region, Shape, read_region
from micro.correct.array import CorrectedArray
from micro.correct.brush import Point, painted, stamp
from micro.correct.fill import connected, holes_filled, smoothed
from micro.correct.interpolate import between
from micro.correct.objects import object_at
from micro.correct.patch import Edit, Patch
from micro.correct.session import Correction
from micro.errors import ImageContentError, ParameterError
from micro.model import Spacing

__all__ = ["Pen", "brush_edit", "fill_edit", "holes_edit", "interpolate_edit", "relabel_edit", "smooth_edit"]

FILL_REACH = 96
"""A fill in three dimensions reaches so many voxels from the point that was clicked along each axis."""
_MARGIN = 8
SLAB_VOXELS = 2**22
"""A box is smoothed in slabs of about so many voxels."""
MOST_VOXELS = 2**28
"""More voxels in a box would not stay in memory beside what they become."""


@dataclass(frozen=True, slots=True)
class Pen:
    """What a tool writes, and where.

    Parameters
    ----------
    value
        The label; 0 erases to unlabelled.
    only
        Change only voxels that have one of these labels; empty: all.
    across
        Axis across the slice that is shown: the tool does not leave the slice. None: three dimensions.
    """

    value: int
    only: tuple[int, ...] = ()
    across: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON types, for the journal."""
        plane = "zyx".replace("zyx"[self.across], "") if self.across is not None else "3-D"
        return {"value": self.value, **({"only": list(self.only)} if self.only else {}), "in": plane}


def brush_edit(correction: Correction, points: Sequence[Point], radius_um: float, pen: Pen) -> Edit | None:
    """Return what a brush does on a path; None where the path lies outside of the labels. See `stamp`."""
    under = stamp(points, radius_um, correction.automatic.spacing, correction.shape, across=pen.across)
    if under is None:
        return None
    values = painted(correction.read(under.region), under.mask, pen.value, only=pen.only)
    tool = "paint" if pen.value else "erase"
    return Edit(tool, [Patch(under.start, values)], {**pen.as_dict(), "radius_um": round(radius_um, 6)})


def fill_edit(correction: Correction, point: Shape, pen: Pen) -> tuple[Edit, bool]:
    """Return what filling the region of one label does, and whether it was stopped at the bounds.

    In a slice all of the slice is looked at; in three dimensions a box of 96 voxels to each side of the point.

    Raises
    ------
    ParameterError
        If the point lies outside, or its label is not among those that may be changed.
    """
    spans = []
    for axis, (at, length) in enumerate(zip(point, correction.shape, strict=True)):
        _inside(at, length, point, correction.shape)
        if pen.across is None:
            spans.append(slice(max(0, at - FILL_REACH), min(length, at + FILL_REACH + 1)))
        else:
            spans.append(slice(at, at + 1) if axis == pen.across else slice(0, length))
    region = (spans[0], spans[1], spans[2])
    values = correction.read(region)
    seed = (point[0] - spans[0].start, point[1] - spans[1].start, point[2] - spans[2].start)
    _may_change(correction, int(values[seed]), pen)
    mask = connected(values, seed)
    bounds = pen.across is None and any(
        (span.start > 0 and mask.take(0, axis).any()) or (span.stop < length and mask.take(-1, axis).any())
        for axis, (span, length) in enumerate(zip(region, correction.shape, strict=True))
    )
    values[mask] = pen.value
    start = (spans[0].start, spans[1].start, spans[2].start)
    return Edit("fill", [Patch(start, values)], {**pen.as_dict(), "at": list(point)}), bool(bounds)


def relabel_edit(
    correction: Correction, point: Shape, pen: Pen, *, progress: Callable[[int], None] | None = None
) -> tuple[Edit, int]:
    """Return what giving the whole object at ``point`` another label does, and how many voxels the object has.

    The object is found in three dimensions, however large it is: see `object_at`.

    Raises
    ------
    ParameterError
        If the point lies outside, or the object's label is not among those that may be changed.
    """
    source = CorrectedArray(correction)
    _may_change(correction, int(source[point]), pen)
    found = object_at(source, point, progress=progress)
    parameters = {**pen.as_dict(), "in": "3-D", "at": list(point)}
    return Edit("relabel", found.patches(source, pen.value), parameters), found.voxels


def smooth_edit(
    correction: Correction,
    region: Region,
    radius_um: float,
    pen: Pen,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Edit:
    """Return what smoothing the outline of a phase in a box does, slab by slab. See `smoothed`.

    ``progress`` is called before each slab with how many are done, and how many there are; it may end the work.

    Raises
    ------
    ParameterError
        If the box has more than 2^28 voxels.
    """
    _require_size(region, "smoothed")
    patches = []
    slabs = list(_slabs(region, pen.across or 0))
    for number, slab in enumerate(slabs):
        if progress is not None:
            progress(number, len(slabs))
        patches.append(Patch(_start(slab), _smooth_slab(correction, slab, radius_um, pen)))
    parameters = {**pen.as_dict(), "radius_um": round(radius_um, 6), "box": _as_list(region)}
    return Edit("smooth", patches, parameters)


def _smooth_slab(correction: Correction, region: Region, radius_um: float, pen: Pen) -> NDArray[np.uint8]:
    wide = _widened(correction, region, radius_um)
    values = correction.read(wide)

    def smooth(stack: NDArray[np.uint8], edges: Spacing) -> NDArray[np.uint8]:
        return smoothed(stack, pen.value, radius_um, edges, by_slice=pen.across is not None)

    new = _in_slices(values, correction.automatic.spacing, pen.across, smooth)
    if pen.only:
        new = np.where((values == pen.value) | np.isin(values, pen.only), new, values)
    inner = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(region, wide, strict=True))
    return np.ascontiguousarray(new[inner])


def holes_edit(correction: Correction, region: Region, pen: Pen) -> Edit:
    """Return what filling the holes of a phase in a box does. See `holes_filled`.

    Raises
    ------
    ParameterError
        If the box has more than 2^28 voxels.
    """
    _require_size(region, "filled")
    values = correction.read(region)

    def holes(stack: NDArray[np.uint8], _: Spacing) -> NDArray[np.bool_]:
        return holes_filled(stack, pen.value, by_slice=pen.across is not None)

    mask = _in_slices(values, correction.automatic.spacing, pen.across, holes)
    new = painted(values, mask, pen.value, only=pen.only)
    return Edit("fill holes", [Patch(_start(region), new)], {**pen.as_dict(), "box": _as_list(region)})


def interpolate_edit(correction: Correction, first: int, last: int, pen: Pen) -> Edit:
    """Return what carrying a region over from one corrected slice to another does. See `between`.

    The region is what has the pen's label in the slice and had another one in the automatic labels: what was drawn
    there by hand. Between, voxels get the label; none is taken away.

    Parameters
    ----------
    correction
        The labels.
    first, last
        The slices, along the pen's ``across``.
    pen
        Its ``across`` must say which slices are meant.

    Raises
    ------
    ParameterError
        If the slices are not two that have others between them.
    ImageContentError
        If nothing was drawn in one of them.
    """
    across = 0 if pen.across is None else pen.across
    first, last = sorted((first, last))
    if first < 0 or last >= correction.shape[across] or last - first < 2:
        raise ParameterError(
            f"slices {first} and {last} of {correction.shape[across]}; expected two with others between them"
        )
    ends = [_drawn(correction, number, across, pen.value) for number in (first, last)]
    phase = correction.automatic.phases.name_of(pen.value) if pen.value else "unlabelled"
    for number, end in zip((first, last), ends, strict=True):
        if not end.any():
            raise ImageContentError(f"no {phase} was drawn by hand in slice {number}; draw the region there first")
    rows, columns = _box_of(ends)
    edges = [edge for axis, edge in enumerate(correction.automatic.spacing.um) if axis != across]
    masks = between(ends[0][rows, columns], ends[1][rows, columns], last - first - 1, (edges[0], edges[1]))

    def patches() -> Iterator[Patch]:
        for number, mask in enumerate(masks, start=first + 1):
            region = _plane(number, across, rows, columns)
            new = painted(correction.read(region), np.expand_dims(mask, across), pen.value, only=pen.only)
            yield Patch(_start(region), new)

    return Edit("interpolate", patches(), {**pen.as_dict(), "slices": [first, last], "across": "zyx"[across]})


def _drawn(correction: Correction, number: int, across: int, value: int) -> NDArray[np.bool_]:
    """Return what of a slice has a label by hand."""
    others = [length for axis, length in enumerate(correction.shape) if axis != across]
    region = _plane(number, across, slice(0, others[0]), slice(0, others[1]))
    now, was = correction.read(region), read_region(correction.automatic.data, region)
    found: NDArray[np.bool_] = np.take((now == value) & (was != value), 0, axis=across)
    return found


def _plane(number: int, across: int, rows: slice, columns: slice) -> Region:
    spans = [rows, columns]
    spans.insert(across, slice(number, number + 1))
    return (spans[0], spans[1], spans[2])


def _box_of(ends: Sequence[NDArray[np.bool_]]) -> tuple[slice, slice]:
    """Return the box around two masks, with room for their outlines and for the way from one to the other."""
    mask = ends[0] | ends[1]
    ways = np.abs(np.argwhere(ends[0]).mean(axis=0) - np.argwhere(ends[1]).mean(axis=0))
    spans = []
    for axis, length in enumerate(mask.shape):
        hit, room = np.flatnonzero(mask.any(axis=1 - axis)), int(np.ceil(ways[axis])) + _MARGIN
        spans.append(slice(max(0, int(hit[0]) - room), min(length, int(hit[-1]) + 1 + room)))
    return spans[0], spans[1]


def _in_slices(
    values: NDArray[np.uint8],
    spacing: Spacing,
    across: int | None,
    work: Callable[[NDArray[np.uint8], Spacing], NDArray[Any]],
) -> NDArray[Any]:
    """Do ``work`` with the slices along the first axis."""
    axis = across or 0
    order = (axis, *(other for other in range(3) if other != axis))
    found = work(np.ascontiguousarray(values.transpose(order)), spacing.permuted((order[0], order[1], order[2])))
    return np.ascontiguousarray(found.transpose(np.argsort(order)))


def _slabs(region: Region, axis: int) -> Iterator[Region]:
    """Give the box in slabs across an axis."""
    others = [span.stop - span.start for n, span in enumerate(region) if n != axis]
    thick = max(1, SLAB_VOXELS // (others[0] * others[1]))
    for start in range(region[axis].start, region[axis].stop, thick):
        spans = list(region)
        spans[axis] = slice(start, min(start + thick, region[axis].stop))
        yield (spans[0], spans[1], spans[2])


def _require_size(region: Region, done: str) -> None:
    voxels = [span.stop - span.start for span in region]
    if voxels[0] * voxels[1] * voxels[2] > MOST_VOXELS:
        raise ParameterError(
            f"a box of {voxels[0]} x {voxels[1]} x {voxels[2]} voxels can't be {done} at once; expected up to 2^28: "
            "select a smaller box, or fewer slices to each side"
        )


def _widened(correction: Correction, region: Region, radius_um: float) -> Region:
    """Return the region with three radii to each side, as far as there are voxels."""
    spans = []
    for span, edge, length in zip(region, correction.automatic.spacing.um, correction.shape, strict=True):
        reach = int(np.ceil(3 * radius_um / edge)) + 1
        spans.append(slice(max(0, span.start - reach), min(length, span.stop + reach)))
    return (spans[0], spans[1], spans[2])


def _may_change(correction: Correction, value: int, pen: Pen) -> None:
    if pen.only and value not in pen.only:
        phases = correction.automatic.phases
        names = " or ".join(phases.name_of(one) if one else "unlabelled" for one in pen.only)
        found = phases.name_of(value) if value else "unlabelled"
        raise ParameterError(f"this is {found}; only {names} may be changed: click there, or allow all phases")


def _inside(at: int, length: int, point: Shape, shape: Shape) -> None:
    if not 0 <= at < length:
        raise ParameterError(f"the point {point} lies outside of labels of shape {shape}")


def _start(region: Region) -> Shape:
    return (region[0].start, region[1].start, region[2].start)


def _as_list(region: Region) -> list[list[int]]:
    return [[span.start, span.stop] for span in region]
