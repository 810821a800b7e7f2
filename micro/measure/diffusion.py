"""Steady diffusion through one phase of a box of voxels: conjugate gradients with a multigrid preconditioner.

The two ends of the box hold concentrations 1 and 0 on their outer faces, the sides let nothing through, nor do other
phases. Everything is in memory and in float64, about 35 bytes a voxel of the box.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray

from micro.measure.multigrid import END, Level, Slabs, cycle, hierarchy
from micro.measure.multigrid_kernels import Floats, apply, dot, turn

__all__ = ["TOLERANCE", "Diffusion", "diffuse", "percolating"]

TOLERANCE = 1e-6
"""Relative error of the effective diffusivity at which the iteration ends."""

_STEPS_MAX = 2000
_SEEN = 4
"""Steps whose gains tell how fast what is left shrinks."""


@dataclass(frozen=True)
class Diffusion:
    """What a phase lets through a box.

    Attributes
    ----------
    fraction
        Share of the box that is the phase.
    percolating
        Share of the box that is phase joined by faces to both ends.
    diffusivity
        Effective over free diffusivity; 0 where nothing percolates.
    steps
        Steps of the iteration.
    """

    fraction: float
    percolating: float
    diffusivity: float
    steps: int

    @property
    def tortuosity(self) -> float | None:
        """Tortuosity factor, percolating share over effective diffusivity; None where nothing percolates."""
        return self.percolating / self.diffusivity if self.percolating > 0 else None


def percolating(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the voxels of ``mask`` that are joined by faces to both ends of the first axis.

    Examples
    --------
    >>> percolating(np.array([[[True, True]], [[True, False]], [[True, True]]]))[:, 0, 1].tolist()
    [True, False, True]
    """
    ids = cc3d.connected_components(np.ascontiguousarray(mask), connectivity=6, out_dtype=np.uint32)
    through = np.intersect1d(np.unique(ids[0]), np.unique(ids[-1]))
    table = np.zeros(int(ids.max()) + 1, np.bool_)
    table[through] = True
    table[0] = False
    found: NDArray[np.bool_] = table[ids]
    return found


def _solve(levels: list[Level], tolerance: float, slabs: Slabs) -> tuple[float, int]:
    """Return what flows through the box between concentrations 1 and 0, and the steps that it took.

    The flow is the energy of the concentration, from which every step takes off what it gains: so the concentration
    itself is not kept. Its error is the sum of all gains to come (Hestenes & Stiefel 1952); see `_left`.
    """
    grid, shape = levels[0].grid, levels[0].shape
    r, p, z = (np.zeros(levels[0].codes.size) for _ in range(3))
    sums = np.zeros(shape[0])
    diagonal = np.divide(1.0, grid[3], out=np.zeros(256), where=grid[3] > 0)

    def product(a: Floats, b: Floats) -> float:
        slabs.run(lambda planes: dot(grid, a, b, planes, sums), shape)
        return float(sums.sum())

    def applied(a: Floats, out: Floats) -> float:
        slabs.run(lambda planes: apply(grid, a, diagonal, planes, out, sums), shape)
        return float(sums.sum())

    flow = _begin(levels[0], r, z, applied, product)
    before, gains, alpha = 1.0, [0.0], 0.0
    z[:] = 0.0
    while len(gains) < _STEPS_MAX:
        cycle(levels, z, r, slabs, q=z, alpha=alpha)
        now = product(r, z)
        beta = now / before
        slabs.run(lambda planes, beta=beta: turn(grid, p, z, beta, planes), shape)  # type: ignore[misc]
        before = now
        bend = applied(p, z)
        if bend <= 0:
            break
        gains.append(now * now / bend)
        alpha = now / bend
        flow -= gains[-1]
        if _left(gains[1:]) <= tolerance * flow:
            break
    return flow, len(gains) - 1


def _left(gains: list[float]) -> float:
    """Return about how much the steps to come gain, twice what they do where gains shrink as slowly as they lately did.

    Strakos & Tichy (2002) take some steps more and add up what they gained, which is the error so many steps ago. The
    slowest of the last few ratios of neighbours, carried on for ever, tells it of now.

    Examples
    --------
    >>> _left([8.0, 4.0, 2.0, 1.0, 0.5])
    1.0
    >>> _left([1.0, 0.25])
    inf
    """
    last = gains[-1 - _SEEN :]
    if len(last) <= _SEEN:
        return math.inf
    if last[-1] == 0:
        return 0.0
    slowest = max(after / before for before, after in itertools.pairwise(last))
    return 2 * last[-1] * slowest / (1 - slowest) if slowest < 1 else math.inf


def _begin(
    level: Level,
    r: Floats,
    x: Floats,
    applied: Callable[[Floats, Floats], float],
    product: Callable[[Floats, Floats], float],
) -> float:
    """Write the residual of a concentration that falls evenly; return its energy, at least the flow."""
    depth, height, width = level.shape
    rimmed = (depth + 2, height + 2, width + 2)
    conducts = level.codes.reshape(rimmed)[1:-1, 1:-1, 1:-1] > 0
    even = 1 - (np.arange(depth) + 0.5) / depth
    np.multiply(even[:, None, None], conducts, out=x.reshape(rimmed)[1:-1, 1:-1, 1:-1])
    applied(x, r)
    r *= -1.0
    first = conducts[0]
    r.reshape(rimmed)[1, 1:-1, 1:-1][first] += END
    return END * float((1.0 - even[0]) * np.count_nonzero(first)) - product(r, x)


def diffuse(
    mask: NDArray[np.bool_], edges_um: tuple[float, float, float], *, tolerance: float = TOLERANCE, workers: int = 1
) -> Diffusion:
    """Return the effective diffusivity of a phase along the first axis of a box, and its tortuosity factor.

    ``D_eff / D_0`` = flow x length / (area x difference in concentration), and with the share eps of the box that
    is phase and joined to both ends, tau = eps D_0 / D_eff (Cooper et al., SoftwareX 5, 2016, 203).

    Parameters
    ----------
    mask
        The phase, shape (along, across, across).
    edges_um
        Voxel edges along the three axes.
    tolerance
        Relative error of the diffusivity.
    workers
        Threads; they never change the result.

    Examples
    --------
    >>> straight = np.zeros((6, 4, 4), bool)
    >>> straight[:, :2] = True
    >>> found = diffuse(straight, (1.0, 1.0, 1.0))
    >>> round(found.diffusivity, 6), round(found.tortuosity, 6)
    (0.5, 1.0)
    """
    through = percolating(mask)
    fraction, open_share = float(mask.mean()), float(through.mean())
    if open_share == 0:
        return Diffusion(fraction, 0.0, 0.0, 0)
    with ThreadPoolExecutor(workers) as pool:
        slabs = Slabs(workers, pool)
        flow, steps = _solve(hierarchy(through, edges_um, slabs), tolerance, slabs)
    across = mask.shape[1] * mask.shape[2]
    return Diffusion(fraction, open_share, float(flow) * mask.shape[0] / across, steps)
