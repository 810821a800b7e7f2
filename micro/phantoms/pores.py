"""Pores in the electrolyte: ellipsoids that keep clear of everything else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.phantoms.frame import Frame
from micro.phantoms.interface import Interface

__all__ = ["Pore", "draw_pores", "pore_mask"]

_CANDIDATES = 1200
_ENDLESS_UM = 1e6
_UNEVENNESS = 0.09


@dataclass(frozen=True, slots=True)
class Pore:
    """An uneven ellipsoid with its axes along h, u, v; centre and radii in um.

    Toward the unit vector d its radius is 1 + sum over ``waves`` (n, 4) of `_UNEVENNESS` sin(g . d + phase)
    times that of the ellipsoid, with g in the first three columns and the phase in the last.
    """

    centre_um: NDArray[np.float64]
    radii_um: NDArray[np.float64]
    waves: NDArray[np.float64]


def pore_mask(
    frame: Frame, pore: Pore, *, margin_um: float = 0.0
) -> tuple[tuple[slice, slice, slice], NDArray[np.bool_]]:
    """Return the box that holds the pore, and which voxels of it have their centres inside."""
    radii = pore.radii_um + margin_um
    most = radii * (1 + _UNEVENNESS * len(pore.waves))
    box = frame.box(pore.centre_um - most, pore.centre_um + most)
    h, u, v = ((axis - c) / r for axis, c, r in zip(frame.centres_um(box), pore.centre_um, radii, strict=True))
    far = np.sqrt(h**2 + u**2 + v**2)
    inverse = 1 / np.maximum(far, 1e-9)
    reach = np.ones_like(far)
    for g_h, g_u, g_v, phase in pore.waves:
        reach += _UNEVENNESS * np.sin((g_h * h + g_u * u + g_v * v) * inverse + phase)
    return box, far <= reach


def draw_pores(
    frame: Frame,
    rng: np.random.Generator,
    *,
    interface: Interface,
    occupied: NDArray[np.bool_],
) -> tuple[Pore, ...]:
    """Draw pores until 2 to 4 % of the electrolyte is void, two voxels clear of ``occupied`` (h, u, v)."""
    unit = frame.unit_um
    extent = np.asarray(frame.extent_um)
    goal = rng.uniform(0.02, 0.04)
    places = rng.uniform(size=(_CANDIDATES, 3)) * extent
    sizes = unit * (2.2 + 2.6 * rng.uniform(size=_CANDIDATES) ** 1.5)
    stretch = rng.uniform(0.9, 1.15, size=(_CANDIDATES, 3))
    waves = rng.uniform(-1, 1, size=(_CANDIDATES, 3, 4)) * (4, 4, 4, np.pi)
    taken = occupied.copy()
    room = float(np.prod(extent[[0, 2]] if frame.is_2d else extent)) * (1 - interface.level_um / extent[0])
    pores: list[Pore] = []
    filled = 0.0
    for place, size, factors, uneven in zip(places, sizes, stretch, waves, strict=True):
        radii = size * factors
        if filled > goal * room:
            break
        if frame.is_2d:
            place[1], radii[1] = extent[1] / 2, _ENDLESS_UM
        if place[0] - interface.level_at(place[1], place[2]) < radii[0] + 8 * unit:
            continue
        pore = Pore(place, radii, uneven)
        box, inside = pore_mask(frame, pore, margin_um=2.0 * unit)
        if (taken[box] & inside).any():
            continue
        taken[box] |= inside
        filled += np.pi * radii[0] * radii[2] if frame.is_2d else 4 / 3 * np.pi * float(np.prod(radii))
        pores.append(pore)
    return tuple(pores)
