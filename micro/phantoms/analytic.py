"""Shapes whose measurements are formulae: spheres, tilted planes with voids, penny cracks, tubes.

A voxel is what its centre is, so the labels are the shape up to the voxel size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from micro.errors import ParameterError
from micro.model import SSB_PHASES, Labels, Spacing
from micro.phantoms.frame import Frame

__all__ = ["AnalyticShape", "penny_crack", "sphere", "tilted_plane", "tube"]

VOID, SE, LI, DENDRITE, CRACK = (SSB_PHASES[name].value for name in ("void", "SE", "Li", "dendrite", "crack"))

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AnalyticShape:
    """Labels of a shape, and its exact measurements.

    Parameters
    ----------
    labels
        uint8 labels with their spacing.
    values
        Exact values by name, in um and its powers.
    normal
        Direction from the anode into the electrolyte, or ``none``.
    """

    labels: Labels
    values: Mapping[str, float]
    normal: str = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))


def sphere(
    *, radius_um: float, spacing: Spacing, shift_um: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> AnalyticShape:
    """Return a spherical void in SE, in a box with a margin of four voxels, off the middle by ``shift_um``.

    Values: ``volume`` 4/3 pi r^3, ``surface_area`` 4 pi r^2, ``porosity`` (over the box).

    Examples
    --------
    >>> round(sphere(radius_um=1.0, spacing=Spacing(0.2, 0.1, 0.1)).values["surface_area"], 3)
    12.566
    """
    shape = _box_shape((radius_um,) * 3, spacing, margin_um=np.abs(shift_um).max())
    z, y, x = _centred(shape, spacing, shift_um)
    inside = z**2 + y**2 + x**2 <= radius_um**2
    volume = 4 / 3 * np.pi * radius_um**3
    values = {
        "volume": volume,
        "surface_area": 4 * np.pi * radius_um**2,
        "porosity": volume / (float(np.prod(shape)) * spacing.voxel_volume_um3),
    }
    return AnalyticShape(_labels(np.where(inside, VOID, SE), spacing, "sphere"), values)


def tilted_plane(
    *,
    spacing: Spacing,
    pitch_um: float,
    radius_um: float,
    side: Literal["metal", "electrolyte"],
    normal: str = "+z",
    tilt_deg: float = 0.0,
    heading_deg: float = 90.0,
    cells: tuple[int, int] = (2, 2),
    section: bool = False,
) -> AnalyticShape:
    """Return a tilted interface with a hemispherical void in every cell of a lattice.

    The lattice is square with ``pitch_um`` when seen along the axis of ``normal``, and the picture holds
    ``cells`` whole cells along the two other axes, so that on the tilted plane a cell has the area
    pitch^2 / cos(tilt), of which pi r^2 is void: `contact_fraction` = 1 - pi r^2 cos(tilt) / pitch^2. In
    a ``section`` (one voxel thick along z, tilted in its plane) the voids are half discs and it is
    1 - 2 r cos(tilt) / pitch.

    Parameters
    ----------
    side
        Which side the voids are carved into; the answer does not depend on it.
    tilt_deg, heading_deg
        Slope of the plane, and the direction in which it rises, from the first in-plane axis to the second.

    Raises
    ------
    ParameterError
        If the pitch is no whole number of voxels, if voids would meet, or for a tilt beyond 60 degrees.

    Examples
    --------
    >>> flat = tilted_plane(spacing=Spacing(0.1, 0.1, 0.1), pitch_um=4.0, radius_um=1.0, side="metal")
    >>> round(flat.values["contact_fraction"], 4)
    0.8037
    """
    if not 0 <= tilt_deg <= 60 or not 0 < radius_um < pitch_um / 2:
        raise ParameterError(
            f"a plane tilted by {tilt_deg} degrees with voids of radius {radius_um} um every {pitch_um} um; "
            "expected a tilt of 0 to 60 degrees and a radius below half the pitch"
        )
    if section and normal[-1] == "z":
        raise ParameterError(f"a section with the normal {normal}; expected one along y or x")
    heading = np.pi / 2 if section else np.radians(heading_deg)
    slope = np.tan(np.radians(tilt_deg)) * np.array([np.cos(heading), np.sin(heading)])
    frame = _lattice_frame(spacing, normal, pitch_um, cells, slope, radius_um, section=section)
    labels = _plane_with_voids(frame, slope, pitch_um, radius_um, side)
    cosine = float(np.cos(np.radians(tilt_deg)))
    void_share = 2 * radius_um / pitch_um if section else np.pi * radius_um**2 / pitch_um**2
    count = cells[1] if section else cells[0] * cells[1]
    values = {"contact_fraction": 1 - void_share * cosine, "void_count": float(count), "tilt_deg": tilt_deg}
    return AnalyticShape(_labels(frame.to_zyx(labels), spacing, f"plane voids {side}"), values, normal)


def _lattice_frame(
    spacing: Spacing,
    normal: str,
    pitch_um: float,
    cells: tuple[int, int],
    slope: Floats,
    radius_um: float,
    *,
    section: bool,
) -> Frame:
    _, *edges = Frame((2, 2, 2), spacing, normal).edges_um
    counts = [1 if section and axis == 0 else pitch_um / edge * cells[axis] for axis, edge in enumerate(edges)]
    across = [round(count) for count in counts]
    if any(abs(count - whole) > 1e-6 for count, whole in zip(counts, across, strict=True)):
        raise ParameterError(f"a pitch of {pitch_um} um; expected a whole number of voxels of {spacing}")
    probe = Frame((2, 2, 2), spacing, normal)
    rise = sum(abs(s) * n * edge for s, n, edge in zip(slope, across, edges, strict=True))
    height = int(np.ceil((rise + 2 * radius_um) / probe.edges_um[0])) + 12
    shape = [0, 0, 0]
    for axis, n in zip(probe.order, (height, *across), strict=True):
        shape[axis] = n
    return Frame((shape[0], shape[1], shape[2]), spacing, normal)


def _plane_with_voids(frame: Frame, slope: Floats, pitch_um: float, radius_um: float, side: str) -> NDArray[np.uint8]:
    h, u, v = frame.centres_um()
    middle = [extent / 2 for extent in frame.extent_um]
    above = (h - middle[0]) - slope[0] * (u - middle[1]) - slope[1] * (v - middle[2])
    # Offsets from the nearest lattice point; in a section the only one along u is the middle of the slice.
    du = u - middle[1] if frame.is_2d else np.mod(u, pitch_um) - pitch_um / 2
    dv = np.mod(v, pitch_um) - pitch_um / 2
    dh = above + slope[0] * du + slope[1] * dv
    ball = dh**2 + du**2 + dv**2 <= radius_um**2
    labels = np.where(above < 0, np.uint8(LI), np.uint8(SE))
    labels[ball & ((above < 0) if side == "metal" else (above >= 0))] = VOID
    return labels


def penny_crack(
    *,
    radius_um: float,
    aperture_um: float,
    spacing: Spacing,
    polar_deg: float = 0.0,
    azimuth_deg: float = 0.0,
    section: bool = False,
) -> AnalyticShape:
    """Return a flat round crack in SE, in a box with a margin of four voxels.

    Its normal lies ``polar_deg`` from z (in a ``section``: from y) and is turned by ``azimuth_deg`` from y
    toward x. Values: ``crack_size``, the mid-surface pi r^2 (in a section the trace 2 r), and with the
    aperture t and the box V: ``volume`` pi r^2 t (2 r t), ``crack_density`` crack_size / V.

    Examples
    --------
    >>> crack = penny_crack(radius_um=2.0, aperture_um=0.3, spacing=Spacing(0.1, 0.1, 0.1), polar_deg=30)
    >>> round(crack.values["crack_size"], 4)
    12.5664
    """
    polar, azimuth = np.radians(polar_deg), np.radians(azimuth_deg)
    if section:
        direction = np.array([0.0, np.cos(polar), np.sin(polar)])
    else:
        direction = np.array([np.cos(polar), np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth)])
    half = radius_um * np.sqrt(1 - direction**2) + aperture_um / 2 * np.abs(direction)
    shape = _box_shape((half[0], half[1], half[2]), spacing, section=section)
    points = _centred(shape, spacing, (0.0, 0.0, 0.0))
    across = sum(axis * part for axis, part in zip(points, direction, strict=True))
    along2 = sum(axis**2 for axis in points) - across**2
    inside = (np.abs(across) <= aperture_um / 2) & (along2 <= radius_um**2)
    size = 2 * radius_um if section else np.pi * radius_um**2
    box = float(np.prod(shape)) * (spacing.y * spacing.x if section else spacing.voxel_volume_um3)
    values = {"crack_size": size, "volume": size * aperture_um, "crack_density": size / box}
    return AnalyticShape(_labels(np.where(inside, CRACK, SE), spacing, "penny crack"), values)


def tube(
    *,
    radius_um: float,
    length_um: float,
    spacing: Spacing,
    normal: str = "+z",
    anode_um: float | None = None,
) -> AnalyticShape:
    """Return a straight round dendrite of ``length_um`` that stands on a flat anode in SE.

    The anode is ``anode_um`` thick (rounded to voxels; by default the diameter of the tube). Values:
    ``volume`` pi r^2 l, ``dendrite_depth_max`` l (the highest voxel centre lies up to a voxel below),
    ``side_area`` 2 pi r l, ``anode_thickness``.

    Examples
    --------
    >>> tube(radius_um=0.5, length_um=3.0, spacing=Spacing(0.1, 0.1, 0.1)).values["dendrite_depth_max"]
    3.0
    """
    probe = Frame((2, 2, 2), spacing, normal)
    edges = probe.edges_um
    base = max(1, round((2 * radius_um if anode_um is None else anode_um) / edges[0]))
    counts = (
        base + int(np.ceil(length_um / edges[0])) + 4,
        *(2 * int(np.ceil(2 * radius_um / edge)) + 8 for edge in edges[1:]),
    )
    shape = [0, 0, 0]
    for axis, n in zip(probe.order, counts, strict=True):
        shape[axis] = n
    frame = Frame((shape[0], shape[1], shape[2]), spacing, normal)
    h, u, v = frame.centres_um()
    _, width_u, width_v = frame.extent_um
    above = h - base * edges[0]
    inside = ((u - width_u / 2) ** 2 + (v - width_v / 2) ** 2 <= radius_um**2) & (above <= length_um)
    labels = np.where(above < 0, LI, np.where(inside, DENDRITE, SE))
    values = {
        "volume": np.pi * radius_um**2 * length_um,
        "dendrite_depth_max": length_um,
        "side_area": 2 * np.pi * radius_um * length_um,
        "anode_thickness": base * edges[0],
    }
    return AnalyticShape(_labels(frame.to_zyx(labels), spacing, "tube"), values, normal)


def _box_shape(
    half_um: tuple[float, float, float], spacing: Spacing, *, margin_um: float = 0.0, section: bool = False
) -> tuple[int, int, int]:
    z, y, x = (2 * int(np.ceil((h + margin_um) / edge)) + 8 for h, edge in zip(half_um, spacing.um, strict=True))
    return (1 if section else z, y, x)


def _centred(shape: tuple[int, int, int], spacing: Spacing, shift_um: tuple[float, float, float]) -> list[Floats]:
    """Return z, y and x of the voxel centres from the middle of the box, shaped to broadcast."""
    axes = [
        (np.arange(n, dtype=np.float64) + 0.5 - n / 2) * edge - shift
        for n, edge, shift in zip(shape, spacing.um, shift_um, strict=True)
    ]
    return [axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]]


def _labels(values: NDArray[np.integer], spacing: Spacing, name: str) -> Labels:
    return Labels(np.ascontiguousarray(values, dtype=np.uint8), spacing, name=name)
