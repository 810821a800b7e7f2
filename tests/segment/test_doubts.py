"""Pictures outside of what grey levels can do are told; ordinary and hard ones are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.model import FULL_SCALE, SSB_PHASES, Labels, Spacing, Volume
from micro.phantoms import Noise, make_phantom
from micro.preprocess import PreprocessParams, preprocess
from micro.segment import SegmentParams, segment
from micro.segment.doubts import question
from micro.segment.levels import GreyLevels

SHAPE = (200, 280)
SPACING = Spacing.parse("50nm")
ALLOY = ("void", "SE", "Li")
Grey = NDArray[np.generic]


def phantom(kind: str = "sem", noise: Noise = "ordinary", seed: int = 7) -> NDArray[np.uint8]:
    return np.asarray(make_phantom(kind, seed=seed, noise=noise, shape=SHAPE).volume.data.compute(), np.uint8)


def normal(mean: float, sd: float, dtype: str, shape: tuple[int, ...] = SHAPE) -> Grey:
    top = np.iinfo(dtype).max
    return np.clip(np.random.default_rng(3).normal(mean, sd, shape), 0, top).astype(dtype)


def correlated(sigma: float) -> Grey:
    rough = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=SHAPE), sigma)
    return np.clip(128 + 30 * rough / rough.std(), 0, 255).astype(np.uint8)


def grains(sd: float, number: int = 120) -> Grey:
    """One phase in grains, 120 of about 20 voxels, whose greys differ by ``sd``; noise of 8."""
    rng = np.random.default_rng(5)
    seeds = rng.uniform(0, 1, (number, 2)) * SHAPE
    y, x = np.indices(SHAPE)
    nearest = np.argmin((y[..., None] - seeds[:, 0]) ** 2 + (x[..., None] - seeds[:, 1]) ** 2, axis=-1)
    return np.clip(140 + rng.normal(0, sd, number)[nearest] + rng.normal(0, 8, SHAPE), 0, 255).astype(np.uint8)


def curtains() -> Grey:
    """One phase with curtains along y, whose brightness spreads by 20; noise of 8."""
    rng = np.random.default_rng(7)
    down = ndimage.gaussian_filter1d(rng.normal(size=SHAPE[1]), 1.5)
    return np.clip(140 + 20 * down / down.std() + rng.normal(0, 8, SHAPE), 0, 255).astype(np.uint8)


def faint_curtains(sd: float, noise: float, width: float) -> Grey:
    """One phase with curtains that are too faint, or too many, to make it uneven over coarse cells."""
    rng = np.random.default_rng(11)
    down = ndimage.gaussian_filter1d(rng.normal(size=500), width)
    grey = 150 + sd * down / down.std() + rng.normal(0, noise, (400, 500))
    return np.clip(grey, 0, 255).astype(np.uint8)


def gradient() -> Grey:
    y, x = np.indices(SHAPE)
    smooth = 40 + 150 * x / SHAPE[1] + 30 * np.sin(y / 40)
    return np.clip(smooth + np.random.default_rng(3).normal(0, 5, SHAPE), 0, 255).astype(np.uint8)


def with_bar() -> Grey:
    grey = phantom()
    grey[:, -30:] = 0
    for start in range(20, 260, 30):
        grey[:, -22:-8, start : start + 12] = 255
    return grey


def plan_view() -> Grey:
    rng = np.random.default_rng(3)
    rough = ndimage.gaussian_filter(rng.normal(size=SHAPE), 5)
    rough /= rough.std()
    levels = np.where(rough < -1.6, 15, np.where(rough > 1.3, 75, 158))
    return np.clip(levels + rng.normal(0, 9, SHAPE), 0, 255).astype(np.uint8)


def crop(phase: int) -> Grey:
    """The rows of a phantom that hold lithium only (3), or no metal at all (2)."""
    made = make_phantom("sem", seed=7, shape=SHAPE)
    truth = made.truth.data.compute()[0]
    metal = np.isin(truth, (3, 4))
    rows = np.flatnonzero(metal.all(axis=1) if phase == 3 else ~metal.any(axis=1))
    return np.asarray(made.volume.data.compute()[:, rows[0] : rows[-1] + 1], np.uint8)


def segmented(grey: Grey, greys: tuple[str, ...] = ("void", "Li", "SE"), **more: Any) -> Labels:  # noqa: ANN401
    corrected = preprocess(Volume(grey, SPACING), PreprocessParams(stripes="none"), Engine())
    return segment(corrected, SegmentParams(greys=greys, **more), Engine())


def told(labels: Labels) -> list[str]:
    """What the tables say, without the phases that were not found."""
    found = cast("dict[str, Any]", labels.history[-1].parameters["found"])
    return [words for words in found["doubts"] if not words.startswith("no ")]


def warned(labels: Labels) -> list[str]:
    return list(labels.history[-1].parameters["found"]["warnings"])


@pytest.mark.parametrize(
    "picture",
    [
        lambda: normal(128, 30, "uint8"),
        lambda: normal(30000, 4000, "uint16"),
        lambda: normal(128, 2, "uint8"),
        lambda: normal(128, 30, "uint8", (24, 60, 60)),
        lambda: np.random.default_rng(3).integers(0, 256, SHAPE).astype(np.uint8),
        lambda: correlated(0.8),
        lambda: correlated(1.2),
        lambda: correlated(4),
        lambda: grains(6),
        lambda: crop(3),
    ],
    ids=[
        "noise8",
        "noise16",
        "constant",
        "noise-3d",
        "uniform",
        "speckle",
        "correlated",
        "clouds",
        "grains",
        "anode-only",
    ],
)
def test_one_grey_level_is_not_labelled(picture: Callable[[], Grey]) -> None:
    labels = segmented(picture())
    assert not labels.data.compute().any()
    (reason,) = told(labels)
    assert reason.startswith("one grey level only: ")
    assert reason in warned(labels)


@pytest.mark.parametrize(
    ("picture", "greys", "doubt"),
    [
        (lambda: 255 - phantom(), ("void", "Li", "SE"), "a grey level without a phase"),
        (lambda: 255 - phantom("sem-alloy"), ALLOY, "a grey level without a phase"),
        (lambda: phantom("sem-alloy"), ("void", "Li", "SE"), "order of greys"),
        (phantom, ALLOY, "order of greys"),
        (gradient, ("void", "Li", "SE"), "strong shading"),
        (with_bar, ("void", "Li", "SE"), "a grey level without a phase"),
        (plan_view, ("void", "Li", "SE"), "a grey level without a phase"),
        (lambda: grains(22), ("void", "Li", "SE"), "uneven"),
        (lambda: grains(15, 285), ("void", "Li", "SE"), "uneven"),
        (curtains, ("void", "Li", "SE"), "uneven"),
        (lambda: faint_curtains(15, 6, 1), ("void", "Li", "SE"), "void in columns"),
    ],
    ids=[
        "inverted",
        "inverted-alloy",
        "alloy-as-li",
        "li-as-alloy",
        "gradient",
        "bar",
        "plan-view",
        "strong-grains",
        "small-grains",
        "curtains",
        "fine-curtains",
    ],
)
def test_what_can_not_be_right_is_told(picture: Callable[[], Grey], greys: tuple[str, ...], doubt: str) -> None:
    labels = segmented(picture(), greys)
    assert doubt in " ".join(told(labels))
    assert labels.data.compute().all()


@pytest.mark.parametrize(("sd", "noise", "width"), [(12, 10, 2), (12, 10, 1.5), (9, 6, 2), (8, 8, 2), (7, 6, 1.5)])
def test_curtains_that_were_taken_out_in_part_are_told(sd: float, noise: float, width: float) -> None:
    volume = Volume(faint_curtains(sd, noise, width), SPACING, modality="sem")
    labels = segment(preprocess(volume, PreprocessParams(), Engine()), SegmentParams(), Engine())
    assert (labels.data.compute() == 1).any()
    assert "void in columns" in told(labels)


@pytest.mark.parametrize(("sd", "noise", "width"), [(12, 10, 1), (5, 8, 2), (10, 8, 1)])
def test_of_one_phase_whose_curtains_are_gone_no_void_is_made(sd: float, noise: float, width: float) -> None:
    volume = Volume(faint_curtains(sd, noise, width), SPACING, modality="sem")
    labels = segment(preprocess(volume, PreprocessParams(), Engine()), SegmentParams(), Engine())
    assert not labels.data.compute().any()
    assert "one grey level only" in " ".join(told(labels))


def test_electrolyte_without_an_anode_is_labelled_and_told() -> None:
    labels = segmented(crop(2))
    assert told(labels) == []
    assert warned(labels) == ["no Li found: no mode of the grey values belongs to it"]
    assert set(np.unique(labels.data.compute())) == {1, 2}


def test_stated_levels_are_never_refused() -> None:
    labels = segmented(normal(128, 30, "uint8"), levels=(0.1, 0.3, 0.5))
    assert labels.data.compute().all()


@pytest.mark.parametrize("noise", ["ordinary", "hard"])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [("sem", SHAPE), ("sem-alloy", SHAPE), ("xct", (56, 56, 56)), ("fibsem-alloy", (24, 96, 96))],
)
def test_no_false_alarm(kind: str, shape: tuple[int, ...], noise: Noise) -> None:
    made = make_phantom(kind, seed=2, noise=noise, shape=shape)
    corrected = preprocess(made.volume, PreprocessParams(), Engine())
    greys = ALLOY if kind.endswith("alloy") else ("void", "Li", "SE")
    assert told(segment(corrected, SegmentParams(greys=greys), Engine())) == []


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["ordinary", "hard"])
@pytest.mark.parametrize("kind", ["sem", "sem-alloy", "fibsem", "fibsem-alloy", "xct", "xct-alloy"])
def test_no_false_alarm_on_ten_seeds(kind: str, noise: Noise) -> None:
    from micro_pipelines.recipe_files import load_recipe

    recipe = load_recipe(kind)
    for seed in range(10):
        made = make_phantom(kind, seed=seed, noise=noise)
        labels = segment(preprocess(made.volume, recipe.preprocess, Engine()), recipe.segment, Engine())
        assert told(labels) == [], seed


def test_overlapping_levels_and_a_layer_of_void() -> None:
    rng = np.random.default_rng(1)
    grey = np.full((1, 60, 80), 45000.0)
    grey[:, 40:] = 10000
    grey[:, 10:20, 10:30] = 42000
    places = np.select([grey == 10000, grey == 42000], [0, 1], 2).astype(np.uint8)
    noisy = np.clip(grey + rng.normal(0, 2000, grey.shape), 0, FULL_SCALE).astype(np.uint16)
    levels = GreyLevels(("void", "Li", "SE"), (10000.0, 42000.0, 45000.0), 2000.0)
    verdict = question(places, noisy, levels, phases=SSB_PHASES, shading=0.0, stated=True, engine=Engine())
    words = [doubt.short for doubt in verdict.doubts]
    assert "Li and SE overlap" in words
    assert "void as a layer" in words
    assert "metal without an anode" in words
    sentence = next(doubt.sentence for doubt in verdict.doubts if doubt.short == "void as a layer")
    assert "100 % of the +y border" in sentence


def test_blocks_change_no_doubt() -> None:
    grey = 255 - phantom()
    corrected = preprocess(Volume(grey, SPACING), PreprocessParams(stripes="none"), Engine())
    one, two = (
        warned(segment(corrected, SegmentParams(), Engine(block_shape=block))) for block in ((1, 64, 64), (1, 512, 512))
    )
    assert one == two
