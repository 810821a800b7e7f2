"""Coordinates along the normal of a cell: h from the anode into the electrolyte, u and v across."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from micro.errors import ParameterError
from micro.model import Spacing

__all__ = ["Frame"]

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Frame:
    """A voxel grid seen along the normal: axis 0 is h, then the two others in the order z, y, x.

    Parameters
    ----------
    shape_zyx, spacing
        The grid as it will be written.
    normal
        ``+z``, ``-y`` and so on: the direction from the anode into the electrolyte.

    Examples
    --------
    >>> frame = Frame((4, 6, 8), Spacing(0.3, 0.2, 0.1), "-y")
    >>> frame.shape, frame.edges_um
    ((6, 4, 8), (0.2, 0.3, 0.1))
    """

    shape_zyx: tuple[int, int, int]
    spacing: Spacing
    normal: str

    def __post_init__(self) -> None:
        if len(self.normal) != 2 or self.normal[0] not in "+-" or self.normal[1] not in "zyx":
            raise ParameterError(f"normal {self.normal!r}; expected one of +z, -z, +y, -y, +x, -x")

    @property
    def axis(self) -> int:
        """The axis of the normal: 0 z, 1 y, 2 x."""
        return "zyx".index(self.normal[1])

    @property
    def sign(self) -> int:
        """+1 where h grows with the index, else -1."""
        return -1 if self.normal[0] == "-" else 1

    @property
    def order(self) -> tuple[int, int, int]:
        """The axes z, y, x (0, 1, 2) that h, u and v are."""
        first, second = (axis for axis in range(3) if axis != self.axis)
        return (self.axis, first, second)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along h, u, v."""
        h, u, v = (self.shape_zyx[axis] for axis in self.order)
        return (h, u, v)

    @property
    def edges_um(self) -> tuple[float, float, float]:
        """Voxel edges along h, u, v in um."""
        h, u, v = (self.spacing.um[axis] for axis in self.order)
        return (h, u, v)

    @property
    def extent_um(self) -> tuple[float, float, float]:
        """Size of the grid along h, u, v in um."""
        h, u, v = (n * edge for n, edge in zip(self.shape, self.edges_um, strict=True))
        return (h, u, v)

    @property
    def is_2d(self) -> bool:
        """Whether this is a single section (one voxel along u)."""
        return self.shape_zyx[0] == 1

    @property
    def unit_um(self) -> float:
        """The length in um that stands for a voxel in the sizes of objects: mostly the coarsest edge."""
        edges = self.edges_um[::2] if self.is_2d else self.edges_um
        return 0.75 * max(edges) + 0.25 * min(edges)

    def centres_um(self, box: tuple[slice, slice, slice] | None = None) -> tuple[NDArray[np.float64], ...]:
        """Return h, u and v of the voxel centres (of a box) in um, shaped to broadcast."""
        h, u, v = (
            (np.arange(n, dtype=np.float64)[part] + 0.5) * edge
            for n, edge, part in zip(self.shape, self.edges_um, box or (slice(None),) * 3, strict=True)
        )
        return h[:, None, None], u[None, :, None], v[None, None, :]

    def box(self, low_um: NDArray[np.float64], high_um: NDArray[np.float64]) -> tuple[slice, slice, slice]:
        """Return the slices of the voxels whose centres may lie between two corners (h, u, v in um)."""
        h, u, v = (
            slice(max(0, int(np.floor(low / edge - 0.5))), max(0, min(n, int(np.ceil(high / edge + 0.5)) + 1)))
            for n, edge, low, high in zip(self.shape, self.edges_um, low_um, high_um, strict=True)
        )
        return h, u, v

    def to_zyx(self, array: NDArray[_T]) -> NDArray[_T]:
        """Return an array in h, u, v as a contiguous one in z, y, x."""
        return np.ascontiguousarray(np.moveaxis(array[:: self.sign], 0, self.axis))

    def from_zyx(self, array: NDArray[_T]) -> NDArray[_T]:
        """Return an array in z, y, x as a contiguous one in h, u, v."""
        return np.ascontiguousarray(np.moveaxis(array, self.axis, 0)[:: self.sign])

    def vector_zyx(self, vector: tuple[float, float, float]) -> tuple[float, float, float]:
        """Return the vector (h, u, v) in the order z, y, x."""
        parts = [0.0, 0.0, 0.0]
        for axis, part, sign in zip(self.order, vector, (self.sign, 1, 1), strict=True):
            parts[axis] = sign * part
        return (parts[0], parts[1], parts[2])
