"""The partial-volume rule: a false skin of the middle grey between dark and bright.

Where void borders on electrolyte, the blurred grey passes through that of lithium. A layer of the
middle phase one or two voxels thick, with the darker phase on one side and the brighter one on the
other, is that passage and not a material.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from micro.blocks import kernel
from micro.segment.levels import GreyLevels
from micro.segment.neighbours import alike_around, grow

__all__ = ["mark_cores", "remove_skins", "skin_reach"]


def skin_reach(shape: tuple[int, ...], edges_um: tuple[float, float, float], voxels: int) -> tuple[int, int, int]:
    """Return how many voxels along each axis the neighbours of a skin may be away (the finest axis counts).

    Examples
    --------
    >>> skin_reach((9, 9, 9), (0.05, 0.025, 0.025), 2)
    (1, 2, 2)
    """
    finest = min(edges_um)
    z, y, x = (
        max(1, round(voxels * finest / edge)) if length > 1 and voxels else 0
        for edge, length in zip(edges_um, shape, strict=True)
    )
    return (z, y, x)


@kernel
def _replace(
    labels: NDArray[np.uint8],
    solid: NDArray[np.bool_],
    grey: NDArray[np.uint16],
    sides: NDArray[np.int8],
    takers: tuple[int, int],
    halfway: int,
    reach: tuple[int, int, int],
    out: NDArray[np.uint8],
) -> None:
    """Give the thin voxels of a phase that have phases of both sides near them to one of ``takers``.

    ``solid`` marks the cores of the phase and what touches them. ``sides`` holds for each phase: 0 the phase
    itself, -1 and 1 its two sides, 2 neither. The first of the takers gets what is darker than ``halfway``.
    """
    depth, height, width = labels.shape
    rz, ry, rx = reach
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                out[k, j, i] = labels[k, j, i]
                if sides[labels[k, j, i]] != 0 or solid[k, j, i]:
                    continue
                first = second = False
                for dz in range(max(-rz, -k), min(rz, depth - 1 - k) + 1):
                    for dy in range(max(-ry, -j), min(ry, height - 1 - j) + 1):
                        for dx in range(max(-rx, -i), min(rx, width - 1 - i) + 1):
                            side = sides[labels[k + dz, j + dy, i + dx]]
                            first |= side == -1
                            second |= side == 1
                        if first and second:
                            break
                    if first and second:
                        break
                if first and second:
                    out[k, j, i] = takers[0] if grey[k, j, i] < halfway else takers[1]


def _clean(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    sides: list[int],
    takers: tuple[int, int],
    halfway: int,
    reach: tuple[int, int, int],
) -> NDArray[np.uint8]:
    out = np.empty_like(labels)
    solid = grow(mark_cores(labels, sides.index(0)))
    _replace(labels, solid, grey, np.array(sides, np.int8), takers, halfway, reach, out)
    return out


def mark_cores(labels: NDArray[np.uint8], phase: int) -> NDArray[np.bool_]:
    """Return the voxels of a phase that lie in a cube of 3 voxels (a square in one slice) full of it.

    Examples
    --------
    >>> int(mark_cores(np.pad(np.ones((1, 3, 3), np.uint8), ((0, 0), (1, 1), (1, 1))), 1).sum())
    9
    """
    return grow(alike_around(labels) & (labels == phase))


def remove_skins(
    labels: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    levels: GreyLevels,
    reach: tuple[int, int, int],
    *,
    pair: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Give false skins of every middle phase to the phase on their darker or brighter side.

    Reads ``reach`` + 2 voxels around each voxel, for each middle phase and once more for a pair. Parts as
    thick as three voxels, and what touches such a part, are material and stay.

    Parameters
    ----------
    labels, grey
        Places of the phases, and grey values, shape (z, y, x).
    levels
        Grey level of each phase.
    reach
        Of `skin_reach`.
    pair
        Places of two phases on the same side of the matrix, the nearer one second (void and lithium): a
        bright rim between them (charging, overshoot) is no skin of electrolyte but belongs to the second.

    Examples
    --------
    >>> row = np.uint8([[[0, 0, 0, 1, 2, 2, 2]]])
    >>> grey = np.uint16([[[0, 0, 0, 30, 60, 60, 60]]])
    >>> levels = GreyLevels(("void", "Li", "SE"), (0, 25, 60), 1)
    >>> remove_skins(row, grey, levels, (0, 2, 2)).ravel().tolist()
    [0, 0, 0, 2, 2, 2, 2]
    """
    out = labels
    places = range(len(levels.names))
    for phase in places[1:-1]:
        sides = [int(np.sign(place - phase)) for place in places]
        out = _clean(out, grey, sides, (phase - 1, phase + 1), int(levels.midpoint(phase - 1, phase + 1)), reach)
    if pair is not None:
        matrix = 2 * pair[1] - pair[0]
        sides = [{pair[0]: -1, pair[1]: 1, matrix: 0}.get(place, 2) for place in places]
        out = _clean(out, grey, sides, (pair[1], pair[1]), 0, reach)
    return out
