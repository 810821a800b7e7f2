"""The interface: contact fraction by vector area and by columns, contact spots, roughness, residual."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Shape, kernel
from micro.cell import THICKNESS, Part
from micro.measure.census import Grid
from micro.measure.columns import Along, AlongNumbers, place_of, same_rows
from micro.measure.intervals import Spread, fraction_interval, ratio_spread
from micro.measure.loss import empty_loss
from micro.measure.protocol import BRIDGED, BlockView, Context
from micro.measure.results import ContactMap, Findings
from micro.measure.roughness import empty_roughness, roughness_rows, without_dust
from micro.measure.spots import empty_spots, no_spots, spot_rows
from micro.model import Measurement, PhaseSet

__all__ = ["CONTACT", "VOID", "Interface", "contact_table"]

CONTACT, VOID = 1, 2


def contact_table(phases: PhaseSet) -> NDArray[np.uint8]:
    """Return 256 entries: `CONTACT` for electrolyte, interphase and dendrites, `VOID` for pores, else 0.

    Examples
    --------
    >>> from micro.model import SSB_PHASES
    >>> contact_table(SSB_PHASES)[:9]
    array([0, 2, 1, 0, 1, 2, 0, 1, 0], dtype=uint8)
    """
    table = np.zeros(256, np.uint8)
    for role in ("electrolyte", "interphase", "filament"):
        table[list(phases.values_with(role))] = CONTACT
    table[list(phases.values_with("pore"))] = VOID
    return table


@kernel
def _faces(
    labels: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    table: NDArray[np.uint8],
    along: AlongNumbers,
    ends: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Count the faces of the anode body: int64 of shape (class, axis, sign), sign 1 toward higher indices.

    ``ends`` gets where each column leaves the anode body for the last time (or -1), and the class of what follows.
    Rows of voxels that are like the next row have no face between them.
    """
    counts = np.zeros((3, 3, 2), np.int64)
    _, _, lo, hi, _, _ = along
    for axis in range(3):
        dk, dj, di = int(axis == 0), int(axis == 1), int(axis == 2)
        width = hi[2] if di == 0 else min(hi[2], labels.shape[2] - 1)
        first = lo[2] - di * (lo[2] > 0)
        for k in range(lo[0] - dk * (lo[0] > 0), hi[0]):
            for j in range(lo[1] - dj * (lo[1] > 0), hi[1]):
                if k + dk >= labels.shape[0] or j + dj >= labels.shape[1]:
                    continue
                own, other = parts[k, j, first:width], parts[k + dk, j + dj, first + di : width + di]
                if same_rows(own, other):
                    continue
                for n in range(own.size):
                    here, there = own[n] & 127 == 1, other[n] & 127 == 1
                    if here == there:
                        continue
                    i = first + n
                    if here and k >= lo[0] and j >= lo[1] and i >= lo[2]:
                        kind = table[labels[k + dk, j + dj, i + di]]
                        counts[kind, axis, 1] += 1
                        _leave(along, axis, 1, k, j, i, kind, ends)
                    if there and k + dk < hi[0] and j + dj < hi[1] and i + di < hi[2]:
                        kind = table[labels[k, j, i]]
                        counts[kind, axis, 0] += 1
                        _leave(along, axis, -1, k + dk, j + dj, i + di, kind, ends)
    return counts


@kernel
def _leave(
    along: AlongNumbers, axis: int, sign: int, k: int, j: int, i: int, kind: int, ends: NDArray[np.int32]
) -> None:
    """Note a face of the anode body, if it lies along the normal and further out than what is known of its column."""
    if axis != along[0] or sign != along[1]:
        return
    row, column, step = place_of(along, k, j, i)
    if step > ends[0, row, column]:
        ends[0, row, column], ends[1, row, column] = step, kind


@kernel
def _last_plane(parts: NDArray[np.uint8], along: AlongNumbers, ends: NDArray[np.int32]) -> None:
    """Note the anode body where the picture ends along the normal: nothing follows."""
    axis, sign, lo, hi, start, length = along
    plane = (length - 1 if sign > 0 else 0) - start[axis]
    if plane < lo[axis] or plane >= hi[axis]:
        return
    for k in range(plane if axis == 0 else lo[0], plane + 1 if axis == 0 else hi[0]):
        for j in range(plane if axis == 1 else lo[1], plane + 1 if axis == 1 else hi[1]):
            for i in range(plane if axis == 2 else lo[2], plane + 1 if axis == 2 else hi[2]):
                if parts[k, j, i] & 127 == 1:
                    row, column, step = place_of(along, k, j, i)
                    ends[0, row, column], ends[1, row, column] = step, 0


ROUNDED = 0.005
"""A contact fraction beyond 0 or 1 by this much at most, which is what it is good to, is 0 or 1."""

LOOKS_BACK = (
    "no share between 0 and 1: more of the anode's surface against electrolyte or void looks back along the normal "
    "than forth; look at the overlay"
)


@dataclass(frozen=True)
class _Partial:
    faces: NDArray[np.int64]
    corner: tuple[int, int]
    ends: NDArray[np.int32]


@dataclass(frozen=True)
class Interface:
    """Contact fraction, contact map and spots, roughness, area and residual of the reference interface."""

    def halo(self, context: Context) -> Shape:  # noqa: ARG002
        """One voxel: the neighbours across the faces."""
        return (1, 1, 1)

    def on_block(self, context: Context, view: BlockView) -> _Partial | None:
        """Count faces, and find the outermost anode voxel of each column."""
        if context.normal is None or not view.found[Part.ANODE]:
            return None
        along = Along.of(context, view)
        ends = np.zeros((2, *along.map_shape), np.int32)
        ends[0] = -1
        faces = _faces(view.labels, view.parts, contact_table(context.phases), along.numbers, ends)
        _last_plane(view.parts, along.numbers, ends)
        return _Partial(faces, along.corner, ends)

    def merge(self, context: Context, partials: list[_Partial | None]) -> Findings:
        """Turn faces into projected areas, and columns into contact map, spots and roughness."""
        if context.plane is None or context.normal is None:
            return Findings(_all_empty(context, context.no_interface), objects={"contact_spots": no_spots(context)})
        if context.no_anode:
            rows = _all_empty(context, context.no_anode)
            return Findings((*rows[:-1], _residual_row(context)), objects={"contact_spots": no_spots(context)})
        found = [one for one in partials if one is not None]
        faces = sum((one.faces for one in found), np.zeros((3, 3, 2), np.int64))
        contact_map, ends = _merge_map(context, found)
        spots, table = spot_rows(context, contact_map)
        rows = (
            *_contact_rows(context, faces, contact_map),
            *spots,
            *roughness_rows(context, np.where(contact_map.values > 0, ends, -1)),
            *_not_in_sections(context),
            _residual_row(context),
        )
        return Findings(rows, objects={"contact_spots": table}, contact_map=contact_map)


def _all_empty(context: Context, note: str) -> tuple[Measurement, ...]:
    rows = (
        *_empty_rows(context),
        empty_loss(),
        *empty_spots(context),
        *empty_roughness(context),
    )
    return (
        *(replace(row, note=note) for row in rows),
        *(row.noted(note) for row in _not_in_sections(context)),
        replace(_empty_residual(), note=note),
    )


def _not_in_sections(context: Context) -> tuple[Measurement, ...]:
    """Return, of a section, the rows that only a volume can fill."""
    if not context.is_2d:
        return ()
    area = "a section shows the interface's length; its area can't be told from it"
    spot = "a section shows lengths of contact spots; their areas can't be told from them"
    return (
        Measurement("interface_area", None, "um2", "interface_area/v1", roi="interface", note=area),
        *(
            Measurement(f"contact_spot_area_{one}", None, "um2", "contact_spot_area/v2", roi="interface", note=spot)
            for one in ("mean", "p95")
        ),
    )


def _contact_rows(context: Context, faces: NDArray[np.int64], contact_map: ContactMap) -> tuple[Measurement, ...]:
    contact, void = projected_areas(context, faces)
    touching, open_ = (int(np.count_nonzero(contact_map.values == kind)) for kind in (CONTACT, VOID))
    fraction, projected, area = _empty_rows(context)
    if contact + void <= 0:
        note = BRIDGED if context.is_bridged else "the anode body meets neither electrolyte nor void"
        return tuple(replace(row, note=note) for row in (fraction, projected, area, empty_loss()))
    measure, faces_met = contact + void, int(faces[1:].sum())
    spread = _map_spread(contact_map)
    share = contact / measure
    if -ROUNDED <= share <= 1 + ROUNDED:
        fraction = _with_interval(fraction, min(max(share, 0.0), 1.0), spread, faces_met)
    else:
        fraction = replace(fraction, n=faces_met, note=LOOKS_BACK)
    return (
        fraction,
        _with_interval(projected, touching / max(touching + open_, 1), spread, touching + open_),
        replace(
            area,
            value=measure / (context.spacing.z if context.is_2d else 1.0),
            n=faces_met,
            note="no interval: a sum over the picture",
        ),
        empty_loss(),
    )


def _empty_residual() -> Measurement:
    return Measurement("reference_residual", None, "um", "reference_residual/v1", roi="interface")


def _residual_row(context: Context) -> Measurement:
    """Return the residual of the reference interface; the note says where the reference comes from."""
    assert context.plane is not None
    row = _empty_residual()
    if context.no_anode and context.reference.startswith(THICKNESS):
        return replace(row, note=f"{context.reference}: nothing to scatter about it")
    note = "no interval: a description of this picture"
    value = without_dust(context.plane.residual_um, min(context.spacing.um))
    return replace(row, value=value, note=context.reference).noted(note)


def projected_areas(context: Context, faces: NDArray[np.int64]) -> tuple[float, float]:
    """Return P(Li|SE) and P(Li|void) in um2 from the face counts of `_faces`."""
    assert context.plane is not None
    signed = faces[:, :, 1] - faces[:, :, 0]
    weights = np.array(context.spacing.face_areas_um2) * np.array(context.plane.direction)
    vectors = signed @ weights
    return float(vectors[CONTACT]), float(vectors[VOID])


def _empty_rows(context: Context) -> tuple[Measurement, Measurement, Measurement]:
    size = ("interface_length", "um") if context.is_2d else ("interface_area", "um2")
    return (
        Measurement("contact_fraction", None, "1", "contact_fraction/v1", roi="interface"),
        Measurement("contact_fraction_projected", None, "1", "contact_fraction_projected/v1", roi="interface"),
        Measurement(size[0], None, size[1], f"{size[0]}/v1", roi="interface"),
    )


def _with_interval(row: Measurement, value: float, spread: Spread | None, n: int) -> Measurement:
    interval = fraction_interval(value, spread)
    note = "" if interval else "no interval: the map is all of one kind, or holds too few independent samples"
    low, high = interval or (None, None)
    return replace(row, value=value, ci_low=low, ci_high=high, n=n, note=note)


def _merge_map(context: Context, found: list[_Partial]) -> tuple[ContactMap, NDArray[np.int32]]:
    """Return the contact map, and the outermost voxel of each column along the normal (-1: none)."""
    a, b = context.map_axes
    height = np.full((context.shape[a], context.shape[b]), -1, np.int32)
    values = np.zeros(height.shape, np.uint8)
    for one in found:
        rows, columns = one.ends.shape[1:]
        here = (slice(one.corner[0], one.corner[0] + rows), slice(one.corner[1], one.corner[1] + columns))
        further = one.ends[0] > height[here]
        height[here] = np.where(further, one.ends[0], height[here])
        values[here] = np.where(further, one.ends[1], values[here])
    return ContactMap(values, (context.spacing.um[a], context.spacing.um[b]), ("zyx"[a], "zyx"[b])), height


def _map_spread(contact_map: ContactMap) -> Spread | None:
    values = contact_map.values[np.newaxis]
    grid = Grid.fitting((1, *contact_map.values.shape), (1.0, *contact_map.spacing_um), cells=2**14)
    contact, void = (grid.pool(values == kind) for kind in (CONTACT, VOID))
    return ratio_spread(contact, contact + void, grid.edges_um)
