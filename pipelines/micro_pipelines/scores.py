"""The columns of the validation, what is demanded of each, and who keeps it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

__all__ = ["SCORES", "Bar", "Score", "summary", "verdict"]


@dataclass(frozen=True, slots=True)
class Bar:
    """What is demanded of a score: of every kind, of tomography, and at hard noise (empty: as otherwise).

    Examples
    --------
    >>> bar = Bar(0.85, xct=0.72, hard=0.65)
    >>> bar.of("sem", "ordinary"), bar.of("xct-alloy", "ordinary"), bar.of("xct", "hard")
    (0.85, 0.72, 0.65)
    """

    usual: float
    xct: float | None = None
    hard: float | None = None

    def of(self, kind: str, noise: str) -> float:
        """Return the limit of a kind of phantom at a noise."""
        if noise == "hard" and self.hard is not None:
            return self.hard
        return self.xct if self.xct is not None and kind.startswith("xct") else self.usual


@dataclass(frozen=True, slots=True)
class Score:
    """A column of the validation table.

    Parameters
    ----------
    key, title
        Column name in the CSV file, and its heading.
    bar
        The floor, or the ceiling where ``is_error``; None where nothing is demanded.
    is_error
        Whether smaller magnitudes are better.
    part, whole
        Names of two count columns whose ratio the score is. One phantom has a handful of objects, so
        the bar is for the counts of all seeds together; every other bar is for the worst seed.
    """

    key: str
    title: str
    bar: Bar | None = None
    is_error: bool = False
    part: str = ""
    whole: str = ""

    def worst(self, values: pd.Series[float]) -> float:
        """Return the worst value; NaN where one is missing, since a missing value is worse than any."""
        if values.isna().any():
            return math.nan
        return float(values.abs().max() if self.is_error else values.min())

    def mean(self, values: pd.Series[float]) -> float:
        """Return the mean, for errors that of the magnitudes."""
        return float(values.abs().mean() if self.is_error else values.mean())

    def decisive(self, table: pd.DataFrame) -> float:
        """Return the value that the bar is held against: the worst, or for counts the ratio of their sums."""
        if not self.whole:
            return self.worst(table[self.key])
        whole = float(table[self.whole].sum())
        return float(table[self.part].sum()) / whole if whole else math.nan

    def passes(self, value: float, limit: float | None) -> bool:
        """Return whether a value keeps a limit; a missing value keeps none.

        Examples
        --------
        >>> Score("li_iou", "Li IoU").passes(0.96, 0.95), Score("e", "error", is_error=True).passes(math.nan, 3.0)
        (True, False)
        """
        if limit is None:
            return True
        return value <= limit if self.is_error else value >= limit

    def missed_by(self, table: pd.DataFrame, limit: float | None) -> tuple[int, ...]:
        """Return the seeds whose own value does not keep the limit."""
        values = table[self.key].abs() if self.is_error else table[self.key]
        pairs = zip(table["seed"], values, strict=True)
        return tuple(int(seed) for seed, value in pairs if not self.passes(float(value), limit))


SCORES: tuple[Score, ...] = (
    Score("li_iou", "Li IoU", Bar(0.97)),
    Score("se_iou", "SE IoU", Bar(0.97)),
    Score("void_iou", "void IoU (with cracks)", Bar(0.85, xct=0.72, hard=0.65)),
    Score(
        "crack_object_recall", "crack objects found (all seeds)", Bar(0.85), part="cracks_found", whole="cracks_true"
    ),
    Score("dendrite_recall", "dendrite voxel recall", Bar(0.85, hard=0.70)),
    Score("dendrite_false_volume", "false dendrite volume over the true", Bar(0.25), is_error=True),
    Score("contact_error", "contact fraction error", Bar(0.02), is_error=True),
    Score("depth_error_voxels", "deepest dendrite error (voxels)", Bar(2.0), is_error=True),
    Score("crack_density_error_percent", "crack density error (%)", Bar(12.0), is_error=True),
    Score("dendrite_iou", "dendrite IoU"),
    Score("crack_iou", "crack IoU"),
    Score("crack_recall", "crack voxel recall"),
    Score("crack_object_precision", "crack objects that are true", part="cracks_right", whole="cracks_labelled"),
    Score("dendrite_object_recall", "dendrite objects found", part="dendrites_found", whole="dendrites_true"),
    Score(
        "dendrite_object_precision",
        "dendrite objects that are true",
        part="dendrites_right",
        whole="dendrites_labelled",
    ),
    Score("truth_contact_error", "true labels: contact fraction error", is_error=True),
    Score("truth_depth_error_voxels", "true labels: deepest dendrite error (voxels)", is_error=True),
    Score("truth_crack_density_error_percent", "true labels: crack density error (%)", is_error=True),
)
"""All scores in order; those with a bar decide whether the validation is passed."""


def verdict(score: Score, value: float, limit: float | None) -> str:
    """Return ``pass``, ``FAIL``, or nothing where no limit is set."""
    if limit is None:
        return ""
    return "pass" if score.passes(value, limit) else "FAIL"


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return every score over the seeds, beside its limit, for each kind and noise.

    Parameters
    ----------
    table
        A row each phantom, from `validate`.

    Returns
    -------
    pandas.DataFrame
        kind, noise, score, worst, mean, counts (of all seeds, where the score counts objects), limit,
        is_error, verdict, and the seeds that miss the limit, with spaces.
    """
    rows = []
    for (kind, noise), group in table.groupby(["kind", "noise"], sort=False):
        for score in SCORES:
            limit = None if score.bar is None else score.bar.of(str(kind), str(noise))
            counts = f"{group[score.part].sum():.0f} of {group[score.whole].sum():.0f}" if score.whole else ""
            values = group[score.key]
            decided = verdict(score, score.decisive(group), limit)
            missed = " ".join(str(seed) for seed in score.missed_by(group, limit))
            head = [kind, noise, score.title, score.worst(values), score.mean(values)]
            rows.append([*head, counts, limit, score.is_error, decided, missed])
    columns = ["kind", "noise", "score", "worst", "mean", "counts", "limit", "is_error", "verdict", "missed"]
    return pd.DataFrame(rows, columns=columns)
