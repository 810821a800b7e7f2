"""Corrections against plain arrays, across sessions, and against everything that may go wrong on a disk."""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micro.correct import (
    JOURNAL_NAME,
    CorrectedArray,
    Correction,
    Edit,
    Patch,
    corrections_folder,
    holds_corrections,
)
from micro.errors import JournalError, OutputError, ParameterError, ShapeMismatchError
from micro.io import read_labels, write_ome_zarr
from micro.model import Labels, Spacing

SPACING = Spacing(0.1, 0.05, 0.025)


def whole(correction):
    return correction.read(tuple(slice(0, n) for n in correction.shape))


class Plain:
    """The same with arrays: every state is kept whole."""

    def __init__(self, labels):
        self.states, self.at = [labels.copy()], 0

    @property
    def now(self):
        return self.states[self.at]

    def apply(self, edit):
        new = self.now.copy()
        for patch in edit.patches:
            new[patch.region] = patch.values
        if np.array_equal(new, self.now):
            return
        self.states = [*self.states[: self.at + 1], new]
        self.at += 1

    def undo(self):
        self.at = max(0, self.at - 1)

    def redo(self):
        self.at = min(len(self.states) - 1, self.at + 1)


ACTIONS = st.lists(st.sampled_from(["edit", "edit", "edit", "undo", "redo", "reopen", "crash", "flush"]), max_size=14)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, seed=st.integers(0, 2**32 - 1))
def test_any_order_of_edits_undo_redo_and_sessions_is_as_with_plain_arrays(actions, seed, automatic, random_edit):
    rng = np.random.default_rng(seed)
    plain = Plain(automatic.data.compute())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch, contextlib.ExitStack() as opened:
        folder = Path(scratch) / "Größe.corrections"
        # Room for 8 chunks only, so that chunks are dropped and read again all the time.
        correction = opened.enter_context(Correction(automatic, folder, cache_bytes=1))
        for action in actions:
            if action == "edit":
                edit = random_edit(rng, automatic.shape)
                correction.apply(edit)
                plain.apply(edit)
            elif action in ("undo", "redo"):
                getattr(correction, action)()
                getattr(plain, action)()
            elif action == "flush":
                correction.flush()
            else:
                if action == "reopen":
                    correction.close()
                else:  # as after a kill: what was in memory is gone, the files stay as they are
                    correction._journal._stream.close()
                    correction._lock.release()
                correction = opened.enter_context(Correction(automatic, folder, cache_bytes=1))
            np.testing.assert_array_equal(whole(correction), plain.now)
        correction.close()
        shutil.rmtree(folder / "overlay", ignore_errors=True)  # not there where nothing was edited
        with Correction(automatic, folder) as again:
            np.testing.assert_array_equal(whole(again), plain.now)
    np.testing.assert_array_equal(automatic.data.compute(), plain.states[0])


def test_regions_are_read_as_from_an_array(automatic, folder, random_edit):
    rng = np.random.default_rng(3)
    with Correction(automatic, folder) as correction:
        for _ in range(6):
            correction.apply(random_edit(rng, automatic.shape))
        reference = whole(correction)
        array = CorrectedArray(correction)
        for key in (
            5,
            np.s_[3, 4],
            np.s_[..., 7],
            np.s_[60:70, ::3, -1],
            np.s_[:, 5:5],
            np.s_[[1, 69], [2, 3], [4, 5]],
        ):
            np.testing.assert_array_equal(array[key], reference[key])
        np.testing.assert_array_equal(np.asarray(array), reference)
        np.testing.assert_array_equal(correction.lazy().compute(), reference)


def test_what_is_set_through_the_array_is_in_the_journal_at_once(automatic, folder):
    with Correction(automatic, folder) as correction:
        array = CorrectedArray(correction)
        reference = automatic.data.compute()
        array[2, 3:9, 4:8] = 7
        reference[2, 3:9, 4:8] = 7
        many = (np.array([0, 69]), np.array([0, 64]), np.array([0, 79]))
        array[many] = np.uint8([8, 9])
        reference[many] = [8, 9]
        np.testing.assert_array_equal(np.asarray(array), reference)
        # the second was joined to the stroke of the first, as stamps of one press of the mouse are
        assert correction.log.to_undo.voxels == 26
        correction.undo()
        np.testing.assert_array_equal(np.asarray(array), automatic.data.compute())


def test_a_stroke_is_undone_whole_and_the_next_one_is_not_joined(automatic, folder):
    with Correction(automatic, folder) as correction:
        stamps = [Edit("paint", [Patch((0, 0, x), np.full((1, 1, 4), 9, np.uint8))]) for x in (0, 2, 4, 20)]
        first = correction.apply(stamps[0])
        for stamp in stamps[1:3]:
            assert correction.apply(stamp, stroke=first.number).number == first.number
        assert first.voxels == 8
        correction.apply(stamps[3])
        correction.undo()
        assert (correction.read(np.s_[0:1, 0:1, 0:8]) == 9).all()
        correction.undo()
        np.testing.assert_array_equal(whole(correction), automatic.data.compute())
        # the stroke was undone: a late stamp begins a new one
        assert correction.apply(stamps[0], stroke=first.number).number == 3


def test_an_edit_that_changes_nothing_is_none(automatic, folder):
    with Correction(automatic, folder) as correction:
        same = automatic.data[:2, :2, :2].compute()
        assert correction.apply(Edit("paint", [Patch((0, 0, 0), same)])) is None
        assert correction.records == 0


def test_erased_to_zero_stays_erased(folder):
    # A chunk of zeros is a chunk: one that is missing would show the automatic labels.
    automatic = Labels(np.full((64, 64, 64), 2, np.uint8), SPACING)
    with Correction(automatic, folder) as correction:
        correction.apply(Edit("erase", [Patch((0, 0, 0), np.zeros((64, 64, 64), np.uint8))]))
    with Correction(automatic, folder) as correction:
        assert correction.recovery.replayed == 0
        assert not whole(correction).any()


def test_the_overlay_holds_only_what_was_touched(automatic, folder):
    with Correction(automatic, folder) as correction:
        correction.apply(Edit("paint", [Patch((0, 0, 0), np.full((2, 2, 2), 9, np.uint8))]))
    chunks = [path for path in (folder / "overlay/voxels.zarr/c").rglob("*") if path.is_file()]
    assert [path.relative_to(folder / "overlay/voxels.zarr").as_posix() for path in chunks] == ["c/0/0/0"]


def test_a_damaged_or_stale_overlay_is_made_anew_from_the_journal(automatic, folder, random_edit):
    rng = np.random.default_rng(5)
    with Correction(automatic, folder) as correction:
        for _ in range(4):
            correction.apply(random_edit(rng, automatic.shape))
        reference = whole(correction)
    chunk = next(path for path in (folder / "overlay/voxels.zarr/c").rglob("*") if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with Correction(automatic, folder) as correction:
        np.testing.assert_array_equal(whole(correction), reference)
    (folder / "overlay/state.json").write_text("{", encoding="utf-8")
    with Correction(automatic, folder) as correction:
        assert correction.recovery.replayed == 4
        np.testing.assert_array_equal(whole(correction), reference)


def test_undo_on_a_chunk_that_was_damaged_meanwhile(automatic, folder):
    with Correction(automatic, folder) as correction:
        CorrectedArray(correction)[0, 0, 0] = 9
        CorrectedArray(correction)[0, 0, 1] = 9
    with Correction(automatic, folder) as correction:
        for chunk in (folder / "overlay/voxels.zarr/c").rglob("*"):
            if chunk.is_file():
                chunk.write_bytes(b"no zstd")
        correction.undo()
        assert correction.read(np.s_[0:1, 0:1, 0:3]).ravel().tolist()[0] == 9
        expected = automatic.data.compute()
        expected[0, 0, 0] = 9
        np.testing.assert_array_equal(whole(correction), expected)


def test_another_thread_may_close_it(automatic, folder):
    import threading

    correction = Correction(automatic, folder)
    CorrectedArray(correction)[0, 0, 0] = 9
    closing = threading.Thread(target=correction.close)
    closing.start()
    closing.join()
    with Correction(automatic, folder) as again:
        assert again.recovery.replayed == 0


def test_a_single_section_is_corrected_alike(folder):
    automatic = Labels(np.ones((600, 700), np.uint8), SPACING)
    with Correction(automatic, folder) as correction:
        CorrectedArray(correction, flat=True)[500:520, 510:530] = 5
        assert correction.log.to_undo.moved == {(1, 5): 400}
        assert int((whole(correction) == 5).sum()) == 400


def test_two_writers_are_told_apart(automatic, folder):
    with Correction(automatic, folder), pytest.raises(OutputError, match=f"open elsewhere .*process {os.getpid()}"):
        Correction(automatic, folder)
    Correction(automatic, folder).close()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Labels(np.zeros((4, 5, 7), np.uint8), SPACING), r"shape \(4, 5, 6\), found \(4, 5, 7\)"),
        (Labels(np.zeros((4, 5, 6), np.uint8), SPACING.scaled(2)), r"voxel size \(um\) \(0.1"),
        (Labels(np.ones((4, 5, 6), np.uint8), SPACING), "content voxels:"),
    ],
)
def test_corrections_of_other_labels_are_refused_and_left_alone(other, said, folder):
    with Correction(Labels(np.zeros((4, 5, 6), np.uint8), SPACING), folder) as correction:
        CorrectedArray(correction)[0, 0, 0] = 1
    before = (folder / JOURNAL_NAME).read_bytes()
    with pytest.raises(JournalError, match=said) as caught:
        Correction(other, folder)
    assert "\n" not in str(caught.value)
    assert (folder / JOURNAL_NAME).read_bytes() == before


def test_labels_read_from_a_file_are_known_again_wherever_they_lie(tmp_path):
    path = tmp_path / "Prüfung a" / "labels.ome.zarr"
    write_ome_zarr(path, None, Labels(np.ones((4, 5, 6), np.uint8), SPACING))
    with Correction(read_labels(path), corrections_folder(path)) as correction:
        CorrectedArray(correction)[0] = 3
    moved = tmp_path / "Prüfung b"
    (tmp_path / "Prüfung a").rename(moved)
    with Correction(read_labels(moved / path.name), corrections_folder(moved / path.name)) as correction:
        assert len(correction.log.active) == 1
    write_ome_zarr(moved / path.name, None, Labels(np.full((4, 5, 6), 2, np.uint8), SPACING))
    with pytest.raises(JournalError, match="belong to labels of content files:"):
        Correction(read_labels(moved / path.name), corrections_folder(moved / path.name))


def test_a_patch_beyond_the_labels_or_made_of_old_ones_is_refused(automatic, folder):
    with Correction(automatic, folder) as correction:
        with pytest.raises(ShapeMismatchError, match="within them"):
            correction.apply(Edit("paint", [Patch((69, 0, 0), np.zeros((2, 1, 1), np.uint8))]))
        seen = correction.revision
        CorrectedArray(correction)[0, 0, 0] = 9
        with pytest.raises(ParameterError, match="do it again"):
            correction.apply(Edit("relabel", [Patch((0, 0, 0), np.zeros((1, 1, 1), np.uint8))]), revision=seen)
        assert correction.records == 1


def test_an_edit_that_fails_in_the_middle_leaves_nothing(automatic, folder):
    def patches():
        yield Patch((0, 0, 0), np.full((40, 40, 40), 9, np.uint8))
        raise RuntimeError("the tool gave up")

    with Correction(automatic, folder) as correction:
        size = (folder / JOURNAL_NAME).stat().st_size
        with pytest.raises(RuntimeError, match="gave up"):
            correction.apply(Edit("relabel", patches()))
        assert (folder / JOURNAL_NAME).stat().st_size == size
        np.testing.assert_array_equal(whole(correction), automatic.data.compute())


def test_a_full_disk_is_told_and_nothing_is_half_written(automatic, folder):
    resource = pytest.importorskip("resource", reason="limits of the size of a file are of POSIX")
    noise = np.random.default_rng(1).integers(0, 255, (30, 30, 30), np.uint8)
    with Correction(automatic, folder) as correction:
        CorrectedArray(correction)[0, 0, 0] = 9
        before, reference = (folder / JOURNAL_NAME).read_bytes(), whole(correction)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 1000, hard))
        try:
            with pytest.raises(OutputError, match="nothing was changed"):
                correction.apply(Edit("paint", [Patch((1, 1, 1), noise)]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (folder / JOURNAL_NAME).read_bytes() == before
        np.testing.assert_array_equal(whole(correction), reference)
        # with room again it goes on
        assert correction.apply(Edit("paint", [Patch((1, 1, 1), noise)])).number == 2


@pytest.mark.skipif(sys.platform == "win32", reason="modes of folders are of POSIX")
def test_a_folder_that_can_not_be_written_is_told(automatic):
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o555)
        powerful = os.geteuid() == 0
        if powerful:
            os.seteuid(65534)
        try:
            with pytest.raises(OutputError, match=r"can't write .* corrections are kept beside the labels"):
                Correction(automatic, Path(scratch) / "labels.corrections")
        finally:
            if powerful:
                os.seteuid(0)
            Path(scratch).chmod(0o755)
        assert list(Path(scratch).iterdir()) == []


def test_zarr_labels_are_read_by_region_only(tmp_path, folder):
    seen = []

    class Watched:
        shape, dtype, ndim = (300, 300, 300), np.dtype(np.uint8), 3

        def __getitem__(self, key):
            seen.append(tuple(s.stop - s.start for s in key))
            return np.ones(tuple(s.stop - s.start for s in key), np.uint8)

    import dask.array as da

    lazy = da.from_array(Watched(), chunks=(128, 128, 128), name=False, meta=np.empty((0, 0, 0), np.uint8))
    with Correction(Labels(lazy, SPACING), folder) as correction:
        seen.clear()
        correction.read(np.s_[150:151, 0:300, 0:300])
        assert {size[0] for size in seen} == {1}
        seen.clear()
        CorrectedArray(correction)[150, 10:20, 10:20] = 3
        assert all(max(size) <= 64 for size in seen)


def test_the_overlay_is_plain_zarr(automatic, folder):
    with Correction(automatic, folder) as correction:
        CorrectedArray(correction)[0, 0, 0] = 9
    assert zarr.open_array(folder / "overlay/voxels.zarr", mode="r")[0, 0, 0] == 9


def test_a_slice_that_is_shown_follows_every_change(folder, random_edit):
    # Large enough to be kept: 600 x 600 pixels.
    rng = np.random.default_rng(8)
    automatic = Labels(rng.integers(0, 6, (3, 600, 600), np.uint8), SPACING)
    plain = Plain(automatic.data.compute())
    with Correction(automatic, folder) as correction:
        shown = CorrectedArray(correction)
        for number in range(12):
            if number % 4 == 3:
                correction.undo()
                plain.undo()
            else:
                edit = random_edit(rng, automatic.shape)
                correction.apply(edit)
                plain.apply(edit)
            for z in (1, 1, number % 3):
                np.testing.assert_array_equal(shown[z], plain.now[z])


def test_what_was_opened_and_never_edited_leaves_nothing(automatic, folder):
    with Correction(automatic, folder) as correction:
        assert correction.undo() is None
        assert holds_corrections(folder)  # others must not replace the labels now
    assert not folder.exists()
    assert not holds_corrections(folder)
    with Correction(automatic, folder) as correction:
        correction.apply(Edit("paint", [Patch((0, 0, 0), np.full((1, 2, 2), 5, np.uint8))]))
        correction.undo()
    assert holds_corrections(folder)
    with Correction(automatic, folder) as again:
        assert again.log.to_redo is not None
    assert holds_corrections(folder)


def test_other_files_in_a_folder_of_corrections_stay(automatic, folder):
    folder.mkdir(parents=True)
    (folder / "note.txt").write_text("mine", encoding="utf-8")
    Correction(automatic, folder).close()
    assert {path.name for path in folder.iterdir()} - {"lock"} == {"note.txt"}
