"""Direction of filaments and Euler number, block by block, against formulae and scikit-image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import euler_number

from micro.blocks import Engine, Shape
from micro.cell import Cell, Part, ReferencePlane
from micro.measure import Scene
from micro.measure.tissue import (
    DIRECTED,
    EULER,
    LATERAL,
    VERTICAL,
    VOXELS,
    Tissue,
    TissueParams,
    euler_table,
    merge_tissue,
    tissue_block,
)
from micro.model import Spacing

Make = Callable[..., Cell]
MakeScene = Callable[..., Scene]
SE, LI, DENDRITE = 2, 3, 4
CUBIC = Spacing(1.0, 1.0, 1.0)


def tissue_of(scene: Scene, *, window_um: float, bin_um: float = 8.0) -> Tissue:
    context = scene.context
    assert context.plane is not None
    z, y, x = (0 if n == 1 else round(window_um / e) for n, e in zip(context.shape, context.spacing.um, strict=True))
    params = TissueParams(context.plane, context.spacing, (z, y, x), bin_um, context.objects.count)
    found = scene.engine.run(
        tissue_block,
        [scene.cell.parts, scene.objects.ids],
        halo=params.halo,
        constants={"params": params, "shape": context.shape},
    )
    merged = merge_tissue(found, context.objects.count)
    assert merged is not None
    return merged


def floating(mask: NDArray[np.bool_], spacing: Spacing, make_cell: Make, normal: str = "+z") -> Cell:
    """Isolated metal in electrolyte, well above a plane across the normal."""
    parts = np.where(mask, np.uint8(Part.ISOLATED), np.uint8(Part.OTHER))
    direction = tuple(float("zyx"[a] == normal[1]) for a in range(3))
    labels = np.where(mask, np.uint8(DENDRITE), np.uint8(SE))
    return make_cell(labels, spacing, normal=normal, plane=ReferencePlane(direction, -1.0), parts=parts)


def rod(direction: NDArray[np.float64], spacing: Spacing, radius: float, box_um: float) -> NDArray[np.bool_]:
    """A rod through the whole box."""
    shape = [round(box_um / e) for e in spacing.um]
    z, y, x = np.ix_(*((np.arange(n) + 0.5) * e - box_um / 2 for n, e in zip(shape, spacing.um, strict=True)))
    along = z * direction[0] + y * direction[1] + x * direction[2]
    return z * z + y * y + x * x - along**2 <= radius**2


@pytest.mark.parametrize("spacing", [CUBIC, Spacing(2.5, 1.0, 1.0), Spacing(1.0, 1.0, 2.5)])
def test_direction_of_rods(spacing: Spacing, make_cell: Make, make_scene: MakeScene) -> None:
    rank = np.arange(20) + 0.5
    cosines, turn = 1 - rank / 20, np.pi * (1 + np.sqrt(5)) * rank
    for cosine, phi in zip(cosines, turn, strict=True):
        side = np.sqrt(1 - cosine**2)
        direction = np.array([cosine, side * np.cos(phi), side * np.sin(phi)])
        mask = rod(direction, spacing, 4.0, 50.0)
        tissue = tissue_of(make_scene(floating(mask, spacing, make_cell)), window_um=8.0)
        total = tissue.by_bin.sum(axis=0)
        assert total[VOXELS] == total[DIRECTED] == np.count_nonzero(mask)
        angle = np.degrees(np.arccos(cosine))
        # The Sobel filter on a sampled wall leans toward the axes: measured up to 1.8 degrees, 2.3 at 1:1:2.5.
        assert tissue.angle_by_bin.sum() / total[DIRECTED] == pytest.approx(angle, abs=3.0)
        if abs(angle - 30) > 5 and abs(angle - 60) > 6:
            assert total[VERTICAL] / total[DIRECTED] == pytest.approx(float(angle < 30), abs=0.05)
            assert total[LATERAL] / total[DIRECTED] == pytest.approx(float(angle > 60), abs=0.05)


def test_a_lateral_sheet_is_lateral_and_a_ball_has_no_direction(make_cell: Make, make_scene: MakeScene) -> None:
    sheet = np.zeros((30, 40, 40), bool)
    sheet[13:17] = True
    total = tissue_of(make_scene(floating(sheet, CUBIC, make_cell)), window_um=6.0).by_bin.sum(axis=0)
    assert total[LATERAL] == total[DIRECTED] == total[VOXELS]
    z, y, x = np.ix_(*(np.arange(31) - 15.0 for _ in range(3)))
    ball = z * z + y * y + x * x <= 6.5**2
    total = tissue_of(make_scene(floating(ball, CUBIC, make_cell)), window_um=13.0).by_bin.sum(axis=0)
    assert total[DIRECTED] == 0


def test_traces_in_a_section(make_cell: Make, make_scene: MakeScene) -> None:
    for tilt in np.linspace(0, 90, 13):
        y, x = np.ix_(np.arange(70) - 34.5, np.arange(70) - 34.5)
        mask = np.abs(x * np.cos(np.radians(tilt)) - y * np.sin(np.radians(tilt))) <= 3.2
        tissue = tissue_of(make_scene(floating(mask[None], CUBIC, make_cell, "+y")), window_um=7.0)
        # Near the picture's border a window holds unequal parts of the two walls: a degree or two.
        assert tissue.angle_by_bin.sum() / tissue.by_bin[:, DIRECTED].sum() == pytest.approx(tilt, abs=2.5)


def test_the_interface_turns_no_filament(make_cell: Make, make_scene: MakeScene) -> None:
    z, y, x = np.ix_(np.arange(40) - 9.5, np.arange(40) - 19.5, np.arange(40) - 19.5)
    labels = np.where((y**2 + x**2 <= 16) & (z < 20), DENDRITE, SE).astype(np.uint8)
    labels[:10] = LI
    cell = make_cell(labels, CUBIC, normal="+z", plane=ReferencePlane((1.0, 0.0, 0.0), 10.0))
    tissue = tissue_of(make_scene(cell), window_um=8.0, bin_um=4.0)
    # The anode's flat face lies within the window of the lowest bins, and does not count.
    assert tissue.angle_by_bin[0] / tissue.by_bin[0, DIRECTED] < 5


def torus(shape: Shape = (24, 60, 60)) -> NDArray[np.bool_]:
    z, y, x = np.ix_(*(np.arange(n) + 0.5 - n / 2 for n in shape))
    return (np.sqrt(y * y + x * x) - 20) ** 2 + z * z <= 16


def ladder() -> NDArray[np.bool_]:
    """Two uprights and five rungs: four loops."""
    mask = np.zeros((60, 20, 40), bool)
    mask[5:55, 8:12, 5:9] = mask[5:55, 8:12, 31:35] = True
    for begin in range(8, 53, 10):
        mask[begin : begin + 3, 8:12, 5:35] = True
    return mask


def shell() -> NDArray[np.bool_]:
    mask = np.zeros((20, 20, 20), bool)
    mask[4:15, 4:15, 4:15] = True
    mask[8:11, 8:11, 8:11] = False
    return mask


@pytest.mark.parametrize(("make_mask", "euler"), [(torus, 0), (ladder, -3), (shell, 2)])
@pytest.mark.parametrize("block_shape", [(128, 128, 128), (9, 13, 11)])
def test_known_euler_numbers(
    make_mask: Callable[[], NDArray[np.bool_]],
    euler: int,
    block_shape: Shape,
    make_cell: Make,
    make_scene: MakeScene,
) -> None:
    mask = make_mask()
    scene = make_scene(floating(mask, CUBIC, make_cell), Engine(block_shape=block_shape))
    tissue = tissue_of(scene, window_um=4.0)
    assert tissue.by_bin[:, EULER].sum() == 8 * euler == 8 * euler_number(mask, connectivity=3)
    assert tissue.by_object[:, EULER].tolist() == [0, 8 * euler]


def test_noise_agrees_with_scikit_image(make_cell: Make, make_scene: MakeScene) -> None:
    mask = np.random.default_rng(5).random((14, 17, 15)) < 0.35
    tissue = tissue_of(make_scene(floating(mask, CUBIC, make_cell), Engine(block_shape=(5, 6, 7))), window_um=2.0)
    assert tissue.by_bin[:, EULER].sum() == 8 * euler_number(mask, connectivity=3)
    assert (tissue.by_object[:, EULER] % 8 == 0).all()


def test_the_table_of_corners() -> None:
    table = euler_table()
    single = [table[1 << bit] for bit in range(8)]
    assert single == [1] * 8
    assert table[0b11] == 8 - 4 * 5 + 2 * 7 - 2  # two voxels share a face: five half edges, seven quarter faces
    assert table[0b11111111] == 0


@pytest.mark.parametrize("block_shape", [(36, 9, 48), (11, 17, 13)])
def test_blocks_do_not_change_the_tissue(block_shape: Shape, make_busy: Make, make_scene: MakeScene) -> None:
    cell = make_busy(Spacing(0.5, 0.25, 0.25))
    whole = tissue_of(make_scene(cell), window_um=1.0, bin_um=1.0)
    parts = tissue_of(make_scene(cell, Engine(block_shape=block_shape)), window_um=1.0, bin_um=1.0)
    longest = max(len(whole.by_bin), len(parts.by_bin))
    for name in ("by_bin", "by_object"):
        one, other = (np.asarray(getattr(t, name)) for t in (whole, parts))
        if name == "by_bin":
            one, other = (np.pad(a, ((0, longest - len(a)), (0, 0))) for a in (one, other))
        np.testing.assert_array_equal(one, other)
    # Angles are floats, summed in another order.
    np.testing.assert_allclose(whole.angle_by_object, parts.angle_by_object, rtol=1e-9)
