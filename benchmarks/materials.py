"""Random materials whose values are known: labels drawn with fixed thresholds and intensities, nothing else.

Each is stationary in the picture (cells: across the normal), so a value of the material is an expectation that can be
written down. Pictures are small; lengths are in voxels, which are cubes of 1 um.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from micro.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.model import Labels, Spacing

__all__ = ["MATERIALS", "Material", "Target"]

VOID, SE, LI, DENDRITE, CRACK, COLLECTOR = 1, 2, 3, 4, 5, 8
ANODE = 4
"""Voxels of the anode along the normal, which is the first axis that is longer than one."""

Target = tuple[str, str, str]
"""Metric, phase and region of a row."""


@dataclass(frozen=True)
class Material:
    """A random cell: how it is drawn, and what its measurements are on average over all pictures of it.

    ``first`` draws the first state, of a material that is measured against one.
    """

    name: str
    shape: tuple[int, int, int]
    draw: Callable[[tuple[int, int, int], np.random.Generator], Cell]
    truth: Mapping[Target, float]
    first: Callable[[tuple[int, int, int], np.random.Generator], Cell] | None = None

    @property
    def dimension(self) -> str:
        """``2-D`` or ``3-D``."""
        return "2-D" if self.shape[0] == 1 else "3-D"


def wide(shape: tuple[int, ...]) -> list[int]:
    """Return the axes that are longer than one voxel."""
    return [axis for axis, n in enumerate(shape) if n > 1]


def gaussian(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a field of zero mean and unit variance with the covariance exp(-h^2 / (4 sigma^2))."""
    margin = [int(4 * sigma + 0.5) * (n > 1) for n in shape]
    white = rng.standard_normal([n + 2 * m for n, m in zip(shape, margin, strict=True)])
    kernel = np.exp(-0.5 * (np.arange(-max(margin), max(margin) + 1) / sigma) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    for axis in wide(shape):
        white = ndimage.convolve1d(white, kernel, axis, mode="constant")
    return white[tuple(slice(m, m + n) for m, n in zip(margin, shape, strict=True))]


def balls(
    shape: tuple[int, ...], radii: tuple[float, ...], share: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a Boolean model of balls (discs, segments) that covers ``share``; each voxel holds its last ball's number.

    The centres lie off the lattice, so a voxel's centre is covered with probability ``share`` exactly.
    """
    axes = wide(shape)
    unit = {1: 2.0, 2: np.pi, 3: 4 / 3 * np.pi}[len(axes)]
    mean = unit * float(np.mean(np.power(radii, len(axes))))
    reach = max(radii)
    size = np.array([shape[axis] + 2 * reach for axis in axes])
    out = np.zeros(shape, np.int64)
    for number in range(1, rng.poisson(-np.log1p(-share) / mean * size.prod()) + 1):
        radius = radii[rng.integers(len(radii))]
        centre = np.zeros(3) + 0.5
        centre[axes] = rng.uniform(size=len(axes)) * size - reach
        box = tuple(
            slice(max(0, int(c - radius)), max(0, min(n, int(c + radius) + 1)))
            for c, n in zip(centre, shape, strict=True)
        )
        grid = np.ogrid[box]
        out[box][sum((g + 0.5 - c) ** 2 for g, c in zip(grid, centre, strict=True)) < radius**2] = number
    return out


def cell(labels: NDArray[np.uint8], parts: NDArray[np.uint8], *, height: float = ANODE) -> Cell:
    """Return a cell whose reference interface lies at ``height`` um across its first long axis; the picture cuts it."""
    axis = wide(labels.shape)[0]
    direction = tuple(float(a == axis) for a in range(3))
    beyond = (np.arange(labels.shape[axis]) + 0.5 > height).reshape([-1 if a == axis else 1 for a in range(3)])
    parts = np.where(beyond & (labels > 0), parts | SE_REGION, parts).astype(np.uint8)
    plane = ReferencePlane((direction[0], direction[1], direction[2]), height)
    return Cell(Labels(labels, Spacing(1.0, 1.0, 1.0)), parts, normal=Normal.parse("+" + "zyx"[axis]), plane=plane)


def blank(shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Return labels of an anode under electrolyte, the parts, and the normal's axis."""
    labels, parts = np.full(shape, SE, np.uint8), np.full(shape, int(Part.OTHER), np.uint8)
    axis = wide(shape)[0]
    bottom = tuple(slice(ANODE) if a == axis else slice(None) for a in range(3))
    labels[bottom], parts[bottom] = LI, int(Part.ANODE)
    return labels, parts, axis


def _with_pores(shape: tuple[int, int, int], pores: NDArray[np.bool_]) -> Cell:
    labels, parts, _ = blank(shape)
    pores = pores & (labels == SE)
    labels[pores], parts[pores] = VOID, int(Part.PORE)
    return cell(labels, parts)


def pore_truth(share: float) -> dict[Target, float]:
    """Return the values of an electrolyte with ``share`` of pores."""
    return {
        ("phase_fraction", "SE", "se_region"): 1 - share,
        ("porosity", "", "se_region"): share,
        ("porosity_pore", "", "se_region"): share,
        ("relative_density", "", "se_region"): 1 - share,
    }


def level_set(name: str, shape: tuple[int, int, int], sigma: float, share: float) -> Material:
    """Return pores where a Gaussian field lies below a fixed threshold."""

    def draw(shape: tuple[int, int, int], rng: np.random.Generator) -> Cell:
        return _with_pores(shape, gaussian(shape, sigma, rng) < special.ndtri(share))

    return Material(name, shape, draw, pore_truth(share))


def boolean(name: str, shape: tuple[int, int, int], radii: tuple[float, ...], share: float) -> Material:
    """Return pores that are balls thrown at random, which may overlap."""

    def draw(shape: tuple[int, int, int], rng: np.random.Generator) -> Cell:
        return _with_pores(shape, balls(shape, radii, share, rng) > 0)

    return Material(name, shape, draw, pore_truth(share))


def sheets(name: str, shape: tuple[int, int, int], edge: int, thick: int, number: float) -> Material:
    """Return cracks: square plates (traces) along the axes, ``number`` in the picture; whole along the normal.

    Where two of them cross, the mid-surface counts once: P32 is lower than the plates' by less than a hundredth here.
    """
    axes = wide(shape)
    normal, across = axes[0], axes[1:]
    height = shape[normal] - ANODE
    frame = np.array([height if a == normal else shape[a] for a in axes])
    area = float(np.prod([shape[a] for a in across]))
    per_area = number / area

    def draw(shape: tuple[int, int, int], rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        size = [edge] * len(axes)
        around = float(np.prod([shape[a] + edge for a in across]))
        for _ in range(rng.poisson(per_area * around)):
            size = [edge] * len(axes)
            size[rng.integers(len(axes))] = thick
            low = [rng.integers(ANODE, shape[normal] - size[0] + 1)]
            low += [rng.integers(-edge, shape[a]) for a in across]
            box = [slice(None)] * 3
            for a, start, extent in zip(axes, low, size, strict=True):
                box[a] = slice(max(start, 0), max(start + extent, 0))
            labels[tuple(box)], parts[tuple(box)] = CRACK, int(Part.CRACK)
        return cell(labels, parts)

    density = number / frame.prod()
    surface = edge ** (len(axes) - 1)
    return Material(
        name,
        shape,
        draw,
        {
            ("crack_density", "", "se_region"): density * surface,
            ("crack_count_density", "", "se_region"): density,
            ("crack_porosity", "", "se_region"): -np.expm1(-density * surface * thick),
        },
    )


def filaments(name: str, shape: tuple[int, int, int], edge: int, depths: tuple[int, int], number: float) -> Material:
    """Return dendrites: square columns of independent depth on the anode, ``number`` in the picture."""
    axes = wide(shape)
    normal, across = axes[0], axes[1:]
    area = float(np.prod([shape[a] for a in across]))
    every = np.arange(depths[0], depths[1] + 1)

    def draw(shape: tuple[int, int, int], rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        around = float(np.prod([shape[a] + edge - 1 for a in across]))
        for _ in range(rng.poisson(number / area * around)):
            box = [slice(None)] * 3
            box[normal] = slice(ANODE, ANODE + int(rng.choice(every)))
            for a in across:
                start = int(rng.integers(1 - edge, shape[a]))
                box[a] = slice(max(start, 0), start + edge)
            labels[tuple(box)], parts[tuple(box)] = DENDRITE, int(Part.DENDRITE)
        return cell(labels, parts)

    per_column = number / area * edge ** len(across)
    covered = [-np.expm1(-per_column * np.mean(every >= depth)) for depth in range(1, depths[1] + 1)]
    scale = 1e3 if len(across) == 1 else 1e6
    return Material(
        name,
        shape,
        draw,
        {
            ("dendrite_depth_mean", "", "se_region"): float(np.mean(every**2) / np.mean(every) / 2),
            ("dendrite_count_density", "", "interface"): number / area * scale,
            ("dendrite_fraction", "", "se_region"): float(np.sum(covered)) / (shape[normal] - ANODE),
        },
    )


def gaps(name: str, shape: tuple[int, int, int], radius: float, contact: float, thick: tuple[int, int]) -> Material:
    """Return void under discs (segments) of the interface, thrown at random, each of its own thickness."""
    axes = wide(shape)
    normal = axes[0]

    def draw(shape: tuple[int, int, int], rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        flat = tuple(1 if a == normal else n for a, n in enumerate(shape))
        owner = balls(flat, (radius,), 1 - contact, rng)
        heights = np.append(0, rng.integers(thick[0], thick[1] + 1, owner.max()))[owner]
        above = np.arange(shape[normal]).reshape([-1 if a == normal else 1 for a in range(3)]) - ANODE
        void = (above >= 0) & (above < heights)
        labels[void], parts[void] = VOID, int(Part.GAP)
        return cell(labels, parts)

    return Material(
        name,
        shape,
        draw,
        {
            ("contact_fraction", "", "interface"): contact,
            ("contact_fraction_projected", "", "interface"): contact,
            ("gap_thickness_mean", "", "interface"): sum(thick) / 2,
        },
    )


def rough_layer(name: str, shape: tuple[int, int, int], sigma: float, mean: float, sd: float) -> Material:
    """Return an anode on a collector whose surface is a Gaussian field about a mean thickness."""
    axis = wide(shape)[0]
    foot = 3

    def draw(shape: tuple[int, int, int], rng: np.random.Generator) -> Cell:
        flat = tuple(1 if a == axis else n for a, n in enumerate(shape))
        top = foot + mean + sd * gaussian(flat, sigma, rng)
        at = (np.arange(shape[axis]) + 0.5).reshape([-1 if a == axis else 1 for a in range(3)])
        labels = np.where(at < foot, COLLECTOR, np.where(at < top, LI, SE)).astype(np.uint8)
        parts = np.where(labels == LI, int(Part.ANODE), int(Part.OTHER)).astype(np.uint8)
        return cell(labels, parts, height=foot + mean)

    return Material(name, shape, draw, {("layer_thickness_mean", "Li", ""): mean})


MATERIALS: tuple[Material, ...] = (
    level_set("Gaussian level set", (1, 256, 256), 4.0, 0.2),
    level_set("Gaussian level set, coarse", (1, 256, 256), 10.0, 0.2),
    boolean("Boolean discs", (1, 256, 256), (6.0,), 0.1),
    boolean("Boolean discs, radii 2 to 14", (1, 256, 256), (2.0, 3.0, 5.0, 8.0, 14.0), 0.15),
    sheets("Poisson traces", (1, 320, 320), 20, 3, 24),
    filaments("Poisson columns", (1, 48, 1024), 3, (6, 36), 12),
    gaps("Boolean segments", (1, 24, 768), 6.0, 0.75, (2, 8)),
    rough_layer("Gaussian surface", (1, 32, 768), 8.0, 12.0, 2.0),
    level_set("Gaussian level set", (64, 64, 64), 3.0, 0.2),
    level_set("Gaussian level set, coarse", (64, 64, 64), 5.0, 0.2),
    boolean("Boolean spheres", (64, 64, 64), (6.0,), 0.1),
    boolean("Boolean spheres, radii 2 to 10", (64, 64, 64), (2.0, 4.0, 6.0, 10.0), 0.1),
    sheets("Poisson plates", (68, 80, 80), 10, 3, 18),
    filaments("Poisson columns", (40, 128, 128), 3, (6, 30), 20),
    gaps("Boolean discs", (16, 112, 112), 6.0, 0.75, (2, 8)),
    rough_layer("Gaussian surface", (24, 112, 112), 5.0, 10.0, 2.0),
)
"""All materials of the study."""
