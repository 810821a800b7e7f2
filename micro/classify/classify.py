"""From a clean picture and a classifier to labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, Source, as_dask
from micro.classify.agreement import agree_on, leave_edges_to_grey
from micro.classify.features import feature_slices, prepare
from micro.classify.greys import EDGE_SHIFT, grey_levels
from micro.classify.model import Classifier
from micro.classify.network import Network, probabilities
from micro.classify.plan import FeaturePlan, plan_features
from micro.classify.pyramid import build_levels
from micro.errors import ShapeMismatchError
from micro.model import FULL_SCALE, SSB_PHASES, Labels, PhaseSet, Step, Volume
from micro.segment.finish import finish, first_reach, like_pair, noise_of, thin_void, without_rims
from micro.segment.islands import absorb_islands
from micro.segment.levels import GreyLevels
from micro.segment.params import SegmentParams
from micro.segment.regularise import cost_table, neighbour_weights
from micro.segment.shading import even_out
from micro.segment.skins import remove_skins, skin_reach

__all__ = ["classify", "phase_probabilities"]

GREY_SHARE = 0.5
"""Weight of a voxel's grey beside the classifier's probability, which has seen that grey already; 1 where edges
are left to the grey, since the probability says nothing there."""


def _predict(
    block: Block, _: NDArray[Any], *, levels: Sequence[Source], plan: FeaturePlan, network: Network
) -> Done[None]:
    z, y, x = (axis.stop - axis.start for axis in block.core)
    out = np.empty((network.last.shape[1], z, y, x), np.uint8)
    for k, features in enumerate(feature_slices(prepare(block, levels, plan))):
        out[:, k] = probabilities(network, features.reshape(len(features), -1)).reshape(-1, y, x)
    return Done(None, tuple(out))


def phase_probabilities(volume: Volume, classifier: Classifier, engine: Engine) -> tuple[Source, ...]:
    """Return 255 times the probability of every phase, one uint8 array (z, y, x) each.

    Raises
    ------
    ShapeMismatchError
        If the classifier was trained on sections and this is a volume, or the other way round.
    """
    if volume.is_2d != classifier.is_2d:
        trained, given = ("sections (2-D)", "a volume (3-D)") if classifier.is_2d else ("volumes (3-D)", "a section")
        raise ShapeMismatchError(
            f"the classifier was trained on {trained}, and the image {volume.name!r} is {given}; "
            "train one on strokes in such an image"
        )
    plan = plan_features(classifier.params, volume.spacing, is_2d=volume.is_2d)
    levels = build_levels(volume.data, plan, engine)
    outputs = tuple(engine.array(volume.shape, np.uint8) for _ in classifier.phases)
    constants = {"levels": levels, "plan": plan, "network": classifier.network}
    engine.run(_predict, [outputs[0]], outputs=outputs, stage="classify", constants=constants)
    return outputs


def _sharp_section(volume: Volume) -> bool:
    """Tell whether the edges are left to the grey: in sections of electron micrographs.

    There a few hundred voxels of strokes don't tell where an edge lies, and the grey does. In volumes the strokes
    are many; in CT the grey of gaps and cracks is not that of void.
    """
    return volume.is_2d and volume.modality != "xct"


def _agree(block: Block, *chances: NDArray[np.uint8], weights: NDArray[np.int32], rounds: int) -> Done[None]:
    places = agree_on(np.stack(chances), weights, rounds=rounds, start=block.outer_start)
    return Done(None, (places[block.inner],))


def _agree_with_grey(
    block: Block,
    grey: NDArray[np.uint16],
    *chances: NDArray[np.uint8],
    levels: GreyLevels,
    pair: tuple[int, int] | None,
    costs: NDArray[np.int32],
    weights: NDArray[np.int32],
    rounds: int,
    reach: tuple[int, int, int],
    edges_by_grey: bool,
) -> Done[None]:
    together = leave_edges_to_grey(np.stack(chances)) if edges_by_grey else np.stack(chances)
    places = agree_on(together, weights, rounds=rounds, start=block.outer_start, grey=grey, grey_costs=costs)
    if max(reach):
        places = remove_skins(places, grey, levels, reach, pair=pair)
    return Done(None, (places[block.inner],))


def _label(volume: Volume, chances: Sequence[Source], params: SegmentParams, engine: Engine) -> Source:
    """Return the place of each voxel's phase, from the probabilities alone."""
    places: Source = engine.array(volume.shape, np.uint8)
    reach = 2 * params.iterations
    z, y, x = (reach if length > 1 else 0 for length in volume.shape)
    constants = {"weights": neighbour_weights(volume.spacing, params.smoothing), "rounds": params.iterations}
    engine.run(_agree, chances, outputs=[places], halo=(z, y, x), stage="neighbours agree", constants=constants)
    return absorb_islands(places, phases=len(chances), voxels_min=params.min_object_voxels, engine=engine)


def _label_with_grey(
    grey: Source,
    volume: Volume,
    chances: Sequence[Source],
    params: SegmentParams,
    levels: GreyLevels,
    *,
    phases: PhaseSet,
    engine: Engine,
) -> Source:
    """Return the place of each voxel's phase in the order of ``levels``, whose order ``chances`` has."""
    places: Source = engine.array(volume.shape, np.uint8)
    pair = like_pair(levels, phases)
    thin = thin_void(levels, phases, volume.modality)
    sharp = _sharp_section(volume)
    costs = np.rint((1.0 if sharp else GREY_SHARE) * cost_table(levels, noise=noise_of(levels), thin=thin)).astype(
        np.int32
    )
    constants = {
        "levels": levels,
        "pair": pair,
        "costs": costs,
        "weights": neighbour_weights(volume.spacing, params.smoothing),
        "rounds": params.iterations,
        "reach": skin_reach(volume.shape, volume.spacing.um, params.partial_volume_voxels),
        "edges_by_grey": sharp,
    }
    # a voxel more, since edges are looked for among the neighbours
    reach = first_reach(volume, params, levels, pair)
    z, y, x = (n + (length > 1) for n, length in zip(reach, volume.shape, strict=True))
    inputs = [grey, *chances]
    engine.run(
        _agree_with_grey, inputs, outputs=[places], halo=(z, y, x), stage="neighbours agree", constants=constants
    )
    return finish(places, grey, volume, params, levels, phases=phases, engine=engine)[0]


def _to_values(_: Block, places: NDArray[np.uint8], *, values: NDArray[np.uint8]) -> Done[NDArray[np.int64]]:
    return Done(np.bincount(places.ravel(), minlength=len(values)), (values[places],))


def classify(
    volume: Volume,
    classifier: Classifier,
    params: SegmentParams,
    engine: Engine,
    *,
    phases: PhaseSet = SSB_PHASES,
) -> Labels:
    """Label a picture with a classifier that was trained from strokes.

    Parameters
    ----------
    volume
        uint16, preprocessed as the pictures of the training were (``classifier.preprocess``).
    classifier
        Of `micro.classify.train` or `micro.classify.read_classifier`.
    params
        See `SegmentParams`. Where grey tells the phases too (`micro.classify.greys`), all of its rules follow as
        in the automatic segmentation; else only ``smoothing``, ``iterations`` and ``min_object_voxels``. Levels and
        their order come from the classifier.
    engine
        Where the block tasks run.
    phases
        Label values of the phase names.

    Returns
    -------
    Labels
        With the probabilities of each voxel by itself, before its neighbours had a say.

    Raises
    ------
    ShapeMismatchError
        If the classifier was trained on sections and this is a volume, or the other way round.
    PhaseError
        If ``phases`` lacks a phase of the classifier.

    Examples
    --------
    >>> from micro.classify import TrainParams, train
    >>> from micro.model import Spacing
    >>> grey = np.full((24, 24), 10_000, np.uint16); grey[:, 12:] = 50_000
    >>> strokes = np.zeros((24, 24), np.uint8); strokes[2:22, 4] = 1; strokes[2:22, 20] = 2
    >>> edge = Spacing.parse("10nm")
    >>> pair = (Volume(grey, edge), Labels(strokes, edge))
    >>> trained = train([pair], TrainParams(steps=50), Engine(), preprocessed={}).classifier
    >>> found = classify(pair[0], trained, SegmentParams(), Engine())
    >>> found.data[0, 5, [3, 20]].compute().tolist(), found.probability_phases
    ([1, 2], ('void', 'SE'))
    """
    for name in classifier.phases:
        phases[name]  # an unknown name is refused before any work
    chances = phase_probabilities(volume, classifier, engine)
    grey: Source = volume.data
    shading = rims = 0.0
    sharp = _sharp_section(volume)
    shift = 0.0 if sharp else EDGE_SHIFT
    levels = grey_levels(grey, chances, classifier, phases=phases, engine=engine, edge_shift=shift)
    if levels is not None and sharp and params.shading:
        grey, shading = even_out(grey, levels, engine=engine)
        levels = grey_levels(grey, chances, classifier, phases=phases, engine=engine, edge_shift=shift)
    names = classifier.phases if levels is None else levels.names
    if levels is None:
        places = _label(volume, chances, params, engine)
    else:
        ordered = [chances[classifier.phases.index(name)] for name in names]
        places = _label_with_grey(grey, volume, ordered, params, levels, phases=phases, engine=engine)
        even = without_rims(places, grey, volume, params, levels, phases=phases, engine=engine)
        if even is not None:
            grey, rims = even
            places = _label_with_grey(grey, volume, ordered, params, levels, phases=phases, engine=engine)
    values = np.array([phases[name].value for name in names], np.uint8)
    data = engine.array(volume.shape, np.uint8)
    counts = engine.run(_to_values, [places], outputs=[data], stage="labels", constants={"values": values})
    found = {
        "levels": None
        if levels is None
        else {n: round(g / FULL_SCALE, 4) for n, g in zip(levels.names, levels.greys, strict=True)},
        "shading": round(shading, 4),
        "rims": round(rims, 4),
        "share": {n: int(c) for n, c in zip(names, np.sum(counts, axis=0), strict=True)},
        "warnings": list(_warnings(volume, classifier)),
    }
    step = Step("classify", {**_described(classifier, params), "found": found}, version=__version__)
    return Labels(
        as_dask(data),
        volume.spacing,
        phases,
        (*volume.history, step),
        da.stack([as_dask(chance) for chance in chances]),
        classifier.phases,
        volume.name,
    )


def _described(classifier: Classifier, params: SegmentParams) -> dict[str, Any]:
    used = params.model_dump(mode="json", exclude={"greys", "levels", "metal_layer"})
    return {**used, "train": classifier.params.model_dump(mode="json"), "training": dict(classifier.facts)}


def _warnings(volume: Volume, classifier: Classifier) -> tuple[str, ...]:
    """Say what makes this picture unlike those of the training."""
    flat = 1 if volume.is_2d else 0
    here, there = min(volume.spacing.um[flat:]), min(classifier.spacing.um[flat:])
    if not 1 / 1.5 < here / there < 1.5:
        return (f"the classifier was trained on voxels of {there:g} um and these are {here:g} um: sizes don't fit",)
    return ()
