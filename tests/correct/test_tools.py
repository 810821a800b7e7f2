"""Tools on open corrections: what changes, where, and what is refused."""

import numpy as np
import pytest

from micro.correct import (
    CorrectedArray,
    Correction,
    Pen,
    between,
    brush_edit,
    fill_edit,
    holes_edit,
    interpolate_edit,
    relabel_edit,
    smooth_edit,
    smoothed,
    tools,
)
from micro.errors import ImageContentError, ParameterError
from micro.model import Labels, Spacing

SPACING = Spacing(0.2, 0.1, 0.1)


@pytest.fixture
def cell():
    """Li below SE, with a ring of Li in the SE and a crack through several slices."""
    labels = np.full((12, 60, 70), 2, np.uint8)
    labels[:, :20] = 3
    labels[:, 30:41, 30:41] = 3
    labels[:, 33:38, 33:38] = 2
    labels[2:9, 45:55, 60] = 5
    return Labels(labels, SPACING)


@pytest.fixture
def correction(cell, tmp_path):
    with Correction(cell, tmp_path / "Größe.corrections") as opened:
        yield opened


def now(correction):
    return np.asarray(CorrectedArray(correction))


def test_the_brush_paints_only_the_phase_that_is_allowed(correction, cell):
    edit = brush_edit(correction, [(5, 20, 10)], 0.5, Pen(4, only=(2,), across=0))
    correction.apply(edit)
    after, before = now(correction), cell.data.compute()
    assert set(np.unique(before[after != before])) == {2}
    assert (after[5, 20:25, 10] == 4).all()
    assert (after[5, 15:20, 10] == 3).all()
    assert np.array_equal(np.delete(after, 5, axis=0), np.delete(before, 5, axis=0))
    assert dict(correction.log.to_undo.parameters) == {"value": 4, "only": [2], "in": "yx", "radius_um": 0.5}


def test_a_ball_goes_through_the_slices(correction):
    correction.apply(brush_edit(correction, [(5, 50, 20)], 0.45, Pen(1)))
    hit = np.flatnonzero((now(correction) == 1).any(axis=(1, 2)))
    assert hit.tolist() == [3, 4, 5, 6, 7]


def test_the_eraser_leaves_unlabelled(correction):
    correction.apply(brush_edit(correction, [(5, 50, 20)], 0.3, Pen(0, across=0)))
    assert correction.log.to_undo.tool == "erase"
    assert now(correction)[5, 50, 20] == 0


@pytest.mark.parametrize("across", [0, 1, 2])
def test_a_fill_stays_in_its_slice(correction, cell, across):
    edit, bounded = fill_edit(correction, (5, 35, 35), Pen(1, across=across))
    correction.apply(edit)
    changed = now(correction) != cell.data.compute()
    assert not bounded
    assert np.flatnonzero(changed.any(axis=tuple(a for a in range(3) if a != across))).tolist() == [(5, 35, 35)[across]]
    if across == 0:
        assert changed.sum() == 25


def test_a_fill_in_three_dimensions_is_bounded_and_says_so(correction, cell, tmp_path):
    edit, bounded = fill_edit(correction, (5, 35, 35), Pen(1))
    correction.apply(edit)
    assert not bounded
    assert int((now(correction) == 1).sum()) == 12 * 25
    with Correction(Labels(np.ones((2, 3, 300), np.uint8), SPACING), tmp_path / "long") as long:
        edit, bounded = fill_edit(long, (0, 0, 10), Pen(2))
        long.apply(edit)
        assert bounded
        assert int((now(long) == 2).sum()) == 6 * (10 + 97)


def test_an_object_is_relabelled_in_three_dimensions(correction, cell):
    edit, voxels = relabel_edit(correction, (5, 50, 60), Pen(1, across=0))
    correction.apply(edit)
    assert voxels == 70
    assert np.array_equal(now(correction), np.where(cell.data.compute() == 5, 1, cell.data.compute()))


def test_what_may_not_be_changed_is_told(correction):
    for tool in (fill_edit, relabel_edit):
        with pytest.raises(ParameterError, match="this is crack; only void or SE may be changed"):
            tool(correction, (5, 50, 60), Pen(3, only=(1, 2), across=0))
        with pytest.raises((ParameterError, IndexError)):
            tool(correction, (5, 50, 700), Pen(3, across=0))


def test_holes_are_filled_in_the_box_alone(correction, cell):
    correction.apply(holes_edit(correction, np.s_[4:6, 25:45, 25:45], Pen(3, across=0)))
    after = now(correction)
    assert (after[4:6, 33:38, 33:38] == 3).all()
    assert int((after != cell.data.compute()).sum()) == 2 * 25
    # the hole is a tunnel along z: in three dimensions it is open
    assert correction.apply(holes_edit(correction, np.s_[0:12, 25:45, 25:45], Pen(3))) is None


@pytest.mark.parametrize("slab_voxels", [1, 2000, 2**22])
@pytest.mark.parametrize("across", [None, 0, 1, 2])
def test_smoothing_a_box_is_smoothing_all_where_the_box_is(tmp_path, across, slab_voxels, monkeypatch):
    monkeypatch.setattr(tools, "SLAB_VOXELS", slab_voxels)
    whole = np.random.default_rng(6).integers(1, 4, (12, 60, 70), np.uint8)
    order = (across or 0, *(a for a in range(3) if a != (across or 0)))
    stack = smoothed(whole.transpose(order), 3, 0.15, SPACING.permuted(order), by_slice=across is not None)
    expected = whole.copy()
    box = np.s_[3:9, 25:45, 20:50]
    expected[box] = stack.transpose(np.argsort(order))[box]
    with Correction(Labels(whole, SPACING), tmp_path / "Größe") as correction:
        correction.apply(smooth_edit(correction, box, 0.15, Pen(3, across=across)))
        assert np.array_equal(now(correction), expected)
    assert not np.array_equal(expected, whole)


def test_smoothing_ends_between_slabs_and_changes_nothing(correction, monkeypatch):
    monkeypatch.setattr(tools, "SLAB_VOXELS", 1)
    told = []

    def stop(done, total):
        told.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    before = now(correction)
    with pytest.raises(KeyboardInterrupt):
        correction.apply(smooth_edit(correction, np.s_[3:9, 25:45, 20:50], 0.15, Pen(3), progress=stop))
    assert told == [(0, 6), (1, 6), (2, 6)]
    assert np.array_equal(now(correction), before)
    assert correction.records == 0


def test_a_box_that_is_too_large_is_refused(correction, monkeypatch):
    monkeypatch.setattr(tools, "MOST_VOXELS", 1000)
    box = np.s_[0:11, 0:10, 0:10]
    with pytest.raises(ParameterError, match=r"11 x 10 x 10 voxels can't be smoothed at once; .* select a smaller box"):
        smooth_edit(correction, box, 0.15, Pen(3))
    with pytest.raises(ParameterError, match="can't be filled"):
        holes_edit(correction, box, Pen(3))


def test_interpolation_takes_what_was_drawn_and_nothing_that_was_there(correction, cell):
    # Drawn beside the Li that is there already; that Li takes no part.
    correction.apply(brush_edit(correction, [(1, 25, 10)], 0.6, Pen(3, only=(2,), across=0)))
    correction.apply(brush_edit(correction, [(9, 25, 40)], 0.6, Pen(3, only=(2,), across=0)))
    drawn = now(correction)
    ends = [(drawn[z] == 3) & (cell.data[z].compute() != 3) for z in (1, 9)]
    expected = between(ends[0], ends[1], 7, (0.1, 0.1))
    correction.apply(interpolate_edit(correction, 9, 1, Pen(3, only=(2,), across=0)))
    after = now(correction)
    for z in range(2, 9):
        assert np.array_equal(after[z] == 3, (drawn[z] == 3) | (expected[z - 2] & (drawn[z] == 2)))
    assert np.array_equal(after[[0, 1, 9, 10, 11]], drawn[[0, 1, 9, 10, 11]])
    correction.undo()
    assert np.array_equal(now(correction), drawn)


def test_interpolation_without_two_drawn_slices_is_told(correction):
    with pytest.raises(ImageContentError, match="no Li was drawn by hand in slice 1"):
        interpolate_edit(correction, 1, 9, Pen(3, across=0))
    with pytest.raises(ParameterError, match="others between them"):
        interpolate_edit(correction, 4, 5, Pen(3, across=0))
