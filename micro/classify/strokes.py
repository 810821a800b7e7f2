"""Painted voxels: where they are, and how to keep some of them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, label_components

__all__ = ["Painted", "fold_of", "painted_voxels", "thin_out"]

MARGIN = 4.0
"""Voxels (of the finest axis) on either side of a cut through a stroke that are not used as a test."""


@dataclass(frozen=True)
class Painted:
    """Painted voxels of one picture, in raster order.

    Attributes
    ----------
    places
        Indices along z, y and x, shape (voxel, 3).
    values
        Label value of each.
    strokes
        Number of the stroke (connected voxels of one value) of each.
    """

    places: NDArray[np.int64]
    values: NDArray[np.uint8]
    strokes: NDArray[np.int64]

    def take(self, chosen: NDArray[Any]) -> Painted:
        """Return some of the voxels."""
        return Painted(self.places[chosen], self.values[chosen], self.strokes[chosen])


def _collect(block: Block, labels: NDArray[np.uint8], ids: NDArray[np.uint32]) -> Done[NDArray[np.int64]]:
    found = np.nonzero(labels)
    columns = [axis + start for axis, start in zip(found, block.start, strict=True)]
    return Done(np.stack([*columns, labels[found].astype(np.int64), ids[found].astype(np.int64)], axis=1))


def painted_voxels(labels: Source, engine: Engine) -> Painted:
    """Find the painted voxels of a picture.

    Examples
    --------
    >>> strokes = np.uint8([[[0, 2, 2, 0, 2], [1, 0, 0, 0, 0]]])
    >>> found = painted_voxels(strokes, Engine(block_shape=(1, 1, 2)))
    >>> found.values.tolist(), found.strokes.tolist()
    ([2, 2, 2, 1], [1, 1, 2, 3])
    """
    components = label_components(labels, engine=engine)
    parts = engine.run(_collect, [labels, components.ids], stage="strokes")
    rows = np.concatenate(parts)
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    return Painted(rows[:, :3], rows[:, 3].astype(np.uint8), rows[:, 4])


def thin_out(painted: Painted, most: int) -> Painted:
    """Keep at most ``most`` voxels of each value, evenly along the raster.

    Examples
    --------
    >>> painted = Painted(np.zeros((5, 3), np.int64), np.uint8([1, 1, 1, 1, 2]), np.ones(5, np.int64))
    >>> thin_out(painted, 2).values.tolist()
    [1, 1, 2]
    """
    keep = np.zeros(len(painted.values), bool)
    for value in np.unique(painted.values):
        own = np.flatnonzero(painted.values == value)
        keep[own[np.unique(np.arange(min(most, own.size)) * own.size // min(most, own.size))]] = True
    return painted.take(keep)


def fold_of(painted: Painted, folds: int, edges: tuple[float, float, float]) -> NDArray[np.int64]:
    """Put every painted voxel into one of some groups that are apart in space; -1 is used in no test.

    Whole strokes go to the group that has the fewest voxels of their phase so far. Where a phase has
    fewer strokes than groups, its longest strokes are cut across first, and the voxels beside a cut
    are -1.

    Parameters
    ----------
    painted
        Of `painted_voxels`.
    folds
        Number of groups.
    edges
        Voxel edges in finest voxels.

    Examples
    --------
    >>> places = np.stack([np.zeros(40, int), np.zeros(40, int), np.arange(40)], axis=1)
    >>> painted = Painted(places, np.ones(40, np.uint8), np.ones(40, np.int64))
    >>> np.unique(fold_of(painted, 2, (1, 1, 1)), return_counts=True)
    (array([-1,  0,  1]), array([ 8, 16, 16]))
    """
    fold = np.full(len(painted.values), -1, np.int64)
    for value in np.unique(painted.values):
        pieces = [
            np.flatnonzero((painted.strokes == stroke) & (painted.values == value))
            for stroke in np.unique(painted.strokes[painted.values == value])
        ]
        while len(pieces) < folds:
            longest = max(range(len(pieces)), key=lambda n: pieces[n].size)
            halves = _halves(pieces[longest], painted.places, edges)
            if min(half.size for half in halves) == 0:
                break
            pieces[longest : longest + 1] = halves
        filled = np.zeros(folds, np.int64)
        for piece in sorted(pieces, key=lambda piece: (-piece.size, int(piece[0]))):
            group = int(np.argmin(filled))
            fold[piece] = group
            filled[group] += piece.size
    return fold


def _halves(
    piece: NDArray[np.int64], places: NDArray[np.int64], edges: tuple[float, float, float]
) -> list[NDArray[np.int64]]:
    """Cut a stroke across its longest axis; the voxels beside the cut are in neither half."""
    scaled = places[piece] * np.asarray(edges)
    along = scaled[:, int(np.argmax(np.ptp(scaled, axis=0)))]
    middle = np.median(along)
    return [piece[along <= middle - MARGIN], piece[along >= middle + MARGIN]]
