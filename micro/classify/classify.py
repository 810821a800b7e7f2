"""From a clean picture and a classifier to labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from micro import __version__
from micro.blocks import Block, Done, Engine, Source, as_dask
from micro.classify.agreement import agree_on
from micro.classify.features import feature_slices, prepare
from micro.classify.model import Classifier
from micro.classify.network import Network, probabilities
from micro.classify.plan import FeaturePlan, plan_features
from micro.classify.pyramid import build_levels
from micro.errors import ShapeMismatchError
from micro.model import SSB_PHASES, Labels, PhaseSet, Step, Volume
from micro.segment.islands import absorb_islands
from micro.segment.params import SegmentParams
from micro.segment.regularise import neighbour_weights

__all__ = ["classify", "phase_probabilities"]


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


def _agree(block: Block, *chances: NDArray[np.uint8], weights: NDArray[np.int32], rounds: int) -> Done[None]:
    places = agree_on(np.stack(chances), weights, rounds=rounds, start=block.outer_start)
    return Done(None, (places[block.inner],))


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
        ``smoothing``, ``iterations`` and ``min_object_voxels`` are used.
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
    values = np.array([phases[name].value for name in classifier.phases], np.uint8)
    chances = phase_probabilities(volume, classifier, engine)
    places: Source = engine.array(volume.shape, np.uint8)
    reach = 2 * params.iterations
    z, y, x = (reach if length > 1 else 0 for length in volume.shape)
    constants = {"weights": neighbour_weights(volume.spacing, params.smoothing), "rounds": params.iterations}
    engine.run(_agree, chances, outputs=[places], halo=(z, y, x), stage="neighbours agree", constants=constants)
    places = absorb_islands(places, phases=len(values), voxels_min=params.min_object_voxels, engine=engine)
    data = engine.array(volume.shape, np.uint8)
    counts = engine.run(_to_values, [places], outputs=[data], stage="labels", constants={"values": values})
    found = {
        "share": {n: int(c) for n, c in zip(classifier.phases, np.sum(counts, axis=0), strict=True)},
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
    used = params.model_dump(mode="json", include={"smoothing", "iterations", "min_object_voxels"})
    return {**used, "train": classifier.params.model_dump(mode="json"), "training": dict(classifier.facts)}


def _warnings(volume: Volume, classifier: Classifier) -> tuple[str, ...]:
    """Say what makes this picture unlike those of the training."""
    flat = 1 if volume.is_2d else 0
    here, there = min(volume.spacing.um[flat:]), min(classifier.spacing.um[flat:])
    if not 1 / 1.5 < here / there < 1.5:
        return (f"the classifier was trained on voxels of {there:g} um and these are {here:g} um: sizes don't fit",)
    return ()
