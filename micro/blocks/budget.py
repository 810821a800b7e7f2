"""How large blocks may be, and how many at work at once, within a given memory."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from micro.blocks.grid import Shape
from micro.errors import ParameterError

__all__ = ["Budget", "parse_bytes"]

PROCESS_BYTES = 600_000_000
"""Python, its libraries and compiled kernels, object tables, figures."""
VOXEL_BYTES = 44
"""Memory of a block at work, by voxel of what it reads: the hungriest steps (edges, thin objects)."""
HALO = 24
"""Voxels that these steps read around a block, on each side."""
EDGES = (32, 256)
"""Edge of the smallest and of the largest block in voxels: larger ones save less than they cost."""
STEP = 64
"""Edges of blocks are multiples of this, or the smallest."""
KEPT_SHARE = 1 / 16
"""Of the memory, for an intermediate volume that stays in it; up to four do at a time."""

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def parse_bytes(text: str) -> int:
    """Return the bytes that ``text`` says, as 4GB, 512 MiB or 3.5e9.

    Raises
    ------
    ParameterError
        If it is no positive number with such a unit.

    Examples
    --------
    >>> parse_bytes("4GB"), parse_bytes("1.5 GiB")
    (4000000000, 1610612736)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:e\d+)?)\s*([a-zA-Z]*)\s*", text)
    unit = found and _UNITS.get(found[2].upper())
    if not found or not unit or not math.isfinite(float(found[1])) or float(found[1]) == 0:
        raise ParameterError(f"memory {text!r} is not understood; expected a number with its unit, as 4GB or 512MiB")
    return int(float(found[1]) * unit)


def _bytes_of(edge: int, row: int | None = None) -> int:
    return int((edge + 2 * HALO) ** 2 * ((row or edge) + 2 * HALO)) * VOXEL_BYTES


@dataclass(frozen=True, slots=True)
class Budget:
    """What fits into a memory: the edge of blocks, how many are at work at once, volumes that stay in memory.

    Attributes
    ----------
    edge
        Edge of the largest block along z and y, in voxels.
    row
        The same along x, where voxels lie side by side; longer, as far as there is room for it.
    in_flight
        How many blocks may be at work at once.
    kept_bytes
        Intermediate volumes up to this size stay in memory.
    """

    edge: int
    row: int
    in_flight: int
    kept_bytes: int

    @classmethod
    def of(cls, memory_bytes: int, workers: int) -> Budget:
        """Return what ``workers`` threads may take of a memory.

        Raises
        ------
        ParameterError
            If not even one of the smallest blocks fits.

        Examples
        --------
        >>> Budget.of(3_000_000_000, 2)
        Budget(edge=192, row=256, in_flight=2, kept_bytes=187500000)
        >>> Budget.of(1_000_000_000, 64).in_flight < 64
        True
        """
        smallest, largest = EDGES
        kept = int(memory_bytes * KEPT_SHARE)
        left = memory_bytes - PROCESS_BYTES - 4 * kept
        if left < _bytes_of(smallest):
            need = (PROCESS_BYTES + _bytes_of(smallest)) / (1 - 4 * KEPT_SHARE)
            given = f"{memory_bytes / 1e9:.2g} GB" if memory_bytes >= 10**6 else f"{memory_bytes} bytes"
            raise ParameterError(
                f"a memory of {given} is too small: the program and one block need "
                f"{math.ceil(need / 1e8) / 10:g} GB; expected at least that"
            )
        in_flight = min(workers, left // _bytes_of(smallest))
        fits = round((left / in_flight / VOXEL_BYTES) ** (1 / 3) - 2 * HALO)
        edge = min(max(fits // STEP * STEP, smallest), largest)
        longer = range(largest, edge, -STEP)
        row = next((row for row in longer if in_flight * _bytes_of(edge, row) <= left), edge)
        return cls(edge, row, int(in_flight), kept)

    def cut(self, shape: Shape) -> Shape:
        """Return the block shape for a volume: along each axis blocks of about one length, none above `edge` or `row`.

        Examples
        --------
        >>> Budget(192, 256, 2, 0).cut((1024, 256, 300))
        (192, 128, 192)
        """
        z, y, x = (_even(length, most) for length, most in zip(shape, (self.edge, self.edge, self.row), strict=True))
        return (z, y, x)


def _even(length: int, most: int) -> int:
    pieces = math.ceil(length / most)
    even = math.ceil(length / pieces / STEP) * STEP if pieces > 1 else length
    return min(even, most, length)
