"""The whole segmentation on small phantoms."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from micro.blocks import Engine
from micro.errors import ImageContentError, PhaseError
from micro.model import SSB_PHASES, Labels, Volume
from micro.phantoms import make_phantom
from micro.preprocess import PreprocessParams, preprocess
from micro.segment import SegmentParams, segment

SHAPES = {"sem": (1, 160, 224), "fibsem": (24, 96, 96), "xct": (64, 64, 64), "sem-alloy": (1, 160, 224)}


@cache
def clean(kind: str) -> tuple[Volume, NDArray[np.uint8]]:
    """A preprocessed phantom, and its truth as a segmentation sees it: dendrites are metal, cracks are void."""
    phantom = make_phantom(kind, shape=SHAPES[kind])
    table = np.arange(256, dtype=np.uint8)
    table[SSB_PHASES["dendrite"].value] = SSB_PHASES["Li"].value
    table[SSB_PHASES["crack"].value] = SSB_PHASES["void"].value
    return preprocess(phantom.volume, PreprocessParams(), Engine()), table[np.asarray(phantom.truth.data)]


def params(kind: str, **changes: Any) -> SegmentParams:  # noqa: ANN401
    greys = ("void", "SE", "Li") if "alloy" in kind else ("void", "Li", "SE")
    return SegmentParams(**{"greys": greys, **changes})


@cache
def segmented(kind: str) -> Labels:
    return segment(clean(kind)[0], params(kind), Engine())


@pytest.mark.parametrize("kind", SHAPES)
def test_phases_are_found_without_training(kind: str) -> None:
    _, truth = clean(kind)
    labels = np.asarray(segmented(kind).data)
    assert set(np.unique(labels)) == {1, 2, 3}
    for name, floor in (("Li", 0.95), ("void", 0.70), ("SE", 0.95)):
        value = SSB_PHASES[name].value
        both = np.count_nonzero((labels == value) & (truth == value))
        either = np.count_nonzero((labels == value) | (truth == value))
        # the floors that the project promises for its phantoms
        assert both / either >= floor, name


@pytest.mark.parametrize("kind", SHAPES)
def test_labels_do_not_depend_on_the_blocks(kind: str) -> None:
    whole = segmented(kind)
    z, y, x = SHAPES[kind]
    for block_shape in [(min(z, 16), 32, 48), (min(z, 7), y, 19), (z, 41, x)]:
        cut = segment(clean(kind)[0], params(kind), Engine(block_shape=block_shape))
        assert np.asarray(cut.data).tobytes() == np.asarray(whole.data).tobytes()
        assert cut.history == whole.history


def test_the_history_tells_what_was_found() -> None:
    volume, _ = clean("sem")
    labels = segmented("sem")
    assert [step.operation for step in labels.history] == ["phantom", "preprocess", "segment"]
    found = labels.history[-1].parameters["found"]
    assert list(found["levels"]) == ["void", "Li", "SE"]
    assert sorted(found["levels"].values()) == list(found["levels"].values())
    assert sum(found["share"].values()) == np.prod(volume.shape)
    assert found["warnings"] == []
    assert (labels.name, labels.spacing) == (volume.name, volume.spacing)


def test_a_picture_without_an_anode_has_void_and_electrolyte_only() -> None:
    volume, truth = clean("sem")
    rows = np.flatnonzero((truth[0] == 3).mean(axis=1) == 0)
    above = Volume(np.asarray(volume.data)[:, rows.min() : rows.max() + 1], volume.spacing)
    labels = segment(above, SegmentParams(), Engine())
    assert set(np.unique(np.asarray(labels.data))) == {1, 2}
    assert "no Li found" in labels.history[-1].parameters["found"]["warnings"][0]


def test_stated_levels_are_taken() -> None:
    volume, _ = clean("sem")
    stated = segment(volume, SegmentParams(levels=(0.12, 0.39, 0.68), shading=False), Engine())
    assert stated.history[-1].parameters["found"]["levels"] == {"void": 0.12, "Li": 0.39, "SE": 0.68}
    # all below a level far too bright is Li
    odd = segment(volume, SegmentParams(levels=(0.0, 0.4, 1.0), shading=False), Engine())
    assert np.count_nonzero(np.asarray(odd.data) == 2) < np.count_nonzero(np.asarray(stated.data) == 2)


@pytest.mark.parametrize("edge", [2, 5])
def test_a_picture_of_hardly_a_voxel_is_refused(edge: int) -> None:
    volume = clean("sem")[0]
    small = Volume(volume.data[:, :edge, :edge], volume.spacing, name="small")
    with pytest.raises(ImageContentError, match=f"small: no grey level stands out among 1 x {edge} x {edge} voxels"):
        segment(small, SegmentParams(), Engine())


@pytest.mark.parametrize("levels", [(0.9, 0.5, 0.1), (0.1, 0.5, 0.5)])
def test_levels_rise(levels: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="do not rise; give a grey for each of void, Li, SE, from dark"):
        SegmentParams(levels=levels)


@pytest.mark.parametrize("levels", [(0.1, 0.5), (0.1, 0.2, 0.3, 0.4)])
def test_there_is_a_level_for_each_phase(levels: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match=f"{len(levels)} values for 3 phases"):
        SegmentParams(levels=levels)


def test_each_phase_is_named_once() -> None:
    with pytest.raises(ValidationError, match="'void' is named twice"):
        SegmentParams(greys=("void", "void", "SE"))


def test_an_unknown_phase_is_refused_before_any_work() -> None:
    def never(stage: str, done: int, total: int) -> None:
        raise AssertionError("a block was run")

    with pytest.raises(PhaseError, match=r"'gold'; known: void, SE, Li"):
        segment(clean("sem")[0], SegmentParams(greys=("void", "gold", "SE")), Engine(progress=never))


@pytest.mark.parametrize("wrong", [{"greys": ("SE",)}, {"smoothing": -1}, {"iterations": 31}, {"level": (1, 2, 3)}])
def test_wrong_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SegmentParams(**wrong)
