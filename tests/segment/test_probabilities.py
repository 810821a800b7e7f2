"""Probabilities beside the labels of the automatic mode."""

from __future__ import annotations

import dask.array as da
import numpy as np

from micro.blocks import Engine
from micro.model import Spacing, Volume
from micro.phantoms import make_phantom
from micro.preprocess import PreprocessParams, preprocess
from micro.segment import SegmentParams, segment


def test_what_is_likely_is_right_as_often_as_it_says() -> None:
    phantom = make_phantom("sem", seed=12, shape=(240, 320))
    clean = preprocess(phantom.volume, PreprocessParams(stripes="columns"), Engine())
    labels = segment(clean, SegmentParams(), Engine(), probabilities=True)
    assert labels.probability_phases == ("void", "Li", "SE")
    assert labels.probabilities is not None
    chances = labels.probabilities.compute()
    assert np.abs(chances.sum(axis=0, dtype=int) - 255).max() <= 2
    truth = np.asarray(phantom.truth.data)
    place = np.select([np.isin(truth, (1, 5)), np.isin(truth, (3, 4))], [0, 1], 2)
    right = chances.argmax(axis=0) == place
    sure = chances.max(axis=0) > 250
    # noise is alike in neighbouring voxels, so the probabilities are bold; still, the unsure are wrong more often
    assert right[sure].mean() > 0.98
    assert right[~sure].mean() < right[sure].mean() - 0.05


def test_blocks_agree_and_nothing_else_changes() -> None:
    rng = np.random.default_rng(4)
    grey = np.full((12, 60, 70), 46000.0)
    grey[:, 40:] = 24000
    grey[:, 10:18, 20:30] = 10000
    volume = Volume(da.from_array(np.rint(grey + rng.normal(0, 1500, grey.shape)).astype(np.uint16)), Spacing(1, 1, 1))
    plain = segment(volume, SegmentParams(), Engine())
    assert plain.probabilities is None
    first = segment(volume, SegmentParams(), Engine(), probabilities=True)
    second = segment(volume, SegmentParams(), Engine(block_shape=(5, 23, 31)), probabilities=True)
    assert first.probabilities is not None
    assert second.probabilities is not None
    np.testing.assert_array_equal(first.probabilities.compute(), second.probabilities.compute())
    np.testing.assert_array_equal(plain.data.compute(), second.data.compute())
