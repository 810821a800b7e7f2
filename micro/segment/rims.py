"""Bright rims around void: measured in the electrolyte, and taken off everywhere.

Electrons leave an edge more easily than a flat, and charge gathers there: void has a bright rim, and often
a dim shadow further out. Lithium in a rim looks like electrolyte, so gaps are drawn too short and contact is
read too high. The rim of a picture is alike wherever void is: in the electrolyte, away from metal, it stands
alone and can be measured, by least squares on how much void is near (a few voxels) and around (three times as
far). Then it is taken off the whole picture. Only whole numbers are added up, so blocks agree exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, Source, gaussian, gaussian_reach
from micro.model import FULL_SCALE, Volume
from micro.segment.levels import GreyLevels
from micro.segment.skins import mark_cores

__all__ = ["Rims", "measure_rims", "take_off_rims"]

NEAR_VOXELS, WIDE_VOXELS = 2.0, 6.0
"""Reach (sigma, finest voxels) over which void is near, and around."""
METAL_VOXELS = 4
"""A rim this close to metal is not measured."""
UNIT = 4096
"""Shares are whole numbers of this."""
RIDGE = 1e-4
"""Of the mean square of the terms: keeps coefficients small that the picture says nothing about."""
EDGE = (0.31, 0.43)
"""Shares of void near and around a voxel that lies one voxel off a flat edge of void."""
VOXELS_MIN = 1000

Terms = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Rims:
    """How grey values rise around void.

    The rise is the sum of ``weights`` times the root of the share of void near, that share, and the share
    around; blurred as the picture is.

    Attributes
    ----------
    weights
        Grey values (0 to 65535), three.
    sigmas
        Reach of the blur, of near and of around in voxels along z, y and x.
    void
        Place of void in the order of greys.
    """

    weights: tuple[int, int, int]
    sigmas: tuple[tuple[float, float, float], ...]
    void: int

    @property
    def edge(self) -> float:
        """Rise one voxel off a flat edge of void, in grey values."""
        near, around = EDGE
        root, share, wide = self.weights
        return float(root * near**0.5 + share * near + wide * around)

    @property
    def halo(self) -> tuple[int, int, int]:
        """Voxels along z, y and x that `take_off_rims` reads around a voxel."""
        z, y, x = (gaussian_reach(blur) + gaussian_reach(wide) for blur, _, wide in zip(*self.sigmas, strict=True))
        return (z, y, x)


def _sigmas(volume: Volume, blur_voxels: float) -> tuple[tuple[float, float, float], ...]:
    """Return blur, near and around in voxels of each axis; electrons see each slice by itself."""
    axes = (0, 1, 2) if volume.modality == "xct" and not volume.is_2d else (1, 2)
    finest = min(volume.spacing.um[axis] for axis in axes)

    def along(reach: float) -> tuple[float, float, float]:
        z, y, x = (reach * finest / volume.spacing.um[axis] if axis in axes else 0.0 for axis in range(3))
        return (z, y, x)

    return (along(blur_voxels), along(NEAR_VOXELS), along(WIDE_VOXELS))


def _terms(void: NDArray[np.bool_], sigmas: tuple[tuple[float, float, float], ...]) -> Terms:
    """Return what the rim is a sum of, for every voxel; inside void there is none but what the blur brings."""
    blur, near, wide = sigmas
    share = void.astype(np.float32)
    close = np.maximum(gaussian(share, near), np.float32(0))
    around = gaussian(share, wide)
    outside = np.float32(1) - share
    return tuple(gaussian(term * outside, blur) for term in (np.sqrt(close), close, around))


def _widened(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    size = tuple(2 * reach + 1 if length > 1 else 1 for length in mask.shape)
    return np.asarray(ndimage.maximum_filter(mask.view(np.uint8), size=size, mode="constant"), np.bool_)


def _measured_where(
    places: NDArray[np.uint8], levels: GreyLevels, void: int, matrix: int, metal: int | None
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return where the rim stands alone, and the places there without what a rim was mistaken for."""
    alone = ~_widened(places == void, 1)
    if metal is None:
        return alone, places
    thin = places == metal
    alone &= ~_widened(mark_cores(places, metal), METAL_VOXELS)
    if levels.greys[metal] < levels.greys[matrix]:
        return alone & ~_widened(thin, 2), places
    # a bright rim may have been taken for bright metal
    return alone, np.where(thin, np.uint8(matrix), places)


def _add_up(
    block: Block,
    places: NDArray[np.uint8],
    grey: NDArray[np.uint16],
    *,
    levels: GreyLevels,
    void: int,
    matrix: int,
    metal: int | None,
    sigmas: tuple[tuple[float, float, float], ...],
) -> Done[NDArray[np.int64]]:
    """Return the normal equations of a block: the products of rise, one and the three terms with each other."""
    where, drawn = _measured_where(places, levels, void, matrix, metal)
    where = where[block.inner]
    if not where.any():
        return Done(np.zeros((5, 5), np.int64))
    table = np.array(levels.greys, np.float32)
    rise = (grey.astype(np.float32) - gaussian(table[drawn], sigmas[0]))[block.inner][where]
    columns = [np.rint(rise).astype(np.int64), np.full(rise.size, UNIT, np.int64)]
    if (places == void).any():
        terms = _terms(places == void, sigmas)
        columns += [np.rint(UNIT * term[block.inner][where]).astype(np.int64) for term in terms]
    else:
        columns += [np.zeros(rise.size, np.int64)] * 3
    return Done(np.array([[int(a @ b) for b in columns] for a in columns], np.int64))


def measure_rims(
    places: Source,
    grey: Source,
    volume: Volume,
    levels: GreyLevels,
    *,
    void: int,
    matrix: int,
    metal: int | None,
    blur_voxels: float,
    engine: Engine,
) -> Rims | None:
    """Measure the rim around void in the electrolyte, away from metal; None where there is too little of both.

    Parameters
    ----------
    places, grey
        Places of the phases in the order of ``levels``, and the picture, shape (z, y, x).
    volume
        Tells voxel edges and modality: a rim in electron micrographs lies within a slice.
    levels
        Grey level of each phase.
    void, matrix, metal
        Places of void, electrolyte and metal.
    blur_voxels
        Blur of the picture, in voxels of the finest axis.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> places = np.ones((1, 80, 80), np.uint8); places[0, 30:50, 30:50] = 0
    >>> grey = np.where(places == 1, 40000, 5000).astype(np.uint16); grey[0, 26:54, 26:54] += 4000
    >>> levels = GreyLevels(("void", "SE"), (9000.0, 40000.0), 500.0)
    >>> rims = measure_rims(places, grey, Volume(grey, Spacing(1, 1, 1), "sem"), levels,
    ...                     void=0, matrix=1, metal=None, blur_voxels=0.7, engine=Engine())
    >>> 2000 < rims.edge < 6000
    True
    """
    sigmas = _sigmas(volume, blur_voxels)
    constants = {
        "levels": levels,
        "void": void,
        "matrix": matrix,
        "metal": metal,
        "sigmas": sigmas,
    }
    reach = Rims((0, 0, 0), sigmas, void).halo
    z, y, x = (max(r, METAL_VOXELS + 3) if length > 1 else 0 for r, length in zip(reach, volume.shape, strict=True))
    parts = engine.run(_add_up, [places, grey], halo=(z, y, x), stage="rims", constants=constants)
    # objects, because sums of products over a large volume outgrow 64 bits
    total = np.sum([part.astype(object) for part in parts], axis=0)
    voxels = total[1, 1] // UNIT**2
    near = total[1, 3]
    if voxels < VOXELS_MIN or near == 0:
        return None
    normal = total[1:, 1:].astype(np.float64) / UNIT**2 / voxels
    right = total[1:, 0].astype(np.float64) / UNIT / voxels
    ridge = RIDGE * np.diag([0.0, *[float(np.trace(normal[1:, 1:])) / 3] * 3])
    solved = np.linalg.solve(normal + ridge, right)
    root, share, wide = (round(float(weight)) for weight in solved[1:])
    return Rims((root, share, wide), sigmas, void)


def take_off_rims(block: Block, places: NDArray[np.uint8], grey: NDArray[np.uint16], *, rims: Rims) -> Done[None]:
    """Return the picture without its rims, from places and grey with a halo of `Rims.halo`."""
    void = places == rims.void
    if not void.any():
        return Done(None, (grey[block.inner],))
    rise = np.zeros(grey.shape, np.float32)
    for weight, term in zip(rims.weights, _terms(void, rims.sigmas), strict=True):
        rise += np.float32(weight) * term
    flat = np.clip(np.rint(grey.astype(np.float32) - rise), 0, FULL_SCALE).astype(np.uint16)
    return Done(None, (flat[block.inner],))
