"""The brush against the distance of every voxel, in um."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micro.correct import painted, stamp
from micro.errors import ParameterError
from micro.model import Spacing

SHAPE = (9, 14, 17)
POINT = st.tuples(*(st.integers(-3, n + 2) for n in SHAPE))
EDGE = st.sampled_from([0.02, 0.05, 0.1])


def distance_um(points, spacing, across):
    """The distance of every voxel centre from a path, sampled densely: too large by far less than a voxel."""
    edges = np.array(spacing.um)
    path = np.array(points, float)
    if across is not None:
        path[:, across] = path[0, across]
    grid = np.moveaxis(np.indices(SHAPE), 0, -1) * edges
    best = np.full(SHAPE, np.inf)
    for begin, end in itertools.pairwise(path if len(path) > 1 else np.repeat(path, 2, axis=0)):
        for share in np.linspace(0, 1, 201):
            best = np.minimum(best, np.linalg.norm(grid - ((1 - share) * begin + share * end) * edges, axis=-1))
    if across is not None:
        outside = np.arange(SHAPE[across]) != path[0, across]
        np.moveaxis(best, across, 0)[outside] = np.inf
    return best


@settings(max_examples=60, deadline=None)
@given(
    points=st.lists(POINT, min_size=1, max_size=3),
    radius=st.floats(0.03, 0.4),
    edges=st.tuples(EDGE, EDGE, EDGE),
    across=st.sampled_from([None, 0, 1, 2]),
)
def test_the_brush_covers_what_lies_within_its_radius(points, radius, edges, across):
    spacing = Spacing(*edges)
    found = stamp(points, radius, spacing, SHAPE, across=across)
    covered = np.zeros(SHAPE, bool)
    if found is not None:
        covered[found.region] = found.mask
    distance = distance_um(points, spacing, across)
    # 201 samples of a path of at most 2.5 um lie 0.0125 um apart: half of that is the most by which they are too far.
    slack = 0.0065
    expected_least, expected_most = distance <= radius - 1e-6, distance <= radius + 1e-6
    own = np.zeros(SHAPE, bool)
    for point in points:
        corner = list(point)
        if across is not None:
            corner[across] = points[0][across]
        if all(0 <= at < n for at, n in zip(corner, SHAPE, strict=True)):
            own[tuple(corner)] = True
    assert (covered >= (expected_least | own)).all()
    assert (covered <= ((distance <= radius + slack) | expected_most | own)).all()


def test_a_disc_is_round_in_um_on_oblong_pixels():
    found = stamp([(0, 50, 50)], 1.0, Spacing(0.3, 0.1, 0.05), (1, 101, 101), across=0)
    assert found.mask.shape == (1, 21, 41)


def test_a_ball_reaches_fewer_slices_where_they_are_thick():
    found = stamp([(10, 50, 50)], 1.0, Spacing(0.5, 0.1, 0.1), (21, 101, 101))
    assert found.mask.shape == (5, 21, 21)


def test_a_brush_smaller_than_a_voxel_paints_the_voxel():
    found = stamp([(3, 4, 5)], 1e-3, Spacing(0.1, 0.1, 0.1), SHAPE)
    assert (found.start, found.mask.shape) == ((3, 4, 5), (1, 1, 1))


def test_outside_of_the_labels_there_is_nothing_to_paint():
    assert stamp([(3, -40, 5)], 0.2, Spacing(0.1, 0.1, 0.1), SHAPE) is None


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan"), float("inf")])
def test_a_radius_that_is_none_is_told(radius):
    with pytest.raises(ParameterError, match="positive length"):
        stamp([(0, 0, 0)], radius, Spacing(0.1, 0.1, 0.1), SHAPE)


def test_painting_only_where_a_phase_is_leaves_the_others():
    values = np.random.default_rng(1).integers(0, 6, (5, 6, 7), np.uint8)
    mask = np.random.default_rng(2).random(values.shape) < 0.5
    found = painted(values, mask, 4, only=(2, 3))
    assert np.array_equal(found, np.where(mask & ((values == 2) | (values == 3)), 4, values))
    assert np.array_equal(painted(values, mask, 4), np.where(mask, 4, values))
