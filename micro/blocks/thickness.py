"""Local thickness: the largest ball that fits into a structure and holds the voxel, block by block.

Distances are numbered: a ball's radius is one of the finitely many distances that a grid of voxels
has. So radii are small integers, histograms of them are exact, and nothing depends on the blocks.
Two passes: the radius about every voxel, then the balls of those voxels that no neighbour's ball
covers (the ridge) are filled in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micro.blocks.boxes import box_of
from micro.blocks.engine import Done, Engine, Source
from micro.blocks.grid import Block, Shape
from micro.blocks.kernels import kernel
from micro.errors import ParameterError

__all__ = ["INSIDE", "NEITHER", "OUTSIDE", "Radii", "ball_radii", "largest_balls", "local_thickness"]

OUTSIDE, INSIDE, NEITHER = 0, 1, 2
"""What a voxel is to a structure; what is neither (unlabelled) does not bound it."""

_IS_INSIDE = (np.arange(256) == INSIDE).astype(np.uint8)
_FAR = np.float32(3e38)
_SAME = 4e-6
"""Squared distances nearer to each other than this share are one: more than float32 rounds, less than matters."""
_CODES_MAX = 2**16 - 1
_FIRST = 8
"""Radius that is looked for first, in voxels of the largest edge."""


@dataclass(frozen=True)
class Radii:
    """The radii that balls may have, and the radius about every voxel of a volume.

    Attributes
    ----------
    codes
        uint16 array-like of the volume's shape: 0 outside the structure, else the number of the radius of the
        largest ball about the voxel.
    squares
        Squared radius in um2 of each code; the last is that of the largest ball that was looked for.
    need
        For each code, and each of the seven kinds of neighbours: the least code of a neighbour whose ball covers it.
    reach
        Voxels along z, y and x that the largest ball reaches.
    edges_um
        Voxel edges along z, y and x.
    """

    codes: Any
    squares: NDArray[np.float64]
    need: NDArray[np.int32]
    reach: Shape
    edges_um: tuple[float, float, float]

    @property
    def diameters_um(self) -> NDArray[np.float64]:
        """Local thickness in um of each code, 0 for the first; of the last code: at least that.

        Centres of balls lie on voxel centres, and so do the nearest voxels outside.
        """
        return np.asarray(2 * np.sqrt(self.squares))


def _lattice(reach: Shape, edges_um: tuple[float, float, float], radius_um: float) -> tuple[Any, NDArray[np.float64]]:
    """Return the voxel offsets (one octant) nearer than the radius, and their squared lengths, ascending."""
    steps = np.stack(np.meshgrid(*(np.arange(n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    squares = ((steps * np.array(edges_um)) ** 2).sum(axis=1)
    near = squares < radius_um**2 * (1 - _SAME)
    order = np.argsort(squares[near], kind="stable")
    return steps[near][order], squares[near][order]


def _tables(
    reach: Shape, edges_um: tuple[float, float, float], radius_um: float
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the squared radius of each code, and what covers it (see `Radii`)."""
    steps, squares = _lattice(reach, edges_um, radius_um)
    fresh = np.diff(squares, prepend=-1.0) > _SAME * squares
    values = np.append(squares[fresh], radius_um**2)  # the first is 0, which no ball has
    if len(values) > _CODES_MAX:
        raise ParameterError(
            f"balls of up to {radius_um:g} um in voxels of {edges_um} um have {len(values)} different radii; "
            f"expected {_CODES_MAX} at most: choose a smaller largest radius"
        )
    held = np.searchsorted(squares, values * (1 - _SAME / 2))  # lattice points in the open ball of each code
    need = np.full((len(values), 8), len(values), np.int32)
    for kind in range(1, 8):
        offset = np.array([kind >> 2 & 1, kind >> 1 & 1, kind & 1])
        farthest = np.maximum.accumulate((((steps + offset) * np.array(edges_um)) ** 2).sum(axis=1))
        bound = farthest[np.maximum(held, 1) - 1] * (1 + _SAME / 2)
        need[:, kind] = np.searchsorted(values, bound, side="right")
    return values, need


@kernel
def _along_rows(seeds: NDArray[np.bool_], edge: float, reach: int, out: NDArray[np.float32]) -> None:
    """Write the squared distance of the nearest seed in each voxel's row, within ``reach`` voxels."""
    depth, height, width = seeds.shape
    for k in range(depth):
        for j in range(height):
            steps = reach + 1
            for i in range(width):
                steps = 0 if seeds[k, j, i] else steps + 1
                out[k, j, i] = np.float32((steps * edge) ** 2) if steps <= reach else _FAR
            steps = reach + 1
            for i in range(width - 1, -1, -1):
                steps = 0 if seeds[k, j, i] else steps + 1
                if steps <= reach:
                    out[k, j, i] = min(out[k, j, i], np.float32((steps * edge) ** 2))


@kernel
def _across_rows(source: NDArray[np.float32], edge: float, reach: int, out: NDArray[np.float32]) -> None:
    """Take the least over the rows of the middle axis, squared steps added, outward until no row can give less."""
    depth, height, width = source.shape
    for k in range(depth):
        for j in range(height):
            row = out[k, j]
            most = np.float32(0)
            for i in range(width):
                row[i] = source[k, j, i]
                most = max(most, row[i])
            for step in range(1, reach + 1):
                more = np.float32((step * edge) ** 2)
                if more >= most:
                    break
                for side in range(2):
                    other = j - step if side == 0 else j + step
                    if other < 0 or other >= height:
                        continue
                    line = source[k, other]
                    for i in range(width):
                        value = line[i] + more
                        row[i] = value if value < row[i] else row[i]
                most = np.float32(0)
                for i in range(width):
                    most = row[i] if row[i] > most else most


def _squared_distance(
    seeds: NDArray[np.bool_], edges_um: tuple[float, float, float], reach: Shape
) -> NDArray[np.float32]:
    """Return the squared distance of the nearest seed; beyond the reach any larger value.

    Squares of single axes are added in the order x, y, z and the least is taken, so that every voxel's value is the
    same to the last bit in whatever block it is computed.
    """
    first, second = np.empty(seeds.shape, np.float32), np.empty(seeds.shape, np.float32)
    _along_rows(seeds, edges_um[2], reach[2], first)
    _across_rows(first, edges_um[1], reach[1], second)
    if reach[0] == 0:
        return second
    _across_rows(second.swapaxes(0, 1), edges_um[0], reach[0], first.swapaxes(0, 1))
    return first


Classify = Callable[..., NDArray[np.uint8]]


def _radius_block(
    block: Block,
    *arrays: NDArray[Any],
    classify: Classify,
    squares: NDArray[np.float64],
    edges_um: tuple[float, float, float],
    reach: Shape,
) -> Done[bool]:
    """Write the code of each voxel's radius; say whether one is the largest that was looked for."""
    kinds = classify(*arrays)
    core = kinds[block.inner]
    box = box_of(core, _IS_INSIDE)
    if box is None:
        return Done(False, (None,))
    # Nothing beyond the reach of the box of what is inside matters to it.
    begin = [span.start + inner.start for span, inner in zip(box, block.inner, strict=True)]
    end = [span.stop + inner.start for span, inner in zip(box, block.inner, strict=True)]
    z, y, x = (
        slice(max(a - far, 0), min(b + far, n)) for a, b, far, n in zip(begin, end, reach, kinds.shape, strict=True)
    )
    seeds = np.ascontiguousarray(kinds[z, y, x] == OUTSIDE)
    own = tuple(slice(a - span.start, b - span.start) for a, b, span in zip(begin, end, (z, y, x), strict=True))
    distance = _squared_distance(seeds, edges_um, reach)[own]
    inside = core[box] == INSIDE
    found = np.searchsorted(squares[:-1] * (1 + _SAME / 2), distance[inside].astype(np.float64))
    out = np.zeros(core.shape, np.uint16)
    out[box][inside] = found
    return Done(bool((found == len(squares) - 1).any()), (out,))


def ball_radii(
    sources: Sequence[Source],
    classify: Classify,
    *,
    edges_um: tuple[float, float, float],
    radius_max_um: float,
    engine: Engine,
    only: NDArray[np.bool_] | None = None,
) -> Radii:
    """Return the largest ball about every voxel of a structure; its border is halfway to the voxels outside.

    Parameters
    ----------
    sources
        Arrays of one shape, (z, y, x).
    classify
        Given a region of each source, returns uint8 of its shape: `INSIDE` the structure, `OUTSIDE` it, or `NEITHER`.
        The border of the volume is no outside either.
    edges_um
        Voxel edges along z, y and x; in a single slice the first is not used.
    radius_max_um
        No larger ball is looked for. The search begins with small balls, whose halo is narrow, and goes on while
        they are too small.
    engine
        How blocks are run.
    only
        Which blocks hold something of the structure, by number, where that is known.

    Raises
    ------
    ParameterError
        If the radius is below a voxel's edge, or so large that there are more than 65535 different distances.
    """
    z, y, x = sources[0].shape
    shape = (z, y, x)
    wide = [edge for edge, n in zip(edges_um, shape, strict=True) if n > 1] or list(edges_um)
    if not radius_max_um >= max(wide):
        raise ParameterError(f"a largest radius of {radius_max_um} um; expected at least the voxel's edges {edges_um}")
    codes = engine.array(shape, np.uint16, sparse=True)
    radius_um = min(radius_max_um, _FIRST * max(wide))
    while True:
        tried = _tried(shape, edges_um, radius_um, codes)
        constants = {"classify": classify, "squares": tried.squares, "edges_um": edges_um, "reach": tried.reach}
        found = engine.run(
            _radius_block, sources, outputs=[codes], halo=tried.reach, stage="radii", constants=constants, only=only
        )
        if radius_um == radius_max_um or not any(found):
            return tried
        radius_um = min(radius_max_um, 2 * radius_um)


def _tried(shape: Shape, edges_um: tuple[float, float, float], radius_um: float, codes: Any) -> Radii:  # noqa: ANN401
    z, y, x = (0 if n == 1 else math.ceil(radius_um / edge) for edge, n in zip(edges_um, shape, strict=True))
    squares, need = _tables((z, y, x), edges_um, radius_um)
    return Radii(codes, squares, need, (z, y, x), edges_um)


@kernel
def _covered(codes: NDArray[np.uint16], need: NDArray[np.int32], k: int, j: int, i: int) -> bool:
    """Return whether the ball of a neighbour holds every voxel of the ball about (k, j, i)."""
    row = need[codes[k, j, i]]
    for dz in range(-1, 2):
        z = k + dz
        if z < 0 or z >= codes.shape[0]:
            continue
        for dy in range(-1, 2):
            y = j + dy
            if y < 0 or y >= codes.shape[1]:
                continue
            for dx in range(-1, 2):
                x = i + dx
                kind = 4 * (dz * dz) + 2 * (dy * dy) + dx * dx
                if kind and 0 <= x < codes.shape[2] and codes[z, y, x] >= row[kind]:
                    return True
    return False


@kernel
def _fill(
    codes: NDArray[np.uint16],
    squares: NDArray[np.float64],
    need: NDArray[np.int32],
    edges: tuple[float, float, float],
    lo: tuple[int, int, int],
    hi: tuple[int, int, int],
    out: NDArray[np.uint16],
) -> None:
    """Write the largest code of all balls that hold a voxel; ``lo`` and ``hi`` bound the core that is written."""
    for k in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            for i in range(codes.shape[2]):
                code = codes[k, j, i]
                if code == 0:
                    continue
                square = squares[code] * (1 - 1e-6)
                radius = math.sqrt(square)
                rz, ry, rx = int(radius / edges[0]), int(radius / edges[1]), int(radius / edges[2])
                if k + rz < lo[0] or k - rz >= hi[0] or j + ry < lo[1] or j - ry >= hi[1]:
                    continue
                if i + rx < lo[2] or i - rx >= hi[2] or _covered(codes, need, k, j, i):
                    continue
                for z in range(max(k - rz, lo[0]), min(k + rz + 1, hi[0])):
                    by_z = square - ((z - k) * edges[0]) ** 2
                    for y in range(max(j - ry, lo[1]), min(j + ry + 1, hi[1])):
                        rest = by_z - ((y - j) * edges[1]) ** 2
                        if rest < 0:
                            continue
                        half = int(math.sqrt(rest) / edges[2])
                        row = out[z - lo[0], y - lo[1]]
                        for x in range(max(i - half, lo[2]) - lo[2], min(i + half + 1, hi[2]) - lo[2]):
                            row[x] = code if row[x] < code else row[x]


def largest_balls(block: Block, codes: NDArray[np.uint16], radii: Radii) -> NDArray[np.uint16]:
    """Return the code of the largest ball that holds each voxel of a block's core, 0 outside the structure.

    Parameters
    ----------
    block
        Its outer region reaches `Radii.reach` beyond the core.
    codes
        ``Radii.codes`` of the outer region.
    radii
        Radii of the codes.
    """
    lo = tuple(part.start for part in block.inner)
    hi = tuple(part.stop for part in block.inner)
    out = np.zeros(codes[block.inner].shape, np.uint16)
    z, y, x = (edge if reach else 1e30 for edge, reach in zip(radii.edges_um, radii.reach, strict=True))
    _fill(np.ascontiguousarray(codes), radii.squares, radii.need, (z, y, x), lo, hi, out)
    out[codes[block.inner] == 0] = 0  # balls reach over what is neither
    return out


def _thickness_block(block: Block, codes: NDArray[np.uint16], *, radii: Radii) -> Done[None]:
    return Done(None, (radii.diameters_um.astype(np.float32)[largest_balls(block, codes, radii)],))


def _as_mask(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(values, np.uint8)


def local_thickness(mask: Source, *, edges_um: tuple[float, float, float], radius_max_um: float, engine: Engine) -> Any:  # noqa: ANN401
    """Return the local thickness in um: the diameter of the largest ball in the structure that holds the voxel.

    Definition of Hildebrand & Rueegsegger, J. Microscopy 185 (1997) 67; in a single slice the largest disc. Exact on
    the grid: equal to filling the balls of all voxels.

    Parameters
    ----------
    mask
        Array of shape (z, y, x): 1 or True inside the structure, 0 outside, 2 neither (see `ball_radii`).
    edges_um
        Voxel edges along z, y and x.
    radius_max_um
        What is thicker than twice this comes out as twice this.
    engine
        How blocks are run; the result does not depend on it.

    Returns
    -------
    float32 array-like of the mask's shape, 0 outside the structure.

    Examples
    --------
    >>> slab = np.zeros((9, 9, 9), bool)
    >>> slab[3:7] = True
    >>> thickness = local_thickness(slab, edges_um=(0.5, 0.5, 0.5), radius_max_um=4.0, engine=Engine())
    >>> thickness[:, 4, 4].tolist()
    [0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0, 0.0, 0.0]
    """
    radii = ball_radii([mask], _as_mask, edges_um=edges_um, radius_max_um=radius_max_um, engine=engine)
    out = engine.array(mask.shape, np.float32)
    parts = Radii(None, radii.squares, radii.need, radii.reach, radii.edges_um)
    engine.run(
        _thickness_block,
        [radii.codes],
        outputs=[out],
        halo=radii.reach,
        stage="thickness",
        constants={"radii": parts},
    )
    return out
