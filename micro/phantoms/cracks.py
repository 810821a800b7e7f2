"""Wavy sheet cracks with a known mid-surface."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micro.phantoms.frame import Frame
from micro.phantoms.interface import Interface

__all__ = ["Crack", "crack_mask", "draw_cracks"]

_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Crack:
    """A sheet: c + a e1 + b e2 + w(a, b) n with (a / A)^2 + (b / B)^2 <= 1 and a given aperture.

    ``frame_vectors`` holds e1, e2 and n as rows along h, u, v. The mid-surface is bent by
    w = amplitude sin(wave a + phase) cos(wave2 b) + amplitude3 sin(wave3 a + phase3). In 2-D B is infinite
    and wave2 is 0. The aperture narrows by a third toward the outline.
    All lengths in um.
    """

    centre_um: NDArray[np.float64]
    vectors: NDArray[np.float64]
    half_um: tuple[float, float]
    aperture_um: float
    amplitudes_um: tuple[float, float]
    waves_per_um: tuple[float, float, float]
    phases: tuple[float, float]

    def bend_um(
        self, a: NDArray[np.float64], b: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return w in um, and the stretch sqrt(1 + |grad w|^2) of the sheet's area there."""
        (large, small), (wave_a, wave_b, wave_c) = self.amplitudes_um, self.waves_per_um
        bend, across, ripple = wave_a * a + self.phases[0], wave_b * b, wave_c * a + self.phases[1]
        w = large * np.sin(bend) * np.cos(across) + small * np.sin(ripple)
        slope_a = large * wave_a * np.cos(bend) * np.cos(across) + small * wave_c * np.cos(ripple)
        slope_b = -large * wave_b * np.sin(bend) * np.sin(across)
        return w, np.sqrt(1 + slope_a**2 + slope_b**2)


def crack_mask(frame: Frame, crack: Crack) -> tuple[tuple[slice, slice, slice], NDArray[np.bool_]]:
    """Return the box that holds the crack, and which voxels of it have their centres inside."""
    # A whole aperture instead of half of it leaves room for slopes up to 60 degrees.
    reach = crack.aperture_um + sum(crack.amplitudes_um)
    half = (crack.half_um[0], 0.0 if frame.is_2d else crack.half_um[1], reach)
    spread = np.sqrt(sum((size * row) ** 2 for size, row in zip(half, crack.vectors, strict=True)))
    box = frame.box(crack.centre_um - spread, crack.centre_um + spread)
    h, u, v = (axis - c for axis, c in zip(frame.centres_um(box), crack.centre_um, strict=True))
    a, b, n = (h * row[0] + u * row[1] + v * row[2] for row in crack.vectors)
    outward2 = (a / crack.half_um[0]) ** 2 + (b / crack.half_um[1]) ** 2
    inside = (outward2 <= 1) & (np.abs(n) <= reach)
    w, stretch = crack.bend_um(a[inside], b[inside])
    aperture = crack.aperture_um * (1 - outward2[inside] ** 2 / 3)
    # Dividing by the stretch turns the distance along n into the one across the sheet, to first order.
    inside[inside] = np.abs(n[inside] - w) <= aperture / 2 * stretch
    return box, inside


def draw_cracks(
    frame: Frame,
    rng: np.random.Generator,
    *,
    interface: Interface,
    occupied: NDArray[np.bool_],
    wanted: int,
    touching: int,
) -> tuple[Crack, ...]:
    """Draw ``wanted`` cracks, of which up to ``touching`` run down into the interface.

    Those that would meet ``occupied`` (h, u, v) or each other are left out, so there may be fewer.
    """
    taken = occupied.copy()
    cracks: list[Crack] = []
    for trial in range(_CANDIDATES):
        low = len(cracks) < touching and trial < _CANDIDATES // 3
        crack = _draw_crack(frame, rng, interface=interface, touching=low)
        box, inside = crack_mask(frame, crack)
        if not inside.any() or (taken[box] & inside).any():
            continue
        # Three times the aperture stays free, so that two cracks remain two.
        around, margin = crack_mask(frame, replace(crack, aperture_um=5 * crack.aperture_um))
        taken[around] |= margin
        cracks.append(crack)
        if len(cracks) == wanted:
            break
    return tuple(cracks)


def _draw_crack(frame: Frame, rng: np.random.Generator, *, interface: Interface, touching: bool) -> Crack:
    extent = np.asarray(frame.extent_um)
    unit = frame.unit_um
    draws = rng.uniform(size=12)
    size = (0.10 + 0.10 * draws[0] + 0.05 * (not frame.is_2d)) * min(extent[0] * 1.2, extent[2])
    polar = np.radians(10 + 25 * draws[1] if touching else 180 * draws[1])
    # The sheet's long axis: near the normal where the crack comes out of the interface.
    if frame.is_2d:
        side = -1.0 if draws[2] < 0.5 else 1.0
        long = np.array([np.cos(polar), 0.0, side * np.sin(polar)])
        vectors = np.stack([long, [0.0, 1.0, 0.0], np.cross(long, [0.0, 1.0, 0.0])])
    else:
        turn = 2 * np.pi * draws[2]
        long = np.array([np.cos(polar), np.sin(polar) * np.sin(turn), np.sin(polar) * np.cos(turn)])
        vectors = _triad(long, 2 * np.pi * draws[3])
    u, v = (0.12 + 0.76 * draws[4:6]) * extent[1:]
    foot = interface.level_at(u, v)
    room = extent[0] - foot
    ripple = 2 * np.pi / (unit * (14 + 8 * draws[10]))
    h = foot + (0.8 * size if touching else (0.22 + 0.6 * draws[6]) * room)
    return Crack(
        np.array([h, extent[1] / 2 if frame.is_2d else u, v]),
        vectors,
        (size, np.inf if frame.is_2d else size * (0.6 + 0.4 * draws[7])),
        unit * (3.2 + 1.8 * draws[8]),
        (unit * (2 + 3 * draws[9]), unit * (0.5 + 0.5 * draws[7])),
        (np.pi / size * (0.7 + 0.8 * draws[10]), 0.0 if frame.is_2d else np.pi / size * 0.7, ripple),
        (2 * np.pi * draws[11], 2 * np.pi * draws[6]),
    )


def _triad(long: NDArray[np.float64], turn: float) -> NDArray[np.float64]:
    """Return e1 = ``long``, e2 and n as rows, turned by ``turn`` about ``long``."""
    helper = np.eye(3)[int(np.argmin(np.abs(long)))]
    first = np.cross(long, helper)
    first /= np.linalg.norm(first)
    second = np.cross(long, first)
    e2 = np.cos(turn) * first + np.sin(turn) * second
    return np.stack([long, e2, np.cross(long, e2)])
