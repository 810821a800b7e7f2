"""Training while painting is the training."""

import numpy as np
import pytest

from micro.blocks import Engine
from micro.classify import GlimpsedPicture, TrainParams, classify, guess, learn, live, see, train
from micro.errors import ParameterError, ShapeMismatchError
from micro.model import Labels, Spacing, Volume
from micro.segment import SegmentParams

EDGE = Spacing.parse("20nm")
PARAMS = TrainParams(steps=60, scales=(1.0, 4.0))


@pytest.fixture
def picture():
    rng = np.random.default_rng(5)
    grey = np.full((1, 90, 130), 12_000.0)
    grey[:, 30:, :] = 26_000
    grey[:, :, 80:] = 40_000
    return Volume((grey + rng.normal(0, 2_000, grey.shape)).astype(np.uint16), EDGE)


@pytest.fixture
def strokes():
    painted = np.zeros((1, 90, 130), np.uint8)
    painted[0, 5:25, 10:12] = 1
    painted[0, 40:80, 20:22] = 3
    painted[0, 10:70, 100:103] = 2
    return Labels(painted, EDGE)


def same(one, two) -> bool:
    arrays = one.network.__dataclass_fields__
    return all(np.array_equal(getattr(one.network, name), getattr(two.network, name)) for name in arrays)


@pytest.mark.parametrize("block", [(1, 1024, 1024), (1, 33, 57)])
def test_it_is_the_classifier_of_the_training(picture, strokes, block):
    engine = Engine(block_shape=block)
    slow = train([(picture, strokes)], PARAMS, Engine(), preprocessed={}).classifier
    seen = learn([(see(picture, PARAMS, engine), strokes)], PARAMS, engine, preprocessed={})
    glimpsed = learn([(GlimpsedPicture(picture, PARAMS, engine), strokes)], PARAMS, engine, preprocessed={})
    assert same(slow, seen)
    assert same(slow, glimpsed)
    assert (slow.levels, slow.widths, slow.phases) == (seen.levels, seen.widths, seen.phases)


def test_the_probabilities_are_those_of_the_segmentation(picture, strokes):
    seen = see(picture, PARAMS, Engine())
    classifier = learn([(seen, strokes)], PARAMS, Engine(), preprocessed={})
    quick = guess(seen, classifier, Engine())
    whole = classify(picture, classifier, SegmentParams(), Engine())
    assert np.array_equal(quick.probabilities.compute(), whole.probabilities.compute())
    places = quick.probabilities.compute().argmax(axis=0)
    values = np.array([quick.phases[name].value for name in quick.probability_phases])
    assert np.array_equal(quick.data.compute(), values[places])


def test_a_glimpse_is_remembered(picture, strokes):
    counted = []
    engine = Engine(progress=lambda *told: counted.append(told))
    glimpsed = GlimpsedPicture(picture, PARAMS, engine)
    learn([(glimpsed, strokes)], PARAMS, Engine(), preprocessed={})
    assert counted
    counted.clear()
    learn([(glimpsed, strokes)], PARAMS, Engine(), preprocessed={})
    assert not counted


def test_other_features_are_refused(picture, strokes):
    seen = see(picture, PARAMS, Engine())
    other = TrainParams(steps=60, scales=(2.0,))
    with pytest.raises(ParameterError, match="other features"):
        learn([(seen, strokes)], other, Engine(), preprocessed={})
    classifier = train([(picture, strokes)], other, Engine(), preprocessed={}).classifier
    with pytest.raises(ShapeMismatchError, match="other features"):
        guess(seen, classifier, Engine())


def test_a_picture_too_large_is_refused(picture, monkeypatch):
    monkeypatch.setattr(live, "LIVE_VOXELS_MAX", 100)
    with pytest.raises(ParameterError, match="take a box"):
        see(picture, PARAMS, Engine())


def test_no_strokes_are_refused():
    with pytest.raises(ParameterError, match="no strokes to train on; paint strokes of two phases"):
        learn([], PARAMS, Engine(), preprocessed={})
