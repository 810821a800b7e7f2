"""Slices put in line: what moved is found, what the sample does is left, and what was not seen is not labelled."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from micro.blocks import Engine
from micro.errors import ImageContentError, ParameterError
from micro.model import Labels, Spacing, Volume
from micro.phantoms import make_phantom
from micro.phantoms.artefacts import wander
from micro.preprocess import PreprocessParams, straighten, unlabel_missing
from micro.preprocess.drift import slow_path
from micro.preprocess.resample import move_slice

MARGIN = 20
SLICES = 28
CUBIC = Spacing(0.02, 0.02, 0.02)
NEIGHBOURS = PreprocessParams(align="neighbours")


def rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.fixture(scope="module")
def still() -> NDArray[np.uint8]:
    return np.asarray(make_phantom("fibsem", seed=3, shape=(SLICES, 176, 208), noise="none").volume.data)


@pytest.fixture(scope="module")
def jitter() -> NDArray[np.float64]:
    """Two voxels of jitter a slice in y and in x."""
    return np.random.default_rng(1).normal(0, 2, (SLICES, 2)).clip(-6, 6)


def test_jitter_is_found_and_taken_out(still: NDArray[np.uint8], jitter: NDArray[np.float64]) -> None:
    moved = wander(still, jitter, margin=MARGIN).clip(0, 255)
    volume = Volume(np.rint(moved).astype(np.uint8), CUBIC, "fibsem")
    after = straighten(volume, PreprocessParams(), Engine())
    found = np.array(after.history[-1].parameters["found"]["shifts_voxels"])
    error = found - jitter
    error -= error.mean(axis=0)
    # over ten slices and more the sample's own changes can't be told from jitter: 0.17 of white jitter (sigma 5), and
    # what the sample does. From slice to slice 0.1 to 0.5 voxel on phantoms (seeds 3 and 5, all noise levels)
    assert rms(error - slow_path(error)) < 0.5
    assert rms(error) < 0.8
    assert rms(np.diff(error, axis=0)) < 0.15 * rms(np.diff(jitter, axis=0))
    assert after.data.dtype == np.uint8
    assert found[SLICES // 2].tolist() == [0, 0]
    seen = still[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    inner = (slice(2, -2), slice(12, -12), slice(12, -12))
    steps = [rms(np.diff(np.asarray(each, np.float64), axis=0)[inner]) for each in (seen, volume.data, after.data)]
    # of the differences between slices that the jitter made, five sixths go at least
    assert steps[2] - steps[0] < 0.17 * (steps[1] - steps[0])
    assert after.history[-1].parameters["found"]["did"][0].startswith("slices aligned: jitter of ")


def test_a_jump_is_taken_out_whole(still: NDArray[np.uint8]) -> None:
    shifts = np.zeros((SLICES, 2))
    shifts[9:] += (6.0, -4.0)
    volume = Volume(wander(still, shifts, margin=MARGIN), CUBIC, "fibsem")
    found = np.array(straighten(volume, PreprocessParams(), Engine()).history[-1].parameters["found"]["shifts_voxels"])
    # one comparison of two slices, in which the sample changes too
    np.testing.assert_allclose(found[9:].mean(axis=0) - found[:9].mean(axis=0), (6, -4), atol=0.6)
    # the slices on either side are close to each other but for the sample's changes
    assert rms(np.diff(found - shifts, axis=0)) < 0.2


@pytest.mark.parametrize("shear", [0.0, 0.6])
def test_a_slanted_sample_is_no_drift(still: NDArray[np.uint8], shear: float) -> None:
    ramp = np.outer(np.arange(SLICES) - SLICES / 2, (shear, -shear))
    volume = Volume(wander(still, ramp, margin=MARGIN), CUBIC, "fibsem")
    after = straighten(volume, PreprocessParams(), Engine())
    assert after.data is volume.data
    facts = after.history[-1].parameters["found"]
    # the cubic through four neighbours passes a steady change: what is left are the changes of the sample, 0.05 voxel
    assert facts["jitter_rms_voxels"] < 0.1
    assert facts["did"][0].endswith("left as they are")


@pytest.mark.parametrize(("drift", "doubted"), [(0.0, False), (-1.2, True)])
def test_a_strong_drift_that_is_kept_is_doubted(still: NDArray[np.uint8], drift: float, doubted: bool) -> None:
    ramp = np.outer(np.arange(SLICES) - SLICES / 2, (0, drift))
    volume = Volume(wander(still, ramp, margin=MARGIN), Spacing(0.05, 0.025, 0.025), "fibsem")
    facts = straighten(volume, PreprocessParams(), Engine()).history[-1].parameters["found"]
    # voxels twice as long as wide: 1.2 voxels a slice are 0.6 of the depth; the sample itself adds to it or takes off
    assert facts["kept_shear"] == pytest.approx(abs(drift) / 2, abs=0.35)
    assert (facts.get("doubts") == ["slices drift"]) is doubted
    assert ("slices drift sideways by" in " ".join(facts.get("warnings", []))) is doubted


def test_slices_of_noise_are_not_moved() -> None:
    grey = np.random.default_rng(0).normal(128, 30, (12, 72, 80)).clip(0, 255).astype(np.uint8)
    after = straighten(Volume(grey, CUBIC, "fibsem"), PreprocessParams(), Engine())
    facts = after.history[-1].parameters["found"]
    assert "too little to be put in line" in facts["did"][0]
    assert not {"shifts_voxels", "warnings"} & set(facts)


@pytest.mark.parametrize("grey", ["blank", "noise"])
@pytest.mark.parametrize("places", [(10,), (0, 14, 15, SLICES - 1)])
def test_lost_slices_move_no_other_and_are_made_up_for(
    still: NDArray[np.uint8], grey: str, places: tuple[int, ...]
) -> None:
    spoilt = still.copy()
    for k in places:
        spoilt[k] = 0 if grey == "blank" else np.random.default_rng(k).integers(0, 255, spoilt[k].shape)
    after = straighten(Volume(spoilt, CUBIC, "fibsem"), PreprocessParams(), Engine())
    facts = after.history[-1].parameters["found"]
    assert facts["lost_slices"] == list(places)
    assert facts["doubts"] == ["slices lost"]
    assert f"counted from 0: {', '.join(str(k) for k in places)})" in facts["warnings"][0]
    assert "shifts_voxels" not in facts
    found = np.asarray(after.data)
    good = np.setdiff1d(np.arange(SLICES), places)
    np.testing.assert_array_equal(found[good], still[good])
    # a lost slice is as near to the true one as its neighbours are
    for k in places:
        near = min(abs(good - k))
        change = max(rms(still[k].astype(float) - still[other]) for other in good if abs(other - k) <= near + 1)
        assert rms(found[k].astype(float) - still[k]) < change


def test_jitter_is_found_beside_a_lost_slice(still: NDArray[np.uint8], jitter: NDArray[np.float64]) -> None:
    moved = np.rint(wander(still, jitter, margin=MARGIN).clip(0, 255)).astype(np.uint8)
    moved[10] = 0
    after = straighten(Volume(moved, CUBIC, "fibsem"), PreprocessParams(), Engine())
    facts = after.history[-1].parameters["found"]
    assert facts["lost_slices"] == [10]
    error = np.delete(np.array(facts["shifts_voxels"]) - jitter, 10, axis=0)
    assert rms(error - error.mean(axis=0)) < 0.8
    assert float(np.asarray(after.data[10]).mean()) > 0.9 * float(np.asarray(after.data[9]).mean())


def test_with_a_fiducial_slow_drift_goes_too(still: NDArray[np.uint8], jitter: NDArray[np.float64]) -> None:
    path = 0.5 * jitter + np.outer(np.linspace(-8, 8, SLICES), (1, -1))
    marked = still.astype(np.float32)
    marked[:, 30:102, 51:123] = 158
    marked[:, 50:82, 82:92] = marked[:, 61:71, 71:103] = 250  # a cross milled into a pad
    noisy = marked + np.random.default_rng(2).normal(0, 20, still.shape)
    volume = Volume(wander(noisy, path - path[SLICES // 2], margin=MARGIN).astype(np.float32), CUBIC, "fibsem")
    params = PreprocessParams(fiducial=(26, 66, 47, 87))
    found = np.array(straighten(volume, params, Engine()).history[-1].parameters["found"]["shifts_voxels"])
    error = found - path
    # noise of 20 on edges of contrast 92, 64 pixels long each way: 20 / 92 / sqrt(64) = 0.03, of which Gauss-Newton
    # steps with weights use a half to a third
    assert rms(error - error.mean(axis=0)) < 0.1


def test_labels_end_where_nothing_was_seen(jitter: NDArray[np.float64]) -> None:
    rng = np.random.default_rng(3)
    grey = np.repeat(rng.normal(100, 30, (1, 72, 80)), 12, axis=0).astype(np.float32)
    volume = Volume(wander(grey, np.round(jitter[:12]), margin=8 + 4), CUBIC, "fibsem")
    after = straighten(volume, NEIGHBOURS, Engine())
    shifts = np.array(after.history[-1].parameters["found"]["shifts_voxels"])
    labels = unlabel_missing(Labels(np.ones(after.shape, np.uint8), CUBIC, history=after.history), Engine())
    kept = np.asarray(labels.data)
    for k in range(12):
        rows = np.arange(after.shape[1]) + shifts[k, 0]
        columns = np.arange(after.shape[2]) + shifts[k, 1]
        seen = ((rows >= -0.5) & (rows <= after.shape[1] - 0.5))[:, None]
        np.testing.assert_array_equal(kept[k], seen & ((columns >= -0.5) & (columns <= after.shape[2] - 0.5)))
    assert 0.5 < kept.mean() < 1
    probable = np.full((2, *after.shape), 255, np.uint8)
    both = Labels(
        np.ones(after.shape, np.uint8),
        CUBIC,
        None or labels.phases,
        after.history,
        probable,
        ("void", "SE"),  # type: ignore[arg-type]
    )
    out = unlabel_missing(both, Engine(block_shape=(5, 20, 9)))
    assert out.probabilities is not None
    np.testing.assert_array_equal(out.data, kept)
    np.testing.assert_array_equal(np.asarray(out.probabilities)[1], 255 * kept)
    untouched = Labels(np.ones((2, 3, 4), np.uint8), CUBIC)
    assert unlabel_missing(untouched, Engine()) is untouched


def test_the_result_does_not_depend_on_the_blocks(jitter: NDArray[np.float64]) -> None:
    grey = make_phantom("fibsem", seed=2, shape=(24, 120, 136), noise="ordinary").volume.data
    volume = Volume(wander(np.asarray(grey), jitter[:24], margin=MARGIN), CUBIC, "fibsem")
    whole = straighten(volume, NEIGHBOURS, Engine())
    for block_shape in [(5, 17, 96), (1, 80, 11)]:
        cut = straighten(volume, NEIGHBOURS, Engine(block_shape=block_shape))
        assert cut.history == whole.history
        assert np.asarray(cut.data).tobytes() == np.asarray(whole.data).tobytes()


def test_only_what_the_modality_can_have_is_looked_for(still: NDArray[np.uint8]) -> None:
    for volume in (Volume(still, CUBIC), Volume(still, CUBIC, "xct"), Volume(still[0], CUBIC, "sem")):
        assert straighten(volume, PreprocessParams(), Engine()) is volume
    assert straighten(Volume(still, CUBIC, "fibsem"), PreprocessParams(align="none"), Engine()).history == ()


def test_the_interpolation_keeps_fine_detail() -> None:
    x = np.arange(64, dtype=np.float32)
    for period, kept in ((8, 1.01), (4, 1.02), (3, 0.91)):
        wave = np.cos(2 * np.pi * x / period, dtype=np.float32)[None].repeat(8, axis=0)
        moved = move_slice(wave, (0.0, 0.5), start=(0, 8), shape=(8, 48))
        expected = np.cos(2 * np.pi * (x[8:56] + 0.5) / period)
        assert float(moved[4] @ expected / (expected @ expected)) == pytest.approx(kept, abs=0.02)


def test_wrong_fiducials_are_refused(still: NDArray[np.uint8]) -> None:
    with pytest.raises(ValidationError, match="needs the box of the mark"):
        PreprocessParams(align="fiducial")
    volume = Volume(still, CUBIC, "fibsem")
    for box in [(0, 10, 0, 40), (0, 40, 190, 230), (-5, 40, 0, 40)]:
        with pytest.raises(ParameterError, match=r"expected first and last y, then x"):
            straighten(volume, PreprocessParams(fiducial=box), Engine())
    ramp = np.outer(np.arange(SLICES) - SLICES // 2, (1.2, 0.0))
    gone = Volume(wander(still, ramp, margin=MARGIN), CUBIC, "fibsem")
    with pytest.raises(ImageContentError, match=r"fiducial (leaves the picture|is lost)"):
        straighten(gone, PreprocessParams(fiducial=(0, 40, 0, 168)), Engine())
