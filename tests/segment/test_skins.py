"""False skins go; filaments and metal beside cracks stay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.segment.levels import GreyLevels
from micro.segment.skins import remove_skins, skin_reach

VOID, LI, SE = 0, 1, 2
LEVELS = GreyLevels(("void", "Li", "SE"), (10000.0, 25000.0, 45000.0), 500.0)


def cleaned(labels: NDArray[np.uint8], grey: NDArray[np.uint16] | None = None) -> NDArray[np.uint8]:
    grey = np.choose(labels, LEVELS.greys).astype(np.uint16) if grey is None else grey
    reach = skin_reach(labels.shape, (1.0, 1.0, 1.0), 2)  # type: ignore[arg-type]
    return remove_skins(labels, grey, LEVELS, reach)


@pytest.mark.parametrize("shape", [(30, 30, 30), (1, 30, 30)])
def test_the_skin_of_a_blurred_pore_goes(shape: tuple[int, int, int]) -> None:
    places = np.indices(shape) - (np.array(shape) - 1).reshape(3, 1, 1, 1) / 2
    pore = (places**2).sum(axis=0) < 64
    sharp = np.where(pore, 10000.0, 45000.0)
    grey = ndimage.gaussian_filter(sharp, (0 if shape[0] == 1 else 1, 1, 1)).astype(np.uint16)
    labels = np.digitize(grey, [17500, 35000]).astype(np.uint8)
    assert (labels == LI).sum() > 20
    after = cleaned(labels, grey)
    assert not (after == LI).any()
    # and the pore has its size back: the middle between void and SE is where its rim was, to half a voxel
    # of curvature (sd^2 / (2 r) = 0.06 voxel) and the corners of pixels
    assert (after == VOID).sum() == pytest.approx(pore.sum(), rel=0.08)


@pytest.mark.parametrize("depth", [1, 20])
def test_a_filament_of_three_voxels_stays(depth: int) -> None:
    labels = np.full((depth, 30, 30), SE, np.uint8)
    across = slice(None) if depth == 1 else slice(8, 11)
    labels[across, 5:25, 14:17] = LI
    labels[across, 10:14, 17:19] = VOID  # and a pore right beside it
    np.testing.assert_array_equal(cleaned(labels), labels)


def test_metal_beside_a_crack_stays() -> None:
    labels = np.full((1, 30, 30), SE, np.uint8)
    labels[0, 5:25, 12:15] = LI
    labels[0, 2:28, 15:17] = VOID
    np.testing.assert_array_equal(cleaned(labels), labels)


def test_thin_metal_that_touches_no_void_stays() -> None:
    labels = np.full((1, 30, 30), SE, np.uint8)
    labels[0, 5:25, 14] = LI
    np.testing.assert_array_equal(cleaned(labels), labels)


@pytest.mark.parametrize(("grey", "phase"), [(26000, VOID), (29000, SE)])
def test_a_skin_goes_to_the_side_that_its_grey_is_nearer_to(grey: int, phase: int) -> None:
    labels = np.full((1, 12, 12), SE, np.uint8)
    labels[0, :, :5] = VOID
    labels[0, :, 5] = LI
    image = np.choose(labels, LEVELS.greys).astype(np.uint16)
    image[0, :, 5] = grey
    assert (cleaned(labels, image)[0, :, 5] == phase).all()


def test_reach_is_in_voxels_of_the_finest_axis() -> None:
    assert skin_reach((9, 9, 9), (0.05, 0.025, 0.1), 2) == (1, 2, 1)
    # a section reaches nowhere along z; nothing asked for, nowhere at all
    assert skin_reach((1, 9, 9), (0.05, 0.05, 0.05), 2) == (0, 2, 2)
    assert skin_reach((9, 9, 9), (0.05, 0.05, 0.05), 0) == (0, 0, 0)


def test_a_bright_rim_between_void_and_metal_is_metal() -> None:
    labels = np.full((1, 30, 40), SE, np.uint8)
    labels[0, 15:] = LI
    labels[0, 15:19, 8:30] = VOID
    rimmed = labels.copy()
    rimmed[0, 19:21, 10:28] = SE
    grey = np.choose(rimmed, LEVELS.greys).astype(np.uint16)
    reach = skin_reach(labels.shape, (1.0, 1.0, 1.0), 2)  # type: ignore[arg-type]
    np.testing.assert_array_equal(remove_skins(rimmed, grey, LEVELS, reach, pair=(VOID, LI)), labels)
    np.testing.assert_array_equal(remove_skins(labels, grey, LEVELS, reach, pair=(VOID, LI)), labels)
