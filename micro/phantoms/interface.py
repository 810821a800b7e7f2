"""The interface between anode and electrolyte: a tilted plane, perhaps bowed, with a smooth roughness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.phantoms.builds import HALF, Build
from micro.phantoms.frame import Frame

__all__ = ["Bow", "Interface", "draw_interface", "draw_surface"]

_MODES = 48


@dataclass(frozen=True, slots=True)
class Bow:
    """A quadratic in s = (u - u0) / a and t = (v - v0) / b, in um: c0 + c1 s + c2 t + c3 s^2 + c4 s t + c5 t^2.

    Its mean and its least-squares slope over the grid are zero, so that the plane stays the best one.
    """

    centre_um: tuple[float, float]
    half_um: tuple[float, float]
    weights_um: tuple[float, ...]

    def at(self, u_um: NDArray[np.float64], v_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the bow in um at the points (u, v)."""
        s, t = (u_um - self.centre_um[0]) / self.half_um[0], (v_um - self.centre_um[1]) / self.half_um[1]
        c = self.weights_um
        return np.asarray(c[0] + c[1] * s + c[2] * t + c[3] * s * s + c[4] * s * t + c[5] * t * t)


@dataclass(frozen=True, slots=True)
class Interface:
    """The reference h = ``level_um`` + ``slope`` . (u, v), bowed where ``bow`` says so, and the roughness on top.

    ``roughness_um`` has the shape (u, v) of the grid; its mean and its least-squares slope are zero,
    so that the plane is the one that a fit to the surface finds.
    """

    level_um: float
    slope: tuple[float, float]
    roughness_um: NDArray[np.float64]
    bow: Bow | None = None

    @property
    def tilt_deg(self) -> float:
        """Angle between the plane and the grid in degrees."""
        return float(np.degrees(np.arctan(np.hypot(*self.slope))))

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit normal of the plane along h, u, v, into the electrolyte."""
        length = float(np.sqrt(1 + self.slope[0] ** 2 + self.slope[1] ** 2))
        return (1 / length, -self.slope[0] / length, -self.slope[1] / length)

    def plane_um(self, u_um: NDArray[np.float64], v_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return h of the reference plane in um above the points (u, v)."""
        return self.level_um + self.slope[0] * u_um + self.slope[1] * v_um

    def reference_um(self, u_um: NDArray[np.float64], v_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return h of the reference surface in um above the points (u, v): the plane, and its bow."""
        plane = self.plane_um(u_um, v_um)
        return plane if self.bow is None else plane + self.bow.at(u_um, v_um)

    def level_at(self, u_um: float, v_um: float) -> float:
        """Return h of the reference surface in um above one point."""
        return float(self.reference_um(np.asarray(u_um), np.asarray(v_um)))

    def surface_um(self, frame: Frame) -> NDArray[np.float64]:
        """Return h of the rough surface in um, shape (u, v)."""
        _, u, v = frame.centres_um()
        return self.reference_um(u[0], v[0]) + self.roughness_um

    def heights_um(
        self, h_um: NDArray[np.float64], u_um: NDArray[np.float64], v_um: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the perpendicular height in um of points above the reference plane.

        Above a bow the sign is exact and the height is that along h, as if the surface were as steep as the plane.
        """
        return (h_um - self.reference_um(u_um, v_um)) * self.direction[0]


def draw_interface(frame: Frame, rng: np.random.Generator, *, build: Build = HALF) -> Interface:
    """Draw an interface: 25 to 30 % up the picture, by default tilted by up to 4 degrees, Sq about one voxel.

    Without an anode it lies below the picture.
    """
    if not build.anode:
        return Interface(-0.05 * frame.extent_um[0] - 8 * frame.unit_um, (0.0, 0.0), np.zeros(frame.shape[1:]))
    return draw_surface(frame, rng, middle=None, build=build, bow=max(build.bow) > 0)


def draw_surface(frame: Frame, rng: np.random.Generator, *, middle: float | None, build: Build, bow: bool) -> Interface:
    """Draw a surface that lies ``middle`` (None: 25 to 30 %) of the way up the picture."""
    tilt = np.radians(rng.uniform(*build.tilt_deg)) * rng.choice((-1.0, 1.0))
    heading = 0.0 if frame.is_2d else rng.uniform(0, np.pi)
    slope = (float(np.tan(tilt) * np.sin(heading)), float(np.tan(tilt) * np.cos(heading)))
    _, width_u, width_v = frame.extent_um
    height = (rng.uniform(0.25, 0.30) if middle is None else middle) * frame.extent_um[0]
    level = height - slope[0] * width_u / 2 - slope[1] * width_v / 2
    sq_um = rng.uniform(*build.roughness_voxels) * frame.unit_um
    roughness = _roughness_um(frame, rng, sq_um=sq_um, length_um=20 * frame.unit_um)
    return Interface(float(level), slope, roughness, _draw_bow(frame, rng, build.bow) if bow else None)


def _draw_bow(frame: Frame, rng: np.random.Generator, share: tuple[float, float]) -> Bow:
    """Draw a bow up or down, off-centre, that sags by a share of the width (and by six voxels at least)."""
    _, width_u, width_v = frame.extent_um
    sag = max(rng.uniform(*share) * width_v, 6 * frame.unit_um) * rng.choice((-1.0, 1.0))
    along_u, across, shift_u, shift_v = rng.uniform((-0.5, -0.3, -0.25, -0.25), (0.9, 0.3, 0.25, 0.25))
    s, t = np.meshgrid(np.linspace(-1, 1, 1 if frame.is_2d else 41), np.linspace(-1, 1, 161), indexing="ij")
    flat = 0.0 if frame.is_2d else 1.0
    s = s * flat
    field = (t - shift_v) ** 2 + flat * (along_u * (s - shift_u) ** 2 + across * s * t)
    basis = np.stack([part.ravel() for part in (np.ones_like(s), s, t, s * s, s * t, t * t)], axis=1)
    plane, *_ = np.linalg.lstsq(basis[:, :3], field.ravel(), rcond=None)
    field = field - (basis[:, :3] @ plane).reshape(field.shape)
    weights, *_ = np.linalg.lstsq(basis, (field * (sag / np.ptp(field))).ravel(), rcond=None)
    return Bow((width_u / 2, width_v / 2), (width_u / 2, width_v / 2), tuple(float(w) for w in weights))


def _roughness_um(frame: Frame, rng: np.random.Generator, *, sq_um: float, length_um: float) -> NDArray[np.float64]:
    """Sum plane waves whose wave vectors follow a Gaussian spectrum; remove mean and slope; scale to Sq."""
    _, u, v = (axis.reshape(-1) for axis in frame.centres_um())
    waves = rng.normal(scale=np.sqrt(2) / length_um, size=(_MODES, 2))
    phases = rng.uniform(0, 2 * np.pi, _MODES)
    field = np.zeros((u.size, v.size))
    for (along_u, along_v), phase in zip(waves, phases, strict=True):
        field += np.cos(along_u * u[:, None] + along_v * v[None, :] + phase)
    grid_u, grid_v = np.broadcast_arrays(u[:, None] - u.mean(), v[None, :] - v.mean())
    basis = np.stack([np.ones(field.size), grid_v.ravel(), grid_u.ravel()][: 3 if u.size > 1 else 2], axis=1)
    weights, *_ = np.linalg.lstsq(basis, field.ravel(), rcond=None)
    field -= (basis @ weights).reshape(field.shape)
    return np.asarray(field * (sq_um / field.std()))
