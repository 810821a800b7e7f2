"""Random materials of objects whose number, sizes and directions are known: spots, fragments, pores, particles, cracks.

As in `materials`; where a value can't be written down (local thickness of digital balls, paths through bent filaments)
it is the mean over pictures many times as wide, drawn with seeds of their own: `long_run` of `interval_coverage`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from materials import ANODE, CRACK, DENDRITE, LI, SE, VOID, Material, Target, blank, cell, gaps, gaussian, wide
from numpy.typing import NDArray
from scipy import integrate

from micro.cell import Cell, Part

__all__ = ["OBJECTS"]

CATHODE = 6

Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]


def sites(shape: Shape, axes: list[int], pitch: int, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the first voxels of lattice cells that hold something, each with probability ``share``, shape (n, 3).

    Along the first long axis whole cells from the anode on; along the others the lattice lies at random, and goes on
    beyond the picture.
    """
    normal = wide(shape)[0]
    starts = [np.zeros(1, np.int64)] * 3
    for axis in axes:
        begin, end = (ANODE, shape[axis] - pitch + 1) if axis == normal else (-int(rng.integers(pitch)), shape[axis])
        starts[axis] = np.arange(begin, end, pitch)
    grid = np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, 3)
    return grid[rng.random(len(grid)) < share]


def placed(
    shape: Shape, axes: list[int], pitch: int, share: float, edges: tuple[int, ...], rng: np.random.Generator
) -> Iterator[Box]:
    """Yield boxes with one of the ``edges`` along each axis, apart from one another, cut by the picture."""
    for corner in sites(shape, axes, pitch, share, rng):
        edge = int(rng.choice(edges))
        box = [slice(None)] * 3
        for axis in axes:
            start = int(corner[axis] + 1 + rng.integers(pitch - edge - 1))
            box[axis] = slice(max(start, 0), max(start + edge, 0))
        yield (box[0], box[1], box[2])


def spots(name: str, shape: Shape, pitch: int, share: float, edges: tuple[int, ...]) -> Material:
    """Return square (of a section: straight) spots of contact over a gap, apart from one another."""
    axes = wide(shape)
    across = axes[1:]
    size, scale = ("length", 1e3) if len(across) == 1 else ("area", 1e6)

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, axis = blank(shape)
        layer = tuple(slice(ANODE, ANODE + 4) if a == axis else slice(None) for a in range(3))
        labels[layer], parts[layer] = VOID, int(Part.GAP)
        for box in placed(shape, across, pitch, share, edges, rng):
            here = tuple(slice(ANODE, ANODE + 4) if a == axis else one for a, one in enumerate(box))
            labels[here], parts[here] = SE, int(Part.OTHER)
        return cell(labels, parts)

    truth = {
        ("contact_spot_density", "", "interface"): share / pitch ** len(across) * scale,
        (f"contact_spot_{size}_mean", "", "interface"): float(np.mean(np.power(edges, len(across)))),
    }
    return Material(name, shape, draw, truth)


def fragments(name: str, shape: Shape, pitch: int, share: float, edges: tuple[int, ...]) -> Material:
    """Return square (cubic) pieces of electrolyte in a layer of metal two lattice cells high."""
    axes = wide(shape)
    number = len(axes)

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, axis = blank(shape)
        layer = [slice(None)] * 3
        layer[axis] = slice(ANODE, ANODE + 2 * pitch)
        labels[tuple(layer)], parts[tuple(layer)] = DENDRITE, int(Part.DENDRITE)
        high = list(shape)
        high[axis] = ANODE + 2 * pitch
        for box in placed((high[0], high[1], high[2]), axes, pitch, share, edges, rng):
            labels[box], parts[box] = SE, int(Part.OTHER)
        return cell(labels, parts)

    height = shape[axes[0]] - ANODE
    sizes = np.array(edges, float)
    diameters = 2 * sizes / np.sqrt(np.pi) if number == 2 else np.cbrt(6 / np.pi) * sizes
    truth = {
        ("dendrite_fragment_density", "", "se_region"): 2 * share / pitch ** (number - 1) / height,
        ("dendrite_fragment_diameter_mean", "", "se_region"): float(diameters.mean()),
    }
    return Material(name, shape, draw, truth)


def balls_apart(
    shape: Shape, pitch: int, share: float, radii: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return balls (discs) with radii spread evenly between two, apart from one another."""
    axes = wide(shape)
    out = np.zeros(shape, bool)
    for corner in sites(shape, axes, pitch, share, rng):
        radius = rng.uniform(*radii)
        centre = np.full(3, 0.5)
        centre[axes] = corner[axes] + rng.uniform(radius + 1, pitch - radius - 1, len(axes))
        box = tuple(
            slice(max(0, int(c - radius)), max(0, min(n, int(c + radius) + 1)))
            for c, n in zip(centre, shape, strict=True)
        )
        grid = np.ogrid[box]
        out[box] |= sum((g + 0.5 - c) ** 2 for g, c in zip(grid, centre, strict=True)) < radius**2
    return out


def pores(
    name: str, shape: Shape, pitch: int, share: float, radii: tuple[float, float], truth: Mapping[str, float]
) -> Material:
    """Return round pores apart from one another; ``truth`` is that of a long run."""

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        holes = balls_apart(shape, pitch, share, radii, rng)
        labels[holes], parts[holes] = VOID, int(Part.PORE)
        return cell(labels, parts)

    targets: dict[Target, float] = {(f"pore_size_{one}", "void", "se_region"): value for one, value in truth.items()}
    return Material(name, shape, draw, targets)


def particles(name: str, shape: Shape, pitch: int, share: float, radii: tuple[float, float]) -> Material:
    """Return round particles apart from one another, with radii spread evenly: sizes by volume are known."""
    dims = len(wide(shape))

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        labels[balls_apart(shape, pitch, share, radii, rng)] = CATHODE
        return cell(labels, parts)

    low, high = radii
    whole = high ** (dims + 1) - low ** (dims + 1)

    def diameter(part: float) -> float:
        return 2 * (low ** (dims + 1) + part * whole) ** (1 / (dims + 1))

    mean = 2 * (dims + 1) / (dims + 2) * (high ** (dims + 2) - low ** (dims + 2)) / whole
    truth = {("particle_size_mean", "cathode", "all"): mean}
    truth |= {(f"particle_size_d{round(100 * p)}", "cathode", "all"): diameter(p) for p in (0.1, 0.5, 0.9)}
    return Material(name, shape, draw, truth)


def mixed_sheets(
    name: str,
    shape: Shape,
    edges: tuple[int, ...],
    thicks: tuple[int, ...],
    lateral: float,
    number: float,
) -> Material:
    """Return cracks: square plates (traces) of several sizes, the share ``lateral`` of them along the interface.

    Where two of them cross they are one crack: the intensity is a little higher than the plates'.
    """
    axes = wide(shape)
    normal, across = axes[0], axes[1:]
    height = shape[normal] - ANODE
    per_area = number / float(np.prod([shape[a] for a in across]))

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        reach = max(edges)
        for _ in range(rng.poisson(per_area * float(np.prod([shape[a] + reach for a in across])))):
            edge = int(rng.choice(edges))
            size = [edge] * len(axes)
            flat = 0 if rng.random() < lateral else 1 + int(rng.integers(len(across)))
            size[flat] = int(rng.choice(thicks))
            low = [int(rng.integers(ANODE, shape[normal] - size[0] + 1))]
            low += [int(rng.integers(-reach, shape[a])) for a in across]
            box = [slice(None)] * 3
            for a, start, extent in zip(axes, low, size, strict=True):
                box[a] = slice(max(start, 0), max(start + extent, 0))
            labels[tuple(box)], parts[tuple(box)] = CRACK, int(Part.CRACK)
        return cell(labels, parts)

    sizes = np.array(edges, float)
    two = len(across) == 1
    # 2-D: half the trace squared. 3-D: 2 / pi A^2 / P of a square of edge e, e^3 / (2 pi).
    each = np.mean(sizes**2) / 4 if two else np.mean(sizes**3) / (2 * np.pi)
    least = -1.0 if two else -0.5
    truth = {
        ("crack_orientation_mean", "", "se_region"): 90 * lateral,
        ("crack_alignment", "", "se_region"): lateral + (1 - lateral) * least,
        ("crack_below_resolution", "", "se_region"): float(np.mean(np.array(thicks) < 2)),
        ("crack_depth_mean", "", "se_region"): height / 2,
        ("crack_intensity", "", "se_region"): per_area / height * float(each),
    }
    return Material(name, shape, draw, truth)


def filled(
    name: str, shape: Shape, pitch: int, share: float, edges: tuple[int, ...], fills: tuple[float, ...]
) -> Material:
    """Return square cracks (traces) 3 thick, apart from one another, a part of each filled with metal from one end.

    The parts are the ``fills``, of its edge along the last axis that is not the thin one.
    """
    axes = wide(shape)

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        for corner in sites(shape, axes, pitch, share, rng):
            edge, fill = int(rng.choice(edges)), float(rng.choice(fills))
            thin = axes[int(rng.integers(len(axes)))]
            long = [axis for axis in axes if axis != thin][-1]
            start = {a: int(corner[a] + 2 + rng.integers(pitch - edge - 3)) for a in axes}
            stop = {a: start[a] + (3 if a == thin else edge) for a in axes}
            kinds = ((DENDRITE, Part.ISOLATED), (CRACK, Part.CRACK))
            if rng.random() < 0.5:
                kinds, fill = kinds[::-1], 1 - fill
            middle = start[long] + round(fill * edge)
            for (label, part), low, high in zip(kinds, (start[long], middle), (middle, stop[long]), strict=True):
                box = [slice(None)] * 3
                for a in axes:
                    first, last = (low, high) if a == long else (start[a], stop[a])
                    box[a] = slice(max(first, 0), max(last, 0))
                labels[tuple(box)], parts[tuple(box)] = label, int(part)
        return cell(labels, parts)

    sizes = np.power(np.array(edges, float), len(axes) - 1)
    metal = np.mean([[round(f * e) / e for e in edges] for f in fills], axis=0)
    truth = {("crack_metal_filling", "", "se_region"): float((metal * sizes).sum() / sizes.sum())}
    return Material(name, shape, draw, truth)


def torn_off(name: str, shape: Shape, edge: int, depths: tuple[int, int], numbers: tuple[float, float]) -> Material:
    """Return square columns of independent depth, thrown at random: ``numbers`` on the anode, and torn off it."""
    axes = wide(shape)
    normal, across = axes[0], axes[1:]
    area = float(np.prod([shape[a] for a in across]))
    every = np.arange(depths[0], depths[1] + 1)
    foot = (0, 3)

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        around = float(np.prod([shape[a] + edge - 1 for a in across]))
        for kind in (1, 0):
            for _ in range(rng.poisson(numbers[kind] / area * around)):
                box = [slice(None)] * 3
                box[normal] = slice(ANODE + foot[kind], ANODE + foot[kind] + int(rng.choice(every)))
                for a in across:
                    start = int(rng.integers(1 - edge, shape[a]))
                    box[a] = slice(max(start, 0), start + edge)
                labels[tuple(box)] = DENDRITE
                parts[tuple(box)] = int((Part.DENDRITE, Part.ISOLATED)[kind])
        return cell(labels, parts)

    heights = np.arange(depths[1] + max(foot))[:, None]
    columns = [number / area * edge ** len(across) for number in numbers]
    joined, torn = (
        -np.expm1(-dense * np.mean((every > high) & (high >= 0), axis=1))
        for dense, high in zip(columns, (heights, heights - foot[1]), strict=True)
    )
    share = float((torn * (1 - joined)).sum() / (1 - (1 - torn) * (1 - joined)).sum())
    return Material(name, shape, draw, {("dendrite_isolated_fraction", "", "se_region"): share})


def rough(name: str, shape: Shape, sigma: float, mean: float, sd: float) -> Material:
    """Return an anode whose surface is a Gaussian field; its roughness behind the filter of ISO 16610-61 is known."""
    axis = wide(shape)[0]
    dims = len(wide(shape)) - 1

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        flat = tuple(1 if a == axis else n for a, n in enumerate(shape))
        top = mean + sd * gaussian(flat, sigma, rng)
        at = (np.arange(shape[axis]) + 0.5).reshape([-1 if a == axis else 1 for a in range(3)])
        labels = np.where(at < top, LI, SE).astype(np.uint8)
        return cell(labels, np.where(labels == LI, int(Part.ANODE), int(Part.OTHER)).astype(np.uint8), height=mean)

    filtered = 10 * np.sqrt(np.log(2) / np.pi) / np.sqrt(2 * np.pi)
    width2 = sigma**2 + filtered**2
    variance = sd**2 * (sigma / np.sqrt(width2)) ** dims
    step = 2 * variance * -np.expm1(-1 / (4 * width2))
    if dims == 1:
        stretch = integrate.quad(
            lambda u: np.sqrt(1 + step * u * u) * np.exp(-u * u / 2) / np.sqrt(2 * np.pi), -np.inf, np.inf
        )[0]
    else:
        slope = step * (1 + np.exp(-1 / (4 * width2))) / 2
        stretch = integrate.quad(lambda e: np.sqrt(1 + 2 * slope * e) * np.exp(-e), 0, np.inf)[0]
    truth = {
        ("interface_roughness", "", "interface"): float(np.sqrt(variance)),
        ("interface_developed_ratio", "", "interface"): stretch - 1,
    }
    return Material(name, shape, draw, truth)


def losing(name: str, shape: Shape, first: float, now: float) -> Material:
    """Return two states of an interface, drawn apart, with gaps of one kind and two contact fractions."""
    fresh, aged = (gaps(name, shape, 6.0, contact, (2, 8)).draw for contact in (first, now))
    return Material(name, shape, aged, {("contact_loss", "", "interface"): 1 - now / first}, fresh)


def bent(
    name: str,
    shape: Shape,
    number: float,
    pieces: tuple[float, float],
    radii: tuple[float, float],
    truth: Mapping[str, float],
) -> Material:
    """Return dendrites of two straight pieces each, in directions at random up to 75 degrees off the normal.

    ``pieces`` are the least and greatest length of a piece; ``truth`` is that of a long run.
    """
    axes = wide(shape)
    normal, across = axes[0], axes[1:]
    per_area = number / float(np.prod([shape[a] for a in across]))

    def draw(shape: Shape, rng: np.random.Generator) -> Cell:
        labels, parts, _ = blank(shape)
        reach = 2 * pieces[1] + radii[1]
        around = float(np.prod([shape[a] + 2 * reach for a in across]))
        for _ in range(rng.poisson(per_area * around)):
            begin = np.full(3, 0.5)
            begin[normal] = ANODE - radii[1]
            for a in across:
                begin[a] = rng.uniform(-reach, shape[a] + reach)
            radius = rng.uniform(*radii)
            for _ in range(2):
                step = direction(rng) * rng.uniform(*pieces)
                tube(labels, begin, step, radius)
                begin = begin + step
        parts[labels == DENDRITE] = int(Part.DENDRITE)
        return cell(labels, parts)

    def direction(rng: np.random.Generator) -> NDArray[np.float64]:
        angle, turn = np.radians(rng.uniform(0, 75)), rng.uniform(0, 2 * np.pi)
        out = np.zeros(3)
        out[normal] = np.cos(angle)
        sides = [np.sign(np.cos(turn))] if len(across) == 1 else [np.cos(turn), np.sin(turn)]
        out[across] = np.sin(angle) * np.array(sides)
        return out

    return Material(name, shape, draw, {(f"dendrite_{one}", "", "se_region"): value for one, value in truth.items()})


def tube(labels: NDArray[np.uint8], begin: NDArray[np.float64], step: NDArray[np.float64], radius: float) -> None:
    """Draw a straight filament with round ends into the electrolyte."""
    ends = np.stack([begin, begin + step])
    low, high = ends.min(axis=0) - radius, ends.max(axis=0) + radius
    box = tuple(
        slice(max(0, int(a)), max(0, min(n, int(b) + 1))) for a, b, n in zip(low, high, labels.shape, strict=True)
    )
    away = [g + 0.5 - c for g, c in zip(np.ogrid[box], begin, strict=True)]
    along = sum(a * s for a, s in zip(away, step, strict=True)) / float(step @ step)
    along = np.clip(along, 0, 1)
    inside = sum((a - along * s) ** 2 for a, s in zip(away, step, strict=True)) < radius**2
    here = labels[box]
    here[inside & (here == SE)] = DENDRITE


Draw = Callable[[Shape, np.random.Generator], Cell]

BENT_2D = {
    "length_mean": 36.17,
    "thickness_mean": 6.464,
    "tortuosity": 1.0904,
    "orientation": 34.86,
    "vertical_fraction": 0.4558,
    "lateral_fraction": 0.1588,
}
"""Long run: 300 pictures, six times as wide; standard errors 0.2 %. Directions (v2 of their definitions) of 60 such
pictures: 0.7 % (fractions 1.2 and 2.2 %)."""

BENT_3D = {
    "length_mean": 20.21,
    "thickness_mean": 5.549,
    "tortuosity": 1.0710,
    "orientation": 33.21,
    "vertical_fraction": 0.4759,
    "lateral_fraction": 0.1059,
}
"""Long run: 100 pictures of 384^2 across the normal; standard errors 0.1 to 0.4 %. Thickness (v3) and directions (v2)
of 12 such pictures: 0.4 and 1.3 % (fractions 1.8 and 5 %)."""

PORES_2D = {"mean": 11.85, "d10": 7.911, "d50": 12.25, "d90": 14.93}
"""Sizes of 400 pictures (seed 11) thrown together; standard errors 0.1 to 0.2 %."""

PORES_3D = {"mean": 9.630, "d10": 6.608, "d50": 9.954, "d90": 11.86}
"""As `PORES_2D`; the mean is that of a long run."""

OBJECTS: tuple[Material, ...] = (
    losing("Boolean segments, two states", (1, 24, 768), 0.9, 0.65),
    spots("Spots apart", (1, 12, 4096), 16, 0.06, (3, 5, 8, 14)),
    rough("Gaussian surface, steep", (1, 80, 1024), 8.0, 40.0, 5.0),
    mixed_sheets("Mixed traces", (1, 480, 480), (12, 20, 32), (1, 3), 0.3, 44),
    bent("Bent filaments", (1, 80, 1024), 14, (8.0, 32.0), (2.0, 4.0), BENT_2D),
    torn_off("Columns torn off", (1, 48, 1024), 3, (6, 36), (14, 10)),
    filled("Filled traces", (1, 304, 304), 30, 0.4, (14, 22), (0.0, 0.25, 0.5)),
    fragments("Fragments apart", (1, 48, 2048), 18, 0.08, (4, 6, 10, 16)),
    pores("Round pores apart", (1, 304, 304), 20, 0.4, (3.0, 8.0), PORES_2D),
    particles("Round particles apart", (1, 304, 304), 20, 0.5, (3.0, 8.0)),
    losing("Boolean discs, two states", (16, 112, 112), 0.9, 0.65),
    spots("Spots apart", (12, 192, 192), 14, 0.08, (3, 5, 8, 12)),
    rough("Gaussian surface, steep", (56, 112, 112), 5.0, 28.0, 3.5),
    mixed_sheets("Mixed plates", (68, 96, 96), (8, 12, 16), (1, 3), 0.3, 36),
    bent("Bent filaments", (44, 128, 128), 20, (6.0, 18.0), (2.0, 3.5), BENT_3D),
    torn_off("Columns torn off", (40, 128, 128), 3, (6, 30), (20, 14)),
    filled("Filled plates", (72, 116, 116), 22, 0.4, (8, 12), (0.0, 0.25, 0.5)),
    fragments("Fragments apart", (36, 96, 96), 12, 0.12, (4, 6, 8, 10)),
    pores("Round pores apart", (68, 112, 112), 16, 0.5, (3.0, 6.5), PORES_3D),
    particles("Round particles apart", (68, 112, 112), 16, 0.6, (3.0, 6.5)),
)
"""All materials of objects."""
