"""How far the values hang on the resolution: the same labels on voxels of twice the edge, measured again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, as_dask, kernel, read_region
from micro.cell import Cell, CellParams, ReferencePlane, anatomy
from micro.errors import MicroError
from micro.measure.measure import measure
from micro.measure.params import MeasureParams
from micro.measure.results import Results
from micro.model import Labels, Measurement, PhaseSet, Spacing

__all__ = ["RESOLUTION_COLUMNS", "coarsen", "resolution_check", "with_resolution"]

RESOLUTION_COLUMNS: tuple[str, ...] = (
    "metric",
    "phase_a",
    "roi",
    "value",
    "value_coarse",
    "change",
    "change_percent",
    "unit",
    "note",
)
"""Columns of the table of the resolution check."""

EDGE_MIN = 16
"""A picture of fewer voxels along an axis is not measured at half the resolution."""

_FAMILIES = ("pore", "metal")
"""Roles whose phases vote as one: a crack of two labels is void before it is either of them."""


def _families(phases: PhaseSet) -> NDArray[np.uint8]:
    """Return 256 entries: the value that stands for all phases of the label's family in a vote."""
    table = np.arange(256, dtype=np.uint8)
    for role in _FAMILIES:
        values = phases.values_with(role)
        if values:
            table[list(values)] = min(values)
    return table


@kernel
def _elect(votes: NDArray[np.uint8], keys: NDArray[np.uint8], key: int, second: bool) -> int:
    """Return the commonest of the votes whose key is ``key`` (negative: any); of equals the least, or the greatest."""
    best, most = 0, 0
    for n in range(votes.size):
        value = votes[n]
        if key >= 0 and keys[n] != key:
            continue
        count = 0
        for other in range(votes.size):
            count += votes[other] == value
        wins = value > best if second else value < best
        if count > most or (count == most and wins):
            best, most = value, count
    return best


@kernel
def _halve(
    fine: NDArray[np.uint8],
    families: NDArray[np.uint8],
    steps: tuple[int, int, int],
    parity: int,
    out: NDArray[np.uint8],
) -> None:
    """Write the label that the voxels of each coarse voxel elect, by family first; ``parity`` is that of its place."""
    number = steps[0] * steps[1] * steps[2]
    votes, kinds = np.empty(number, np.uint8), np.empty(number, np.uint8)
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            for i in range(out.shape[2]):
                n, low, high = 0, np.uint8(255), np.uint8(0)
                for dz in range(steps[0]):
                    for dy in range(steps[1]):
                        for dx in range(steps[2]):
                            value = fine[steps[0] * k + dz, steps[1] * j + dy, steps[2] * i + dx]
                            votes[n] = value
                            low, high = min(low, value), max(high, value)
                            n += 1
                if low == high:
                    out[k, j, i] = low
                    continue
                for n in range(votes.size):
                    kinds[n] = families[votes[n]]
                second = (parity + k + j + i) % 2 == 1
                family = _elect(kinds, kinds, -1, second)
                out[k, j, i] = _elect(votes, kinds, family, second)


@dataclass(frozen=True)
class _Halved:
    """Labels seen at half the resolution, computed where they are read; axes of one voxel stay."""

    labels: Source
    families: NDArray[np.uint8]

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(1 if n == 1 else 2 for n in self.labels.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(n // step for n, step in zip(self.labels.shape, self.steps, strict=True))

    @property
    def dtype(self) -> Any:  # noqa: ANN401
        return np.dtype(np.uint8)

    def __getitem__(self, region: Any) -> NDArray[np.uint8]:  # noqa: ANN401
        steps = self.steps
        z, y, x = (slice(axis.start * step, axis.stop * step) for axis, step in zip(region, steps, strict=True))
        fine = read_region(self.labels, (z, y, x))
        out = np.empty([axis.stop - axis.start for axis in region], np.uint8)
        parity = sum(axis.start for axis in region) % 2
        _halve(np.ascontiguousarray(fine), self.families, (steps[0], steps[1], steps[2]), parity, out)
        return out


def _copy(_: Block, values: NDArray[np.uint8]) -> Done[None]:
    return Done(None, (values,))


def coarsen(labels: Labels, engine: Engine) -> Labels:
    """Return the labels on voxels of twice the edge (a section: twice along y and x), by majority.

    Phases of one kind (void and crack, metal and dendrite) vote together, then among themselves, so that
    a thin crack is not outvoted by the void beside it. Of equal votes the lower and the greater label win in
    turns, like the fields of a chessboard, so that no phase gains by it. An odd last voxel is left out.

    Examples
    --------
    >>> labels = Labels(np.uint8([[1, 5, 2, 2], [2, 5, 2, 3]]), Spacing.parse("1um"))
    >>> small = coarsen(labels, Engine())
    >>> small.data.compute().tolist(), small.spacing.um
    ([[[5, 2]]], (1.0, 2.0, 2.0))
    """
    source = _Halved(labels.data, _families(labels.phases))
    out = engine.array(source.shape, np.uint8)
    engine.run(_copy, [source], outputs=[out], stage="coarsen")
    z, y, x = (edge * step for edge, step in zip(labels.spacing.um, source.steps, strict=True))
    return replace(
        labels, data=as_dask(out), spacing=Spacing(z, y, x), probabilities=None, probability_phases=(), history=()
    )


def resolution_check(
    cell: Cell,
    results: Results,
    *,
    cell_params: CellParams,
    params: MeasureParams,
    engine: Engine,
    first: ReferencePlane | None = None,
) -> pd.DataFrame:
    """Measure a cell again at half its resolution and return how every value moves.

    The labels are made coarse (`coarsen`), the anatomy is found anew along the same normal, and
    everything is measured as before. What moves hangs on the resolution, and is not to be trusted
    beyond that. ``first`` is the reference interface of the first state, as in `anatomy`. It costs about
    an eighth of anatomy and measurement (a section: a quarter).

    Returns
    -------
    DataFrame
        With the columns `RESOLUTION_COLUMNS`; empty values say in ``note`` why.
    """
    wide = [n for n in cell.labels.shape if n > 1]
    if min(wide, default=0) < EDGE_MIN:
        return _table(results, {}, f"fewer than {EDGE_MIN} voxels along an axis: not measured at half the resolution")
    normal = cell_params.normal if cell.normal is None else str(cell.normal)
    line = _halved_line(cell_params.reference_line, cell.labels.shape)
    try:
        coarse = anatomy(
            coarsen(cell.labels, engine),
            CellParams.model_validate({**cell_params.model_dump(), "normal": normal, "reference_line": line}),
            engine,
            first=first,
        )
        found = measure(coarse, params, engine)
    except MicroError as error:
        return _table(results, {}, f"not measured at half the resolution: {error}")
    return _table(results, {_key(row): row for row in found.rows}, "")


def _told(value: float, coarse: float) -> str:
    """Tell a change in percent; from next to nothing in values."""
    if value == 0 or abs(coarse - value) >= abs(value):
        return f"from {value:.2g} to {coarse:.2g}"
    return f"by {100 * (coarse - value) / abs(value):+.2g} %"


def _halved_line(points: tuple[tuple[float, ...], ...], shape: tuple[int, ...]) -> tuple[tuple[float, ...], ...]:
    """Return the same places in voxels of twice the edge; whole numbers are the centres of voxels."""
    steps = [1 if n == 1 else 2 for n in shape]
    return tuple(
        tuple((place + 0.5) / step - 0.5 for place, step in zip(point, steps[-len(point) :], strict=True))
        for point in points
    )


def _key(row: Measurement) -> tuple[str, str, str, str]:
    return (row.metric, row.phase_a, row.phase_b, row.roi)


def _table(results: Results, coarse: Mapping[tuple[str, str, str, str], Measurement], why: str) -> pd.DataFrame:
    lines: list[tuple[str | float | None, ...]] = []
    for row in results.rows:
        if row.value is None:
            continue
        other = coarse.get(_key(row))
        if other is None or other.value is None:
            note = why or (other.note if other is not None else "no such row at half the resolution")
            lines.append((row.metric, row.phase_a, row.roi, row.value, None, None, None, row.unit, note))
            continue
        change = other.value - row.value
        percent = 100 * change / abs(row.value) if row.value else None
        note = "beyond the interval" if _leaves(row, other.value) else ""
        lines.append((row.metric, row.phase_a, row.roi, row.value, other.value, change, percent, row.unit, note))
    return pd.DataFrame(lines, columns=list(RESOLUTION_COLUMNS))


def _leaves(row: Measurement, value: float) -> bool:
    return row.ci_low is not None and row.ci_high is not None and not row.ci_low <= value <= row.ci_high


def with_resolution(results: Results, table: pd.DataFrame) -> Results:
    """Return the results with the table of `resolution_check`, and a note where a value leaves its interval."""
    left = table[table["note"] == "beyond the interval"]
    keys = zip(left["metric"], left["phase_a"], left["roi"], strict=True)
    values = zip(left["value"].astype(float), left["value_coarse"].astype(float), strict=True)
    moved = {key: f"moves {_told(*pair)} at half the resolution" for key, pair in zip(keys, values, strict=True)}
    rows = tuple(row.noted(moved.get((row.metric, row.phase_a, row.roi), "")) for row in results.rows)
    return replace(results, rows=rows, checks={**results.checks, "resolution": table})
