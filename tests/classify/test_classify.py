"""The classifier's bytes: the same from every block size and number of workers."""

import numpy as np
import pytest

from micro.blocks import Engine
from micro.classify import TrainParams, classify, train
from micro.errors import PhaseError, ShapeMismatchError
from micro.model import Labels, Spacing, Volume
from micro.segment import SegmentParams

QUICK = TrainParams(steps=150, networks=2)


def layers(shape, spacing, *, seed=0):
    """Three greys in layers along y with blobs, noisy; strokes along x in each."""
    rng = np.random.default_rng(seed)
    z, y, _ = shape
    truth = np.ones(shape, np.uint8)
    truth[:, y // 3 :] = 2
    truth[:, 2 * y // 3 :] = 3
    truth[z // 3 : z // 3 + 6, y // 2 - 3 : y // 2 + 4, 8:15] = 1
    grey = np.array([0, 12_000, 45_000, 25_000])[truth] + rng.normal(0, 4_000, shape)
    strokes = np.zeros(shape, np.uint8)
    for row in (y // 6, y // 2 + 5, 5 * y // 6):
        strokes[z // 2, row, 3:-3] = truth[z // 2, row, 3:-3]
        strokes[z // 4, row, 3:-3:2] = truth[z // 4, row, 3:-3:2]
    volume = Volume(grey.clip(0, 65535).astype(np.uint16), spacing)
    return volume, Labels(strokes, spacing), truth


CASES = {
    "cubes": ((30, 45, 38), Spacing(0.1, 0.1, 0.1)),
    "long voxels": ((20, 45, 38), Spacing(0.2, 0.1, 0.1)),
    "a section": ((1, 90, 70), Spacing(0.1, 0.1, 0.1)),
    "two slices": ((2, 60, 50), Spacing(0.1, 0.1, 0.1)),
}


@pytest.mark.parametrize("case", CASES)
def test_bytes_do_not_depend_on_blocks_or_workers(case):
    shape, spacing = CASES[case]
    volume, strokes, _ = layers(shape, spacing)
    found = []
    for engine in (Engine(), Engine(block_shape=(7, 17, 13)), Engine(block_shape=(11, 5, 50), workers=1)):
        classifier = train([(volume, strokes)], QUICK, engine, preprocessed={}).classifier
        labels = classify(volume, classifier, SegmentParams(), engine)
        found.append((labels.data.compute().tobytes(), labels.probabilities.compute().tobytes()))
        # both ways are under test: labels finished by grey, and those of the network alone
        assert (labels.history[-1].parameters["found"]["levels"] is not None) == (case == "cubes")
    assert found[0] == found[1] == found[2]


def test_phases_with_greys_of_their_own_are_finished_as_the_automatic_labels_are():
    volume, strokes, truth = layers(*CASES["a section"])
    classifier = train([(volume, strokes)], TrainParams(), Engine(), preprocessed={}).classifier
    labels = classify(volume, classifier, SegmentParams(), Engine())
    assert list(labels.history[-1].parameters["found"]["levels"]) == ["void", "Li", "SE"]
    by_itself = labels.probabilities.compute().argmax(axis=0) + 1
    # steps of 13000 and 20000 at a noise of 4000: neighbours and grey decide every voxel but some at edges
    assert np.mean(labels.data.compute() == truth) > 0.99 > np.mean(by_itself == truth)
    # edges that are left to the grey read a voxel further than the rounds and skins after them
    for engine in (Engine(block_shape=(1, 17, 13)), Engine(block_shape=(1, 90, 5), workers=1)):
        again = classify(volume, classifier, SegmentParams(), engine)
        assert again.data.compute().tobytes() == labels.data.compute().tobytes()


def test_a_classifier_of_sections_refuses_a_volume_and_the_other_way_round():
    flat, flat_strokes, _ = layers(*CASES["a section"])
    deep, deep_strokes, _ = layers(*CASES["cubes"])
    of_sections = train([(flat, flat_strokes)], QUICK, Engine(), preprocessed={}).classifier
    of_volumes = train([(deep, deep_strokes)], QUICK, Engine(), preprocessed={}).classifier
    with pytest.raises(ShapeMismatchError, match=r"trained on sections \(2-D\).*a volume \(3-D\)"):
        classify(deep, of_sections, SegmentParams(), Engine())
    with pytest.raises(ShapeMismatchError, match=r"trained on volumes \(3-D\).*a section"):
        classify(flat, of_volumes, SegmentParams(), Engine())
    with pytest.raises(ShapeMismatchError, match="sections and volumes together"):
        train([(flat, flat_strokes), (deep, deep_strokes)], QUICK, Engine(), preprocessed={})


def test_strokes_of_one_phase_are_refused():
    volume, strokes, _ = layers(*CASES["a section"])
    one = Labels(np.where(strokes.data.compute() == 2, 2, 0).astype(np.uint8), volume.spacing)
    with pytest.raises(PhaseError, match="only of SE; expected strokes of at least two phases"):
        train([(volume, one)], QUICK, Engine(), preprocessed={})
