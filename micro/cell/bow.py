"""How a curved reference interface departs from its plane, and distances from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel

__all__ = ["TERMS", "Bow", "bow_terms"]

Triple = tuple[float, float, float]
Lines = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

TERMS = 6
"""Terms of a bow: 1, s, t, s^2, s t, t^2."""
STRIDE = 8
"""Of so many columns along each axis one is looked at where distances are interpolated."""
ONCE = 0.9
"""Curvature times distance up to which a column surely passes a height once only."""
SURE = 0.1
"""Errors above this share of a bin are not worth it: too many points lie at a bin's edge."""


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
        out = np.empty(tuple(line.size for line in lines))
        turned = np.moveaxis(out, self.axis, 0)
        _distances(self._turned(lines), *self._numbers(direction, offset_um), turned)
        return out

    def heights_at_um(
        self,
        places: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        direction: tuple[float, float, float],
        offset_um: float,
    ) -> NDArray[np.float64]:
        """Return the same for single points, given by their z, y and x in um; equal to the last bit."""
        out = np.empty(places[0].size)
        _distances_at(self._turned(places), *self._numbers(direction, offset_um), out)
        return out

    def bins(
        self,
        lines: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        direction: tuple[float, float, float],
        offset_um: float,
        bin_um: float,
    ) -> NDArray[np.int32]:
        """Return floor(height / bin) of points as in `heights_um`, without the height of each.

        Heights are taken at every `STRIDE`-th column only where the surface bends so little that those between
        are known by interpolation: a distance bends no more than the surface does, times 1 / (1 - bend x distance).
        Only points nearer to a bin's edge than the error may be are looked at. Elsewhere, along the axis the height
        never falls, so that between two points of one bin all lie in it.
        """
        out = np.empty(tuple(line.size for line in lines), np.int32)
        turned, places = np.moveaxis(out, self.axis, 0), self._turned(lines)
        plane, shape, weights, sign = self._numbers(direction, offset_um)
        error_um = self._error_um(places, plane)
        if error_um > SURE * bin_um:
            _bins(places, plane, shape, weights, sign, bin_um, turned)
        else:
            _interpolated_bins(places, plane, shape, weights, sign, bin_um, error_um / bin_um + 1e-6, turned)
        return out

    def _error_um(self, places: Lines, plane: Triple) -> float:
        """Return how far off an interpolated distance may be, at most; infinite where the surface bends too much."""
        bend, share = self._bend(places, plane)
        edges = [float(line[1] - line[0]) if line.size > 1 else 0.0 for line in places[1:]]
        return math.inf if share > 0.5 else 2 * bend * sum((STRIDE * edge) ** 2 for edge in edges) / 8

    def _bend(self, places: Lines, plane: Triple) -> tuple[float, float]:
        """Return the curvature (1/um), at most, and its product with the farthest distance, at most.

        Below 1 every point has one nearest point on the surface, and along the axis the distance never falls.
        """
        along, first, second = places
        (a, b), c = self.half_um, self.weights_um
        bend = float(np.linalg.norm([[2 * c[3] / a**2, c[4] / (a * b)], [c[4] / (a * b), 2 * c[5] / b**2]], 2))
        u, v = first[:, None], second[None, :]
        level = plane[0] + plane[1] * u + plane[2] * v + self.at(u, v)
        return bend, bend * max(float(np.abs(along[end] - level).max()) for end in (0, -1))

    def above(
        self,
        lines: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
        direction: tuple[float, float, float],
        offset_um: float,
        than_um: float,
    ) -> NDArray[np.bool_]:
        """Return which points as in `heights_um` lie higher than ``than_um``, without the height of each.

        Only those beside the place where a column passes it are looked at, unless the surface bends so much that
        a column may pass it more than once.
        """
        turned = self._turned(lines)
        passes = np.empty((turned[1].size, turned[2].size), np.int32)
        plane, shape, weights, sign = self._numbers(direction, offset_um)
        if self._bend(turned, plane)[1] > ONCE:
            return np.asarray(self.heights_um(lines, direction, offset_um) > than_um)
        _passes(turned, plane, shape, weights, sign, than_um, passes)
        across = [axis for axis in range(3) if axis != self.axis]
        along = np.expand_dims(np.arange(lines[self.axis].size, dtype=np.int32), across)
        passes = np.expand_dims(passes, self.axis)
        return np.asarray(along >= passes if sign > 0 else along < passes)

    def _turned(self, zyx: Lines) -> Lines:
        first, second = (axis for axis in range(3) if axis != self.axis)
        return (zyx[self.axis], zyx[first], zyx[second])

    def _numbers(
        self, direction: tuple[float, float, float], offset_um: float
    ) -> tuple[Triple, tuple[float, float, float, float], tuple[float, float, float, float, float, float], float]:
        """Return what the kernels take: plane, centre and half lengths, weights, and the sign of what is above."""
        first, second = (axis for axis in range(3) if axis != self.axis)
        own = direction[self.axis]
        # Position along the axis: level + u slope_u + v slope_v + bow.
        plane = (offset_um / own, -direction[first] / own, -direction[second] / own)
        return plane, (*self.centre_um, *self.half_um), self.weights_um, 1.0 if own > 0 else -1.0


@kernel
def _distance(
    h: float,
    u_own: float,
    v_own: float,
    plane: Triple,
    shape: tuple[float, float, float, float],
    c: tuple[float, float, float, float, float, float],
    sign: float,
) -> float:
    """Return the signed distance of a point from the surface: Newton's steps to the nearest point of it.

    Where the surface bends so strongly that Newton's matrix is of no use, its positive part is taken. A
    step that is a 1e-5th of the distance is the last: the next would be a 1e-10th, and the distance
    changes with its square.
    """
    u0, v0, a, b = shape
    uu, uv, vv = 2 * c[3] / (a * a), c[4] / (a * b), 2 * c[5] / (b * b)
    u, v = u_own, v_own
    rest, above = 0.0, 0.0
    settled = False
    for step in range(6):
        s, t = (u - u0) / a, (v - v0) / b
        bow = c[0] + c[1] * s + c[2] * t + c[3] * s * s + c[4] * s * t + c[5] * t * t
        rest = h - (plane[0] + plane[1] * u + plane[2] * v + bow)
        if step == 0:
            above = rest
        if step == 5 or settled:
            break
        by_u = plane[1] + (c[1] + 2 * c[3] * s + c[4] * t) / a
        by_v = plane[2] + (c[2] + c[4] * s + 2 * c[5] * t) / b
        pull_u, pull_v = u - u_own - rest * by_u, v - v_own - rest * by_v
        h_uu, h_uv, h_vv = 1 + by_u * by_u, by_u * by_v, 1 + by_v * by_v
        full_uu, full_uv, full_vv = h_uu - rest * uu, h_uv - rest * uv, h_vv - rest * vv
        newton = full_uu > 0.2 and full_uu * full_vv - full_uv * full_uv > 0.04
        if newton:
            h_uu, h_uv, h_vv = full_uu, full_uv, full_vv
        det = h_uu * h_vv - h_uv * h_uv
        move_u, move_v = (h_vv * pull_u - h_uv * pull_v) / det, (h_uu * pull_v - h_uv * pull_u) / det
        u -= move_u
        v -= move_v
        settled = newton and move_u * move_u + move_v * move_v <= 1e-10 * rest * rest
    far = math.sqrt(rest * rest + (u - u_own) ** 2 + (v - v_own) ** 2)
    return sign * far if above >= 0 else -sign * far


@kernel
def _distances(
    places: Lines,
    plane: Triple,
    shape: tuple[float, float, float, float],
    c: tuple[float, float, float, float, float, float],
    sign: float,
    out: NDArray[np.float64],
) -> None:
    """Write the signed distance of each point of a grid (h, u, v)."""
    along, first, second = places
    for k in range(along.size):
        for j in range(first.size):
            for i in range(second.size):
                out[k, j, i] = _distance(along[k], first[j], second[i], plane, shape, c, sign)


@kernel
def _distances_at(
    places: Lines,
    plane: Triple,
    shape: tuple[float, float, float, float],
    c: tuple[float, float, float, float, float, float],
    sign: float,
    out: NDArray[np.float64],
) -> None:
    """Write the signed distance of each single point."""
    for i in range(out.size):
        out[i] = _distance(places[0][i], places[1][i], places[2][i], plane, shape, c, sign)


@kernel
def _bins(
    places: Lines,
    plane: Triple,
    shape: tuple[float, float, float, float],
    c: tuple[float, float, float, float, float, float],
    sign: float,
    bin_um: float,
    out: NDArray[np.int32],
) -> None:
    """Write floor(distance / bin) of each point of a grid, column by column, from edge to edge of the bins."""
    along, first, second = places
    last = along.size - 1
    for j in range(first.size):
        for i in range(second.size):
            u, v = first[j], second[i]
            end = _distance(along[last], u, v, plane, shape, c, sign)
            here = _distance(along[0], u, v, plane, shape, c, sign)
            end_bin, own = math.floor(end / bin_um), math.floor(here / bin_um)
            k = 0
            while own != end_bin:
                edge = (own + 1 if end_bin > own else own) * bin_um
                low, high, there, other = k, last, end, end_bin
                # The last voxel of the bin, were the height linear from here to the end; then one by one.
                guess = min(max(k + int((edge - here) / (end - here) * (last - k)), low + 1), high - 1)
                while high - low > 1:
                    height = _distance(along[guess], u, v, plane, shape, c, sign)
                    found = math.floor(height / bin_um)
                    if found == own:
                        low, guess = guess, guess + 1
                    else:
                        high, guess, there, other = guess, guess - 1, height, found
                out[k:high, j, i] = own
                k, here, own = high, there, other
            out[k:, j, i] = own


@kernel
def _passes(
    places: Lines,
    plane: Triple,
    shape: tuple[float, float, float, float],
    c: tuple[float, float, float, float, float, float],
    sign: float,
    than_um: float,
    out: NDArray[np.int32],
) -> None:
    """Write how many points of each column come before the distance passes ``than_um``.

    Looked for from where the column before passes it, in strides that double until it lies between two of them.
    """
    along, first, second = places
    begins = 0
    for j in range(first.size):
        guess = begins
        for i in range(second.size):
            low, high, stride = 0, along.size, 1
            while low < high:
                guess = min(max(guess, low), high - 1)
                before = (_distance(along[guess], first[j], second[i], plane, shape, c, sign) > than_um) == (sign < 0)
                between = high < along.size if before else low > 0
                if before:
                    low = guess + 1
                else:
                    high = guess
                guess = (low + high) // 2 if between else guess + (stride if before else -stride)
                stride *= 2
            guess = low
            out[j, i] = low
            if i == 0:
                begins = low


@kernel
def _interpolated_bins(
    places: Lines,
    plane: Triple,
    shape: tuple[float, float, float, float],
    c: tuple[float, float, float, float, float, float],
    sign: float,
    bin_um: float,
    unsure: float,
    out: NDArray[np.int32],
) -> None:
    """Write floor(distance / bin) of each point of a grid; points ``unsure`` bins from an edge are looked at."""
    along, first, second = places
    rows, columns = (first.size - 1) // STRIDE + 2, (second.size - 1) // STRIDE + 2
    coarse, line = np.empty((rows, columns)), np.empty(columns)
    bins, doubt = np.empty(second.size), np.empty(second.size, np.bool_)
    for k in range(along.size):
        for row in range(rows):
            for column in range(columns):
                u, v = first[min(row * STRIDE, first.size - 1)], second[min(column * STRIDE, second.size - 1)]
                coarse[row, column] = _distance(along[k], u, v, plane, shape, c, sign) / bin_um
        for j in range(first.size):
            row = j // STRIDE
            share = (j - row * STRIDE) / max(min((row + 1) * STRIDE, first.size - 1) - row * STRIDE, 1)
            for column in range(columns):
                line[column] = coarse[row, column] + share * (coarse[row + 1, column] - coarse[row, column])
            for column in range(columns - 1):
                begin, end = column * STRIDE, min((column + 1) * STRIDE, second.size)
                slope = (line[column + 1] - line[column]) / max(min(end, second.size - 1) - begin, 1)
                for i in range(begin, end):
                    bins[i] = line[column] + (i - begin) * slope
            for i in range(second.size):
                doubt[i] = abs(bins[i] - np.rint(bins[i])) <= unsure
                bins[i] = np.floor(bins[i])
            for i in range(second.size):
                out[k, j, i] = np.int32(bins[i])
            for i in range(second.size):
                if doubt[i]:
                    out[k, j, i] = math.floor(_distance(along[k], first[j], second[i], plane, shape, c, sign) / bin_um)
