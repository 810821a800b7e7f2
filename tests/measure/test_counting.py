from __future__ import annotations

import numpy as np
import pytest

from micro.measure import poisson_interval
from micro.measure.counting import count_row, cut_weights
from micro.model import Measurement


def seen(start: np.ndarray, stop: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The parts of boxes that lie in the picture."""
    low, high = np.maximum(start, 0), np.minimum(stop, shape)
    inside = (low < high).all(axis=1)
    return low[inside], high[inside]


def test_every_place_that_a_box_can_have() -> None:
    shape, size = (1, 12, 20), (1, 5, 7)
    places = np.stack(np.meshgrid([0], np.arange(-20, 40), np.arange(-20, 40), indexing="ij"), -1).reshape(-1, 3)
    boxes = seen(places, places + size, shape)
    # One box begins at each pixel of the plane, so 12 x 20 belong to the picture. One that just touches the border
    # counts as cut: a pixel less along each axis. Seen are (12 + 4) x (20 + 6).
    assert cut_weights(*boxes, shape, (0, 1, 2)).sum() == pytest.approx(11 * 19)
    assert len(boxes[0]) == 16 * 26
    # Across the second axis only: what is cut along the first counts whole.
    assert cut_weights(*boxes, shape, (2,)).sum() == pytest.approx(16 * 19)


def test_a_box_through_the_picture_counts_nothing() -> None:
    boxes = seen(np.array([[0, -1, 3], [0, 2, 3]]), np.array([[1, 13, 6], [1, 4, 6]]), (1, 12, 20))
    assert cut_weights(*boxes, (1, 12, 20), (0, 1, 2)).tolist() == [0.0, 1.0]


def test_the_row_says_what_is_cut() -> None:
    row = count_row(Measurement("crack_count_density", None, "1/um2", "x"), np.array([1.0, 1.0, 0.5]), 5.0)
    assert (row.value, row.n) == (0.5, 3)
    assert (row.ci_low, row.ci_high) == poisson_interval(2.5, 5.0)
    assert row.note.startswith("1 of 3 cut by the picture")
    whole = count_row(row, np.array([1.0, 1.0]), 5.0)
    assert whole.note == ""
