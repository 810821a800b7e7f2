"""Training: reproducible, honest about what it can't know, and clear about strokes that don't fit."""

import numpy as np
import pytest

from micro.blocks import Engine
from micro.classify import TrainParams, classify, most_uncertain, train
from micro.errors import ParameterError, PhaseError, ShapeMismatchError
from micro.model import Labels, Spacing, Volume
from micro.phantoms import make_phantom, strokes_of
from micro.preprocess import PreprocessParams, preprocess
from micro.segment import SegmentParams

EDGE = Spacing.parse("10nm")
QUICK = TrainParams(steps=200, networks=2)


def halves(*, seed=0, size=64):
    """Dark left, bright right, with strokes in each."""
    rng = np.random.default_rng(seed)
    grey = np.where(np.arange(size) < size // 2, 12_000, 48_000) + rng.normal(0, 4_000, (size, size))
    strokes = np.zeros((size, size), np.uint8)
    for row in (8, 30, 50):
        strokes[row, 4 : size // 2 - 4], strokes[row + 5, size // 2 + 4 : -4] = 1, 2
    return Volume(grey.clip(0, 65535).astype(np.uint16), EDGE), Labels(strokes, EDGE)


def test_the_same_strokes_and_seed_give_the_same_classifier():
    pair = halves()
    one, two, other = (
        train([pair], params, engine, preprocessed={}).classifier.network
        for params, engine in (
            (QUICK, Engine()),
            (QUICK, Engine(block_shape=(1, 13, 9), workers=1)),
            (QUICK.model_copy(update={"seed": 1}), Engine()),
        )
    )
    assert all(
        np.array_equal(getattr(one, n), getattr(two, n)) for n in ("mean", "scale", "first", "last", "last_bias")
    )
    assert not np.array_equal(one.first, other.first)


def test_easy_phases_are_recognised_when_held_out_and_grey_tells_them():
    training = train([halves()], QUICK, Engine(), preprocessed={})
    assert training.held_out.accuracy > 0.98
    assert set(training.held_out.iou) == {"void", "SE"}
    assert dict(training.strokes) == {"void": 72, "SE": 72}
    assert sum(training.feature_use.values()) == pytest.approx(1, abs=0.01)
    by_grey = sum(share for name, share in training.feature_use.items() if name.startswith(("grey", "gaussian")))
    assert by_grey > 0.5
    assert training.warnings == ()


def test_phases_that_look_alike_are_not_recognised_when_held_out():
    volume, strokes = halves()
    noise = np.random.default_rng(1).normal(30_000, 4_000, volume.shape).astype(np.uint16)
    training = train([(Volume(noise, EDGE), strokes)], QUICK, Engine(), preprocessed={})
    assert training.held_out.accuracy < 0.8
    assert any("were recognised" in line for line in training.warnings)


def test_a_phase_with_one_percent_of_the_strokes_is_not_lost():
    rng = np.random.default_rng(0)
    truth = np.ones((120, 120), np.uint8)
    truth[:, 60:] = 2
    for y, x in rng.integers(8, 112, (12, 2)):
        truth[y - 3 : y + 4, x - 3 : x + 4] = 3
    grey = np.array([0, 15_000, 50_000, 32_000])[truth] + rng.normal(0, 2_000, truth.shape)
    strokes = np.zeros_like(truth)
    strokes[::6] = np.where(truth[::6] != 3, truth[::6], 0)
    rare = np.argwhere(truth == 3)[:: (truth == 3).sum() // 22]
    strokes[tuple(rare.T)] = 3
    volume = Volume(grey.clip(0, 65535).astype(np.uint16), EDGE)
    training = train([(volume, Labels(strokes, EDGE))], TrainParams(steps=400), Engine(), preprocessed={})
    assert training.strokes["Li"] < 0.015 * sum(training.strokes.values())
    found = classify(volume, training.classifier, SegmentParams(), Engine()).data.compute()[0]
    assert ((found == 3) & (truth == 3)).sum() > 0.7 * ((found == 3) | (truth == 3)).sum()


def test_a_classifier_fits_a_picture_of_another_grey_scale_after_preprocessing():
    phantom = make_phantom("sem", seed=7, shape=(160, 220))
    params = PreprocessParams()
    grey = phantom.volume.data.compute().astype(np.float64)
    other = phantom.volume.after(phantom.volume.history[0], (grey * 100 + 4_000).astype(np.uint16))
    one, two = (preprocess(volume, params, Engine()) for volume in (phantom.volume, other))
    strokes = strokes_of(phantom.truth, seed=1, share=5e-3)
    classifier = train([(one, strokes)], QUICK, Engine(), preprocessed=params.model_dump()).classifier
    here, there = (classify(volume, classifier, SegmentParams(), Engine()).data.compute() for volume in (one, two))
    # the grey levels of the two normalised pictures differ by the rounding of the histogram's percentiles
    assert (here != there).mean() < 0.002


def test_several_pictures_train_one_classifier():
    one, two = halves(seed=1), halves(seed=2, size=80)
    training = train([one, two], QUICK, Engine(), preprocessed={})
    assert training.strokes["void"] == 72 + 96
    for volume, _ in (one, two):
        found = classify(volume, training.classifier, SegmentParams(), Engine()).data.compute()[0]
        middle = found.shape[1] // 2
        assert (found[:, : middle - 3] == 1).mean() > 0.97
        assert (found[:, middle + 3 :] == 2).mean() > 0.97


def test_the_most_uncertain_place_is_what_nobody_painted():
    volume, strokes = halves()
    grey = volume.data.compute()
    grey[0, 20:32, 40:52] = 30_000
    training = train([(Volume(grey, EDGE), strokes)], QUICK, Engine(), preprocessed={})
    labels = classify(Volume(grey, EDGE), training.classifier, SegmentParams(), Engine())
    _, y, x = most_uncertain(labels, Engine(block_shape=(1, 11, 17)))
    assert (y, x) == most_uncertain(labels, Engine())[1:]
    assert 14 < y < 38
    assert 28 < x < 58


def with_strokes(values):
    volume, _ = halves()
    return [(volume, Labels(np.asarray(values, np.uint8), EDGE))]


def test_bad_strokes_are_refused_with_one_line():
    nothing = np.zeros((64, 64), np.uint8)
    unknown = nothing.copy()
    unknown[3, 3:9], unknown[8, 3:9] = 1, 77
    for values, error, message in (
        (nothing, PhaseError, "strokes nowhere; expected strokes of at least two phases"),
        (np.where(np.eye(64), 3, 0), PhaseError, "strokes only of Li"),
        (unknown, PhaseError, r"value 77 on the image 'sample'.*1 void, 2 SE"),
        (np.ones((64, 60)), ShapeMismatchError, r"strokes of shape \(1, 64, 60\) on the image 'sample'"),
    ):
        with pytest.raises(error, match=message) as caught:
            train(with_strokes(values), QUICK, Engine(), preprocessed={})
        assert "\n" not in str(caught.value)
    with pytest.raises(ParameterError, match="without a picture"):
        train([], QUICK, Engine(), preprocessed={})


def test_few_strokes_give_warnings():
    strokes = np.zeros((64, 64), np.uint8)
    strokes[10, 5:15] = 1
    strokes[3:60, 50] = 2
    warnings = train(with_strokes(strokes), QUICK, Engine(), preprocessed={}).warnings
    assert "void has 10 stroke voxels only: paint more of it" in warnings
    assert "SE has one stroke only: paint it in another place too" in warnings
