"""Branched dendrites: vertical lithium filaments, or the stripes and network of Li-In."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from micro.phantoms.frame import Frame
from micro.phantoms.interface import Interface

__all__ = ["Branch", "dendrite_mask", "draw_dendrites", "draw_filament", "grown_segments", "roots_um"]


@dataclass(frozen=True, slots=True)
class Branch:
    """A filament: points (n, 3) along h, u, v in um, from the root to the tip, tapering linearly.

    ``start_um`` is the length of metal between the interface and its first point, so that growth to a
    share of the full length knows when this branch begins.
    """

    points_um: NDArray[np.float64]
    root_radius_um: float
    tip_radius_um: float
    start_um: float

    @property
    def length_um(self) -> float:
        """Length along the filament in um."""
        return float(np.linalg.norm(np.diff(self.points_um, axis=0), axis=1).sum())

    def grown(self, length_um: float) -> NDArray[np.float64]:
        """Return the first ``length_um`` of the filament as segments (m, 8): h, u, v, radius at both ends."""
        steps = np.linalg.norm(np.diff(self.points_um, axis=0), axis=1)
        reached = np.concatenate([[0.0], np.cumsum(steps)])
        last = min(length_um, float(reached[-1]))
        stops = np.append(reached[reached < 0.999 * last], last)
        points = np.stack([np.interp(stops, reached, axis) for axis in self.points_um.T], axis=1)
        radii = self.root_radius_um + (self.tip_radius_um - self.root_radius_um) * stops / stops[-1]
        ends = np.column_stack([points, radii])
        return np.hstack([ends[:-1], ends[1:]])


def grown_segments(branches: tuple[Branch, ...], share: float) -> NDArray[np.float64]:
    """Return the segments (m, 8) of all branches grown to ``share`` of the longest way from the interface."""
    if share <= 0 or not branches:
        return np.zeros((0, 8))
    limit = share * max(branch.start_um + branch.length_um for branch in branches)
    parts = [
        branch.grown(min(limit - branch.start_um, branch.length_um))
        for branch in branches
        if limit - branch.start_um > branch.tip_radius_um
    ]
    return np.concatenate(parts) if parts else np.zeros((0, 8))


def roots_um(branches: tuple[Branch, ...]) -> NDArray[np.float64]:
    """Return u, v and radius in um of every filament that stands on the interface, shape (n, 3)."""
    rows = [(*b.points_um[0, 1:], b.root_radius_um) for b in branches if b.start_um == 0]
    return np.asarray(rows, dtype=np.float64).reshape(-1, 3)


def draw_dendrites(
    frame: Frame, rng: np.random.Generator, *, interface: Interface, alloy: bool, through_um: float | None = None
) -> tuple[Branch, ...]:
    """Draw the dendrites of the ``cycled`` state; the deepest one reaches 30 to 55 % of the electrolyte.

    Where ``through_um`` is given, the deepest grows straight up over that length.
    """
    thickness = frame.extent_um[0] - interface.level_um
    depth = rng.uniform(0.30, 0.50) * thickness
    count = int(rng.integers(3, 6) if alloy else rng.integers(4, 8) + (not frame.is_2d))
    branches: list[Branch] = []
    for number, place in enumerate(_places(frame, rng, count)):
        length = depth * (1.0 if number == 0 else rng.uniform(0.35, 0.9))
        through = through_um if number == 0 else None
        radius = frame.unit_um * rng.uniform(2.6, 4.2) * (1.0 if frame.is_2d else 1.15)
        root = np.array([interface.level_at(place[0], place[1]) - 3 * frame.unit_um, *place])
        stem = draw_filament(
            frame,
            rng,
            start=root,
            toward=np.array([1.0, 0.0, 0.0]),
            length_um=(length if through is None else through) + 3 * frame.unit_um,
            radius_um=radius,
            start_um=0.0,
            wander=0.12 if through is None else 0.04,
        )
        branches.append(stem)
        grow = _stripes if alloy else _side_branches
        branches.extend(grow(frame, rng, stem))
    return tuple(branches)


def _places(frame: Frame, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Return (count, 2) root positions, one in each of ``count`` strips so that they stand apart."""
    _, width_u, width_v = frame.extent_um
    strips = (rng.permutation(count) + rng.uniform(0.25, 0.75, count)) / count
    u = np.full(count, 0.5) if frame.is_2d else rng.uniform(0.15, 0.85, count)
    return np.column_stack([u * width_u, (0.06 + 0.88 * strips) * width_v])


def draw_filament(
    frame: Frame,
    rng: np.random.Generator,
    *,
    start: NDArray[np.float64],
    toward: NDArray[np.float64],
    length_um: float,
    radius_um: float,
    start_um: float,
    wander: float,
) -> Branch:
    """Return a filament that walks from ``start`` along ``toward`` with a slowly changing heading."""
    step = 4 * frame.unit_um
    count = max(2, int(np.ceil(length_um / step)))
    sway = np.zeros(3)
    points = [start]
    for _ in range(count):
        sway = 0.85 * sway + wander * rng.normal(size=3)
        heading = toward + sway
        if frame.is_2d:
            heading[1] = 0.0
        points.append(points[-1] + heading / np.linalg.norm(heading) * (length_um / count))
    return Branch(np.array(points), radius_um, min(radius_um, 1.5 * frame.unit_um), start_um)


def _along(stem: Branch, share: float) -> tuple[NDArray[np.float64], float]:
    """Return the point at ``share`` of the stem's length, and that length in um."""
    steps = np.linalg.norm(np.diff(stem.points_um, axis=0), axis=1)
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    at = share * reached[-1]
    return np.array([np.interp(at, reached, axis) for axis in stem.points_um.T]), float(at)


def _sideways(frame: Frame, rng: np.random.Generator, angle_rad: float) -> NDArray[np.float64]:
    """Return a unit vector at ``angle_rad`` to the normal, turned at random about it."""
    turn = (0.0 if rng.uniform() < 0.5 else np.pi) if frame.is_2d else rng.uniform(0, 2 * np.pi)
    side = np.sin(angle_rad)
    return np.array([np.cos(angle_rad), side * np.sin(turn), side * np.cos(turn)])


def _side_branches(frame: Frame, rng: np.random.Generator, stem: Branch) -> Iterator[Branch]:
    for _ in range(int(rng.integers(2, 5))):
        start, at = _along(stem, rng.uniform(0.2, 0.75))
        yield draw_filament(
            frame,
            rng,
            start=start,
            toward=_sideways(frame, rng, np.radians(rng.uniform(20, 50))),
            length_um=(stem.length_um - at) * rng.uniform(0.35, 0.75),
            radius_um=max(0.65 * stem.root_radius_um, 1.6 * frame.unit_um),
            start_um=stem.start_um + at,
            wander=0.15,
        )


def _stripes(frame: Frame, rng: np.random.Generator, stem: Branch) -> Iterator[Branch]:
    """Lateral stripes, denser and shorter toward the base, where they meet in a network."""
    for share in np.sort(0.22 + 0.73 * rng.uniform(size=8) ** 1.4):
        start, at = _along(stem, float(share))
        stripe = draw_filament(
            frame,
            rng,
            start=start,
            toward=_sideways(frame, rng, np.radians(rng.uniform(80, 95))),
            length_um=frame.extent_um[2] * rng.uniform(0.08, 0.22),
            radius_um=stem.root_radius_um * rng.uniform(0.6, 0.9),
            start_um=stem.start_um + at,
            wander=0.06,
        )
        yield stripe
        if share < 0.5:
            joint, further = _along(stripe, rng.uniform(0.4, 0.9))
            yield draw_filament(
                frame,
                rng,
                start=joint,
                toward=_sideways(frame, rng, np.radians(rng.uniform(0, 30))),
                length_um=stem.length_um * rng.uniform(0.08, 0.18),
                radius_um=max(0.55 * stem.root_radius_um, 1.6 * frame.unit_um),
                start_um=stripe.start_um + further,
                wander=0.06,
            )


def dendrite_mask(frame: Frame, segments: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the voxels (h, u, v) whose centres lie in one of the tapered segments (m, 8)."""
    mask = np.zeros(frame.shape, dtype=np.bool_)
    _fill_segments(mask, segments, np.asarray(frame.edges_um))
    return mask


@njit(cache=True, nogil=True)
def _fill_segments(mask, segments, edges):  # type: ignore[no-untyped-def]
    low = np.zeros(3, np.int64)
    high = np.zeros(3, np.int64)
    for row in range(segments.shape[0]):
        a = segments[row, 0:3]
        b = segments[row, 4:7]
        ra, rb = segments[row, 3], segments[row, 7]
        reach = max(ra, rb)
        length2 = 0.0
        for axis in range(3):
            length2 += (b[axis] - a[axis]) ** 2
            low[axis] = max(0, int(np.floor((min(a[axis], b[axis]) - reach) / edges[axis] - 0.5)))
            high[axis] = min(mask.shape[axis] - 1, int(np.ceil((max(a[axis], b[axis]) + reach) / edges[axis])))
        for i in range(low[0], high[0] + 1):
            p = (i + 0.5) * edges[0] - a[0]
            for j in range(low[1], high[1] + 1):
                q = (j + 0.5) * edges[1] - a[1]
                for k in range(low[2], high[2] + 1):
                    r = (k + 0.5) * edges[2] - a[2]
                    along = (p * (b[0] - a[0]) + q * (b[1] - a[1]) + r * (b[2] - a[2])) / length2
                    along = min(1.0, max(0.0, along))
                    far = (
                        (p - along * (b[0] - a[0])) ** 2
                        + (q - along * (b[1] - a[1])) ** 2
                        + (r - along * (b[2] - a[2])) ** 2
                    )
                    if far <= (ra + along * (rb - ra)) ** 2:
                        mask[i, j, k] = True
