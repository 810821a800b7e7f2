"""What is left above the band of a high gap is no crack; cracks that open into a gap stay cracks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from micro.blocks import Engine
from micro.cell import CellParams, split_phases
from micro.model import Labels, Spacing

UNIT = Spacing(1, 1, 1)
VOID, SE, LI, CRACK = 1, 2, 3, 5


def with_gap(height: float) -> NDArray[np.uint8]:
    """A section with its anode below row 80, and a gap of half an ellipse on it, 80 voxels wide."""
    labels = np.full((120, 160), SE, np.uint8)
    labels[80:] = LI
    y, x = np.indices(labels.shape)
    labels[(((y - 79.5) / height) ** 2 + ((x - 79.5) / 40) ** 2 < 1) & (y < 80)] = VOID
    return labels


def split(labels: NDArray[np.uint8], engine: Engine, **limits: float) -> NDArray[np.uint8]:
    return np.asarray(split_phases(Labels(labels, UNIT), CellParams(**limits), engine).data)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("block", [(1, 128, 128), (1, 17, 23)], ids=str)
def test_the_cap_of_a_high_gap_is_no_crack(turns: int, block: tuple[int, int, int]) -> None:
    engine = Engine(block_shape=block)
    labels = np.ascontiguousarray(np.rot90(with_gap(16.5), turns))
    after = split(labels, engine)
    assert (labels == VOID).sum() > 1000
    np.testing.assert_array_equal(after == VOID, labels == VOID)
    # the same form without a gap below it is a crack
    apart = np.rot90(labels, -turns).copy()
    apart[68:80][apart[68:80] == VOID] = SE
    assert (split(np.ascontiguousarray(np.rot90(apart, turns)), engine) == CRACK).sum() > 150


@pytest.mark.parametrize("slant", [0.0, 0.5, 1.0, 1.5])
def test_a_crack_that_opens_into_a_gap_stays_one(slant: float) -> None:
    labels = with_gap(8.0)
    y, x = np.indices(labels.shape)
    labels[(abs(x - 80 - slant * (76 - y)) < 2 * np.hypot(1, slant)) & (y < 78) & (y > 40)] = VOID
    above = (labels == VOID) & (y < 68)
    after = split(labels, Engine())
    assert (after[above] == CRACK).all()
    assert (after[76:80, 50:70] == VOID).all()
