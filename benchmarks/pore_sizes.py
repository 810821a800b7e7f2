"""Local thickness of balls, tubes and slabs: micro beside PoreSpy and beside balls centred on half voxels.

Run: uv run --with porespy python benchmarks/pore_sizes.py [PLACES]

Median over the voxels (of tubes and slabs, which go through the picture: those in its middle), less the true diameter,
in longest voxel edges: mean, and least to greatest of random places and directions. PoreSpy takes 25 sizes, its
default, and voxels for cubes; it has no column where they are none, or where it is not installed. Half voxels: every
voxel cut in two along each axis, so that balls may be centred on faces, edges and corners too.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from micro.blocks import Engine, local_thickness

Edges = tuple[float, float, float]
Mask = NDArray[np.bool_]
SIZES = {(1.0, 1.0, 1.0): (8, 14), (1.0, 1.0, 2.5): (20,)}


def by_micro(mask: Mask, edges: Edges) -> float:
    """Return the median of micro's local thickness."""
    found = local_thickness(mask, edges_um=edges, radius_max_um=40.0, engine=Engine())
    return _median(np.asarray(found), mask)


def by_halves(mask: Mask, edges: Edges) -> float:
    """Return the same on voxels of half the edge."""
    fine = np.kron(mask, np.ones((2, 2, 2), bool))
    return by_micro(fine, (edges[0] / 2, edges[1] / 2, edges[2] / 2))


def by_porespy(mask: Mask, edges: Edges) -> float:
    """Return the median of PoreSpy's local thickness (radii of its balls)."""
    import porespy

    return 2 * edges[0] * _median(porespy.filters.local_thickness(mask), mask)


def _median(sizes: NDArray[np.floating], mask: Mask) -> float:
    """Return the median in the middle of the picture, away from where it cuts things off."""
    middle = tuple(slice(n // 4, n - n // 4) for n in mask.shape)
    return float(np.median(sizes[middle][mask[middle]]))


WAYS: dict[str, Callable[[Mask, Edges], float]] = {"micro": by_micro, "half voxels": by_halves, "PoreSpy": by_porespy}


def shapes(diameter: float, edges: Edges, seed: int) -> dict[str, Mask]:
    """Return a ball, a tube and two slabs of a diameter; tube and slab go through the picture."""
    rng = np.random.default_rng(seed)
    turn, reach = Rotation.random(random_state=rng).as_matrix(), 1.5 * diameter
    axes = [np.arange(-reach, reach + edge, edge) + rng.uniform(0, edge) for edge in edges]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    turned, radius = places @ turn.T, diameter / 2
    return {
        "ball": (places**2).sum(-1) <= radius**2,
        "tube": np.hypot(turned[..., 1], turned[..., 2]) <= radius,
        "slab": np.abs(turned[..., 0]) <= radius,
        "slab along the grid": np.abs(places[..., 0]) <= radius,
    }


def main(places: int) -> None:
    """Print a table for each shape of voxels."""
    for edges, diameters in SIZES.items():
        ways = dict(WAYS)
        if len(set(edges)) > 1 or importlib.util.find_spec("porespy") is None:
            del ways["PoreSpy"]
        print(f"\nvoxels of {':'.join(f'{edge:g}' for edge in edges)}, {places} places\n")
        print(f"| d50 less diameter | diameter, longest edges | {' | '.join(ways)} |\n|---|---:|{'---:|' * len(ways)}")
        for diameter in diameters:
            found: dict[str, list[list[float]]] = {}
            for seed in range(places):
                for name, mask in shapes(diameter, edges, seed).items():
                    off = [(way(mask, edges) - diameter) / max(edges) for way in ways.values()]
                    found.setdefault(name, []).append(off)
            for name, some in found.items():
                numbers = zip(np.mean(some, axis=0), np.min(some, axis=0), np.max(some, axis=0), strict=True)
                told = " | ".join(f"{mean:+.2f} ({low:+.2f} to {high:+.2f})" for mean, low, high in numbers)
                print(f"| {name} | {diameter / max(edges):g} | {told} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
