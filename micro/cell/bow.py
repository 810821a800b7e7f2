"""How a curved reference interface departs from its plane, and distances from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["TERMS", "Bow", "bow_terms"]

TERMS = 6
"""Terms of a bow: 1, s, t, s^2, s t, t^2."""


def bow_terms(s: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the terms of a bow at points (s, t) of shape (n,), as an array (n, 6)."""
    return np.stack([np.ones_like(s), s, t, s * s, s * t, t * t], axis=1)


@dataclass(frozen=True, slots=True)
class Bow:
    """A quadratic over the two axes across the normal's, in um along the normal's axis.

    At (u, v), with s = (u - u0) / a and t = (v - v0) / b, it is c0 + c1 s + c2 t + c3 s^2 + c4 s t + c5 t^2.
    Mean and least-squares slope are zero over the columns that it was fitted to, so that the plane it
    belongs to is the best one.

    Parameters
    ----------
    axis
        The axis that it bends along: 0 z, 1 y, 2 x.
    centre_um, half_um
        (u0, v0) and (a, b), in the order of the other two axes.
    weights_um
        c0 to c5.
    sag_um
        Highest less lowest point over the columns that it was fitted to.
    """

    axis: int
    centre_um: tuple[float, float]
    half_um: tuple[float, float]
    weights_um: tuple[float, float, float, float, float, float]
    sag_um: float

    def at(self, u_um: NDArray[np.float64], v_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the bow in um at the points (u, v).

        Examples
        --------
        >>> arch = Bow(0, (0.0, 5.0), (1.0, 5.0), (0.0, 0.0, 0.0, 0.0, 0.0, 2.0), 2.0)
        >>> arch.at(np.zeros(3), np.array([0.0, 5.0, 10.0]))
        array([2., 0., 2.])
        """
        s, t = (u_um - self.centre_um[0]) / self.half_um[0], (v_um - self.centre_um[1]) / self.half_um[1]
        c = self.weights_um
        return np.asarray(c[0] + c[1] * s + c[2] * t + c[3] * s * s + c[4] * s * t + c[5] * t * t)

    def heights_um(
        self,
        lines: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        direction: tuple[float, float, float],
        offset_um: float,
    ) -> NDArray[np.float64]:
        """Return the signed distances of points from the plane with this bow.

        Parameters
        ----------
        lines
            Places along z, y and x in um; the points are all their combinations.
        direction, offset_um
            Of the `micro.cell.ReferencePlane` it belongs to.
        """
        first, second = (axis for axis in range(3) if axis != self.axis)
        own = direction[self.axis]
        # Position along the axis: level + u slope_u + v slope_v + bow.
        plane = (offset_um / own, -direction[first] / own, -direction[second] / own)
        out = np.empty(tuple(line.size for line in lines))
        turned = np.moveaxis(out, self.axis, 0)
        places = (lines[self.axis], lines[first], lines[second])
        shape = (*self.centre_um, *self.half_um)
        _distances(places, plane, shape, self.weights_um, 1.0 if own > 0 else -1.0, turned)
        return out


@kernel
def _distances(
    places: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    plane: tuple[float, float, float],
    shape: tuple[float, float, float, float],
    c: tuple[float, float, float, float, float, float],
    sign: float,
    out: NDArray[np.float64],
) -> None:
    """Write the signed distance of each point (h, u, v) from the surface: Newton's steps to the nearest point of it.

    Where the surface bends so strongly that Newton's matrix is of no use, its positive part is taken.
    """
    along, first, second = places
    u0, v0, a, b = shape
    uu, uv, vv = 2 * c[3] / (a * a), c[4] / (a * b), 2 * c[5] / (b * b)
    for k in range(along.size):
        for j in range(first.size):
            for i in range(second.size):
                u, v = first[j], second[i]
                rest, above = 0.0, 0.0
                for step in range(6):
                    s, t = (u - u0) / a, (v - v0) / b
                    bow = c[0] + c[1] * s + c[2] * t + c[3] * s * s + c[4] * s * t + c[5] * t * t
                    rest = along[k] - (plane[0] + plane[1] * u + plane[2] * v + bow)
                    if step == 0:
                        above = rest
                    if step == 5:
                        break
                    by_u = plane[1] + (c[1] + 2 * c[3] * s + c[4] * t) / a
                    by_v = plane[2] + (c[2] + c[4] * s + 2 * c[5] * t) / b
                    pull_u, pull_v = u - first[j] - rest * by_u, v - second[i] - rest * by_v
                    h_uu, h_uv, h_vv = 1 + by_u * by_u, by_u * by_v, 1 + by_v * by_v
                    full_uu, full_uv, full_vv = h_uu - rest * uu, h_uv - rest * uv, h_vv - rest * vv
                    if full_uu > 0.2 and full_uu * full_vv - full_uv * full_uv > 0.04:
                        h_uu, h_uv, h_vv = full_uu, full_uv, full_vv
                    det = h_uu * h_vv - h_uv * h_uv
                    u -= (h_vv * pull_u - h_uv * pull_v) / det
                    v -= (h_uu * pull_v - h_uv * pull_u) / det
                far = np.sqrt(rest * rest + (u - first[j]) ** 2 + (v - second[i]) ** 2)
                out[k, j, i] = sign * far if above >= 0 else -sign * far
