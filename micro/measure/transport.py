"""Diffusion along the normal through the SE region: tortuosity factor and effective diffusivity of its phases."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Region, read_region
from micro.measure.diffusion import Diffusion, diffuse
from micro.measure.protocol import Context
from micro.measure.results import Findings
from micro.measure.scene import Scene
from micro.model import Measurement

__all__ = ["Transport"]

METRICS = ("tortuosity", "effective_diffusivity", "percolating_fraction")

_LEAST_ALONG, _LEAST_ACROSS = 8, 32
"""Voxels of a box below which nothing is given."""


@dataclass(frozen=True)
class _Box:
    """The part of the picture in which diffusion is solved, and what is to be said about it."""

    region: Region
    note: str


@dataclass(frozen=True)
class Transport:
    """Tortuosity factor, effective diffusivity and percolating fraction of the phases that the recipe names."""

    def measure(self, scene: Scene) -> Findings:
        """Return three rows a phase; without an interface empty ones, and three of the whole picture."""
        context = scene.context
        missing = _missing(context) if context.plane is None else ()
        if context.along is None or not context.params.transport:
            return Findings(missing)
        return Findings((*missing, *_rows(scene, _box(context, context.along.axis))))


def _missing(context: Context) -> tuple[Measurement, ...]:
    """Return the rows of an SE region that no interface bounds."""
    why, names = context.no_interface, context.params.transport
    if context.along is None:
        why += "; no direction to measure along: state cell.normal"
    rows = (_row(context, metric, name, note=why) for name in names for metric in METRICS)
    return tuple(replace(row, roi="se_region") for row in rows)


def _rows(scene: Scene, box: _Box | str) -> list[Measurement]:
    context = scene.context
    names = context.params.transport
    if isinstance(box, str):
        return [_row(context, metric, name, note=box) for name in names for metric in METRICS]
    labels = read_region(scene.cell.values, box.region)
    workers = scene.engine.workers
    return [row for name in names for row in _phase_rows(context, labels, name, box.note, workers)]


def _region_name(context: Context) -> str:
    return "picture" if context.plane is None else "SE region"


def _box(context: Context, axis: int) -> _Box | str:
    """Return the largest box that lies whole in the SE region (without one: the picture), or why there is none.

    It ends at the picture's edges across the normal; where it has too many voxels, nearer to the middle.
    """
    start, stop = (0, context.shape[axis]) if context.plane is None else _span(context)
    if stop - start < _LEAST_ALONG:
        return f"no part of the {_region_name(context)} lies whole between both sides of the picture"
    spans = [slice(0, n) for n in context.shape]
    spans[axis] = slice(start, stop)
    wide = [a for a in context.map_axes if context.shape[a] > 1]
    voxels = math.prod(span.stop - span.start for span in spans)
    share = (context.params.transport_voxels_max / voxels) ** (1 / len(wide))
    notes = [] if context.far_plane is not None or context.plane is None else [f"the SE region is {context.far_side}"]
    if context.is_2d:
        notes.append("a section lacks the ways around out of its plane")
    if share < 1:
        for a in wide:
            width = int(context.shape[a] * share)
            if width < _LEAST_ACROSS:
                return f"{voxels} voxels are too many (transport_voxels_max); raise it, or crop the picture"
            begin = (context.shape[a] - width) // 2
            spans[a] = slice(begin, begin + width)
        sides = " x ".join(f"{(spans[a].stop - spans[a].start) * context.spacing.um[a]:.3g}" for a in wide)
        notes.append(f"in the middle {sides} um of the picture (transport_voxels_max)")
    return _Box((spans[0], spans[1], spans[2]), "; ".join(notes))


def _span(context: Context) -> tuple[int, int]:
    """Return the first voxel along the normal that lies in the SE region in all columns, and one past the last."""
    assert context.plane is not None
    assert context.normal is not None
    axis = context.normal.axis
    edge, length = context.spacing.um[axis], context.shape[axis]
    u, v = ((np.arange(context.shape[a], dtype=np.float64) + 0.5) * context.spacing.um[a] for a in context.map_axes)
    near = context.plane.place_um(axis, u[:, None], v[None, :])
    far = None if context.far_plane is None else context.far_plane.place_um(axis, u[:, None], v[None, :])
    if context.normal.sign > 0:
        low, high = float(near.max()), length * edge if far is None else float(far.min())
    else:
        low, high = 0.0 if far is None else float(far.max()), float(near.min())
    # Voxels belong to where their centres lie; a plane on a voxel's face is no half voxel off by rounding.
    start, stop = math.ceil(low / edge - 0.5 - 1e-6), math.floor(high / edge + 0.5 + 1e-6)
    return max(start, 0), min(stop, length)


def _phase_rows(context: Context, labels: NDArray[np.uint8], name: str, note: str, workers: int) -> list[Measurement]:
    if name not in context.phases:
        return [_row(context, metric, name, note=f"no phase is called {name}") for metric in METRICS]
    assert context.along is not None
    axis = context.along.axis
    mask = np.moveaxis(labels == context.phases[name].value, axis, 0)
    if not mask.any():
        return [_row(context, metric, name, note=f"no such phase in the {_region_name(context)}") for metric in METRICS]
    edges = context.spacing.um
    order = (edges[axis], *(edges[a] for a in context.map_axes))
    found = diffuse(np.ascontiguousarray(mask), (order[0], order[1], order[2]), workers=workers)
    return _values(context, name, found, np.count_nonzero(labels) / labels.size, labels.size, note)


def _values(
    context: Context, name: str, found: Diffusion, labelled: float, voxels: int, note: str
) -> list[Measurement]:
    """Return the rows of a solution; what is unlabelled lets nothing through and is no part of the section."""
    if labelled < 0.99:
        note = "; ".join(part for part in (note, f"{100 * (1 - labelled):.2g} % of the box is unlabelled") if part)
    open_share = found.percolating / found.fraction
    percolating = _row(context, METRICS[2], name, open_share, voxels, note=_alone(note))
    if found.tortuosity is None:
        why = f"undefined: {name} does not join both sides of the {_region_name(context)}"
        why = "; ".join(part for part in (why, note) if part)
        return [*(_row(context, metric, name, note=why) for metric in METRICS[:2]), percolating]
    return [
        _row(context, METRICS[0], name, found.tortuosity, voxels, note=_alone(note)),
        _row(context, METRICS[1], name, found.diffusivity / labelled, voxels, note=_alone(note)),
        percolating,
    ]


def _alone(note: str) -> str:
    return "; ".join(part for part in (note, "no interval: one value of the whole region") if part)


def _row(
    context: Context, metric: str, name: str, value: float | None = None, n: int | None = None, *, note: str = ""
) -> Measurement:
    dimension = "2D" if context.is_2d else "3D"
    return Measurement(metric, value, "1", f"{metric}/{dimension}/v1", name, roi=context.roi, n=n, note=note)
