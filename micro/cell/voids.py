"""Void told apart: gaps at the interface, cracks, and pores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Done, Engine, Source, kernel, label_components, looked_up
from micro.cell.body import ANODE
from micro.cell.cell import Normal, ReferencePlane
from micro.model import Spacing

__all__ = ["HANGING", "crack_like", "mark_gaps"]

STANDING, HANGING = 1, 2
"""Values of `mark_gaps`: void right above the anode, and void with something else between the two."""
_IN_BAND, _TOUCHES = 1, 2


@kernel
def _name_columns(
    void: NDArray[np.bool_],
    below: NDArray[np.bool_],
    above: NDArray[np.bool_],
    anode: NDArray[np.bool_],
    run_max: int,
    marks: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
) -> None:
    """Write marks and kinds of void; axis 0 leads from the anode into the electrolyte.

    ``below`` and ``above`` are what lies beyond the band on either side. A run is void not below the band, one after
    the other along axis 0.
    """
    length, height, width = void.shape
    runs = np.zeros((height, width), np.int32)
    for k in range(length):
        for j in range(height):
            for i in range(width):
                deep = void[k, j, i] & below[k, j, i]
                upper = void[k, j, i] & (not deep)
                begins = k > 0 and (anode[k - 1, j, i] or kinds[k - 1, j, i] == STANDING)
                kinds[k, j, i] = STANDING if deep or (upper and begins) else HANGING
                marks[k, j, i] = _IN_BAND if deep else 0
                if upper:
                    runs[j, i] += 1
                    continue
                if 0 < runs[j, i] <= run_max:
                    _mark_run(above, j, i, k - runs[j, i], k, marks)
                runs[j, i] = 0
    for j in range(height):
        for i in range(width):
            if 0 < runs[j, i] <= run_max:
                _mark_run(above, j, i, length - runs[j, i], length, marks)


@kernel
def _mark_run(above: NDArray[np.bool_], j: int, i: int, begin: int, end: int, marks: NDArray[np.uint8]) -> None:
    for k in range(begin, end):
        if not above[k, j, i]:
            marks[k, j, i] = _IN_BAND


@kernel
def _touch(anode: NDArray[np.bool_], below: NDArray[np.bool_], marks: NDArray[np.uint8]) -> None:
    """Mark the void of the band that has the anode beside it along an axis."""
    depth, height, width = anode.shape
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                if marks[k, j, i] == 0 or below[k, j, i]:
                    continue
                if (
                    (k > 0 and anode[k - 1, j, i])
                    or (k + 1 < depth and anode[k + 1, j, i])
                    or (j > 0 and anode[k, j - 1, i])
                    or (j + 1 < height and anode[k, j + 1, i])
                    or (i > 0 and anode[k, j, i - 1])
                    or (i + 1 < width and anode[k, j, i + 1])
                ):
                    marks[k, j, i] += 1


def _mark(
    block: Block,
    labels: NDArray[np.uint8],
    bodies: NDArray[np.uint8],
    *,
    void: int,
    plane: ReferencePlane,
    normal: Normal,
    band_um: float,
    run_max: int,
    spacing: Spacing,
) -> Done[None]:
    """Mark void in the band whose run along the normal is short, where it touches the anode body, and where not.

    Void below the band goes with it, however deep: stripping carved it.
    """
    empty = labels == void
    above = plane.above(labels.shape, spacing, block.outer_start, than_um=band_um) if empty.any() else None
    if above is None or above.all():
        none = np.zeros(labels[block.inner].shape, np.uint8)
        return Done(None, (none, none))
    above = np.ascontiguousarray(above)
    below = np.ascontiguousarray(plane.below(labels.shape, spacing, block.outer_start, than_um=-band_um))
    anode = bodies == ANODE
    marks, kinds = np.empty(labels.shape, np.uint8), np.empty(labels.shape, np.uint8)
    void_columns, below_columns, above_columns, anode_columns = (
        np.moveaxis(array, normal.axis, 0)[:: normal.sign] for array in (empty, below, above, anode)
    )
    written = [np.moveaxis(array, normal.axis, 0)[:: normal.sign] for array in (marks, kinds)]
    _name_columns(void_columns, below_columns, above_columns, anode_columns, run_max, written[0], written[1])
    _touch(anode, below, marks)
    return Done(None, (marks[block.inner], kinds[block.inner]))


def _write(_: Block, ids: NDArray[np.uint32], kinds: NDArray[np.uint8], *, chosen: NDArray[np.bool_]) -> Done[None]:
    return Done(None, (looked_up(ids, chosen).view(np.uint8) * kinds,))


def mark_gaps(
    labels: Source,
    bodies: Source,
    plane: ReferencePlane,
    normal: Normal,
    *,
    void: int,
    band_um: float,
    spacing: Spacing,
    engine: Engine,
) -> Any:  # noqa: ANN401
    """Return the gaps: void in the band that touches the anode body, connected inside the band or below it.

    A void that stripping carved into the metal is a gap as a whole, however deep. Void whose run
    along the normal is longer than the band is high leaves the band: it is the foot of a crack, which
    stays whole, and no gap. The uint8 array holds 0, `STANDING` or `HANGING`.

    Parameters
    ----------
    labels
        uint8 labels.
    bodies
        `Bodies.mask`, or any mask with `ANODE` where the anode is.
    void
        Label value of void.
    band_um
        Half height of the band about the interface; below it void counts where it joins void in the band.
    """
    from micro.cell.dendrites import components_holding

    z, y, x = labels.shape
    marks, kinds = (engine.array((z, y, x), np.uint8) for _ in range(2))
    run_max = max(1, round(1.5 * band_um / spacing.um[normal.axis]))
    reach = [1 if length > 1 else 0 for length in (z, y, x)]
    reach[normal.axis] = run_max + 1
    constants = {
        "void": void,
        "plane": plane,
        "normal": normal,
        "band_um": band_um,
        "run_max": run_max,
        "spacing": spacing,
    }
    halo = (reach[0], reach[1], reach[2])
    engine.run(_mark, [labels, bodies], outputs=[marks, kinds], halo=halo, stage="gaps", constants=constants)
    found = label_components(marks, engine=engine, table=(np.arange(256) > 0).astype(np.uint8))
    chosen = components_holding(found, marks, _TOUCHES, engine)
    out = engine.array((z, y, x), np.uint8)
    engine.run(_write, [found.ids, kinds], outputs=[out], stage="gaps", constants={"chosen": chosen})
    return out


@kernel
def _faces(
    ids: NDArray[np.uint32],
    low: tuple[int, int, int],
    high: tuple[int, int, int],
    slots: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the objects of a block's core, and their faces along z, y and x towards voxels that are not their own.

    ``ids`` has one voxel more on every side of the core that is not the picture's border, which has no faces.
    ``slots`` holds a zero for every object.
    """
    depth, height, width = ids.shape
    used = 0
    for k in range(low[0], high[0]):
        for j in range(low[1], high[1]):
            for i in range(low[2], high[2]):
                if ids[k, j, i] != 0 and slots[ids[k, j, i]] == 0:
                    used += 1
                    slots[ids[k, j, i]] = used
    present, faces = np.zeros(used, np.int64), np.zeros((used, 3), np.int64)
    for k in range(low[0], high[0]):
        for j in range(low[1], high[1]):
            for i in range(low[2], high[2]):
                own = ids[k, j, i]
                if own == 0:
                    continue
                row = slots[own] - 1
                present[row] = own
                if k > 0:
                    faces[row, 0] += ids[k - 1, j, i] != own
                if k < depth - 1:
                    faces[row, 0] += ids[k + 1, j, i] != own
                if j > 0:
                    faces[row, 1] += ids[k, j - 1, i] != own
                if j < height - 1:
                    faces[row, 1] += ids[k, j + 1, i] != own
                if i > 0:
                    faces[row, 2] += ids[k, j, i - 1] != own
                if i < width - 1:
                    faces[row, 2] += ids[k, j, i + 1] != own
    return present, faces


def _count_faces(
    block: Block, ids: NDArray[np.uint32], *, count: int
) -> Done[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    z, y, x = block.inner
    low, high = (z.start, y.start, x.start), (z.stop, y.stop, x.stop)
    return Done(_faces(ids, low, high, np.zeros(count + 1, np.int32)))


def object_areas_um2(found: Components, spacing: Spacing, engine: Engine) -> NDArray[np.float64]:
    """Return the area of each component's voxel faces along z, y and x in um2, shape (count + 1, 3).

    The picture's border has no faces, and neither has the axis of one voxel of a section.
    """
    faces = np.zeros((found.count + 1, 3), np.int64)
    for present, counts in engine.run(
        _count_faces, [found.ids], halo=(1, 1, 1), stage="objects", constants={"count": found.count}
    ):
        faces[present] += counts
    shape = found.ids.shape
    areas = np.array([area if length > 1 else 0.0 for area, length in zip(spacing.face_areas_um2, shape, strict=True)])
    return np.asarray(faces * areas)


def crack_like(
    found: Components,
    *,
    spacing: Spacing,
    thickness_max_um: float,
    extent_min_um: float,
    aspect_min: float,
    planarity_max: float = 1.0,
    branching_max: float = 3.0,
    engine: Engine,
) -> NDArray[np.bool_]:
    """Tell which components are sheets: thin and flat for their extent (in a 2-D picture: traces).

    The thickness is the lower of two, each of which is right for one form and too high for the other. Of a
    body whose surface points every way it is three times the volume over the area of the voxel faces (in
    2-D 8/pi times the area over the length of the pixel edges). A flat sheet of area S with the normal n
    has faces of 2 S times each component of n: it is twice the volume over the root of the sum of their
    squares, whichever way the sheet lies.
    The extent is that of a box with the same second moments: the second longest in 3-D, since a
    sheet is extended in two directions and a tube in one; the longest in 2-D. The planarity is the
    least extent over the second: a network of small pores is as thin as a crack, but as high as wide.
    The branching is the volume over extent times thickness (3-D: over both extents times thickness),
    about 1 for a straight crack, 2 for two that cross, and many for a network.
    """
    volumes = found.voxels * spacing.voxel_volume_um3
    areas = object_areas_um2(found, spacing, engine)
    flat = found.ids.shape[0] == 1
    bent, straight = areas.sum(axis=1) / (8 / np.pi if flat else 3.0), np.linalg.norm(areas, axis=1) / 2
    thickness = np.divide(volumes, np.maximum(bent, straight), out=np.zeros_like(volumes), where=bent > 0)
    edges = np.asarray(spacing.um)
    moments = found.covariances() * edges[:, None] * edges[None, :]
    if flat:
        moments = moments[:, 1:, 1:]
    extents = np.sqrt(12 * np.maximum(np.linalg.eigvalsh(moments), 0))
    extent = extents[:, -1] if flat else extents[:, -2]
    chosen = (thickness <= thickness_max_um) & (extent >= extent_min_um) & (extent >= aspect_min * thickness)
    if not flat:
        chosen &= extents[:, 0] <= planarity_max * extents[:, 1]
    unbranched = thickness * extents[:, -1] * (spacing.z if flat else extents[:, -2])
    chosen &= volumes <= branching_max * unbranched
    chosen[0] = False
    return np.asarray(chosen)
