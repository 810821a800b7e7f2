"""Random materials of bodies of very unequal size: a few large ones set every mean by volume."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from materials import LI, VOID, Material, Target, blank, cell, wide
from numpy.typing import NDArray
from object_materials import Shape, sites

from micro.cell import Cell, Part

__all__ = ["UNEQUAL"]


def balls(
    shape: Shape, axes: list[int], pitch: int, share: float, spread: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return half the chord of a ball (disc) at each place along ``axes``, 0 beside; other axes have one voxel.

    Radii are log-normal with sigma ``spread`` about 4.5 voxels, from 1.5 up to what a lattice cell holds.
    """
    flat = [n if a in axes else 1 for a, n in enumerate(shape)]
    out = np.zeros(flat)
    for corner in sites(shape, axes, pitch, share, rng):
        radius = float(np.clip(4.5 * np.exp(spread * rng.normal()), 1.5, pitch / 2 - 1))
        centre = np.full(3, 0.5)
        centre[axes] = corner[axes] + rng.uniform(radius + 1, pitch - radius - 1, len(axes))
        box = tuple(
            slice(max(0, int(c - radius)), max(0, min(n, int(c + radius) + 1)))
            for c, n in zip(centre, flat, strict=True)
        )
        square = sum((g + 0.5 - c) ** 2 for g, c in zip(np.ogrid[box], centre, strict=True))
        out[box] = np.maximum(out[box], np.sqrt(np.maximum(radius**2 - square, 0)))
    return out


def caps(name: str, shape: Shape, pitch: int, share: float, truth: float) -> Material:
    """Return gaps like half balls (of a section half discs), sunk into the anode; ``truth`` is that of a long run."""
    axes = wide(shape)
    normal = axes[0]
    anode = 22

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        deep = np.rint(balls(shape, axes[1:], pitch, share, 0.4, rng))
        below = anode - np.arange(shape[normal]).reshape([-1 if a == normal else 1 for a in range(3)])
        metal, gap = np.broadcast_to(below > 0, shape), (below > 0) & (below <= deep)
        labels[metal], parts[metal] = LI, int(Part.ANODE)
        labels[gap], parts[gap] = VOID, int(Part.GAP)
        return cell(labels, parts, height=anode)

    return Material(name, shape, draw, {("gap_thickness_mean", "", "interface"): truth})


def pores(name: str, shape: Shape, pitch: int, share: float, truth: Mapping[str, float]) -> Material:
    """Return round pores apart from one another; ``truth`` is that of a long run."""
    axes = wide(shape)

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        holes = balls(shape, axes, pitch, share, 0.35, rng) > 0
        labels[holes], parts[holes] = VOID, int(Part.PORE)
        return cell(labels, parts)

    targets: dict[Target, float] = {(f"pore_size_{one}", "void", "se_region"): value for one, value in truth.items()}
    return Material(name, shape, draw, targets)


UNEQUAL: tuple[Material, ...] = (
    caps("Gaps of unequal size", (1, 40, 1536), 24, 0.4, 4.461),
    caps("Gaps of unequal size", (34, 120, 120), 24, 0.8, 4.327),
    pores("Pores of unequal size", (1, 200, 200), 24, 0.5, {"mean": 11.51, "d50": 10.92}),
    pores("Pores of unequal size", (80, 96, 96), 24, 0.6, {"mean": 12.11, "d50": 11.89}),
)
"""All of them. Values: thickness of 10^5 gaps, drawn only; sizes of 40 sections of 800^2 and of 60 volumes of
104 x 96^2 with every lattice cell filled, standard errors .3 and 1.1 %."""
