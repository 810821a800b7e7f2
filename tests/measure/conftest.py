"""Cells made by hand from analytic masks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Block, Engine, Shape, label_components
from micro.cell import SE_REGION, Cell, Normal, Part, ReferencePlane
from micro.measure import Context, MeasureParams, ObjectTable, Scene
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


def busy_cell(spacing: Spacing, *, order: tuple[int, int, int] = (0, 1, 2), mirror: tuple[int, ...] = ()) -> Cell:
    """A cell with everything in it, its axes permuted by ``order`` and mirrored along ``mirror`` if wanted."""
    shape = (36, 72, 48)
    rng = np.random.default_rng(11)
    labels = np.full(shape, SE, np.uint8)
    parts = np.full(shape, int(Part.OTHER), np.uint8)

    def paint(where: object, label: int, part: Part) -> None:
        labels[where] = label
        parts[where] = int(part)

    for z, y, x in rng.integers((0, 24, 0), (33, 60, 45), (25, 3)):
        paint(np.s_[z : z + 3, y : y + 2, x : x + 3], VOID, Part.PORE)
    paint(np.s_[:, 4:20], LI, Part.ANODE)
    paint(np.s_[5:12, 18:20, 6:20], VOID, Part.GAP)
    paint(np.s_[20:24, 20:41, 30:33], DENDRITE, Part.DENDRITE)
    paint(np.s_[4:6, 20:29, 40:43], DENDRITE, Part.DENDRITE)
    paint(np.s_[10:13, 44:50, 5:9], DENDRITE, Part.ISOLATED)
    paint(np.s_[4:30, 52:56, 10:40], CRACK, Part.CRACK)
    paint(np.s_[:, 62:68], CATHODE, Part.OTHER)
    labels[:, :4] = labels[:, 68:] = 8
    parts[:, :4] = parts[:, 68:] = 0
    labels[30:, 30:40, :5] = 0
    labels, parts = labels.transpose(order), parts.transpose(order)
    axis, sign = order.index(1), 1
    for flipped in mirror:
        labels, parts = np.flip(labels, flipped), np.flip(parts, flipped)
        sign = -1 if flipped == axis else sign
    direction = tuple(float(sign) if a == axis else 0.0 for a in range(3))
    edge, length = spacing.um[axis], labels.shape[axis]
    near, far = (20 * edge, 62 * edge) if sign > 0 else (-(length - 20) * edge, -(length - 62) * edge)
    return hand_cell(
        np.ascontiguousarray(labels),
        spacing,
        normal="+-"[sign < 0] + "zyx"[axis],
        plane=ReferencePlane(direction, near),
        far_plane=ReferencePlane(direction, far),
        parts=np.ascontiguousarray(parts),
    )


def dendrite_scene(cell: Cell, engine: Engine | None = None) -> Scene:
    """A cell with its dendrites numbered, as the measurements of whole objects get it (without the census)."""
    engine = engine or Engine()
    table = np.zeros(256, np.uint8)
    for part in (Part.DENDRITE, Part.ISOLATED):
        table[[int(part), int(part) | 128]] = int(part)
    objects = label_components(cell.parts, engine=engine, table=table)
    return Scene(cell, Context.of(cell, MeasureParams(), ObjectTable.of(objects)), objects, engine)


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
def make_busy() -> Callable[..., Cell]:
    return busy_cell


@pytest.fixture
def whole_block() -> Callable[[Shape], Block]:
    return one_block


@pytest.fixture
def make_scene() -> Callable[..., Scene]:
    return dendrite_scene
