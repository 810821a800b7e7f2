"""The electrode bodies: opened metal, by the side that it touches."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.cell.body import ANODE, COUNTER, find_bodies
from micro.cell.cell import Normal
from micro.model import Spacing

UNIT = Spacing(1, 1, 1)
DOWN = Normal(1, -1)


def section(height: int = 100, width: int = 120, *, anode: int = 40) -> NDArray[np.uint8]:
    labels = np.full((1, height, width), 2, np.uint8)
    labels[0, height - anode :] = 3
    return labels


def test_a_filament_thinner_than_the_ball_falls_off(metal: NDArray[np.bool_]) -> None:
    labels = section()
    labels[0, 20:60, 50:58] = 3
    found = find_bodies(labels, metal, DOWN, spacing=UNIT, radius_um=8, engine=Engine())
    assert found is not None
    mask = np.asarray(found.mask)
    assert found.radius_um == 8
    # its foot may keep a fillet: a ball of 8 beside a shaft 8 wide reaches 8 - sqrt(64 - 16) = 1.1 um up
    assert (mask[0, :58] == 0).all()
    np.testing.assert_array_equal(mask[0, 60:] == ANODE, np.ones((40, 120), bool))


def test_a_column_wider_than_the_ball_stays(metal: NDArray[np.bool_]) -> None:
    labels = section()
    labels[0, 20:60, 40:70] = 3
    found = find_bodies(labels, metal, DOWN, spacing=UNIT, radius_um=8, engine=Engine())
    assert found is not None
    assert (np.asarray(found.mask)[0, 30:60, 48:62] == ANODE).all()


@pytest.mark.parametrize(("anode", "radius_um"), [(40, 8.0), (9, 8.0), (8, 4.0), (5, 4.0), (4, 2.0), (2, 1.0)])
def test_the_ball_is_halved_until_a_thin_anode_survives(anode: int, radius_um: float, metal: NDArray[np.bool_]) -> None:
    # at the border of the picture the metal goes on, so a ball needs its radius of it, not twice
    found = find_bodies(section(anode=anode), metal, DOWN, spacing=UNIT, radius_um=8, engine=Engine())
    assert found is not None
    assert found.radius_um == radius_um
    assert np.count_nonzero(np.asarray(found.mask) == ANODE) == anode * 120


def test_metal_at_the_far_side_is_the_counter_electrode(metal: NDArray[np.bool_]) -> None:
    labels = section()
    labels[0, :25] = 3
    labels[0, 35:45, 80:100] = 3  # an island that touches neither side
    found = find_bodies(labels, metal, DOWN, spacing=UNIT, radius_um=4, engine=Engine())
    assert found is not None
    mask = np.asarray(found.mask)[0]
    assert found.has_counter
    assert (mask[60:] == ANODE).all()
    assert (mask[:25] == COUNTER).all()
    assert not mask[25:60].any()
    alone = find_bodies(section(), metal, DOWN, spacing=UNIT, radius_um=4, engine=Engine())
    assert alone is not None
    assert not alone.has_counter


def test_the_largest_at_the_anode_side_is_the_anode(metal: NDArray[np.bool_]) -> None:
    labels = np.full((1, 100, 120), 2, np.uint8)
    labels[0, 60:, :70] = 3
    labels[0, 60:, 90:] = 3
    found = find_bodies(labels, metal, DOWN, spacing=UNIT, radius_um=4, engine=Engine())
    assert found is not None
    mask = np.asarray(found.mask)[0]
    # opening rounds the corner: a quarter of a square less its disc, (1 - pi/4) 16 = 3.4 pixels
    assert 40 * 70 - 8 <= np.count_nonzero(mask) <= 40 * 70
    assert not mask[:, 80:].any()


def test_no_metal_at_the_anode_side_is_no_body(metal: NDArray[np.bool_]) -> None:
    labels = section()
    assert find_bodies(labels, metal, Normal(1, 1), spacing=UNIT, radius_um=8, engine=Engine()) is None
    assert find_bodies(np.full((9, 9, 9), 2, np.uint8), metal, DOWN, spacing=UNIT, radius_um=2, engine=Engine()) is None


@pytest.mark.parametrize("spacing", [UNIT, Spacing(2.0, 1.0, 0.5)])
def test_the_opening_is_that_of_scipy_in_um_whatever_the_blocks(spacing: Spacing, metal: NDArray[np.bool_]) -> None:
    rng = np.random.default_rng(8)
    rough = ndimage.gaussian_filter(rng.standard_normal((24, 50, 40)), (2, 3, 4) / np.asarray(spacing.um))
    labels = np.where(np.arange(50)[None, :, None] > 30 + 200 * rough, 3, 2).astype(np.uint8)
    radius = 3.2  # no sum of squares of these edges has this root, so no tie decides
    found = find_bodies(labels, metal, DOWN, spacing=spacing, radius_um=radius, engine=Engine())
    assert found is not None
    inside = ndimage.distance_transform_edt(np.pad(labels == 3, 30, mode="edge"), sampling=spacing.um)
    seeds, _ = ndimage.label(inside[30:-30, 30:-30, 30:-30] > radius, np.ones((3, 3, 3)))
    bottom = np.bincount(seeds[:, -1].ravel(), minlength=seeds.max() + 1)[1:]
    sizes = np.bincount(seeds.ravel())[1:] * (bottom > 0)
    anode = seeds == 1 + int(np.argmax(sizes))
    opened = (ndimage.distance_transform_edt(~anode, sampling=spacing.um) <= radius) & (labels == 3)
    np.testing.assert_array_equal(np.asarray(found.mask) == ANODE, opened)
    for block_shape in [(24, 17, 13), (5, 50, 9)]:
        engine = Engine(block_shape=block_shape)
        cut = find_bodies(labels, metal, DOWN, spacing=spacing, radius_um=radius, engine=engine)
        assert cut is not None
        np.testing.assert_array_equal(cut.mask, found.mask)


def test_an_unlabelled_rim_ends_the_picture_as_its_border_does() -> None:
    labels = np.full((16, 60, 50), 2, np.uint8)
    labels[:, 35:] = 3
    labels[:, 15:35, 20:24] = 3
    metal = np.arange(256) == 3
    whole = find_bodies(labels, metal, DOWN, spacing=UNIT, radius_um=4, engine=Engine())
    rimmed = labels.copy()
    for k in range(16):
        # each slice was moved by its own shift, so each has a rim of its own at the anode's side
        rimmed[k, 57 - 3 * (k % 4) :] = 0
        rimmed[k, :, : k % 3] = 0
    found = find_bodies(rimmed, metal, DOWN, spacing=UNIT, radius_um=4, engine=Engine())
    assert whole is not None
    assert found is not None
    np.testing.assert_array_equal(np.asarray(found.mask), np.where(rimmed == 0, 0, np.asarray(whole.mask)))
