"""What the Review panel says of samples: a row of the table each, and lines on the one that is open."""

from __future__ import annotations

import pandas as pd

from micro_pipelines.review import ReviewItem
from napari_micro_ssb._words import counted

__all__ = ["details", "left", "table"]


def table(items: tuple[ReviewItem, ...]) -> pd.DataFrame:
    """Return the rows of a queue: sample, who has checked it, why to look, and state."""
    rows = [(item.sample, _status(item), _why(item), item.state) for item in items]
    return pd.DataFrame(rows, columns=["sample", "review", "why look", "state"])


def _status(item: ReviewItem) -> str:
    if item.mark is None:
        return "to do"
    if item.checked:
        return f"checked, {item.mark.by}"
    return "changed since it was checked" if item.changed else f"to do, note of {item.mark.by}"


def _why(item: ReviewItem) -> str:
    if item.failure:
        return f"failed: {item.failure}"
    unsure = [] if item.unsure_share is None else [f"unsure of {item.unsure_share:.0%}"]
    warned = [counted(len(item.warnings), "warning")] if item.warnings and not item.doubts else []
    edited = [counted(item.edits, "edit")] if item.edits else []
    return "; ".join([*item.doubts, *unsure, *warned, *edited])


def details(item: ReviewItem) -> str:
    """Return all that is known of a sample, in lines.

    Examples
    --------
    >>> details(ReviewItem("cell 3", state="after 20", doubts=("bars",), edits=1)).splitlines()
    ['cell 3, after 20', '- bars', '- 1 edit by hand, to be seen in the Correct panel']
    """
    lines = [f"{item.sample}{f', {item.state}' if item.state else ''}"]
    lines += [f"failed: {item.failure}"] if item.failure else []
    lines += [f"- {line}" for line in item.warnings or item.doubts]
    if item.unsure_share is not None:
        lines.append(f"- the model is not sure of {item.unsure_share:.1%} of the voxels")
    if item.edits:
        lines.append(f"- {counted(item.edits, 'edit')} by hand, to be seen in the Correct panel")
    if item.mark is not None:
        said = "checked" if item.mark.checked else "noted"
        changed = "; the labels have changed since" if item.changed else ""
        lines.append(f"{said} by {item.mark.by}, {item.mark.time}{changed}")
    return "\n".join(lines)


def left(items: tuple[ReviewItem, ...]) -> str:
    """Say how many samples are checked.

    Examples
    --------
    >>> left((ReviewItem("a"), ReviewItem("b")))
    '0 of 2 checked'
    """
    return f"{sum(item.checked for item in items)} of {len(items)} checked"
