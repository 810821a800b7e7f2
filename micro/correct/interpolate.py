"""A region between two slices in which it was drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csgraph

from micro.blocks import distance_um
from micro.errors import ImageContentError, ParameterError

__all__ = ["between"]

FAR = 2.0
"""Pieces whose centroids are further apart than so many times the sum of their radii don't belong together."""

Mask = NDArray[np.bool_]
Ids = NDArray[np.signedinteger[Any]]


def between(
    first: NDArray[np.bool_], last: NDArray[np.bool_], count: int, edges_um: tuple[float, float]
) -> NDArray[np.bool_]:
    """Return the ``count`` slices between two, in which a region goes over from the form of one to that of the other.

    Shape-based interpolation (Raya & Udupa, IEEE Trans. Med. Imaging 9 (1990) 32): the signed distances from the two
    outlines are mixed, and the region is where the mixture is inside. Before, both are moved to where a straight line
    between their centroids passes that slice, so that a region that runs aslant does not vanish on the way. At the
    border of the picture the region goes on.

    Each piece goes over into its own partner: pieces that overlap belong together, also where one splits into several,
    which are then mixed where they lie; of the others those whose centroids are nearest to one another, unless they are
    further apart than `FAR` times the sum of their radii. A piece without a partner ends in its slice.

    Parameters
    ----------
    first, last
        The region in the two slices, shape (y, x); not empty.
    count
        Slices between them.
    edges_um
        Pixel edges along y and x.

    Returns
    -------
    Shape (count, y, x).

    Raises
    ------
    ImageContentError
        If there is no region in one of the slices.
    ParameterError
        If no slice lies between, or the shapes differ.

    Examples
    --------
    >>> small, large = np.zeros((2, 1, 9), bool)
    >>> small[0, 3:6] = large[0, 1:8] = True
    >>> between(small, large, 1, (1.0, 1.0)).astype(int).tolist()
    [[[0, 0, 1, 1, 1, 1, 1, 0, 0]]]
    """
    if count < 1 or first.shape != last.shape:
        raise ParameterError(
            f"{count} slices between slices of shape {first.shape} and {last.shape}; expected one or more, of one shape"
        )
    if not (first.any() and last.any()):
        raise ImageContentError("no region in one of the two slices; expected one in each, draw it there first")
    pairs = _partners(first, last, edges_um)
    if not pairs:
        raise ImageContentError(
            "no region of one slice has a partner in the other: they lie far apart; draw one in a slice between them"
        )
    out = np.zeros((count, *first.shape), bool)
    for one, other, move in pairs:
        box = _box(one | other)
        out[(slice(None), *box)] |= _mixed(one[box], other[box], count, edges_um, move=move)
    return out


def _mixed(first: Mask, last: Mask, count: int, edges_um: tuple[float, float], *, move: bool) -> NDArray[np.bool_]:
    """Return the slices between two forms of one region."""
    ends = [_signed_distance(mask, edges_um) for mask in (first, last)]
    middles = [np.argwhere(mask).mean(axis=0) for mask in (first, last)]
    tie_um = 1e-6 * min(edges_um)  # what lies on the outline is outside, however sums were rounded
    out = np.empty((count, *first.shape), bool)
    for number in range(count):
        share = (number + 1) / (count + 1)
        middle = (1 - share) * middles[0] + share * middles[1]
        moved = [
            ndimage.shift(end, middle - own, order=1, mode="nearest") if move else end
            for end, own in zip(ends, middles, strict=True)
        ]
        out[number] = (1 - share) * moved[0] + share * moved[1] > tie_um
    return out


def _box(mask: Mask) -> tuple[slice, slice]:
    """Return the box of a region with two pixels around it, as far as the picture goes."""
    spans = []
    for axis, length in enumerate(mask.shape):
        seen = np.flatnonzero(mask.any(axis=1 - axis))
        spans.append(slice(max(int(seen[0]) - 2, 0), min(int(seen[-1]) + 3, length)))
    return spans[0], spans[1]


def _partners(first: Mask, last: Mask, edges_um: tuple[float, float]) -> list[tuple[Mask, Mask, bool]]:
    """Return what goes over into what, as two masks and whether their centroids are moved onto one another."""
    corners = np.ones((3, 3), np.uint8)
    (ids, count), (others, other_count) = (ndimage.label(mask, corners) for mask in (first, last))
    meet = np.zeros((count + other_count, count + other_count), bool)
    both = first & last
    meet[ids[both] - 1, count + others[both] - 1] = True
    number, group = csgraph.connected_components(meet, directed=False)
    members = [np.flatnonzero(group == one) for one in range(number)]
    # a group of one piece overlaps nothing
    pairs = [one for one in members if len(one) > 1] + _nearest(
        [int(one[0]) for one in members if len(one) == 1], ids, others, count, edges_um
    )
    return [
        (np.isin(ids, one[one < count] + 1), np.isin(others, one[one >= count] - count + 1), len(one) == 2)
        for one in pairs
    ]


def _nearest(
    alone: list[int], ids: Ids, others: Ids, count: int, edges_um: tuple[float, float]
) -> list[NDArray[np.intp]]:
    """Return pairs of pieces that overlap nothing, the nearest first, each piece once."""
    edges = np.array(edges_um)
    places = {}
    for piece in alone:
        pixels = np.argwhere(ids == piece + 1 if piece < count else others == piece - count + 1)
        places[piece] = (pixels.mean(axis=0) * edges, float(np.sqrt(len(pixels) * edges.prod() / np.pi)))
    only = count == 1 and others.max() == 1
    near = []
    for one in (piece for piece in alone if piece < count):
        for other in (piece for piece in alone if piece >= count):
            away = float(np.linalg.norm(places[one][0] - places[other][0]))
            if only or away <= FAR * (places[one][1] + places[other][1]):
                near.append((away, one, other))
    found, taken = [], set[int]()
    for _, one, other in sorted(near):
        if not {one, other} & taken:
            taken |= {one, other}
            found.append(np.array([one, other]))
    return found


def _signed_distance(mask: NDArray[np.bool_], edges_um: tuple[float, float]) -> NDArray[np.float64]:
    """Return the distance from the outline in um, positive inside; the outline lies halfway between voxel centres."""
    edges = (min(edges_um), *edges_um)
    inside, outside = distance_um(mask[None], edges)[0], distance_um(~mask[None], edges)[0]
    half = min(edges_um) / 2
    farthest = mask.shape[0] * edges_um[0] + mask.shape[1] * edges_um[1]  # where all of the picture is inside
    signed: NDArray[np.float64] = np.where(mask, np.minimum(inside, farthest) - half, half - outside).astype(float)
    return signed
