"""Lens-shaped gaps at the interface, carved into the metal or into the electrolyte."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.phantoms.frame import Frame

__all__ = ["Gap", "draw_gaps", "gap_thickness_um"]

_CANDIDATES = 1500


@dataclass(frozen=True, slots=True)
class Gap:
    """Half an ellipsoid that stands on the surface: its centre (u, v), radius and depth in um."""

    u_um: float
    v_um: float
    radius_um: float
    depth_um: float
    in_metal: bool

    def grown(self, share: float) -> Gap:
        """Return the gap with ``share`` of its area (and its depth shrunk alike)."""
        scale = float(np.sqrt(share))
        return Gap(self.u_um, self.v_um, self.radius_um * scale, self.depth_um * scale, self.in_metal)


def draw_gaps(
    frame: Frame,
    rng: np.random.Generator,
    *,
    contact_fraction: float,
    keep_clear_um: NDArray[np.float64],
) -> tuple[Gap, ...]:
    """Draw gaps that do not overlap until ``1 - contact_fraction`` of the interface is covered.

    ``keep_clear_um`` holds one row (u, v, radius) for every place that stays in contact (dendrite roots).
    """
    _, width_u, width_v = frame.extent_um
    unit = frame.unit_um
    draws = rng.uniform(size=(_CANDIDATES, 5))
    total = width_v if frame.is_2d else width_u * width_v
    taken = [tuple(row) for row in keep_clear_um]
    gaps: list[Gap] = []
    covered = 0.0
    for a, b, c, d, e in draws:
        radius = unit * (8 + 14 * c) * (1.0 if frame.is_2d else 0.8)
        if covered + 0.5 * _footprint(radius, frame) > (1 - contact_fraction) * total:
            continue
        u = width_u / 2 if frame.is_2d else radius + a * (width_u - 2 * radius)
        v = radius + b * (width_v - 2 * radius)
        if any(np.hypot(u - x, v - y) < radius + r + 2 * unit for x, y, r in taken):
            continue
        taken.append((u, v, radius))
        gaps.append(Gap(u, v, radius, min(unit * (3.5 + 6 * d), 0.6 * radius), bool(e < 0.6)))
        covered += _footprint(radius, frame)
    return tuple(gaps)


def _footprint(radius_um: float, frame: Frame) -> float:
    return 2 * radius_um if frame.is_2d else np.pi * radius_um**2


def gap_thickness_um(frame: Frame, gaps: tuple[Gap, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how deep the gaps reach into the metal and into the electrolyte at each (u, v), in um."""
    _, u, v = frame.centres_um()
    metal = np.zeros((u.size, v.size))
    electrolyte = np.zeros_like(metal)
    for gap in gaps:
        if gap.radius_um <= 0:
            continue
        inside = 1 - ((u[0] - gap.u_um) ** 2 + (v[0] - gap.v_um) ** 2) / gap.radius_um**2
        depth = gap.depth_um * np.sqrt(np.clip(inside, 0, None))
        side = metal if gap.in_metal else electrolyte
        np.maximum(side, depth, out=side)
    return metal, electrolyte
