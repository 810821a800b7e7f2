"""What a build adds to a cell: a counter electrode, islands of metal, stripped voids, gaps at the mouths of cracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.phantoms.builds import Build
from micro.phantoms.cracks import Crack
from micro.phantoms.dendrites import Branch, draw_filament
from micro.phantoms.frame import Frame
from micro.phantoms.gaps import Gap
from micro.phantoms.interface import Interface, draw_surface
from micro.phantoms.pores import Pore, pore_mask

__all__ = ["draw_counter", "draw_counter_filaments", "draw_islands", "draw_stripped", "gaps_at_mouths"]

_CANDIDATES = 400
_ENDLESS_UM = 1e6


def draw_counter(frame: Frame, rng: np.random.Generator, *, build: Build) -> Interface:
    """Draw the counter electrode's surface: 82 to 88 % up the picture, tilted and rough like the anode's."""
    return draw_surface(frame, rng, middle=rng.uniform(0.82, 0.88), build=build, bow=False)


def draw_counter_filaments(frame: Frame, rng: np.random.Generator, *, counter: Interface) -> tuple[Branch, ...]:
    """Draw two short filaments that grow out of the counter electrode toward the anode."""
    _, width_u, width_v = frame.extent_um
    branches = []
    for number in range(2):
        u = 0.5 * width_u if frame.is_2d else rng.uniform(0.2, 0.8) * width_u
        v = (0.5 * number + rng.uniform(0.15, 0.35)) * width_v
        start = np.array([counter.level_at(u, v) + 3 * frame.unit_um, u, v])
        length = 3 * frame.unit_um + rng.uniform(0.05, 0.09) * frame.extent_um[0]
        radius = frame.unit_um * rng.uniform(2.4, 3.2)
        toward = np.array([-1.0, 0.0, 0.0])
        branches.append(
            draw_filament(
                frame, rng, start=start, toward=toward, length_um=length, radius_um=radius, start_um=0.0, wander=0.05
            )
        )
    return tuple(branches)


def draw_islands(
    frame: Frame,
    rng: np.random.Generator,
    *,
    build: Build,
    surfaces: tuple[Interface, Interface | None],
    occupied: NDArray[np.bool_],
) -> tuple[Pore, ...]:
    """Draw islands of metal, 3 to 6 voxels in radius, three voxels clear of ``occupied`` and of the electrodes."""
    wanted = int(rng.integers(build.islands[0], build.islands[1] + 1))
    unit, extent = frame.unit_um, np.asarray(frame.extent_um)
    interface, counter = surfaces
    taken = occupied.copy()
    islands: list[Pore] = []
    for _ in range(_CANDIDATES):
        if len(islands) == wanted:
            break
        blob = _blob(frame, rng, rng.uniform(size=3) * extent, unit * rng.uniform(3, 6) * rng.uniform(0.8, 1.25, 3))
        h, u, v = blob.centre_um
        clear = 2 * blob.radii_um[0] + 6 * unit
        if h - interface.level_at(u, v) < clear:
            continue
        if counter is not None and counter.level_at(u, v) - h < clear:
            continue
        box, inside = pore_mask(frame, blob, margin_um=3 * unit)
        if not inside.any() or (taken[box] & inside).any():
            continue
        taken[box] |= inside
        islands.append(blob)
    return tuple(islands)


def draw_stripped(
    frame: Frame, rng: np.random.Generator, *, build: Build, interface: Interface, keep_clear_um: NDArray[np.float64]
) -> tuple[Pore, ...]:
    """Draw large voids in the metal that open at the interface: 12 to 24 voxels in radius, some undercut."""
    unit = frame.unit_um
    _, width_u, width_v = frame.extent_um
    taken = [tuple(row) for row in keep_clear_um]
    voids: list[Pore] = []
    for _ in range(_CANDIDATES):
        if len(voids) == build.stripped:
            break
        radius = min(unit * rng.uniform(12, 24), 0.16 * width_v)
        deep = min(unit * rng.uniform(12, 22), 0.45 * interface.level_um)
        u = width_u / 2 if frame.is_2d else rng.uniform(0.15, 0.85) * width_u
        v = rng.uniform(0.1, 0.9) * width_v
        below = rng.uniform(0.0, 0.4) * deep
        if any(np.hypot(u - x, v - y) < radius + r + 2 * unit for x, y, r in taken):
            continue
        taken.append((u, v, radius))
        radii = np.array([deep, radius, radius * rng.uniform(0.8, 1.0)])
        voids.append(_blob(frame, rng, np.array([interface.level_at(u, v) - below, u, v]), radii))
    return tuple(voids)


def _blob(frame: Frame, rng: np.random.Generator, centre: NDArray[np.float64], radii: NDArray[np.float64]) -> Pore:
    centre, radii = centre.copy(), np.asarray(radii, np.float64).copy()
    if frame.is_2d:
        centre[1], radii[1] = frame.extent_um[1] / 2, _ENDLESS_UM
    return Pore(centre, radii, rng.uniform(-1, 1, size=(2, 4)) * (3, 3, 3, np.pi))


def gaps_at_mouths(
    frame: Frame, rng: np.random.Generator, *, build: Build, interface: Interface, cracks: tuple[Crack, ...]
) -> tuple[Gap, ...]:
    """Draw a gap where each of the first ``build.mouths`` cracks runs into the interface."""
    gaps: list[Gap] = []
    for crack in cracks[: build.mouths]:
        long, size = crack.vectors[0], crack.half_um[0]
        foot = interface.level_at(crack.centre_um[1], crack.centre_um[2])
        if crack.centre_um[0] - abs(long[0]) * size > foot:
            continue
        back = (crack.centre_um[0] - foot) / long[0]
        _, u, v = crack.centre_um - back * long
        depth = frame.unit_um * rng.uniform(4, 6)
        gaps.append(Gap(float(u), float(v), frame.unit_um * rng.uniform(9, 13), depth, bool(len(gaps) % 2)))
    return tuple(gaps)
