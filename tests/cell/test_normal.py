"""The direction from the anode into the electrolyte."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell.cell import Normal
from micro.cell.normal import find_normal, metal_profiles, step_scores
from micro.errors import AmbiguousNormalError

DIRECTIONS = ["+z", "-z", "+y", "-y", "+x", "-x"]


def anode_at(direction: str, *, shape: tuple[int, int, int] = (20, 24, 28)) -> NDArray[np.uint8]:
    """An anode a fifth of the cell thick, with a dendrite to the middle and a lump of metal elsewhere."""
    normal = Normal.parse(direction)
    labels = np.full(shape, 2, np.uint8)
    along = np.moveaxis(labels, normal.axis, 0)
    along = along[::-1] if normal.sign < 0 else along
    along[: along.shape[0] // 5] = 3
    along[: along.shape[0] // 2, 4:6, 4:6] = 3
    along[-6:-3, 10:14, 10:14] = 3
    return labels


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_every_direction_is_found(direction: str, metal: NDArray[np.bool_]) -> None:
    labels = anode_at(direction)
    for engine in (Engine(), Engine(block_shape=(7, 5, 9))):
        assert str(find_normal(labels, metal, engine)) == direction


@pytest.mark.parametrize("direction", ["+y", "-y", "+x", "-x"])
def test_a_section_has_the_directions_of_its_plane(direction: str, metal: NDArray[np.bool_]) -> None:
    labels = anode_at(direction, shape=(1, 60, 50)) if direction[1] != "z" else None
    assert str(find_normal(labels, metal, Engine())) == direction


def test_a_symmetric_cell_is_ambiguous_and_the_message_lists_the_scores(metal: NDArray[np.bool_]) -> None:
    labels = np.full((10, 30, 12), 2, np.uint8)
    labels[:, :6] = labels[:, -6:] = 3
    with pytest.raises(AmbiguousNormalError) as caught:
        find_normal(labels, metal, Engine())
    message = str(caught.value)
    # by hand: all of the first fifth is metal, and none of the electrolyte that follows it
    assert "+y 1.00" in message
    assert "-y 1.00" in message
    assert "symmetric" in message
    assert "--normal=+y or --normal=-y" in message
    assert "\n" not in message


@pytest.mark.parametrize("thick", [3, 10, 13])
def test_thick_electrodes_on_both_sides_are_seen_too(thick: int, metal: NDArray[np.bool_]) -> None:
    labels = np.full((8, 30, 12), 2, np.uint8)
    labels[:, :thick] = labels[:, -thick:] = 3
    with pytest.raises(AmbiguousNormalError, match="symmetric"):
        find_normal(labels, metal, Engine())


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_no_anode_is_no_normal(share: float, metal: NDArray[np.bool_]) -> None:
    # scattered metal of a tenth, none, or nothing but metal: no step anywhere
    labels = np.where(np.random.default_rng(1).random((20, 20, 20)) < share, 3, 2).astype(np.uint8)
    assert find_normal(labels, metal, Engine()) is None


def test_a_single_voxel_has_no_normal(metal: NDArray[np.bool_]) -> None:
    assert find_normal(np.full((1, 1, 1), 3, np.uint8), metal, Engine()) is None


def test_scores_are_the_step_of_the_mean_share() -> None:
    labels = np.full((4, 10, 5), 2, np.uint8)
    labels[:, :3] = 3
    labels[:2, 3:5] = 3
    table = np.arange(256) == 3
    profiles = metal_profiles(labels, table, Engine(block_shape=(3, 4, 2)))
    np.testing.assert_allclose(profiles[1], [1, 1, 1, 0.5, 0.5, 0, 0, 0, 0, 0], rtol=1e-15)
    scores = step_scores(profiles)
    # best cut after three planes: 1 before, 1/7 behind; scores are rounded to six digits
    assert scores["+y"] == pytest.approx(1 - 1 / 7, abs=1e-6)
    assert scores["+z"] == pytest.approx(0.2, abs=1e-6)
    assert scores["+x"] == 0


@pytest.mark.parametrize("text", DIRECTIONS)
def test_names_are_read_and_written(text: str) -> None:
    assert str(Normal.parse(text)) == text
