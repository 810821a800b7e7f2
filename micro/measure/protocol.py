"""What a measurement is: what it does to a block, how partial results merge, how wide a halo it reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from micro.blocks import Block, Components, Shape, Source, read_region
from micro.cell import Cell, Normal, Part, ReferencePlane
from micro.measure.census import Census
from micro.measure.heights import Heights
from micro.measure.params import MeasureParams
from micro.measure.results import Findings
from micro.model import PhaseSet, Spacing

__all__ = ["BRIDGED", "BlockMeasurement", "BlockView", "Context", "ObjectTable"]


@dataclass(frozen=True)
class ObjectTable:
    """The connected dendrites, isolated filaments, gaps and cracks; ``classes`` holds their `Part`.

    ``covariances`` are those of the voxel indices, shape (count + 1, 3, 3).
    """

    count: int
    classes: NDArray[np.uint8]
    voxels: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    sums: NDArray[np.int64]
    covariances: NDArray[np.float64]

    @classmethod
    def of(cls, found: Components) -> ObjectTable:
        """Return the tables of ``found`` without its volume of ids."""
        return cls(found.count, found.classes, found.voxels, found.start, found.stop, found.sums, found.covariances())

    def ids_of(self, part: Part) -> NDArray[np.int64]:
        """Return the ids of the objects of one kind, ascending."""
        return np.flatnonzero(self.classes == int(part))


BRIDGED = "anode and counter electrode are one body of metal, and what joins them is not labelled a dendrite"
"""Where `Context.is_bridged`: said by what can't be measured then."""


@dataclass(frozen=True)
class Context:
    """Everything about a cell but its voxels; small enough to travel with every task.

    ``census`` and ``heights`` (None without an interface) are there when partial results are merged, not while
    blocks are read. ``reference`` says where the reference interface comes from; ``has_anode`` is False where it was
    given and no anode body is left. ``stated`` is the normal that was stated, where there is no interface.
    ``ends_early`` says that labels behind an electrode were left out. ``unnamed_um`` is how far metal that no label
    calls a dendrite reaches into the electrolyte; ``is_split`` is False where cracks are what a file calls so.
    """

    shape: Shape
    spacing: Spacing
    phases: PhaseSet
    normal: Normal | None
    plane: ReferencePlane | None
    far_plane: ReferencePlane | None
    far_side: str
    notes: tuple[str, ...]
    params: MeasureParams
    objects: ObjectTable
    census: Census | None = None
    heights: Heights | None = None
    reference: str = ""
    has_anode: bool = True
    stated: Normal | None = None
    ends_early: bool = False
    unnamed_um: float = 0.0
    is_split: bool = False

    @classmethod
    def of(cls, cell: Cell, params: MeasureParams, objects: ObjectTable) -> Context:
        """Return the context of a cell."""
        return cls(
            cell.labels.shape,
            cell.labels.spacing,
            cell.labels.phases,
            cell.normal if cell.plane is not None else None,
            cell.plane,
            cell.far_plane,
            cell.far_side,
            cell.notes,
            params,
            objects,
            reference=cell.reference,
            has_anode=cell.has_anode,
            stated=cell.stated,
            ends_early=cell.inside is not None,
            unnamed_um=cell.unnamed_um,
            is_split=any(step.operation == "split phases" for step in cell.labels.history),
        )

    @property
    def is_2d(self) -> bool:
        """Whether the cell is a single section."""
        return self.shape[0] == 1

    @property
    def voxel_measure(self) -> float:
        """Volume of a voxel in um3, or area of a pixel in um2."""
        z, y, x = self.spacing.um
        return y * x if self.is_2d else z * y * x

    @property
    def profile_bin_um(self) -> float:
        """Bin of the profiles along the normal."""
        axis = 0 if self.normal is None else self.normal.axis
        return self.params.profile_bin_um or 4 * self.spacing.um[axis]

    @property
    def mean_edge_um(self) -> float:
        """Geometric mean of the voxel's edges, in a section of the pixel's."""
        return math.sqrt(self.voxel_measure) if self.is_2d else math.cbrt(self.voxel_measure)

    @property
    def no_interface(self) -> str:
        """Why there is no interface; empty where there is one."""
        if self.plane is not None:
            return ""
        return "; ".join(self.notes) or "no metal body found"

    @property
    def is_bridged(self) -> bool:
        """Whether the anode and the counter electrode are one body of metal, and none of it is labelled a dendrite."""
        assert self.census is not None
        return self.far_side == "counter electrode" and not self.census.of_parts(Part.COUNTER).any()

    @property
    def roi(self) -> str:
        """Where cracks, pores and transport are measured: without an interface it is all that is labelled."""
        return "all" if self.plane is None else "se_region"

    @property
    def region(self) -> NDArray[np.int64]:
        """The voxels of `roi` in each cell of the census."""
        assert self.census is not None
        return self.census.labelled(se_region=self.plane is not None)

    @property
    def along(self) -> Normal | None:
        """The normal, of the interface or as it was stated without one."""
        return self.stated if self.normal is None else self.normal

    @property
    def up(self) -> tuple[float, float, float] | None:
        """The unit vector that angles are measured from: the reference normal, or the one that was stated."""
        if self.plane is not None:
            return self.plane.direction
        if self.stated is None:
            return None
        z, y, x = (float(self.stated.sign) if axis == self.stated.axis else 0.0 for axis in range(3))
        return (z, y, x)

    @property
    def no_anode(self) -> str:
        """Why there is no anode body at a reference interface that was given; empty where there is one."""
        if self.plane is None or self.has_anode:
            return ""
        return f"no anode body left; reference interface: {self.reference}"

    @property
    def cosine(self) -> float:
        """Cosine between the reference normal and the voxel axis that it follows."""
        if self.plane is None or self.normal is None:
            return 1.0
        return abs(self.plane.direction[self.normal.axis])

    @property
    def map_axes(self) -> tuple[int, int]:
        """The two axes across the normal's, ascending."""
        axis = 0 if self.along is None else self.along.axis
        low, high = (other for other in range(3) if other != axis)
        return (low, high)

    @property
    def interface_measure(self) -> float:
        """Area (um2) of the reference interface within the picture; in a section its length (um)."""
        if self.plane is None or self.normal is None:
            return 0.0
        axes = [a for a in self.map_axes if not (self.is_2d and a == 0)]
        column = math.prod(self.spacing.um[a] for a in axes)
        if self.plane.bow is not None:
            return self._curved_measure(column)
        lengths = tuple(1 if a == self.normal.axis else self.shape[a] for a in range(3))
        # Height of the plane above the first voxel's centre, in voxels along the axis, in every column.
        heights = self.plane.heights_um(lengths, self.spacing)
        edge = self.spacing.um[self.normal.axis] * self.plane.direction[self.normal.axis]
        crossing = 0.5 - heights / edge
        inside = (crossing >= 0) & (crossing <= self.shape[self.normal.axis])
        return float(np.count_nonzero(inside) * column / self.cosine)

    def _curved_measure(self, column: float) -> float:
        """Sum the columns that a curved reference crosses within the picture, each stretched by its slope there."""
        assert self.plane is not None
        assert self.normal is not None
        low, high = self.map_axes
        edges = (self.spacing.um[low], self.spacing.um[high])
        u, v = (
            (np.arange(-1, self.shape[a] + 1, dtype=np.float64) + 0.5) * edge
            for a, edge in zip(self.map_axes, edges, strict=True)
        )
        place = self.plane.place_um(self.normal.axis, u[:, None], v[None, :])
        by_u = (place[2:, 1:-1] - place[:-2, 1:-1]) / (2 * edges[0])
        by_v = (place[1:-1, 2:] - place[1:-1, :-2]) / (2 * edges[1])
        stretch = np.sqrt(1 + (0 if self.is_2d and low == 0 else by_u**2) + by_v**2)
        inner = place[1:-1, 1:-1]
        length_um = self.shape[self.normal.axis] * self.spacing.um[self.normal.axis]
        return float((stretch * ((inner >= 0) & (inner <= length_um))).sum() * column)


@dataclass(frozen=True)
class BlockView:
    """A block's outer region: labels, parts, and object ids (0 where no object is), each read when it is asked for.

    ``found`` holds 8 booleans: which `Part` occurs in the block's core. ``sources`` are labels, parts and ids of the
    whole picture.
    """

    block: Block
    found: NDArray[np.bool_]
    sources: tuple[Source, Source, Source]

    @classmethod
    def of(
        cls,
        block: Block,
        found: NDArray[np.bool_],
        sources: tuple[Source, Source, Source],
        *arrays: NDArray[Any],
    ) -> BlockView:
        """Return a view whose labels, parts and ids were read already."""
        view = cls(block, found, sources)
        for name, array in zip(("labels", "parts", "ids"), arrays, strict=True):
            view.__dict__[name] = np.ascontiguousarray(array)
        return view

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """Labels of the outer region, contiguous as compiled kernels want them."""
        return np.ascontiguousarray(read_region(self.sources[0], self.block.outer))

    @cached_property
    def parts(self) -> NDArray[np.uint8]:
        """Parts of the outer region."""
        return np.ascontiguousarray(read_region(self.sources[1], self.block.outer))

    @cached_property
    def ids(self) -> NDArray[np.uint32]:
        """Object ids of the outer region."""
        return np.ascontiguousarray(read_region(self.sources[2], self.block.outer))

    def core(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the core of one of the arrays."""
        return array[self.block.inner]

    def beyond(self, halo: Shape, shape: Shape) -> BlockView:
        """Return the view of ``halo`` voxels beyond the core, as far as a picture of ``shape`` goes."""
        return BlockView(self.block.beyond(halo, shape), self.found, self.sources)


class BlockMeasurement(Protocol):
    """A measurement; entries of the group ``micro.measurements`` are instances of it."""

    def halo(self, context: Context) -> Shape:
        """Return how many voxels along z, y and x it reads beyond a block's core."""
        ...

    def on_block(self, context: Context, view: BlockView) -> Any:  # noqa: ANN401
        """Return a small partial result of a block's core; the view reaches as far as the halo, or a voxel."""
        ...

    def merge(self, context: Context, partials: list[Any]) -> Findings:
        """Merge the partial results, which come in block order, into findings."""
        ...
