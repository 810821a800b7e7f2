"""Automatic segmentation, without training: from a clean stack to void, electrolyte and lithium."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, Source, as_dask, kernel
from micro.errors import ImageContentError
from micro.model import FULL_SCALE, SSB_PHASES, Labels, PhaseSet, Step, Volume
from micro.segment.doubts import question
from micro.segment.finish import finish, first_reach, like_pair, noise_of, noise_of_solids, thin_void, without_rims
from micro.segment.layers import metal_layers
from micro.segment.levels import GreyLevels, assign_peaks, dark_excess, find_peaks, flat_histogram
from micro.segment.params import SegmentParams
from micro.segment.probabilities import probabilities_of
from micro.segment.regularise import agree, cost_table, nearest_level, neighbour_weights
from micro.segment.shading import even_out
from micro.segment.skins import remove_skins, skin_reach
from micro.segment.undershoot import is_undershoot

__all__ = ["find_levels", "segment"]

SAID_FROM = 0.02
"""Weaker shading is not worth a line of the report."""


def find_levels(grey: Source, params: SegmentParams, *, phases: PhaseSet, engine: Engine) -> GreyLevels:
    """Find the grey level of each phase of a clean stack, or take those that the recipe states.

    Parameters
    ----------
    grey
        uint16 stack from `micro.preprocess.preprocess`.
    params
        The order of greys, and levels where they are stated.
    phases
        Tells which of the names is the metal.
    engine
        Where the block tasks run.
    """
    flat, everything = flat_histogram(grey, engine)
    peaks = find_peaks(flat)
    if params.levels is not None:
        stated = tuple(level * FULL_SCALE for level in params.levels)
        noise = max((peak.width for peak in peaks), default=1000.0)
        return GreyLevels(params.greys, stated, noise)
    metal = next((name for name in params.greys if "metal" in phases[name].roles), None)
    metal = metal if params.metal_layer else None
    excess = dark_excess(everything, peaks[0]) if peaks else None
    layers = metal_layers(grey, tuple(peak.grey for peak in peaks), engine)
    plain, more = (
        assign_peaks(peaks, params.greys, metal_is_layer=layers, metal=metal, excess=dark) for dark in (None, excess)
    )
    # with a mode too many, a bar or frame, edges are others than those of the cell
    if more.names == plain.names or metal not in more.names or len(peaks) > len(plain.names):
        return more
    seam = is_undershoot(grey, more, metal=more.names.index(metal), engine=engine)
    return plain if seam else more


def _classify(
    block: Block,
    grey: NDArray[np.uint16],
    *,
    levels: GreyLevels,
    costs: NDArray[np.int32],
    weights: NDArray[np.int32],
    rounds: int,
    reach: tuple[int, int, int],
    pair: tuple[int, int] | None,
) -> Done[None]:
    labels = nearest_level(grey, costs)
    if rounds:
        labels = agree(labels, grey, costs, weights, rounds=rounds, start=block.outer_start)
    if max(reach):
        labels = remove_skins(labels, grey, levels, reach, pair=pair)
    return Done(None, (labels[block.inner],))


def _label_grey(
    grey: Source,
    volume: Volume,
    params: SegmentParams,
    levels: GreyLevels,
    *,
    phases: PhaseSet,
    engine: Engine,
) -> Source:
    """Return the place of each voxel's phase in the order of ``levels``, from its grey and its neighbours."""
    pair = like_pair(levels, phases)
    reach = skin_reach(volume.shape, volume.spacing.um, params.partial_volume_voxels)
    constants = {
        "levels": levels,
        "costs": cost_table(levels, noise=noise_of(levels), thin=thin_void(levels, phases, volume.modality)),
        "weights": neighbour_weights(volume.spacing, params.smoothing),
        "rounds": params.iterations,
        "reach": reach,
        "pair": pair,
    }
    halo = first_reach(volume, params, levels, pair)
    places: Source = engine.array(volume.shape, np.uint8)
    engine.run(_classify, [grey], outputs=[places], halo=halo, stage="classify", constants=constants)
    return places


def _did(shading: float, rims: float) -> list[str]:
    """Say what was taken out of the picture, where it is of some account."""
    lines = [f"shading of {100 * shading:.0f} % across the picture evened out"] if shading >= SAID_FROM else []
    if rims:
        lines.append(f"bright rims around void taken off: {100 * rims:.0f} % of the step from void to electrolyte")
    return lines


@kernel
def _look_up(
    places: NDArray[np.uint8], values: NDArray[np.uint8], counts: NDArray[np.int64], out: NDArray[np.uint8]
) -> None:
    for k in range(places.shape[0]):
        for j in range(places.shape[1]):
            for i in range(places.shape[2]):
                out[k, j, i] = values[places[k, j, i]]
            for place in range(values.size):
                number = np.int32(0)
                for i in range(places.shape[2]):
                    number += np.int32(places[k, j, i] == place)
                counts[place] += number


def _to_values(_: Block, places: NDArray[np.uint8], *, values: NDArray[np.uint8]) -> Done[NDArray[np.int64]]:
    counts, out = np.zeros(len(values), np.int64), np.empty_like(places)
    _look_up(places, values, counts, out)
    return Done(counts, (out,))


def segment(
    volume: Volume,
    params: SegmentParams,
    engine: Engine,
    *,
    phases: PhaseSet = SSB_PHASES,
    probabilities: bool = False,
) -> Labels:
    """Segment a clean stack into the phases of ``params.greys``.

    The grey levels come from the modes of the histogram away from edges; shading from a smooth fit
    to all phases at once; the labels from a Potts model solved by iterated conditional modes; false
    skins between void and electrolyte go by the partial-volume rule, and specks to what surrounds them.

    Parameters
    ----------
    volume
        uint16 stack from `micro.preprocess.preprocess`.
    params
        See `SegmentParams`.
    engine
        Where the block tasks run.
    phases
        Label values of the phase names.
    probabilities
        Whether the labels carry probabilities; see `micro.segment.probabilities`.

    Returns
    -------
    Labels
        The history's last step tells the levels found, and warnings.

    Raises
    ------
    PhaseError
        If a name in ``params.greys`` is no phase.
    ImageContentError
        If no grey level stands out: hardly a voxel, or all of them edges.
    """
    for name in params.greys:
        phases[name]  # an unknown name is refused before any work
    grey: Source = volume.data
    levels = find_levels(grey, params, phases=phases, engine=engine)
    if not levels.names:
        size = " x ".join(str(n) for n in volume.shape)
        raise ImageContentError(
            f"{volume.name}: no grey level stands out among {size} voxels; expected "
            "a picture with areas of like grey, some ten voxels wide: take a larger one, or state segment.levels"
        )
    shading = 0.0
    if params.shading:
        grey, shading = even_out(grey, levels, engine=engine)
        levels = find_levels(grey, params, phases=phases, engine=engine)
    modes, levels = levels, noise_of_solids(levels, phases, volume.modality)
    places = _label_grey(grey, volume, params, levels, phases=phases, engine=engine)
    places, noise = finish(places, grey, volume, params, levels, phases=phases, engine=engine)
    even = without_rims(places, grey, volume, params, levels, phases=phases, engine=engine)
    if even is not None:
        grey = even[0]
        places = _label_grey(grey, volume, params, levels, phases=phases, engine=engine)
        places, noise = finish(places, grey, volume, params, levels, phases=phases, engine=engine)
    verdict = question(
        places,
        grey,
        modes,
        phases=phases,
        shading=shading,
        stated=params.levels is not None,
        engine=engine,
        curtained=volume.modality != "xct",
    )
    values = np.array([0 if verdict.refusal else phases[name].value for name in levels.names], np.uint8)
    data = engine.array(volume.shape, np.uint8)
    counts = engine.run(_to_values, [places], outputs=[data], stage="labels", constants={"values": values})
    found = {
        "levels": {n: round(g / FULL_SCALE, 4) for n, g in zip(levels.names, levels.greys, strict=True)},
        "noise": round(levels.noise / FULL_SCALE, 5),
        "shading": round(shading, 4),
        "rims": 0.0 if even is None else round(even[1], 4),
        "noise_volume_voxels": None if noise is None else round(noise.volume, 1),
        "share": {n: int(c) for n, c in zip(levels.names, np.sum(counts, axis=0), strict=True)},
        "did": _did(shading, 0.0 if even is None else even[1]),
        "warnings": [*levels.warnings, *verdict.warnings],
        "doubts": [*levels.warnings, *verdict.words],
    }
    step = Step("segment", {**params.model_dump(mode="json"), "found": found}, version=__version__)
    labels = Labels(as_dask(data), volume.spacing, phases, (*volume.history, step), name=volume.name)
    if not probabilities:
        return labels
    weights = neighbour_weights(volume.spacing, params.smoothing)
    costs = cost_table(levels, noise=noise_of(levels), thin=thin_void(levels, phases, volume.modality))
    chances = probabilities_of(places, grey, costs, weights, engine=engine)
    return replace(labels, probabilities=chances, probability_phases=levels.names)
