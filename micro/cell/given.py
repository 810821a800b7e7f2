"""The reference interface where it is given: by a thickness, by a drawn line, or by the first state of a series."""

from __future__ import annotations

import numpy as np

from micro.cell.cell import Normal, ReferencePlane
from micro.cell.interface import fit_points
from micro.cell.params import CellParams
from micro.errors import ParameterError
from micro.model import Spacing

__all__ = ["FIRST_STATE", "THICKNESS", "given_reference", "is_given", "normal_of", "plane_at", "plane_through"]

THICKNESS, LINE, FIRST_STATE = "stated thickness", "drawn line", "first state"


def is_given(params: CellParams, first: ReferencePlane | None) -> bool:
    """Return whether the reference interface is given, so that no anode body is needed to place it."""
    drawn = params.reference_thickness_um is not None or bool(params.reference_line)
    return drawn or (params.reference == "first-state" and first is not None)


def normal_of(plane: ReferencePlane) -> Normal:
    """Return the axis and sign that a plane's direction follows most closely.

    Examples
    --------
    >>> str(normal_of(ReferencePlane((0.0, -0.8, 0.6), 1.0)))
    '-y'
    """
    axis = int(np.argmax(np.abs(plane.direction)))
    return Normal(axis, 1 if plane.direction[axis] > 0 else -1)


def plane_at(thickness_um: float, normal: Normal, *, begin_um: float, end_um: float) -> ReferencePlane:
    """Return the plane across the normal's axis at a distance from the side where the normal begins.

    Parameters
    ----------
    begin_um, end_um
        Where the labelled picture begins and ends along the axis.

    Examples
    --------
    >>> plane = plane_at(20.0, Normal(1, -1), begin_um=0.0, end_um=100.0)
    >>> plane.direction, plane.offset_um  # y = 80, and the electrolyte lies above it, toward y = 0
    ((0.0, -1.0, 0.0), -80.0)
    """
    if thickness_um >= end_um - begin_um:
        raise ParameterError(
            f"cell.reference_thickness_um = {thickness_um:g}, but the picture is {end_um - begin_um:g} um high along "
            f"{'zyx'[normal.axis]}; expected less"
        )
    z, y, x = (float(normal.sign) if axis == normal.axis else 0.0 for axis in range(3))
    place = begin_um + thickness_um if normal.sign > 0 else end_um - thickness_um
    return ReferencePlane((z, y, x), normal.sign * place)


def plane_through(
    points: tuple[tuple[float, ...], ...], normal: Normal, *, spacing: Spacing, curved: bool = False
) -> ReferencePlane:
    """Return the least-squares plane, or quadratic surface, through points of the picture.

    Parameters
    ----------
    points
        (z, y, x), or (y, x) for a line that holds in every slice; in voxels, whole numbers at the centres.
    normal
        From the anode into the electrolyte.
    curved
        Fit a quadratic, where there are enough points for one.

    Returns
    -------
    ReferencePlane
        Its residual is the root mean square distance of the points.

    Examples
    --------
    >>> plane = plane_through(((9.5, 0), (9.5, 40)), Normal(1, -1), spacing=Spacing(1, 0.5, 0.5))
    >>> [round(part) for part in plane.direction], round(plane.offset_um, 9), plane.residual_um
    ([0, -1, 0], -5.0, 0.0)
    """
    if normal.axis == 0 and any(len(point) == 2 for point in points):
        raise ParameterError(
            f"cell.reference_line has points (y, x), which don't say where the reference lies along z, as the normal "
            f"{normal} does; expected points (z, y, x)"
        )
    places = np.array([(0.0,) * (3 - len(point)) + tuple(point) for point in points], np.float64)
    if np.unique(np.delete(places, normal.axis, axis=1), axis=0).shape[0] < 2:
        raise ParameterError(
            f"cell.reference_line runs along {'zyx'[normal.axis]}, as the normal {normal} does; expected points at "
            "different places across it"
        )
    return fit_points((places + 0.5) * np.array(spacing.um), normal, edge_um=spacing.um[normal.axis], curved=curved)


def given_reference(
    params: CellParams,
    normal: Normal,
    *,
    ends: tuple[int, int],
    spacing: Spacing,
    first: ReferencePlane | None,
) -> tuple[ReferencePlane, str]:
    """Return the reference interface that the parameters or the first state give, and where it comes from.

    Parameters
    ----------
    ends
        First plane with a label along the normal's axis, and one past the last.
    first
        The first state's; must be there where the parameters ask for it.
    """
    if params.reference_thickness_um is not None:
        begin_um, end_um = (end * spacing.um[normal.axis] for end in ends)
        plane = plane_at(params.reference_thickness_um, normal, begin_um=begin_um, end_um=end_um)
        return plane, f"{THICKNESS} of {params.reference_thickness_um:g} um"
    if params.reference_line:
        points = params.reference_line
        plane = plane_through(points, normal, spacing=spacing, curved=params.reference == "curved")
        return plane, f"{LINE} of {len(points)} points"
    assert first is not None
    if normal_of(first) != normal:
        raise ParameterError(
            f"the normal {normal} is not that of the first state's reference interface, {normal_of(first)}; expected "
            "the same: state it, or align the pictures"
        )
    return first, FIRST_STATE
