"""Steady diffusion through one phase of a box of voxels: conjugate gradients with a multigrid preconditioner.

The two ends of the box hold concentrations 1 and 0 on their outer faces, the sides let nothing through, nor do other
phases. Everything is in memory and in float64, about 60 bytes a voxel of the box.
"""

from __future__ import annotations

from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.measure.multigrid import END, Floats, Level, apply, cycle, hierarchy

__all__ = ["TOLERANCE", "Diffusion", "diffuse", "percolating"]

TOLERANCE = 1e-6
"""Relative error of the effective diffusivity at which the iteration ends."""

_STEPS_MAX = 2000
_DELAY = 5
"""Steps over which the error is estimated."""


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


@kernel
def _dot(a: Floats, b: Floats, cells: NDArray[np.int32]) -> float:
    total = 0.0
    for c in cells:
        total += a[c] * b[c]
    return total


@kernel
def _step(x: Floats, r: Floats, p: Floats, q: Floats, alpha: float, cells: NDArray[np.int32]) -> None:
    for c in cells:
        x[c] += alpha * p[c]
        r[c] -= alpha * q[c]


@kernel
def _turn(p: Floats, z: Floats, beta: float, cells: NDArray[np.int32]) -> None:
    for c in cells:
        p[c] = z[c] + beta * p[c]


def _flow(x: Floats, r: Floats, first: NDArray[np.int32], cells: NDArray[np.int32]) -> float:
    """Return the energy of the concentration ``x`` with the residual ``r``: at least the flow, and equal in the end."""
    return END * float((1.0 - x[first]).sum()) - float(_dot(r, x, cells))


def _solve(levels: list[Level], depth: int, tolerance: float) -> tuple[float, int]:
    """Return what flows through the box between concentrations 1 and 0, and the steps that it took.

    The flow is the energy of the concentration, whose error is the square of the concentration's; it is estimated as
    Hestenes & Stiefel (1952) and Strakos & Tichy (2002) do.
    """
    top = levels[0]
    fine = (top.codes, top.inverse, *top.strides, top.faces)
    height = top.cells // top.strides[0] - 1
    first = top.cells[height == 0]
    x, r, p, z = (np.zeros(top.size) for _ in range(4))
    x[top.cells] = 1 - (height + 0.5) / depth
    apply(x, top.cells, *fine, r)
    r *= -1.0
    r[first] += END
    flow, before, gains = _flow(x, r, first, top.cells), 1.0, [0.0]
    while len(gains) < _STEPS_MAX:
        cycle(levels, z, r)
        now = _dot(r, z, top.cells)
        _turn(p, z, now / before, top.cells)
        before = now
        bend = apply(p, top.cells, *fine, z)
        if bend <= 0:
            break
        gains.append(now * now / bend)
        _step(x, r, p, z, now / bend, top.cells)
        flow = _flow(x, r, first, top.cells)
        if len(gains) > _DELAY and sum(gains[-_DELAY:]) <= tolerance * flow:
            break
    return flow, len(gains) - 1


def diffuse(
    mask: NDArray[np.bool_], edges_um: tuple[float, float, float], *, tolerance: float = TOLERANCE
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
    flow, steps = _solve(hierarchy(through, edges_um), mask.shape[0], tolerance)
    across = mask.shape[1] * mask.shape[2]
    return Diffusion(fraction, open_share, float(flow) * mask.shape[0] / across, steps)
