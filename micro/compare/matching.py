"""Which objects of one label volume are found again in another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Done, Engine, Source, label_components
from micro.compare.groups import Group

__all__ = ["MatchedObjects", "match_objects"]

_UNKNOWN, _OTHER, _RELATED, _SAME = range(4)


@dataclass(frozen=True)
class MatchedObjects:
    """The objects of a phase in one volume, and how much of each carries that phase in the other.

    Attributes
    ----------
    voxels, compared
        Voxels of each object, and those of them that are labelled in the other volume.
    same, related
        Voxels that carry the phase there, and those that carry it or its parent phase (crack: void; dendrite: Li).
    centres
        Centroids in voxel indices, shape (objects, 3).
    share
        At least this much of the compared voxels makes an object found.
    """

    voxels: NDArray[np.int64]
    compared: NDArray[np.int64]
    same: NDArray[np.int64]
    related: NDArray[np.int64]
    centres: NDArray[np.float64]
    share: float

    @property
    def counted(self) -> NDArray[np.bool_]:
        """The objects of which at least one voxel is labelled in the other volume; the others are left out."""
        return self.compared > 0

    @property
    def found(self) -> NDArray[np.bool_]:
        """The objects of which at least ``share`` carries the phase in the other volume."""
        return self.counted & (self.same >= self.share * self.compared)

    @property
    def found_related(self) -> NDArray[np.bool_]:
        """The same when the parent phase counts too."""
        return self.counted & (self.related >= self.share * self.compared)


def _overlap(
    _: Block, ids: NDArray[np.uint32], other: NDArray[np.uint8], *, codes: NDArray[np.int64]
) -> Done[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    inside = ids > 0
    pairs = ids[inside].astype(np.int64) * 4 + codes[other[inside]]
    values, counts = np.unique(pairs, return_counts=True)
    return Done((values, counts.astype(np.int64)))


def match_objects(
    objects_in: Source, other: Source, group: Group, *, related: Group, share: float, engine: Engine
) -> MatchedObjects:
    """Match each object of ``objects_in`` with the voxels of ``other`` in its place.

    An object is a connected piece (26 neighbours; 8 in a section) of the group's values. It counts
    as found when at least ``share`` of its voxels carry one of these values in the other volume;
    voxels that are unlabelled there don't count. So a crack that is found in two pieces is one found
    object, and one piece that covers two cracks finds both.

    Parameters
    ----------
    objects_in, other
        uint8, of one shape (z, y, x): truth and labels for the recall, labels and truth for the precision.
    group
        The phase whose objects are matched.
    related
        Values that are nearly right: the phase and its parent.
    share
        From 0 to 1.
    engine
        Where the block tasks run; it never changes a result.

    Examples
    --------
    >>> truth = np.uint8([[[5, 5, 5, 5, 2, 5, 5]]])
    >>> labels = np.uint8([[[5, 5, 1, 2, 2, 1, 1]]])
    >>> crack, void = Group("crack", (5,)), Group("void with crack", (1, 5))
    >>> match = match_objects(truth, labels, crack, related=void, share=0.5, engine=Engine())
    >>> match.found.tolist(), match.found_related.tolist()
    ([True, False], [True, True])
    """
    found: Components = label_components(objects_in, engine=engine, table=group.table().astype(np.uint8))
    codes = np.full(256, _OTHER, np.int64)
    codes[0] = _UNKNOWN
    codes[list(related.values)] = _RELATED
    codes[list(group.values)] = _SAME
    counts = np.zeros((found.count + 1) * 4, np.int64)
    for values, voxels in engine.run(_overlap, [found.ids, other], stage="objects", constants={"codes": codes}):
        counts[values] += voxels
    table = counts.reshape(-1, 4)[1:]
    return MatchedObjects(
        voxels=found.voxels[1:],
        compared=table[:, _OTHER:].sum(axis=1),
        same=table[:, _SAME],
        related=table[:, _RELATED:].sum(axis=1),
        centres=found.centroids()[1:],
        share=share,
    )
