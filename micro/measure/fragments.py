"""Electrolyte that metal encloses, as a section shows it.

In a volume every section is looked at that holds the normal, along both axes across it, so that a volume and a
micrograph are told apart by the same eye. A region enclosed in a section need not be enclosed in space: the bodies
that are stand in `micro.measure.enclosed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import cc3d
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Region, read_region
from micro.cell import Part
from micro.measure.counting import whole_weights
from micro.measure.objects import FILAMENTS
from micro.measure.scene import Scene
from micro.model import PhaseSet

__all__ = ["PIXELS_MIN", "Fragments", "find_fragments", "section_axes", "section_table"]

PIXELS_MIN = 9
"""A smaller region can't be told from a mislabelled pixel."""

SLAB_VOXELS = 2**24
"""About so many voxels are read at once."""

ROOTS = 32
"""Voxels below the lowest filament of a section that are looked at for what closes a region off: the anode."""

METAL = FILAMENTS | np.isin(np.arange(8), [Part.ANODE, Part.COUNTER])


@dataclass(frozen=True)
class Fragments:
    """Enclosed regions of electrolyte.

    Attributes
    ----------
    area_um2, height_um
        Of each region; the mean height of its pixels above the reference interface.
    enclosed_um2
        Area of all regions within each bin of height, from the reference interface on.
    boxes, centres
        Of a single section only: first pixels and those past the last, shape (regions, 2, 2), and centroids in pixels.
    """

    area_um2: NDArray[np.float64]
    height_um: NDArray[np.float64]
    enclosed_um2: NDArray[np.float64]
    boxes: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2, 2), np.int64))
    centres: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))

    @property
    def diameter_um(self) -> NDArray[np.float64]:
        """Diameter of the circle of the same area."""
        return np.asarray(2 * np.sqrt(self.area_um2 / np.pi))


def find_fragments(scene: Scene, *, bin_um: float) -> Fragments:
    """Return the regions of electrolyte that metal encloses in the sections that hold the normal.

    Enclosed: joined by edges of pixels, away from the border of the picture, without an unlabelled pixel. At least
    half of it is electrolyte (or interphase), it touches a dendrite, and lies above the reference interface.
    """
    context = scene.context
    tables = context.objects
    ids = np.flatnonzero(FILAMENTS[tables.classes & 7])
    found: list[Fragments] = []
    if context.normal is not None and ids.size:
        low, high = tables.start[ids].min(axis=0), tables.stop[ids].max(axis=0)
        box = _box(scene, low, high)
        for axis in section_axes(scene):
            task = partial(_sections, scene=scene, axis=axis, bin_um=bin_um)
            found += scene.engine.map(task, _slabs(box, axis), stage="fragments")
    return _merge(found)


def section_axes(scene: Scene) -> tuple[int, ...]:
    """Return the axes across which sections are cut: the two across the normal; of a single section its own."""
    return (0,) if scene.context.is_2d else scene.context.map_axes


def _merge(found: list[Fragments]) -> Fragments:
    enclosed = np.zeros(max((one.enclosed_um2.size for one in found), default=0))
    for one in found:
        enclosed[: one.enclosed_um2.size] += one.enclosed_um2
    none = np.zeros(0)
    areas, heights = ([getattr(one, name) for one in found] for name in ("area_um2", "height_um"))
    boxes = np.concatenate([np.zeros((0, 2, 2), np.int64), *(one.boxes for one in found)])
    centres = np.concatenate([np.zeros((0, 2)), *(one.centres for one in found)])
    return Fragments(np.concatenate([none, *areas]), np.concatenate([none, *heights]), enclosed, boxes, centres)


def _box(scene: Scene, low: NDArray[np.int64], high: NDArray[np.int64]) -> list[slice]:
    """Return the box that holds all dendrites, a voxel around them, and the picture down to the anode's side."""
    normal, shape = scene.context.normal, scene.context.shape
    assert normal is not None
    box = [slice(max(int(a) - 1, 0), min(int(b) + 1, n)) for a, b, n in zip(low, high, shape, strict=True)]
    along = box[normal.axis]
    whole = shape[normal.axis]
    box[normal.axis] = slice(0, along.stop) if normal.sign > 0 else slice(along.start, whole)
    return box


def _slabs(box: list[slice], axis: int) -> list[Region]:
    area = int(np.prod([one.stop - one.start for a, one in enumerate(box) if a != axis]))
    thick = max(1, SLAB_VOXELS // max(area, 1))
    out: list[Region] = []
    for begin in range(box[axis].start, box[axis].stop, thick):
        piece = list(box)
        piece[axis] = slice(begin, min(begin + thick, box[axis].stop))
        out.append((piece[0], piece[1], piece[2]))
    return out


def _sections(region: Region, *, scene: Scene, axis: int, bin_um: float) -> Fragments:
    """Return the enclosed regions in all sections of a slab."""
    parts = read_region(scene.cell.parts, region)
    places = np.nonzero(FILAMENTS[parts & 7])
    if not places[axis].size:
        return _merge([])
    labels = read_region(scene.cell.values, region)
    parts, labels = (np.moveaxis(array, axis, 0) for array in (parts, labels))
    found: list[Fragments] = []
    for number, window in _windows(places, axis, scene):
        corner = [region[axis].start + number, *(one.start for a, one in enumerate(region) if a != axis)]
        corner[1], corner[2] = corner[1] + window[0].start, corner[2] + window[1].start
        start = corner[1:]
        start.insert(axis, corner[0])
        found += _section(parts[number][window] & 7, labels[number][window], start, scene, axis, bin_um)
    return _merge(found)


def _windows(
    places: tuple[NDArray[np.int64], ...], axis: int, scene: Scene
) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Yield the sections with filaments, and the part of each that can hold an enclosed region.

    That is around its filaments (at ``places``), and down into the anode.
    """
    normal = scene.context.normal
    assert normal is not None
    rows = places[axis]
    sides = []
    for other in (a for a in range(3) if a != axis):
        low, high = np.full(rows.max() + 1, np.iinfo(np.int64).max), np.full(rows.max() + 1, -1)
        np.minimum.at(low, rows, places[other])
        np.maximum.at(high, rows, places[other])
        before, after = (ROOTS if other == normal.axis and normal.sign == side else 1 for side in (1, -1))
        sides.append((np.maximum(low - before, 0), high + 1 + after))
    (top, bottom), (left, right) = sides
    for number in np.unique(rows):
        yield int(number), (slice(int(top[number]), int(bottom[number])), slice(int(left[number]), int(right[number])))


def _section(
    own: NDArray[np.uint8], seen: NDArray[np.uint8], start: list[int], scene: Scene, axis: int, bin_um: float
) -> list[Fragments]:
    """Return the enclosed regions of one section, if it has any: ``own`` its parts, ``seen`` its labels."""
    context = scene.context
    assert context.plane is not None
    ids = cc3d.connected_components(np.ascontiguousarray(~METAL[own]), connectivity=4, out_dtype=np.uint32)
    wanted, pixels = _enclosed(ids, own, seen, context.phases)
    if not wanted.size:
        return []
    shape = list(own.shape)
    shape.insert(axis, 1)
    heights = context.plane.heights_um(tuple(shape), context.spacing, tuple(start)).squeeze(axis)
    mean = np.bincount(ids.ravel(), weights=heights.ravel(), minlength=pixels.size)[wanted] / pixels[wanted]
    wanted, mean = wanted[mean > 0], mean[mean > 0]
    pixel = float(np.prod([edge for a, edge in enumerate(context.spacing.um) if a != axis]))
    inside = np.isin(ids, wanted) & (heights > 0)
    enclosed = np.bincount(np.floor(heights[inside] / bin_um).astype(np.int64)).astype(np.float64) * pixel
    regions = Fragments(pixels[wanted].astype(np.float64) * pixel, mean, enclosed)
    return [_placed(regions, ids, wanted, start[1:]) if context.is_2d else regions]


def _placed(regions: Fragments, ids: NDArray[np.uint32], wanted: NDArray[np.int64], corner: list[int]) -> Fragments:
    """Return the regions of a section with where they lie in it; ``corner`` is the first pixel of ``ids``."""
    found = ndimage.find_objects(ids.astype(np.int32))
    boxes = np.array([[[one.start, one.stop] for one in found[number - 1]] for number in wanted], np.int64)
    centres = np.array(ndimage.center_of_mass(ids > 0, ids, wanted)).reshape(-1, 2)
    boxes = boxes.reshape(-1, 2, 2).transpose(0, 2, 1) + np.array(corner)
    return replace(regions, boxes=boxes, centres=centres + np.array(corner))


def section_table(scene: Scene, found: Fragments) -> pd.DataFrame:
    """Return one row an enclosed region of a single section, with the columns that a volume's fragments have.

    ``id``, ``area_um2``, box and centroid in um, ``equivalent_diameter_um`` (of the circle of the same area),
    ``depth_um`` (mean height), and ``weight``: how many like it there are for each that the section holds whole.
    """
    context = scene.context
    columns: dict[str, NDArray[np.generic]] = {"id": np.arange(1, len(found.area_um2) + 1), "area_um2": found.area_um2}
    for axis, (name, edge) in enumerate(zip("yx", context.spacing.um[1:], strict=True)):
        columns[f"start_{name}_um"] = found.boxes[:, 0, axis] * edge
        columns[f"stop_{name}_um"] = found.boxes[:, 1, axis] * edge
        columns[f"centroid_{name}_um"] = (found.centres[:, axis] + 0.5) * edge
    columns |= {"equivalent_diameter_um": found.diameter_um, "depth_um": found.height_um}
    extents = np.pad(found.boxes[:, 1] - found.boxes[:, 0], ((0, 0), (1, 0)))
    return pd.DataFrame({**columns, "weight": whole_weights(extents, context.shape, context.map_axes)})


def _enclosed(
    ids: NDArray[np.uint32], own: NDArray[np.uint8], seen: NDArray[np.uint8], phases: PhaseSet
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which regions are enclosed, and the pixels of all."""
    count = int(ids.max())
    closed = np.ones(count + 1, bool)
    closed[0] = False
    for side in (ids[0], ids[-1], ids[:, 0], ids[:, -1]):
        closed[side] = False
    if not closed.any():
        return np.zeros(0, np.int64), np.zeros(count + 1, np.int64)
    closed[ids[seen == 0]] = False
    closed &= _beside(ids, FILAMENTS[own], count)
    solid = phases.mask_table("electrolyte") | phases.mask_table("interphase")
    pixels = np.bincount(ids.ravel(), minlength=count + 1)
    within = np.bincount(ids[solid[seen]], minlength=count + 1)
    return np.flatnonzero(closed & (pixels >= PIXELS_MIN) & (2 * within >= pixels)), pixels


def _beside(ids: NDArray[np.uint32], filament: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Return for each region whether a pixel of a filament shares an edge with it."""
    found = np.zeros(count + 1, bool)
    found[ids[1:][filament[:-1]]] = True
    found[ids[:-1][filament[1:]]] = True
    found[ids[:, 1:][filament[:, :-1]]] = True
    found[ids[:, :-1][filament[:, 1:]]] = True
    return found
