"""True values of the builds beyond the half cell, by slow exact counting on the truth."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from micro.model import SSB_PHASES
from micro.phantoms.frame import Frame
from micro.phantoms.geometry import Scene
from micro.phantoms.interface import Interface
from micro.phantoms.truth import DEFINITIONS, contact_fraction, crack_size, true_values

__all__ = ["BUILD_DEFINITIONS", "build_values"]

VOID, LI, DENDRITE, CRACK = (SSB_PHASES[name].value for name in ("void", "Li", "dendrite", "crack"))

BUILD_DEFINITIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **DEFINITIONS,
        "contact_fraction": (
            "1",
            "signed faces of the anode's Li to SE and dendrite over those to void and crack too; counted",
        ),
        "dendrite_depth_max": (
            "um",
            "largest distance of a joined dendrite voxel's centre beyond the reference surface; counted",
        ),
        "dendrite_count": ("1", "dendrites that hang on the anode, joined by faces, edges or corners; counted"),
        "isolated_depth_max": ("um", "as dendrite_depth_max, for metal that does not hang on the anode; counted"),
        "isolated_count": ("1", "islands of metal that hang on no electrode; counted"),
        "void_depth_max": ("um", "largest distance of a void voxel's centre below the reference surface; counted"),
        "bow_sag": ("um", "highest less lowest point of the reference surface over its plane; 0 for a plane"),
        "short_circuit": ("1", "1 where one piece of metal joins both electrodes, else 0; counted"),
        "se_region_size": (
            "um3 (3-D), um2 (2-D)",
            "voxels with centres between the reference surface and the counter electrode's; counted",
        ),
    }
)
"""Unit and meaning of the true values of all builds but ``half``, whose are `micro.phantoms.truth.DEFINITIONS`."""


def build_values(scene: Scene, labels: NDArray[np.uint8], *, gap_share: float) -> dict[str, float]:
    """Return the true values of ``labels`` (h, u, v); those of a half cell are `true_values` and no more.

    Without an anode there is no interface, so that only what needs none has a value.
    """
    if scene.build.name == "half":
        return true_values(scene, labels, gap_share=gap_share)
    if not scene.build.anode:
        return _without_anode(scene, labels)
    metal, _ = ndimage.label((labels == LI) | (labels == DENDRITE), np.ones((3, 3, 3)))
    anode, counter = (np.setdiff1d(np.unique(metal[side]), [0]) for side in (0, -1))
    filament = labels == DENDRITE
    joined = filament & np.isin(metal, anode)
    voids = (labels == VOID) & ~scene.region(*scene.frame.centres_um())
    bow = scene.interface.bow
    _, u, v = scene.frame.centres_um()
    return true_values(scene, labels, gap_share=gap_share) | {
        "contact_fraction": contact_fraction(_of_anode(labels), scene.frame, scene.interface.direction),
        "dendrite_depth_max": float(_heights_um(scene.frame, scene.interface, joined).max(initial=0.0)),
        "dendrite_count": float(ndimage.label(joined, np.ones((3, 3, 3)))[1]),
        "isolated_depth_max": float(_heights_um(scene.frame, scene.interface, filament & ~joined).max(initial=0.0)),
        "isolated_count": float(ndimage.label(filament & ~joined, np.ones((3, 3, 3)))[1]),
        "void_depth_max": float((-_heights_um(scene.frame, scene.interface, voids)).max(initial=0.0)),
        "bow_sag": 0.0 if bow is None else float(np.ptp(bow.at(u, v))),
        "short_circuit": float(scene.counter is not None and bool(np.intersect1d(anode, counter).size)),
    }


def _of_anode(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the labels without the Li that is not joined to the anode's side: the counter electrode."""
    parts, _ = ndimage.label(labels == LI, np.ones((3, 3, 3)))
    return np.where((labels == LI) & ~np.isin(parts, parts[0]), np.uint8(0), labels)


def _without_anode(scene: Scene, labels: NDArray[np.uint8]) -> dict[str, float]:
    sizes = [crack_size(scene, crack, labels) for crack in scene.cracks]
    everywhere = np.bincount(labels.ravel(), minlength=256) / labels.size
    return {
        "crack_size": sum(sizes),
        "crack_count": float(sum(size > 0 for size in sizes)),
        "isolated_count": float(ndimage.label(labels == LI, np.ones((3, 3, 3)))[1]),
        **{f"phase_fraction_{p.name}": float(everywhere[p.value]) for p in SSB_PHASES if p.value <= CRACK},
    }


def _heights_um(frame: Frame, interface: Interface, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the signed distance of the voxel centres of a mask (h, u, v) from the reference surface.

    Of a bowed surface: the distance from the nearest of points on it that lie a quarter of a voxel
    apart, over a margin around the picture too; an error of a 64th of a voxel two voxels away.
    """
    points = [axis.ravel()[index] for axis, index in zip(frame.centres_um(), np.nonzero(mask), strict=True)]
    above = interface.heights_um(*points)
    if interface.bow is None or not above.size:
        return above
    lines = []
    for axis in (1, 2):
        flat = frame.shape[axis] == 1
        step = frame.edges_um[axis] if flat else frame.edges_um[axis] / 4
        margin = 0.0 if flat else 0.3 * frame.extent_um[axis]
        lines.append(np.arange(step / 2 - margin, frame.extent_um[axis] + margin, step))
    u, v = (grid.ravel() for grid in np.meshgrid(*lines, indexing="ij"))
    tree = cKDTree(np.column_stack([interface.reference_um(u, v), u, v]))
    distance, _ = tree.query(np.column_stack(points))
    return np.asarray(np.copysign(distance, above))
