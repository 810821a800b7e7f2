"""The whole comparison: how well labels agree with a truth, and what that does to the measured values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from micro.blocks import Engine
from micro.cell import CellParams, anatomy
from micro.compare.boundary import BoundaryDistances, boundary_distances
from micro.compare.changes import Change, changes_of
from micro.compare.confusion import Confusion, count_confusion
from micro.compare.groups import Group, groups_of, phases_of_both
from micro.compare.matching import MatchedObjects, match_objects
from micro.compare.params import CompareParams
from micro.errors import CalibrationError, ImageContentError, PhaseError, ShapeMismatchError
from micro.measure import MeasureParams, measure
from micro.model import Labels, Measurement, PhaseSet

__all__ = ["Comparison", "agreement", "check_pair", "compare"]

OBJECT_ROLES = (("filament", "metal"), ("fracture", "pore"))
"""Roles of the phases whose objects are matched, and the role that their parent phase has too."""

OBJECT_COLUMNS = ("side", "phase", "voxels", "size", "unit", "z_um", "y_um", "x_um", "share", "share_related", "found")

_NAMELESS = 24
"""Labels with more values than this that name no phase are a picture."""


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    rows
        How well the labels agree, one row a quantity and phase (definitions: `COMPARE_DEFINITIONS`).
    objects
        One line a dendrite and crack of either volume: where it lies and how much of it the other has.
    changes
        Every measured value on the labels and on the truth.
    confusion
        The voxel counts behind the rows.
    phases
        Those of both volumes.
    """

    rows: tuple[Measurement, ...]
    objects: pd.DataFrame
    changes: tuple[Change, ...]
    confusion: Confusion
    phases: PhaseSet

    def row(self, metric: str, phase: str = "") -> Measurement:
        """Return the row of a quantity and phase.

        Raises
        ------
        KeyError
            If there is none.
        """
        for row in self.rows:
            if (row.metric, row.phase_a) == (metric, phase):
                return row
        raise KeyError(f"no row {metric} {phase}".strip())


def check_pair(labels: Labels, truth: Labels) -> PhaseSet:
    """Return the phases of both; refuse volumes that can't be compared voxel by voxel.

    Raises
    ------
    ShapeMismatchError, CalibrationError, PhaseError
        If shape, voxel size or the meaning of a value differs.
    """
    if labels.shape != truth.shape:
        raise ShapeMismatchError(
            f"labels {labels.name} have {_shape(labels)} voxels, truth {truth.name} has {_shape(truth)}; expected the "
            "same picture, so crop or resample one to the other"
        )
    axes = [axis for axis in range(3) if labels.shape[axis] > 1]
    if any(not math.isclose(labels.spacing.um[a], truth.spacing.um[a], rel_tol=1e-3) for a in axes):
        one, two = (" x ".join(f"{edge:g}" for edge in side.spacing.um) for side in (labels, truth))
        raise CalibrationError(
            f"voxels of {one} um in the labels, of {two} um in the truth (z, y, x); say which holds with --voxel-size"
        )
    return phases_of_both(labels.phases, truth.phases)


def _shape(labels: Labels) -> str:
    return " x ".join(str(length) for length in labels.shape)


def compare(
    labels: Labels,
    truth: Labels,
    *,
    cell: CellParams,
    measure_params: MeasureParams,
    params: CompareParams,
    engine: Engine,
) -> Comparison:
    """Compare labels with a truth: agreement, objects, and the change of every measured value.

    Voxels that are unlabelled (0) in either volume are left out of the agreement; each volume is
    measured as it is.

    Parameters
    ----------
    labels, truth
        Label volumes of one shape and voxel size.
    cell, measure_params
        How both are measured.
    params
        See `CompareParams`.
    engine
        How the blocks run; it never changes a result.

    Raises
    ------
    ShapeMismatchError, CalibrationError, PhaseError, ImageContentError
        If the two can't be compared; see `check_pair` and `agreement`.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> true = np.full((12, 10), 2, np.uint8); true[2:4, 2:6] = 1
    >>> ours = np.full((12, 10), 2, np.uint8); ours[2:4, 2:4] = 1
    >>> pair = (Labels(values, Spacing.parse("50nm")) for values in (ours, true))
    >>> found = compare(
    ...     *pair, cell=CellParams(), measure_params=MeasureParams(), params=CompareParams(), engine=Engine()
    ... )
    >>> found.row("iou", "void").value, found.row("voxel_recall", "void").value
    (0.5, 0.5)
    >>> [round(c.difference_percent) for c in found.changes if (c.metric, c.roi) == ("porosity", "all")]
    [-50]
    """
    rows, objects, confusion, phases = agreement(labels, truth, params=params, engine=engine)
    ours, true = (measure(anatomy(side, cell, engine), measure_params, engine) for side in (labels, truth))
    return Comparison(rows, objects, changes_of(ours.rows, true.rows), confusion, phases)


def agreement(
    labels: Labels, truth: Labels, *, params: CompareParams, engine: Engine
) -> tuple[tuple[Measurement, ...], pd.DataFrame, Confusion, PhaseSet]:
    """Return the rows, the objects, the voxel counts and the phases of a comparison; nothing is measured.

    Raises
    ------
    ImageContentError
        If no voxel is labelled in both.
    PhaseError
        If the two have no label value in common, or one of them is a picture.
    """
    phases = check_pair(labels, truth)
    confusion = count_confusion(labels.data, truth.data, engine)
    ours, true = confusion.values()
    _check_values(ours, true, confusion, phases)
    groups = groups_of(phases, tuple(sorted({*ours, *true})))
    rows = [*_whole_rows(confusion), *(row for group in groups for row in _ratio_rows(group, confusion))]
    rows += _boundary_rows(groups, labels, truth, params, engine)
    tables = []
    for group, related in _object_groups(groups, phases):
        matches = tuple(
            match_objects(a.data, b.data, group, related=related, share=params.object_share, engine=engine)
            for a, b in ((truth, labels), (labels, truth))
        )
        rows += _object_rows(group, *matches)
        tables += [_object_table(s, group, m, labels) for s, m in zip(("truth", "labels"), matches, strict=True)]
    filled = [table for table in tables if len(table)]
    objects = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(OBJECT_COLUMNS))
    return tuple(rows), objects, confusion, phases


def _check_values(ours: tuple[int, ...], true: tuple[int, ...], confusion: Confusion, phases: PhaseSet) -> None:
    if confusion.compared == 0:
        raise ImageContentError("no voxel is labelled (other than 0) in both; expected labels of the same picture")
    for side, values in (("labels", ours), ("truth", true)):
        nameless = [value for value in values if phases.name_of(value) == f"label {value}"]
        if len(nameless) > _NAMELESS:
            raise PhaseError(
                f"the {side} hold {len(nameless)} values that name no phase ({nameless[0]}, {nameless[1]}, ...); "
                "expected labels, not a picture: give its labels, or name the values with --map and --map-truth"
            )
    if not set(ours) & set(true):
        one, two = (", ".join(phases.name_of(value) for value in values) for values in (ours, true))
        raise PhaseError(
            f"no label in common: the labels hold {one}, the truth holds {two}; say what the values mean with --map "
            "and --map-truth"
        )


def _whole_rows(confusion: Confusion) -> list[Measurement]:
    total = float(confusion.counts.sum())
    return [
        Measurement("accuracy", confusion.accuracy, "1", "accuracy/v1", n=confusion.compared),
        Measurement("unlabelled_share", confusion.left_out, "1", "unlabelled_share/v1", n=total),
    ]


def _ratio(metric: str, group: Group, part: int, whole: int, where: str) -> Measurement:
    note = "" if whole else f"no {group.name} in {where}"
    value = part / whole if whole else None
    return Measurement(metric, value, "1", f"{metric}/v1", group.name, n=whole, note=note)


def _ratio_rows(group: Group, confusion: Confusion) -> list[Measurement]:
    both, ours, true = confusion.overlap(group)
    return [
        _ratio("iou", group, both, both + ours + true, "either"),
        _ratio("dice", group, 2 * both, 2 * both + ours + true, "either"),
        _ratio("voxel_recall", group, both, both + true, "the truth"),
        _ratio("voxel_precision", group, both, both + ours, "the labels"),
        _ratio("false_volume", group, ours, both + true, "the truth"),
    ]


def _boundary_rows(
    groups: tuple[Group, ...], labels: Labels, truth: Labels, params: CompareParams, engine: Engine
) -> list[Measurement]:
    reach_um = params.reach(labels.spacing, labels.shape)
    found = boundary_distances(
        labels.data, truth.data, groups, spacing=labels.spacing, reach_um=reach_um, engine=engine
    )
    return [_boundary_row(group, *pair, reach_um) for group, pair in zip(groups, found, strict=True)]


def _boundary_row(group: Group, there: BoundaryDistances, back: BoundaryDistances, reach_um: float) -> Measurement:
    missing = [side for side, one in (("labels", there), ("truth", back)) if one.count == 0]
    value: float | None = None
    note = f"no boundary of {group.name} in the {' and the '.join(missing)}" if missing else ""
    if not missing:
        value = max(there.percentile(0.95), back.percentile(0.95))
    if value is not None and math.isinf(value):
        share = max(one.beyond / one.count for one in (there, back))
        note = f"{100 * share:.0f} % of the boundary lies farther than {reach_um:g} um from its counterpart"
        value = None
    name, n = "boundary_distance_p95", there.count + back.count
    return Measurement(name, value, "um", f"{name}/v1", group.name, n=n, note=note)


def _object_groups(groups: Sequence[Group], phases: PhaseSet) -> list[tuple[Group, Group]]:
    pairs = []
    for role, parent in OBJECT_ROLES:
        for value in phases.values_with(role):
            group = next((one for one in groups if one.values == (value,)), None)
            if group is not None:
                pairs.append((group, Group(f"any {parent}", phases.values_with(parent))))
    return pairs


def _object_rows(group: Group, of_truth: MatchedObjects, of_labels: MatchedObjects) -> list[Measurement]:
    return [
        _object_row("object_recall", group, of_truth.found, of_truth.counted, "the truth"),
        _object_row("object_recall_related", group, of_truth.found_related, of_truth.counted, "the truth"),
        _object_row("object_precision", group, of_labels.found, of_labels.counted, "the labels"),
    ]


def _object_row(
    metric: str, group: Group, found: NDArray[np.bool_], counted: NDArray[np.bool_], where: str
) -> Measurement:
    some, every = int(found.sum()), int(counted.sum())
    if not every:
        return Measurement(metric, None, "1", f"{metric}/v1", group.name, n=0, note=f"no {group.name} in {where}")
    low, high = binomtest(some, every).proportion_ci(0.95, method="exact")
    note = f"{some} of {every}"
    return Measurement(
        metric,
        some / every,
        "1",
        f"{metric}/v1",
        group.name,
        ci_low=float(low),
        ci_high=float(high),
        n=every,
        note=note,
    )


def _object_table(side: str, group: Group, match: MatchedObjects, labels: Labels) -> pd.DataFrame:
    edges = np.asarray(labels.spacing.um)
    size, unit = (float(np.prod(edges[1:])), "um2") if labels.is_2d else (float(np.prod(edges)), "um3")
    compared = np.where(match.counted, match.compared, np.nan)
    centres = (match.centres + 0.5) * edges
    columns = (side, group.name, match.voxels, match.voxels * size, unit, *centres.T)
    shares = (match.same / compared, match.related / compared, match.found)
    table = dict(zip(OBJECT_COLUMNS, (*columns, *shares), strict=True))
    return pd.DataFrame(table, index=range(match.voxels.size))
