"""The interface between anode and electrolyte: a tilted plane with a smooth roughness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.phantoms.frame import Frame

__all__ = ["Interface", "draw_interface"]

_MODES = 48


@dataclass(frozen=True, slots=True)
class Interface:
    """The reference plane h = ``level_um`` + ``slope`` . (u, v), and the roughness on top of it.

    ``roughness_um`` has the shape (u, v) of the grid; its mean and its least-squares slope are zero,
    so that the plane is the one that a fit to the surface finds.
    """

    level_um: float
    slope: tuple[float, float]
    roughness_um: NDArray[np.float64]

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

    def surface_um(self, frame: Frame) -> NDArray[np.float64]:
        """Return h of the rough surface in um, shape (u, v)."""
        _, u, v = frame.centres_um()
        return self.plane_um(u[0], v[0]) + self.roughness_um

    def heights_um(
        self, h_um: NDArray[np.float64], u_um: NDArray[np.float64], v_um: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the perpendicular height in um of points above the reference plane."""
        return (h_um - self.plane_um(u_um, v_um)) * self.direction[0]


def draw_interface(frame: Frame, rng: np.random.Generator) -> Interface:
    """Draw an interface: 25 to 30 % up the picture, tilted by up to 4 degrees, Sq about one voxel."""
    tilt = np.radians(rng.uniform(0.5, 4.0)) * rng.choice((-1.0, 1.0))
    heading = 0.0 if frame.is_2d else rng.uniform(0, np.pi)
    slope = (float(np.tan(tilt) * np.sin(heading)), float(np.tan(tilt) * np.cos(heading)))
    _, width_u, width_v = frame.extent_um
    middle = rng.uniform(0.25, 0.30) * frame.extent_um[0]
    level = middle - slope[0] * width_u / 2 - slope[1] * width_v / 2
    sq_um = rng.uniform(0.7, 1.1) * frame.unit_um
    return Interface(float(level), slope, _roughness_um(frame, rng, sq_um=sq_um, length_um=20 * frame.unit_um))


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
