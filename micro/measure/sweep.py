"""How far the values hang on the segmentation's threshold: the doubtful voxels given to one phase or another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, as_dask
from micro.cell import CellParams, ReferencePlane, anatomy, split_phases
from micro.errors import MicroError, ParameterError
from micro.measure.measure import measure
from micro.measure.params import MeasureParams
from micro.measure.results import Results
from micro.model import Labels

__all__ = ["SWEEP_COLUMNS", "THRESHOLDS", "relabel", "threshold_sweep", "with_sweep"]

SWEEP_COLUMNS: tuple[str, ...] = ("metric", "phase_a", "phase_b", "roi", "value", "low", "high", "unit", "note")
"""Columns of the table of the sweep."""

THRESHOLDS: tuple[float, float] = (0.3, 0.7)
"""Least and greatest probability from which on a voxel belongs to the phase; 0.5 is the segmentation itself."""

_ROLES = ("pore", "metal")
"""Phases of these kinds are swept; the electrolyte has what they leave."""


def _shift(
    _: Block,
    labels: NDArray[np.uint8],
    *chances: NDArray[np.uint8],
    rank: int,
    values: NDArray[np.uint8],
    family: NDArray[np.bool_],
    base: NDArray[np.uint8],
    threshold: float,
) -> Done[None]:
    """Give a block's doubtful voxels to the phase of ``rank``, or take them from it."""
    chance = chances[rank] / np.float32(255)
    inside = family[labels]
    out = base[labels]
    if threshold < 0.5:
        out[~inside & (labels > 0) & (chance >= threshold) & (chance < 0.5)] = values[rank]
        return Done(None, (out,))
    lost = inside & (chance >= 0.5) & (chance < threshold)
    others = [np.zeros_like(c) if number == rank else c for number, c in enumerate(chances)]
    out[lost] = values[np.argmax(np.stack(others), axis=0)[lost]]
    return Done(None, (out,))


def relabel(labels: Labels, phase: str, threshold: float, engine: Engine) -> Labels:
    """Return the labels with another threshold for the probability of one phase.

    A voxel whose probability lies between ``threshold`` and 1/2 changes sides: below 1/2 to the phase, above
    it to the next likely one. Voxels that a later rule has decided against their probability stay. Dendrite
    and crack fall back to metal and void: they are to be split again.

    Raises
    ------
    ParameterError
        If the labels carry no probabilities of the phase.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> void = np.uint8([[[250, 100, 20]]])
    >>> labels = Labels(np.uint8([[1, 2, 2]]), Spacing.parse("1um"), probabilities=np.stack([void, 255 - void]),
    ...                 probability_phases=("void", "SE"))
    >>> relabel(labels, "void", 0.3, Engine()).data.compute().tolist()
    [[[1, 1, 2]]]
    """
    if labels.probabilities is None or phase not in labels.probability_phases:
        raise ParameterError(f"{labels.name}: no probabilities of {phase!r}; expected those of a segmentation")
    phases = labels.phases
    base = np.arange(256, dtype=np.uint8)
    for role in _ROLES:
        base[list(phases.values_with(role))] = min(phases.values_with(role), default=0)
    values = np.array([phases[name].value for name in labels.probability_phases], np.uint8)
    rank = labels.probability_phases.index(phase)
    out = engine.array(labels.shape, np.uint8)
    engine.run(
        _shift,
        [labels.data, *labels.probabilities],
        outputs=[out],
        stage="threshold",
        constants={
            "rank": rank,
            "values": values,
            "family": base == base[values[rank]],
            "base": base,
            "threshold": threshold,
        },
    )
    return replace(labels, data=as_dask(out), probabilities=None, probability_phases=())


def threshold_sweep(
    labels: Labels,
    results: Results,
    *,
    cell_params: CellParams,
    params: MeasureParams,
    engine: Engine,
    first: ReferencePlane | None = None,
) -> pd.DataFrame:
    """Measure labels again at other thresholds of their probabilities; return how far every value goes.

    Void and metal are swept one at a time, each to the two `THRESHOLDS`; dendrites and cracks are split anew.
    ``low`` and ``high`` are the least and the greatest of all these values and the value itself: an
    interval for what the segmentation might have decided otherwise, beside the one for the field of view.
    ``first`` is the reference interface of the first state, as in `anatomy`. It costs a measurement with
    anatomy for each phase and threshold.

    Returns
    -------
    DataFrame
        With the columns `SWEEP_COLUMNS`; ``note`` says where a threshold gave no value.

    Raises
    ------
    ParameterError
        If the labels carry no probabilities.
    """
    if labels.probabilities is None:
        raise ParameterError(f"{labels.name}: no probabilities to sweep; expected those of a segmentation")
    swept = [name for name in labels.probability_phases if labels.phases[name].roles & set(_ROLES)]
    found = [
        _values(relabel(labels, name, threshold, engine), cell_params, params, engine, first)
        for name in swept
        for threshold in THRESHOLDS
    ]
    return _table(results, found)


_Values = dict[tuple[str, str, str, str], float]


def _values(
    labels: Labels, cell_params: CellParams, params: MeasureParams, engine: Engine, first: ReferencePlane | None
) -> _Values:
    """Return all values of relabelled labels; none where no cell can be found in them."""
    try:
        cell = anatomy(split_phases(labels, cell_params, engine, first=first), cell_params, engine, first=first)
        rows = measure(cell, params, engine).rows
    except MicroError:
        return {}
    return {(row.metric, row.phase_a, row.phase_b, row.roi): row.value for row in rows if row.value is not None}


def _table(results: Results, found: Sequence[_Values]) -> pd.DataFrame:
    lines = []
    for row in results.rows:
        if row.value is None:
            continue
        key = (row.metric, row.phase_a, row.phase_b, row.roi)
        values = [row.value, *(one[key] for one in found if key in one)]
        missing = len(found) + 1 - len(values)
        note = f"no value at {missing} of {len(found)} thresholds" if missing else ""
        lines.append((*key, row.value, min(values), max(values), row.unit, note))
    return pd.DataFrame(lines, columns=list(SWEEP_COLUMNS))


def with_sweep(results: Results, table: pd.DataFrame) -> Results:
    """Return the results with the table of `threshold_sweep`."""
    return replace(results, checks={**results.checks, "threshold_sweep": table})
