"""OME-Zarr (NGFF 0.4 and 0.5): axis units and scale transformations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from micro.io._calibration.calibration import UNKNOWN, Calibration, length_um
from micro.model import unit_in_um

__all__ = ["read_ngff"]


def read_ngff(multiscale: Mapping[str, Any], axes: Sequence[str]) -> Calibration:
    """Read the voxel size of the finest level: its scale times that of the whole image.

    Examples
    --------
    >>> axes = [{"name": n, "type": "space", "unit": "nanometer"} for n in "zyx"]
    >>> level = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [50, 25, 20]}]}
    >>> read_ngff({"axes": axes, "datasets": [level]}, "zyx").spacing(slices=9).um
    (0.05, 0.025, 0.02)
    """
    scales = [
        _scale(multiscale["datasets"][0].get("coordinateTransformations"), len(axes)),
        _scale(multiscale.get("coordinateTransformations"), len(axes)),
    ]
    if scales[0] is None:
        return UNKNOWN
    edges: dict[str, float | None] = {}
    notes = []
    for number, axis in enumerate(axes):
        entry = multiscale["axes"][number] if multiscale.get("axes") else {}
        unit = str(entry.get("unit", "")) if isinstance(entry, Mapping) else ""
        unit_um = unit_in_um(unit) if unit else None
        factor = scales[1][number] if scales[1] is not None else 1.0
        edges[axis] = None if unit_um is None else length_um(scales[0][number] * factor, unit_um)
        if axis in "zyx" and edges[axis] is None:
            notes.append(f"OME-Zarr scale {scales[0][number]:g} with the unit {unit!r} along {axis} is no length")
    where = "OME-Zarr coordinateTransformations"
    if edges.get("y") is None or edges.get("x") is None:
        return UNKNOWN.noting(*notes)
    return Calibration(edges.get("z"), edges["y"], edges["x"], where, tuple(notes))


def _scale(transformations: object, length: int) -> tuple[float, ...] | None:
    for item in transformations if isinstance(transformations, Sequence) else ():
        if isinstance(item, Mapping) and item.get("type") == "scale":
            scale = item.get("scale")
            if isinstance(scale, Sequence) and len(scale) == length:
                return tuple(float(value) for value in scale)
    return None
