"""How sheets and traces lie to the reference interface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.measure.protocol import Context

__all__ = ["AXIAL_BINS", "STEP_DEG", "angles_deg", "axial_bins", "strikes_deg", "trace_angles_deg"]

Floats = NDArray[np.float64]

STEP_DEG = 10
"""Width of the classes of a rose in degrees."""

AXIAL_BINS = 180 // STEP_DEG
"""Classes of an angle that counts modulo 180 degrees."""


def angles_deg(normals: Floats, direction: tuple[float, float, float]) -> Floats:
    """Return the angles between sheets and the interface's normal: 0 a sheet along it, 90 one along the interface.

    Parameters
    ----------
    normals
        Unit normals (z, y, x) of the sheets, shape (n, 3).
    direction
        Unit normal of the reference interface.

    Examples
    --------
    >>> angles_deg(np.array([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]]), (1.0, 0.0, 0.0)).tolist()
    [90.0, 0.0]
    """
    up = np.array(direction)
    along = np.abs(normals @ up)
    # Not the arc sine of it, which knows an angle near 90 degrees to half of its digits only.
    angles: Floats = np.degrees(np.arctan2(along, np.linalg.norm(np.cross(normals, up), axis=1)))
    return angles


def _in_plane(context: Context) -> tuple[Floats, Floats, Floats]:
    """Return the reference normal, and two axes across it that start from the voxel axes of the contact map."""
    assert context.up is not None
    up = np.array(context.up)
    first = np.eye(3)[context.map_axes[0]]
    first = first - (first @ up) * up
    first /= np.linalg.norm(first)
    second = np.eye(3)[context.map_axes[1]]
    second = second - (second @ up) * up - (second @ first) * first
    return up, first, second / np.linalg.norm(second)


def strikes_deg(context: Context, normals: Floats) -> tuple[Floats, Floats]:
    """Return the sheets' directions in the plane of the interface (0 to 180), and the length of a unit area's trace.

    The direction of the line in which a sheet cuts planes along the interface, from the first of the
    contact map's axes toward the second. A unit of area has sin(angle between the two normals) of trace
    in these planes, per unit of height: the weight that makes the rose of a plan view.
    """
    up, first, second = _in_plane(context)
    line = np.cross(up, normals)
    length = np.linalg.norm(line, axis=1)
    return np.degrees(np.arctan2(line @ second, line @ first)) % 180, length


def trace_angles_deg(context: Context, normals: Floats) -> Floats:
    """Return the angles (-90 to 90) from the interface's normal to a section's traces, positive toward +x or +y."""
    up, _, second = _in_plane(context)
    # A trace lies across its normal: (n . second, -n . up) in the coordinates (up, second).
    return (np.degrees(np.arctan2(-(normals @ up), normals @ second)) + 90) % 180 - 90


def axial_bins(angles: Floats, first_deg: float) -> NDArray[np.int64]:
    """Return the class of each angle modulo 180; class 0 is centred on ``first_deg``.

    Classes are centred on multiples of their width, because voxel axes make directions of 0 and 90 degrees frequent.

    Examples
    --------
    >>> axial_bins(np.array([-0.1, 0.1, 179.9, 10.0]), 0.0).tolist()
    [0, 0, 0, 1]
    """
    return (np.floor((angles - first_deg) / STEP_DEG + 0.5).astype(np.int64)) % AXIAL_BINS
