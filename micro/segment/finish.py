"""What follows the first labels, whoever drew them: rules for what one voxel by itself can't tell."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from micro.blocks import Engine, Source
from micro.model import PhaseSet, Volume
from micro.segment.bodies import bodies_only
from micro.segment.breaks import close_breaks
from micro.segment.islands import absorb_islands
from micro.segment.levels import GreyLevels
from micro.segment.noise import Noise, measure_noise
from micro.segment.objects import judge_objects, judge_reach, undecided_pair
from micro.segment.params import SegmentParams
from micro.segment.plugs import fill_plugs
from micro.segment.refine import blur_weights, refine_edges, refine_reach
from micro.segment.regularise import ThinPhase, cost_table, neighbour_weights
from micro.segment.rims import measure_rims, take_off_rims
from micro.segment.skins import skin_reach

__all__ = ["finish", "first_reach", "like_pair", "noise_of", "noise_of_solids", "thin_void", "without_rims"]

THIN_SHARE = 0.2
"""How much of the step to the electrolyte thin void is paler in CT."""
BESIDE_METAL = ((0.04, 0.0), (0.07, -0.2), (0.135, -0.2), (0.17, 0.35))
"""The same towards metal, at the metal's noise over its step from void; between these pairs on a straight line.
Sharpening makes metal at the edge of the electrolyte darker than it is, the less so the less noise there is: void is
looked for further down. More noise makes neighbours weigh more, which closes thin gaps: void is looked for higher up.
Chosen on xct phantoms 0 to 9 at ordinary and hard noise, and 0, 3 and 5 at three others (`benchmarks/README.md`)."""
TOLD_APART = (0.10, 0.16)
"""Noise of the metal over its step from void up to which the denoising keeps both apart, and from which it does not."""
PLUG_SIGMAS = 4.0
"""Void at metal that is so few standard deviations from it is noise, where noise is too high to tell them apart.
(In CT at hard noise, plugs of filaments lie 2 to 3.5 from the metal, gaps beside the anode 7 and more.)"""
BODY_VOXELS = 300
"""Metal of so many voxels is the anode, or a good piece of a filament; noise makes no such piece."""
RIM_SHARE_MIN = 0.05
"""Rims that rise by less than this share of the step from void to electrolyte are left alone by "auto"."""


def _with_role(levels: GreyLevels, phases: PhaseSet, role: str) -> int | None:
    return next((place for place, name in enumerate(levels.names) if role in phases[name].roles), None)


def like_pair(levels: GreyLevels, phases: PhaseSet) -> tuple[int, int] | None:
    """Return the places of two phases on one side of the electrolyte in the order of greys, the nearer one second.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> like_pair(GreyLevels(("void", "Li", "SE"), (1, 2, 3), 0.1), SSB_PHASES)
    (0, 1)
    """
    matrix = _with_role(levels, phases, "electrolyte")
    return undecided_pair(levels, None if matrix is None else levels.names[matrix])


def thin_void(levels: GreyLevels, phases: PhaseSet, modality: str) -> ThinPhase | None:
    """Return how void in gaps and cracks differs from void, or None where it does not.

    In CT of a cell it is paler: reconstruction and denoising blur it. Beside metal that is as dark, by how much
    depends on the noise, as `BESIDE_METAL` says. Electron images are sharper, and what their bright rims do to a gap
    is taken off. Without metal nothing is known to be thin.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> levels = GreyLevels(("void", "SE", "Li"), (1, 2, 3), 0.1)
    >>> thin_void(levels, SSB_PHASES, "xct")
    ThinPhase(place=0, towards=1, share=0.2)
    >>> thin_void(levels, SSB_PHASES, "sem") is None
    True
    """
    void, metal = (_with_role(levels, phases, role) for role in ("pore", "metal"))
    last = len(levels.names) - 1
    if modality != "xct" or metal is None or void not in (0, last):
        return None
    towards = 1 if void == 0 else last - 1
    share = THIN_SHARE
    if towards == metal:
        noises, shares = zip(*BESIDE_METAL, strict=True)
        share = float(np.interp(_noise_over_step(levels, void, metal), noises, shares))
    return ThinPhase(void, towards, share)


def noise_of_solids(levels: GreyLevels, phases: PhaseSet, modality: str) -> GreyLevels:
    """Return the levels with the noise of all phases but void, where void lies beside metal in CT.

    Gaps and cracks there are of every thickness, each as pale as it is thin: the width of void's mode is no noise.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> levels = GreyLevels(("void", "Li", "SE"), (1, 2, 4), 0.3, (), (0.3, 0.1, 0.2))
    >>> noise_of_solids(levels, SSB_PHASES, "xct").noise, noise_of_solids(levels, SSB_PHASES, "sem").noise
    (0.2, 0.3)
    """
    thin = thin_void(levels, phases, modality)
    if thin is None or "metal" not in phases[levels.names[thin.towards]].roles:
        return levels
    return replace(levels, noise=max(levels.width(place) for place in range(len(levels.names)) if place != thin.place))


def _noise_over_step(levels: GreyLevels, void: int, metal: int) -> float:
    """Return the noise of the metal over its step from void."""
    return levels.width(metal) / abs(levels.greys[metal] - levels.greys[void])


def _mixed_up(levels: GreyLevels, void: int, metal: int) -> float:
    """Return how far noise hides the step from void to metal: 0 not at all, 1 so that denoising can't tell them."""
    low, high = TOLD_APART
    return min(max((_noise_over_step(levels, void, metal) - low) / (high - low), 0.0), 1.0)


def noise_of(levels: GreyLevels) -> float:
    """Return the noise of the levels, but no less than an eighth of the smallest step, or grains would decide."""
    steps = [b - a for a, b in itertools.pairwise(levels.greys)]
    return max(levels.noise, 0.125 * min(steps, default=0.0))


def first_reach(
    volume: Volume, params: SegmentParams, levels: GreyLevels, pair: tuple[int, int] | None
) -> tuple[int, int, int]:
    """Return how many voxels along each axis the rounds of agreement and `remove_skins` after them read."""
    reach = skin_reach(volume.shape, volume.spacing.um, params.partial_volume_voxels)
    middle = max(len(levels.names) - 2, 0) + (pair is not None)
    z, y, x = (
        2 * params.iterations + (r + 2) * middle if length > 1 else 0
        for r, length in zip(reach, volume.shape, strict=True)
    )
    return (z, y, x)


def _judge(
    places: Source,
    grey: Source,
    volume: Volume,
    params: SegmentParams,
    levels: GreyLevels,
    pair: tuple[int, int] | None,
    engine: Engine,
) -> Source:
    """Judge thin objects of two phases of like grey as a whole, where there are two such phases."""
    if pair is None or params.object_voxels == 0:
        return places
    edges = volume.spacing.um
    finest = min(edge for edge, length in zip(edges, volume.shape, strict=True) if length > 1)
    z, y, x = (
        params.object_voxels * finest / edge if length > 1 else 0.0
        for edge, length in zip(edges, volume.shape, strict=True)
    )
    constants = {"levels": levels, "pair": pair, "sigmas": (z, y, x), "edges_um": edges}
    judged: Source = engine.array(volume.shape, np.uint8)
    halo = judge_reach((z, y, x), edges)
    engine.run(judge_objects, [places, grey], outputs=[judged], halo=halo, stage="thin objects", constants=constants)
    return judged


def _refine(
    places: Source, grey: Source, volume: Volume, params: SegmentParams, levels: GreyLevels, metal: int, engine: Engine
) -> Source:
    """Draw the edges of the metal anew, blurred as the picture is."""
    constants = {
        "levels": levels,
        "metal": metal,
        "weights": blur_weights(params.blur_voxels, volume.spacing.um, volume.shape),
        "potts": neighbour_weights(volume.spacing, params.smoothing),
        "noise": levels.noise,
    }
    refined: Source = engine.array(volume.shape, np.uint8)
    halo = refine_reach(volume.shape)
    engine.run(refine_edges, [places, grey], outputs=[refined], halo=halo, stage="edges", constants=constants)
    return refined


def _clean_up(
    places: Source, grey: Source, params: SegmentParams, levels: GreyLevels, noise: Noise | None, engine: Engine
) -> Source:
    """Fill the islands that are too small, or too faint for the noise."""
    return absorb_islands(
        places,
        phases=len(levels.names),
        voxels_min=params.min_object_voxels,
        engine=engine,
        grey=grey,
        levels=levels,
        noise=noise,
        sigmas_min=params.island_sigmas,
    )


def _fill_plugs(
    places: Source,
    grey: Source,
    levels: GreyLevels,
    pair: tuple[int, int] | None,
    noise: Noise | None,
    engine: Engine,
    *,
    body_voxels: int = 0,
) -> Source:
    """Give what noise made void in filaments back to them, where metal is as dark and noise that strong."""
    if pair is None or noise is None:
        return places
    sigmas = PLUG_SIGMAS * _mixed_up(levels, *pair)
    return fill_plugs(
        places, grey, levels, pair, noise=noise, sigmas_max=sigmas, engine=engine, body_voxels=body_voxels
    )


def finish(
    places: Source,
    grey: Source,
    volume: Volume,
    params: SegmentParams,
    levels: GreyLevels,
    *,
    phases: PhaseSet,
    engine: Engine,
) -> tuple[Source, Noise | None]:
    """Judge thin objects as a whole, draw edges of the metal anew, fill islands; also return the electrolyte's noise.

    The same for the automatic segmentation and for a classifier whose phases have grey levels of their own.

    Parameters
    ----------
    places
        Place of each voxel's phase in the order of ``levels``, false skins removed.
    grey, volume
        The picture to compare with, and the volume that it belongs to.
    params
        See `SegmentParams`.
    levels
        Grey level of each phase.
    phases
        Roles of the phases.
    engine
        Where the block tasks run.
    """
    pair = like_pair(levels, phases)
    matrix, metal = _with_role(levels, phases, "electrolyte"), _with_role(levels, phases, "metal")
    places = _judge(places, grey, volume, params, levels, pair, engine)
    # bright metal beside void passes through the electrolyte's grey; in CT gaps are too pale to be drawn by it
    drawn = pair is not None or volume.modality != "xct"
    if metal is not None and drawn and params.blur_voxels > 0:
        places = _refine(places, grey, volume, params, levels, metal, engine)
    noise = None
    if matrix is not None and params.island_sigmas > 0:
        noise = measure_noise(places, grey, phase=matrix, level=levels.greys[matrix], engine=engine)
    dark = pair if pair is not None and pair[1] == metal and volume.modality == "xct" else None
    # the tip of a filament is a faint island of void, with electrolyte on most of its sides
    places = _fill_plugs(places, grey, levels, dark, noise, engine, body_voxels=BODY_VOXELS)
    places = _clean_up(places, grey, params, levels, noise, engine)
    places = _fill_plugs(places, grey, levels, dark, noise, engine)
    if metal is not None and params.break_voxels > 0:
        places = close_breaks(
            places,
            grey,
            levels,
            metal,
            weights=blur_weights(params.blur_voxels, volume.spacing.um, volume.shape),
            reach_voxels=params.break_voxels,
            edges_um=volume.spacing.um,
            engine=engine,
        )
    if metal is not None and not params.metal_islands:
        places = bodies_only(places, grey, metal, costs=cost_table(levels, noise=levels.noise), engine=engine)
    return places, noise


def without_rims(
    places: Source,
    grey: Source,
    volume: Volume,
    params: SegmentParams,
    levels: GreyLevels,
    *,
    phases: PhaseSet,
    engine: Engine,
) -> tuple[Source, float] | None:
    """Return the picture without the bright rims around void, and their height; None where there are none to speak of.

    The height is that of the rim one voxel off a flat edge, as a share of the step from void to electrolyte.

    Parameters
    ----------
    places
        Finished labels: places in the order of ``levels``.
    grey, volume, params, levels, phases, engine
        As in `finish`.
    """
    if params.rims == "none" or (params.rims == "auto" and volume.modality == "xct"):
        return None
    void, matrix, metal = (_with_role(levels, phases, role) for role in ("pore", "electrolyte", "metal"))
    if void is None or matrix is None:
        return None
    blur = params.blur_voxels
    found = measure_rims(
        places, grey, volume, levels, void=void, matrix=matrix, metal=metal, blur_voxels=blur, engine=engine
    )
    step = abs(levels.greys[matrix] - levels.greys[void])
    if found is None or (params.rims == "auto" and found.edge < RIM_SHARE_MIN * step):
        return None
    even: Source = engine.array(volume.shape, np.uint16)
    constants = {"rims": found}
    engine.run(take_off_rims, [places, grey], outputs=[even], halo=found.halo, stage="rims", constants=constants)
    return even, found.edge / step
