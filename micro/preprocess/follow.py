"""What was painted on a stack as it was read, moved along with the slices that were put in line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Done, Engine, Source, as_dask
from micro.model import Labels, Step, Volume

__all__ = ["follow", "follow_back", "slice_shifts"]


def slice_shifts(history: Sequence[Step], slices: int) -> NDArray[np.int64]:
    """Return by how many whole voxels in y and x each slice was moved, shape (slices, 2): zeros where none was.

    Voxel (y, x) of the straightened slice was read at (y, x) plus the shift.

    Examples
    --------
    >>> slice_shifts((Step("align", {"found": {"shifts_voxels": [[0.0, 0.4], [-1.6, 2.0]]}}),), 2).tolist()
    [[0, 0], [-2, 2]]
    """
    found = [step.parameters.get("found", {}) for step in history if step.operation == "align"]
    moved = [facts["shifts_voxels"] for facts in found if "shifts_voxels" in facts]
    if not moved:
        return np.zeros((slices, 2), np.int64)
    return np.floor(np.asarray(moved[-1], np.float64) + 0.5).astype(np.int64)


def follow(painted: Labels, volume: Volume, engine: Engine) -> Labels:
    """Move labels that were painted on an image as it was read onto the grid of its straightened volume.

    Whole voxels only: a label is no grey value. What comes from outside of a slice is 0.

    Parameters
    ----------
    painted
        Labels of the image's shape, as it was read.
    volume
        The image after `straighten`; its history holds the shifts.
    engine
        Where the block tasks run.

    Examples
    --------
    >>> from micro.model import Spacing
    >>> edge = Spacing.parse("10nm")
    >>> step = Step("align", {"found": {"shifts_voxels": [[0.0, 0.0], [0.0, 2.0]]}})
    >>> moved = Volume(np.zeros((2, 1, 5), np.uint8), edge, history=(step,))
    >>> labels = Labels(np.uint8([[[1, 2, 3, 0, 0]], [[1, 2, 3, 0, 0]]]), edge)
    >>> follow(labels, moved, Engine()).data.compute().tolist()
    [[[1, 2, 3, 0, 0]], [[3, 0, 0, 0, 0]]]
    """
    shifts = slice_shifts(volume.history, volume.shape[0])
    return replace(painted, data=as_dask(_moved(painted.data, shifts, engine)), spacing=volume.spacing)


def follow_back(data: Source, volume: Volume, engine: Engine) -> Source:
    """Move uint8 values on the straightened grid back onto that of the image as it was read; see `follow`."""
    return _moved(data, -slice_shifts(volume.history, volume.shape[0]), engine)


def _moved(data: Source, shifts: NDArray[np.int64], engine: Engine) -> Source:
    z, y, x = data.shape
    out: Source = engine.array((z, y, x), np.uint8)
    reach = (0, int(np.abs(shifts[:, 0]).max()), int(np.abs(shifts[:, 1]).max()))
    engine.run(_move, [data], outputs=[out], halo=reach, stage="follow slices", constants={"shifts": shifts})
    return out


def _move(block: Block, values: NDArray[np.uint8], *, shifts: NDArray[np.int64]) -> Done[None]:
    """Read every slice of the core at its shift within the outer region; outside of the picture there is 0."""
    core = tuple(axis.stop - axis.start for axis in block.core)
    out = np.zeros(core, np.uint8)
    for k in range(core[0]):
        spans = []
        for axis, shift in enumerate(shifts[block.core[0].start + k], 1):
            start = block.inner[axis].start + int(shift)
            low, high = max(start, 0), min(start + core[axis], values.shape[axis])
            spans.append((slice(low - start, max(high, low) - start), slice(low, max(high, low))))
        (to_y, from_y), (to_x, from_x) = spans
        out[k, to_y, to_x] = values[k, from_y, from_x]
    return Done(None, (out,))
