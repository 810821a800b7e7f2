"""A region between two slices in which it was drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import distance_um
from micro.errors import ImageContentError, ParameterError

__all__ = ["between"]


def between(
    first: NDArray[np.bool_], last: NDArray[np.bool_], count: int, edges_um: tuple[float, float]
) -> NDArray[np.bool_]:
    """Return the ``count`` slices between two, in which a region goes over from the form of one to that of the other.

    Shape-based interpolation (Raya & Udupa, IEEE Trans. Med. Imaging 9 (1990) 32): the signed distances from the two
    outlines are mixed, and the region is where the mixture is inside. Before, both are moved to where a straight line
    between their centroids passes that slice, so that a region that runs aslant does not vanish on the way. At the
    border of the picture the region goes on.

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
    ends = [_signed_distance(mask, edges_um) for mask in (first, last)]
    middles = [np.argwhere(mask).mean(axis=0) for mask in (first, last)]
    tie_um = 1e-6 * min(edges_um)  # what lies on the outline is outside, however sums were rounded
    out = np.empty((count, *first.shape), bool)
    for number in range(count):
        share = (number + 1) / (count + 1)
        middle = (1 - share) * middles[0] + share * middles[1]
        moved = [
            ndimage.shift(end, middle - own, order=1, mode="nearest") for end, own in zip(ends, middles, strict=True)
        ]
        out[number] = (1 - share) * moved[0] + share * moved[1] > tie_um
    return out


def _signed_distance(mask: NDArray[np.bool_], edges_um: tuple[float, float]) -> NDArray[np.float64]:
    """Return the distance from the outline in um, positive inside; the outline lies halfway between voxel centres."""
    edges = (min(edges_um), *edges_um)
    inside, outside = distance_um(mask[None], edges)[0], distance_um(~mask[None], edges)[0]
    half = min(edges_um) / 2
    farthest = mask.shape[0] * edges_um[0] + mask.shape[1] * edges_um[1]  # where all of the picture is inside
    signed: NDArray[np.float64] = np.where(mask, np.minimum(inside, farthest) - half, half - outside).astype(float)
    return signed
