"""Areas of surfaces with a direction: micro beside counted faces, Crofton's formula and marching cubes.

Run: uv run python benchmarks/surface.py [ORIENTATIONS]

Shapes of known area in random orientations at random places: balls, cylinders with flat ends, discs three of the
longest voxel edges thick, planes through the picture by their tilt against the voxels' axes. Least and greatest of
measured over true, less 1, in percent. Crofton: 13 directions, weights by the solid angle about each on voxels of the
true shape. Smoothed: the same Gaussian filter as the finer of micro's, then marching cubes. What crossings and meshes
lack at the border, where they end at voxel centres, is given back to them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation
from skimage.measure import marching_cubes, mesh_surface_area

from micro.blocks import Engine
from micro.measure import surface_area
from micro.measure.surface import SMOOTHED
from micro.model import Spacing

Edges = tuple[float, float, float]
Mask = NDArray[np.bool_]
Shape = tuple[str, Mask, float, tuple[int, ...]]
"""Name, mask, area, and the axes along which it goes through the whole picture."""
TABLE = np.arange(256) == 1
STEPS = [step for step in np.ndindex(3, 3, 3) if tuple(s - 1 for s in step) > (0, 0, 0)]
TILTS = ((0, 3), (3, 8), (8, 16), (16, 30), (30, 45))


def by_faces(mask: Mask, edges: Edges, _: tuple[int, ...]) -> float:
    """Count the faces between voxels."""
    sides = (edges[1] * edges[2], edges[0] * edges[2], edges[0] * edges[1])
    return float(sum(np.count_nonzero(np.diff(mask, axis=axis)) * side for axis, side in enumerate(sides)))


def by_crofton(mask: Mask, edges: Edges, sides: tuple[int, ...]) -> float:
    """Count the crossings along 13 directions: S = 4 V sum of c_i N_i / l_i over the picture's volume V."""
    steps = np.array(STEPS) - 1
    lengths = np.linalg.norm(steps * edges, axis=1)
    ways = steps * edges / lengths[:, None]
    sphere = np.random.default_rng(0).normal(size=(200_000, 3))
    shares = np.bincount(np.abs(sphere @ ways.T).argmax(axis=1), minlength=13) / len(sphere)
    total = 0.0
    for step, length, share in zip(steps, lengths, shares, strict=True):
        ahead = mask[tuple(slice(max(s, 0), n + min(s, 0)) for s, n in zip(step, mask.shape, strict=True))]
        behind = mask[tuple(slice(max(-s, 0), n + min(-s, 0)) for s, n in zip(step, mask.shape, strict=True))]
        seen = np.prod([1 - abs(step[axis]) / mask.shape[axis] for axis in sides])
        total += share * np.count_nonzero(ahead != behind) / length / seen
    return float(2 * np.prod(edges) * total)


def by_mesh(mask: Mask, edges: Edges, sides: tuple[int, ...], *, smoothed: bool = False) -> float:
    """Return the area of marching cubes, of the labels or of the labels behind a Gaussian filter."""
    values = mask.astype(np.float32)
    if smoothed:
        sigma = SMOOTHED * (max(edges) + min(edges)) / 2
        values = ndimage.gaussian_filter(values, [sigma / edge for edge in edges], mode="nearest")
    vertices, faces, *_ = marching_cubes(values, 0.5, spacing=edges)
    return float(mesh_surface_area(vertices, faces) / np.prod([1 - 1 / mask.shape[axis] for axis in sides]))


def by_micro(mask: Mask, edges: Edges, _: tuple[int, ...]) -> float:
    """Return what micro measures."""
    return surface_area(mask.astype(np.uint8), Spacing(*edges), Engine(), table=TABLE)


WAYS: dict[str, Callable[[Mask, Edges, tuple[int, ...]], float]] = {
    "faces counted": by_faces,
    "Crofton": by_crofton,
    "marching cubes": by_mesh,
    "smoothed, marching cubes": partial(by_mesh, smoothed=True),
    "micro": by_micro,
}


def solids(edges: Edges, seed: int) -> Iterator[Shape]:
    """Yield balls, cylinders and discs in one orientation."""
    rng = np.random.default_rng(seed)
    turn, thick = Rotation.random(random_state=rng).as_matrix(), 3 * max(edges)
    axes = [np.arange(-36 - 2 * edge, 36 + 2 * edge, edge) + rng.uniform(0, edge) for edge in edges]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), -1) @ turn.T
    along, across = np.abs(places[..., 0]), np.hypot(places[..., 1], places[..., 2])
    for radius in (10, 20):
        yield f"ball of radius {radius}", (places**2).sum(-1) <= radius**2, 4 * np.pi * radius**2, ()
    yield "cylinder 8 x 30", (across <= 8) & (along <= 15), 2 * np.pi * 8 * 30 + 2 * np.pi * 8**2, ()
    for radius in (14, 30):
        area = 2 * np.pi * radius**2 + 2 * np.pi * radius * thick
        yield f"disc of radius {radius}", (across <= radius) & (along <= thick / 2), area, ()


def planes(edges: Edges, seed: int) -> Iterator[Shape]:
    """Yield planes that leave a box through its sides, one of each range of tilts."""
    rng, axis = np.random.default_rng(seed), seed % 3
    for least, most in TILTS:
        tilt, heading = np.radians([rng.uniform(least, most), rng.uniform(0, 360)])
        normal = np.roll([np.cos(tilt), np.sin(tilt) * np.cos(heading), np.sin(tilt) * np.sin(heading)], axis)
        lengths = [48.0] * 3
        lengths[axis] = 48 * (1 + 1.5 * np.tan(tilt)) + 12
        sizes = [int(length / edge) for length, edge in zip(lengths, edges, strict=True)]
        lines = [(np.arange(n) - n / 2 + 0.5) * edge for n, edge in zip(sizes, edges, strict=True)]
        z, y, x = np.meshgrid(*lines, indexing="ij")
        below = z * normal[0] + y * normal[1] + x * normal[2] < rng.uniform(0, 1)
        sides = tuple(other for other in range(3) if other != axis)
        area = np.prod([sizes[side] * edges[side] for side in sides]) / np.cos(tilt)
        yield f"plane, {least} to {most} degrees", below, float(area), sides


def main(orientations: int) -> None:
    """Print a table for cubic voxels and one for voxels of 1 : 1 : 2.5."""
    for edges in ((1.0, 1.0, 1.0), (1.0, 1.0, 2.5)):
        errors: dict[str, list[list[float]]] = {}
        for seed in range(orientations):
            for name, mask, area, sides in (*solids(edges, seed), *planes(edges, seed)):
                found = [way(mask, edges, sides) for way in WAYS.values()]
                errors.setdefault(name, []).append([100 * (one / area - 1) for one in found])
        print(f"\nvoxels of {':'.join(f'{edge:g}' for edge in edges)}, {orientations} orientations\n")
        print(f"| error, % | {' | '.join(WAYS)} |\n|---|{'---:|' * len(WAYS)}")
        for name, some in errors.items():
            low, high = np.min(some, axis=0), np.max(some, axis=0)
            print(f"| {name} | {' | '.join(f'{a:+.1f} to {b:+.1f}' for a, b in zip(low, high, strict=True))} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
