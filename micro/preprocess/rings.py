"""Rings of a reconstructed CT slice, whole or half, about a centre that need not be the middle.

A scan over half a turn sees each detector element on one side of the axis only: its ring is a half one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Engine, kernel
from micro.preprocess.slice_kernels import median, median_of, smoothed

__all__ = ["Axis", "Centre", "Rings", "find_axis", "middle_of", "ring_field", "ring_strength"]

Grey = NDArray[np.float32]
Centre = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the rings lie: their centre in voxels (y, x), and the angle at which half rings begin; None: whole ones."""

    centre: Centre
    start_rad: float | None = None


_STARTS = 8
"""So many angles are tried at which half rings may begin."""

_FEW = 24.0
"""A ring of so many pixels is believed half."""


def middle_of(shape: tuple[int, ...]) -> Centre:
    """Return the middle of a slice in voxels (y, x), where a reconstruction has its axis of rotation.

    Examples
    --------
    >>> middle_of((5, 8))
    (2.0, 3.5)
    """
    return ((shape[-2] - 1) / 2, (shape[-1] - 1) / 2)


def _standing_out(grey: Grey, window: int) -> Grey:
    """Return what stands out from a local mean, less what stands out as far as an edge does."""
    residual = grey - smoothed(grey, window / 6, truncate=3)
    spread = 1.4826 * median(np.abs(residual))
    # an edge tells nothing of rings
    return np.asarray(np.where(np.abs(residual) < 4 * spread, residual, 0), np.float32)


def _groups(shape: tuple[int, ...], axis: Axis) -> NDArray[np.intp]:
    """Return the number of each pixel's ring; of half rings, those of the second half are odd."""
    y, x = np.arange(shape[0])[:, None] - axis.centre[0], np.arange(shape[1])[None, :] - axis.centre[1]
    ring = np.rint(np.hypot(y, x)).astype(np.intp)
    if axis.start_rad is None:
        return np.asarray(ring)
    second = y * np.cos(axis.start_rad) - x * np.sin(axis.start_rad) < 0
    return np.asarray(2 * ring + second)


@dataclass(frozen=True)
class Rings:
    """The rings of slices of one shape about an axis: the ring of each pixel, and the pixels of each ring.

    ``pixels`` are numbers of pixels in raster order, ring after ring; ``ends`` is where in them each ring ends.
    """

    number: NDArray[np.intp]
    pixels: NDArray[np.intp]
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, shape: tuple[int, ...], axis: Axis) -> Rings:
        """Return the rings of slices of ``shape`` (y, x)."""
        number = _groups(shape, axis)
        return cls(number, np.argsort(number, axis=None, kind="stable"), np.cumsum(np.bincount(number.ravel())))


@kernel
def _medians(values: Grey, pixels: NDArray[np.intp], ends: NDArray[np.intp]) -> Grey:
    """Return the median of the values of each ring, 0 where it has none."""
    out = np.zeros(ends.size, np.float32)
    begin = 0
    for ring in range(ends.size):
        count = ends[ring] - begin
        if count:
            own = np.empty(count, np.float32)
            for n in range(count):
                own[n] = values[pixels[begin + n]]
            out[ring] = median_of(own)
        begin = ends[ring]
    return out


def ring_field(grey: Grey, window: int, axis: Axis, *, trust: float = 1.0, rings: Rings | None = None) -> Grey:
    """Return what rings add to a slice, shape (y, x).

    The median over each ring, or half ring, of what stands out from a local mean and is no edge; less for
    small rings, of few pixels.

    Parameters
    ----------
    grey
        One slice, shape (y, x).
    window
        Width in voxels over which true greys may vary across rings.
    axis
        Where the rings lie.
    trust
        Share of what all of a ring has in common that is ring: the rest is noise, and is left.
    rings
        Those of the slice's shape and axis, where they are known already.

    Examples
    --------
    >>> y, x = np.mgrid[:61, :61]
    >>> image = np.random.default_rng(0).normal(0, 0.1, (61, 61)) + 0.2 * (np.rint(np.hypot(y - 30, x - 30)) == 20)
    >>> 0.1 < ring_field(image.astype(np.float32), 31, Axis((30, 30)))[30, 50] < 0.2
    np.True_
    """
    found = Rings.of(grey.shape, axis) if rings is None else rings
    counts = np.diff(found.ends, prepend=0)
    medians = _medians(_standing_out(grey, window).ravel(), found.pixels, found.ends)
    return np.asarray((trust * medians * counts / (counts + _FEW)).astype(np.float32)[found.number])


@kernel
def _ring_sums(
    residuals: NDArray[np.float32], centre: Centre, turn: tuple[float, float], halves: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sums over the rings of some slices (slice, ring), and the pixels of each ring, as `_groups` has them.

    ``turn`` is the cosine and the sine of the angle at which half rings begin; ``halves`` is 2 of these, else 1.
    """
    number, height, width = residuals.shape
    far_y, far_x = max(centre[0], height - centre[0]) + 1, max(centre[1], width - centre[1]) + 1
    rings = halves * (int(np.sqrt(far_y * far_y + far_x * far_x)) + 2)
    sums, counts = np.zeros((number, rings), np.float64), np.zeros(rings, np.int64)
    groups = np.empty(width, np.int64)
    last = 0
    for j in range(height):
        y = j - centre[0]
        for i in range(width):
            x = i - centre[1]
            groups[i] = halves * np.int64(np.rint(np.sqrt(y * y + x * x)))
            if halves == 2:
                groups[i] += np.int64(y * turn[0] - x * turn[1] < 0)
        for i in range(width):
            counts[groups[i]] += 1
            last = max(last, groups[i])
        for n in range(number):
            row, total = residuals[n, j], sums[n]
            for i in range(width):
                total[groups[i]] += np.float64(row[i])
    return sums[:, : last + 1], counts[: last + 1]


@dataclass(frozen=True)
class _Residuals:
    """What stands out in some slices, shape (slice, y, x), and the mean square of each."""

    values: NDArray[np.float32]
    mean_squares: tuple[float, ...]

    @classmethod
    def of(cls, slices: list[Grey], window: int, engine: Engine) -> _Residuals:
        values = np.stack(engine.map(partial(_standing_out, window=window), slices))
        return cls(values, tuple(float(np.mean(np.square(one, dtype=np.float64))) for one in values))


def _power(residuals: _Residuals, axis: Axis) -> float:
    """Return the mean square of the means of rings, over that of chance: 1 where there are no rings."""
    start = axis.start_rad
    turn = (1.0, 0.0) if start is None else (float(np.cos(start)), float(np.sin(start)))
    sums, counts = _ring_sums(residuals.values, axis.centre, turn, 1 if start is None else 2)
    powers = []
    for mean_square, total in zip(residuals.mean_squares, sums, strict=True):
        chance = mean_square * np.count_nonzero(counts)
        powers.append(float(np.sum(total**2 / np.maximum(counts, 1))) / chance if chance > 0 else 1.0)
    return float(np.mean(powers))


def _powers(residuals: _Residuals, axes: list[Axis], engine: Engine) -> list[float]:
    return engine.map(partial(_power, residuals), axes)


def _elsewhere(residuals: _Residuals, axis: Axis, engine: Engine) -> float:
    """Return the largest power about four centres that are a fifth of the slice off."""
    off = 0.2 * min(residuals.values.shape[1:])
    y, x = axis.centre
    corners = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    axes = [Axis((y + dy * off, x + dx * off), axis.start_rad) for dy, dx in corners]
    return max(_powers(residuals, axes, engine))


def ring_strength(
    slices: list[Grey], window: int, axis: Axis, engine: Engine | None = None
) -> tuple[float, float, float]:
    """Return the root mean square of rings, their power over that of chance, and the same where no rings are.

    The last is the largest about four centres, a fifth of the slice off: structure that happens to be round.
    The threads of ``engine`` share the work; without one this thread does it.
    """
    engine = engine or Engine(workers=1)
    residuals = _Residuals.of(slices, window, engine)
    rings = Rings.of(slices[0].shape, axis)
    squares = engine.map(lambda grey: float(np.mean(ring_field(grey, window, axis, rings=rings) ** 2)), slices)
    return float(np.sqrt(np.mean(squares))), _power(residuals, axis), _elsewhere(residuals, axis, engine)


def find_axis(slices: list[Grey], window: int, centre: Centre | None = None, engine: Engine | None = None) -> Axis:
    """Return where rings are strongest: the centre to half a voxel, within 12 voxels of the middle, and the kind.

    Rings about the middle, where most reconstructions have them, need not be stronger than elsewhere by
    more than a tenth. A given ``centre`` is not moved. The threads of ``engine`` share the work; without one
    this thread does it.

    Examples
    --------
    >>> y, x = np.mgrid[:81, :81]
    >>> rng = np.random.default_rng(0)
    >>> image = rng.normal(size=70)[np.rint(np.hypot(y - 43, x - 38)).astype(int)] + rng.normal(size=(81, 81))
    >>> find_axis([image.astype(np.float32)], 31)
    Axis(centre=(43.0, 38.0), start_rad=None)
    """
    engine = engine or Engine(workers=1)
    residuals = _Residuals.of(slices, window, engine)
    middle = middle_of(slices[0].shape)
    best = centre or middle
    if centre is None:
        for step, reach in ((2.0, 6), (1.0, 1), (0.5, 1)):
            offsets = [step * k for k in range(-reach, reach + 1)]
            best = _strongest(
                residuals, [Axis((best[0] + dy, best[1] + dx)) for dy in offsets for dx in offsets], engine
            ).centre
        if _power(residuals, Axis(best)) < 1.1 * _power(residuals, Axis(middle)):
            best = middle
    half = _strongest(residuals, [Axis(best, np.pi * k / _STARTS) for k in range(_STARTS)], engine)
    # of twice as many groups, each holds half the power where rings are whole, and all of it where they are half
    excess = [_power(residuals, axis) - _elsewhere(residuals, axis, engine) for axis in (Axis(best), half)]
    return half if 2 * excess[1] > 1.3 * max(excess[0], 0.0) + 0.5 else Axis(best)


def _strongest(residuals: _Residuals, axes: list[Axis], engine: Engine) -> Axis:
    """Return the axis with the most power, the first of equal ones."""
    return axes[int(np.argmax(_powers(residuals, axes, engine)))]
