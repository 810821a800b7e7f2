"""Which slice of the corrected labels is looked at, and what an edit was, in words."""

from __future__ import annotations

from typing import Any

from micro.correct import Correction, Logged
from micro.errors import ParameterError
from micro.model import PhaseSet
from napari_micro_ssb._words import counted

__all__ = ["across_of", "slice_of", "words_of"]


def across_of(viewer: Any, correction: Correction) -> int:  # noqa: ANN401
    """Return the axis across the slice that is shown.

    Raises
    ------
    ParameterError
        If the viewer shows the volume in 3-D.
    """
    if correction.automatic.is_2d:
        return 0
    shown = [axis - (viewer.dims.ndim - 3) for axis in viewer.dims.displayed]
    if len(shown) != 2:
        raise ParameterError("corrections are made in slices; switch the viewer back to 2-D")
    return next(axis for axis in range(3) if axis not in shown)


def slice_of(viewer: Any, layer: Any, across: int) -> int:  # noqa: ANN401
    """Return the number of the slice of a layer that is shown."""
    return 0 if layer.ndim == 2 else round(float(layer.world_to_data(viewer.dims.point)[-3:][across]))


def words_of(edit: Logged, phases: PhaseSet) -> str:
    """Return an edit in words: tool, voxels, and from what to what."""
    names = [
        f"{phases.name_of(old) if old else 'unlabelled'} to {phases.name_of(new) if new else 'unlabelled'}"
        for (old, new), _ in sorted(edit.moved.items(), key=lambda item: -item[1])[:3]
    ]
    return f"{edit.tool}: {counted(edit.voxels, 'voxel')}, {', '.join(names)}"
