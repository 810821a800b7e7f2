"""Measurements of things that no block holds whole: paths, thicknesses, particles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from micro.blocks import Components, Engine, read_region
from micro.cell import Cell
from micro.measure.protocol import Context
from micro.measure.results import Findings

__all__ = ["BOX_VOXELS_MAX", "ObjectView", "Scene", "WholeMeasurement", "map_objects"]

BOX_VOXELS_MAX = 2**28
"""An object in a larger box is not looked at as a whole: its box would not fit into memory beside its distances."""

R = TypeVar("R")


@dataclass(frozen=True)
class Scene:
    """A measured cell, for what comes after the one pass over its blocks.

    ``objects.ids`` is a lazy volume of object ids; ``context`` holds their tables, and the census;
    ``tables`` are the object tables that the pass found, by name.
    """

    cell: Cell
    context: Context
    objects: Components
    engine: Engine
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def blocks_near(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return, by number, which of the engine's blocks the bounding box of one of the objects meets or touches."""
        start, stop = self.objects.start[ids], self.objects.stop[ids]
        blocks = self.engine.blocks(self.context.shape)
        near = np.zeros(len(blocks), np.bool_)
        for block in blocks:
            low = np.array([span.start for span in block.core])
            high = np.array([span.stop for span in block.core])
            near[block.number] = ((start <= high) & (stop >= low)).all(axis=1).any()
        return near


@dataclass(frozen=True)
class ObjectView:
    """One object in its own box, with a margin around it where the picture has one.

    Attributes
    ----------
    id
        Number of the object.
    start
        First voxel of the box, in voxels of the picture.
    mask
        Which voxels of the box are the object's, shape (z, y, x).
    parts
        The parts (see `micro.cell.Part`) of the whole box, `SE_REGION` included.
    """

    id: int
    start: tuple[int, int, int]
    mask: NDArray[np.bool_]
    parts: NDArray[np.uint8]


class WholeMeasurement(Protocol):
    """A measurement that reads objects or the cell as a whole, after the blocks were read."""

    def measure(self, scene: Scene) -> Findings:
        """Return findings; an object table is joined by ``id`` to those of the same name."""
        ...


def _look(number: int, *, scene: Scene, margin: int, task: Callable[[ObjectView], R]) -> R | None:
    low = np.maximum(scene.objects.start[number] - margin, 0)
    high = np.minimum(scene.objects.stop[number] + margin, scene.context.shape)
    if np.prod(high - low) > BOX_VOXELS_MAX:
        return None
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    mask = read_region(scene.objects.ids, (z, y, x)) == number
    parts = read_region(scene.cell.parts, (z, y, x))
    return task(ObjectView(number, (z.start, y.start, x.start), mask, parts))


def map_objects(
    task: Callable[[ObjectView], R], ids: NDArray[np.int64], scene: Scene, *, margin: int = 1, stage: str = "objects"
) -> list[R | None]:
    """Call ``task`` on every object in its own box; None stands for an object whose box is too large.

    Parameters
    ----------
    task
        Gets an `ObjectView`; must not change it.
    ids
        Numbers of the objects, rows of ``scene.objects``.
    scene
        The cell and its objects.
    margin
        Voxels around the object's bounding box, as far as the picture goes.
    stage
        Name shown by the progress report.
    """
    return scene.engine.map(partial(_look, scene=scene, margin=margin, task=task), [int(i) for i in ids], stage=stage)
