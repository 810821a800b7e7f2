"""Which corrections a picture gets, and why: from the recipe, the modality and how strong each artefact is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source
from micro.model import Volume
from micro.preprocess.charging import rim_excess
from micro.preprocess.cupping import measure_cupping
from micro.preprocess.fringes import measure_fringes
from micro.preprocess.params import PreprocessParams
from micro.preprocess.rings import Axis, find_axis, middle_of, ring_strength
from micro.preprocess.slices import slice_gains
from micro.preprocess.stripes import black_below, shared_by_columns

__all__ = ["Plan", "make_plan"]

Grey = NDArray[np.float32]
Kind = Literal["none", "columns", "rows", "rings"]

SAMPLED = 6
"""Artefacts are measured in so many slices, evenly over the stack."""

_LEAST_GAIN, _LEAST_STRIPE, _LEAST_CUP, _LEAST_RIM = 0.005, 0.01, 0.02, 0.002
_LEAST_FRINGE = 0.02


@dataclass(frozen=True)
class Plan:
    """What is done to every slice, in this order.

    Parameters
    ----------
    low, high
        Grey values that become black and white.
    gains
        Brightness of each slice, or None.
    cupping
        How much brighter the rim is than the axis of rotation; 0 is none.
    stripes
        Kind of stripes to remove.
    below
        How far black, above which curtains are shares, lies below 0; see `black_below`.
    axis
        Where rings, and cupping, have their centre.
    trust
        Share of what rings have in common that is ring.
    rims
        Whether the rims of pores are limited.
    fringes
        Strength of phase fringes to undo, in voxels squared.
    did
        What is done, in a sentence each.
    found
        Strengths measured, by name.
    """

    low: float
    high: float
    gains: NDArray[np.float64] | None = None
    cupping: float = 0.0
    stripes: Kind = "none"
    below: float = 0.0
    axis: Axis | None = None
    trust: float = 1.0
    rims: bool = False
    fringes: float = 0.0
    did: tuple[str, ...] = ()
    found: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Notes:
    did: list[str] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)


def _slices(_: Block, grey: NDArray[np.generic], *, low: float, high: float) -> Done[Grey]:
    return Done(((grey[0].astype(np.float32) - np.float32(low)) / np.float32(high - low)).astype(np.float32))


def _sample(grey: Source, low: float, high: float, gains: NDArray[np.float64] | None, engine: Engine) -> list[Grey]:
    """Return some slices of a stack with black at 0 and white at 1, and their gains taken off."""
    depth, height, width = grey.shape
    number = min(depth, SAMPLED)
    places = [(2 * k + 1) * depth // (2 * number) for k in range(number)]
    chosen = grey[places]
    if isinstance(chosen, da.Array):
        # at once: slice by slice, each chunk of the file would be decoded for every slice that it holds
        chosen = chosen.compute(scheduler="threads", num_workers=engine.workers)
    parts = engine.run(
        _slices,
        [chosen],
        block_shape=(1, height, width),
        stage="look",
        constants={"low": low, "high": high},
    )
    return [part if gains is None else part / np.float32(gains[k]) for part, k in zip(parts, places, strict=True)]


def make_plan(volume: Volume, params: PreprocessParams, *, low: float, high: float, engine: Engine) -> Plan:
    """Decide which corrections a stack gets.

    ``auto`` looks for what the modality can have: curtains, charging and (in stacks) jumps of brightness in
    electron images, rings, cupping and fringes in CT; nothing where the modality is not stated. It does
    something only where the artefact is at least twice as strong as what noise and structure alone give by
    the same measure, and of some account at all.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> image = Volume(np.random.default_rng(0).normal(100, 5, (80, 90)), Spacing.parse("10nm"), "sem")
    >>> make_plan(image, PreprocessParams(), low=80, high=120, engine=Engine()).did
    ()
    """
    notes = _Notes()
    gains = _gains(volume, params, low, engine, notes)
    keys = (params.stripes, params.cupping, params.charging, params.fringes)
    if all(key == "none" for key in keys) or (not volume.modality and set(keys) <= {"none", "auto"}):
        return Plan(low, high, gains, did=tuple(notes.did), found=notes.found)
    slices = _sample(volume.data, low, high, gains, engine)
    ct = volume.modality == "xct"
    threads = replace(engine, scheduler=None, progress=None)
    stripes = params.stripes
    axis, trust, cupping, fringes, below = None, 1.0, 0.0, 0.0, 0.0
    if ct or stripes == "rings" or params.cupping == "remove":
        axis = Axis(params.ring_centre or middle_of(volume.shape))
        cupping = _cupping(slices, axis, params, threads, notes)
    if stripes == "rings" or (stripes == "auto" and ct):
        axis, trust = _rings(slices, params, threads, notes)
        stripes = "rings" if trust > 0 else "none"
    elif stripes in ("columns", "rows") or (stripes == "auto" and volume.modality):
        below = black_below(slices)
        if stripes == "auto":
            stripes = _curtains(slices, below, params, threads, notes)
    elif stripes == "auto":
        stripes = "none"
    rims = _rims(slices, params, notes) if not ct or params.charging == "limit" else False
    if ct or params.fringes == "remove":
        fringes = _fringes(slices, params, threads, notes)
    return Plan(low, high, gains, cupping, stripes, below, axis, trust, rims, fringes, tuple(notes.did), notes.found)


def _gains(
    volume: Volume, params: PreprocessParams, low: float, engine: Engine, notes: _Notes
) -> NDArray[np.float64] | None:
    auto = params.slice_brightness == "auto" and volume.modality == "fibsem"
    if volume.is_2d or not (auto or params.slice_brightness is True):
        return None
    gains = slice_gains(volume.data, low=low, engine=engine)
    spread = float(np.std(gains))
    notes.found["slice_gain_sd"] = spread
    if auto and spread < _LEAST_GAIN:
        return None
    notes.did.append(f"brightness of slices evened out: it varied by {100 * spread:.1f} %")
    return gains


def _curtains(slices: list[Grey], below: float, params: PreprocessParams, threads: Engine, notes: _Notes) -> Kind:
    # `stripe_strength` of each slice, its two directions on threads of their own
    turned = [(grey + np.float32(below), down) for grey in slices for down in (True, False)]
    shares = threads.map(partial(_share, window=params.stripe_window), turned)
    pairs = np.reshape(shares, (-1, 2))
    down, across = (float(value) for value in np.sqrt(np.mean(pairs**2, axis=0)))
    notes.found.update(stripes_down=round(down, 4), stripes_across=round(across, 4))
    if below:
        notes.found["black_below"] = round(below, 4)
    if max(down, across) < max(_LEAST_STRIPE, 2 * min(down, across)):
        return "none"
    kind: Kind = "columns" if down > across else "rows"
    name = "curtains" if kind == "columns" else "stripes across"
    notes.did.append(
        f"{name} of {100 * max(down, across):.1f} % removed; noise alone would give {100 * min(down, across):.1f} %"
    )
    return kind


def _share(turned: tuple[Grey, bool], *, window: int) -> float:
    grey, down = turned
    return shared_by_columns(grey if down else np.ascontiguousarray(grey.T), window)


def _rings(slices: list[Grey], params: PreprocessParams, threads: Engine, notes: _Notes) -> tuple[Axis, float]:
    axis = find_axis(slices, params.stripe_window, params.ring_centre, threads)
    rms, here, elsewhere = ring_strength(slices, params.stripe_window, axis, threads)
    notes.found.update(
        ring_power=round(here, 2), ring_power_elsewhere=round(elsewhere, 2), ring_centre=list(axis.centre)
    )
    # what round structure and noise have in common elsewhere is not taken for rings here
    trust = max(0.0, 1 - elsewhere / here) if here > 0 else 0.0
    if params.stripes == "auto" and (trust < 0.2 or rms < 0.002):
        return axis, 0.0
    y, x = axis.centre
    kind = "rings" if axis.start_rad is None else "half rings"
    notes.did.append(f"{kind} of {100 * rms * trust:.1f} % of the grey scale removed, about y {y:.1f}, x {x:.1f}")
    return axis, trust


def _cupping(slices: list[Grey], axis: Axis, params: PreprocessParams, threads: Engine, notes: _Notes) -> float:
    if params.cupping == "none":
        return 0.0
    rim, error = measure_cupping(slices, axis.centre, threads)
    notes.found.update(cupping=round(rim, 4), cupping_error=round(error, 4))
    if params.cupping == "auto" and abs(rim) < max(_LEAST_CUP, 3 * error):
        return 0.0
    notes.did.append(f"cupping removed: the rim was {100 * abs(rim):.1f} % {'brighter' if rim > 0 else 'darker'}")
    return rim


def _rims(slices: list[Grey], params: PreprocessParams, notes: _Notes) -> bool:
    if params.charging == "none" or (params.charging == "auto" and not slices):
        return False
    excess, null = rim_excess(slices)
    notes.found.update(rim_excess=round(excess, 5), rim_excess_elsewhere=round(null, 5))
    if params.charging == "auto" and excess < max(_LEAST_RIM, 2 * null):
        return False
    notes.did.append(f"bright rims of pores limited: {100 * excess:.1f} % of the grey scale above what lies behind")
    return True


def _fringes(slices: list[Grey], params: PreprocessParams, threads: Engine, notes: _Notes) -> float:
    if params.fringes == "none":
        return 0.0
    overshoot, strength = measure_fringes(slices, threads)
    notes.found["fringe_overshoot"] = round(overshoot, 4)
    if strength == 0 or (params.fringes == "auto" and overshoot < _LEAST_FRINGE):
        return 0.0
    notes.did.append(f"phase fringes undone: edges shot over by {100 * overshoot:.0f} % of their step")
    return strength
