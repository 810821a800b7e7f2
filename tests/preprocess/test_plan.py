"""``auto`` does what is needed, says so, and leaves a clean picture alone to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from micro.blocks import Engine
from micro.model import Spacing, Volume
from micro.phantoms import make_phantom
from micro.phantoms.artefacts import cupped, curtained, ringed
from micro.preprocess import PreprocessParams, preprocess, straighten

OFF = PreprocessParams(align="none", slice_brightness=False, stripes="none", cupping="none", fringes="none")
AUTO = PreprocessParams(charging="auto")
SHAPES = {"sem": (240, 320), "sem-alloy": (240, 320), "fibsem": (24, 96, 128), "xct": (40, 72, 72)}


def corrections(volume: Volume) -> list[str]:
    return [line for step in volume.history for line in step.parameters.get("found", {}).get("did", ())]


@pytest.mark.parametrize("kind", SHAPES)
def test_a_clean_picture_is_left_alone(kind: str) -> None:
    volume = make_phantom(kind, seed=3, shape=SHAPES[kind], noise="none").volume
    auto = preprocess(straighten(volume, AUTO, Engine()), AUTO, Engine())
    off = preprocess(straighten(volume, OFF, Engine()), OFF, Engine())
    assert np.asarray(auto.data).tobytes() == np.asarray(off.data).tobytes()
    assert [line for line in corrections(auto) if not line.endswith("left as they are")] == []


def test_what_is_done_is_said() -> None:
    still = make_phantom("sem", seed=3, shape=(240, 320), noise="none").volume
    grey = np.asarray(still.data) + np.random.default_rng(0).normal(0, 10, still.shape)
    striped = Volume(curtained(grey, rms=0.05, seed=1), still.spacing, "sem")
    (line,) = corrections(preprocess(striped, PreprocessParams(denoise="none"), Engine()))
    assert line.startswith("curtains of ")
    percent = float(line.split()[2])
    # of the curtains' own 5 %, over a column
    assert percent == pytest.approx(5, abs=1.5)
    turned = Volume(np.swapaxes(np.asarray(striped.data), 1, 2), still.spacing, "sem")
    (line,) = corrections(preprocess(turned, PreprocessParams(denoise="none"), Engine()))
    assert line.startswith("stripes across of ")
    unknown = Volume(striped.data, still.spacing)
    assert corrections(preprocess(unknown, PreprocessParams(denoise="none"), Engine())) == []


def test_rings_and_cupping_of_a_ct_are_found() -> None:
    still = make_phantom("xct", seed=3, shape=(40, 72, 72), noise="none").volume
    grey = np.asarray(still.data).astype(np.float32)
    volume = Volume(ringed(grey, rms=1500, seed=2, centre=(35.5, 35.5)), still.spacing, "xct")
    lines = corrections(preprocess(volume, PreprocessParams(denoise="none"), Engine()))
    assert any(line.startswith("rings of ") and line.endswith("about y 35.5, x 35.5") for line in lines)
    void = grey.min()
    volume = Volume(cupped(grey - void, rim=0.12, centre=(35.5, 35.5)) + void, still.spacing, "xct")
    lines = corrections(preprocess(volume, PreprocessParams(denoise="none"), Engine()))
    assert any(line.startswith("cupping removed: the rim was 1") and line.endswith("brighter") for line in lines)


@pytest.mark.parametrize("kind", ["fibsem", "xct"])
def test_auto_does_not_depend_on_the_blocks(kind: str) -> None:
    volume = make_phantom(kind, seed=3, shape=SHAPES[kind], noise="none").volume
    grey = curtained(np.asarray(volume.data), rms=0.06, seed=1) if kind == "fibsem" else np.asarray(volume.data)
    if kind == "xct":
        grey = ringed(grey, rms=1500, seed=2, centre=(35.5, 35.5))
    volume = Volume(grey, Spacing(0.05, 0.025, 0.025), kind)
    params = PreprocessParams(align="none", charging="limit", fringes="remove")
    whole = preprocess(volume, params, Engine())
    cut = preprocess(volume, params, Engine(block_shape=(7, 31, 50)))
    assert cut.history == whole.history
    assert np.asarray(cut.data).tobytes() == np.asarray(whole.data).tobytes()
