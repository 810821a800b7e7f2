"""True values of a phantom: by formula where there is one, else by slow exact counting on the truth.

Nothing here is shared with `micro.measure`, which is tested against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.model import SSB_PHASES
from micro.phantoms.cracks import Crack
from micro.phantoms.frame import Frame
from micro.phantoms.gaps import gap_thickness_um
from micro.phantoms.geometry import Scene

__all__ = ["DEFINITIONS", "contact_fraction", "crack_size", "true_values"]

VOID, SE, LI, DENDRITE, CRACK = (SSB_PHASES[name].value for name in ("void", "SE", "Li", "dendrite", "crack"))

DEFINITIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "contact_fraction": ("1", "signed faces of Li to SE and dendrite over those to void and crack too; counted"),
        "contact_fraction_design": ("1", "columns of the interface without a gap; from the shapes of the gaps"),
        "dendrite_depth_max": ("um", "largest height of a dendrite voxel's centre over the reference plane; counted"),
        "dendrite_count": ("1", "dendrites joined by faces, edges or corners; counted"),
        "crack_size": (
            "um2 (3-D), um (2-D)",
            "mid-surface area or trace length of cracks in the SE region; integrated",
        ),
        "crack_density": ("1/um", "crack_size over the volume (2-D: area) of the SE region"),
        "crack_count": ("1", "cracks with a mid-surface in the SE region"),
        "porosity": ("1", "void and crack over all voxels of the SE region; counted"),
        "porosity_cracks": ("1", "crack over all voxels of the SE region; counted"),
        "dendrite_fraction": ("1", "dendrite over all voxels of the SE region; counted"),
        "phase_fraction_void": ("1", "void over all voxels; counted"),
        "phase_fraction_SE": ("1", "SE over all voxels; counted"),
        "phase_fraction_Li": ("1", "Li over all voxels; counted"),
        "phase_fraction_dendrite": ("1", "dendrite over all voxels; counted"),
        "phase_fraction_crack": ("1", "crack over all voxels; counted"),
        "interface_roughness_sq": ("um", "root mean square of the surface about the reference plane, without gaps"),
        "tilt_deg": ("degree", "angle between the reference plane and the grid"),
        "plane_z": ("1", "z of the unit normal of the reference plane, into the electrolyte"),
        "plane_y": ("1", "y of it"),
        "plane_x": ("1", "x of it"),
        "plane_offset": ("um", "normal . (z, y, x) on the plane; the corner of the first voxel is the origin"),
        "anode_thickness_mean": ("um", "mean height of the reference plane over the anode side of the picture"),
        "se_region_size": ("um3 (3-D), um2 (2-D)", "voxels with centres on or above the reference plane"),
    }
)
"""Unit and meaning of every true value. The SE region is every voxel on or above the reference plane."""


def true_values(scene: Scene, labels: NDArray[np.uint8], *, gap_share: float) -> dict[str, float]:
    """Return the true values of ``labels`` (h, u, v), one for each of `DEFINITIONS`."""
    frame, interface = scene.frame, scene.interface
    heights = interface.heights_um(*frame.centres_um())
    region = scene.region(*frame.centres_um())
    region_size = float(region.sum()) * _voxel_size(frame)
    sizes = [crack_size(scene, crack, labels) for crack in scene.cracks]
    _, dendrites = ndimage.label(labels == DENDRITE, np.ones((3, 3, 3)))
    inside = np.bincount(labels[region], minlength=256) / region.sum()
    everywhere = np.bincount(labels.ravel(), minlength=256) / labels.size
    return {
        "contact_fraction": contact_fraction(labels, frame, interface.direction),
        "contact_fraction_design": _design_contact(scene, gap_share),
        "dendrite_depth_max": float(heights[labels == DENDRITE].max(initial=0.0)),
        "dendrite_count": float(dendrites),
        "crack_size": sum(sizes),
        "crack_density": sum(sizes) / region_size,
        "crack_count": float(sum(size > 0 for size in sizes)),
        "porosity": float(inside[VOID] + inside[CRACK]),
        "porosity_cracks": float(inside[CRACK]),
        "dendrite_fraction": float(inside[DENDRITE]),
        **{f"phase_fraction_{p.name}": float(everywhere[p.value]) for p in SSB_PHASES if p.value <= CRACK},
        "interface_roughness_sq": float(np.sqrt(np.mean(interface.roughness_um**2))) * interface.direction[0],
        **_plane_values(scene),
        "se_region_size": region_size,
    }


def _voxel_size(frame: Frame) -> float:
    return float(np.prod(frame.edges_um[::2] if frame.is_2d else frame.edges_um))


def _plane_values(scene: Scene) -> dict[str, float]:
    frame, interface = scene.frame, scene.interface
    z, y, x = frame.vector_zyx(interface.direction)
    offset = interface.level_um * interface.direction[0]
    if frame.sign < 0:
        # Where h runs against the index, h = extent - position.
        offset -= frame.extent_um[0] * interface.direction[0]
    _, width_u, width_v = frame.extent_um
    middle = interface.level_um + interface.slope[0] * width_u / 2 + interface.slope[1] * width_v / 2
    return {
        "tilt_deg": interface.tilt_deg,
        "plane_z": z,
        "plane_y": y,
        "plane_x": x,
        "plane_offset": offset,
        "anode_thickness_mean": middle,
    }


def contact_fraction(labels: NDArray[np.uint8], frame: Frame, direction: tuple[float, float, float]) -> float:
    """Return P(Li|SE) / (P(Li|SE) + P(Li|void)) of ``labels`` (h, u, v).

    P sums the vectors of the voxel faces from Li to the other phase, along the reference normal
    ``direction``. The root of a dendrite is contact, a crack is void.
    """
    projected = [_signed_faces(labels, frame, direction, values) for values in ((SE, DENDRITE), (VOID, CRACK))]
    return float(projected[0] / sum(projected))


def _signed_faces(
    labels: NDArray[np.uint8], frame: Frame, direction: tuple[float, float, float], values: tuple[int, ...]
) -> float:
    li, other = labels == LI, np.isin(labels, values)
    total = 0.0
    for axis, part in enumerate(direction):
        face_um2 = _voxel_size_3d(frame) / frame.edges_um[axis]
        behind_li, behind_other = (np.moveaxis(mask, axis, 0)[:-1] for mask in (li, other))
        ahead_li, ahead_other = (np.moveaxis(mask, axis, 0)[1:] for mask in (li, other))
        faces = np.count_nonzero(behind_li & ahead_other) - np.count_nonzero(ahead_li & behind_other)
        total += part * face_um2 * faces
    return total


def _voxel_size_3d(frame: Frame) -> float:
    return float(np.prod(frame.edges_um))


def _design_contact(scene: Scene, gap_share: float) -> float:
    gaps = tuple(gap.grown(gap_share) for gap in scene.gaps)
    into_metal, into_electrolyte = gap_thickness_um(scene.frame, gaps)
    return float(np.mean(into_metal + into_electrolyte <= 0))


def crack_size(scene: Scene, crack: Crack, labels: NDArray[np.uint8]) -> float:
    """Return the area (um2; in 2-D the length in um) of a crack's mid-surface in the SE region.

    Midpoint rule over the outline at half a voxel, counting the points that lie in the grid and above the
    reference plane, but not those in metal or in a gap: what these took does not count.
    """
    frame = scene.frame
    step = min(frame.edges_um) / 2
    a = _midpoints(crack.half_um[0], step)[:, None]
    b = np.zeros((1, 1)) if frame.is_2d else _midpoints(crack.half_um[1], step)[None, :]
    cell = (a[1, 0] - a[0, 0]) * (1.0 if frame.is_2d else b[0, 1] - b[0, 0])
    w, stretch = crack.bend_um(a, b)
    points = [c + a * e1 + b * e2 + w * n for c, e1, e2, n in zip(crack.centre_um, *crack.vectors, strict=True)]
    index = [np.floor(p / edge).astype(np.int64) for p, edge in zip(points, frame.edges_um, strict=True)]
    counted = (a / crack.half_um[0]) ** 2 + (b / crack.half_um[1]) ** 2 <= 1
    counted = counted & scene.region(*points)
    for i, n in zip(index, frame.shape, strict=True):
        counted = counted & (i >= 0) & (i < n)
    at = tuple(np.clip(i, 0, n - 1) for i, n in zip(index, frame.shape, strict=True))
    return float((stretch * (counted & np.isin(labels[at], (SE, CRACK)))).sum() * cell)


def _midpoints(half_um: float, step_um: float) -> NDArray[np.float64]:
    count = max(2, int(np.ceil(2 * half_um / step_um)))
    return (np.arange(count, dtype=np.float64) + 0.5) * (2 * half_um / count) - half_um
