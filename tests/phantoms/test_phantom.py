"""Phantoms: reproducible, within their definitions, and the same cell in every state."""

from __future__ import annotations

import numpy as np
import pytest

from micro.errors import ParameterError, UnknownNameError
from micro.phantoms import DEFINITIONS, KINDS, STATES, make_phantom

SMALL = {"sem": (1, 200, 260), "fibsem": (40, 112, 128), "xct": (64, 64, 64)}


def _small(kind, **options):
    return make_phantom(kind, shape=SMALL[KINDS[kind].modality], **options)


def _same(first, second):
    return np.array_equal(first.data.compute(), second.data.compute())


@pytest.mark.parametrize("kind", KINDS)
def test_a_phantom_keeps_to_its_kind(kind):
    phantom = _small(kind, seed=4)
    look = KINDS[kind]
    assert phantom.volume.shape == phantom.truth.shape == SMALL[look.modality]
    assert phantom.volume.data.dtype == (np.uint16 if look.modality == "xct" else np.uint8)
    assert (phantom.volume.modality, phantom.volume.spacing) == (look.modality, look.spacing)
    assert phantom.truth.spacing == look.spacing
    assert phantom.normal == look.normal
    assert set(np.unique(phantom.truth.data.compute())) == {1, 2, 3, 4, 5}
    assert set(phantom.values) == set(DEFINITIONS)
    assert all(np.isfinite(value) for value in phantom.values.values())


@pytest.mark.parametrize("kind", ["sem", "fibsem-alloy", "xct"])
def test_a_seed_is_a_cell(kind):
    first, again, other = _small(kind, seed=1), _small(kind, seed=1), _small(kind, seed=2)
    assert _same(first.volume, again.volume)
    assert _same(first.truth, again.truth)
    assert first.values == again.values
    assert not _same(first.truth, other.truth)


@pytest.mark.parametrize("kind", ["sem", "fibsem", "xct"])
def test_noise_leaves_the_truth_alone(kind):
    ordinary, hard, none = (_small(kind, seed=3, noise=noise) for noise in ("ordinary", "hard", "none"))
    assert _same(ordinary.truth, hard.truth)
    assert _same(ordinary.truth, none.truth)
    assert not _same(ordinary.volume, hard.volume)


@pytest.mark.parametrize("kind", ["sem", "fibsem", "sem-alloy"])
@pytest.mark.parametrize("seed", [0, 5])
def test_states_keep_pores_and_cracks_while_gaps_and_dendrites_grow(kind, seed):
    series = {state: _small(kind, seed=seed, state=state, noise="none") for state in STATES}
    labels = {state: phantom.truth.data.compute() for state, phantom in series.items()}
    before, after = labels["pristine"], labels["cycled"]
    # Dendrites keep clear of cracks and pores; only gaps, which lie at the interface, may cover a crack's end.
    assert np.all(np.isin(after[before == 5], (1, 5)))
    assert np.array_equal(after[before == 1], before[before == 1])
    assert not np.any((after == 5) & (before != 5))
    assert series["pristine"].values["plane_offset"] == series["cycled"].values["plane_offset"]
    contact = [series[state].values["contact_fraction"] for state in ("pristine", "charged", "discharged", "cycled")]
    assert contact == sorted(contact, reverse=True)
    assert contact[0] > 0.97 > contact[-1]
    depth = [series[state].values["dendrite_depth_max"] for state in ("pristine", "charged", "cycled")]
    assert depth[0] == 0 < depth[1] < depth[2]


def test_every_dendrite_hangs_on_the_anode():
    from scipy import ndimage

    for seed in range(4):
        labels = _small("fibsem-alloy", seed=seed, noise="none").truth.data.compute()
        _, count = ndimage.label(np.isin(labels, (3, 4)), np.ones((3, 3, 3)))
        assert count == 1


def test_features_are_as_wide_as_promised():
    from scipy import ndimage

    labels = make_phantom("sem", seed=6, noise="none").truth.data.compute()[0]
    for value, least, most in ((4, 3, 11), (5, 3, 6)):
        parts, count = ndimage.label(labels == value, np.ones((3, 3)))
        inside = ndimage.distance_transform_edt(labels == value)
        width = 2 * np.asarray(ndimage.maximum(inside, parts, range(1, count + 1))) - 1
        assert width.min() >= least
        # A ripple or a fork is wider than the filament or sheet: by half again at the most.
        assert width.max() <= 1.5 * most


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"kind": "tem"}, UnknownNameError, "known: sem, fibsem"),
        ({"kind": "sem", "state": "new"}, UnknownNameError, "known: pristine"),
        ({"kind": "sem", "noise": "loud"}, UnknownNameError, "known: ordinary"),
        ({"kind": "sem", "shape": (10, 200, 200)}, ParameterError, "expected"),
        ({"kind": "xct", "shape": (64, 64)}, ParameterError, "expected"),
        ({"kind": "fibsem", "shape": (40, 20, 100)}, ParameterError, "expected"),
    ],
)
def test_what_can_not_be_made_is_said_in_one_line(arguments, error, says):
    with pytest.raises(error, match=says) as caught:
        make_phantom(**arguments)
    assert "\n" not in str(caught.value)
