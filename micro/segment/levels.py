"""The grey level of each phase, found in the picture without losing a phase that is one percent of it."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Block, Done, Engine, Source, kernel
from micro.model import FULL_SCALE

__all__ = ["GreyLevels", "Peak", "assign_peaks", "dark_excess", "find_peaks", "flat_histogram"]

GREY_BINS = 1024
SPREAD_BINS = 64
NARROWEST = 0.02 * FULL_SCALE
"""Standard deviation that a phase has at least: without noise, what is around voids shows as modes beside its own."""
_PER_BIN = 65536 // GREY_BINS
THIN_VOID = "; gaps and cracks up to 2 voxels wide don't show so: contact may be lower than it reads"


@dataclass(frozen=True)
class GreyLevels:
    """The grey level of each phase that the picture shows (0 to 65535, dark to bright), and their noise.

    ``noise`` is the largest standard deviation of a phase, ``widths`` those of each (empty: all have the noise).
    ``warnings`` are sentences for the report, such as which phase was not found.
    """

    names: tuple[str, ...]
    greys: tuple[float, ...]
    noise: float
    warnings: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()

    def width(self, place: int) -> float:
        """Return the noise of one phase, by its place in the order."""
        return self.widths[place] if self.widths else self.noise

    def midpoint(self, first: int, second: int) -> float:
        """Return the grey halfway between two phases, by their place in the order."""
        return (self.greys[first] + self.greys[second]) / 2


@dataclass(frozen=True, order=True)
class Peak:
    """A mode of the grey histogram: its grey value, its width (standard deviation) and its share of the voxels."""

    grey: float
    width: float
    share: float


@kernel
def _spread_rows(grey: NDArray[np.uint16], k: int, j: int, out: NDArray[np.uint16]) -> None:
    """Write the range of grey values among each voxel of a row and its neighbours along the axes."""
    depth, height, width = grey.shape
    here = grey[k, j]
    back, ahead = grey[max(k - 1, 0), j], grey[min(k + 1, depth - 1), j]
    up, down = grey[k, max(j - 1, 0)], grey[k, min(j + 1, height - 1)]
    for i in (0, width - 1):
        left, right = here[max(i - 1, 0)], here[min(i + 1, width - 1)]
        high = max(here[i], left, right, back[i], ahead[i], up[i], down[i])
        low = min(here[i], left, right, back[i], ahead[i], up[i], down[i])
        out[i] = high - low
    for i in range(1, width - 1):
        high = max(here[i - 1], here[i], here[i + 1], back[i], ahead[i], up[i], down[i])
        low = min(here[i - 1], here[i], here[i + 1], back[i], ahead[i], up[i], down[i])
        out[i] = high - low


@kernel
def _count_joint(
    grey: NDArray[np.uint16],
    places: NDArray[np.int64],
    start: tuple[int, int, int],
    stop: tuple[int, int, int],
    counts: NDArray[np.int64],
) -> None:
    """Count the voxels of the core by grey and spread; ``places`` is the bin of each spread."""
    spread = np.empty(grey.shape[2], np.uint16)
    for k in range(start[0], stop[0]):
        for j in range(start[1], stop[1]):
            _spread_rows(grey, k, j, spread)
            for i in range(start[2], stop[2]):
                counts[grey[k, j, i] // _PER_BIN, places[spread[i]]] += 1


def _joint_counts(block: Block, grey: NDArray[np.uint16]) -> Done[NDArray[np.int64]]:
    # bins of the spread grow with it: 8 to a factor of two
    spreads = np.arange(65536, dtype=np.float32)
    places = np.minimum((4 * np.log2(spreads + 1)).astype(np.int64), SPREAD_BINS - 1)
    counts = np.zeros((GREY_BINS, SPREAD_BINS), np.int64)
    start, stop = (tuple(getattr(axis, end) for axis in block.inner) for end in ("start", "stop"))
    _count_joint(np.ascontiguousarray(grey), places, start, stop, counts)
    return Done(counts)


def flat_histogram(grey: Source, engine: Engine) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the grey histograms (1024 bins) of the voxels away from edges, and of all voxels.

    A voxel is away from edges where the range among its direct neighbours is at most twice the
    median range of the picture; boundaries, whose grey belongs to no phase, drop out.
    """
    parts = engine.run(_joint_counts, [grey], halo=(1, 1, 1), stage="grey levels")
    joint = np.sum(parts, axis=0)
    by_spread = np.cumsum(joint.sum(axis=0))
    median = int(np.searchsorted(by_spread, by_spread[-1] / 2))
    return joint[:, : median + 5].sum(axis=1), joint.sum(axis=1)


def find_peaks(counts: NDArray[np.int64], *, rise: float = 1.4, share_min: float = 3e-4) -> tuple[Peak, ...]:
    """Return the modes of a histogram from dark to bright.

    A mode counts where the histogram falls by the factor ``rise`` on both sides before it climbs
    higher, so a phase of one percent is found as surely as one of half the picture.

    Examples
    --------
    >>> axis = np.arange(1024)
    >>> two = 1e6 * np.exp(-((axis - 300) / 20) ** 2) + 1e3 * np.exp(-((axis - 600) / 20) ** 2)
    >>> [round(peak.grey / 64) for peak in find_peaks(two.astype(np.int64))]
    [300, 600]
    """
    total = counts.sum()
    smooth = ndimage.gaussian_filter1d(counts.astype(np.float64), 5.0, mode="constant")
    floor = max(total * 1e-6, 1.0)
    height = np.log(smooth + floor)
    tops = [i for i in range(1, GREY_BINS - 1) if height[i] >= height[i - 1] and height[i] > height[i + 1]]
    keep = [top for top in tops if _prominence(height, top) >= math.log(rise)]
    if not keep:
        return ()
    valleys = [a + int(np.argmin(smooth[a:b])) for a, b in itertools.pairwise(keep)]
    peaks = []
    for top, low, high in zip(keep, [0, *valleys], [*valleys, GREY_BINS], strict=True):
        part = counts[low:high].astype(np.float64)
        share = float(part.sum() / total)
        if share >= share_min:
            peaks.append(Peak((top + 0.5) * _PER_BIN, _half_width(smooth, top) * _PER_BIN, share))
    return tuple(peaks)


def _prominence(height: NDArray[np.float64], top: int) -> float:
    higher_left = np.flatnonzero(height[:top] > height[top])
    higher_right = np.flatnonzero(height[top + 1 :] > height[top])
    left = higher_left[-1] if higher_left.size else 0
    right = top + 1 + higher_right[0] if higher_right.size else height.size - 1
    return float(height[top] - max(height[left : top + 1].min(), height[top : right + 1].min()))


def _half_width(smooth: NDArray[np.float64], top: int) -> float:
    """Return the standard deviation that belongs to the width at half height (the narrower side)."""
    half = smooth[top] / 2
    left = np.flatnonzero(smooth[:top] < half)
    right = np.flatnonzero(smooth[top + 1 :] < half)
    sides = [top - left[-1]] if left.size else []
    sides += [right[0] + 1] if right.size else []
    return float(min(sides, default=8)) / 1.1774


def assign_peaks(
    peaks: tuple[Peak, ...],
    names: tuple[str, ...],
    *,
    metal_is_layer: dict[int, bool],
    metal: str | None,
    excess: float | None,
) -> GreyLevels:
    """Give each phase its peak, in the order of greys.

    Parameters
    ----------
    peaks
        From dark to bright.
    names
        Phases from dark to bright.
    metal_is_layer
        For each peak (by place): whether the voxels of its grey make up a layer at a border of the picture.
    metal
        Name of the metal among ``names``, if any.
    excess
        For the darkest peak: the grey of what is darker than its own noise, or None; see `dark_excess`.
    """
    noise = max((peak.width for peak in peaks), default=1000.0)
    strong = sorted(range(len(peaks)), key=lambda k: -peaks[k].share)[: max(len(names), 2)]
    best: tuple[float, dict[str, int]] = (-math.inf, {})
    for size in range(1, min(len(names), len(strong)) + 1):
        for chosen in itertools.combinations(sorted(strong), size):
            for taken in itertools.combinations(range(len(names)), size):
                match = {names[name]: peak for name, peak in zip(taken, chosen, strict=True)}
                best = max(best, (_plausible(match, peaks, names, metal_is_layer, metal), match), key=lambda b: b[0])
    return _collect(best[1], peaks, names, noise, excess)


def _plausible(
    match: dict[str, int],
    peaks: tuple[Peak, ...],
    names: tuple[str, ...],
    metal_is_layer: dict[int, bool],
    metal: str | None,
) -> float:
    """Score an assignment: voxels explained, the metal where it forms a layer and only there."""
    score = sum(peaks[k].share for k in match.values()) + 0.02 * len(match)
    if metal in names:
        if metal in match:
            score += 0.5 if metal_is_layer.get(match[str(metal)], False) else -0.5
        if any(metal_is_layer.get(k, False) for name, k in match.items() if name == "void"):
            score -= 0.5
    if "SE" in names and "SE" not in match:
        score -= 1.0
    return score


def dark_excess(counts: NDArray[np.int64], peak: Peak) -> float | None:
    """Return the grey of what is darker than the noise of the darkest peak explains; None where that is nothing.

    Thin or small void has no mode of its own in a noisy picture, but it leaves more dark voxels than
    a Gaussian of the peak's width: those beyond four widths, when there are ten times as many as
    expected and more than one in 5000 of all. Their median is the grey.

    Parameters
    ----------
    counts
        Histogram of all voxels, 1024 bins.
    peak
        The darkest of the peaks.

    Examples
    --------
    >>> counts = np.zeros(1024, np.int64); counts[500] = 10_000; counts[200] = 50
    >>> dark_excess(counts, Peak(500.5 * 64, 640.0, 1.0)) == 200.5 * 64
    True
    """
    tail = counts[: max(int((peak.grey - 4 * max(peak.width, NARROWEST)) / _PER_BIN), 0)]
    total = counts.sum()
    expected = 3.2e-5 * peak.share * total
    if tail.sum() <= max(10 * expected, total / 5000):
        return None
    below = np.cumsum(tail)
    return float((np.searchsorted(below, below[-1] / 2) + 0.5) * _PER_BIN)


def _collect(
    match: dict[str, int], peaks: tuple[Peak, ...], names: tuple[str, ...], noise: float, excess: float | None
) -> GreyLevels:
    """Put the levels in order; a phase without one is left out, and a warning says so."""
    known = {name: peaks[place].grey for name, place in match.items()}
    if excess is not None and names[0] not in known and 0 in match.values():
        known[names[0]] = excess
    missing = [name for name in names if name not in known]
    warnings = tuple(
        f"no {name} found: no mode of the grey values belongs to it{THIN_VOID if name == 'void' else ''}"
        for name in missing
    )
    kept = tuple(name for name in names if name in known)
    widths = tuple(peaks[match[name]].width if name in match else noise for name in kept)
    return GreyLevels(kept, tuple(known[name] for name in kept), noise, warnings, widths)
