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
        corners = corners[:, -labels.ndim :]
        # Lines, as with shapes in a volume napari 0.9 dies in the graphics driver when they have been removed.
        self._layer = self._viewer.add_vectors(
            np.stack([corners, np.roll(corners, -1, axis=0) - corners], axis=1),
            name=NAME,
            scale=labels.scale,
            translate=labels.translate,
            units=labels.units,
            vector_style="line",
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
        drawn = self._drawn(across)
        spans = []
        for axis, length in enumerate(shape):
            if axis == across:
                low, high = at - depth, at + depth + 1
            elif drawn is not None:
                pair = (drawn[0].point[axis], drawn[1].point[axis])
                low, high = round(min(pair)), round(max(pair)) + 1
            else:
                low, high = 0, length
            spans.append(slice(max(0, min(low, length - 1)), max(1, min(high, length))))
        return (spans[0], spans[1], spans[2])

    def words(self, across: int) -> str:
        """Say that the box counts in slices along this axis, as it is seen in the one it was drawn in only."""
        return "" if self._drawn(across) is None else "; in the box only (Select box, and a click, takes it away)"

    def _drawn(self, across: int) -> tuple[Place, Place] | None:
        """Return two corners of the rectangle, where it is still there and lies in slices along this axis."""
        there = self._layer is not None and self._layer in self._viewer.layers
        return self._ends if there and self._ends is not None and self._ends[0].across == across else None
