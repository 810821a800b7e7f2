"""How well the default recipes do on phantoms, whose truth is exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import anatomy, split_phases
from micro.measure import Results, measure
from micro.model import SSB_PHASES, Labels, Measurement
from micro.phantoms import KINDS, Noise, Phantom, make_phantom
from micro.preprocess import preprocess
from micro.segment import segment
from micro_pipelines.recipe import Recipe
from micro_pipelines.recipe_files import load_recipe

__all__ = ["SCORES", "Score", "scores_of", "summary", "validate", "verdict"]

Progress = Callable[[str], None]

VOID, SE, LI, DENDRITE, CRACK = (SSB_PHASES[name].value for name in ("void", "SE", "Li", "dendrite", "crack"))


@dataclass(frozen=True, slots=True)
class Score:
    """A column of the validation table.

    Parameters
    ----------
    key, title
        Column name in the CSV file, and its heading.
    limit
        The floor, or the ceiling where ``is_error``; None where nothing is demanded.
    is_error
        Whether smaller magnitudes are better.
    """

    key: str
    title: str
    limit: float | None = None
    is_error: bool = False

    def worst(self, values: pd.Series[float]) -> float:
        """Return the worst value; NaN where one is missing, since a missing value is worse than any."""
        if values.isna().any():
            return math.nan
        return float(values.abs().max() if self.is_error else values.min())

    def mean(self, values: pd.Series[float]) -> float:
        """Return the mean, for errors that of the magnitudes."""
        return float(values.abs().mean() if self.is_error else values.mean())

    def passes(self, value: float) -> bool:
        """Return whether a worst value keeps the limit.

        Examples
        --------
        >>> Score("li_iou", "Li IoU", 0.95).passes(0.96), Score("e", "error", 3.0, is_error=True).passes(math.nan)
        (True, False)
        """
        if self.limit is None:
            return True
        return value <= self.limit if self.is_error else value >= self.limit


SCORES: tuple[Score, ...] = (
    Score("li_iou", "Li IoU", 0.95),
    Score("se_iou", "SE IoU"),
    Score("void_iou", "void IoU (with cracks)", 0.70),
    Score("dendrite_iou", "dendrite IoU", 0.55),
    Score("crack_iou", "crack IoU"),
    Score("crack_recall", "crack recall"),
    Score("contact_error", "contact fraction error", 0.04, is_error=True),
    Score("depth_error_voxels", "deepest dendrite error (voxels)", 3.0, is_error=True),
    Score("crack_density_error_percent", "crack density error (%)", 25.0, is_error=True),
    Score("truth_contact_error", "true labels: contact fraction error", is_error=True),
    Score("truth_depth_error_voxels", "true labels: deepest dendrite error (voxels)", is_error=True),
    Score("truth_crack_density_error_percent", "true labels: crack density error (%)", is_error=True),
)
"""All columns in order; those with a limit decide whether the validation is passed."""


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
        A row each phantom: kind, seed, and the keys of `SCORES`. A value that could not be given is NaN.
    """
    rows = []
    for kind in kinds:
        recipe = load_recipe(kind)
        for seed in seeds:
            if progress is not None:
                progress(f"{kind} seed {seed}")
            phantom = make_phantom(kind, seed=seed, noise=noise)
            rows.append({"kind": kind, "seed": seed, **scores_of(phantom, recipe, engine or Engine())})
    return pd.DataFrame(rows)


def scores_of(phantom: Phantom, recipe: Recipe, engine: Engine) -> dict[str, float]:
    """Return the scores of a recipe on one phantom, and of the measurement alone on the true labels."""
    corrected = preprocess(phantom.volume, recipe.preprocess, engine)
    labels = split_phases(segment(corrected, recipe.segment, engine), recipe.cell, engine)
    found, true = labels.data.compute(), phantom.truth.data.compute()
    recall = (found == CRACK) & (true == CRACK)
    errors = _errors(labels, phantom, recipe, engine)
    own = _errors(phantom.truth, phantom, recipe, engine)
    return {
        "li_iou": _iou(found, true, LI),
        "se_iou": _iou(found, true, SE),
        "void_iou": _iou(found, true, VOID, CRACK),
        "dendrite_iou": _iou(found, true, DENDRITE),
        "crack_iou": _iou(found, true, CRACK),
        "crack_recall": _ratio(int(recall.sum()), int((true == CRACK).sum())),
        **errors,
        **{f"truth_{key}": value for key, value in own.items()},
    }


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return worst and mean of every score over the seeds, beside its limit, for each kind."""
    rows = []
    for kind, group in table.groupby("kind", sort=False):
        for score in SCORES:
            worst = score.worst(group[score.key])
            mean = score.mean(group[score.key])
            rows.append([kind, score.title, worst, mean, score.limit, score.is_error, verdict(score, worst)])
    return pd.DataFrame(rows, columns=["kind", "score", "worst", "mean", "limit", "is_error", "verdict"])


def verdict(score: Score, worst: float) -> str:
    """Return ``pass``, ``FAIL``, or nothing where no limit is set."""
    if score.limit is None:
        return ""
    return "pass" if score.passes(worst) else "FAIL"


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


def _iou(found: NDArray[np.uint8], true: NDArray[np.uint8], *values: int) -> float:
    a, b = np.isin(found, values), np.isin(true, values)
    return _ratio(int((a & b).sum()), int((a | b).sum()))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
