"""Cells made by hand from analytic masks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Block, Shape
from micro.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.model import Labels, Spacing

VOID, SE, LI, DENDRITE, CRACK, CATHODE = 1, 2, 3, 4, 5, 6
PART_OF = np.array(
    [Part.OTHER, Part.PORE, Part.OTHER, Part.ANODE, Part.DENDRITE, Part.CRACK, Part.OTHER, Part.OTHER, Part.OTHER],
    np.uint8,
)


def centres(shape: Shape, spacing: Spacing) -> list[NDArray[np.float64]]:
    """Coordinates of the voxel centres in um, as an open grid."""
    return list(np.ix_(*((np.arange(n) + 0.5) * edge for n, edge in zip(shape, spacing.um, strict=True))))


def hand_cell(
    labels: NDArray[np.uint8],
    spacing: Spacing,
    *,
    normal: str,
    plane: ReferencePlane,
    far_plane: ReferencePlane | None = None,
    parts: NDArray[np.uint8] | None = None,
) -> Cell:
    """A cell whose parts follow from the labels and whose SE region lies between the two planes."""
    data = labels if labels.ndim == 3 else labels[None]
    whose = PART_OF[data] if parts is None else parts.copy()
    region = (plane.heights_um(data.shape, spacing) > 0) & (data > 0) & (data != CATHODE)
    if far_plane is not None:
        region &= far_plane.heights_um(data.shape, spacing) < 0
    whose[region] |= SE_REGION
    return Cell(
        Labels(data, spacing),
        whose,
        normal=Normal.parse(normal),
        plane=plane,
        far_plane=far_plane,
        far_side="cathode" if far_plane is not None else "cut by the picture",
    )


def tilted_cell(
    angle_deg: float, *, side: str = "metal", spacing: Spacing | None = None, shape: Shape = (96, 96, 96)
) -> tuple[Cell, float]:
    """A plane tilted about z with hemispherical voids in the metal or the electrolyte, and its contact fraction.

    The voids sit on a square lattice of the plane; each opens a disc of the same radius whichever side it is on.
    """
    spacing = spacing or Spacing(1.0, 1.0, 1.0)
    angle = np.deg2rad(angle_deg)
    direction = np.array([0.0, np.cos(angle), np.sin(angle)])
    z, y, x = centres(shape, spacing)
    middle = [n * edge / 2 for n, edge in zip(shape, spacing.um, strict=True)]
    height = (y - middle[1]) * direction[1] + (x - middle[2]) * direction[2]
    along = (x - middle[2]) * direction[1] - (y - middle[1]) * direction[2]
    across = z - middle[0]
    labels = np.where(height + 0 * z < 0, LI, SE).astype(np.uint8)
    pitch, radius = 24.0, 9.0
    near = np.maximum(np.abs(along), np.abs(across)) < 1.5 * pitch  # whole discs only, away from the borders
    u, v = (value - pitch * np.floor(value / pitch + 0.5) for value in (along, across))
    ball = (u * u + v * v + height**2 < radius**2) & near
    labels[ball & (height < 0 if side == "metal" else height > 0)] = VOID
    plane = ReferencePlane(tuple(direction), float(direction @ middle))
    # The plane's area in the box, column by column along y, with nine discs taken out.
    total = shape[0] * spacing.z * shape[2] * spacing.x / np.cos(angle)
    return hand_cell(labels, spacing, normal="+y", plane=plane), 1 - 9 * np.pi * radius**2 / total


def one_block(shape: Shape) -> Block:
    """The whole volume as one block."""
    whole = (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2]))
    return Block(0, whole, whole)


@pytest.fixture
def make_cell() -> Callable[..., Cell]:
    return hand_cell


@pytest.fixture
def make_tilted() -> Callable[..., tuple[Cell, float]]:
    return tilted_cell


@pytest.fixture
def whole_block() -> Callable[[Shape], Block]:
    return one_block
