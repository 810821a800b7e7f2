"""Neighbours that agree, and edges that are left to the grey."""

import numpy as np

from micro.classify.agreement import agree_on, leave_edges_to_grey
from micro.segment.regularise import UNIT


def test_at_edges_the_network_says_nothing_between_the_phases_that_meet():
    # the network's void is a voxel too wide on either side, as strokes beside its edges make it
    chances = np.zeros((3, 1, 7, 9), np.uint8)
    chances[1] = 250
    chances[:, :, :, 3:6] = np.array([250, 3, 0], np.uint8)[:, None, None, None]
    flat = leave_edges_to_grey(chances)
    assert flat[:, 0, 3, 2].tolist() == flat[:, 0, 3, 3].tolist() == [127, 127, 0]
    assert flat[:, 0, 3, 0].tolist() == [0, 250, 0]
    grey = np.full((1, 7, 9), 40_000, np.uint16)
    grey[..., 4] = 5_000
    costs = np.rint(UNIT * 0.5 * ((np.arange(65536)[:, None] - [5_000, 40_000, 20_000]) / 4_000.0) ** 2)
    weights = np.full((3, 3, 3), 100, np.int32)
    how = {"rounds": 2, "start": (0, 0, 0), "grey": grey, "grey_costs": np.minimum(costs, 12 * UNIT).astype(np.int32)}
    assert agree_on(flat, weights, **how)[0, 3].tolist() == [1, 1, 1, 1, 0, 1, 1, 1, 1]
