"""Filling: a connected region of one label, the holes in a phase, and smoothing its outline."""

from __future__ import annotations

import cc3d
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape, gaussian
from micro.errors import ParameterError
from micro.model import Spacing

__all__ = ["connected", "holes_filled", "smoothed"]


def connected(values: NDArray[np.uint8], seed: Shape) -> NDArray[np.bool_]:
    """Return the voxels that have the label of ``seed`` and are connected to it within the box.

    Neighbours share a face (6; in a single slice 4), so that what is filled does not leak through a corner.

    Parameters
    ----------
    values
        Labels of a box, (z, y, x); what lies beyond it does not count.
    seed
        Voxel in the box.

    Examples
    --------
    >>> connected(np.uint8([[[1, 1, 2, 1]]]), (0, 0, 0)).astype(int).tolist()
    [[[1, 1, 0, 0]]]
    """
    inside = all(0 <= at < length for at, length in zip(seed, values.shape, strict=True))
    if not inside:
        raise ParameterError(f"the point {seed} lies outside of the box of {values.shape} voxels that is filled")
    parts = cc3d.connected_components(np.ascontiguousarray(values == values[seed]), connectivity=6)
    found: NDArray[np.bool_] = parts == parts[seed]
    return found


def holes_filled(values: NDArray[np.uint8], value: int, *, by_slice: bool = False) -> NDArray[np.bool_]:
    """Return the voxels of other labels that the phase ``value`` encloses within the box.

    A hole does not reach the border of the box, through faces (6; in a slice 4 neighbours). An axis of one voxel has no
    border: in a single slice a hole is enclosed within the slice.

    Parameters
    ----------
    values
        Labels of a box, (z, y, x).
    value
        The phase whose holes are meant.
    by_slice
        Look for holes in each slice along z alone.

    Examples
    --------
    >>> ring = np.uint8([[[3, 3, 3], [3, 1, 3], [3, 3, 3]]])
    >>> np.argwhere(holes_filled(ring, 3)).tolist()
    [[0, 1, 1]]
    """
    if by_slice and len(values) > 1:
        return np.concatenate([holes_filled(piece[None], value) for piece in values])
    parts = cc3d.connected_components(np.ascontiguousarray(values != value), connectivity=6)
    open_ = np.zeros(int(parts.max()) + 1, bool)
    open_[0] = True
    for axis in range(3):
        if parts.shape[axis] > 1:
            for end in (0, -1):
                open_[np.unique(np.take(parts, end, axis=axis))] = True
    found: NDArray[np.bool_] = ~open_[parts]
    return found


def smoothed(
    values: NDArray[np.uint8], value: int, radius_um: float, spacing: Spacing, *, by_slice: bool = False
) -> NDArray[np.uint8]:
    """Return the labels with the outline of the phase ``value`` smoothed.

    The phase is weighted with a Gaussian of ``radius_um`` (its standard deviation) and is where the weight is above one
    half. Voxels that it gives up get the label of the nearest voxel that is not of it. The border of the box goes on
    outwards as it is.

    Parameters
    ----------
    values
        Labels of a box, (z, y, x); for a result that does not depend on the box, with three radii to spare.
    value
        The phase.
    radius_um
        How coarse, in um.
    spacing
        Voxel edges.
    by_slice
        Smooth each slice along z alone.

    Examples
    --------
    >>> spike = np.full((1, 9, 9), 2, np.uint8)
    >>> spike[0, 5:] = 3
    >>> spike[0, 4, 4] = 3
    >>> int((smoothed(spike, 3, 0.1, Spacing(0.1, 0.1, 0.1)) == 3).sum())
    36
    """
    if not radius_um > 0:
        raise ParameterError(f"smoothing over {radius_um:g} um; expected a positive length")
    phase = values == value
    sigmas = [radius_um / edge for edge in spacing.um]
    if by_slice:
        sigmas[0] = 0.0
    weight = gaussian(phase.astype(np.float32), (sigmas[0], sigmas[1], sigmas[2]))
    keeps = weight > 0.5
    out = np.where(keeps, np.uint8(value), values)
    lost = phase & ~keeps
    if lost.any() and not phase.all():
        out[lost] = _nearest_other(values, phase, spacing, by_slice=by_slice)[lost]
    return out


def _nearest_other(
    values: NDArray[np.uint8], phase: NDArray[np.bool_], spacing: Spacing, *, by_slice: bool
) -> NDArray[np.uint8]:
    """Return the label of the nearest voxel outside of the phase, in um."""
    from scipy.ndimage import distance_transform_edt

    if by_slice and len(values) > 1:
        pieces = zip(values, phase, strict=True)
        return np.concatenate(
            [_nearest_other(v[None], p[None], spacing, by_slice=False) if not p.all() else v[None] for v, p in pieces]
        )
    places = distance_transform_edt(phase, sampling=spacing.um, return_distances=False, return_indices=True)
    found: NDArray[np.uint8] = values[tuple(places)]
    return found
