"""The layer that is corrected: what the mouse does on it, stroke by stroke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from micro.correct import CorrectedArray, Correction
from micro.errors import ParameterError
from napari_micro_ssb._lost import tell_lost

if TYPE_CHECKING:
    from napari.layers import Labels as LabelsLayer

__all__ = ["Place", "corrected_layer", "dragged", "place_of"]

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Place:
    """Where the mouse is in the labels.

    Parameters
    ----------
    point
        In voxels, z, y, x; fractions allowed.
    across
        The axis across the slice that is shown.
    """

    point: Point
    across: int

    def voxel(self, shape: tuple[int, int, int]) -> tuple[int, int, int] | None:
        """Return the voxel there; None outside of the labels."""
        z, y, x = (round(at) for at in self.point)
        inside = all(0 <= at < length for at, length in zip((z, y, x), shape, strict=True))
        return (z, y, x) if inside else None


class _Shown(CorrectedArray):
    """Corrected labels for the viewer: a slice that can't be read is told in the panels, and shown empty."""

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        try:
            return super().__getitem__(key)
        except OSError as error:
            tell_lost(error)
            region, rest = self._resolve(key)
            return np.zeros([span.stop - span.start for span in region], np.uint8)[rest]


def corrected_layer(shown: Any, correction: Correction) -> LabelsLayer:  # noqa: ANN401
    """Return a layer of the corrected labels that lies where ``shown`` does, in its colours.

    What napari's own brush does on it goes to the journal, too: every change of the array does.
    """
    from napari.layers import Labels as LabelsLayer

    array = _Shown(correction, flat=correction.automatic.is_2d, tool="napari")
    ndim = array.ndim
    layer = LabelsLayer(
        array,
        name=f"{shown.name} corrected",
        scale=shown.scale[-ndim:],
        translate=shown.translate[-ndim:],
        units=shown.units[-ndim:],
        axis_labels=shown.axis_labels[-ndim:],
        colormap=shown.colormap,
        opacity=shown.opacity,
        metadata=dict(shown.metadata),
        multiscale=False,
    )

    def stroke_ends(_: object = None) -> None:
        array.stroke = None

    layer.events.paint.connect(stroke_ends)
    return layer


def place_of(layer: LabelsLayer, event: Any) -> Place:  # noqa: ANN401
    """Return where in the labels a mouse event lies.

    Raises
    ------
    ParameterError
        If the volume is shown in 3-D, where a point on the screen is no voxel.
    """
    offset = len(event.position) - layer.ndim
    shown = [axis - offset for axis in event.dims_displayed if axis >= offset]
    if len(event.dims_displayed) != 2 or len(shown) != 2:
        raise ParameterError("corrections are made in slices; switch the viewer back to 2-D (the button below left)")
    point = [float(at) for at in np.asarray(layer.world_to_data(event.position))[-layer.ndim :]]
    if layer.ndim == 2:
        return Place((0.0, point[0], point[1]), 0)
    across = next(axis for axis in range(3) if axis not in shown)
    point[across] = round(point[across])
    return Place((point[0], point[1], point[2]), across)


def dragged(
    layer: LabelsLayer,
    event: Any,  # noqa: ANN401
    *,
    step: Callable[[Place, Place], None],
    end: Callable[[Place, Place], None],
    failed: Callable[[Exception], None],
) -> Iterator[None]:
    """Follow the mouse from press to release, as napari's drag callbacks do.

    ``step`` gets the last place and the next one (at the press the same twice), ``end`` the first and the last. An
    error ends the stroke and goes to ``failed``; what was drawn until then stays.
    """
    try:
        first = last = place_of(layer, event)
        step(last, last)
        yield
        while event.type == "mouse_move":
            here = place_of(layer, event)
            step(last, here)
            last = here
            yield
        end(first, last)
    except Exception as error:
        failed(error)
