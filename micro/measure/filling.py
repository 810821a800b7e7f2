"""Metal in a crack: the metal that goes on where the crack's void ends, in the same sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape, box_of
from micro.cell import Part
from micro.measure.aperture_kernels import chords_along
from micro.measure.outline import mean_plane
from micro.measure.scene import ObjectView

__all__ = ["Runs", "filling_of", "union_voxels"]

METAL = (int(Part.DENDRITE), int(Part.ISOLATED))
OF_METAL = np.isin(np.arange(256) & 127, METAL).astype(np.uint8)


@dataclass(frozen=True)
class Runs:
    """Voxels of a picture as runs [start, stop) along x, by their number in raster order."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    @property
    def voxels(self) -> int:
        """How many voxels the runs hold."""
        return int((self.stop - self.start).sum())


def filling_of(view: ObjectView, *, aperture_um: float, edges_um: tuple[float, float, float], shape: Shape) -> Runs:
    """Return the metal that fills a crack.

    Metal of dendrites, joined or isolated, counts where it lies within the crack's sheet (half an aperture,
    a voxel and twice the sheet's own bend from its mean plane), where it is no thicker than the sheet (twice
    the aperture and two voxels, along the sheet's normal), and where such metal joins the crack's void (by
    faces, edges or corners). A dendrite that only crosses the crack is thicker and does not count.

    Parameters
    ----------
    view
        The crack, with as much around it as shall be looked at.
    aperture_um
        Its mean aperture.
    edges_um, shape
        Voxel edges and voxels of the whole picture.
    """
    box = box_of(view.parts, OF_METAL)
    if box is None:
        return _runs_of(np.zeros((0, 0, 0), bool), view.start, shape)
    plane = mean_plane(view.mask, edges_um)
    normal, edges = plane.axes[0], np.array(edges_um)
    edge = float(np.linalg.norm(normal * edges))
    bend = math.sqrt(max(plane.thickness_um**2 - aperture_um**2, 0.0) / 12)
    where = np.argwhere(OF_METAL[view.parts[box]]) + np.array([span.start for span in box])
    heights = np.abs(((where + 0.5) * edges - plane.centre) @ normal)
    where = where[heights <= aperture_um / 2 + edge + 2 * bend]
    chords, limit = np.zeros(len(where)), 2 * (aperture_um + edge)
    direction = (float(normal[0]), float(normal[1]), float(normal[2]))
    sheet = np.ascontiguousarray(view.mask | (OF_METAL[view.parts] > 0), np.uint8)
    chords_along(sheet, where.astype(np.int64), direction, edges_um, limit, chords)
    return _joined(view, where[chords <= limit], shape)


def _joined(view: ObjectView, where: NDArray[np.int64], shape: Shape) -> Runs:
    """Return those of the voxels that join the crack's void, over voxels of either."""
    held = box_of(view.mask.view(np.uint8), np.arange(256, dtype=np.uint8))
    if held is None or not where.size:
        return _runs_of(np.zeros((0, 0, 0), bool), view.start, shape)
    low = np.minimum(where.min(axis=0), [span.start for span in held])
    high = np.maximum(where.max(axis=0) + 1, [span.stop for span in held])
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    mask = view.mask[z, y, x]
    candidates = np.zeros(mask.shape, bool)
    candidates[tuple((where - low).T)] = True
    labels = cc3d.connected_components(candidates | mask, connectivity=26)
    joins = np.zeros(int(labels.max()) + 1, bool)
    joins[np.unique(labels[mask])] = True
    candidates &= joins[labels]
    start = (view.start[0] + z.start, view.start[1] + y.start, view.start[2] + x.start)
    return _runs_of(candidates, start, shape)


def _runs_of(mask: NDArray[np.bool_], start: Shape, shape: Shape) -> Runs:
    edges = np.diff(np.pad(mask, ((0, 0), (0, 0), (1, 1))).astype(np.int8), axis=2)
    ends = []
    for sign in (1, -1):
        z, y, x = np.nonzero(edges == sign)
        ends.append(((z + start[0]) * shape[1] + y + start[1]) * shape[2] + x + start[2])
    return Runs(ends[0].astype(np.int64), ends[1].astype(np.int64))


def union_voxels(found: list[Runs]) -> int:
    """Return how many voxels lie in at least one of the runs.

    Examples
    --------
    >>> union_voxels([Runs(np.array([0, 10]), np.array([5, 12])), Runs(np.array([3]), np.array([8]))])
    10
    """
    start = np.concatenate([np.zeros(0, np.int64), *(one.start for one in found)])
    stop = np.concatenate([np.zeros(0, np.int64), *(one.stop for one in found)])
    order = np.argsort(start, kind="stable")
    reached = np.concatenate([[-1], np.maximum.accumulate(stop[order])[:-1]]) if order.size else stop
    return int(np.maximum(stop[order] - np.maximum(start[order], reached), 0).sum())
