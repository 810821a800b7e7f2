"""How well the default recipes do on phantoms, whose truth is exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from micro.blocks import Engine
from micro.cell import anatomy, split_phases
from micro.compare import Confusion, Group, count_confusion, match_objects
from micro.measure import Results, measure
from micro.model import SSB_PHASES, Labels, Measurement
from micro.phantoms import KINDS, Noise, Phantom, make_phantom
from micro.preprocess import preprocess, straighten, unlabel_missing
from micro.segment import segment
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import load_recipe

__all__ = ["COUNTS", "scores_of", "validate"]

Progress = Callable[[str], None]

VOID, SE, LI, DENDRITE, CRACK = (
    Group(name, (SSB_PHASES[name].value,)) for name in ("void", "SE", "Li", "dendrite", "crack")
)
ANY_VOID = Group("void with crack", (*VOID.values, *CRACK.values))
ANY_METAL = Group("Li with dendrite", (*LI.values, *DENDRITE.values))

COUNTS: tuple[str, ...] = tuple(
    f"{name}_{what}" for name in ("cracks", "dendrites") for what in ("found", "true", "right", "labelled")
)
"""Columns of counts: objects of the truth that are found, all of them, objects of the labels that are true, all."""


def validate(
    kinds: Sequence[str],
    seeds: Sequence[int],
    *,
    noise: Noise = "ordinary",
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Make fresh phantoms, run the recipe of their kind on them, and compare with the truth.

    Parameters
    ----------
    kinds
        Kinds of phantoms, each with the preset of that name.
    seeds
        One phantom a seed and kind.
    noise
        How noisy the images are.
    engine
        How the blocks run.
    progress
        Told each phantom's name before it is made.

    Returns
    -------
    pandas.DataFrame
        A row each phantom: kind, noise, seed, the keys of `SCORES`, and `COUNTS`. A value that could
        not be given is NaN.
    """
    rows = []
    for kind in kinds:
        recipe = load_recipe(kind)
        for seed in seeds:
            if progress is not None:
                progress(f"{kind} seed {seed}")
            phantom = make_phantom(kind, seed=seed, noise=noise)
            scores = scores_of(phantom, recipe, engine or Engine())
            rows.append({"kind": kind, "noise": noise, "seed": seed, **scores})
    return pd.DataFrame(rows)


def scores_of(phantom: Phantom, recipe: Recipe, engine: Engine) -> dict[str, float]:
    """Return the scores of a recipe on one phantom, and of the measurement alone on the true labels."""
    corrected = preprocess(straighten(phantom.volume, recipe.preprocess, engine), recipe.preprocess, engine)
    segmented = unlabel_missing(segment(corrected, recipe.segment, engine), engine)
    labels = split_phases(segmented, recipe.cell, engine)
    confusion = count_confusion(labels.data, phantom.truth.data, engine)
    both, false, missed = confusion.overlap(DENDRITE)
    own = _errors(phantom.truth, phantom, recipe, engine)
    counts = {
        **_object_counts("cracks", CRACK, ANY_VOID, labels, phantom.truth, engine),
        **_object_counts("dendrites", DENDRITE, ANY_METAL, labels, phantom.truth, engine),
    }
    return {
        "li_iou": _iou(confusion, LI),
        "se_iou": _iou(confusion, SE),
        "void_iou": _iou(confusion, ANY_VOID),
        "crack_object_recall": _ratio(counts["cracks_found"], counts["cracks_true"]),
        "dendrite_recall": _ratio(both, both + missed),
        "dendrite_false_volume": _ratio(false, both + missed),
        **_errors(labels, phantom, recipe, engine),
        "dendrite_iou": _iou(confusion, DENDRITE),
        "crack_iou": _iou(confusion, CRACK),
        "crack_recall": _recall(confusion, CRACK),
        "crack_object_precision": _ratio(counts["cracks_right"], counts["cracks_labelled"]),
        "dendrite_object_recall": _ratio(counts["dendrites_found"], counts["dendrites_true"]),
        "dendrite_object_precision": _ratio(counts["dendrites_right"], counts["dendrites_labelled"]),
        **{f"truth_{key}": value for key, value in own.items()},
        **counts,
    }


def _object_counts(
    name: str, group: Group, related: Group, labels: Labels, truth: Labels, engine: Engine
) -> dict[str, int]:
    found, right = (
        match_objects(a.data, b.data, group, related=related, share=0.5, engine=engine)
        for a, b in ((truth, labels), (labels, truth))
    )
    return {
        f"{name}_found": int(found.found.sum()),
        f"{name}_true": int(found.counted.sum()),
        f"{name}_right": int(right.found.sum()),
        f"{name}_labelled": int(right.counted.sum()),
    }


def _errors(labels: Labels, phantom: Phantom, recipe: Recipe, engine: Engine) -> dict[str, float]:
    """Return measured minus true values: contact, depth in voxels along the normal, crack density in percent."""
    results = measure(anatomy(labels, recipe.cell, engine), recipe.measure, engine)
    true = phantom.values
    edge_um = labels.spacing.um["zyx".index(KINDS[phantom.kind].normal[1])]
    depth = _value(results, "dendrite_depth_max") - true["dendrite_depth_max"]
    density = _value(results, "crack_density") - true["crack_density"]
    return {
        "contact_error": _value(results, "contact_fraction") - true["contact_fraction"],
        "depth_error_voxels": depth / edge_um,
        "crack_density_error_percent": 100 * _ratio(density, true["crack_density"]),
    }


def _value(results: Results, metric: str) -> float:
    row: Measurement | None = next((row for row in results.rows if row.metric == metric), None)
    return math.nan if row is None or row.value is None else row.value


def _iou(confusion: Confusion, group: Group) -> float:
    both, false, missed = confusion.overlap(group)
    return _ratio(both, both + false + missed)


def _recall(confusion: Confusion, group: Group) -> float:
    both, _, missed = confusion.overlap(group)
    return _ratio(both, both + missed)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
