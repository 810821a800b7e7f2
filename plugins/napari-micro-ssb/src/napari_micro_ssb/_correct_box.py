"""The box that Smooth and Fill holes work in, shown as a rectangle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_micro_ssb._correct_layer import Place

if TYPE_CHECKING:
    import napari

__all__ = ["SelectionBox"]

NAME = "box of corrections"


class SelectionBox:
    """A rectangle in a slice; without one the whole slice is meant.

    Parameters
    ----------
    viewer
        Where it is shown.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer = viewer
        self._layer: Any = None
        self._ends: tuple[Place, Place] | None = None

    def show(self, labels: Any, first: Place, last: Place) -> None:  # noqa: ANN401
        """Show the rectangle between two places in one slice; a click takes it away."""
        self.remove()
        if np.abs(np.subtract(first.point, last.point)).max() < 1:
            return
        self._ends = (first, last)
        low, high = np.minimum(first.point, last.point), np.maximum(first.point, last.point)
        rows, columns = (axis for axis in range(3) if axis != first.across)
        corners = np.tile(low, (4, 1))
        corners[1:3, rows] = high[rows]
        corners[2:4, columns] = high[columns]
        self._layer = self._viewer.add_shapes(
            [corners[:, -labels.ndim :]],
            shape_type="rectangle",
            name=NAME,
            scale=labels.scale,
            translate=labels.translate,
            units=labels.units,
            face_color="transparent",
            edge_color="white",
            edge_width=max(1.0, float(np.max(high - low)) / 200),
        )
        self._viewer.layers.selection.active = labels

    def remove(self) -> None:
        """Take it away."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = self._ends = None

    def region(self, shape: tuple[int, int, int], across: int, at: int, depth: int) -> tuple[slice, slice, slice]:
        """Return the box in voxels: the rectangle, or the whole slice; ``depth`` slices to each side."""
        if self._layer is None or self._layer not in self._viewer.layers:
            self._ends = None
        spans = []
        for axis, length in enumerate(shape):
            if axis == across:
                low, high = at - depth, at + depth + 1
            elif self._ends is not None and self._ends[0].across == across:
                pair = (self._ends[0].point[axis], self._ends[1].point[axis])
                low, high = round(min(pair)), round(max(pair)) + 1
            else:
                low, high = 0, length
            spans.append(slice(max(0, min(low, length - 1)), max(1, min(high, length))))
        return (spans[0], spans[1], spans[2])
