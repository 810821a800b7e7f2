"""What is doubtful about labels stands beside every value that is measured on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from micro.model import Measurement, Step

__all__ = ["with_doubts"]


def with_doubts(rows: Iterable[Measurement], history: Iterable[Step]) -> tuple[Measurement, ...]:
    """Return the rows with the doubts of the labels' history in their notes.

    A step of the history may record ``found.doubts`` (a few words each) and ``found.refused`` (why
    nothing was labelled). A value gets the doubts, a missing value the reason that it is missing.

    Examples
    --------
    >>> step = Step("segment", {"found": {"doubts": ["order of greys"]}})
    >>> [row.note for row in with_doubts([Measurement("porosity", 0.1, "1", "porosity/v1")], [step])]
    ['doubtful: order of greys']
    """
    found = [step.parameters.get("found") or {} for step in history]
    doubts = list(dict.fromkeys(word for one in found for word in one.get("doubts") or ()))
    refused = list(dict.fromkeys(one["refused"] for one in found if one.get("refused")))
    doubtful = f"doubtful: {', '.join(doubts)}" if doubts else ""
    missing = "; ".join(refused)
    return tuple(_noted(row, missing if row.value is None else doubtful) for row in rows)


def _noted(row: Measurement, words: str) -> Measurement:
    return replace(row, note="; ".join(part for part in (row.note, words) if part)) if words else row
