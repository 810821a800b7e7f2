"""How the slices of a stack lie against each other, and which part of that is the microscope's."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source
from micro.preprocess.lost import between, find_lost
from micro.preprocess.register import contours, find_shift, refine_shift
from micro.preprocess.resample import move_slice

__all__ = ["FEWEST", "LEAST_AGREEMENT", "SLOW", "Jitter", "measure_jitter", "slow_path"]

Path = NDArray[np.float64]

LEAST_AGREEMENT = 0.75
"""Slices that agree less with their neighbours show nothing to align by: noise reaches 0.69, phantoms at hard noise
0.95, at eight times that noise 0.80."""

SLOW = 5.0
"""Sigma in slices of what counts as slow: twice this on either side of a slice."""
_ERRORS = {1: 0.06, 2: 0.2, 3: 0.35}
"""Errors in voxels of a slice against the cubic through every, every second and every third of its neighbours.

Root mean squares on phantoms of FIB-SEM stacks, in which the sample itself changes from slice to slice.
"""
_PAIR_ERROR = 0.5
"""The same for a slice against the one before it, once the slow part is off."""

FEWEST = 8
"""A stack of fewer slices tells nothing of jitter."""

_PIXELS = 2**20
_SLAB = 8
# reading slice k off the others: the cubic through its neighbours, which any steady change along the stack passes
_INNER = ((-2, -1 / 6), (-1, 4 / 6), (1, 4 / 6), (2, -1 / 6))
_SECOND = ((-1, 1 / 3), (1, 1.0), (2, -1 / 3))


@dataclass(frozen=True)
class Jitter:
    """What `measure_jitter` found, in voxels.

    Parameters
    ----------
    shifts
        How far each slice is off in y and x, shape (z, 2).
    error
        Root mean square of what the last round still moved: about how well the shifts are known.
    slow
        Path of the sample along the stack, kept: shape (z, 2).
    agreement
        Median correlation of a slice with the one before it, of the pixels that fit: 0.7 for noise, which has
        nothing in common, 0.9 and more where slices show the same sample.
    lost
        Slices that agree with neither neighbour, by number: they had no say, and lie between their neighbours.
    """

    shifts: Path
    error: float
    slow: Path
    agreement: float
    lost: tuple[int, ...] = ()

    @property
    def rms(self) -> float:
        """Root mean square of the shifts over both directions."""
        return float(np.sqrt(np.mean(np.square(self.shifts))))


def _shrunk(image: NDArray[np.generic], factor: int) -> NDArray[np.float32]:
    height, width = (n // factor for n in image.shape)
    cells = image[: height * factor, : width * factor].astype(np.float32).reshape(height, factor, width, factor)
    return np.asarray(cells.mean(axis=(1, 3)), np.float32)


def _pair_shifts(block: Block, grey: NDArray[np.generic], *, factor: int) -> Done[list[tuple[float, float, float]]]:
    """Return the shift of each slice of the core against the one before it, and how far they agree."""
    shifts = []
    before = None
    for k in range(max(block.inner[0].start - 1, 0), block.inner[0].stop):
        here = contours(_shrunk(grey[k], factor))
        if before is not None:
            (dy, dx), agreement = find_shift(before, here)
            shifts.append((dy * factor, dx * factor, agreement))
        before = here
    return Done(shifts)


def _neighbours(k: int, slices: int, every: int) -> tuple[tuple[int, float], ...]:
    """Return offsets and weights by which slice ``k`` is read off its neighbours; none where they are too few."""
    if 2 * every <= k < slices - 2 * every:
        return tuple((every * offset, weight) for offset, weight in _INNER)
    if every > 1 or k in (0, slices - 1):
        return ()
    return _SECOND if k < slices / 2 else tuple((-offset, weight) for offset, weight in _SECOND)


def _against_neighbours(
    block: Block, grey: NDArray[np.generic], *, shifts: Path, factor: int, margin: int, slices: int
) -> Done[list[dict[int, tuple[float, float]]]]:
    """Return how far each slice of the core, moved by its shift, is off what its neighbours say, by their spacing."""
    small = [_shrunk(image, factor) for image in grey]
    height, width = (n - 2 * margin for n in small[0].shape)
    first = block.outer[0].start
    placed = []
    for k, image in enumerate(small):
        dy, dx = shifts[first + k] / factor
        placed.append(contours(move_slice(image, (dy, dx), start=(margin, margin), shape=(height, width))))
    found = []
    for k in range(block.inner[0].start, block.inner[0].stop):
        off = {}
        for every in _ERRORS:
            fixed = np.zeros((height, width), np.float32)
            neighbours = _neighbours(first + k, slices, every)
            for offset, weight in neighbours:
                fixed += np.float32(weight) * placed[k + offset]
            if neighbours:
                dy, dx, _ = refine_shift(fixed, placed[k])
                off[every] = (dy * factor, dx * factor)
        found.append(off)
    return Done(found)


def slow_path(path: Path, sigma: float = SLOW) -> Path:
    """Return the slow part of a path (z, 2): a straight line through each slice's neighbours.

    Weights fall off as a Gaussian of ``sigma`` slices, so a steady drift and a wide bend pass whole.

    Examples
    --------
    >>> ramp = np.outer(np.arange(30.0), [1, -2])
    >>> bool(np.allclose(slow_path(ramp), ramp))
    True
    """
    place = np.arange(len(path), dtype=np.float64)
    out = np.empty_like(path)
    for k in range(len(path)):
        apart = place - k
        weight = np.exp(-0.5 * (apart / sigma) ** 2)
        zero, one, two = (float(np.sum(weight * apart**power)) for power in (0, 1, 2))
        share = weight * (two - one * apart) / (zero * two - one * one)
        out[k] = np.sum(share[:, None] * path, axis=0)
    return out


def _jumps(steps: Path) -> Path:
    """Return the steps between slices that are no shape: far larger than all others, and not taken back."""
    usual = np.median(steps, axis=0)
    apart = steps - usual
    spread = 1.4826 * np.median(np.abs(apart), axis=0)
    large = np.hypot(*apart.T) > np.maximum(3.0, 6 * np.hypot(*spread))
    jumps = np.zeros_like(steps)
    for k in (int(place) for place in np.flatnonzero(large)):
        # the first and the last slice have nobody to confirm it
        if k in (0, len(steps) - 1):
            jumps[k] = steps[k] - steps[min(max(k, 1), len(steps) - 2)]
            continue
        around = apart[max(k - 2, 0) : k + 3].sum(axis=0)
        if around @ apart[k] > 0.5 * apart[k] @ apart[k]:
            jumps[k] = apart[k]
    return jumps


def _settled(found: list[dict[int, tuple[float, float]]], before: Path, steps: Path, jumps: Path) -> Path:
    """Return the shifts that explain what slices, moved by ``before``, are off their neighbours.

    Weighted least squares. Close neighbours tell fast jitter well and nothing of slow; further ones, and
    ``steps`` from slice to slice, more of it, less well; what none of them tells stays small. Each of the
    ``jumps``, steps to be left out of that, is as large as it comes out.
    """
    slices = len(found)
    rows = list(np.diff(np.eye(slices), axis=0))
    off, errors = list(steps), [_PAIR_ERROR] * (slices - 1)
    close = []
    for k, by_spacing in enumerate(found):
        for every, shift in by_spacing.items():
            row = np.eye(slices)[k]
            for offset, weight in _neighbours(k, slices, every):
                row[k + offset] -= weight
            rows.append(row)
            off.append(np.asarray(shift) + row @ before)
            errors.append(_ERRORS[every] * (1 if 1 < k < slices - 2 else 3))
            if every == 1:
                close.append(off[-1])
    weights = 1 / np.array(errors)[:, None]
    matrix, target = np.array(rows) * weights, np.array(off) * weights
    after = np.arange(slices)[:, None] > np.flatnonzero(jumps.any(axis=1))[None, :]
    unknown = np.hstack([np.eye(slices), after])
    matrix = matrix @ unknown
    # a slice of white jitter is off its four neighbours by the root of 1 + 34 / 36 as much
    spread = 1.4826 * float(np.median(np.abs(close)))
    white = max(spread**2 - _ERRORS[1] ** 2, _ERRORS[1] ** 2) / (1 + 34 / 36)
    solution = np.zeros((unknown.shape[1], 2))
    for _ in range(4):
        # Student's t with 3 degrees of freedom: a slice that stands out may do so
        variances = (3 * white + np.sum(solution[:slices] ** 2, axis=1)) / 5
        tight = np.concatenate([1 / variances, np.full(after.shape[1], 1e-6)])
        solution = np.linalg.solve(matrix.T @ matrix + np.diag(tight), matrix.T @ target)
    return np.asarray(unknown @ solution)


def _without(lost: tuple[int, ...], grey: Source, engine: Engine) -> Jitter:
    """Measure the jitter of a stack less its lost slices."""
    good = measure_jitter(grey[np.setdiff1d(np.arange(grey.shape[0]), lost)], engine)
    # of the rest, a slice that was good between two lost ones may agree with nobody
    rest = np.setdiff1d(np.arange(grey.shape[0]), lost)
    numbers = tuple(sorted((*lost, *(int(rest[k]) for k in good.lost))))
    return replace(good, shifts=between(good.shifts, lost), slow=between(good.slow, lost), lost=numbers)


def measure_jitter(grey: Source, engine: Engine) -> Jitter:
    """Measure how far each slice of a stack lies off a smooth path through its neighbours.

    Each slice is first compared with the one before it; the sum of these shifts is the path of the
    sample. Its slow part (a steady drift, and bends over some ten slices and more) can't be told from a
    tilted or wavy interface, and is kept. What is left, and single jumps, is the microscope's. It is then
    refined against the cubic through four neighbours, which any steady change of the sample passes.
    A slice that is blank, noise or of another place agrees with neither neighbour: it is left out.

    Parameters
    ----------
    grey
        Stack of shape (z, y, x), at least six slices.

    Examples
    --------
    >>> plane = np.random.default_rng(0).normal(size=(1, 96, 96)).astype(np.float32)
    >>> from micro.blocks import gaussian
    >>> stack = np.repeat(gaussian(plane, (0, 3, 3)), 12, axis=0)
    >>> stack[6] = np.roll(stack[6], 2, axis=0)
    >>> (measure_jitter(stack, Engine()).shifts[6].round(1) + 0).tolist()
    [2.0, 0.0]
    """
    slices, height, width = grey.shape
    factor = max(1, math.ceil(math.sqrt(height * width / _PIXELS)))
    slab = (min(_SLAB, slices), height, width)
    parts = engine.run(
        _pair_shifts, [grey], halo=(1, 0, 0), block_shape=slab, stage="align", constants={"factor": factor}
    )
    pairs = np.array([shift for part in parts for shift in part], np.float64).reshape(-1, 3)
    steps, agreement = pairs[:, :2], float(np.median(pairs[:, 2]))
    lost = find_lost(pairs[:, 2], LEAST_AGREEMENT)
    if lost and agreement >= LEAST_AGREEMENT and slices - len(lost) >= FEWEST:
        return _without(lost, grey, engine)
    # where something is missing between two slices, they don't tell how far they moved
    steps[pairs[:, 2] < LEAST_AGREEMENT] = np.median(steps, axis=0)
    jumps = _jumps(steps)
    for end in (0, -1):
        steps[end], jumps[end] = steps[end] - jumps[end], 0
    path = np.vstack([np.zeros(2), np.cumsum(steps - jumps, axis=0)])
    slow = slow_path(path)
    fast = path - slow + np.vstack([np.zeros(2), np.cumsum(jumps, axis=0)])
    shifts = fast
    shifts = shifts - np.median(shifts, axis=0)
    moved = shifts
    for _ in range(2):
        reach = math.ceil(float(np.abs(shifts).max()) / factor)
        margin = min(reach, min(height, width) // factor // 4)
        constants = {"shifts": shifts, "factor": factor, "margin": margin, "slices": slices}
        found = engine.run(
            _against_neighbours, [grey], halo=(6, 0, 0), block_shape=slab, stage="align", constants=constants
        )
        settled = _settled([off for part in found for off in part], shifts, np.diff(fast, axis=0), jumps)
        moved, shifts = settled - shifts, settled
    shifts = np.round(shifts - np.median(shifts, axis=0), 3)
    return Jitter(shifts, float(np.sqrt(np.mean(np.square(moved)))), slow, agreement)
