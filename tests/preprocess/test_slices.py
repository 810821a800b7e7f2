"""Brightness of slices, curtains and rings: what was put in comes out, and the sample stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from micro.blocks import Engine
from micro.preprocess.slices import column_factors, correct_slice, ring_offsets, slice_gains

Image = NDArray[np.float32]


def textured(shape: tuple[int, ...], *, seed: int = 0, noise: float = 0.03) -> Image:
    """Electrolyte of grey 0.7 with pores of 0.1 and a smooth texture, and the noise of an image."""
    rng = np.random.default_rng(seed)
    coarse = ndimage.gaussian_filter(rng.standard_normal(shape), 4)
    grey = np.where(coarse / coarse.std() < -1.5, 0.1, 0.7)
    return (ndimage.gaussian_filter(grey, 0.7) + rng.normal(0, noise, shape)).astype(np.float32)


def rms(values: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def test_gains_of_slices_are_recovered() -> None:
    rng = np.random.default_rng(1)
    gains = 1 + 0.05 * rng.standard_normal(40)
    stack = textured((40, 60, 70)) * gains[:, None, None]
    found = slice_gains(1000 * stack + 50, low=50, engine=Engine())
    gains /= np.median(gains)
    # a median over 2100 pixels of noise 0.03 / 0.7 and edges between slices errs by some 0.002 from one
    # slice to the next, and these add up as a walk: 0.002 * sqrt(40) = 0.013
    np.testing.assert_allclose(found, gains, atol=0.015)
    for block_shape in [(7, 20, 20), (16, 60, 70), (1, 1, 1)]:
        assert (
            slice_gains(1000 * stack + 50, low=50, engine=Engine(block_shape=block_shape)).tobytes() == found.tobytes()
        )


def test_a_sample_that_changes_is_no_drift_of_brightness() -> None:
    # an anode grows from nothing to 60 % of the slice: the mean falls by a third, the brightness stays
    stack = np.full((30, 80, 40), 0.7, np.float32)
    for k in range(30):
        stack[k, 80 - round(48 * k / 29) :] = 0.25
    stack += np.random.default_rng(2).normal(0, 0.02, stack.shape).astype(np.float32)
    gains = slice_gains(stack, low=0, engine=Engine())
    assert stack[-1].mean() < 0.7 * stack[0].mean()
    # a median over 1600 pixels errs by 0.02 / 0.7 * 1.25 / 40 * sqrt(2) = 0.0013 a step; 30 steps walk 0.007
    np.testing.assert_allclose(gains, 1, atol=0.01)


def curtains(width: int, *, seed: int = 3, strength: float = 0.05) -> Image:
    """Factors of columns that are independent of each other but for a width of one or two."""
    rng = np.random.default_rng(seed)
    return (1 + strength * ndimage.uniform_filter1d(rng.standard_normal(width), 2)).astype(np.float32)


@pytest.mark.parametrize("stripes", ["columns", "rows"])
def test_curtains_are_taken_out(stripes: str) -> None:
    image = textured((200, 240))
    factors = curtains(240)
    striped = image * factors[None, :]
    if stripes == "rows":
        image, striped = np.ascontiguousarray(image.T), np.ascontiguousarray(striped.T)
    clean = correct_slice(striped, stripes=stripes, window=31)  # type: ignore[arg-type]
    if stripes == "rows":
        image, striped, clean = image.T, striped.T, clean.T
    before = rms(np.median(striped / image, axis=0) - 1)
    left = np.median(clean / image, axis=0)
    # what is left: the stripes' own running mean over 31 columns, sqrt(2 / 31) = 25 % of stripes two wide; the noise
    # of a median over 200 pixels, 1.25 * 0.05 / 14 = 0.5 % of grey or 13 % of the stripes; and as much again at the
    # borders, where the window is cut. Measured: 40 %
    assert before > 0.03
    assert rms(left - np.median(left)) < 0.45 * before


def test_a_clean_picture_keeps_its_columns() -> None:
    image = textured((200, 240), seed=5)
    # only the noise of the medians: 1.25 * 0.05 / sqrt(200) = 0.5 %, and its largest of 240 at 3.5 sd
    np.testing.assert_allclose(column_factors(image, 31), 1, atol=0.02)


@pytest.mark.parametrize("width", [3, 6, 12])
def test_a_dark_dendrite_along_the_stripes_stays(width: int) -> None:
    image = textured((200, 240), seed=6)
    image[60:140, 100 : 100 + width] -= 0.35  # lithium of 0.35 over two fifths of the height
    striped = image * curtains(240)[None, :]
    clean = correct_slice(striped, stripes="columns", window=31)
    inside = np.median(clean[60:140, 100 : 100 + width])
    around = np.median(clean[60:140, 60:90])
    # The filament stands out more than a stripe may, so it has no say in its columns' factors. What is left is the
    # texture: the median over some 80 pixels of a noise of 6 to 12 % of grey, at 3 sd of 1.25 / sqrt(80)
    assert inside / around == pytest.approx(0.5, abs=0.03)
    above = np.median(clean[:55, 100 : 100 + width], axis=0) / np.median(clean[:55, 60:90])
    assert np.median(above) == pytest.approx(1, abs=0.03)


def test_rings_are_taken_out_and_a_line_stays() -> None:
    image = textured((160, 160), seed=8)
    y, x = np.indices(image.shape) - 79.5
    radius = np.rint(np.hypot(y, x)).astype(int)
    rng = np.random.default_rng(9)
    offsets = np.where(rng.random(radius.max() + 1) < 0.2, 0.08 * rng.standard_normal(radius.max() + 1), 0)
    offsets[:6] = 0  # rings of a few pixels are believed less
    image[78:82, 100:140] = 0.35  # a dendrite along a radius
    ringed = (image + offsets[radius]).astype(np.float32)
    clean = correct_slice(ringed, stripes="rings", window=31)
    left = np.array([np.median((clean - image)[radius == r]) for r in range(6, 79)])
    before = rms(offsets[6:79])
    assert before > 0.02
    # a third of it: the shrinking of small rings by n / (n + 24), the local mean's own share of a ring
    # (1 / (5.2 sqrt(2 pi)) = 8 %), and the texture's median over the ring
    assert rms(left - np.median(left)) < 0.35 * before
    assert np.median(clean[79:81, 105:135]) == pytest.approx(0.35, abs=0.03)


def test_rings_lie_about_the_middle_and_offsets_are_zero_on_a_flat_picture() -> None:
    offsets, ring = ring_offsets(np.full((11, 15), 0.5, np.float32), 5)
    assert ring[5, 7] == 0
    assert ring[5, 0] == ring[5, 14] == 7
    np.testing.assert_allclose(offsets, 0, atol=1e-6)  # single precision


def test_none_leaves_a_slice_as_it_is() -> None:
    image = textured((40, 40))
    assert correct_slice(image, stripes="none", window=31) is image
