"""Loss of contact between two states of a sample."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from micro.measure.results import Results
from micro.model import Measurement

__all__ = ["NO_FIRST_STATE", "contact_loss", "empty_loss", "with_contact_loss"]

NO_FIRST_STATE = "no first state to compare with"


def empty_loss(note: str = NO_FIRST_STATE) -> Measurement:
    """Return the row of a sample that has no first state."""
    return Measurement("contact_loss", None, "1", "contact_loss/v1", roi="interface", note=note)


def contact_loss(now: Measurement, first: Measurement, *, doubt: str = "") -> Measurement:
    """Return 1 - CF(t)/CF(t0), with an interval from those of the two contact fractions.

    The logarithm of the ratio has an interval whose arms are the roots of the sums of squares of the arms of
    the two logarithms: of the lower arm of one and the upper arm of the other (MOVER for a ratio, Donner &
    Zou, Stat. Methods Med. Res. 21, 2012, 347). It takes the two values as independent; in two pictures of
    one place they vary together, and the interval is wider than it need be.

    Parameters
    ----------
    now, first
        Rows of ``contact_fraction``, of the state and of the first state.
    doubt
        What speaks against comparing the two; it stands in the note.

    Examples
    --------
    >>> def fraction(value, low, high):
    ...     return Measurement("contact_fraction", value, "1", "contact_fraction/v1", ci_low=low, ci_high=high)
    >>> loss = contact_loss(fraction(0.6, 0.55, 0.65), fraction(0.8, 0.76, 0.84))
    >>> round(loss.value, 3), round(loss.ci_low, 3), round(loss.ci_high, 3)
    (0.25, 0.175, 0.321)
    """
    row = empty_loss("")
    names = " of ".join(filter(None, (first.state, first.sample))) or "unnamed"
    told = "; ".join(filter(None, (f"first state: {names}", doubt)))
    if now.value is None:
        return replace(row, note=now.note or "no contact fraction")
    if first.value is None or first.value <= 0:
        return replace(row, note=f"{told}, which has no contact" + (f": {first.note}" if first.note else ""))
    value = 1 - now.value / first.value
    interval = _interval(now, first)
    if interval is None:
        return replace(row, value=value, n=now.n, note=f"{told}; no interval: one of the two fractions has none")
    return replace(row, value=value, ci_low=interval[0], ci_high=interval[1], n=now.n, note=told)


def with_contact_loss(
    results: Results,
    first: Measurement | None,
    *,
    itself: bool = False,
    first_is_2d: bool | None = None,
    doubt: str = "",
) -> Results:
    """Return the results with their row of ``contact_loss`` filled in.

    Parameters
    ----------
    results
        Of `measure`.
    first
        The first state's row of ``contact_fraction``; None: the row stays as it is.
    itself
        Whether these are the results of the first state: its loss is 0.
    first_is_2d
        Whether the first state is a single section; None: not known.
    doubt
        What else speaks against comparing the two; it stands in the note.
    """
    if first is None and not itself:
        return results
    now = next((row for row in results.rows if row.metric == "contact_fraction"), None)
    if now is None:
        return results
    if itself:
        row = empty_loss(now.note or "this is the first state")
        row = row if now.value is None else replace(row, value=0.0, n=now.n, note="this is the first state")
    else:
        assert first is not None
        is_2d = any(row.metric == "interface_length" for row in results.rows)
        mixed = first_is_2d is not None and first_is_2d != is_2d
        kinds = f"{_kind(first_is_2d)} compared with {_kind(is_2d)}" if mixed else ""
        row = contact_loss(now, first, doubt="; ".join(filter(None, (kinds, doubt))))
    rows = tuple(row if old.metric == "contact_loss" else old for old in results.rows)
    return replace(results, rows=rows, checks=_with_swept_loss(results.checks, row, None if itself else first))


def _with_swept_loss(
    checks: Mapping[str, pd.DataFrame], row: Measurement, first: Measurement | None
) -> Mapping[str, pd.DataFrame]:
    """Return the checks with the loss in the table of the sweep, after the contact fraction that it hangs on.

    The first state stays as it was measured: what its own threshold does stands in its own table. Its loss is 0
    whatever is swept, and stands in none.
    """
    table = checks.get("threshold_sweep")
    if table is None or row.value is None or first is None or not first.value:
        return checks
    at = np.flatnonzero(table["metric"] == "contact_fraction")
    if not at.size or (table["metric"] == "contact_loss").any():
        return checks
    line = table.iloc[[at[0]]]
    told = "; ".join(filter(None, (str(line["note"].iloc[0]), "the first state as it was measured")))
    low, high = (1 - float(line[end].iloc[0]) / first.value for end in ("high", "low"))
    line = line.assign(metric="contact_loss", value=row.value, low=low, high=high, note=told)
    swept = pd.concat([table.iloc[: at[0] + 1], line, table.iloc[at[0] + 1 :]], ignore_index=True)
    return {**checks, "threshold_sweep": swept}


def _kind(is_2d: bool | None) -> str:
    return "a section" if is_2d else "a volume"


def _interval(now: Measurement, first: Measurement) -> tuple[float, float] | None:
    ends = (now.value, now.ci_low, now.ci_high, first.value, first.ci_low, first.ci_high)
    logs = [math.log(end) for end in ends if end is not None and end > 0]
    if len(logs) < len(ends):
        return None
    value, low, high, value0, low0, high0 = logs
    ratio = value - value0
    down, up = math.hypot(value - low, high0 - value0), math.hypot(high - value, value0 - low0)
    return (1 - math.exp(ratio + up), 1 - math.exp(ratio - down))
