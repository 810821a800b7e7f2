"""True values of a phantom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.model import SSB_PHASES
from micro.phantoms.cracks import Crack
from micro.phantoms.frame import Frame
from micro.phantoms.gaps import gap_thickness_um
from micro.phantoms.geometry import Scene

__all__ = ["true_values"]

VOID, SE, LI, DENDRITE, CRACK = (SSB_PHASES[name].value for name in ("void", "SE", "Li", "dendrite", "crack"))


def true_values(scene: Scene, labels: NDArray[np.uint8], *, gap_share: float) -> dict[str, float]:
    """Return the true values of ``labels`` (h, u, v)."""
    frame = scene.frame
    heights = scene.interface.heights_um(*frame.centres_um())
    region = heights >= 0
    voxel = float(np.prod(frame.edges_um[::2] if frame.is_2d else frame.edges_um))
    region_size = float(region.sum()) * voxel
    area = sum(crack_area(frame, crack, labels, scene) for crack in scene.cracks)
    counts = {value: float((labels[region] == value).sum()) for value in (VOID, SE, LI, DENDRITE, CRACK)}
    total = sum(counts.values())
    dendrite = heights[labels == DENDRITE]
    return {
        "contact_fraction": contact_fraction(labels, frame, scene.interface.direction),
        "contact_fraction_design": _design_contact(scene, gap_share),
        "dendrite_depth_max": float(dendrite.max(initial=0.0)),
        "crack_density": area / region_size,
        "crack_area": area,
        "porosity": (counts[VOID] + counts[CRACK]) / total,
        "tilt_deg": scene.interface.tilt_deg,
        **{
            f"phase_fraction_{name}": float(np.mean(labels == SSB_PHASES[name].value))
            for name in ("void", "SE", "Li", "dendrite", "crack")
        },
    }


def contact_fraction(labels: NDArray[np.uint8], frame: Frame, direction: tuple[float, float, float]) -> float:
    """Count the signed faces of Li toward SE or dendrite, and toward void or crack."""
    edges = frame.edges_um
    sums = {"contact": 0.0, "void": 0.0}
    groups = {"contact": (SE, DENDRITE), "void": (VOID, CRACK)}
    li = labels == LI
    for axis, part in enumerate(direction):
        face = float(np.prod([edge for other, edge in enumerate(edges) if other != axis]))
        low, high = (
            tuple(slice(*ends) if a == axis else slice(None) for a in range(3)) for ends in ((None, -1), (1, None))
        )
        for name, values in groups.items():
            other = np.isin(labels, values)
            forward = int((li[low] & other[high]).sum())
            backward = int((li[high] & other[low]).sum())
            sums[name] += part * face * (forward - backward)
    return sums["contact"] / (sums["contact"] + sums["void"])


def _design_contact(scene: Scene, gap_share: float) -> float:
    into_metal, into_electrolyte = gap_thickness_um(scene.frame, tuple(gap.grown(gap_share) for gap in scene.gaps))
    return float(np.mean((into_metal + into_electrolyte) <= 0))


def crack_area(frame: Frame, crack: Crack, labels: NDArray[np.uint8], scene: Scene) -> float:
    """Integrate the mid-surface (um2, in 2-D um) where the final label is crack and the height positive."""
    step = min(frame.edges_um) / 2
    a = _midpoints(crack.half_um[0], step)[:, None]
    b = np.zeros((1, 1)) if frame.is_2d else _midpoints(crack.half_um[1], step)[None, :]
    w, stretch = crack.bend_um(a, b)
    inside = (a / crack.half_um[0]) ** 2 + (b / crack.half_um[1]) ** 2 <= 1
    e1, e2, n = crack.vectors
    points = [c + a * e1[i] + b * e2[i] + w * n[i] for i, c in enumerate(crack.centre_um)]
    inside = inside & (scene.interface.heights_um(*points) >= 0)
    index = [np.floor(p / edge).astype(int) for p, edge in zip(points, frame.edges_um, strict=True)]
    for i, n_voxels in zip(index, frame.shape, strict=True):
        inside = inside & (i >= 0) & (i < n_voxels)
    clipped = tuple(np.clip(i, 0, n_voxels - 1) for i, n_voxels in zip(index, frame.shape, strict=True))
    inside = inside & (labels[clipped] == CRACK)
    cell = (a[1, 0] - a[0, 0]) * (1.0 if frame.is_2d else b[0, 1] - b[0, 0])
    return float((stretch * inside).sum() * cell)


def _midpoints(half_um: float, step_um: float) -> NDArray[np.float64]:
    count = max(2, int(np.ceil(2 * half_um / step_um)))
    return (np.arange(count) + 0.5) * (2 * half_um / count) - half_um
